"""The INI file of the vendor's own CSV uploader: three sections that say what is sent where, read with care."""

import configparser
import logging
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Final

from ..transport import check_base_url
from .csv_channel import ChannelType, CsvChannel

LOGS: Final = "Logs"
CLOUD: Final = "Web DC"
GENERAL: Final = "General"
_PATH: Final = "/measurements/v2/unifiedjson"
_KEYS: Final = {
    "path": f"[{GENERAL}] Filename",
    "stream_id": f"[{GENERAL}] ChannelReference",
    "minutes_shift": f"[{GENERAL}] MinutesShift",
    "minutes_in_slot": f"[{GENERAL}] MinutesInSlot",
}
_DEFAULT_LEVEL: Final = "INFO"


class IniError(ValueError):
    """The file cannot be used; the message names the section, the key, and what is accepted, never the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSettings:
    """What an INI file says: the channel, the login, the collector's base URL, and what to log where."""

    channel: CsvChannel
    username: str = field(repr=False)
    password: str = field(repr=False)
    base_url: str
    log_level: str
    log_path: Path | None


def read_ini(path: Path, zone: tzinfo = UTC) -> UploadSettings:
    """Read an INI file; `zone` is the one its CSV's times are in. Raises IniError, and OSError.

    `~` is the home directory. A relative CSV path is relative to the working directory, not to the INI file.
    """
    ini = _Ini(path.expanduser())
    base_url = _base_url(ini.required(CLOUD, "URL"))
    username, password = ini.required(CLOUD, "Username"), ini.required(CLOUD, "Password")
    if ":" in username:
        raise IniError(f"[{CLOUD}] Username: must not hold a colon")
    try:
        channel = CsvChannel(
            Path(ini.required(GENERAL, "Filename")).expanduser(),
            ini.required(GENERAL, "ChannelReference"),
            _channel_type(ini.required(GENERAL, "ChannelType")),
            zone,
            ini.minutes("MinutesShift"),
            ini.minutes("MinutesInSlot"),
            base_url,
        )
    except IniError:
        raise
    except ValueError as error:
        name, _, reason = str(error).partition(": ")
        raise IniError(f"{_KEYS[name]}: {reason}") from None
    log_path = ini.text(LOGS, "Filename")
    return UploadSettings(
        channel=channel,
        username=username,
        password=password,
        base_url=base_url,
        log_level=_level(ini.text(LOGS, "Level")),
        log_path=None if log_path is None else Path(log_path).expanduser(),
    )


class _Ini:
    """An INI file as text by section and key; a key without a value, or with an empty one, is not there."""

    def __init__(self, path: Path) -> None:
        """Read the file; its lines may hold a password, so that no error quotes them."""
        self._parser = configparser.ConfigParser(allow_no_value=True)
        content = path.read_bytes()
        try:
            self._parser.read_string(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise IniError(f"{path.name}: is not UTF-8") from None
        except configparser.Error as error:
            raise IniError(f"{path.name}: is no INI file{_where(error)}") from None

    def text(self, section: str, key: str) -> str | None:
        """Return a value, None where there is none."""
        try:
            text = self._parser.get(section, key, fallback=None)
        except configparser.InterpolationError:
            # A password may hold a lone %; only `%%` and `%(name)s` mean something else.
            text = self._parser.get(section, key, raw=True)
        return text or None

    def required(self, section: str, key: str) -> str:
        """Return a value that must be there."""
        if (text := self.text(section, key)) is None:
            missing = "is missing" if self._parser.has_section(section) else "is missing with its section"
            raise IniError(f"[{section}] {key}: {missing}")
        return text

    def minutes(self, key: str) -> int | None:
        """Return a number of minutes, None where there is none."""
        text = self.text(GENERAL, key)
        try:
            return None if text is None else int(text)
        except ValueError:
            raise IniError(f"[{GENERAL}] {key}: must be a whole number of minutes, or nothing") from None


def _where(error: configparser.Error) -> str:
    """Name the line an error is about, if it is about one."""
    # One kind of error has many lines, and a kind of that kind has one.
    errors = getattr(error, "errors", None)
    line = errors[0][0] if errors else getattr(error, "lineno", None)
    return "" if line is None else f" (line {line})"


def _base_url(text: str) -> str:
    """Accept the collector's whole URL, as the vendor's uploader wants it, or its base URL."""
    try:
        url = check_base_url(text)
    except ValueError as error:
        raise IniError(f"[{CLOUD}] URL: {error}") from None
    base_url, _, rest = url.partition(_PATH)
    if rest:
        raise IniError(f"[{CLOUD}] URL: must be the base URL or end in {_PATH}/ (times are sent with their offset)")
    return base_url


def _channel_type(text: str) -> ChannelType:
    """Accept the vendor's three types."""
    try:
        return ChannelType(text.lower())
    except ValueError:
        raise IniError(f"[{GENERAL}] ChannelType: must be one of {', '.join(ChannelType)}") from None


def _level(text: str | None) -> str:
    """Accept the names of Python's log levels."""
    level = (text or _DEFAULT_LEVEL).upper()
    names = logging.getLevelNamesMapping()
    if level not in names:
        raise IniError(f"[{LOGS}] Level: must be one of {', '.join(names)}")
    return level
