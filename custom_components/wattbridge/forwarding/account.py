"""What all streams of one account share."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..aiowattbridge.wattics import Sender
from .committer import Committer
from .cursor import StreamCursor


@dataclass(frozen=True, slots=True)
class Account:
    """One login: its sender, which keeps the pauses of the cloud, and the cursors with the one who writes them."""

    hass: HomeAssistant
    entry: ConfigEntry
    sender: Sender
    committer: Committer
    cursors: dict[str, StreamCursor]
