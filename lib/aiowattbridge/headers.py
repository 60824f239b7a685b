"""The headers of a request, made once for all requests that are made of the same things."""

from collections.abc import Mapping
from typing import Final

from multidict import CIMultiDict

from .version import VERSION

# One of the clouds asks for a distinctive name; it does no harm with the others.
USER_AGENT: Final = f"aiowattbridge/{VERSION}"


class RequestHeaders:
    """Makes the headers of requests, and keeps the last: a stream of requests has one set after another the same.

    The same means the same objects, which therefore nobody may change once they were handed in.
    """

    def __init__(self) -> None:
        """Begin with none made."""
        self._made: CIMultiDict[str] = CIMultiDict()
        self._given: Mapping[str, str] | None = None
        self._content_type: str | None = None
        self._signature: Mapping[str, str] | None = None

    def of(
        self, given: Mapping[str, str] | None, content_type: str | None, signature: Mapping[str, str]
    ) -> CIMultiDict[str]:
        """Return the headers of a request; those given win over ours, and the signature over those."""
        if signature is self._signature and given is self._given and content_type is self._content_type:
            return self._made
        made = CIMultiDict({"Accept": "application/json", "User-Agent": USER_AGENT})
        if content_type is not None:
            made["Content-Type"] = content_type
        made.update(given or {})
        made.update(signature)
        self._given, self._content_type, self._signature, self._made = given, content_type, signature, made
        return made
