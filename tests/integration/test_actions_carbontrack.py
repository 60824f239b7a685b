"""The action that answers with carbonTRACK's records, against the simulated cloud."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Any

import pytest
import voluptuous as vol
from action_bench import call, failure, refusal, registry_id
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from moving import same_time
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load, async_load_carbontrack, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Gap, House, SimulatorClock, WatticsSimulator
from custom_components.wattbridge.const import DOMAIN

ACTION = "get_carbontrack_measurements"
NOW = datetime(2026, 6, 10, 12, 2, tzinfo=UTC)
NOON = datetime(2026, 6, 10, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def cloud() -> AsyncIterator[CarbonTrackSimulator]:
    """A cloud whose time stands still, also for Home Assistant."""
    clock = SimulatorClock(NOW, frozen=True)
    async with CarbonTrackSimulator(house=House(seed=5, interval_s=600), clock=clock) as simulator:
        with same_time(clock):
            yield simulator


@pytest.fixture
async def entry(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> AsyncIterator[MockConfigEntry]:
    """An account with one device."""
    devices = {cloud.house.device_ids[0]: {"name": "Roof", "interval_s": 600}}
    entry = await async_load_carbontrack(hass, cloud, devices=devices)
    yield entry
    await hass.config_entries.async_unload(entry.entry_id)


def hour_wh(cloud: CarbonTrackSimulator, wire: str) -> float:
    """Return what the cloud says of the hour that is asked for."""
    (energy_wh,) = cloud.house.hourly_energy_wh(cloud.house.device_ids[0], wire, NOON, NOON + HOUR, at=NOW).values()
    return energy_wh


async def test_records_come_as_the_account_reports_them(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """All fields that the device has, those of the interval that ends at the start left out."""
    (device,) = cloud.house.devices
    response = await call(hass, ACTION, device_id=device.device_id, start=NOON, end=NOON + HOUR)
    rows = response.pop("rows")
    units = response.pop("units")
    assert response == {
        "device_id": device.device_id,
        "name": "Roof",
        "start": NOON.isoformat(),
        "end": (NOON + HOUR).isoformat(),
        "count": 6,
        "next_start": None,
    }
    assert [row["time"] for row in rows] == [(NOON + n * HOUR / 6).isoformat() for n in range(1, 7)]
    assert {row["interval_s"] for row in rows} == {600}
    assert len(units) == len(device.fields)
    assert set(rows[0]) == {"time", "interval_s", *units}
    assert fsum(row["power_usage"] for row in rows) == pytest.approx(hour_wh(cloud, "PowerUsage"))
    shown = {name: units[name] for name in ("power_usage", "power_vah_1", "temperature_1", "voltage", "power_factor_1")}
    assert shown == {
        "power_usage": "Wh",
        "power_vah_1": "VAh",
        "temperature_1": "°C",
        "voltage": "V",
        "power_factor_1": None,
    }


async def test_figures_are_turned_into_power_or_energy(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Power fields alone; the others stay what they are."""
    asked: dict[str, Any] = {
        "device_id": registry_id(hass, entry, cloud.house.device_ids[0]),
        "start": NOON,
        "end": NOON + HOUR,
        "fields": ["generating", "power_vah_1", "voltage"],
    }
    power = await call(hass, ACTION, figures="power", **asked)
    assert power["units"] == {"generating": "W", "power_vah_1": "VA", "voltage": "V"}
    mean_w = fsum(row["generating"] for row in power["rows"]) / 6
    assert mean_w == pytest.approx(hour_wh(cloud, "Generating"))
    energy = await call(hass, ACTION, figures="energy", **asked)
    assert energy["units"] == {"generating": "Wh", "power_vah_1": "VAh", "voltage": "V"}
    assert fsum(row["generating"] for row in energy["rows"]) == pytest.approx(hour_wh(cloud, "Generating"))
    for one, other in zip(power["rows"], energy["rows"], strict=True):
        assert one["power_vah_1"] == pytest.approx(other["power_vah_1"] * 6)
        assert one["voltage"] == other["voltage"]


async def test_account_in_another_unit_is_converted_from_that(hass: HomeAssistant, cloud: CarbonTrackSimulator) -> None:
    """The account's unit is what raw figures are in."""
    device_id = cloud.house.device_ids[0]
    devices = {device_id: {"name": "Roof", "interval_s": 600}}
    entry = await async_load_carbontrack(hass, cloud, devices=devices, power_unit="kW")
    asked = {"device_id": device_id, "start": NOON, "end": NOON + HOUR, "fields": ["power_usage", "power_vah_1"]}
    raw = await call(hass, ACTION, **asked)
    energy = await call(hass, ACTION, figures="energy", **asked)
    assert raw["units"] == {"power_usage": "kW", "power_vah_1": "kVA"}
    expected = [pytest.approx(row["power_usage"] * 1000 / 6) for row in raw["rows"]]
    assert [row["power_usage"] for row in energy["rows"]] == expected
    await hass.config_entries.async_unload(entry.entry_id)


