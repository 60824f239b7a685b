"""The action that forwards: through a stream's own engine, and by hand where nobody owns the stream."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from forwarding_bench import (
    HOUR,
    add_stream_to,
    async_store,
    hours_ago,
    mean_rows,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
    until,
)
from homeassistant.auth.models import User
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, async_load_carbontrack, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN

HOURS = 10


@pytest.fixture
async def account(hass: HomeAssistant, wattics_cloud: WatticsSimulator) -> MockConfigEntry:
    """Load an account that has no stream."""
    return await async_load(hass, make_entry("wattics", wattics_cloud))


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store ten hours of a meter, a kilowatt-hour each, and of its power; returns when they start."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata("meter:energy"), sum_rows(first, [1.0, 1.0, None, *[1.0] * 7]))
    await async_store(hass, metadata("meter:power", "kW", with_sum=False), mean_rows(first, [2.0] * HOURS))
    return first


async def forward(hass: HomeAssistant, account: MockConfigEntry, stream_id: str, **fields: Any) -> dict[str, Any]:
    """Call the action and return its response."""
    data = {"config_entry_id": account.entry_id, "stream_id": stream_id, **fields}
    response = await hass.services.async_call(DOMAIN, "forward_to_wattics", data, blocking=True, return_response=True)
    assert isinstance(response, dict)
    return dict(response)


async def test_statistic_is_sent_to_a_stream_that_nobody_fills(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """The response says what that came to; the last hour of somebody else's series may still change."""
    response = await forward(hass, account, "free", statistic_id="meter:energy", start=start)
    assert response == {
        "accepted": 8,
        "confirmed": 0,
        "rejected": 0,
        "holes": 1,
        "repeated": 0,
        "planned": 0,
        "first": (start + HOUR).isoformat(),
        "last": (start + 9 * HOUR).isoformat(),
        "filled_until": (start + 9 * HOUR).isoformat(),
    }
    readings = [stored.packet["pC_1"] for stored in wattics_cloud.accepted["free"]]
    assert readings == [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000]


