"""What every way to an asset or a meter of WattCarbon shares: one login, and the statistics that are added up."""

from collections.abc import Mapping
from typing import Any, override

import aiohttp
import voluptuous as vol
from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowResult
from homeassistant.core import callback
from homeassistant.helpers.selector import BooleanSelector, StatisticSelector, StatisticSelectorConfig

from .aiowattbridge.errors import WattbridgeError
from .aiowattbridge.wattcarbon import Asset, WattCarbonClient
from .chosen_statistics import ENERGY, async_describe, source_of, statistic_of
from .const import (
    CONF_ROLE,
    CONF_SEND_REVISIONS,
    CONF_SOURCE,
    CONF_STATISTICS,
    CONF_TARGET,
    CONF_TARGET_ID,
    CONF_TARGET_KIND,
    CONF_TARGET_NAME,
)
from .forwarding import StreamConfig
from .forwarding.plan import PlanState
from .sending_steps import SendingSteps
from .vendors import flow_session
from .vendors.wattcarbon import Role, Target, connect, is_target_taken, roles_of

ENERGIES = StatisticSelector(StatisticSelectorConfig(multiple=True))


class SeriesSteps(SendingSteps):
    """One asset or meter of one account; `_taken_up` goes on as soon as it is known."""

    _session: aiohttp.ClientSession | None = None
    _client: WattCarbonClient
    _assets: list[Asset] | None = None

    @callback
    @override
    def async_remove(self) -> None:
        """Let the session go with the flow."""
        if self._session is not None:
            self._session.detach()
        self._session = None
        super().async_remove()

    async def _async_client(self) -> WattCarbonClient:
        """Return the one client of the flow: a token is good for a day, and for all steps."""
        if self._session is None:
            pause = await self._async_pause()
            self._session = flow_session(self.hass)
            self._client = connect(self._session, self._get_entry().data, pause)
        return self._client

    async def _async_assets(self) -> list[Asset]:
        """Fetch all assets of the account, once in a flow."""
        if self._assets is None:
            client = await self._async_client()
            with self._measured():
                self._assets = await client.assets()
        return self._assets

    async def _async_meter_labels(self) -> dict[str, str]:
        """Name the meters that the account's assets name: the cloud lists none by itself."""
        try:
            assets = await self._async_assets()
        except WattbridgeError:
            # It only helps to fill in the form: an id can be typed.
            return {}
        return {
            meter_id: f"{meter_id} ({name_of(asset)})"
            for asset in assets
            for meter_id in (*asset.meter_ids, *([] if asset.meter_id is None else [asset.meter_id]))
        }

    def _take_up(self, target: Target, target_id: str, kind: str | None, name: str) -> None:
        """Note what is to be filled; who owns it and where it is stays with the cloud."""
        self._data = {
            CONF_TARGET: target.value,
            CONF_TARGET_ID: target_id,
            CONF_TARGET_KIND: kind,
            CONF_TARGET_NAME: name,
        }

    @override
    def _placeholders(self) -> dict[str, str]:
        """Name the asset or the meter."""
        return {"target": self._data[CONF_TARGET_NAME], "target_id": self._data[CONF_TARGET_ID]}

    @override
    def _beginning(self) -> tuple[StreamConfig, PlanState]:
        """Begin at the start: hours that are there already are replaced."""
        config = StreamConfig.from_series_data(self._data)
        return config, PlanState(config.first_s)

    async def async_step_statistics(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Choose the statistics that are added up, each for what it is to the asset or the meter."""
        roles = roles_of(Target(self._data[CONF_TARGET]), self._data[CONF_TARGET_KIND])
        errors: dict[str, str] = {}
        details = {"statistic": ""}
        if user_input is not None:
            chosen = [(role, statistic) for role in roles for statistic in user_input.get(role, [])]
            errors, details = await self._async_choice_errors(chosen)
            if not errors:
                self._data[CONF_STATISTICS] = [
                    {CONF_SOURCE: source_of(self.hass, statistic), CONF_ROLE: role.value} for role, statistic in chosen
                ]
                self._data[CONF_SEND_REVISIONS] = user_input[CONF_SEND_REVISIONS]
                return await self._async_after_statistics()
        return self.async_show_form(
            step_id="statistics",
            data_schema=self.add_suggested_values_to_schema(
                statistics_schema(roles), user_input or self._shown_statistics()
            ),
            errors=errors,
            description_placeholders=self._placeholders() | details,
        )

    async def _async_choice_errors(self, chosen: list[tuple[Role, str]]) -> tuple[dict[str, str], dict[str, str]]:
        """Compare every chosen statistic with what is needed; returns errors and what their texts name."""
        if not chosen:
            return {"base": "no_statistic"}, {"statistic": ""}
        known = await async_describe(self.hass, (statistic for _, statistic in chosen))
        seen: set[str] = set()
        for role, statistic in chosen:
            if (error := _statistic_error(known.get(statistic), is_seen=statistic in seen)) is not None:
                errors: dict[str, str] = {}
                errors[role.value] = error
                return errors, {"statistic": statistic}
            seen.add(statistic)
        return {}, {}

    def _shown_statistics(self) -> dict[str, Any]:
        """Return what is chosen so far in the shape of the form."""
        if CONF_STATISTICS not in self._data:
            return {}
        shown: dict[str, Any] = {CONF_SEND_REVISIONS: self._data[CONF_SEND_REVISIONS]}
        for chosen in self._data[CONF_STATISTICS]:
            shown.setdefault(chosen[CONF_ROLE], []).append(statistic_of(self.hass, chosen[CONF_SOURCE]))
        return shown

    async def _async_after_statistics(self) -> SubentryFlowResult:
        if self.source != SOURCE_RECONFIGURE:
            return await self.async_step_start()
        # The account's update listener takes the change up: a reload would stop its other series.
        return self.async_update_and_abort(self._get_entry(), self._get_reconfigure_subentry(), data=self._data)

    @override
    def _finish(self) -> SubentryFlowResult:
        """Create the series."""
        target, target_id = Target(self._data[CONF_TARGET]), self._data[CONF_TARGET_ID]
        if is_target_taken(self.hass, target_id, target):
            # Another flow was quicker; within this account Home Assistant would notice, across accounts not.
            return self.async_abort(reason="already_configured")
        # An asset and a meter may have the same number.
        unique_id = target_id if target is Target.ASSET else f"{target}_{target_id}"
        return self.async_create_entry(title=self._data[CONF_TARGET_NAME], data=self._data, unique_id=unique_id)


def statistics_schema(roles: tuple[Role, ...]) -> vol.Schema:
    """Ask for the statistics of each role, and whether hours that change later are sent again."""
    fields: dict[Any, Any] = {vol.Optional(role.value): ENERGIES for role in roles}
    return vol.Schema({**fields, vol.Required(CONF_SEND_REVISIONS, default=True): BooleanSelector()})


def name_of(asset: Asset) -> str:
    """Name an asset as the account does."""
    return asset.name or asset.custom_id or asset.asset_id


def _statistic_error(row: Mapping[str, Any] | None, *, is_seen: bool) -> str | None:
    """Say why a statistic cannot be counted: energy is needed, a sum that hours are taken from, and each once."""
    if row is None:
        return "statistic_unknown"
    if is_seen:
        return "statistic_twice"
    if row["unit_class"] != ENERGY:
        return "not_energy"
    return None if row["has_sum"] else "no_sum"
