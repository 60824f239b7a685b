"""What the repairs of a stream have in common: the stream, and how it is named."""

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState, ConfigSubentry

from .const import CONF_VENDOR
from .data import SinkRuntime, WattbridgeConfigEntry
from .forwarding import StreamEngine, detail_text
from .local_time import local_time
from .vendors import VENDORS


class StreamRepair(RepairsFlow):
    """Is about one stream of an account."""

    def __init__(self, entry: WattbridgeConfigEntry, subentry: ConfigSubentry) -> None:
        """Be about this stream."""
        self.entry = entry
        self.subentry = subentry

    @property
    def runtime(self) -> SinkRuntime | None:
        """What its account has at work; None while it is not loaded."""
        runtime = self.entry.runtime_data if self.entry.state is ConfigEntryState.LOADED else None
        return runtime if isinstance(runtime, SinkRuntime) else None

    @property
    def engine(self) -> StreamEngine | None:
        """The stream at work; None while its account is not loaded."""
        runtime = self.runtime
        return None if runtime is None else runtime.forwarder.streams.get(self.subentry.subentry_id)

    def done(self, engine: StreamEngine) -> RepairsFlowResult:
        """Close the repair; what is wrong all the same, or again, is shown anew."""
        self.hass.loop.call_soon(engine.async_show_issues)
        return self.async_create_entry(data={})

    def named(self, detail: str | None, engine: StreamEngine | None) -> dict[str, str]:
        """Name what the texts of all repairs name."""
        return {
            "stream": self.subentry.title,
            "cloud": VENDORS[self.entry.data[CONF_VENDOR]].name,
            "detail": detail_text(detail),
            "filled_until": local_time(None if engine is None else engine.status.filled_until),
        }
