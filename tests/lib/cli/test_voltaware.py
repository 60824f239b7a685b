"""`voltaware`: results by month and week, and what is told of a home."""

import io
import json
import sys
from pathlib import Path

import pytest
from cli_bench import Shell

from aiowattbridge.simulators import VoltawareSimulator

HOME = {
    "property_type": "HOME",
    "power_generator_source": "NONE",
    "home_type": "FLAT",
    "home_usage_type": "PRIMARY",
    "home_size": 71.5,
    "bedroom_amount": 2,
    "people_amount": 3,
    "people_amount_in_day_time": 1,
    "people": [{"age_range": "ADULT", "amount": 2}, {"age_range": "ZERO_TO_FIVE", "amount": 1}],
}
APPLIANCES = {"appliances": [{"key": "KETTLE", "amount": 1}, {"key": "ELECTRIC_OVEN", "amount": 1, "type": "MINI"}]}
PLACE = {"latitude": 52.5, "longitude": 13.4}
DISAGGREGATION = ("voltaware", "disaggregation")
GET, SET = ("voltaware", "metadata", "get"), ("voltaware", "metadata", "set")


@pytest.fixture
def device(homes: VoltawareSimulator) -> str:
    """The first meter of the account."""
    return homes.device_ids[0]


async def test_shows_a_month(homes: VoltawareSimulator, device: str, shell: Shell) -> None:
    """Every appliance with its energy, the largest first."""
    result = await shell(*DISAGGREGATION, device, "--month", "2026-02", "--json")
    assert result.code == 0
    expected = homes.month_energy_wh(device, 2026, 2)
    assert result.json["appliances"] == pytest.approx(expected)
    assert list(result.json["appliances"]) == sorted(expected, key=lambda key: -expected[key])
    assert result.json["total_wh"] == pytest.approx(sum(expected.values()))
    assert (result.json["first_day"], result.json["available"]) == ("2026-02-01", True)
    shown = await shell(*DISAGGREGATION, device, "--month", "2026-02")
    assert all(key in shown.out for key in (*expected, "total"))


async def test_shows_a_week(device: str, shell: Shell) -> None:
    """By its number or by its Monday."""
    by_number = await shell(*DISAGGREGATION, device, "--week", "2026-W09", "--json")
    by_monday = await shell(*DISAGGREGATION, device, "--week", "2026-02-23", "--json")
    assert by_number.json == by_monday.json
    assert by_number.json["period"] == "2026-W09"
    assert by_number.json["total_wh"] > 0


async def test_shows_a_month_cut_into_weeks(device: str, shell: Shell) -> None:
    """Clipped at the month's ends."""
    month = await shell(*DISAGGREGATION, device, "--month", "2026-01", "--json")
    result = await shell(*DISAGGREGATION, device, "--month", "2026-01", "--by-weeks", "--json")
    weeks = result.json["weeks"]
    assert (weeks[0]["first_day"], weeks[-1]["last_day"]) == ("2026-01-01", "2026-01-31")
    assert sum(week["total_wh"] for week in weeks) == pytest.approx(month.json["total_wh"], rel=1e-3)
    shown = await shell(*DISAGGREGATION, device, "--month", "2026-01", "--by-weeks")
    assert "26.01–31.01" in shown.out


async def test_shows_all_months_newest_first(device: str, shell: Shell) -> None:
    """A line of JSON for each, back to the first event; there are none after the time of this cloud."""
    result = await shell(*DISAGGREGATION, device, "--all", "--json")
    assert [one["period"] for one in result.documents if one["available"]] == [
        "2026-02",
        "2026-01",
        "2025-12",
        "2025-11",
    ]


async def test_adds_cycles_and_report(device: str, shell: Shell) -> None:
    """Cycles are in the device's own time."""
    result = await shell(*DISAGGREGATION, device, "--month", "2026-02", "--cycles", "--report", "--json")
    (car,) = result.json["cycles"]
    assert car["appliance"] == "electric_vehicle"
    assert car["cycles"][0]["start"].endswith("+01:00")
    assert len(result.json["report"]["day_by_day"]["days"]) == 28
    shown = await shell(*DISAGGREGATION, device, "--month", "2026-02", "--cycles", "--report")
    assert shown.code == 0
    assert car["cycles"][0]["start"].replace("T", " ") in shown.out
    assert "2026-02-28" in shown.out


