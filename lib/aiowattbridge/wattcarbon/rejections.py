"""What WattCarbon says when it refuses a request, without anything of what the request held.

The service is made with FastAPI, whose refusals are `{"detail": [{"loc": [...], "msg": "...", "type": "..."}]}` or
`{"detail": "text"}`. Newer ones also quote the `input` at fault: that is never repeated, nor is any text of ours that
the cloud has woven into a message.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..answer import excerpt
from ..errors import RejectedError, WattbridgeError
from .checks import texts_in

if TYPE_CHECKING:
    from .receipts import UploadReceipt

# A refusal names a few fields; one with hundreds (every line of a file) is cut, since nobody reads them.
_MOST_PROBLEMS: Final = 5
_HIDDEN: Final = "***"
# Shorter words of a longer text, and single letters and digits, say nothing of anybody.
_SHORTEST_WORD: Final = 3
_SHORTEST_TEXT: Final = 2
_LONG_TEXT: Final = 8
_WORD: Final = re.compile(r"\w+")
# The name of a field, or of one way to read it (`list[int]`).
_STEP: Final = re.compile(r"[\w\[\](),.:|-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint of the cloud: the path of the field (`body.location.postalCode`; empty: none named), and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        """Write it for a message."""
        return f"{self.path}: {self.reason}" if self.path else self.reason


class RefusedError(RejectedError):
    """The cloud refuses a request for what is in it, and mostly says why.

    `problems`: its complaints, field by field. `receipts`: what of an upload had arrived before, so that it can go on
    after the last of them.
    """

    def __init__(
        self,
        message: str,
        *,
        vendor: str,
        endpoint: str = "",
        status: int | None = None,
        may_have_arrived: bool = False,
        answer: str | None = None,
        problems: tuple[Problem, ...] = (),
        receipts: tuple[UploadReceipt, ...] = (),
    ) -> None:
        """Keep the facts beside the message."""
        super().__init__(
            message, vendor=vendor, endpoint=endpoint, status=status, may_have_arrived=may_have_arrived, answer=answer
        )
        self.problems = problems
        self.receipts = receipts

    def again(self, message: str, receipts: tuple[UploadReceipt, ...] = ()) -> RefusedError:
        """Return the same refusal with another message."""
        return RefusedError(
            message,
            vendor=self.vendor,
            endpoint=self.endpoint,
            status=self.status,
            may_have_arrived=self.may_have_arrived,
            answer=self.answer,
            problems=self.problems,
            receipts=receipts,
        )


def explained(
    error: WattbridgeError, body: bytes, *, secrets: Collection[str], personal: Collection[str]
) -> WattbridgeError:
    """Return what a failed answer means with the cloud's own reasons; neither secrets nor personal texts show in it."""
    # The longer texts also as they would stand in a form or in JSON; short ones would be found in the midst of words.
    secrets = (*secrets, *(text for text in personal if len(text) >= _LONG_TEXT))
    problems = _read_problems(body, secrets, personal)
    said = "; ".join(map(str, problems)) if problems else _hide(excerpt(body, secrets) or "", (), personal)
    error.answer = said or None
    if type(error) is not RejectedError:
        return error
    return RefusedError(
        f"{error.reason}: {said}" if problems else error.reason,
        vendor=error.vendor,
        endpoint=error.endpoint,
        status=error.status,
        answer=error.answer,
        problems=problems,
    )


def _read_problems(body: bytes, secrets: Collection[str], personal: Collection[str]) -> tuple[Problem, ...]:
    """Read FastAPI's `detail`; nothing if the answer has none that can be read."""
    try:
        answer = json.loads(body)
    except ValueError, RecursionError:
        return ()
    detail = answer.get("detail") if isinstance(answer, dict) else None
    if isinstance(detail, str):
        detail = [{"msg": detail}]
    found = [item for item in detail if isinstance(item, dict)] if isinstance(detail, list) else []
    problems = tuple(_read_problem(item, secrets, personal) for item in found[:_MOST_PROBLEMS])
    more = len(found) - len(problems)
    return (*problems, Problem("", f"and {more} more")) if more else problems


def _read_problem(item: dict[str, object], secrets: Collection[str], personal: Collection[str]) -> Problem:
    """Read one complaint; of its `input` only what must be kept out of the rest is looked at."""
    sent = texts_in(item.get("input"))
    where, message = item.get("loc"), item.get("msg")
    steps = [str(step) for step in where] if isinstance(where, list) else []
    hidden = {text.casefold() for text in (*secrets, *personal)}
    # A path is made of the names of fields and of numbers; a key of ours could be anything else.
    path = ".".join(step if _STEP.fullmatch(step) and step.casefold() not in hidden else _HIDDEN for step in steps)
    reason = excerpt(message, secrets) if isinstance(message, str) else None
    return Problem(path, _hide(reason or "is refused", sent, personal))


def _hide(text: str, sent: Collection[str], personal: Collection[str]) -> str:
    """Take what was sent out of a text, however it is capitalised; of personal texts also their longer words."""
    for whole in sorted({one.strip() for one in (*sent, *personal)}, key=len, reverse=True):
        if len(whole) >= _SHORTEST_TEXT and whole.casefold() in text.casefold():
            text = re.sub(rf"(?<!\w){re.escape(whole)}(?!\w)", _HIDDEN, text, flags=re.IGNORECASE)
    words = {word.casefold() for one in personal for word in _WORD.findall(one) if len(word) >= _SHORTEST_WORD}
    return _WORD.sub(lambda found: _HIDDEN if found[0].casefold() in words else found[0], text)
