"""`upload wattcarbon`: what is looked at before, what goes out, and how it goes on after a failure."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_bench import Child, Shell, end_of, until

from aiowattbridge.simulators import WattCarbonSimulator

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def write_hours(path: Path, count: int, *, without: int | None = None, step: timedelta = HOUR) -> Path:
    """Write a file of hours; `without` leaves one of them out."""
    lines = [f"{(START + number * step).isoformat()},{number / 10}\n" for number in range(count) if number != without]
    path.write_text("datetime,value_kwh\n" + "".join(lines))
    return path


@pytest.fixture
def asset(registry: WattCarbonSimulator) -> str:
    """The one asset of the account."""
    (asset_id,) = registry.assets
    return asset_id


async def test_uploads_every_hour(registry: WattCarbonSimulator, asset: str, shell: Shell, tmp_path: Path) -> None:
    """In batches, and the sum is told."""
    result = await shell("upload", "wattcarbon", asset, write_hours(tmp_path / "roof.csv", 50), "--batch", "20")
    assert result.code == 0
    assert registry.hours(asset) == {START + number * HOUR: number / 10 for number in range(50)}
    assert "50 rows were uploaded in 3 batches, 122.5 kWh" in result.out
    assert not registry.log.violations


async def test_tells_programs_of_each_batch(
    registry: WattCarbonSimulator, asset: str, shell: Shell, tmp_path: Path
) -> None:
    """A line of JSON as soon as it is taken."""
    file = write_hours(tmp_path / "roof.csv", 30)
    result = await shell("upload", "wattcarbon", asset, file, "--batch", "20", "--json")
    assert [(one["rows"], one["last"]) for one in result.documents] == [
        (20, "2026-01-01T19:00:00+00:00"),
        (10, "2026-01-02T05:00:00+00:00"),
    ]


async def test_dry_run_only_looks(shell: Shell, tmp_path: Path) -> None:
    """And needs no credentials."""
    result = await shell("upload", "wattcarbon", "1", write_hours(tmp_path / "roof.csv", 30), "--dry-run", "--json")
    assert result.code == 0
    assert (result.json["rows"], result.json["total_kwh"], result.json["holes"]) == (30, 43.5, [])
    shown = await shell("upload", "wattcarbon", "1", tmp_path / "roof.csv", "--dry-run")
    assert "total kwh" in shown.out


async def test_holes_end_with_1_unless_they_are_allowed(
    registry: WattCarbonSimulator, asset: str, shell: Shell, tmp_path: Path
) -> None:
    """They are listed in both cases, and nothing is filled in."""
    file = write_hours(tmp_path / "roof.csv", 30, without=7)
    refused = await shell("upload", "wattcarbon", asset, file)
    assert refused.code == 1
    assert "hole: 2026-01-01 07:00:00+00:00 to 2026-01-01 08:00:00+00:00" in refused.err
    assert "--allow-holes" in refused.error
    assert not registry.uploads
    allowed = await shell("upload", "wattcarbon", asset, file, "--allow-holes")
    assert allowed.code == 0
    assert len(registry.hours(asset)) == 29


@pytest.mark.parametrize(
    ("rows", "trouble"),
    [
        (["2026-01-01T00:00:00+00:00,1", "2026-01-01T00:00:00+00:00,1"], "twice: 2026-01-01 00:00:00+00:00"),
        (["2026-01-01T00:30:00+00:00,1"], "off the grid: 2026-01-01 00:30:00+00:00"),
        (["2026-01-01T01:00:00+00:00,1", "2026-01-01T00:00:00+00:00,1"], "out of order: 2026-01-01 00:00:00+00:00"),
        (["2026-01-01T00:00:00,1"], "datetime (line 2)"),
        (["2026-01-01T00:00:00+00:00,unknown"], "value_kwh (line 2)"),
        (["2999-01-01T00:00:00+00:00,1"], "is not over yet"),
        ([], "no rows"),
    ],
)
async def test_bad_series_ends_with_1_before_anything_is_sent(
    rows: list[str], trouble: str, registry: WattCarbonSimulator, asset: str, shell: Shell, tmp_path: Path
) -> None:
    """What is wrong is listed."""
    file = tmp_path / "roof.csv"
    file.write_text("\n".join(["datetime,value_kwh", *rows, ""]))
    result = await shell("upload", "wattcarbon", asset, file)
    assert result.code == 1
    assert trouble in result.err
    assert registry.log.total == 0


async def test_refused_batch_says_where_to_go_on(
    registry: WattCarbonSimulator, asset: str, shell: Shell, tmp_path: Path
) -> None:
    """And going on there makes the series whole."""
    file = write_hours(tmp_path / "roof.csv", 50)
    rejection = registry.reject(asset, lambda rows: START + 25 * HOUR in rows)
    failed = await shell("upload", "wattcarbon", asset, file, "--batch", "20")
    assert failed.code == 1
    assert "go on with --from 2026-01-01T20:00:00+00:00" in failed.err
    registry.rejections.remove(rejection)
    result = await shell("upload", "wattcarbon", asset, file, "--from", "2026-01-01T20:00:00+00:00", "--json")
    assert result.json["rows"] == 30
    assert len(registry.hours(asset)) == 50


async def test_interrupted_upload_says_where_to_go_on(
    registry: WattCarbonSimulator, asset: str, start: Child, tmp_path: Path
) -> None:
    """Ctrl-C ends it with 130."""
    registry.latency_s = 0.05
    process = await start("upload", "wattcarbon", asset, write_hours(tmp_path / "roof.csv", 500), "--batch", "10")
    await until(lambda: len(registry.uploads) >= 3)
    process.send_signal(signal.SIGINT)
    result = await end_of(process)
    assert result.code == 130
    assert "go on with --from 2026-01-0" in result.err


async def test_uploads_to_a_meter_in_its_own_grid(registry: WattCarbonSimulator, shell: Shell, tmp_path: Path) -> None:
    """Quarter-hours."""
    meter = registry.add_meter({"apiProvider": "manual", "meterType": "electricity", "location": "Nowhere"})
    file = write_hours(tmp_path / "meter.csv", 8, step=timedelta(minutes=15))
    result = await shell("upload", "wattcarbon", meter, file, "--meter", "--interval", "15")
    assert result.code == 0
    assert len(registry.intervals(meter)) == 8


async def test_unknown_asset_ends_with_1(registry: WattCarbonSimulator, shell: Shell, tmp_path: Path) -> None:
    """The cloud knows no such thing."""
    result = await shell("upload", "wattcarbon", "nobody", write_hours(tmp_path / "roof.csv", 5))
    assert result.code == 1
    assert "knows no such thing" in result.error


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("1", "roof.csv", "--interval", "15"), "--interval"),
        (("1", "roof.csv", "--interval", "7", "--meter"), "--interval"),
        (("1", "roof.csv", "--from", "noon"), "--from"),
        (("1", "roof.csv", "--batch", "0"), "--batch"),
        (("1", "nothing.csv"), "nothing.csv"),
    ],
)
async def test_bad_input_ends_with_2_and_names_the_option(
    arguments: tuple[str, ...], named: str, registry: WattCarbonSimulator, shell: Shell, tmp_path: Path
) -> None:
    """Nothing is sent."""
    write_hours(tmp_path / "roof.csv", 3)
    result = await shell("upload", "wattcarbon", *arguments)
    assert result.code == 2
    assert named in result.error
    assert registry.log.total == 0


async def test_lists_assets_without_personal_data(registry: WattCarbonSimulator, asset: str, shell: Shell) -> None:
    """Unless they are asked for."""
    result = await shell("devices", "wattcarbon", "--json")
    assert result.json["id"] == asset
    assert result.json["custom_id"] == registry.assets[asset]["customId"]
    assert not any(text in result.out for text in registry.canaries)
    personal = await shell("devices", "wattcarbon", "--json", "--personal")
    assert any(text in personal.out for text in registry.canaries)
