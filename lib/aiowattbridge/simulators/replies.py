"""What goes back over the wire, whole or spoiled by a fault."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aiohttp import web

from .faults import Fault, FaultKind

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"
HTML = "text/html"
PROXY_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"

STATUSES = {FaultKind.RATE_LIMITED: 429, FaultKind.SERVER_ERROR: 500, FaultKind.UNAVAILABLE: 503}


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a body and what the headers say of it."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Write a value as JSON."""
    return Reply(status, json.dumps(value, separators=(",", ":")).encode(), JSON, headers or {})


def text_reply(text: str, status: int) -> Reply:
    """Write a line of plain text."""
    return Reply(status, text.encode(), "text/plain")


def refusal(fault: Fault, retry_after: str | None) -> Reply | None:
    """Write what a fault answers in the cloud's place; None where the cloud's own answer is spoiled instead."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    if fault.kind is FaultKind.BAD_GATEWAY:
        return Reply(502, PROXY_PAGE.format(fault.text or "502 Bad Gateway").encode(), HTML, headers)
    if fault.kind is FaultKind.HTML:
        return Reply(200, PROXY_PAGE.format(fault.text or "Please sign in to this network").encode(), HTML)
    if fault.kind is FaultKind.EMPTY_BODY:
        return Reply(200, b"")
    status = fault.status if fault.kind is FaultKind.STATUS else STATUSES.get(FaultKind(fault.kind))
    return None if status is None else json_reply({"Message": fault.text or "Not now."}, status, headers)


async def play(
    request: web.BaseRequest, connection: asyncio.Transport, fault: Fault | None, reply: Reply | None
) -> web.StreamResponse:
    """Send the reply the way the fault wants it."""
    if fault is not None and fault.kind is FaultKind.SLOW_ANSWER:
        await asyncio.sleep(fault.delay_s)
    if reply is None:
        connection.abort()
        return web.Response()
    kind = None if fault is None else fault.kind
    if fault is not None and kind in (FaultKind.SLOW_BODY, FaultKind.CUT_BODY):
        return await _in_halves(request, connection, fault, reply)
    if kind is FaultKind.TRUNCATED_JSON:
        reply = replace(reply, body=reply.body[: len(reply.body) // 2])
    elif kind is FaultKind.WRONG_CONTENT_TYPE:
        reply = replace(reply, content_type="text/plain")
    return _whole(reply)


def _whole(reply: Reply) -> web.Response:
    """Answer at once."""
    charset = "utf-8" if reply.content_type != "application/octet-stream" else None
    return web.Response(
        status=reply.status,
        body=reply.body,
        content_type=reply.content_type,
        charset=charset,
        headers=dict(reply.headers),
    )


async def _in_halves(
    request: web.BaseRequest, connection: asyncio.Transport, fault: Fault, reply: Reply
) -> web.StreamResponse:
    """Announce the whole body, send half of it, then wait for the rest or drop the connection."""
    response = web.StreamResponse(status=reply.status, headers=dict(reply.headers))
    response.content_type = reply.content_type
    response.content_length = len(reply.body)
    await response.prepare(request)
    middle = len(reply.body) // 2
    await response.write(reply.body[:middle])
    if fault.kind is FaultKind.CUT_BODY:
        connection.close()
        return response
    await asyncio.sleep(fault.delay_s)
    await response.write(reply.body[middle:])
    await response.write_eof()
    return response