async def test_month_that_is_not_there_yet_is_no_failure(device: str, shell: Shell) -> None:
    """It is said."""
    result = await shell(*DISAGGREGATION, device, "--month", "2026-03", "--json")
    assert result.code == 0
    assert (result.json["available"], result.json["total_wh"]) == (False, None)
    assert "not there" in (await shell(*DISAGGREGATION, device, "--month", "2026-03")).out


@pytest.mark.parametrize(("part", "known"), [("property", HOME), ("appliances", APPLIANCES), ("geolocation", PLACE)])
async def test_what_is_set_is_got(part: str, known: object, device: str, shell: Shell, tmp_path: Path) -> None:
    """And what was got can be set again."""
    file = tmp_path / "home.json"
    file.write_text(json.dumps(known))
    assert (await shell(*SET, device, part, file)).code == 0
    got = await shell(*GET, device, part, "--json")
    assert {name: value for name, value in got.json.items() if name != "version"} == known
    file.write_text((await shell(*GET, device, part)).out)
    assert (await shell(*SET, device, part, file)).code == 0


@pytest.mark.parametrize("part", ["property", "appliances", "geolocation"])
async def test_what_was_never_told_is_null(part: str, device: str, shell: Shell) -> None:
    """And a note says so."""
    result = await shell(*GET, device, part)
    assert result.code == 0
    assert result.out == "null\n"
    assert part in result.err


@pytest.mark.parametrize(
    ("part", "known", "named"),
    [
        ("property", HOME | {"home_type": "CASTLE"}, "home_type: has to be one of FLAT, HOUSE"),
        ("property", HOME | {"bedroom_amount": 0}, "bedroom_amount: "),
        ("property", HOME | {"colour": "blue"}, "colour: "),
        ("appliances", [{"key": "KETTLE"}], "appliances.0.amount: "),
        ("geolocation", {"latitude": 95, "longitude": 0}, "latitude: "),
        ("geolocation", [], "geolocation"),
    ],
)
async def test_bad_field_ends_with_2_and_is_named_before_anything_is_sent(
    part: str, known: object, named: str, homes: VoltawareSimulator, device: str, shell: Shell, tmp_path: Path
) -> None:
    """With what is accepted."""
    file = tmp_path / "home.json"
    file.write_text(json.dumps(known))
    result = await shell(*SET, device, part, file)
    assert result.code == 2
    assert named in result.error
    assert "home.json" in result.error
    assert homes.log.total == 0


async def test_dry_run_shows_what_would_be_sent(
    homes: VoltawareSimulator, device: str, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From stdin too."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(PLACE)))
    result = await shell(*SET, device, "geolocation", "-", "--dry-run", "--json")
    assert result.json == PLACE
    assert homes.log.total == 0


async def test_lists_devices_without_their_places(homes: VoltawareSimulator, shell: Shell) -> None:
    """Where they stand is asked for only where it is wanted."""
    result = await shell("devices", "voltaware", "--json")
    assert [one["id"] for one in result.documents] == list(homes.device_ids)
    assert {one["time_zone"] for one in result.documents} == {meter.zone_name for meter in homes.meters.values()}
    assert not homes.log.count(f"/sensors/{homes.device_ids[0]}/metadata/geolocation")
    personal = await shell("devices", "voltaware", "--json", "--personal")
    assert "latitude_deg" in personal.documents[0]


async def test_unknown_device_ends_with_1(homes: VoltawareSimulator, shell: Shell) -> None:
    """There is no month of a device that is not there; what is known of it says why."""
    result = await shell(*DISAGGREGATION, "4711", "--all")
    assert result.code == 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--month"),
        (("--month", "2026-02", "--week", "2026-W09"), "--month"),
        (("--month", "February"), "--month"),
        (("--week", "2026-02-24"), "--week"),
        (("--week", "2026-W09", "--by-weeks"), "--by-weeks"),
        (("--month", "2026-02", "--zone", "Nowhere"), "--zone"),
    ],
)
async def test_bad_input_ends_with_2_and_names_the_option(
    arguments: tuple[str, ...], named: str, homes: VoltawareSimulator, shell: Shell
) -> None:
    """Nothing is asked of the cloud."""
    result = await shell(*DISAGGREGATION, "1", *arguments)
    assert result.code == 2
    assert named in result.error
    assert homes.log.total == 0


async def test_file_that_is_no_json_is_named(device: str, shell: Shell, tmp_path: Path) -> None:
    """With the place, and nothing of its content."""
    file = tmp_path / "home.json"
    file.write_text('{"latitude": 52.5,\n"longitude"')
    result = await shell(*SET, device, "geolocation", file)
    assert result.code == 2
    assert "line 2" in result.error
