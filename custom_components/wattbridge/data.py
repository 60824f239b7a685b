"""What a loaded config entry carries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    from .coordinator import CarbonTrackCoordinator
    from .forwarding import Forwarder
    from .history import HistoryImporter


@dataclass(frozen=True, slots=True)
class SourceRuntime:
    """An account we read from."""

    coordinator: CarbonTrackCoordinator
    history: HistoryImporter


@dataclass(frozen=True, slots=True)
class SinkRuntime:
    """An account we write to."""

    forwarder: Forwarder


type WattbridgeConfigEntry = ConfigEntry[SourceRuntime | SinkRuntime]
