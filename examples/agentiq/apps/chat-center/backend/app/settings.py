"""What the environment says; read once, at start."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings

BACKEND = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Each field is the environment variable of the same name, in capitals."""

    env: Literal["development", "staging", "production"] = "development"
    app_version: str = "0.0.0-dev"
    database_url: str = f"sqlite:///{BACKEND / 'chat.db'}"
    redis_url: str = "redis://127.0.0.1:6379/0"
    guardrails: Path = BACKEND / "GUARDRAILS.md"
    # Without a token the chats are those of sample_chats.json, and replies go nowhere.
    wb_api_token: SecretStr = SecretStr("")
    wb_api_url: str = "https://buyer-chat-api.wildberries.ru"
    # The account of the smoke tests, and of whoever tries this out. Without a password there is none.
    demo_email: str = "demo@agentiq.ru"
    demo_password: SecretStr = SecretStr("")
    # How long the delivery of a reply takes, in seconds: the marketplace takes only so many a minute.
    delivery_seconds: float = 0


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
