"""A collector that costs little: a process of its own, so that its CPU is nobody's who is measured.

It answers every packet with 200 and the same cookie, at once or after a constant time, and the question for a stream's
last packet with that. It counts packets, those that came out of their stream's order, and how long it was between two
of them that are told by their number. `GET /counts` tells the counts and begins anew.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast, override
from urllib.parse import parse_qs

import aiohttp

PATH: Final = "/measurements/v2/unifiedjson/"

_END_OF_HEADERS: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length:"
_ID: Final = b'"id":'
_TIME: Final = b'"tsISO8601":'
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n"
    b"Set-Cookie: JSESSIONID=2F1D9A7C53E04B68; Path=/; HttpOnly\r\n\r\nOK"
)
_NOTHING: Final = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Counts:
    """What came in since the counts were asked for."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.packets = 0
        self.out_of_order = 0
        self.begun_s = self.ended_s = 0.0
        # How long after the one before it each packet of a stream came.
        self.gaps_s: list[float] = []
        self._arrived_s: dict[bytes, float] = {}
        # The times of one stream are written with one offset here, so that their texts compare as they do.
        self._newest: dict[bytes, bytes] = {}

    def take(self, body: bytes, timed: tuple[int, int]) -> None:
        """Count a packet."""
        stream, _, rest = body.partition(_TIME)
        stamp = rest.lstrip()[:31]
        now_s = time.perf_counter()
        self.packets += 1
        if self.packets == timed[0]:
            self.begun_s = now_s
        elif self.packets == timed[1]:
            self.ended_s = now_s
        if (before_s := self._arrived_s.get(stream)) is not None:
            self.gaps_s.append(now_s - before_s)
        self._arrived_s[stream] = now_s
        if stamp <= self._newest.get(stream, b""):
            self.out_of_order += 1
        self._newest[stream] = stamp

    def answer(self) -> bytes:
        """Write the counts as an HTTP answer."""
        gaps_s = sorted(self.gaps_s)
        counts = {
            "packets": self.packets,
            "out_of_order": self.out_of_order,
            "within_s": self.ended_s - self.begun_s,
            "gap_p95_s": gaps_s[int(0.95 * len(gaps_s))] if gaps_s else 0.0,
        }
        return _json(json.dumps(counts).encode())

    def last_packet(self, stream_id: str) -> bytes:
        """Write a stream's last packet as an HTTP answer; its time is all that there is to tell."""
        wanted = json.dumps(stream_id).encode()
        for stream, stamp in self._newest.items():
            if stream.partition(_ID)[2].strip(b" ,") == wanted:
                return _json(b'{"id":%s,"tsISO8601":%s}' % (wanted, stamp))
        return _NOTHING


def _json(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


class _Connection(asyncio.Protocol):
    """One kept-alive connection: whole requests in, answers out."""

    counts = _Counts()
    latency_s = 0.0
    timed = (0, 0)

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
        answer = _ANSWER
        if head.startswith(b"GET "):
            query = parse_qs(head.split(b" ", 2)[1].decode().partition("?")[2])
            answer = self.counts.last_packet(query["stream"][0])
        else:
            self.counts.take(body, self.timed)
        if self.latency_s:
            self._loop.call_later(self.latency_s, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _length_of(head: bytes) -> int:
    """Read how long the body is."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def _serve(latency_s: float, timed: tuple[int, int]) -> None:
    """Serve until the process is ended; the port goes to stdout."""
    _Connection.latency_s, _Connection.timed = latency_s, timed
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@dataclass(frozen=True, slots=True)
class Timing:
    """How long (s) it was between the two packets that are timed, and p95 of the time between two of a stream."""

    within_s: float
    gap_p95_s: float


@dataclass(frozen=True, slots=True)
class Collector:
    """A collector at work in a process of its own."""

    base_url: str

    async def check(self, packets: int) -> Timing:
        """Make sure that so many packets came since the last check, in order: what loses some is not fast."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.base_url}/counts") as response:
            counts = await response.json()
        timing = Timing(counts.pop("within_s"), counts.pop("gap_p95_s"))
        if counts != {"packets": packets, "out_of_order": 0}:
            raise RuntimeError(f"sent {packets} packets, the collector counted {counts}")
        return timing


@asynccontextmanager
async def collector(latency_s: float = 0.0, *, timed: tuple[int, int] = (0, 0)) -> AsyncGenerator[Collector]:
    """Run a collector that takes so long for every answer, and times what is between two packets by their number."""
    numbers = (str(number) for number in timed)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(latency_s), *numbers, stdout=asyncio.subprocess.PIPE
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
    _arguments.add_argument("timed", type=int, nargs=2)
    _parsed = _arguments.parse_args()
    asyncio.run(_serve(_parsed.latency_s, tuple(_parsed.timed)))
