"""Runs the migrations against the database of the settings, or over the connection that a test hands in."""

from alembic import context
from sqlalchemy import Connection

from app import models  # noqa: F401 - the tables that `alembic check` compares with
from app.database import Base, engine


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(dialect_name=engine().dialect.name, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine().connect() as connection:
        migrate(connection)
