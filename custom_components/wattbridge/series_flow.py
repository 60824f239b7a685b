"""Adding a series to a WattCarbon account: an asset or a meter, the statistics that fill it, and from when on."""

from typing import Any

from homeassistant.config_entries import SubentryFlowResult

from .asset_steps import AssetSteps
from .link_steps import LinkSteps
from .new_meter_steps import NewMeterSteps

WAYS = ("link_asset", "asset_kind", "link_meter", "new_meter")


class SeriesFlow(LinkSteps, AssetSteps, NewMeterSteps):
    """One series of one account."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose whether to link what is there or to create it."""
        return self.async_show_menu(step_id="user", menu_options=list(WAYS))

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose other statistics for a series; the asset or the meter and the start stay."""
        self._data = dict(self._get_reconfigure_subentry().data)
        return await self.async_step_statistics()
