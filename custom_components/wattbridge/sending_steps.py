"""The last steps of adding a stream or a series: from when on it is filled, and a look at what that would send."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from math import ceil
from time import monotonic
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_TIME_ZONE
from homeassistant.helpers.selector import BooleanSelector, DateSelector
from homeassistant.util import dt as dt_util

from .aiowattbridge.errors import CredentialsError, WattbridgeError
from .aiowattbridge.pause import Pause
from .const import CONF_START, CONF_START_AT, DOMAIN
from .errors import error_key
from .forwarding import SourceError, StreamConfig
from .forwarding.plan import PlanState
from .forwarding.preview import StreamPreview, async_preview_stream, estimate_s
from .forwarding.reconcile import HeldError
from .local_time import NOTHING_KNOWN, local_time
from .pause import async_sink_pause
from .selectors import choice
from .vendors.wattics import Start

CONF_ANOTHER_START = "another_start"
CONF_START_DATE = "start_date"
HOLES_SHOWN = 10
# A form that takes longer than this to come says why.
PATIENCE_S = 2.0

START_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_START, default=Start.NOW.value): choice(tuple(Start), "start"),
        vol.Optional(CONF_START_DATE): DateSelector(),
    }
)
PREVIEW_SCHEMA = vol.Schema({vol.Optional(CONF_ANOTHER_START): BooleanSelector()})


class SendingSteps(ConfigSubentryFlow):
    """What the flows of both clouds share; `_data` becomes the data of the subentry."""

    _data: dict[str, Any]
    _typed_start: dict[str, Any] | None = None
    _round_trip_s: float = 0.0
    _config: StreamConfig
    _looking: asyncio.Task[StreamPreview]

    def _placeholders(self) -> dict[str, str]:
        """Return what the texts of all steps may name."""
        raise NotImplementedError

    def _beginning(self) -> tuple[StreamConfig, PlanState]:
        """Return what will be sent, and the state it begins in; may raise HeldError."""
        raise NotImplementedError

    def _finish(self) -> SubentryFlowResult:
        """Create the subentry."""
        raise NotImplementedError

    @contextmanager
    def _measured(self) -> Iterator[None]:
        """Note how long the cloud takes to answer: an estimate is made of it."""
        asked_s = monotonic()
        yield
        self._round_trip_s = monotonic() - asked_s

    async def _async_pause(self) -> Pause:
        """Return the account's pause: a cloud that wants to be left alone is left alone by forms, too."""
        return await async_sink_pause(self.hass, self._get_entry())

    def _failed(self, err: WattbridgeError) -> dict[str, str]:
        """Return the form's errors; the form cannot take another password, so the account asks for it."""
        if isinstance(err, CredentialsError):
            self._get_entry().async_start_reauth(self.hass)
        return {"base": error_key(err)}

    async def async_step_start(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask from when on it is filled."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._typed_start = user_input
            start = Start(user_input[CONF_START])
            if start is Start.DATE and CONF_START_DATE not in user_input:
                errors[CONF_START_DATE] = "date_missing"
            else:
                self._data |= {CONF_START: start.value, CONF_START_AT: await self._async_start_at(start, user_input)}
                return await self._async_begin_preview()
        return self._show_start(errors)

    def _show_start(self, errors: dict[str, str]) -> SubentryFlowResult:
        return self.async_show_form(
            step_id="start",
            data_schema=self.add_suggested_values_to_schema(START_SCHEMA, self._typed_start),
            errors=errors,
            description_placeholders=self._placeholders(),
        )

    async def _async_begin_preview(self) -> SubentryFlowResult:
        """Look through what would be sent by now; many years take a while."""
        try:
            self._config, state = self._beginning()
        except HeldError:
            return self._show_start({"base": "filled_in_future"})
        looking = async_preview_stream(self.hass, self._config, state)
        self._looking = self.hass.async_create_task(looking, f"{DOMAIN} preview", eager_start=False)
        await asyncio.wait({self._looking}, timeout=PATIENCE_S)
        return self._after_looking() if self._looking.done() else await self.async_step_looking()

    async def async_step_looking(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Show that it takes a while."""
        if self._looking.done():
            return self.async_show_progress_done(next_step_id="looked")
        return self.async_show_progress(step_id="looking", progress_action="looking", progress_task=self._looking)

    async def async_step_looked(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Go on after that."""
        return self._after_looking()

    def _after_looking(self) -> SubentryFlowResult:
        """Show what would be sent, and the first of it exactly as it will be sent."""
        try:
            preview = self._looking.result()
        except SourceError:
            return self._show_start({"base": "statistics_unreadable"})
        return self.async_show_form(
            step_id="preview" if preview.rows else "preview_empty",
            data_schema=PREVIEW_SCHEMA,
            description_placeholders=self._placeholders() | _shown(preview, self._config, self._round_trip_s),
        )

    async def async_step_preview(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Create it, or go back to the start."""
        if user_input is not None and user_input.get(CONF_ANOTHER_START):
            return self._show_start({})
        return self._finish()

    async def async_step_preview_empty(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Create what has nothing to send yet, or go back to the start."""
        return await self.async_step_preview(user_input)

    async def _async_start_at(self, start: Start, user_input: dict[str, Any]) -> str | None:
        """Fix the start in time: now, or the first moment of a day at the site."""
        if start is Start.BEGINNING:
            return None
        if start is Start.NOW:
            return dt_util.utcnow().isoformat()
        zone = await dt_util.async_get_time_zone(self._data.get(CONF_TIME_ZONE, self.hass.config.time_zone))
        return datetime.combine(date.fromisoformat(user_input[CONF_START_DATE]), time.min, zone).isoformat()


def _shown(preview: StreamPreview, config: StreamConfig, round_trip_s: float) -> dict[str, str]:
    """Write a preview for the texts; times are local, and a list stays empty where it is."""
    holes = [f"\n  - {local_time(start)} – {local_time(end)}" for start, end in preview.holes[:HOLES_SHOWN]]
    if len(preview.holes) > HOLES_SHOWN:
        holes.append("\n  - …")
    return {
        "rows": str(preview.rows),
        "hourly_rows": str(preview.hourly_rows),
        "first": local_time(preview.first),
        "last": local_time(preview.last),
        "holes_count": str(preview.holes_count),
        "holes": "".join(holes),
        "resets": str(preview.resets),
        "duration": str(timedelta(seconds=ceil(estimate_s(preview, config, round_trip_s)))),
        "first_packet": preview.first_packet or NOTHING_KNOWN,
    }
