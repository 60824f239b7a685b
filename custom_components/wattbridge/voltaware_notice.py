"""A notice for homes that produce energy: the vendor says that its figures are not made for them."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .data import WattbridgeConfigEntry
from .ids import device_hash
from .voltaware_coordinator import VoltawareCoordinator

PRODUCES_ENERGY: Final = "produces_energy"


@callback
def async_follow_producers(
    hass: HomeAssistant, entry: WattbridgeConfigEntry, coordinator: VoltawareCoordinator
) -> None:
    """Keep a notice for every meter of a home that produces energy, as long as it does."""

    @callback
    def update() -> None:
        for device_id, snapshot in coordinator.data.items():
            if snapshot.produces_energy:
                ir.async_create_issue(
                    hass,
                    DOMAIN,
                    _issue_id(entry, device_id),
                    is_fixable=False,
                    severity=ir.IssueSeverity.WARNING,
                    translation_key=PRODUCES_ENERGY,
                    translation_placeholders={"meter": snapshot.name},
                )
        _forget(hass, entry, {id_ for id_, known in coordinator.data.items() if known.produces_energy is not False})

    update()
    entry.async_on_unload(coordinator.async_add_listener(update))


@callback
def async_forget_producers(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Take back the notices of an account that is removed.

    At an unload they stay: one that somebody has ignored would come again with the next start.
    """
    _forget(hass, entry, set())


def _forget(hass: HomeAssistant, entry: WattbridgeConfigEntry, but_of: set[str]) -> None:
    kept = {_issue_id(entry, device_id) for device_id in but_of}
    prefix = f"{PRODUCES_ENERGY}_{entry.entry_id}_"
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(prefix) and issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_id(entry: WattbridgeConfigEntry, device_id: str) -> str:
    return f"{PRODUCES_ENERGY}_{entry.entry_id}_{device_hash(device_id)}"
