"""The whole application with its database, over HTTP."""

from collections.abc import Iterator

import httpx
import pytest
from conftest import PASSWORD, log_in
from sqlalchemy import func, select

from app import celery_app, chat_sync
from app.database import open_session
from app.guardrails import current
from app.models import Message, SuggestionRecord
from app.wb_connector import sample_messages

ANSWER = "Здравствуйте, Анна! Заказ уже в пункте выдачи и ждёт вас."


@pytest.fixture
def client(local_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=local_url) as client:
        log_in(client, PASSWORD)
        yield client


@pytest.fixture
def chat(client: httpx.Client) -> int:
    client.post("/api/chats/sync").raise_for_status()
    return int(client.get("/api/chats").json()[0]["id"])


def test_health_tells_what_does_not_work(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_app, "workers", lambda: 0)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["celery"]) == (200, "degraded", "no worker")
    monkeypatch.setattr(celery_app, "workers", lambda: 1)
    assert client.get("/api/health").json() | {"timestamp": ""} == {
        "status": "ok",
        "environment": "development",
        "version": "0.0.0-dev",
        "database": "ok",
        "celery": "ok",
        "timestamp": "",
    }


def test_the_version_is_told_to_everybody(local_url: str) -> None:
    assert httpx.get(f"{local_url}/api/version").json() == {"version": "0.0.0-dev", "environment": "development"}


def test_without_a_database_health_is_an_error(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    from app import database

    def refused() -> None:
        raise OperationalError("SELECT 1", {}, Exception("refused"))

    monkeypatch.setattr(database, "ping", refused)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "error", "error")


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Basic abc"])
def test_nothing_is_shown_to_strangers(local_url: str, token: str | None) -> None:
    headers = {"Authorization": token} if token else {}
    for method, path in [("GET", "/api/chats"), ("POST", "/api/chats/sync"), ("POST", "/api/chats/1/suggestion")]:
        assert httpx.request(method, local_url + path, headers=headers).status_code == 401


@pytest.mark.parametrize(("email", "password"), [("demo@agentiq.ru", "wrong"), ("nobody@agentiq.ru", PASSWORD)])
def test_a_wrong_login_is_refused(local_url: str, email: str, password: str) -> None:
    answer = httpx.post(f"{local_url}/api/login", json={"email": email, "password": password})
    assert answer.status_code == 401


def test_a_sync_brings_each_message_once(client: httpx.Client, chat: int) -> None:
    assert client.post("/api/chats/sync").json() == {"fetched": 3, "added": 0}
    chats = client.get("/api/chats").json()
    assert [c["customer"] for c in chats] == ["Анна", "Игорь", "Мария"]
    assert "+7" not in chats[2]["messages"][0]["text"]
    assert "[phone]" in chats[2]["messages"][0]["text"]


def test_two_syncs_at_once_keep_each_message_once(chat: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_session() as session:
        before = session.scalar(select(func.count(Message.id)))
        # As if the other had committed after this one looked.
        monkeypatch.setattr(
            session,
            "scalars",
            lambda _, scalars=session.scalars, seen=[]: seen.append(1) or (iter(()) if len(seen) <= 2 else scalars(_)),
        )
        assert chat_sync.sync(session).added == 0
        assert session.scalar(select(func.count(Message.id))) == before


def test_a_suggestion_is_kept(client: httpx.Client, chat: int) -> None:
    made = client.post(f"/api/chats/{chat}/suggestion").json()
    assert (made["intent"], made["quality"], made["violations"]) == ("delivery", 100, [])
    with open_session() as session:
        query = select(SuggestionRecord.text).where(SuggestionRecord.chat_id == chat)
        assert made["text"] in session.scalars(query).all()
    assert client.post("/api/chats/999999/suggestion").status_code == 404


def test_a_reply_that_breaks_a_rule_is_not_kept(client: httpx.Client, chat: int) -> None:
    answer = client.post(f"/api/chats/{chat}/replies", json={"text": f"{ANSWER} Мы гарантируем возврат."})
    assert answer.status_code == 422
    assert answer.json()["detail"] == [{"rule": "banned phrase", "found": "гарантируем возврат"}]
    assert [m["author"] for m in client.get("/api/chats").json()[0]["messages"]] == ["customer"]


def test_without_a_broker_a_reply_is_not_kept(client: httpx.Client, chat: int) -> None:
    assert client.post(f"/api/chats/{chat}/replies", json={"text": ANSWER}).status_code == 503
    assert [m["author"] for m in client.get("/api/chats").json()[0]["messages"]] == ["customer"]


def test_a_reply_is_delivered_once(client: httpx.Client, chat: int, monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[int] = []
    monkeypatch.setattr(celery_app.deliver_reply, "delay", queued.append)
    answer = client.post(f"/api/chats/{chat}/replies", json={"text": ANSWER})
    assert (answer.status_code, answer.json()["delivery"]) == (202, "queued")
    for _ in range(2):
        celery_app.deliver_reply(queued[0])
    assert client.get("/api/chats").json()[0]["messages"][-1]["delivery"] == "sent"
    celery_app.deliver_reply(999999)


def test_the_task_syncs_too(chat: int) -> None:
    celery_app.sync_chats()
    with open_session() as session:
        assert chat_sync.store(session, sample_messages(), current()).added == 0
