"""How the WattCarbon cloud says no: FastAPI's `detail`, a sentence or a list of what is wrong where."""

from typing import TYPE_CHECKING

from .replies import Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

type Problem = dict[str, object]
type Place = tuple[str | int, ...]

MALFORMED = "malformed"
UNAUTHORISED = "unauthorised"
NOT_FOUND = "not_found"


class Unwanted(Exception):  # noqa: N818 - it is an answer, not a mistake of the simulator
    """The request is not as documented, or not allowed; `tally` names the counter of the report it belongs to."""

    def __init__(
        self,
        status: int,
        detail: str | list[Problem],
        *,
        tally: str = MALFORMED,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what to answer."""
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.tally = tally
        self.headers = headers or {}

    @property
    def reply(self) -> Reply:
        """Write the answer."""
        return json_reply({"detail": self.detail}, self.status, self.headers)


def problem(place: Place, message: str, kind: str = "value_error", *, given: object = None) -> Problem:
    """Name a place in the request, what is wrong there, and echo what was given, as the framework does."""
    return {"type": kind, "loc": list(place), "msg": message, "input": given}


def missing(*place: str | int, given: object = None) -> Problem:
    """Name a field that is not there."""
    return problem(place, "Field required", "missing", given=given)


def unprocessable(*problems: Problem, tally: str = MALFORMED) -> Unwanted:
    """Refuse a request whose parts are wrong."""
    return Unwanted(422, list(problems), tally=tally)


def no_such_resource() -> Unwanted:
    """Answer a path that the service does not have."""
    return Unwanted(404, "Not Found", tally=NOT_FOUND)


def no_such_thing(noun: str) -> Unwanted:
    """Answer an id that nothing of this account has."""
    return Unwanted(404, f"{noun} not found", tally=NOT_FOUND)
