"""What metadata is checked with before it is sent; every message begins with the field and says what is accepted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

VERSION: Final = "1.0"
"""The version of what is told of a home; the only one there is as yet."""


def check_choice(field: str, value: object, accepted: Sequence[str]) -> None:
    """Refuse what is none of the accepted words."""
    if value not in accepted:
        raise ValueError(f"{field}: has to be one of {', '.join(accepted)}")


def check_some(field: str, value: object, accepted: Sequence[str]) -> None:
    """Refuse what is no list of some of the accepted words, each once."""
    words = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    if not words or any(word not in accepted for word in words) or len(set(words)) != len(words):
        raise ValueError(f"{field}: has to be a list of one or more of {', '.join(accepted)}")


def check_whole(field: str, value: object, least: int) -> None:
    """Refuse what is no whole number, or too small."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{field}: has to be a whole number from {least} upwards")


def check_flag(field: str, value: object) -> None:
    """Refuse what is neither true nor false."""
    if not isinstance(value, bool):
        raise ValueError(f"{field}: has to be true or false")  # noqa: TRY004 - one kind of error for every bad field


def check_words(field: str, value: object) -> None:
    """Refuse what is no text."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{field}: has to be a text that is not empty")


def check_number(field: str, value: object, *, accepted: str, least: float, most: float) -> None:
    """Refuse what is no number, or lies beyond its bounds; `accepted` says in words what does not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ValueError(f"{field}: has to be {accepted}")


def check_version(value: object) -> None:
    """Refuse another version than the one we know, which may be left out."""
    if value not in (None, VERSION):
        raise ValueError(f'version: has to be "{VERSION}", or left out')


def check_object(what: str, value: object, known: Collection[str], *, below: str = "") -> Mapping[str, object]:
    """Return an object that has no other fields than these; `below` is where it lies in what is told."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: has to be a JSON object")  # noqa: TRY004 - one kind of error for every bad field
    if unknown := sorted(str(name) for name in value if name not in known):
        raise ValueError(f"{below}{unknown[0]}: is no field of {what}, which has {', '.join(sorted(known))}")
    return value
