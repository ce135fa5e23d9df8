"""A whole service for the tests: a fresh database, and the application on a port of its own.

With DATABASE_URL the tests run on that server (PostgreSQL), in a database of their own; else on SQLite.
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from alembic import command
from alembic.config import Config

BACKEND = Path(__file__).resolve().parent.parent
# Before the application is imported: it reads its settings once.
SERVER = os.environ.pop("DATABASE_URL", None)
DATABASE = f"agentiq_test_{secrets.token_hex(4)}"
GIVEN_PASSWORD = os.environ.get("DEMO_PASSWORD")
PASSWORD = os.environ.setdefault("DEMO_PASSWORD", secrets.token_urlsafe(16))
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:1/0")  # Nothing listens there.
os.environ["WB_API_TOKEN"] = ""


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database, gone afterwards."""
    if SERVER is None:
        yield f"sqlite:///{tmp_path_factory.mktemp('db') / 'chat.db'}"
        return
    server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {DATABASE}"))
    yield sa.make_url(SERVER).set(database=DATABASE).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {DATABASE} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def alembic(database_url: str) -> Iterator[Config]:
    """Alembic, whose database is the one of the application; migrated."""
    from app import database, settings

    os.environ["DATABASE_URL"] = database_url
    settings.settings.cache_clear()
    config = Config(BACKEND / "alembic.ini")
    command.upgrade(config, "head")
    yield config
    database.engine().dispose()


@pytest.fixture(scope="session")
def local_url(alembic: Config) -> Iterator[str]:
    """The address of the application, served by a real server."""
    from app.main import app

    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    assert server.started, "the application does not start"
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


def log_in(client: httpx.Client, password: str) -> None:
    """From here on, the client is the demo user."""
    email = os.environ.get("DEMO_EMAIL", "demo@agentiq.ru")
    answer = client.post("/api/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
