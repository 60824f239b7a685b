"""The repairs of a stream: what stands in its way is explained, and what can be done about it is done by choosing."""

from typing import Any, Final

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigSubentry
from homeassistant.helpers.selector import StatisticSelector

from .chosen_statistics import statistic_of
from .data import WattbridgeConfigEntry
from .forwarding import Choice, Notice, Problem
from .notice_repairs import StreamNoticeFlow
from .stream_form import CONF_STATISTIC, async_choice_errors
from .stream_repair import StreamRepair
from .stream_sources import async_replace_sources, broken_sources, is_counted_already, wanted_of

REPLACEABLE: Final = {Problem.SOURCE_MISSING, Problem.SOURCE_UNFIT, Problem.UNIT_CHANGED}
STATISTIC_SCHEMA: Final = vol.Schema({vol.Required(CONF_STATISTIC): StatisticSelector()})


class StreamProblemFlow(StreamRepair):
    """Lets a stream go on that stands still."""

    def __init__(self, entry: WattbridgeConfigEntry, subentry: ConfigSubentry, problem: Problem) -> None:
        """Be about one problem."""
        super().__init__(entry, subentry)
        self._problem = problem

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Offer what can be done."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        if engine.problem is not self._problem:
            return self.async_abort(reason="solved")
        options = ["another_statistic"] if self._problem in REPLACEABLE else []
        options += [choice.value for choice in engine.choices]
        return self.async_show_menu(
            step_id="init", menu_options=options, description_placeholders=self.named(engine.status.detail, engine)
        )

    async def async_step_retry(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Try again what is held."""
        return await self._async_choose(Choice.RETRY)

    async def async_step_skip(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Leave out what is refused."""
        return await self._async_choose(Choice.SKIP)

    async def async_step_follow_cloud(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Go on after what the cloud has."""
        return await self._async_choose(Choice.FOLLOW_CLOUD)

    async def async_step_keep_cursor(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Go on from where we are."""
        return await self._async_choose(Choice.KEEP_CURSOR)

    async def async_step_begin_anew(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin without the note that cannot be read."""
        return await self._async_choose(Choice.BEGIN_ANEW)

    async def async_step_go_on(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Take what is there now as it is."""
        return await self._async_choose(Choice.GO_ON)

    async def async_step_pause(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Send nothing until somebody switches the stream on."""
        return await self._async_choose(Choice.PAUSE)

    async def _async_choose(self, choice: Choice) -> RepairsFlowResult:
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        if engine.problem is not self._problem or choice not in engine.choices:
            return self.async_abort(reason="solved")
        await engine.async_choose(choice)
        return self.done(engine)

    async def async_step_another_statistic(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask for a statistic in the place of the one that is gone or does not fit, checked as when it was chosen."""
        if (engine := self.engine) is None:
            return self.async_abort(reason="account_not_loaded")
        if engine.problem is not self._problem:
            return self.async_abort(reason="solved")
        detail = engine.status.detail or ""
        sources = broken_sources(self.hass, engine.config, detail)
        errors: dict[str, str] = {}
        placeholders = self.named(statistic_of(self.hass, detail), engine)
        if user_input is not None:
            statistic = user_input[CONF_STATISTIC]
            chosen = wanted_of(engine.config, sources, statistic)
            errors, details = await async_choice_errors(self.hass, chosen, engine.config.interval_s // 60)
            if is_counted_already(self.hass, engine.config, sources, statistic):
                errors, details = {"base": "statistic_twice"}, {"statistic": statistic}
            if not errors:
                await async_replace_sources(self.hass, self.entry, self.subentry, sources, statistic)
                return self.done(engine)
            placeholders |= details
        return self.async_show_form(
            step_id="another_statistic",
            data_schema=self.add_suggested_values_to_schema(STATISTIC_SCHEMA, user_input or {}),
            errors=errors,
            description_placeholders=placeholders,
        )


def stream_flow(entry: WattbridgeConfigEntry, subentry_id: str, about: str) -> RepairsFlow | None:
    """Return the flow of a stream's repair; None if there is no such stream any more."""
    subentry = entry.subentries.get(subentry_id)
    if subentry is None:
        return None
    if about in tuple(Notice):
        return StreamNoticeFlow(entry, subentry, Notice(about))
    return StreamProblemFlow(entry, subentry, Problem(about))
