"""What the simulated carbonTRACK cloud accepts in a request; all else is refused with a reason."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .server import Call

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)")
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
UUID_FIELDS = frozenset({"ID", "DistributorID"})


class Refused(Exception):  # noqa: N818 - it is an answer, not a mistake of the simulator
    """The request is not as documented, or not allowed."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what to answer."""
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers or {}


def unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object and refuse a key that comes twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def no_constant(name: str) -> object:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(f"{name} is no JSON")


def strict_json(body: bytes) -> object:
    """Parse JSON by the letter; raises ValueError."""
    return json.loads(body.decode("utf-8"), object_pairs_hook=unique_keys, parse_constant=no_constant)


def check_body(call: Call, known: Mapping[str, type]) -> dict[str, object]:
    """Read a JSON object whose fields are all known and of the documented types."""
    if call.content_type != "application/json":
        raise Refused(400, "The body has to be application/json.")
    try:
        body = strict_json(call.body)
    except ValueError as error:
        raise Refused(400, f"The body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body has to be an object.")
    for name, value in body.items():
        if name not in known:
            raise Refused(400, f"Unknown field {name}.")
        # A bool is an int to Python and none to JSON.
        if type(value) is not known[name]:
            raise Refused(400, f"{name} has to be a {known[name].__name__}.")
        if name in UUID_FIELDS and not UUID.fullmatch(str(value)):
            raise Refused(400, f"{name} has to be a UUID.")
    return body


def page_number(body: Mapping[str, object], default: int) -> int:
    """Read PageIndex."""
    page = body.get("PageIndex", default)
    if not isinstance(page, int) or page < 0:
        raise Refused(400, "PageIndex has to be 0 or more.")
    return page


def query_number(call: Call, name: str, *, default: int, most: int) -> int:
    """Read a positive number from the query string."""
    text = call.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(400, f"{name} has to be a number from 1 to {most}.")
    return int(text)


def wire_time(body: Mapping[str, object], name: str, default: datetime, *, earlier_s: int = 0) -> datetime:
    """Read an RFC 3339 time with its zone, or take so many seconds before the default."""
    text = body.get(name)
    if text is None:
        return default - timedelta(seconds=earlier_s)
    reason = f"{name} has to be a date-time such as 2019-05-16T06:59:35Z."
    if not RFC_3339.fullmatch(str(text)):
        raise Refused(400, reason)
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError as error:
        raise Refused(400, reason) from error
