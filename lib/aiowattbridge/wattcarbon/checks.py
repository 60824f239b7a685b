"""Checks that all values which go out share; each raises a ValueError that begins with the field's name."""

import json
from collections.abc import Collection, Mapping
from math import isfinite
from urllib.parse import quote


def check_text(name: str, text: object) -> None:
    """Refuse a text that is given and says nothing."""
    if text is not None and (not isinstance(text, str) or not text.strip()):
        raise ValueError(f"{name}: has to be a text that is not empty")


def check_number(name: str, number: object, low: float, high: float = float("inf")) -> None:
    """Refuse a number that is given and not finite or outside of its range, whose ends belong to it."""
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int | float) or not isfinite(number):
        raise ValueError(f"{name}: has to be a finite number")
    if not low <= number <= high:
        raise ValueError(f"{name}: has to be {f'{low:g} or more' if high == float('inf') else f'{low:g} to {high:g}'}")


def check_extra(extra: Mapping[str, object], taken: Collection[str]) -> None:
    """Refuse further fields that are no JSON, or that have a place of their own."""
    for name in extra:
        if name in taken:
            raise ValueError(f"extra: holds {name}, which has a field of its own")
    try:
        json.dumps(dict(extra), allow_nan=False)
    except TypeError, ValueError:
        raise ValueError("extra: has to hold JSON values") from None


def texts_in(value: object) -> list[str]:
    """Return every text and number inside a piece of JSON, however deep it is."""
    found: list[str] = []
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            left.extend(inner.values())
        elif isinstance(inner, list):
            left.extend(inner)
        elif inner is not None and not isinstance(inner, bool):
            found.append(str(inner))
    return found


def escaped_id(name: str, given: str) -> str:
    """Return an id as one part of a path; refuses what would change the path."""
    check_text(name, given)
    if given in (".", ".."):
        raise ValueError(f"{name}: has to be an id")
    return quote(given, safe="")
