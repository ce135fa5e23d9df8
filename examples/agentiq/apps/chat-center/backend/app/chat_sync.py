"""Brings the marketplace's chats into the database; as often as one likes, each message once."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.guardrails import Guardrails, current
from app.models import Author, Chat, Delivery, Message
from app.settings import settings
from app.wb_connector import Incoming, WbConnector, sample_messages

MARKETPLACE = "wildberries"


@dataclass(frozen=True)
class Synced:
    """What a sync has found."""

    fetched: int
    added: int


def store(session: Session, messages: Iterable[Incoming], rules: Guardrails) -> Synced:
    """Keeps the messages that are not there yet, without the personal data in them; commits."""
    found = list(messages)
    wanted = {message.chat_id for message in found}
    query = select(Chat).where(Chat.marketplace == MARKETPLACE, Chat.external_id.in_(wanted))
    chats = {chat.external_id: chat for chat in session.scalars(query)}
    ids = [chat.id for chat in chats.values()]
    known = set(session.scalars(select(Message.external_id).where(Message.chat_id.in_(ids))))
    added = 0
    for incoming in found:
        if incoming.event_id in known:
            continue
        known.add(incoming.event_id)
        chat = chats.get(incoming.chat_id) or _new_chat(session, incoming, rules)
        chats[incoming.chat_id] = chat
        chat.messages.append(
            Message(
                external_id=incoming.event_id,
                author=Author.CUSTOMER,
                text=rules.without_personal_data(incoming.text),
                written_at=incoming.written_at,
                delivery=Delivery.RECEIVED,
            )
        )
        added += 1
    session.commit()
    return Synced(fetched=len(found), added=added)


def sync(session: Session) -> Synced:
    """One sync with the marketplace, or with the samples if there is no token for it."""
    messages = _fetch()
    try:
        return store(session, messages, current())
    except IntegrityError:
        # Another sync at the same time was first with some of them.
        session.rollback()
        return store(session, messages, current())


def _fetch() -> list[Incoming]:
    if not settings().wb_api_token.get_secret_value():
        return list(sample_messages())
    with WbConnector.of(settings()) as connector:
        return list(connector.incoming())


def _new_chat(session: Session, incoming: Incoming, rules: Guardrails) -> Chat:
    chat = Chat(
        marketplace=MARKETPLACE,
        external_id=incoming.chat_id,
        customer=rules.without_personal_data(incoming.customer),
        product=incoming.product,
    )
    session.add(chat)
    return chat
