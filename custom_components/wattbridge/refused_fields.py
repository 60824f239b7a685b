"""What is wrong with the description of an asset or a meter, at the fields of the form it was typed into."""

from collections.abc import Collection
from typing import Final

from .aiowattbridge.wattcarbon import Problem, RefusedError

# The library's names of what is asked for under another one, or in parts.
_FIELDS: Final = {
    "device_owner.name": "owner_name",
    "device_owner": "owner_name",
    "extra": "further",
    "kind": "kind_name",
    "location": "street",
    "meter_type": "target_kind",
}
_CONFLICT: Final = 409
# Where FastAPI found what it complains of.
_BODY: Final = "body"


def invalid_field_errors(error: ValueError, shown: Collection[str]) -> tuple[dict[str, str], str]:
    """Return the form's errors of a value that the library refuses, and its reason."""
    name, _, reason = str(error).partition(": ")
    errors: dict[str, str] = {}
    errors[_shown_as(name, shown)] = "field_invalid"
    return errors, reason


def refused_field_errors(error: RefusedError, shown: Collection[str]) -> tuple[dict[str, str], str]:
    """Return the form's errors of a request that the cloud refuses, and its reasons."""
    errors: dict[str, str] = {}
    if error.status == _CONFLICT:
        errors[_shown_as("custom_id", shown)] = "custom_id_taken"
        return errors, error.reason
    fields = {_shown_as(_snake_case(problem.path), shown) for problem in error.problems} or {"base"}
    for field in fields:
        errors[field] = "field_refused" if len(fields) == 1 else "field_at_fault"
    if len(fields) > 1:
        # All reasons stand above the form, where there is room for them.
        errors["base"] = "field_refused"
    return errors, "; ".join(_reason(problem) for problem in error.problems) or error.reason


def _reason(problem: Problem) -> str:
    """Write a complaint as short as it may be, beginning with the name of the field."""
    return str(problem).removeprefix(f"{_BODY}.")


def _snake_case(path: str) -> str:
    """Write the path of a field as the library does: `body.deviceOwner.name` is `device_owner.name`."""
    steps = path.removeprefix(_BODY).removeprefix(".")
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in steps)


def _shown_as(path: str, shown: Collection[str]) -> str:
    """Find the field of the form that a path belongs to: that of the last step which has one."""
    steps = path.split(".")
    names = [_FIELDS.get(path, path), *reversed(steps), *(_FIELDS.get(step, step) for step in steps)]
    return next((name for name in names if name in shown), "base")
