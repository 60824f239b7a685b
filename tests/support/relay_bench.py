"""A relay between a client and a simulator that notes every JSON answer and can leave a field out of all of them."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiowattbridge.simulators import SimulatedCloud

# Hop-by-hop headers, and those of a body that may be written anew.
DROPPED = {"connection", "content-length", "transfer-encoding", "host", "content-type", "server", "date"}


def fields(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field in a JSON value; the elements of a list share theirs."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (own := f"{path}.{name}".lstrip("."))
            yield from fields(inner, own)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, f"{path}[]")


def without(value: Any, field: str, path: str = "") -> Any:
    """Return a JSON value without one field, wherever its path occurs."""
    if isinstance(value, dict):
        paths = {name: f"{path}.{name}".lstrip(".") for name in value}
        return {name: without(inner, field, paths[name]) for name, inner in value.items() if paths[name] != field}
    if isinstance(value, list):
        return [without(inner, field, f"{path}[]") for inner in value]
    return value


class Relay:
    """Passes requests on; `seen` has the fields of all JSON answers by path of the request."""

    def __init__(self, cloud: SimulatedCloud, session: aiohttp.ClientSession) -> None:
        """Stand in front of a cloud."""
        self.seen: dict[str, set[str]] = defaultdict(set)
        self.left_out: tuple[str, str] = ("", "")
        self.url = ""
        self._cloud = cloud
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Pass one request on, and its answer back."""
        url = f"{self._cloud.url}{request.raw_path}"
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in DROPPED - {"content-type"}
        }
        async with self._session.request(
            request.method, url, data=await request.read(), headers=headers, allow_redirects=False
        ) as answer:
            body = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in DROPPED}
            if answer.ok and answer.content_type == "application/json":
                value = json.loads(body)
                self.seen[request.path].update(fields(value))
                if request.path == self.left_out[0]:
                    body = json.dumps(without(value, self.left_out[1])).encode()
            return web.Response(status=answer.status, body=body, headers=kept, content_type=answer.content_type)


@asynccontextmanager
async def relay(cloud: SimulatedCloud) -> AsyncIterator[Relay]:
    """Run a relay on loopback."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        running = Relay(cloud, session)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", running.handle)
        async with TestServer(app, host="127.0.0.1", access_log=None) as server:
            running.url = str(server.make_url("")).rstrip("/")
            yield running
