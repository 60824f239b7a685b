"""What the flows of all sources share: which devices an account has, and which another one has already."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult

from .const import CONF_DEVICES, CONF_LEFT_OUT, CONF_VENDOR

HIT_LIMIT = 100
# What helps to fill in a form is waited for no longer than this.
PREVIEW_S = 10.0
CONF_SEARCH_MORE = "search_more"


class SourceSteps(ConfigFlow):
    """Choosing the devices of an account that we read from; `async_finish` gets the complete entry data."""

    _data: dict[str, Any]
    _is_large: bool
    _chosen: list[str]

    def async_finish(
        self, title: str, data: dict[str, Any], options: Mapping[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Create or update the config entry."""
        raise NotImplementedError

    def _known_devices(self) -> dict[str, Any]:
        """Return the devices that the account being reconfigured has already."""
        if self.source != SOURCE_RECONFIGURE:
            return {}
        devices: dict[str, Any] = self._get_reconfigure_entry().data[CONF_DEVICES]
        return devices

    def _choice_error(self, chosen: Collection[str]) -> str | None:
        """Say what is wrong with a choice of devices: a series has one source."""
        if not chosen:
            return "no_device_chosen"
        own = self._get_reconfigure_entry().entry_id if self.source == SOURCE_RECONFIGURE else None
        others = [
            entry
            for entry in self._async_current_entries()
            if entry.entry_id != own and entry.data.get(CONF_VENDOR) == self._data[CONF_VENDOR]
        ]
        taken = any(device_id in entry.data.get(CONF_DEVICES, {}) for entry in others for device_id in chosen)
        return "device_taken" if taken else None

    def _suggested(self, listed: Iterable[str]) -> list[str]:
        """Suggest what was chosen so far, or the only one there is."""
        found = list(listed)
        return self._chosen or (found if len(found) == 1 else [])

    def _offered(self, listed: Iterable[str]) -> list[str]:
        """Offer what was found and what was chosen before: searches add up, and nothing is dropped unasked."""
        return list(dict.fromkeys([*self._chosen, *self._known_devices(), *listed]))

    def _keep_devices(self, devices: Mapping[str, Any], listed: Collection[str]) -> None:
        """Note the chosen devices, and those that were to be had and were not wanted: they are not new later."""
        self._data[CONF_DEVICES] = dict(devices)
        if not self._is_large:
            self._data[CONF_LEFT_OUT] = [device_id for device_id in listed if device_id not in devices]


def device_label(device_id: str, name: str) -> str:
    """Tell a device from another one of the same name."""
    return name if name == device_id else f"{name} ({device_id})"
