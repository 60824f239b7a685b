"""What all streams of one account share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..aiowattbridge.pause import Pause
from ..aiowattbridge.wattcarbon import WattCarbonClient
from ..aiowattbridge.wattics import Sender, Wait, WatticsClient
from .committer import Committer
from .cursor import Cursors
from .ledger_file import LedgerBook
from .turns import Turns

type SinkClient = WatticsClient | WattCarbonClient


@dataclass(frozen=True, slots=True)
class PacketWay:
    """The way to a cloud that takes packets one by one: a sender keeps their order and repeats what got lost."""

    sender: Sender


@dataclass(frozen=True, slots=True)
class HourWay:
    """The way to a cloud that takes whole hours, which replace what is there: few uploads at a time."""

    client: WattCarbonClient
    turns: Turns


type Way = PacketWay | HourWay


def way_of(client: SinkClient, pause: Pause, on_wait: Callable[[Wait], None]) -> Way:
    """Return the way out over a client; a pause that was asked for before is kept from the beginning."""
    if isinstance(client, WattCarbonClient):
        return HourWay(client, Turns())
    sender = Sender(client, on_wait=on_wait)
    sender.pause(pause.left_s)
    return PacketWay(sender)


@dataclass(frozen=True, slots=True)
class Account:
    """One login: its way out, the pauses of its cloud, the cursors with the one who writes them, and the ledgers."""

    hass: HomeAssistant
    entry: ConfigEntry
    way: Way
    pause: Pause
    committer: Committer
    cursors: Cursors
    ledgers: LedgerBook
    begin_anew: Callable[[], Awaitable[None]]

    @property
    def sender(self) -> Sender:
        """The sender of an account that takes packets; raises TypeError for another."""
        if not isinstance(self.way, PacketWay):
            raise TypeError("this account takes no packets")
        return self.way.sender

    @property
    def client(self) -> WattCarbonClient:
        """The client of an account that takes hours; raises TypeError for another."""
        if not isinstance(self.way, HourWay):
            raise TypeError("this account takes no hours")
        return self.way.client

    @property
    def paused_until(self) -> datetime | None:
        """Until when the cloud wants to be left alone; None while it does not."""
        return self.pause.until if self.pause.left_s else None
