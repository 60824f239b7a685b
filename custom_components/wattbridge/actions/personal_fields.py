"""What must not be given to an action, since Home Assistant records what actions are called with."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

_WORDS: Final = frozenset(
    {
        *("address", "street", "city", "town", "postal", "postcode", "zip", "zipcode", "parcel"),
        *("location", "place", "latitude", "longitude", "lat", "lon", "lng", "coordinates", "gps", "geo"),
        *("owner", "customer", "contact", "person", "tenant", "resident", "occupant", "household"),
        *("surname", "firstname", "lastname", "fullname", "email", "mail", "phone", "mobile", "telephone"),
        *("birthday", "birthdate", "iban", "ssn", "passport", "password", "token", "secret"),
    }
)
_PAIRS: Final = frozenset({("first", "name"), ("last", "name"), ("full", "name"), ("tax", "id"), ("api", "key")})
# Of a name in camel case, snake case or in plain words.
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAIL_ADDRESS: Final = re.compile(r"\S@\S+\.\S")


def personal_field(given: Mapping[str, object]) -> str | None:
    """Name the first field, however deep it is, that says who or where somebody is; None if none does."""
    return next((path for path, value in _fields(given, "") if _is_personal(path, value)), None)


def _fields(value: object, path: str) -> Iterator[tuple[str, object]]:
    """Yield everything inside of some JSON with the path of names to it."""
    if path:
        yield path, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner, path)


def _is_personal(path: str, value: object) -> bool:
    words = [word.lower() for word in _WORD.findall(path.rpartition(".")[2])]
    pairs = set(pairwise(words))
    is_mail_address = isinstance(value, str) and _MAIL_ADDRESS.search(value) is not None
    return bool(_WORDS & {*words, "".join(words)}) or bool(_PAIRS & pairs) or is_mail_address
