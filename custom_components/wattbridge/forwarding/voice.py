"""What a stream says: who listens to it, its problem and its notices with their repair issues, and its news."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .issues import async_show_issue, async_take_back_issue
from .model import NewsKind, Notice, Problem, StreamConfig, StreamNews

# Listeners write states, and the recorder keeps them: more often than this helps nobody while thousands of packets go
# out. What happens after a quiet while is shown at once.
NOTIFY_S: Final = 15.0

_LOGGER = logging.getLogger(__name__)


class StreamVoice:
    """Tells of a stream to whoever wants to know."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        subentry_id: str,
        config: StreamConfig,
        notices: dict[Notice, str],
    ) -> None:
        """Have nothing to say yet but the notices there are, which are kept by somebody else."""
        self.hass = hass
        self.entry = entry
        self.subentry_id = subentry_id
        self.config = config
        self.problem: Problem | None = None
        self._detail: str | None = None
        self._notices = notices
        # The problem that was told as news, until it was told that it is over.
        self._told_failure: Problem | None = None
        self._listeners: list[Callable[[], None]] = []
        self._news_listeners: list[Callable[[StreamNews], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._notified_s = 0.0

    @property
    def notices(self) -> Mapping[Notice, str]:
        """What somebody should look at although the stream goes on, each with its detail."""
        return MappingProxyType(self._notices)

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when the status changed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_listen_news(self, listener: Callable[[StreamNews], None]) -> Callable[[], None]:
        """Call `listener` with everything that happens to the stream; returns how to stop that."""
        self._news_listeners.append(listener)
        return lambda: self._news_listeners.remove(listener)

    @callback
    def tell(self, kind: NewsKind, **facts: str | float | None) -> None:
        """Tell that something happened."""
        news = StreamNews(kind, facts)
        for listener in list(self._news_listeners):
            listener(news)

    @callback
    def notify(self) -> None:
        """Tell the listeners soon that the status changed."""
        loop = self.hass.loop
        if self._timer is None and self._listeners:
            delay_s = max(0.0, self._notified_s + NOTIFY_S - loop.time())
            if delay_s:
                self._timer = loop.call_later(delay_s, self._notify_now)
            else:
                self._notify_now()

    @callback
    def notify_at_once(self) -> None:
        """Tell the listeners now: it is a change that people wait for."""
        self.note_stopped()
        self._notified_s = -NOTIFY_S
        self.notify()

    @callback
    def _notify_now(self) -> None:
        self._timer = None
        self._notified_s = self.hass.loop.time()
        for listener in list(self._listeners):
            listener()

    @callback
    def note_stopped(self) -> None:
        """Let no timer run on."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @callback
    def report(self, problem: Problem | None, detail: str | None = None) -> None:
        """Take on a problem, or none: the repair issue, one line in the log and the news follow."""
        if (problem, detail) == (self.problem, self._detail):
            return
        if problem is not None and problem is not self.problem:
            # Without the detail, which may quote the cloud, and without the stream's id: logs are shown in public.
            _LOGGER.warning("Forwarding of a stream stands still: %s (%s)", problem, self.subentry_id)
        if self.problem is not None and self.problem is not problem:
            async_take_back_issue(self.hass, self.subentry_id, self.problem)
        self.problem, self._detail = problem, detail
        self.async_show_issues()
        if problem is not None and problem is not self._told_failure:
            # Held, tried again and held for the same reason is no news.
            self._told_failure = problem
            self.tell(NewsKind.FAILED, problem=problem, detail=detail)
        self.notify_at_once()

    @callback
    def clear(self, *problems: Problem) -> None:
        """Take back one of these problems, if the stream has it."""
        if self.problem in problems:
            _LOGGER.info("Forwarding of a stream goes on (%s)", self.subentry_id)
            self.report(None)

    @callback
    def note_works(self) -> None:
        """Tell that a failure is over: something was delivered, or nothing is left to be."""
        if self._told_failure is not None and self.problem is None:
            failure, self._told_failure = self._told_failure, None
            self.tell(NewsKind.RECOVERED, problem=failure)

    @callback
    def raise_notice(self, notice: Notice, detail: str) -> None:
        """Let somebody look at something while the stream goes on."""
        if self._notices.get(notice) != detail:
            self._notices[notice] = detail
            self.keep_notices()
            self.async_show_issues()
            self.notify()

    @callback
    def withdraw(self, *notices: Notice) -> None:
        """Take notices back: it is so no longer, or somebody has looked."""
        for notice in notices:
            if self._notices.pop(notice, None) is not None:
                self.keep_notices()
                async_take_back_issue(self.hass, self.subentry_id, notice)
                self.notify()

    @callback
    def async_dismiss(self, notice: Notice) -> None:
        """Say no more of something: somebody has looked at it."""
        self.withdraw(notice)

    @callback
    def keep_notices(self) -> None:
        """Have it last which notices there are."""

    @callback
    def fall_silent(self) -> None:
        """Take all issues back: nobody looks after them now. The notices are shown again by who does."""
        self.report(None)
        for notice in self._notices:
            async_take_back_issue(self.hass, self.subentry_id, notice)
        self.note_stopped()

    @callback
    def async_show_issues(self) -> None:
        """Show repairs for the problem and the notices there are; again, where one was deleted meanwhile."""
        for what, detail in (*self._notices.items(), (self.problem, self._detail)):
            if what is not None:
                async_show_issue(self.hass, self.entry, self.subentry_id, what, detail)