async def test_pages_go_on_where_the_one_before_ended(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Every record comes once, whatever the limit, and each covers its own time."""
    device_id, end = cloud.house.device_ids[0], NOON + 2 * HOUR
    whole = await call(hass, ACTION, device_id=device_id, start=NOON, end=end, fields=["power_usage"])
    rows: list[dict[str, Any]] = []
    start: str | None = NOON.isoformat()
    while start is not None:
        page = await call(
            hass, ACTION, device_id=device_id, start=start, end=end, fields=["power_usage"], figures="power", limit=5
        )
        assert page["count"] <= 5
        rows += page["rows"]
        start = page["next_start"]
    assert [row["time"] for row in rows] == [row["time"] for row in whole["rows"]]
    assert [row["power_usage"] for row in rows] == [pytest.approx(6 * row["power_usage"]) for row in whole["rows"]]


async def test_silence_is_no_record_and_no_zero(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A gap is nothing, and a field that the device does not have is null if it is asked for."""
    cloud.house.oddities.append(Gap(NOON - HOUR, NOON + 2 * HOUR))
    device_id = cloud.house.device_ids[0]
    nothing = await call(hass, ACTION, device_id=device_id, start=NOON, end=NOON + HOUR)
    assert (nothing["count"], nothing["rows"], nothing["units"]) == (0, [], {})
    after = await call(hass, ACTION, device_id=device_id, start=NOON + 2 * HOUR, fields=["flow"])
    assert after["end"] == NOW.isoformat()
    assert after["count"] == 6
    assert {row["flow"] for row in after["rows"]} == {None}


async def test_times_may_be_written_as_people_do(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """A date is its midnight, a time without an offset is local."""
    await hass.config.async_set_time_zone("Australia/Adelaide")
    device_id = cloud.house.device_ids[0]
    response = await call(hass, ACTION, device_id=device_id, start="2026-06-10", end="2026-06-10 02:00:00")
    assert response["start"] == "2026-06-09T14:30:00+00:00"
    assert response["end"] == "2026-06-09T16:30:00+00:00"
    assert response["count"] == 12
    from_yaml = await call(hass, ACTION, device_id=device_id, start=datetime(2026, 6, 10).date())  # noqa: DTZ001 - a bare date is the point
    assert from_yaml["start"] == response["start"]
    await hass.config.async_set_time_zone("UTC")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"start": NOON, "end": NOON}, ("range_empty", {"start": "2026-06-10 02:00-07:00"})),
        ({"start": NOW + HOUR}, ("range_in_future", {"start": "2026-06-10 06:02-07:00"})),
        ({"start": NOW - timedelta(days=32)}, ("range_too_long", {"field": "end", "days": "31"})),
        ({"start": NOON, "device_id": "nobody"}, ("device_unknown", {"device": "nobody", "vendor": "carbonTRACK"})),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    hass: HomeAssistant,
    cloud: CarbonTrackSimulator,
    entry: MockConfigEntry,
    fields: dict[str, Any],
    expected: tuple[str, dict[str, str]],
) -> None:
    """The text names the field or the thing, and nothing is asked of the cloud."""
    await hass.async_block_till_done()
    key, placeholders = await refusal(hass, ACTION, **{"device_id": cloud.house.device_ids[0], **fields})
    assert key == expected[0]
    assert placeholders is not None
    assert expected[1].items() <= placeholders.items()


@pytest.mark.parametrize(
    "fields",
    [{"fields": ["colour"]}, {"figures": "money"}, {"limit": 0}, {"limit": 10_001}, {"start": "yesterday"}],
)
async def test_what_no_form_offers_is_not_accepted(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, fields: dict[str, Any]
) -> None:
    """The error names the field."""
    with pytest.raises(vol.Invalid, match=next(iter(fields)) if "yesterday" not in fields.values() else "yesterday"):
        await call(hass, ACTION, **{"device_id": cloud.house.device_ids[0], "start": NOON, **fields})


async def test_account_that_is_not_loaded_cannot_be_asked(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """Home Assistant's own text says so."""
    await hass.config_entries.async_unload(entry.entry_id)
    key, _ = await refusal(hass, ACTION, device_id=cloud.house.device_ids[0], start=NOON)
    assert key == "service_config_entry_not_loaded"


async def test_device_of_a_sink_is_none_of_carbontracks(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, wattics_cloud: WatticsSimulator
) -> None:
    """Accounts without devices are passed over."""
    await async_load(hass, make_entry("wattics", wattics_cloud))
    assert (await refusal(hass, ACTION, device_id="free", start=NOON))[0] == "device_unknown"


async def test_refused_credentials_are_asked_for(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry
) -> None:
    """The action fails with the reason, and Home Assistant asks to sign in."""
    await hass.async_block_till_done(wait_background_tasks=False)
    cloud.password = "another one"
    cloud.tokens.expire_all()
    cloud.tokens.revoke_refresh_tokens()
    assert await failure(hass, ACTION, device_id=cloud.house.device_ids[0], start=NOON) == "invalid_auth"
    await hass.async_block_till_done(wait_background_tasks=False)
    assert {flow["step_id"] for flow in hass.config_entries.flow.async_progress()} == {"reauth_confirm"}


async def test_every_user_may_ask_but_only_for_an_answer(
    hass: HomeAssistant, cloud: CarbonTrackSimulator, entry: MockConfigEntry, hass_read_only_user: User
) -> None:
    """It changes nothing, so there is nothing in it without its answer."""
    data = {"device_id": cloud.house.device_ids[0], "start": NOON}
    response = await hass.services.async_call(
        DOMAIN, ACTION, data, blocking=True, return_response=True, context=Context(user_id=hass_read_only_user.id)
    )
    assert response is not None
    with pytest.raises(ServiceValidationError):
        await hass.services.async_call(DOMAIN, ACTION, data, blocking=True)
