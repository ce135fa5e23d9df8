"""The counts of load.py against servers whose faults are known. `python3 -m unittest` in this folder."""

import asyncio
import contextlib
import io
import json
import tempfile
import threading
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import load

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{"version":"1.0"}'
Answer = Callable[[int, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]


class Server:
    """Answers request N of all connections as `answer(N, reader, writer)` says: false closes the connection."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._count = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        self._thread = threading.Thread(target=self._loop.run_forever)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                self._count += 1
                if not await self._answer(self._count, reader, writer):
                    break
                await writer.drain()
        writer.close()

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.wait(tasks))
        self._loop.close()


def answers(faults: dict[int, bytes]) -> Answer:
    """OK, but for the requests of `faults`, after whose bytes the connection is closed."""

    async def answer(number: int, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(faults.get(number, OK))
        return number not in faults

    return answer


def measure(url: str, *options: str) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = load.main([url, "--rate", "1000", "--connections", "1", *options])
    return code, json.loads(out.getvalue())


class Counts(unittest.TestCase):
    def test_all_is_well(self) -> None:
        with Server(answers({})) as server:
            code, report = measure(server.url, "--requests", "50")
        self.assertEqual(code, 0)
        self.assertEqual((report["sent"], report["failed"], report["by_version"]), (50, 0, {"1.0": 50}))

    def test_each_fault_is_counted_once(self) -> None:
        bad = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        with Server(answers({10: bad, 20: OK[:-5], 30: OK[:10]})) as server:
            code, report = measure(server.url, "--requests", "50")
        self.assertEqual(code, 1)
        self.assertEqual((report["sent"], report["failed"]), (50, 3))
        self.assertEqual(report["by_status"], {"200": 47, "502": 1})
        self.assertEqual(report["errors"], {"answer cut off": 2})

    def test_a_kept_connection_that_is_closed_is_tried_again_once(self) -> None:
        with Server(answers({10: b"", 20: b"", 21: b""})) as server:
            _, report = measure(server.url, "--requests", "30")
        self.assertEqual((report["sent"], report["failed"], report["retried"]), (30, 1, 2))
        self.assertEqual(report["errors"], {"closed without an answer": 1})

    def test_a_new_connection_that_is_closed_is_a_failure(self) -> None:
        with Server(answers({10: b""})) as server:
            _, report = measure(server.url, "--requests", "30", "--no-keep-alive")
        self.assertEqual((report["failed"], report["retried"]), (1, 0))

    def test_a_pause_is_a_gap_and_counts_for_all_who_waited(self) -> None:
        async def answer(number: int, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
            if number == 100:
                await asyncio.sleep(0.5)
            writer.write(OK)
            return True

        with Server(answer) as server:
            _, report = measure(server.url, "--requests", "200")
        self.assertEqual(report["failed"], 0)
        self.assertGreaterEqual(report["longest_gap_ms"], 490)
        self.assertGreaterEqual(report["p95_ms"], 300)

    def test_no_answer_in_time_is_a_failure(self) -> None:
        async def answer(number: int, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
            if number == 3:
                await asyncio.sleep(1)
            writer.write(OK)
            return True

        with Server(answer) as server:
            _, report = measure(server.url, "--requests", "5", "--timeout", "0.2")
        self.assertEqual((report["failed"], report["errors"]), (1, {"timeout": 1}))

    def test_nobody_there(self) -> None:
        with Server(answers({})) as server:
            url = server.url
        code, report = measure(url, "--requests", "5")
        self.assertEqual((code, report["failed"], report["errors"]), (1, 5, {"ConnectionRefusedError": 5}))

    def test_chunks_are_put_together(self) -> None:
        chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"versio\r\n9\r\nn":"1.0"}\r\n0\r\n\r\n'
        with Server(answers({1: chunked})) as server:
            _, report = measure(server.url, "--requests", "1")
        self.assertEqual(report["by_version"], {"1.0": 1})

    def test_it_goes_on_until_the_file_is_there_but_not_for_ever(self) -> None:
        with Server(answers({})) as server, tempfile.TemporaryDirectory() as folder:
            done = Path(folder, "done")
            timer = threading.Timer(0.5, done.touch)
            timer.start()
            _, report = measure(server.url, "--requests", "1", "--until", str(done))
            self.assertGreater(report["sent"], 300)
            done.unlink()
            _, report = measure(server.url, "--requests", "1", "--until", str(done), "--seconds", "0.3")
            self.assertLess(report["sent"], 400)

    def test_only_test_servers_are_sent_to(self) -> None:
        with self.assertRaisesRegex(SystemExit, "192.0.2.1 is not a test server"):
            load.main(["http://192.0.2.1/"])


if __name__ == "__main__":
    unittest.main()
