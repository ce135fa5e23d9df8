"""The marketplace's API, on documented answers; no network."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.wb_connector import ConnectorError, WbConnector, read_event, sample_messages

Handler = Callable[[httpx.Request], httpx.Response]
Connect = Callable[[Handler], WbConnector]


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "chatID": "1:abc",
        "eventID": f"e{number}",
        "eventType": "message",
        "sender": "client",
        "clientName": "Анна",
        "addTimestamp": 1_772_694_000_000 + number,
        "message": {"text": f"№ {number}", "attachments": {"goodCard": {"name": "Кружка"}}},
    } | changes


def page(following: int | None, *events: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"result": {"next": following, "totalEvents": len(events), "events": events}})


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def connect(slept: list[float]) -> Iterator[Connect]:
    clients: list[httpx.Client] = []

    def make(handler: Handler) -> WbConnector:
        clients.append(httpx.Client(base_url="https://wb.test", transport=httpx.MockTransport(handler)))
        return WbConnector(clients[-1], slept.append)

    yield make
    for client in clients:
        client.close()


def test_all_pages_are_read_and_an_event_on_two_of_them_counts_once(connect: Connect) -> None:
    pages = {None: page(10, event(1), event(2)), "10": page(20, event(2), event(3)), "20": page(20)}
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("next"))
        return pages[asked[-1]]

    assert [m.event_id for m in connect(answer).incoming()] == ["e1", "e2", "e3"]
    assert asked == [None, "10", "20"]


def test_a_page_that_leads_to_itself_ends_it(connect: Connect) -> None:
    assert [m.event_id for m in connect(lambda _: page(10, event(1))).incoming()] == ["e1"]


def test_pages_without_an_end_are_an_error(connect: Connect) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return page(int(request.url.params.get("next", 0)) + 1, event(1))

    with pytest.raises(ConnectorError, match="more than 1000 pages"):
        list(connect(answer).incoming())


def test_only_what_customers_write_is_read() -> None:
    assert read_event(event(1, sender="seller")) is None
    assert read_event(event(1, eventType="refund")) is None
    message = read_event(event(1, message=None, clientName=None))
    assert message is not None
    assert (message.customer, message.product, message.text) == ("", "товар", "")
    assert message.written_at.isoformat() == "2026-03-05T07:00:00.001000+00:00"


def test_an_api_that_is_asked_too_often_is_asked_again(connect: Connect, slept: list[float]) -> None:
    answers = iter([httpx.Response(429, headers={"X-Ratelimit-Retry": "3"}), httpx.Response(429), page(None, event(1))])
    assert len(list(connect(lambda _: next(answers)).incoming())) == 1
    assert slept == [3.0, 2.0]


@pytest.mark.parametrize(("status", "asked"), [(429, 3), (401, 1), (500, 1)])
def test_an_api_that_refuses_is_an_error(connect: Connect, status: int, asked: int) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status)

    with pytest.raises(ConnectorError, match=f"`GET /api/v1/seller/events` answered {status}"):
        list(connect(answer).incoming())
    assert len(requests) == asked


def test_a_reply_goes_to_the_chat(connect: Connect) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"result": {}})

    connect(answer).reply("1:abc", "Да")
    assert [(r.method, r.url.path) for r in requests] == [("POST", "/api/v1/seller/message")]
    assert requests[0].content == b"replySign=1%3Aabc&message=%D0%94%D0%B0"


def test_the_token_of_the_settings_is_sent_and_not_shown() -> None:
    settings = Settings(wb_api_token="s3cret")  # type: ignore[arg-type]
    assert "s3cret" not in repr(settings)
    with WbConnector.of(settings) as connector:
        assert connector._client.headers["Authorization"] == "s3cret"


def test_the_samples_have_a_duplicate_as_the_marketplace_has() -> None:
    assert [m.event_id for m in sample_messages()] == ["e1", "e2", "e3"]
