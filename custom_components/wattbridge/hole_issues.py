"""Tells the user of hours that a cloud does not have, and that nobody can fill: an issue for each device."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from .data import WattbridgeConfigEntry
from .gaps import Stretches
from .ids import device_hash
from .progress import Hole

PREFIX: Final = "holes_"
# Readings may be on their way for so long; after that, a hole is one that the user should know of.
CONFIRMED_AFTER: Final = timedelta(hours=48)
# An ignored issue remembers so many of its holes, the newest; older ones are never news.
REMEMBERED: Final = 200


@callback
def async_report_holes(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, device_id: str, holes: Sequence[Hole]
) -> None:
    """Raise, renew or withdraw the issue of a device; one that was ignored comes back when there is a new hole."""
    issue_id = _issue_id(entry, device_id)
    confirmed = [hole for hole in holes if hole.end <= dt_util.utcnow() - CONFIRMED_AFTER]
    if not confirmed:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    known = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    told = _read(str(known.data["holes"])) if known is not None and known.data is not None else None
    if told is not None and _has_news(confirmed, told):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        # Not kept over a restart: Home Assistant puts kept issues into every download of diagnostics, names included.
        is_persistent=False,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="history_holes",
        translation_placeholders={
            "name": entry.data[CONF_DEVICES][device_id]["name"],
            "hours": str(sum((hole.end - hole.start) // timedelta(hours=1) for hole in confirmed)),
            "count": str(len(confirmed)),
            "first": _local(confirmed[0].start),
            "last": _local(confirmed[-1].end),
        },
        data={"entry_id": entry.entry_id, "holes": _write(confirmed)},
    )


@callback
def async_forget_holes(hass: HomeAssistant, entry: WattbridgeConfigEntry, device_ids: Collection[str]) -> None:
    """Withdraw the issues of an account, but for those of the devices that it still has."""
    kept = {_issue_id(entry, device_id) for device_id in device_ids}
    for issue in list(ir.async_get(hass).issues.values()):
        is_ours = issue.domain == DOMAIN and issue.issue_id.startswith(PREFIX)
        is_its = issue.data is not None and issue.data.get("entry_id") == entry.entry_id
        if is_ours and is_its and issue.issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue.issue_id)


def _issue_id(entry: WattbridgeConfigEntry, device_id: str) -> str:
    # The id may be seen in places where a meter's number should not be.
    return f"{PREFIX}{entry.data[CONF_VENDOR]}_{device_hash(device_id)}"


def _local(moment: datetime) -> str:
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")


def _has_news(holes: Sequence[Hole], told: Stretches) -> bool:
    oldest_s = told.first_s or 0
    return any(
        end_s > oldest_s and bool(len(told.missing(max(start_s, oldest_s), end_s))) for start_s, end_s in _epoch(holes)
    )


def _epoch(holes: Sequence[Hole]) -> Iterator[tuple[int, int]]:
    for hole in holes:
        yield int(hole.start.timestamp()), int(hole.end.timestamp())


def _write(holes: Sequence[Hole]) -> str:
    return " ".join(f"{start_s}-{end_s}" for start_s, end_s in _epoch(holes[-REMEMBERED:]))


def _read(text: str) -> Stretches:
    edges = (stretch.split("-") for stretch in text.split())
    return Stretches((int(start), int(end)) for start, end in edges)
