"""A collector that costs little: a process of its own, so that its CPU is nobody's who is measured.

It answers every request with 200 and the same cookie, at once or after a constant time, and counts packets and those
that came out of their stream's order. `GET /counts` tells the counts and begins anew.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast, override

import aiohttp

PATH: Final = "/measurements/v2/unifiedjson/"

_END_OF_HEADERS: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length:"
_TIME: Final = b'"tsISO8601":'
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
    b"Set-Cookie: JSESSIONID=2F1D9A7C53E04B68; Path=/; HttpOnly\r\n\r\nOK"
)


class _Counts:
    """What came in since the counts were asked for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.packets = 0
        self.out_of_order = 0
        # The times of one stream are written with one offset here, so that their texts compare as they do.
        self._newest: dict[bytes, bytes] = {}

    def take(self, body: bytes) -> None:
        """Count a packet."""
        stream, _, rest = body.partition(_TIME)
        time = rest.lstrip()[:30]
        self.packets += 1
        if time <= self._newest.get(stream, b""):
            self.out_of_order += 1
        self._newest[stream] = time

    def answer(self) -> bytes:
        """Write the counts as an HTTP answer."""
        body = json.dumps({"packets": self.packets, "out_of_order": self.out_of_order}).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class _Connection(asyncio.Protocol):
    """One kept-alive connection: whole requests in, answers out."""

    counts = _Counts()
    latency_s = 0.0

    def __init__(self) -> None:
        """Begin with nothing read."""
        self._unread = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport = cast("asyncio.Transport", transport)
        self._loop = asyncio.get_running_loop()

    @override
    def data_received(self, data: bytes) -> None:
        """Take every request that is whole by now."""
        unread = self._unread + data
        while (end := unread.find(_END_OF_HEADERS)) >= 0:
            head, start = unread[:end], end + len(_END_OF_HEADERS)
            stop = start + _length_of(head)
            if len(unread) < stop:
                break
            self._take(head, unread[start:stop])
            unread = unread[stop:]
        self._unread = unread

    def _take(self, head: bytes, body: bytes) -> None:
        """Answer one request."""
        if head.startswith(b"GET /counts"):
            self._transport.write(self.counts.answer())
            _Connection.counts = _Counts()
            return
        self.counts.take(body)
        if self.latency_s:
            self._loop.call_later(self.latency_s, self._transport.write, _ANSWER)
        else:
            self._transport.write(_ANSWER)


def _length_of(head: bytes) -> int:
    """Read how long the body is."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def _serve(latency_s: float) -> None:
    """Serve until the process is ended; the port goes to stdout."""
    _Connection.latency_s = latency_s
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector at work in a process of its own."""

    base_url: str

    async def check(self, packets: int) -> None:
        """Make sure that so many packets came since the last check, in order: what loses some is not fast."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.base_url}/counts") as response:
            counts = await response.json()
        if counts != {"packets": packets, "out_of_order": 0}:
            raise RuntimeError(f"sent {packets} packets, the collector counted {counts}")


@asynccontextmanager
async def collector(latency_s: float = 0.0) -> AsyncGenerator[Collector]:
    """Run a collector that takes so long for every answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(latency_s), stdout=asyncio.subprocess.PIPE
    )
    try:
        port = int(await cast("asyncio.StreamReader", process.stdout).readline())
        yield Collector(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    _arguments = argparse.ArgumentParser(description=__doc__)
    _arguments.add_argument("latency_s", type=float)
    asyncio.run(_serve(_arguments.parse_args().latency_s))
