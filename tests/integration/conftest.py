"""A real Home Assistant with a real recorder, and the clouds on loopback."""

import logging
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from homeassistant.components.recorder import Recorder
from homeassistant.helpers.entity import Entity
from postgres import fresh_database
from shown_texts import watched_texts

import custom_components.wattbridge  # noqa: F401 - before the plugin's own custom_components hide it
from aiowattbridge.simulators import (
    CarbonTrackSimulator,
    House,
    VoltawareSimulator,
    WattCarbonSimulator,
    WatticsSimulator,
)

# The plugin has every SQL statement logged and printed, which takes longer than most of them.
logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
logging.getLogger().handlers.clear()


@pytest.fixture
def recorder_db_url(postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The plugin's SQLite, or a database of the server that `--postgres` names."""
    if not postgres_server:
        yield request.getfixturevalue("recorder_db_url")
        return
    with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(autouse=True)
def prepared(
    recorder_mock: Recorder, enable_custom_integrations: None, socket_enabled: None, postgres_server: str
) -> None:
    """The recorder before Home Assistant, our integration found, and sockets that may reach loopback."""
    assert recorder_mock.dialect_name == ("postgresql" if postgres_server else "sqlite")


@pytest.fixture(autouse=True)
def texts_of_all_that_is_shown() -> Iterator[None]:
    """Whatever a test makes Home Assistant show of us has its text, and what the text names is filled in."""
    with watched_texts() as shown:
        yield
    assert not shown.missing


@pytest.fixture
def entity_registry_enabled_by_default() -> Iterator[None]:
    """Every entity is shown, also those that are there for whoever asks."""
    with patch.object(Entity, "entity_registry_enabled_default", new=True):
        yield


@pytest.fixture(autouse=True)
def nothing_deprecated(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing of ours does what Home Assistant will not let integrations do any more."""
    yield
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    told = [record.getMessage() for record in records if "Detected that custom integration" in record.getMessage()]
    assert not told


@pytest.fixture
async def carbontrack_cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A carbonTRACK cloud with one house."""
    async with CarbonTrackSimulator(house=House(seed=7)) as cloud:
        yield cloud


@pytest.fixture
async def wattics_cloud() -> AsyncIterator[WatticsSimulator]:
    """A Wattics collector that has nothing yet."""
    async with WatticsSimulator() as cloud:
        yield cloud


@pytest.fixture
async def wattcarbon_cloud() -> AsyncIterator[WattCarbonSimulator]:
    """A WattCarbon account with an asset of each kind that the simulator makes up, and no hours yet."""
    async with WattCarbonSimulator(assets=5) as cloud:
        yield cloud


@pytest.fixture
async def voltaware_cloud() -> AsyncIterator[VoltawareSimulator]:
    """A Voltaware cloud with one home that has sent data for two months and a half."""
    began = datetime.now(UTC) - timedelta(days=75)
    async with VoltawareSimulator(zones=("Europe/Berlin",), first_event=began) as cloud:
        yield cloud
