"""When a stream looks again, and when it tries again."""

import asyncio
from contextlib import suppress
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .model import Notice, StreamConfig
from .voice import StreamVoice

# Without an event a stream looks for new rows so often: external statistics fire none.
TIMER_S: Final = 60.0
# The recorder's event comes before its transaction is committed: so long after it we look again for the expected row.
REREADS_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)


class StreamWaits(StreamVoice):
    """What a stream waits for: rows, and that somebody wants another attempt."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        subentry_id: str,
        config: StreamConfig,
        notices: dict[Notice, str],
    ) -> None:
        """Wait for nothing yet."""
        super().__init__(hass, entry, subentry_id, config, notices)
        self.resumed = asyncio.Event()
        self._wake = asyncio.Event()
        self._expected_s = 0
        self._rereads = 0
        self._attempt = 0

    @callback
    def async_wake(self, expected_s: int = 0) -> None:
        """Look for new rows now; `expected_s` is up to where the recorder says it has compiled."""
        if expected_s > self._expected_s:
            self._expected_s = expected_s
            self._rereads = 0
        self._wake.set()

    @callback
    def async_resume(self) -> None:
        """Try again although the stream is held."""
        self.resumed.set()
        self._wake.set()

    def begin_attempt(self) -> None:
        """Note that another attempt begins. Who wants one while it is under way must not be overheard."""
        self.resumed.clear()
        self._attempt += 1

    def forget_reasons(self) -> None:
        """Note that the series are looked at now, for all reasons there were."""
        self._wake.clear()

    async def wait_for_rows(self, closed_s: int | None, *, compiled: bool) -> None:
        """Wait for a reason to look again; `compiled`: the recorder's events tell up to where rows must come."""
        timeout_s = TIMER_S
        if compiled and self._expected_s > (closed_s or 0) and self._rereads < len(REREADS_S):
            timeout_s = REREADS_S[self._rereads]
            self._rereads += 1
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
                # One reason is one look, also where nobody begins one.
                self._wake.clear()
