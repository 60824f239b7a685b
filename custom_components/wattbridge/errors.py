"""The one translation of the library's errors into Home Assistant's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .aiowattbridge.errors import CredentialsError, RejectedError, ResponseError, TryLaterError, WattbridgeError
from .const import DOMAIN

# A cloud may ask us to wait for hours; the coordinator looks again at least this often.
LONGEST_PAUSE_S = 3600.0


def error_key(err: WattbridgeError) -> str:
    """Name the kind of failure: the key of a flow error and, with its prefix, of an exception's text."""
    match err:
        case CredentialsError():
            return "invalid_auth"
        case TryLaterError():
            return "cannot_connect"
        case RejectedError():
            return "request_rejected"
        case ResponseError():
            return "answer_unreadable"
        case _:
            return "unknown"


class Translation(TypedDict):
    """The arguments with which Home Assistant's errors find their text."""

    translation_domain: str
    translation_key: str
    translation_placeholders: dict[str, str]


def _translation(err: WattbridgeError) -> Translation:
    return Translation(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"vendor": err.vendor, "reason": err.reason},
    )


@contextmanager
def translated_setup_errors() -> Iterator[None]:
    """Turn the library's errors into those that setting up a config entry may raise.

    Only refused credentials are final: a refusal or a page of HTML may be a cloud's bad day.
    """
    try:
        yield
    except CredentialsError as err:
        raise ConfigEntryAuthFailed(**_translation(err)) from err
    except WattbridgeError as err:
        raise ConfigEntryNotReady(**_translation(err)) from err


@contextmanager
def translated_update_errors() -> Iterator[None]:
    """Turn the library's errors into those that a coordinator's update may raise."""
    try:
        yield
    except CredentialsError as err:
        raise ConfigEntryAuthFailed(**_translation(err)) from err
    except TryLaterError as err:
        pause_s = None if err.retry_after_s is None else min(err.retry_after_s, LONGEST_PAUSE_S)
        raise UpdateFailed(retry_after=pause_s, **_translation(err)) from err
    except WattbridgeError as err:
        raise UpdateFailed(**_translation(err)) from err


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the library's errors into those that an action may raise."""
    try:
        yield
    except WattbridgeError as err:
        raise HomeAssistantError(**_translation(err)) from err
