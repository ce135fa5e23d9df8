"""The pages of the chat centre: chats, their messages, suggestions and replies."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from kombu.exceptions import OperationalError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app import ai_analyzer, chat_sync, guardrails
from app.accounts import current_user, log_in
from app.celery_app import deliver_reply
from app.database import Db
from app.models import Author, Chat, Delivery, Message, SuggestionRecord

public = APIRouter(prefix="/api", tags=["account"])
router = APIRouter(prefix="/api/chats", tags=["chats"], dependencies=[Depends(current_user)])


class Credentials(BaseModel):
    """What an operator logs in with."""

    email: str = Field(max_length=200)
    password: str = Field(max_length=200)


class Token(BaseModel):
    """Goes into the header `Authorization: Bearer` of all other requests."""

    token: str


class MessageOut(BaseModel):
    """One message."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    author: Author
    text: str
    written_at: datetime
    delivery: Delivery


class ChatOut(BaseModel):
    """One chat, the oldest message first."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    marketplace: str
    customer: str
    product: str
    messages: list[MessageOut]


class SyncedOut(BaseModel):
    """How many messages the marketplace had, and how many of them were new."""

    fetched: int
    added: int


class ViolationOut(BaseModel):
    """One rule of GUARDRAILS.md that a text breaks."""

    rule: str
    found: str


class SuggestionOut(BaseModel):
    """An answer to suggest; the operator decides."""

    intent: ai_analyzer.Intent
    text: str
    quality: int
    violations: list[ViolationOut]


class Reply(BaseModel):
    """What the operator answers."""

    text: str = Field(max_length=4000)


@public.post("/login")
def login(credentials: Credentials, session: Db) -> Token:
    """A token for twelve hours."""
    token = log_in(session, credentials.email, credentials.password)
    if token is None:
        raise HTTPException(401, "email and password do not belong together")
    return Token(token=token)


@router.get("")
def list_chats(session: Db) -> list[ChatOut]:
    """All chats."""
    chats = session.scalars(select(Chat).options(selectinload(Chat.messages)).order_by(Chat.id))
    return [ChatOut.model_validate(chat) for chat in chats]


@router.post("/sync")
def sync(session: Db) -> SyncedOut:
    """Fetches what is new on the marketplace."""
    synced = chat_sync.sync(session)
    return SyncedOut(fetched=synced.fetched, added=synced.added)


def _chat(chat_id: int, session: Db) -> Chat:
    chat = session.get(Chat, chat_id)
    if chat is None:
        raise HTTPException(404, f"there is no chat {chat_id}")
    return chat


ChatOfPath = Annotated[Chat, Depends(_chat)]


@router.post("/{chat_id}/suggestion")
def suggest(chat: ChatOfPath, session: Db) -> SuggestionOut:
    """An answer to the customer's last message."""
    asked = [message.text for message in chat.messages if message.author == Author.CUSTOMER]
    made = ai_analyzer.suggest(chat.customer, chat.product, asked[-1] if asked else "", guardrails.current())
    session.add(SuggestionRecord(chat_id=chat.id, intent=made.intent, text=made.text, quality=made.quality))
    session.commit()
    violations = [ViolationOut(rule=v.rule, found=v.found) for v in made.violations]
    return SuggestionOut(intent=made.intent, text=made.text, quality=made.quality, violations=violations)


@router.post("/{chat_id}/replies", status_code=202)
def reply(chat: ChatOfPath, answer: Reply, session: Db) -> MessageOut:
    """Queues an answer for the customer; 422 if it breaks a rule, 503 if nothing can be queued now."""
    if broken := guardrails.current().violations(answer.text):
        raise HTTPException(422, [{"rule": v.rule, "found": v.found} for v in broken])
    message = Message(chat_id=chat.id, author=Author.OPERATOR, text=answer.text, delivery=Delivery.QUEUED)
    session.add(message)
    session.commit()
    try:
        deliver_reply.delay(message.id)
    except OperationalError as error:
        session.delete(message)
        session.commit()
        raise HTTPException(503, "replies cannot be delivered at the moment") from error
    return MessageOut.model_validate(message)
