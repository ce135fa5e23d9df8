"""The web application: `uvicorn app.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from app import accounts, chats, guardrails, health
from app.settings import settings


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Rules that cannot be read, or tables that are not there, end the process before it is asked for anything."""
    guardrails.current()
    await run_in_threadpool(accounts.ensure_demo_user)
    yield


app = FastAPI(title="AgentIQ chat centre", version=settings().app_version, lifespan=lifespan)
app.include_router(health.router)
app.include_router(chats.public)
app.include_router(chats.router)
