"""A report that can be attached to a public issue: useful, and without secrets, personal data or identifiers."""

import json
import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from comparison import runtime_of, wait_complete
from homeassistant.core import HomeAssistant

from accounts import add_stream, async_load_carbontrack, async_load_wattics, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WatticsSimulator
from custom_components.wattbridge.diagnostics import async_get_config_entry_diagnostics
from custom_components.wattbridge.history import HistoryImporter
from custom_components.wattbridge.lifecycle import async_device_watch
from custom_components.wattbridge.progress import Hole, Progress
from custom_components.wattbridge.pseudonyms import async_pseudonyms


async def test_source_report_shows_how_it_is_doing_and_no_secret(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Devices and series are pseudonyms; the settings that matter are there."""
    cloud, chosen = carbontrack_cloud, ["usage", "channel_1"]
    entry = await async_load_carbontrack(hass, cloud, left_out=["1", "2"], statistics=chosen)
    device_id = cloud.house.device_ids[0]
    await wait_complete(entry, device_id)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["settings"]["grid_field"] == "power_usage_net"
    assert report["settings"]["statistics"] == chosen
    assert report["devices_left_out"] == 2
    (device,) = report["devices"].values()
    assert device["series"].keys() == {"usage", "channel_1"}
    assert device["series"]["usage"]["watermark"] == device["last_reading"]
    assert device["history"]["complete"]
    assert (device["interval_s"], device["stale"], device["has_vanished"]) == (300, False, False)
    assert "power_usage_net" in device["reported"]
    text = json.dumps(report)
    secrets = {cloud.username, cloud.password, cloud.url, device_id, "Roof", "Nowhere"}
    for secret in secrets | cloud.house.canaries:
        assert secret not in text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_report_of_a_device_full_of_holes_stays_short(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones, and how many there are."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    holes = [Hole(begin + timedelta(days=n), begin + timedelta(days=n, hours=1)) for n in range(500)]
    entry = await async_load_carbontrack(hass, carbontrack_cloud)
    monkeypatch.setattr(HistoryImporter, "device_progress", lambda *_: Progress(holes=holes, missing_hours=500))
    report = await async_get_config_entry_diagnostics(hass, entry)
    (device,) = report["devices"].values()
    assert device["history"]["holes"][0] == {"start": "2026-01-01T00:00:00+00:00", "end": "2026-01-01T01:00:00+00:00"}
    assert (len(device["history"]["holes"]), device["history"]["holes_count"]) == (20, 500)
    json.dumps(report)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_sink_report_shows_its_streams_and_no_secret(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """The stream's id and what fills it are pseudonyms."""
    entry = await async_load_wattics(hass, wattics_cloud)
    await add_stream(hass, entry, "house-of-somebody")
    report = await async_get_config_entry_diagnostics(hass, entry)
    (stream,) = report["streams"].values()
    assert stream["interval_min"] == 60
    assert "delivered" in stream["status"]
    text = json.dumps(report)
    for secret in (wattics_cloud.username, wattics_cloud.password, "house-of-somebody", "meter:energy"):
        assert secret not in text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_account_that_is_not_loaded_has_a_report_too(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator
) -> None:
    """That is when it is wanted most."""
    entry = make_entry("wattics", wattics_cloud)
    entry.add_to_hass(hass)
    wattics_cloud.faults.script("*", [Fault("unavailable", retry_after_s=3600)])
    await hass.config_entries.async_setup(entry.entry_id)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert (report["state"], report["reason"]) == ("setup_retry", "cannot_connect")
    assert wattics_cloud.username not in json.dumps(report)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_pseudonym_is_no_bare_hash(hass: HomeAssistant) -> None:
    """A device's id may be a short number: whoever reads the report must not find it by trying."""
    pseudonym = await async_pseudonyms(hass)
    assert pseudonym("1001") == pseudonym("1001") != pseudonym("1002")
    assert not sha256(b"1001").hexdigest().startswith(pseudonym("1001"))


async def test_debug_log_tells_no_secret(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong: people attach it to public issues, too."""
    cloud = carbontrack_cloud
    with caplog.at_level(logging.DEBUG, logger="custom_components.wattbridge"):
        entry = await async_load_carbontrack(hass, cloud, follow_new_devices=True)
        await wait_complete(entry, cloud.house.device_ids[0])
        coordinator = runtime_of(entry).coordinator
        for kind in ("in_band", "html", "truncated_json", "status"):
            cloud.faults.script("/ctapi/Measurement", [Fault(kind, status=418)])
            await coordinator.async_refresh()
        cloud.house.away.update(cloud.house.device_ids)
        await coordinator.async_refresh()
        watch = async_device_watch(hass, entry)
        assert watch is not None
        await watch.async_look()
        cloud.password = "another one"
        cloud.tokens.expire_all()
        await coordinator.async_refresh()
        await hass.config_entries.async_unload(entry.entry_id)
    ours = [record for record in caplog.records if record.name.startswith("custom_components.wattbridge")]
    assert any(record.levelno == logging.DEBUG for record in ours)
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    for secret in {cloud.username, "correct horse battery", cloud.password, *cloud.house.canaries}:
        assert secret not in text