async def test_going_on_counts_from_the_reading_the_cloud_has(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Without a start, it begins after the cloud's last packet."""
    await forward(hass, account, "free", statistic_id="meter:energy", start=start, end=start + 5 * HOUR)
    response = await forward(hass, account, "free", statistic_id="meter:energy")
    assert response["accepted"] == 4
    assert wattics_cloud.accepted["free"][-1].packet["pC_1"] == 8000
    report = wattics_cloud.report()
    assert (report["duplicates"], report["out_of_order"]) == (0, 0)


async def test_power_and_single_values_are_means(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Electricity goes out in the vendor's unit, a single value in its series' own."""
    await forward(hass, account, "power", statistic_id="meter:power", parameter="aP_1", start=start)
    await forward(hass, account, "any", statistic_id="meter:power", parameter="value", start=start)
    assert wattics_cloud.accepted["power"][0].packet["aP_1"] == 2000
    assert wattics_cloud.accepted["any"][0].packet["value"] == 2


async def test_dry_run_sends_nothing(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """It counts what would be sent."""
    response = await forward(hass, account, "free", statistic_id="meter:energy", start=start, dry_run=True)
    assert (response["planned"], response["accepted"], response["holes"]) == (8, 0, 1)
    assert response["last"] == (start + 9 * HOUR).isoformat()
    assert not wattics_cloud.accepted


async def test_refused_packets_are_in_the_response(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """A stream that takes nothing is not tried hour by hour."""
    wattics_cloud.reject("free")
    response = await forward(hass, account, "free", statistic_id="meter:energy", start=start)
    assert (response["accepted"], response["rejected"], response["filled_until"]) == (0, 1, None)
    assert wattics_cloud.rejected == 1


async def test_configured_stream_works_through_its_engine(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """A stream that is held is tried again, and the action waits until it is done."""
    rejection = wattics_cloud.reject("mine")
    subentry_id = add_stream_to(hass, account, stream_data({"pC_1": ("meter:energy", "change")}, stream_id="mine"))
    forwarder = account.runtime_data.forwarder
    await until(lambda: subentry_id in forwarder.streams)
    engine = forwarder.streams[subentry_id]
    await until(lambda: engine.status.problem == "rejected")
    with pytest.raises(HomeAssistantError) as held:
        await forward(hass, account, "mine")
    assert held.value.translation_key == "stream_held_rejected"
    wattics_cloud.rejections.remove(rejection)
    preview = await forward(hass, account, "mine", dry_run=True)
    assert preview["planned"] == 8
    response = await forward(hass, account, "mine")
    assert (response["accepted"], response["holes"]) == (8, 1)
    assert response["filled_until"] == (start + 9 * HOUR).isoformat()
    assert engine.status.delivered == 8
    again = await forward(hass, account, "mine", start=start + 9 * HOUR, statistic_id="meter:energy")
    assert again["accepted"] == 0


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"start": "2020-01-01 00:00:00"}, "start_before_cursor"),
        ({"statistic_id": "meter:power"}, "other_statistic"),
        ({"start": "2020-01-02 00:00:00", "end": "2020-01-01 00:00:00"}, "period_empty"),
    ],
)
async def test_configured_stream_takes_nothing_that_would_break_it(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, fields: dict[str, Any], key: str
) -> None:
    """Nothing goes back behind its cursor, and nothing else gets into it."""
    subentry_id = add_stream_to(hass, account, stream_data({"pC_1": ("meter:energy", "change")}, stream_id="mine"))
    forwarder = account.runtime_data.forwarder
    await until(lambda: subentry_id in forwarder.streams and forwarder.streams[subentry_id].status.caught_up)
    with pytest.raises(ServiceValidationError) as refused:
        await forward(hass, account, "mine", **fields)
    assert refused.value.translation_key == key


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "statistic_needed"),
        ({"statistic_id": "meter:nothing"}, "no_such_statistic"),
        ({"statistic_id": "meter:power", "parameter": "v_1"}, "series_unusable_unit_changed"),
        ({"statistic_id": "meter:power", "parameter": "pC_2"}, "series_unusable_unit_changed"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    hass: HomeAssistant,
    account: MockConfigEntry,
    start: datetime,
    wattics_cloud: WatticsSimulator,
    fields: dict[str, Any],
    key: str,
) -> None:
    """With a text that says why."""
    with pytest.raises(ServiceValidationError) as refused:
        await forward(hass, account, "free", start=start, **fields)
    assert refused.value.translation_key == key
    assert not wattics_cloud.accepted


async def test_nothing_older_than_the_cloud_has_is_sent(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """The error says up to when the stream is filled."""
    await forward(hass, account, "free", statistic_id="meter:energy", start=start + 4 * HOUR)
    with pytest.raises(ServiceValidationError) as refused:
        await forward(hass, account, "free", statistic_id="meter:energy", start=start)
    assert refused.value.translation_key == "not_newer"
    assert len(wattics_cloud.accepted["free"]) == 5


async def test_stream_of_another_account_is_left_alone(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """A stream id belongs to one entry."""
    other = MockConfigEntry(domain=DOMAIN, title="other", data={**account.data, "username": "somebody"})
    other.add_to_hass(hass)
    add_stream_to(hass, other, stream_data({"pC_1": ("meter:energy", "change")}, stream_id="theirs"))
    with pytest.raises(ServiceValidationError) as refused:
        await forward(hass, account, "theirs", statistic_id="meter:energy", start=start)
    assert refused.value.translation_key == "stream_elsewhere"


async def test_account_that_is_only_read_takes_nothing(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Packets go to accounts we write to."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud)
    with pytest.raises(ServiceValidationError) as refused:
        await forward(hass, entry, "free")
    assert refused.value.translation_key == "not_a_sink"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_credentials_are_said(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """The action fails with the reason; nothing is sent."""
    wattics_cloud.password = "another one"
    with pytest.raises(HomeAssistantError) as failed:
        await forward(hass, account, "free", statistic_id="meter:energy", start=start)
    assert failed.value.translation_key == "invalid_auth"
    assert [flow["step_id"] for flow in hass.config_entries.flow.async_progress()] == ["reauth_confirm"]


async def test_only_administrators_change_what_a_cloud_holds(
    hass: HomeAssistant, account: MockConfigEntry, start: datetime, hass_read_only_user: User
) -> None:
    """Packets cannot be taken back."""
    data = {"config_entry_id": account.entry_id, "stream_id": "free", "statistic_id": "meter:energy"}
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "forward_to_wattics", data, blocking=True, context=Context(user_id=hass_read_only_user.id)
        )


async def test_entity_may_be_named_by_its_id(
    hass: HomeAssistant, account: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """And a local time without an offset is a local time."""
    first = hours_ago(5)
    sensor = register_sensor(hass, "grid")
    await async_store(hass, metadata(sensor.entity_id), sum_rows(first, [1.0, 1.0, 1.0]))
    response = await forward(hass, account, "free", statistic_id=sensor.entity_id)
    assert response["accepted"] == 3
    assert account.state is ConfigEntryState.LOADED
    assert response["last"] == (first + timedelta(hours=3)).isoformat()
