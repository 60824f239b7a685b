"""A client uses the caller's session and leaves it open, or opens its own and closes it."""

import aiohttp
import pytest
from kernel_bench import ScriptedCloud, says

from aiowattbridge.session import CloudClient
from aiowattbridge.transport import USER_AGENT, Transport
from aiowattbridge.version import VERSION


class Client(CloudClient):
    """The smallest client there can be."""

    def __init__(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Prepare its one door."""
        super().__init__(session)
        self._transport = Transport(self._http, url, vendor="Nobody")

    async def ask(self) -> None:
        """Ask for something."""
        await self._transport.request("GET", "/", repeatable=False)


async def test_own_session_is_opened_when_needed_and_closed_at_the_end(cloud: ScriptedCloud) -> None:
    """An unclosed one would be a warning, which fails the tests; both requests share a connection."""
    cloud.reply(says())
    async with Client(cloud.url) as client:
        await client.ask()
        await client.ask()
    assert [seen.connection for seen in cloud.seen] == [0, 0]


async def test_client_can_be_used_again_after_it_was_closed(cloud: ScriptedCloud) -> None:
    """The next request opens a session anew."""
    cloud.reply(says())
    client = Client(cloud.url)
    await client.aclose()
    await client.ask()
    await client.aclose()
    await client.ask()
    await client.aclose()
    assert [seen.connection for seen in cloud.seen] == [0, 1]


async def test_session_of_the_caller_stays_open(cloud: ScriptedCloud, session: aiohttp.ClientSession) -> None:
    """It belongs to somebody else."""
    cloud.reply(says())
    async with Client(cloud.url, session) as client:
        await client.ask()
    assert not session.closed


async def test_every_request_says_who_asks(cloud: ScriptedCloud, session: aiohttp.ClientSession) -> None:
    """One of the clouds demands a name of its own."""
    cloud.reply(says())
    await Client(cloud.url, session).ask()
    assert cloud.seen[0].headers["User-Agent"] == USER_AGENT == f"aiowattbridge/{VERSION}"


def test_client_without_a_session_needs_no_event_loop() -> None:
    """Nothing is opened before the first request."""
    with pytest.raises(ValueError, match="https"):
        Client("http://cloud.example")
    Client("https://cloud.example")
