#!/usr/bin/env python3
"""Constant load on a test server, each request accounted for; the standard library alone. Prints JSON.

usage: python3 load.py URL [--rate 500] [--requests 20000] [--seconds 120] [--until FILE] [--connect ADDRESS] ...

Requests are sent at fixed times, however slow the answers are, and their latency counts from that time: a server that
pauses is not spared the requests of the pause. It ends when `--requests` have been sent and, with `--until`, FILE is
there (a deploy has ended); after `--seconds` in any case. Only loopback and servers of scripts/vps.sh are sent to.

A request fails if it is not answered whole and with 2xx or 3xx in time. One exception, counted as `retried`: a server
may close a connection that is kept alive at any time, so when it closes one without a byte of an answer, the request is
sent again on a new connection, once, as every browser does (RFC 9110, 9.2.2). `--no-keep-alive` has no such case.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import json
import re
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

TEST_SERVERS = ipaddress.ip_network("10.77.0.0/16")
VERSION = re.compile(rb'"version":\s*"([^"]*)"')


class NoAnswerError(Exception):
    """The connection was closed before a byte of the answer."""


class BadAnswerError(Exception):
    """What came is not a whole answer."""


@dataclass
class Target:
    """Where the requests go, and the bytes of each."""

    address: str
    port: int
    name: str
    tls: ssl.SSLContext | None
    request: bytes
    keep_alive: bool


@dataclass
class Tally:
    """What has happened so far; times are seconds of the monotonic clock."""

    sent: int = 0
    retried: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    last_success: float = 0
    longest_gap: float = 0

    def success(self, status: int, version: str | None, latency: float) -> None:
        """An answer that came in time and whole."""
        self.statuses[str(status)] += 1
        self.latencies.append(latency)
        if version:
            self.versions[version] += 1
        if 200 <= status < 400:
            self.gap_until(time.monotonic())

    def gap_until(self, now: float) -> None:
        """The time since the last success is a gap, perhaps the longest."""
        self.longest_gap = max(self.longest_gap, now - self.last_success)
        self.last_success = now

    def report(self, took: float) -> dict[str, object]:
        """What is printed; times in milliseconds."""
        ordered = sorted(self.latencies)
        good = sum(count for status, count in self.statuses.items() if status[0] in "23")
        percentile = (
            {f"p{p}_ms": ms(ordered[min(len(ordered) - 1, len(ordered) * p // 100)]) for p in (50, 95, 99)}
            if ordered
            else {}
        )
        return {
            "sent": self.sent,
            "failed": self.sent - good,
            "retried": self.retried,
            "by_status": dict(sorted(self.statuses.items())),
            "errors": dict(self.errors),
            "by_version": dict(sorted(self.versions.items())),
            **percentile,
            "max_ms": ms(ordered[-1]) if ordered else None,
            "longest_gap_ms": ms(self.longest_gap),
            "seconds": round(took, 3),
        }


def ms(seconds: float) -> float:
    """Milliseconds, as they are printed."""
    return round(seconds * 1000, 1)


class Connection:
    """One connection, opened when it is needed and as often as it is."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, tally: Tally) -> tuple[int, bytes]:
        """Sends the request and reads the answer: its status and body."""
        if self._streams and self._streams[0].at_eof():
            await self.close()
        reused = self._streams is not None
        try:
            return await self._ask_once()
        except (NoAnswerError, ConnectionError):
            await self.close()
            if not reused:
                raise
            tally.retried += 1
            return await self._ask_once()

    async def _ask_once(self) -> tuple[int, bytes]:
        target = self._target
        if self._streams is None:
            name = target.name if target.tls else None
            self._streams = await asyncio.open_connection(
                target.address, target.port, ssl=target.tls, server_hostname=name
            )
        reader, writer = self._streams
        writer.write(target.request)
        await writer.drain()
        status, body, stays = await read_answer(reader)
        if not (stays and target.keep_alive):
            await self.close()
        return status, body

    async def close(self) -> None:
        """Closes it, if it is open."""
        if self._streams:
            writer = self._streams[1]
            self._streams = None
            writer.transport.abort()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection stays open."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise (
            BadAnswerError("answer cut off") if error.partial else NoAnswerError("closed without an answer")
        ) from error
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip().lower() for name, _, value in (line.partition(":") for line in lines)
    }
    status = int(first.split()[1])
    try:
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join([chunk async for chunk in chunks(reader)])
        elif "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        else:
            return status, b"" if status in (204, 304) else await reader.read(), status in (204, 304)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise BadAnswerError("answer cut off") from error
    return status, body, headers.get("connection") != "close"


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The pieces of a chunked body."""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")


async def one(connection: Connection, due: float, timeout: float, tally: Tally) -> None:
    """One request of the count."""
    try:
        status, body = await asyncio.wait_for(connection.ask(tally), timeout)
        version = VERSION.search(body)
        tally.success(status, version and version[1].decode("utf-8", "replace"), time.monotonic() - due)
    except TimeoutError:
        tally.errors["timeout"] += 1
        await connection.close()
    except (OSError, NoAnswerError, BadAnswerError, ValueError, asyncio.LimitOverrunError) as error:
        tally.errors[type(error).__name__ if isinstance(error, OSError) else str(error)] += 1
        await connection.close()


async def run(target: Target, options: argparse.Namespace) -> Tally:
    """The whole load; connections grow as they are needed, up to the limit."""
    tally = Tally()
    begin = tally.last_success = time.monotonic()
    idle: list[Connection] = []
    busy: set[asyncio.Task[None]] = set()
    free = asyncio.Semaphore(options.connections)

    async def send(due: float) -> None:
        connection = idle.pop() if idle else Connection(target)
        await one(connection, due, options.timeout, tally)
        idle.append(connection)
        free.release()

    while time.monotonic() - begin < options.seconds:
        if tally.sent >= options.requests and (options.until is None or options.until.exists()):
            break
        due = begin + tally.sent / options.rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        await free.acquire()
        tally.sent += 1
        task = asyncio.create_task(send(due))
        busy.add(task)
        task.add_done_callback(busy.discard)
    await asyncio.gather(*busy)
    for connection in idle:
        await connection.close()
    tally.gap_until(time.monotonic())
    return tally


def target_of(options: argparse.Namespace) -> Target:
    """The target of the URL; exits if it is no test server."""
    url = urlsplit(options.url)
    if url.scheme not in ("http", "https") or not url.hostname:
        sys.exit(f"error: `{options.url}` is not an http or https URL")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        address = socket.getaddrinfo(options.connect or url.hostname, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        sys.exit(f"error: `{options.connect or url.hostname}` has no address: {error.strerror}")
    ip = ipaddress.ip_address(address)
    if not (ip.is_loopback or ip in TEST_SERVERS):
        sys.exit(f"error: {address} is not a test server (loopback, {TEST_SERVERS})")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", "User-Agent: load.py", "Accept: */*"]
    lines += [] if options.keep_alive else ["Connection: close"]
    request = "\r\n".join([*lines, "", ""]).encode()
    return Target(str(address), port, url.hostname, tls_of(url.scheme), request, options.keep_alive)


def tls_of(scheme: str) -> ssl.SSLContext | None:
    """It measures and sends nothing that is secret: a certificate that the server signed itself will do."""
    if scheme != "https":
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def main(arguments: list[str] | None = None) -> int:
    """1 if a request failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=500, help="requests a second (500)")
    parser.add_argument("--requests", type=int, default=20_000, help="at least so many (20000)")
    parser.add_argument("--seconds", type=float, default=120, help="at most so long (120)")
    parser.add_argument("--until", type=Path, metavar="FILE", help="and until FILE is there")
    parser.add_argument("--connections", type=int, default=64, help="at most so many at once (64)")
    parser.add_argument("--timeout", type=float, default=10, help="of one request, in seconds (10)")
    parser.add_argument("--connect", metavar="ADDRESS", help="the address of the URL's host, unless it is in the DNS")
    parser.add_argument("--keep-alive", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args(arguments)
    target = target_of(options)
    begin = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        report = asyncio.run(run(target, options)).report(time.monotonic() - begin)
        print(json.dumps(report, indent=2))
        return 1 if report["failed"] or report["sent"] == 0 else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
