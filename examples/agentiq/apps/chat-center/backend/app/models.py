"""The tables. Their history is in migrations/."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import DateTime, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


class Author(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    OPERATOR = "operator"


class Delivery(StrEnum):
    """How far a message has come."""

    RECEIVED = "received"
    QUEUED = "queued"
    SENT = "sent"


class User(Base):
    """An operator of the chat centre."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))


class Login(Base):
    """A token that was given out; only its hash is kept."""

    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Chat(Base):
    """A conversation with one customer on one marketplace."""

    __tablename__ = "chats"
    __table_args__ = (UniqueConstraint("marketplace", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    marketplace: Mapped[str] = mapped_column(String(20))
    external_id: Mapped[str] = mapped_column(String(100))
    customer: Mapped[str] = mapped_column(String(200))
    product: Mapped[str] = mapped_column(String(300))
    messages: Mapped[list["Message"]] = relationship(
        back_populates="chat", order_by="Message.written_at, Message.id", cascade="all, delete-orphan"
    )


class Message(Base):
    """One message of a conversation; replies have no external id."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("chat_id", "external_id"),
        Index("ix_messages_chat_id_written_at", "chat_id", "written_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"))
    external_id: Mapped[str | None] = mapped_column(String(100))
    author: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
    delivery: Mapped[str] = mapped_column(String(10))
    chat: Mapped[Chat] = relationship(back_populates="messages")


class SuggestionRecord(Base):
    """A suggestion that was shown, so that its quality can be followed over time."""

    __tablename__ = "suggestions"

    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chats.id", ondelete="CASCADE"), index=True)
    intent: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    quality: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=now)
