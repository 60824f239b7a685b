"""What metadata is checked with before it is sent; every message begins with the field and says what is accepted."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError


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


def read_strictly[T](data: object, adapter: TypeAdapter[T], known: Collection[str], what: str) -> T:
    """Read an object that somebody wrote by hand: an unknown or malformed field is an error that names it."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{what}: has to be a JSON object")  # noqa: TRY004 - one kind of error for every bad field
    if unknown := sorted(str(name) for name in data if name not in known):
        raise ValueError(f"{unknown[0]}: is no field of {what}, which has {', '.join(sorted(known))}")
    problem = ""
    try:
        return adapter.validate_python(dict(data))
    except ValidationError as error:
        first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
        problem = f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].lower()}"
    # Raised out here: pydantic's error quotes what was given, and as a context it would travel with ours.
    raise ValueError(problem)
