"""The repairs of a stream: one for its problem, and one for each thing that somebody should look at."""

from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import CONF_VENDOR, DOMAIN
from ..local_time import NOTHING_KNOWN, local_time
from ..vendors import VENDORS
from .model import Notice, Problem

type Matter = Problem | Notice

# Of credentials Home Assistant asks itself; a cloud that cannot be reached comes back, and entities tell of it.
_ELSEWHERE: Final = {Problem.CREDENTIALS, Problem.CANNOT_CONNECT}
ISSUES: Final[frozenset[Matter]] = frozenset({*Problem, *Notice}) - _ELSEWHERE
# Only a newer version can read what a newer version wrote: there is nothing to choose.
FIXABLE: Final = ISSUES - {Problem.CURSOR_NEWER}


@callback
def async_show_issue(
    hass: HomeAssistant, entry: ConfigEntry, subentry_id: str, what: Matter, detail: str | None
) -> None:
    """Show a problem or a notice of a stream, if there is a repair for it."""
    if what not in ISSUES or (subentry := entry.subentries.get(subentry_id)) is None:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(subentry_id, what),
        data={"entry_id": entry.entry_id, "subentry_id": subentry_id, "about": what.value},
        is_fixable=what in FIXABLE,
        severity=ir.IssueSeverity.WARNING if isinstance(what, Notice) else ir.IssueSeverity.ERROR,
        translation_key=f"stream_{what}",
        translation_placeholders={
            "stream": subentry.title,
            "cloud": VENDORS[entry.data[CONF_VENDOR]].name,
            "detail": detail_text(detail),
        },
    )


@callback
def async_take_back_issue(hass: HomeAssistant, subentry_id: str, what: Matter) -> None:
    """Show it no longer."""
    ir.async_delete_issue(hass, DOMAIN, _issue_id(subentry_id, what))


def detail_text(detail: str | None) -> str:
    """Write a detail as people read it: a time in their zone, anything else as it is."""
    if not detail:
        return NOTHING_KNOWN
    try:
        time = datetime.fromisoformat(detail)
    except ValueError:
        return detail
    return detail if time.utcoffset() is None else local_time(time)


def _issue_id(subentry_id: str, what: Matter) -> str:
    return f"{subentry_id}_{what}"
