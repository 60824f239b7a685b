"""The repairs in which the user has a choice."""

from typing import Any

import voluptuous as vol
from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant

from .const import CONF_DEVICES
from .data import WattbridgeConfigEntry
from .lifecycle import VANISHED, async_device_watch, async_remove_device
from .statistics import WriteLostError
from .stream_repairs import stream_flow


class VanishedDeviceFlow(RepairsFlow):
    """Asks what is to become of a device that is not in its account any more."""

    def __init__(self, entry: WattbridgeConfigEntry, device_id: str) -> None:
        """Be about one device."""
        self._entry = entry
        self._device_id = device_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer to wait, or to remove the device with or without its statistics."""
        return self.async_show_menu(
            step_id="init", menu_options=["wait", "remove", "clear"], description_placeholders=self._placeholders
        )

    async def async_step_wait(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave everything as it is, and say no more about it until the device was back."""
        if (watch := async_device_watch(self.hass, self._entry)) is None:
            return self.async_abort(reason="account_not_loaded")
        await watch.async_await(self._device_id)
        return self.async_create_entry(data={})

    async def async_step_remove(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remove the device; what was measured stays."""
        return await self._async_remove(clear_statistics=False)

    async def async_step_clear(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask once more before anything is deleted that the cloud may not have any longer."""
        if user_input is None:
            return self.async_show_form(
                step_id="clear", data_schema=vol.Schema({}), description_placeholders=self._placeholders
            )
        return await self._async_remove(clear_statistics=True)

    async def _async_remove(self, *, clear_statistics: bool) -> RepairsFlowResult:
        if async_device_watch(self.hass, self._entry) is None:
            # Nobody could say which statistics the device has.
            return self.async_abort(reason="account_not_loaded")
        try:
            await async_remove_device(self.hass, self._entry, self._device_id, clear_statistics=clear_statistics)
        except WriteLostError:
            return self.async_abort(reason="statistics_not_cleared")
        return self.async_create_entry(data={})

    @property
    def _placeholders(self) -> dict[str, str]:
        settings = self._entry.data[CONF_DEVICES].get(self._device_id, {})
        return {"device": settings.get("name", self._device_id), "account": self._entry.title}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of a repair."""
    known = data or {}
    entry: WattbridgeConfigEntry | None = hass.config_entries.async_get_entry(str(known.get("entry_id")))
    if issue_id.startswith(VANISHED) and entry is not None:
        return VanishedDeviceFlow(entry, str(known["device_id"]))
    if entry is not None and "subentry_id" in known:
        return stream_flow(entry, str(known["subentry_id"]), str(known["about"])) or ConfirmRepairFlow()
    return ConfirmRepairFlow()
