"""Who may use the chat centre: passwords, and the tokens that they are exchanged for."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import Db, open_session
from app.models import Login, User, now
from app.settings import settings

LASTS = timedelta(hours=12)
# Of the OWASP cheat sheet on password storage.
SCRYPT = {"n": 2**14, "r": 8, "p": 5}


def hash_password(password: str, salt: bytes | None = None) -> str:
    """`salt$hash`, both in hex."""
    salt = salt or secrets.token_bytes(16)
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **SCRYPT).hex()}"


# What the password of an account that is not there is compared with: the answer takes as long.
NOBODY = hash_password(secrets.token_hex())


def verify_password(password: str, stored: str) -> bool:
    """Whether it is the password that was hashed."""
    salt, _, _ = stored.partition("$")
    return hmac.compare_digest(hash_password(password, bytes.fromhex(salt)), stored)


def log_in(session: Session, email: str, password: str) -> str | None:
    """A new token, or none if the two do not belong together."""
    user = session.scalar(select(User).where(User.email == email.lower()))
    if not verify_password(password, user.password_hash if user else NOBODY) or not user:
        return None
    token = secrets.token_urlsafe(32)
    session.add(Login(token_hash=_hash_token(token), user_id=user.id, expires_at=now() + LASTS))
    session.commit()
    return token


def current_user(
    session: Db, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]
) -> User:
    """Whoever the token of the request was given to; 401 without one that holds."""
    user = None
    if credentials:
        query = select(User).join(Login, Login.user_id == User.id)
        valid = (Login.token_hash == _hash_token(credentials.credentials)) & (Login.expires_at > now())
        user = session.scalar(query.where(valid))
    if user is None:
        raise HTTPException(401, "log in first", headers={"WWW-Authenticate": "Bearer"})
    return user


def ensure_demo_user() -> None:
    """Makes the demo account, or gives it the password of the settings; nothing without a password."""
    email, password = settings().demo_email.lower(), settings().demo_password.get_secret_value()
    if not password:
        return
    with open_session() as session:
        user = session.scalar(select(User).where(User.email == email))
        if user and verify_password(password, user.password_hash):
            return
        if user:
            user.password_hash = hash_password(password)
        else:
            session.add(User(email=email, password_hash=hash_password(password)))
        try:
            session.commit()
        except IntegrityError:
            # Another process that starts now has made it.
            session.rollback()


def _hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
