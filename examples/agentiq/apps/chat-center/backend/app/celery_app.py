"""The background work: replies are delivered, chats are synced. `celery -A app.celery_app worker`.

A worker says in Redis that it is there, as long as it is: `/health` reads that and asks no worker.
"""

import os
import socket
import time
from functools import lru_cache
from typing import Any

import httpx
from celery import Celery, signals
from redis import Redis

from app import chat_sync
from app.database import open_session
from app.models import Delivery, Message
from app.settings import settings
from app.wb_connector import ConnectorError, WbConnector

WORKERS = f"agentiq-{settings().env}:workers:"
# Heartbeats come every two seconds.
HEARTBEAT_LASTS = 10

celery_app = Celery("agentiq", broker=settings().redis_url)
celery_app.conf.update(
    # Two environments may share a Redis.
    task_default_queue=f"agentiq-{settings().env}",
    # A worker that is killed has not done what it was doing.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    # Without a broker the request fails, and does not hang.
    broker_transport_options={"socket_connect_timeout": 1, "max_retries": 1},
)


@celery_app.task(
    autoretry_for=(ConnectorError, httpx.TransportError), retry_backoff=True, max_retries=5, name="deliver_reply"
)
def deliver_reply(message_id: int) -> None:
    """Sends a queued reply to its customer."""
    with open_session() as session:
        message = session.get(Message, message_id, with_for_update=True)
        if message is None or message.delivery != Delivery.QUEUED:
            return
        time.sleep(settings().delivery_seconds)
        if settings().wb_api_token.get_secret_value():
            with WbConnector.of(settings()) as connector:
                connector.reply(message.chat.external_id, message.text)
        message.delivery = Delivery.SENT
        session.commit()


@celery_app.task(name="sync_chats")
def sync_chats() -> None:
    """One sync with the marketplace."""
    with open_session() as session:
        chat_sync.sync(session)


@lru_cache
def redis() -> Redis:
    """The connection that heartbeats are written and read with."""
    return Redis.from_url(settings().redis_url, socket_timeout=0.5, socket_connect_timeout=0.5)


@signals.worker_ready.connect
@signals.heartbeat_sent.connect
def _is_there(**_: Any) -> None:
    redis().set(_key(), settings().app_version, ex=HEARTBEAT_LASTS)


@signals.worker_shutdown.connect
def _is_gone(**_: Any) -> None:
    redis().delete(_key())


def _key() -> str:
    # During a release the old worker and the new one have the same host name.
    return f"{WORKERS}{socket.gethostname()}:{os.getpid()}"


def workers() -> int:
    """How many workers are there; raises if Redis does not answer."""
    return sum(1 for _ in redis().scan_iter(match=WORKERS + "*"))
