"""A report that can be attached to a public issue: useful, and without secrets, personal data or identifiers."""

import json
from hashlib import sha256

from homeassistant.core import HomeAssistant

from accounts import add_stream, async_load_carbontrack, async_load_wattics, make_entry
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WatticsSimulator
from custom_components.wattbridge.diagnostics import async_get_config_entry_diagnostics, async_pseudonyms


async def test_source_report_shows_how_it_is_doing_and_no_secret(
    hass: HomeAssistant, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """Devices and series are pseudonyms; the settings that matter are there."""
    entry = await async_load_carbontrack(hass, carbontrack_cloud)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["settings"]["grid_field"] == "power_usage_net"
    assert len(report["devices"]) == 1
    assert len(report["series"]) == 3
    text = json.dumps(report)
    device_id = carbontrack_cloud.house.device_ids[0]
    for secret in (
        carbontrack_cloud.username,
        carbontrack_cloud.password,
        device_id,
        *carbontrack_cloud.house.canaries,
    ):
        assert secret not in text
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
