"""Sends series as CSV, batch by batch, and finds out how this cloud wants a CSV to be put into a request.

The guide says where a CSV goes and what is in it, not how it is encoded. So it goes as a form with a file first; a
cloud that cannot do with that gets the text itself, and from then on always what it took. An upload replaces what is
there of the same hours, so a batch whose answer was lost is repeated without harm.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from ..answer import excerpt
from ..errors import RejectedError, ResponseError, WattbridgeError
from ..transport import Answer
from .batches import Batch
from .door import VENDOR
from .receipts import Encoding, UploadReceipt
from .rejections import RefusedError

_FILE_FIELD: Final = "file"
_FILE_NAME: Final = "timeseries.csv"
_CSV: Final = "text/csv"
# A CSV of times and numbers holds no letter of this, so it cannot hold the boundary.
_BOUNDARY: Final = "wattbridge-end-of-file"

_UNSUPPORTED_MEDIA_TYPE: Final = 415
_UNPROCESSABLE: Final = 422
_FILE_WORDS: Final = ("file", "body", "form", "multipart", "content-type", "media type")


@dataclass(frozen=True, slots=True)
class Payload:
    """A CSV as the body of a request."""

    encoding: Encoding
    headers: Mapping[str, str]
    data: bytes


type Post = Callable[[Payload], Awaitable[Answer]]
"""Posts a payload to where it belongs; it may be repeated."""


def taken(answer: Answer, endpoint: str) -> Answer:
    """Return an answer that may be the cloud's own, whatever it says; raises ResponseError for a page of HTML."""
    if answer.body.lstrip().startswith(b"<"):
        message = "the answer is a page of HTML or XML"
        raise ResponseError(message, vendor=VENDOR, endpoint=endpoint, status=answer.status, may_have_arrived=True)
    return answer


def encode(text: bytes, encoding: Encoding) -> Payload:
    """Put a CSV into the body of a request."""
    if encoding is Encoding.RAW:
        return Payload(encoding, {"Content-Type": _CSV}, text)
    head = (
        f"--{_BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="{_FILE_FIELD}"; filename="{_FILE_NAME}"\r\n'
        f"Content-Type: {_CSV}\r\n\r\n"
    )
    data = head.encode("ascii") + text + f"\r\n--{_BOUNDARY}--\r\n".encode("ascii")
    return Payload(encoding, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}, data)


class CsvDoor:
    """One of the cloud's places for CSV: it remembers the encoding that was taken there."""

    def __init__(self) -> None:
        """Know of no encoding yet."""
        self._taken: Encoding | None = None

    async def deliver(self, text: bytes, post: Post) -> tuple[Answer, Encoding]:
        """Post a CSV in the encoding this door takes; raises what the cloud has against the CSV itself."""
        first = self._taken or Encoding.MULTIPART
        try:
            return await self._post(text, first, post)
        except RefusedError as error:
            if self._taken is not None or not _complains_of_body(error):
                raise
            refusal = error
        try:
            return await self._post(text, Encoding.RAW, post)
        except RejectedError:
            # Neither is wanted: the first refusal is the one of the documented kind of request.
            raise refusal from None

    async def _post(self, text: bytes, encoding: Encoding, post: Post) -> tuple[Answer, Encoding]:
        """Post in one encoding, and remember it if it was taken."""
        answer = await post(encode(text, encoding))
        self._taken = encoding
        return answer, encoding


def _complains_of_body(error: RefusedError) -> bool:
    """Tell a complaint of how the body is encoded, or what may be one, from one of what is in it."""
    if error.status == _UNSUPPORTED_MEDIA_TYPE:
        return True
    if error.status != _UNPROCESSABLE:
        return False
    return any(
        problem.path in ("body", f"body.{_FILE_FIELD}")
        or (not problem.path and any(word in problem.reason.lower() for word in _FILE_WORDS))
        for problem in error.problems
    )


async def upload(
    batches: AsyncGenerator[Batch], door: CsvDoor, post: Post, secrets: Callable[[], Collection[str]]
) -> AsyncGenerator[UploadReceipt]:
    """Send batch after batch, and yield a receipt for each; every error says how far the upload got."""
    receipts: list[UploadReceipt] = []
    try:
        async with aclosing(batches):
            async for batch in batches:
                answer, encoding = await door.deliver(batch.to_csv(), post)
                receipts.append(batch.receipt(encoding, answer.status, excerpt(answer.body, secrets())))
                yield receipts[-1]
    except RefusedError as error:
        refusal = error.again(f"{error.reason} ({_progress(receipts)})", tuple(receipts))
    except (WattbridgeError, ValueError) as error:
        error.add_note(_progress(receipts))
        raise
    else:
        return
    raise refusal


def _progress(receipts: list[UploadReceipt]) -> str:
    """Say how far an upload got."""
    if not receipts:
        return "nothing was uploaded before"
    return (
        f"{sum(receipt.rows for receipt in receipts)} rows up to {receipts[-1].last.isoformat()} were uploaded before"
    )
