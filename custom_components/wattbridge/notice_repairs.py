"""The repairs of a stream that goes on all the same: somebody should look at something."""

import asyncio
from typing import Any, Final

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlowResult
from homeassistant.config_entries import ConfigSubentry
from homeassistant.exceptions import HomeAssistantError
from sqlalchemy.exc import SQLAlchemyError

from .data import WattbridgeConfigEntry
from .errors import translated_errors
from .forwarding import (
    TOLERATED_WH,
    Notice,
    Reconciliation,
    SourceError,
    StreamEngine,
    async_accept_difference,
    async_resend_refused,
    refused_periods,
    utc,
)
from .local_time import NOTHING_KNOWN, local_time
from .stream_repair import StreamRepair

# Of a table in a dialogue; the action Reconcile has all of them.
MOST_ROWS: Final = 12
# A cloud may want to be left alone for an hour; nobody looks at a dialogue for so long.
PATIENCE_S: Final = 45.0


class StreamNoticeFlow(StreamRepair):
    """Lets somebody look at something while the stream goes on."""

    def __init__(self, entry: WattbridgeConfigEntry, subentry: ConfigSubentry, notice: Notice) -> None:
        """Be about one notice."""
        super().__init__(entry, subentry)
        self._notice = notice

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Explain it, and offer what can be done, if there is anything but to know it."""
        engine = self.engine
        if engine is None:
            return self.async_abort(reason="account_not_loaded")
        if self._notice not in engine.notices:
            return self.async_abort(reason="solved")
        match self._notice:
            case Notice.ROWS_EXPIRING:
                options = ["send_now", "dismiss"]
            case Notice.REJECTIONS if engine.config.is_hourly_energy:
                options = ["resend", "dismiss"]
            case Notice.MISMATCH:
                return await self.async_step_reconcile()
            case _:
                return await self.async_step_confirm()
        return self.async_show_menu(
            step_id="init", menu_options=options, description_placeholders=self._placeholders(engine)
        )

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Show what happened, to be confirmed."""
        if user_input is not None:
            return await self.async_step_dismiss()
        return self.async_show_form(
            step_id="confirm", data_schema=vol.Schema({}), description_placeholders=self._placeholders(self.engine)
        )

    async def async_step_dismiss(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say no more about it."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        engine.async_dismiss(self._notice)
        return self.done(engine)

    async def async_step_send_now(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Try again at once; the notice stays as long as it is so."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        engine.async_send_now()
        return self.done(engine)

    async def async_step_resend(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Upload again what was refused; what is refused once more stays a notice."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        if engine.is_paused or engine.problem is not None:
            return self.async_abort(reason="not_sent")
        try:
            async with asyncio.timeout(PATIENCE_S):
                with translated_errors():
                    refused = await async_resend_refused(engine)
        except HomeAssistantError, SourceError, SQLAlchemyError, TimeoutError:
            return self.async_abort(reason="not_sent")
        if refused:
            return self.async_abort(reason="refused_again", description_placeholders=self._placeholders(engine))
        return await self.async_step_dismiss()

    async def async_step_reconcile(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Compare now, and show what differs; what agrees meanwhile is solved."""
        runtime, engine = self.runtime, self.engine
        if runtime is None or engine is None:
            return self.async_abort(reason="account_not_loaded")
        try:
            async with asyncio.timeout(PATIENCE_S):
                with translated_errors():
                    report = await runtime.forwarder.async_reconcile(self.subentry.subentry_id)
        except HomeAssistantError, SQLAlchemyError, TimeoutError:
            return self.async_abort(reason="not_compared")
        if self._notice not in engine.notices:
            return self.done(engine)
        return self.async_show_menu(
            step_id="init",
            menu_options=["reconcile", "accept"],
            description_placeholders=self._placeholders(engine) | {"figures": figures_of(report)},
        )

    async def async_step_accept(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Say no more of this difference."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        async_accept_difference(engine)
        return self.done(engine)

    def _placeholders(self, engine: StreamEngine | None) -> dict[str, str]:
        if engine is None:
            return self.named(None, None)
        named = self.named(engine.notices.get(self._notice), engine)
        return named | (_refused(engine) if self._notice is Notice.REJECTIONS else {})


def _refused(engine: StreamEngine) -> dict[str, str]:
    """Name the last period that the cloud refused, what it answered, and how many there are."""
    periods = refused_periods(engine)
    marks = () if engine.cursor is None else engine.cursor.marks
    answers = [mark.answer for mark in marks if mark.answer]
    start, end = ("", "") if not periods else (local_time(utc(moment_s)) for moment_s in periods[-1])
    return {
        "period": f"{start} – {end}" if periods else NOTHING_KNOWN,
        "answer": answers[-1] if answers else NOTHING_KNOWN,
        "count": str(engine.status.rejected),
    }


def figures_of(report: Reconciliation) -> str:
    """Write what differs as the rows of a table: by month, in hours and kWh; the last row is of the meter readings."""
    rows = [
        (
            month.month,
            _amount(month.home_rows, month.home_wh),
            _amount(month.acknowledged_rows, month.acknowledged_wh),
            _amount(month.read_back_rows, month.read_back_wh),
            _amount(month.missing_rows, month.difference_wh),
        )
        for month in report.months
        if month.missing_rows or abs(month.difference_wh) > TOLERATED_WH
    ]
    if report.reading_wh is not None and abs(report.reading_wh) > TOLERATED_WH:
        rows.append(("∑", NOTHING_KNOWN, NOTHING_KNOWN, NOTHING_KNOWN, _amount(None, report.reading_wh)))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows[-MOST_ROWS:])


def _amount(hours: int | None, energy_wh: float | None) -> str:
    parts = [] if hours is None else [f"{hours} h"]
    return ", ".join([*parts, *([] if energy_wh is None else [f"{energy_wh / 1000:.3f} kWh"])]) or NOTHING_KNOWN
