"""What must work after every deploy: login, chat sync, suggestion. Changes nothing that a user would notice.

RUNNER_URL is the site, for example https://staging.agentiq.ru; without it, a service is started for the tests.
RUNNER_CONNECT is the address of a site whose name is not in the DNS, SSL_CERT_FILE the certificate of one that signs
its own. EXPECT_VERSION is the version that must answer. DEMO_PASSWORD is the password of the demo user; on a site
without that account, only what needs no login is tested.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from conftest import GIVEN_PASSWORD, PASSWORD, log_in

URL = os.environ.get("RUNNER_URL")
ADDRESS = os.environ.get("RUNNER_CONNECT")


class Connect(httpx.HTTPTransport):
    """Goes to ADDRESS, and asks there for the name of the URL."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host=ADDRESS)
        return super().handle_request(request)


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    url = URL or request.getfixturevalue("local_url")
    with httpx.Client(base_url=url, timeout=10, transport=Connect() if ADDRESS else None) as client:
        yield client


@pytest.fixture(scope="module")
def operator(site: httpx.Client) -> httpx.Client:
    log_in(site, PASSWORD)
    return site


def test_health(site: httpx.Client) -> None:
    answer = site.get("/api/health")
    assert answer.status_code == 200, answer.text
    health = answer.json()
    assert health["database"] == "ok"
    # The service that is started for the tests has no worker.
    assert health["celery"] == "ok" or not URL, health
    assert health["version"] == os.environ.get("EXPECT_VERSION", health["version"])
    difference = datetime.fromisoformat(health["timestamp"]) - datetime.now(UTC)
    assert abs(difference) < timedelta(minutes=5), f"the server's clock is off by {difference}"


@pytest.mark.skipif(not URL, reason="the front end is served by nginx")
@pytest.mark.parametrize("path", ["/", "/chats/1"])
def test_every_page_is_the_front_end(site: httpx.Client, path: str) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert '<div id="root">' in answer.text


def test_a_wrong_login_is_refused(site: httpx.Client) -> None:
    answer = site.post("/api/login", json={"email": "nobody@agentiq.ru", "password": "wrong"})
    assert answer.status_code == 401


def test_login_sync_and_suggestion(request: pytest.FixtureRequest) -> None:
    if URL and not GIVEN_PASSWORD:
        pytest.skip("DEMO_PASSWORD is not set")
    operator = request.getfixturevalue("operator")
    synced = operator.post("/api/chats/sync")
    assert synced.status_code == 200, synced.text
    chats = operator.get("/api/chats").json()
    assert len(chats) >= 1
    made = operator.post(f"/api/chats/{chats[0]['id']}/suggestion").json()
    assert made["violations"] == []
    assert made["quality"] >= 60
