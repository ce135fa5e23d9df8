"""The buyers' chats of Wildberries: events, page after page, and replies.

<https://dev.wildberries.ru/openapi/user-communication>, "Buyers Chat": `GET /api/v1/seller/events?next=` answers
`{"result": {"next", "totalEvents", "events": [...]}}`, and pages overlap when an event comes in between.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from app.settings import Settings

SAMPLES = Path(__file__).with_name("sample_chats.json")
ATTEMPTS = 3
MAX_PAGES = 1000


class ConnectorError(Exception):
    """The marketplace did not do as asked."""


@dataclass(frozen=True)
class Incoming:
    """One message of a customer."""

    chat_id: str
    event_id: str
    customer: str
    product: str
    text: str
    written_at: datetime


def read_event(event: dict[str, Any]) -> Incoming | None:
    """The message of an event; none for those of other kinds, and for the seller's own."""
    if event.get("eventType") != "message" or event.get("sender") != "client":
        return None
    message = event.get("message") or {}
    card = (message.get("attachments") or {}).get("goodCard") or {}
    return Incoming(
        chat_id=event["chatID"],
        event_id=event["eventID"],
        customer=event.get("clientName") or "",
        product=card.get("name") or "товар",
        text=message.get("text") or "",
        written_at=datetime.fromtimestamp(event["addTimestamp"] / 1000, UTC),
    )


def read_events(events: Iterable[dict[str, Any]]) -> Iterator[Incoming]:
    """The messages, each event once however many pages it is on."""
    seen: set[str] = set()
    for event in events:
        message = read_event(event)
        if message and message.event_id not in seen:
            seen.add(message.event_id)
            yield message


class WbConnector:
    """One seller's access; a context manager. `sleep` is what waits between two attempts."""

    def __init__(self, client: httpx.Client, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._sleep = sleep

    @classmethod
    def of(cls, settings: Settings) -> "WbConnector":
        """The access that the settings describe."""
        headers = {"Authorization": settings.wb_api_token.get_secret_value()}
        return cls(httpx.Client(base_url=settings.wb_api_url, headers=headers, timeout=10))

    def __enter__(self) -> "WbConnector":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def incoming(self) -> Iterator[Incoming]:
        """All messages of customers, the oldest first."""
        return read_events(self._pages())

    def reply(self, chat_id: str, text: str) -> None:
        """Sends a message to the customer of a chat."""
        self._ask("POST", "/api/v1/seller/message", data={"replySign": chat_id, "message": text})

    def _pages(self) -> Iterator[dict[str, Any]]:
        following: int | None = None
        for _ in range(MAX_PAGES):
            params = {} if following is None else {"next": following}
            result = self._ask("GET", "/api/v1/seller/events", params=params).get("result") or {}
            events = result.get("events") or []
            yield from events
            if not events or result.get("next") in (None, following):
                return
            following = result["next"]
        raise ConnectorError(f"more than {MAX_PAGES} pages of events")

    def _ask(self, method: str, path: str, **kwargs: Any) -> dict[str, Any]:
        for attempt in range(1, ATTEMPTS + 1):
            response = self._client.request(method, path, **kwargs)
            if response.status_code != 429 or attempt == ATTEMPTS:
                break
            self._sleep(float(response.headers.get("X-Ratelimit-Retry", attempt)))
        if response.is_error:
            raise ConnectorError(f"`{method} {path}` answered {response.status_code}")
        body: dict[str, Any] = response.json()
        return body


def sample_messages() -> Iterator[Incoming]:
    """What a seller without a token sees."""
    return read_events(json.loads(SAMPLES.read_text(encoding="utf-8")))
