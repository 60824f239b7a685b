"""What the last day of records says about now and today, and what it does not say."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.wattbridge.aiowattbridge.carbontrack import Measurement
from custom_components.wattbridge.aiowattbridge.carbontrack.units import PowerUnit
from custom_components.wattbridge.snapshot import DeviceSettings, DeviceSnapshot, Ledger, take_snapshot

MIDNIGHT = datetime(2026, 5, 1, tzinfo=UTC)
NOW = MIDNIGHT + timedelta(hours=12)
KNOWN = DeviceSnapshot(device_id="1", name="Roof")


def settings(interval_s: int = 300, unit: PowerUnit = PowerUnit.WH) -> DeviceSettings:
    """Settle the fields as most accounts do."""
    return DeviceSettings(
        fields={"usage": "power_usage_net", "generation": "generating"}, unit=unit, interval_s=interval_s
    )


def record(time: datetime, usage: float | None, generation: float | None = None) -> Measurement:
    """Make a record of two fields."""
    return Measurement(device_id="1", recorded_at=time, power_usage_net=usage, generating=generation)


def ledger_of(*records: Measurement) -> Ledger:
    """Make a ledger of records that were fetched from midnight on."""
    ledger = Ledger()
    ledger.take(records, MIDNIGHT)
    return ledger


def test_power_is_the_newest_records_energy_over_its_own_interval() -> None:
    """50 Wh in ten minutes are 300 W, whatever the usual interval is."""
    ledger = ledger_of(record(NOW - timedelta(minutes=10), 7), record(NOW, 50, 25))
    snapshot = take_snapshot(KNOWN, ledger, settings(), MIDNIGHT, NOW)
    assert snapshot.power_w == {"usage": 300.0, "generation": 150.0}
    assert snapshot.today_kwh == {"usage": 0.057, "generation": 0.025}
    assert snapshot.last_reading == NOW
    assert snapshot.reported == {"power_usage_net", "generating"}


def test_field_without_a_value_is_missing_and_never_zero() -> None:
    """Neither now nor today."""
    snapshot = take_snapshot(KNOWN, ledger_of(record(NOW, 50)), settings(), MIDNIGHT, NOW)
    assert snapshot.power_w["generation"] is None
    assert snapshot.today_kwh["generation"] is None
    assert "generating" not in snapshot.reported


def test_day_without_a_reading_yet_has_no_energy() -> None:
    """Yesterday's last reading, stamped at midnight, is yesterday's."""
    snapshot = take_snapshot(
        KNOWN, ledger_of(record(MIDNIGHT, 50)), settings(), MIDNIGHT, MIDNIGHT + timedelta(minutes=3)
    )
    assert snapshot.today_kwh["usage"] is None
    assert snapshot.power_w["usage"] == 600.0


def test_reading_across_midnight_counts_for_both_days() -> None:
    """Two of its five minutes belong to the new day."""
    ledger = ledger_of(record(MIDNIGHT - timedelta(minutes=3), 1), record(MIDNIGHT + timedelta(minutes=2), 10))
    snapshot = take_snapshot(KNOWN, ledger, settings(), MIDNIGHT, NOW)
    assert snapshot.today_kwh["usage"] == 0.004


@pytest.mark.parametrize(("interval_s", "patience_min"), [(60, 15), (300, 15), (600, 30), (3600, 180)])
def test_reading_is_believed_for_three_intervals_and_at_least_a_quarter_of_an_hour(
    interval_s: int, patience_min: int
) -> None:
    """A second later it is stale."""
    ledger = ledger_of(record(NOW - timedelta(minutes=patience_min), 5))
    assert not take_snapshot(KNOWN, ledger, settings(interval_s), MIDNIGHT, NOW).stale
    assert take_snapshot(KNOWN, ledger, settings(interval_s), MIDNIGHT, NOW + timedelta(seconds=1)).stale


def test_device_without_records_is_stale_and_keeps_its_name() -> None:
    """Nothing else is known of it."""
    snapshot = take_snapshot(KNOWN, Ledger(), settings(), MIDNIGHT, NOW)
    assert snapshot.stale
    assert snapshot.name == "Roof"
    assert snapshot.last_reading is None
    assert snapshot.power_w == {}


def test_record_that_is_fetched_again_replaces_the_one_before() -> None:
    """The cloud corrects itself."""
    ledger = ledger_of(record(NOW, 50))
    ledger.take([record(NOW, 60)], NOW)
    assert take_snapshot(KNOWN, ledger, settings(), MIDNIGHT, NOW).power_w["usage"] == 720.0
    assert ledger.begins == MIDNIGHT


def test_pruning_keeps_the_newest_record_of_a_silent_device() -> None:
    """What comes after it is asked for from there on, however long it was silent."""
    ledger = ledger_of(record(MIDNIGHT + timedelta(hours=1), 1), record(MIDNIGHT + timedelta(hours=2), 2))
    ledger.prune(NOW)
    assert ledger.newest == MIDNIGHT + timedelta(hours=2)
    assert ledger.begins == NOW
    assert [reading.value for reading in ledger.readings("power_usage_net")] == [2]


def test_ledger_begins_after_a_stretch_that_was_not_fetched() -> None:
    """What is whole has no hole in it."""
    ledger = ledger_of(record(MIDNIGHT + timedelta(hours=1), 1))
    ledger.take([record(NOW, 2)], MIDNIGHT + timedelta(hours=1))
    assert ledger.begins == MIDNIGHT
    ledger.take([], NOW + timedelta(seconds=1))
    assert ledger.begins == NOW + timedelta(seconds=1)
    assert ledger.newest == NOW


@pytest.mark.parametrize(("unit", "watts"), [("Wh", 12.0), ("kWh", 12_000.0), ("W", 1.0), ("kW", 1_000.0)])
def test_unit_of_the_account_decides_what_a_figure_is(unit: str, watts: float) -> None:
    """Of the series and of the single channels alike."""
    ledger = ledger_of(record(NOW - timedelta(minutes=5), 1), record(NOW, 1))
    snapshot = take_snapshot(KNOWN, ledger, settings(unit=PowerUnit(unit)), MIDNIGHT, NOW)
    assert snapshot.power_w["usage"] == pytest.approx(watts)
    assert snapshot.field_power_w("power_usage_net") == pytest.approx(watts)
