"""The migrations, on the database that the tests run on."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.database import engine


def tables() -> set[str]:
    return set(inspect(engine()).get_table_names()) - {"alembic_version"}


def test_there_is_one_head(alembic: Config) -> None:
    assert ScriptDirectory.from_config(alembic).get_heads() == ["0002"]


def test_the_migrations_make_what_the_models_say(alembic: Config) -> None:
    command.check(alembic)


def test_the_last_one_can_be_undone_and_done_again(alembic: Config) -> None:
    before = tables()
    command.downgrade(alembic, "-1")
    assert tables() == before - {"suggestions"}
    command.upgrade(alembic, "head")
    assert tables() == before
