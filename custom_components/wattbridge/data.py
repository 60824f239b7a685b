"""What a loaded config entry carries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    from .aiowattbridge.carbontrack import CarbonTrackClient
    from .aiowattbridge.voltaware import VoltawareClient
    from .coordinator import CarbonTrackCoordinator
    from .forwarding import Forwarder
    from .history import HistoryImporter
    from .voltaware_coordinator import VoltawareCoordinator


@dataclass(frozen=True, slots=True)
class SourceRuntime:
    """An account we read from."""

    history: HistoryImporter


@dataclass(frozen=True, slots=True)
class CarbonTrackRuntime(SourceRuntime):
    """A carbonTRACK account."""

    client: CarbonTrackClient
    coordinator: CarbonTrackCoordinator


@dataclass(frozen=True, slots=True)
class VoltawareRuntime(SourceRuntime):
    """A Voltaware account."""

    client: VoltawareClient
    coordinator: VoltawareCoordinator


@dataclass(frozen=True, slots=True)
class SinkRuntime:
    """An account we write to."""

    forwarder: Forwarder


type WattbridgeConfigEntry = ConfigEntry[CarbonTrackRuntime | VoltawareRuntime | SinkRuntime]
