"""Tells which of our statistics to choose where in the Energy settings, until they are used there."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from homeassistant.components.energy import DOMAIN as ENERGY
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.hass_dict import HassKey

from .const import CONF_DEVICES, CONF_VENDOR, DOMAIN
from .data import SourceRuntime, WattbridgeConfigEntry
from .ids import device_hash
from .vendors import CARBONTRACK, VOLTAWARE
from .vendors.carbontrack import EXPORT, GENERATION, USAGE, series_id
from .vendors.voltaware import total_id

PREFIX: Final = "wire_"
ENERGY_SETTINGS: Final = "homeassistant://config/energy"
PLACE: Final = "energy_place"
# A channel against its direction: only whoever has wired the channel knows what that is.
NO_PLACE: Final = "_reverse"


@dataclass(slots=True)
class EnergyUse:
    """What the Energy settings use, as far as they can be read; whoever depends on it is told of changes."""

    statistic_ids: frozenset[str] = frozenset()
    has_grid: bool = False
    listeners: list[Callable[[], None]] = field(default_factory=list)

    @callback
    def async_read(self, preferences: Any) -> None:
        """Take the settings as they are now (None: nobody has made any), and tell."""
        known = preferences or {}
        sources = known.get("energy_sources", ())
        self.statistic_ids = frozenset(_named([*sources, *known.get("device_consumption", ())]))
        self.has_grid = any(source["type"] == "grid" for source in sources)
        for listener in list(self.listeners):
            listener()


def _named(choices: Collection[Any]) -> Iterator[str]:
    """Name the statistics of energy that some choices are about, in whichever direction it flows."""
    for choice in choices:
        yield from (
            value
            for key, value in choice.items()
            if key.startswith(("stat_energy", "stat_consumption")) and isinstance(value, str)
        )


_ENERGY_USE: Final[HassKey[EnergyUse]] = HassKey(f"{DOMAIN}_energy_use")


async def _async_energy_use(hass: HomeAssistant) -> EnergyUse | None:
    """Read the settings, and follow them from now on; None without the dashboard: there is nothing to wire.

    Their listeners cannot be taken off, so there is one for all accounts.
    """
    if ENERGY not in hass.config.components:
        return None
    if (known := hass.data.get(_ENERGY_USE)) is not None:
        return known
    use = EnergyUse()
    hass.data[_ENERGY_USE] = use
    manager = await async_get_manager(hass)

    async def changed() -> None:
        use.async_read(manager.data)

    manager.async_listen_updates(changed)
    use.async_read(manager.data)
    return use


class WiringHelp:
    """The notices of one account: one for each device whose history is whole, and of which nothing is used yet."""

    def __init__(
        self, hass: HomeAssistant, entry: WattbridgeConfigEntry, runtime: SourceRuntime, texts: dict[str, str]
    ) -> None:
        """Be about an account; `texts` name the places in the Energy settings."""
        self._hass = hass
        self._entry = entry
        self._history = runtime.history
        self._texts = texts
        self._vendor: str = entry.data[CONF_VENDOR]

    @callback
    def async_update(self, device_id: str, use: EnergyUse) -> None:
        """Raise, renew or take back the notice of a device."""
        ids = self._history.statistic_ids_of(device_id)
        if not use.statistic_ids.isdisjoint(ids):
            ir.async_delete_issue(self._hass, DOMAIN, _issue_id(self._entry, device_id))
        elif ids and self._history.device_progress(device_id).complete:
            self._raise(device_id, self._entry.data[CONF_DEVICES][device_id]["name"], use)

    def _raise(self, device_id: str, name: str, use: EnergyUse) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            _issue_id(self._entry, device_id),
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=self._translation_key(use),
            translation_placeholders={"name": name, "list": "\n".join(self._lines(device_id))},
            learn_more_url=ENERGY_SETTINGS,
        )

    def _translation_key(self, use: EnergyUse) -> str:
        """Tell how a device is wired: a second meter of the same home is never a second grid."""
        if self._vendor == CARBONTRACK.key:
            return "wire_carbontrack"
        entries = self._hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        has_grid = use.has_grid or any(entry.data[CONF_VENDOR] == CARBONTRACK.key for entry in entries)
        return "wire_voltaware_beside" if has_grid else "wire_voltaware"

    def _lines(self, device_id: str) -> Iterator[str]:
        places = {series_id(device_id, series): series.key for series in (USAGE, EXPORT, GENERATION)}
        if self._vendor == VOLTAWARE.key:
            places = {total_id(device_id): "total"}
        for statistic_id, name in self._history.names_of(device_id).items():
            if not statistic_id.endswith(NO_PLACE):
                place = self._texts[f"component.{DOMAIN}.selector.{PLACE}.options.{places.get(statistic_id, 'device')}"]
                yield f"- {place}: **{name}** (`{statistic_id}`)"


async def async_help_with_wiring(hass: HomeAssistant, entry: WattbridgeConfigEntry, runtime: SourceRuntime) -> None:
    """Help with the wiring of an account's devices for as long as it is loaded."""
    if (use := await _async_energy_use(hass)) is None:
        return
    texts = await async_get_translations(hass, hass.config.language, "selector", {DOMAIN})
    guide = WiringHelp(hass, entry, runtime, texts)
    _forget(hass, entry, entry.data[CONF_DEVICES])
    for device_id in entry.data[CONF_DEVICES]:
        update = partial(guide.async_update, device_id, use)
        use.listeners.append(update)
        entry.async_on_unload(partial(use.listeners.remove, update))
        entry.async_on_unload(runtime.history.async_add_listener(update, device_id))
        update()


@callback
def async_forget_wiring(hass: HomeAssistant, entry: WattbridgeConfigEntry) -> None:
    """Take back the notices of an account that is removed.

    At an unload they stay: one that somebody has ignored would come again with the next start.
    """
    _forget(hass, entry, ())


def _forget(hass: HomeAssistant, entry: WattbridgeConfigEntry, but_of: Collection[str]) -> None:
    kept = {_issue_id(entry, device_id) for device_id in but_of}
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(_prefix(entry)) and issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _issue_id(entry: WattbridgeConfigEntry, device_id: str) -> str:
    # The id may be seen in places where a meter's number should not be.
    return f"{_prefix(entry)}{device_hash(device_id)}"


def _prefix(entry: WattbridgeConfigEntry) -> str:
    return f"{PREFIX}{entry.entry_id}_"
