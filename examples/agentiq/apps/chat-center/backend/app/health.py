"""Which version this process is, and whether it can do its work."""

from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app import celery_app, database
from app.models import now
from app.settings import settings

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """`error` (503) cannot answer requests, `degraded` (200) can, but nothing is done in the background."""

    status: Literal["ok", "degraded", "error"]
    environment: str
    version: str
    database: Literal["ok", "error"]
    celery: Literal["ok", "no worker", "error"]
    timestamp: datetime


class Version(BaseModel):
    """What runs here."""

    version: str
    environment: str


@router.get("/api/version")
async def version() -> Version:
    """Asks nothing of others, and is cheap."""
    return Version(version=settings().app_version, environment=settings().env)


@router.get("/health")
@router.get("/api/health", include_in_schema=False)
def health(response: Response) -> Health:
    """The second path is the first one behind nginx, which hands on /api/ as it is."""
    db, celery = _database(), _celery()
    response.headers["Cache-Control"] = "no-store"
    if db == "error":
        response.status_code = 503
    return Health(
        status="error" if db == "error" else "ok" if celery == "ok" else "degraded",
        environment=settings().env,
        version=settings().app_version,
        database=db,
        celery=celery,
        timestamp=now(),
    )


def _database() -> Literal["ok", "error"]:
    try:
        database.ping()
    except SQLAlchemyError:
        return "error"
    return "ok"


def _celery() -> Literal["ok", "no worker", "error"]:
    try:
        return "ok" if celery_app.workers() else "no worker"
    except RedisError:
        return "error"
