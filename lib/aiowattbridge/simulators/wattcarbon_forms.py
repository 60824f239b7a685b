"""How a file travels to the WattCarbon cloud: in a multipart form, or as the body itself."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .wattcarbon_refusals import MALFORMED, Problem, Unwanted, missing, problem, unprocessable

if TYPE_CHECKING:
    from .server import Call

type Encoding = Literal["multipart", "raw"]

ENCODINGS: dict[str, Encoding] = {"multipart/form-data": "multipart", "text/csv": "raw"}
CSV = "text/csv"
FILE = ("body", "file")
NOT_TAKEN = "encodings_refused"
BOUNDARY = re.compile(r';\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))\s*(?:;|$)', re.IGNORECASE)
PARAMETER = re.compile(r';\s*([\w*-]+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a multipart form."""

    name: str
    filename: str | None
    content_type: str
    body: bytes


def read_upload(
    call: Call, taken: Literal["multipart", "raw", "both"], refusal: Literal[415, 422], max_bytes: int
) -> tuple[bytes, Encoding]:
    """Take the file out of an upload, if it comes in a way that this cloud takes."""
    encoding = ENCODINGS.get(call.content_type)
    if encoding is None or taken not in (encoding, "both"):
        # A client has to find out which way is taken; a content type that is never right is a mistake.
        tally = MALFORMED if encoding is None else NOT_TAKEN
        if refusal == 415:  # noqa: PLR2004 - the status is the option
            raise Unwanted(415, "This kind of body is not taken.", tally=tally)
        raise unprocessable(missing(*FILE), tally=tally)
    content = call.body if encoding == "raw" else _file_of(call)
    if len(content) > max_bytes:
        raise Unwanted(413, f"The file is larger than {max_bytes} bytes.")
    return content, encoding


def _file_of(call: Call) -> bytes:
    """Find the one file in the form."""
    parts = multipart_parts(call.headers.get("Content-Type", ""), call.body)
    files = [part for part in parts if part.name == "file"]
    problems: list[Problem] = [
        problem(("body", part.name), "This field is not known.", "extra_forbidden")
        for part in parts
        if part.name != "file"
    ]
    if not files:
        problems.append(missing(*FILE))
    elif len(files) > 1:
        problems.append(problem(FILE, "One file at a time."))
    elif not files[0].filename:
        problems.append(problem(FILE, "This has to be a file with a name."))
    elif files[0].content_type.partition(";")[0].strip().lower() != CSV:
        problems.append(problem(FILE, f"The file has to be {CSV}."))
    if problems:
        raise unprocessable(*problems)
    return files[0].body


def multipart_parts(content_type: str, body: bytes) -> list[Part]:
    """Cut a multipart/form-data body into its parts by the letter of RFC 7578, without preamble or epilogue."""
    found = BOUNDARY.search(content_type)
    if found is None:
        raise _unreadable()
    dash_boundary = b"--" + (found[1] or found[2]).encode()
    whole = body.removesuffix(b"\r\n")
    closing = b"\r\n" + dash_boundary + b"--"
    if not whole.startswith(dash_boundary + b"\r\n") or not whole.endswith(closing):
        raise _unreadable()
    inner = whole[len(dash_boundary) + 2 : -len(closing)]
    return [_part(piece) for piece in inner.split(b"\r\n" + dash_boundary + b"\r\n")]


def _part(piece: bytes) -> Part:
    """Read the headers of a part."""
    head, separator, body = piece.partition(b"\r\n\r\n")
    headers: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            raise _unreadable()
        headers[name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    parameters = {name.lower(): value for name, value in PARAMETER.findall(disposition)}
    is_field = disposition.partition(";")[0].strip().lower() == "form-data" and "name" in parameters
    if not separator or not is_field or "content-transfer-encoding" in headers:
        raise _unreadable()
    return Part(parameters["name"], parameters.get("filename"), headers.get("content-type", ""), body)


def _unreadable() -> Unwanted:
    """Refuse a form that is none."""
    return Unwanted(400, "The form in the body cannot be read.")
