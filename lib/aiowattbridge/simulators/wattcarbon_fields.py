"""What the fields of WattCarbon's assets and meters may hold; a check lists what is wrong with a value."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from .checks import strict_json
from .wattcarbon_refusals import Place, Problem, missing, problem, unprocessable

if TYPE_CHECKING:
    from .server import Call

type Check = Callable[[object, Place], list[Problem]]

DECIMAL = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
ADDRESS = ("street", "city", "state", "country", "postalCode")
ADDRESS_NEEDED = ("street", "city")
COORDINATES = {"latitude": 90.0, "longitude": 180.0}


def read_object(call: Call) -> dict[str, object]:
    """Read a body that is one JSON object."""
    if call.content_type != "application/json":
        raise unprocessable(problem(("body",), "The body has to be an object.", "model_attributes_type"))
    try:
        body = strict_json(call.body)
    except ValueError as error:
        raise unprocessable(problem(("body", 0), "The body is no JSON.", "json_invalid")) from error
    if not isinstance(body, dict):
        raise unprocessable(problem(("body",), "The body has to be an object.", "model_attributes_type", given=body))
    return body


def check_fields(
    body: Mapping[str, object], checks: Mapping[str, Check], needed: tuple[str, ...], *, is_open: bool, place: Place
) -> list[Problem]:
    """List what is missing, wrong, and (unless the object is open) unknown."""
    problems = [missing(*place, name, given=dict(body)) for name in needed if name not in body]
    for name, value in body.items():
        if check := checks.get(name):
            problems.extend(check(value, (*place, name)))
        elif not is_open:
            problems.append(problem((*place, name), "This field is not known.", "extra_forbidden", given=value))
    return problems


def text(value: object, place: Place) -> list[Problem]:
    """Accept a text that is not blank."""
    if isinstance(value, str) and value.strip():
        return []
    return [problem(place, "This has to be a text.", "string_type", given=value)]


def one_of(*choices: str) -> Check:
    """Accept one of these texts."""

    def check(value: object, place: Place) -> list[Problem]:
        """Compare."""
        if isinstance(value, str) and value in choices:
            return []
        return [problem(place, f"This has to be one of {', '.join(choices)}.", "enum", given=value)]

    return check


def number_in(low: float, high: float = math.inf) -> Check:
    """Accept a finite number in a range, as JSON has it or as a decimal text."""

    def check(value: object, place: Place) -> list[Problem]:
        """Read and compare."""
        read = value
        if isinstance(value, str) and DECIMAL.fullmatch(value):
            read = float(value)
        if isinstance(read, bool) or not isinstance(read, int | float) or not abs(read) < math.inf:
            return [problem(place, "This has to be a number.", "float_parsing", given=value)]
        if not low <= read <= high:
            return [problem(place, "This number is out of range.", given=value)]
        return []

    return check


def flag(value: object, place: Place) -> list[Problem]:
    """Accept true and false."""
    return [] if isinstance(value, bool) else [problem(place, "This is true or false.", "bool_type", given=value)]


def day(value: object, place: Place) -> list[Problem]:
    """Accept a date such as 2022-08-01."""
    if isinstance(value, str) and DAY.fullmatch(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return []
    return [problem(place, "This has to be a date such as 2022-08-01.", "date_from_datetime_parsing", given=value)]


def owner(value: object, place: Place) -> list[Problem]:
    """Accept an object with a name."""
    if not isinstance(value, dict):
        return [problem(place, "The owner has to be an object.", "model_attributes_type", given=value)]
    return check_fields(value, {"name": text}, ("name",), is_open=False, place=place)


def location(value: object, place: Place) -> list[Problem]:
    """Accept a text, an address in its parts, or a pair of coordinates in degrees."""
    if isinstance(value, str):
        return text(value, place)
    if not isinstance(value, dict):
        return [problem(place, "This is a text, an address or a pair of coordinates.", "union_type", given=value)]
    if value.keys() & COORDINATES.keys():
        checks = {name: number_in(-most, most) for name, most in COORDINATES.items()}
        return check_fields(value, checks, tuple(COORDINATES), is_open=False, place=place)
    return check_fields(value, dict.fromkeys(ADDRESS, text), ADDRESS_NEEDED, is_open=False, place=place)
