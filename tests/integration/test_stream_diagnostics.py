"""The report and the debug log of an account that sends: useful to whoever helps, and without a secret."""

import json
import logging
from datetime import datetime, timedelta

import pytest
from forwarding_bench import async_store, hours_ago, metadata, register_sensor, stream_data, sum_rows
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from sink_bench import async_load_sink, engine_of, forwarder_of, series_data

from accounts import wait_for
from aiowattbridge.simulators import Fault, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.diagnostics import async_get_config_entry_diagnostics
from custom_components.wattbridge.forwarding import Notice

CANARY = "canary:energy_of_somebody"
STREAM_ID = "canary-house-of-somebody"
HOURS = 12
# Of a foreign statistic, an hour is closed when a later row is there.
CLOSED = HOURS - 1


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store some hours of a statistic with a hole; returns when it starts."""
    first = hours_ago(HOURS + 3)
    await async_store(hass, metadata(CANARY), sum_rows(first, [1.0, 1.0, None, *[1.0] * (HOURS - 3)]))
    return first


async def test_report_of_a_wattics_stream(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """What it is made of by pseudonyms, which rows went out, and what did not."""
    data = stream_data({"pC_1": (CANARY, "change")}, stream_id=STREAM_ID)
    entry = await async_load_sink(hass, wattics_cloud, data)
    await wait_for(lambda: engine_of(entry).status.caught_up)
    engine_of(entry).raise_notice(Notice.SOURCE_RESET, CANARY)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert (report["is_connected"], report["requests_paused_until"]) == (True, None)
    (stream,) = report["streams"].values()
    assert (stream["kind"], stream["interval_min"], stream["notices"]) == ("electricity", 60, ["source_reset"])
    (statistic,) = stream["statistics"]
    assert (statistic["parameter"], statistic["measure"], statistic["is_external"]) == ("pC_1", "change", True)
    assert stream["status"]["delivered"] == CLOSED - 1
    assert sum(stream["rows"]["hours_by_month"].values()) == CLOSED - 1
    assert next(iter(stream["rows"]["hours_by_month"])) == f"{start:%Y-%m}"
    assert stream["rows"]["from"] is None
    assert stream["rows"]["to"] == (start + timedelta(hours=CLOSED)).isoformat()
    assert stream["not_delivered"]["count"] == 1
    assert stream["not_delivered"]["latest"][0]["kind"] == "hole"
    text = json.dumps(report)
    for secret in (wattics_cloud.username, wattics_cloud.password, wattics_cloud.url, STREAM_ID, CANARY):
        assert secret not in text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_report_of_a_wattcarbon_asset(hass: HomeAssistant, start: datetime) -> None:
    """Nothing of where it stands and to whom it belongs; the signs are there, and the rows."""
    async with WattCarbonSimulator(assets=1) as cloud:
        (asset_id,) = cloud.assets
        data = series_data((CANARY, "generation"), target_id=asset_id)
        entry = await async_load_sink(hass, cloud, data)
        await wait_for(lambda: engine_of(entry).status.caught_up)
        report = await async_get_config_entry_diagnostics(hass, entry)
        (series,) = report["streams"].values()
        assert (series["kind"], series["send_revisions"]) == ("asset", True)
        assert [(one["sign"], one["parameter"]) for one in series["statistics"]] == [(1, "generation 1")]
        assert sum(series["rows"]["hours_by_month"].values()) == CLOSED - 1 == len(cloud.hours(asset_id))
        text = json.dumps(report)
        name = data["target_name"]
        for secret in (cloud.username, cloud.password, cloud.url, asset_id, name, CANARY, *cloud.canaries):
            assert secret not in text
        await hass.config_entries.async_unload(entry.entry_id)


async def test_report_of_a_stream_with_a_problem_does_not_quote_the_cloud(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """It names the problem, and what can be done."""
    wattics_cloud.reject(STREAM_ID, reason="Kanarielle Sonderbar owes us money")
    data = stream_data({"pC_1": (CANARY, "change")}, stream_id=STREAM_ID)
    entry = await async_load_sink(hass, wattics_cloud, data)
    await wait_for(lambda: engine_of(entry).problem is not None)
    report = await async_get_config_entry_diagnostics(hass, entry)
    (stream,) = report["streams"].values()
    assert (stream["status"]["problem"], stream["choices"]) == ("rejected", ["retry", "skip"])
    text = json.dumps(report)
    assert "Kanarielle" not in text
    assert STREAM_ID not in text
    await hass.config_entries.async_unload(entry.entry_id)


async def test_debug_log_tells_no_secret(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """Of either cloud, whatever goes wrong: people attach it to public issues, too."""
    sensor = register_sensor(hass, "canary_sensor")
    async with WattCarbonSimulator(assets=1) as wattcarbon:
        (asset_id,) = wattcarbon.assets
        with caplog.at_level(logging.DEBUG, logger="custom_components.wattbridge"):
            rejection = wattics_cloud.reject(STREAM_ID, reason="Kanarielle Sonderbar owes us money")
            data = stream_data({"pC_1": (CANARY, "change")}, stream_id=STREAM_ID)
            series = series_data((CANARY, "generation"), target_id=asset_id) | {"target_name": "Canary Roof"}
            entries = [
                await async_load_sink(hass, wattics_cloud, data),
                await async_load_sink(hass, wattcarbon, series),
            ]
            packets, hours = (engine_of(entry) for entry in entries)
            await wait_for(lambda: packets.problem is not None)
            wattics_cloud.rejections.remove(rejection)
            wattics_cloud.faults.script("*", [Fault("html"), Fault("truncated_json"), Fault("status", status=418)])
            packets.async_send_now()
            await wait_for(lambda: hours.status.caught_up)
            gone = stream_data({"pC_1": (sensor.id, "change")}, stream_id="canary-2")
            er.async_get(hass).async_remove(sensor.entity_id)
            (subentry,) = entries[0].subentries.values()
            hass.config_entries.async_update_subentry(entries[0], subentry, data=gone)
            await wait_for(lambda: engine_of(entries[0]).problem == "source_missing")
            assert forwarder_of(entries[1]).is_connected
            for entry in entries:
                await hass.config_entries.async_unload(entry.entry_id)
        secrets = {wattcarbon.username, wattcarbon.password, asset_id, *wattcarbon.canaries}
    ours = [record for record in caplog.records if record.name.startswith("custom_components.wattbridge")]
    assert any("stands still" in record.getMessage() for record in ours)
    text = "\n".join(logging.Formatter().format(record) for record in ours)
    secrets |= {wattics_cloud.username, wattics_cloud.password, "Kanarielle", "canary", "Canary", sensor.id}
    for secret in secrets:
        assert secret not in text, secret
