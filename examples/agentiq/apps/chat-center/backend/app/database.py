"""The connection to the database; PostgreSQL, or SQLite for a quick look."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import DeclarativeBase, Session

from app.settings import settings


class Base(DeclarativeBase):
    """What all tables have in common."""


@lru_cache
def engine() -> Engine:
    """The pool of connections of this process; one that the server has closed is replaced unseen."""
    return create_engine(settings().database_url, pool_pre_ping=True)


def open_session() -> Session:
    """A session outside of a request; a context manager."""
    return Session(engine())


def request_session() -> Iterator[Session]:
    """One session for each request."""
    with open_session() as session:
        yield session


Db = Annotated[Session, Depends(request_session)]


def ping() -> None:
    """Raises if the database does not answer; no transaction is needed for that."""
    with engine().connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text("SELECT 1"))
