"""The actions about streams that are set up: what would be sent, what is sent again, and whether all is there."""

import json
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import pytest
from action_bench import call, failure, refusal
from forwarding_bench import HOUR, async_store, hours_ago, mean_rows, metadata, stream_data, sum_rows, until
from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from review_bench import async_adjust
from sink_bench import async_load_sink, async_settle, engine_of, forwarder_of, series_data

from accounts import async_load_carbontrack
from aiowattbridge.simulators import CarbonTrackSimulator, Fault, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge.actions import last_packet, sinks
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.forwarding import Problem

HOURS = 10
ENERGY, POWER = "meter:energy", "meter:power"
STREAM = stream_data({"pC_1": (ENERGY, "change")}, stream_id="house")


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store ten hours of a meter, of which the third is missing, and of its power; returns when they start."""
    first = hours_ago(HOURS)
    await async_store(hass, metadata(ENERGY), sum_rows(first, [1.0, 1.0, None, *[1.0] * 7]))
    await async_store(hass, metadata(POWER, "kW", with_sum=False), mean_rows(first, [2.0] * HOURS))
    return first


@pytest.fixture
def asset(wattcarbon_cloud: WattCarbonSimulator) -> str:
    """An asset of the account."""
    return next(iter(wattcarbon_cloud.assets))


@pytest.fixture
def meter(wattcarbon_cloud: WattCarbonSimulator) -> str:
    """A meter of the account."""
    return next(iter(wattcarbon_cloud.meters))


async def load_roof(
    hass: HomeAssistant, cloud: WattCarbonSimulator, asset: str, **settings: Any
) -> tuple[MockConfigEntry, dict[str, str]]:
    """Load an account with one series, and wait until it is filled; returns how to name the series, too."""
    account = await async_load_sink(hass, cloud, series_data((ENERGY, "generation"), target_id=asset) | settings)
    await async_settle(hass, account)
    return account, {"config_entry_id": account.entry_id, "stream_id": asset}


async def load_roof_and_meter(
    hass: HomeAssistant, cloud: WattCarbonSimulator, asset: str, meter: str
) -> MockConfigEntry:
    """Load an account with two series, the meter's first, and wait until they are filled."""
    series = (
        series_data((ENERGY, "metered"), target_id=meter, target="meter"),
        series_data((ENERGY, "generation"), target_id=asset),
    )
    account = await async_load_sink(hass, cloud, *series)
    await async_settle(hass, account)
    return account


async def load_house(hass: HomeAssistant, cloud: WatticsSimulator) -> tuple[MockConfigEntry, dict[str, str]]:
    """Load an account with one stream of packets, and wait until it is filled."""
    account = await async_load_sink(hass, cloud, STREAM)
    await async_settle(hass, account)
    return account, {"config_entry_id": account.entry_id, "stream_id": "house"}


def device_of(hass: HomeAssistant, account: MockConfigEntry, name: str) -> str:
    """Return the device that stands for a stream or an account."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), account.entry_id)
    return next(device.id for device in devices if (DOMAIN, name) in device.identifiers)


async def test_hours_are_uploaded_again(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Those of the period that have data, as they are now; nothing else moves."""
    account, named = await load_roof(hass, wattcarbon_cloud, asset)
    before = wattcarbon_cloud.hours(asset)
    planned = await call(hass, "resend", **named, start=start, end=start + 5 * HOUR, dry_run=True)
    assert (planned["planned"], planned["accepted"], len(wattcarbon_cloud.uploads)) == (4, 0, 1)
    response = await call(hass, "resend", **named, start=start, end=start + 5 * HOUR)
    assert response == {
        "accepted": 4,
        "rejected": 0,
        "planned": 0,
        "energy_kwh": 4.0,
        "holes": 1,
        "missing": [{"start": (start + 2 * HOUR).isoformat(), "end": (start + 3 * HOUR).isoformat()}],
        "first": start.isoformat(),
        "last": (start + 4 * HOUR).isoformat(),
        "filled_until": (start + 9 * HOUR).isoformat(),
    }
    assert (wattcarbon_cloud.uploads[-1].rows, wattcarbon_cloud.uploads[-1].identical) == (4, 4)
    assert wattcarbon_cloud.hours(asset) == before
    assert engine_of(account).status.delivered == 8


async def test_hours_that_were_refused_are_uploaded_again(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The stream had set them aside; the response says which the cloud still refuses."""
    bad = start + 4 * HOUR
    account, named = await load_roof(hass, wattcarbon_cloud, asset)
    engine = engine_of(account)
    rejection = wattcarbon_cloud.reject(asset, lambda rows: bad in rows)
    response = await call(hass, "resend", **named, start=start)
    assert (response["accepted"], response["rejected"]) == (7, 1)
    assert list(engine.ledger.revisions.refused.values()) == [1000.0]
    wattcarbon_cloud.rejections.remove(rejection)
    response = await call(hass, "resend", **named, start=bad, end=bad + HOUR)
    assert (response["accepted"], response["rejected"]) == (1, 0)
    assert not engine.ledger.revisions.refused


async def test_corrections_that_are_not_sent_by_themselves_are_sent_by_hand(
    hass: HomeAssistant, start: datetime, meter: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """After that the cloud has them, and the figures agree."""
    account = await async_load_sink(
        hass,
        wattcarbon_cloud,
        series_data((ENERGY, "metered"), target_id=meter, target="meter") | {"send_revisions": False},
    )
    await async_settle(hass, account)
    named = {"device_id": device_of(hass, account, next(iter(account.subentries)))}
    await async_adjust(hass, start + 4 * HOUR, 0.5, ENERGY)
    (report,) = (await call(hass, "reconcile", **named, revised=True))["streams"]
    assert (report["matches"], report["revised"]) == (True, 1)
    assert report["revised_hours"] == [
        {
            "start": (start + 4 * HOUR).isoformat(),
            "end": (start + 5 * HOUR).isoformat(),
            "sent_kwh": 1.0,
            "now_kwh": 1.5,
            "other_values": False,
        }
    ]
    assert wattcarbon_cloud.intervals(meter)[start + 4 * HOUR] == 1.0
    await call(hass, "resend", **named, start=start + 4 * HOUR, end=start + 5 * HOUR)
    assert wattcarbon_cloud.intervals(meter)[start + 4 * HOUR] == 1.5
    (report,) = (await call(hass, "reconcile", **named, revised=True))["streams"]
    assert (report["matches"], report["revised_hours"], report["revised_hours_unlisted"]) == (True, [], 0)
    revisions = engine_of(account).ledger.revisions
    revisions.unlisted = 7
    (report,) = (await call(hass, "reconcile", **named, revised=True))["streams"]
    assert report["revised_hours_unlisted"] == 7


async def test_resend_needs_something_that_was_sent(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """What is not due yet goes out by itself, and a paused series sends nothing."""
    account, named = await load_roof(hass, wattcarbon_cloud, asset)
    key, placeholders = await refusal(hass, "resend", **named, start=start + 9 * HOUR)
    assert key == "nothing_sent_yet"
    assert (placeholders or {})["filled_until"] != "–"
    await engine_of(account).async_set_paused(True)  # noqa: FBT003 - the one thing that is set
    key, _ = await refusal(hass, "resend", **named, start=start)
    assert key == "stream_paused"


async def test_asset_that_is_gone_is_said(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """The refusal is the asset's, not the hours'."""
    _, named = await load_roof(hass, wattcarbon_cloud, asset)
    wattcarbon_cloud.faults.script(f"/assets/{asset}/timeseries", [Fault("status", status=404)] * 4)
    assert await failure(hass, "resend", **named, start=start) == "request_rejected"


async def test_wattics_takes_no_older_packets(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """The error says up to when the stream is filled."""
    _, named = await load_house(hass, wattics_cloud)
    key, placeholders = await refusal(hass, "resend", **named, start=start)
    assert key == "resend_older"
    assert (placeholders or {})["stream"] == "house"
    key, _ = await refusal(hass, "resend", **named, start=start + 9 * HOUR)
    assert key == "nothing_refused"


async def test_held_packets_are_sent_again(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Nothing newer was taken."""
    rejection = wattics_cloud.reject("house")
    account = await async_load_sink(hass, wattics_cloud, STREAM)
    named = {"config_entry_id": account.entry_id, "stream_id": "house"}
    engine = engine_of(account)
    await until(lambda: engine.problem is not None)
    assert await failure(hass, "resend", **named, start=start) == "stream_held_rejected"
    wattics_cloud.rejections.remove(rejection)
    planned = await call(hass, "resend", **named, start=start, dry_run=True)
    assert (planned["planned"], planned["accepted"]) == (8, 0)
    response = await call(hass, "resend", **named, start=start)
    assert (response["accepted"], response["rejected"]) == (8, 0)
    assert response["filled_until"] == (start + 9 * HOUR).isoformat()


async def test_last_packet_that_was_refused_is_sent_again(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """As long as it is the last; it was set aside until something newer would have been taken."""
    last = (start + 9 * HOUR).timestamp()
    rejection = wattics_cloud.reject("house", lambda packet: instant_of(packet) == last)
    account, named = await load_house(hass, wattics_cloud)
    assert len(wattics_cloud.accepted["house"]) == 7
    wattics_cloud.rejections.remove(rejection)
    planned = await call(hass, "resend", **named, start=start + 8 * HOUR, dry_run=True)
    assert planned["planned"] == 1
    response = await call(hass, "resend", **named, start=start + 8 * HOUR)
    assert (response["accepted"], response["last"]) == (1, (start + 9 * HOUR).isoformat())
    assert len(wattics_cloud.accepted["house"]) == 8
    assert engine_of(account).status.rejected == 0
    report = wattics_cloud.report()
    assert (report["duplicates"], report["out_of_order"]) == (0, 0)


def instant_of(packet: Any) -> float:
    """Return the time of a packet as it went over the wire."""
    return datetime.fromisoformat(packet["tsISO8601"]).timestamp()


async def test_all_streams_of_an_account_are_reconciled(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """By its device, or by the account; what cannot be compared stops nothing else."""
    power = stream_data({"aP_1": (POWER, "mean")}, stream_id="power")
    account = await async_load_sink(hass, wattics_cloud, STREAM, power)
    await async_settle(hass, account)
    response = await call(hass, "reconcile", config_entry_id=account.entry_id)
    assert response["matches"] is True
    assert [report["stream_id"] for report in response["streams"]] == ["house", "power"]
    report = response["streams"][0]
    assert report["read_back"]["kind"] == "last_packet"
    assert report["months"][-1]["energy_kwh"]["difference"] == 0.0
    assert "revised_hours" not in report
    by_device = await call(hass, "reconcile", device_id=device_of(hass, account, account.entry_id), rejected=True)
    assert [report["rejected_periods"] for report in by_device["streams"]] == [[], []]
    engine_of(account).moving.passed.unlisted["rejected"] = 3
    by_device = await call(hass, "reconcile", device_id=device_of(hass, account, account.entry_id), rejected=True)
    assert [report["rejected_periods_unlisted"] for report in by_device["streams"]] == [3, 0]


async def test_dry_comparison_sends_and_notes_nothing(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """A correction is seen and explains the difference; a comparison in earnest finds it as if nobody had looked."""
    account, named = await load_roof(hass, wattcarbon_cloud, asset)
    # The stream's own look, which would find the correction, is over then.
    await engine_of(account).review.async_look()
    await async_adjust(hass, start + 4 * HOUR, 0.5, ENERGY)
    ledger, uploads = engine_of(account).ledger, len(wattcarbon_cloud.uploads)
    before = (ledger.rings(), dict(ledger.months), ledger.reconciled_s, ledger.difference_wh)
    for _ in range(2):
        response = await call(hass, "reconcile", **named, revised=True, dry_run=True)
        (report,) = response["streams"]
        assert (response["matches"], report["revised"], report["to_revise"]) == (True, 0, 1)
        (month,) = [month for month in report["months"] if month["energy_kwh"]["revised"]]
        assert month["energy_kwh"]["revised"] == 0.5
        assert report["revised_hours"] == []
        assert len(wattcarbon_cloud.uploads) == uploads
        assert (ledger.rings(), dict(ledger.months), ledger.reconciled_s, ledger.difference_wh) == before
    (report,) = (await call(hass, "reconcile", **named))["streams"]
    assert (report["matches"], report["revised"], report["to_revise"]) == (True, 1, 0)
    assert wattcarbon_cloud.hours(asset)[start + 4 * HOUR] == 1.5


async def test_dry_comparison_of_packets_counts_no_correction(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Wattics takes none, and so one is only counted; not in a dry run."""
    account, named = await load_house(hass, wattics_cloud)
    # The stream's own look, which would find the correction, is over then.
    await engine_of(account).review.async_look()
    await async_adjust(hass, start + 4 * HOUR, 0.5, ENERGY)
    (report,) = (await call(hass, "reconcile", **named, dry_run=True))["streams"]
    assert (report["matches"], report["revised"], report["to_revise"]) == (True, 0, 1)
    assert engine_of(account).status.revised == 0
    (report,) = (await call(hass, "reconcile", **named))["streams"]
    assert (report["matches"], report["revised"], report["to_revise"]) == (True, 1, 0)


async def test_rejected_periods_are_listed(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Each with what the cloud said."""
    bad = (start + 5 * HOUR).timestamp()
    wattics_cloud.reject("house", lambda packet: instant_of(packet) == bad)
    _, named = await load_house(hass, wattics_cloud)
    (report,) = (await call(hass, "reconcile", **named, rejected=True))["streams"]
    (listed,) = report["rejected_periods"]
    assert (listed["start"], listed["end"]) == ((start + 4 * HOUR).isoformat(), (start + 5 * HOUR).isoformat())
    assert listed["answer"]


async def test_meter_that_cannot_be_asked_stops_no_other(
    hass: HomeAssistant, start: datetime, asset: str, meter: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Its report says why; alone, it is an error."""
    account = await load_roof_and_meter(hass, wattcarbon_cloud, asset, meter)
    wattcarbon_cloud.faults.script(f"/meters/{meter}/timeseries", [Fault("status", status=403)] * 4)
    response = await call(hass, "reconcile", config_entry_id=account.entry_id)
    assert response["matches"] is False
    of_meter, of_asset = response["streams"]
    assert of_asset["matches"] is True
    assert of_meter["error"] == "request_rejected"
    assert await failure(hass, "reconcile", config_entry_id=account.entry_id, stream_id=meter) == "request_rejected"


async def test_stream_that_is_removed_meanwhile_stops_no_other(
    hass: HomeAssistant, start: datetime, asset: str, meter: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Its report says so."""
    account = await load_roof_and_meter(hass, wattcarbon_cloud, asset, meter)
    wattcarbon_cloud.latency_s = 0.3
    requests = wattcarbon_cloud.log.total
    work = hass.async_create_task(call(hass, "reconcile", config_entry_id=account.entry_id, revised=True))
    await until(lambda: wattcarbon_cloud.log.total > requests)
    gone = next(key for key, one in account.subentries.items() if one.unique_id == asset)
    hass.config_entries.async_remove_subentry(account, gone)
    of_meter, of_asset = (await work)["streams"]
    assert of_meter["matches"] is True
    facts = (of_asset["stream_id"], of_asset["error"], of_asset["reason"])
    assert facts == (asset, "stream_interrupted", "removed")


async def test_stream_that_is_paused_amid_its_comparison_stops_no_other(
    hass: HomeAssistant, start: datetime, asset: str, meter: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """Its report says so; alone, it is an error."""
    account = await load_roof_and_meter(hass, wattcarbon_cloud, asset, meter)
    wattcarbon_cloud.latency_s = 0.3

    async def compare_and_pause(work: Coroutine[Any, Any, Any]) -> Any:
        requests, task = wattcarbon_cloud.log.total, hass.async_create_task(work)
        await until(lambda: wattcarbon_cloud.log.total > requests)
        await engine_of(account).async_set_paused(paused=True)
        return await task

    named = {"config_entry_id": account.entry_id}
    of_meter, of_asset = (await compare_and_pause(call(hass, "reconcile", **named)))["streams"]
    assert (of_meter["stream_id"], of_meter["error"], of_meter["reason"]) == (meter, "stream_interrupted", "stopped")
    assert of_asset["matches"] is True
    await engine_of(account).async_set_paused(paused=False)
    await async_settle(hass, account)
    alone = failure(hass, "reconcile", **named, stream_id=meter)
    assert await compare_and_pause(alone) == "stream_interrupted"


async def test_preview_of_a_stream_begins_where_it_is(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator, hass_read_only_user: User
) -> None:
    """Everybody may look; nothing is sent."""
    rejection = wattics_cloud.reject("house")
    account = await async_load_sink(hass, wattics_cloud, STREAM)
    engine = engine_of(account)
    await until(lambda: engine.problem is not None)
    data = {"config_entry_id": account.entry_id, "stream_id": "house"}
    response = await hass.services.async_call(
        DOMAIN,
        "preview",
        data,
        blocking=True,
        return_response=True,
        context=Context(user_id=hass_read_only_user.id),
    )
    assert response is not None
    assert (response["rows"], response["holes_count"]) == (8, 1)
    assert response["changes"] == {"pC_1": 8000.0}
    assert json.loads(str(response["first_packet"]))["pC_1"] == 1000
    assert not wattics_cloud.accepted
    wattics_cloud.rejections.remove(rejection)
    await call(hass, "resend", **data, start=start)
    after = await call(hass, "preview", **data)
    assert (after["rows"], after["first_packet"]) == (0, "")
    assert after["filled_until"] == (start + 9 * HOUR).isoformat()


async def test_preview_of_statistics_needs_no_account(hass: HomeAssistant, start: datetime) -> None:
    """As a stream of packets, or as a series of hours."""
    assert await async_setup_component(hass, DOMAIN, {})
    packets = await call(hass, "preview", statistic_id=POWER, parameter="aP_1", stream_id="power", start=start)
    assert (packets["rows"], packets["hourly_rows"]) == (9, 0)
    first = json.loads(packets["first_packet"])
    assert (first["id"], first["aP_1"]) == ("power", 2000)
    hours = await call(hass, "preview", statistics=[{"statistic_id": ENERGY, "role": "consumption"}])
    assert (hours["rows"], hours["missing"], hours["first"]) == (8, {"consumption 1": 1}, start.isoformat())
    assert hours["first_packet"].splitlines()[1].endswith(",-1.0")
    assert sum(hours["changes"].values()) == 8.0


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, "stream_not_named"),
        ({"stream_id": "house"}, "stream_not_named"),
        ({"statistic_id": ENERGY, "statistics": [{"statistic_id": ENERGY, "role": "savings"}]}, "preview_of_two"),
        ({"statistic_id": ENERGY, "device_id": "a"}, "preview_of_two"),
        ({"device_id": "device-of-nobody"}, "stream_device_unknown"),
        ({"statistic_id": POWER}, "series_unusable_unit_changed"),
        ({"statistic_id": ENERGY, "interval_min": "5"}, "series_unusable_source_unfit"),
        ({"statistic_id": "meter:nothing"}, "no_such_statistic"),
    ],
)
async def test_what_cannot_be_looked_at_is_refused(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator, fields: dict[str, Any], key: str
) -> None:
    """With a text that says why."""
    await load_house(hass, wattics_cloud)
    found, _ = await refusal(hass, "preview", **fields)
    assert found == key


async def test_streams_are_named_by_their_account(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator, carbontrack_cloud: CarbonTrackSimulator
) -> None:
    """One that is not set up, an account that is only read, and one that is not loaded are refused."""
    account, named = await load_house(hass, wattics_cloud)
    source = await async_load_carbontrack(hass, carbontrack_cloud)
    for action in ("resend", "reconcile", "preview"):
        at = {"start": start} if action == "resend" else {}
        key, _ = await refusal(hass, action, **named | {"stream_id": "free"}, **at)
        assert key == "stream_unknown"
        key, _ = await refusal(hass, action, **named | {"config_entry_id": source.entry_id}, **at)
        assert key == "not_a_sink"
        key, _ = await refusal(hass, action, **named, device_id="a", **at)
        assert key == "stream_not_named"
    device_id = device_of(hass, account, account.entry_id)
    await hass.config_entries.async_unload(account.entry_id)
    key, _ = await refusal(hass, "reconcile", device_id=device_id)
    assert key == "service_config_entry_not_loaded"
    await hass.config_entries.async_unload(source.entry_id)


async def test_last_packet_is_what_the_cloud_tells(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """Also of a stream that is not set up, of which nothing may be known."""
    account, named = await load_house(hass, wattics_cloud)
    assert await call(hass, "get_wattics_last_packet", **named) == {
        "stream_id": "house",
        "known": True,
        "time": (start + 9 * HOUR).isoformat(),
        "values": {"pC_1": 8000.0},
    }
    unknown = await call(hass, "get_wattics_last_packet", config_entry_id=account.entry_id, stream_id="free")
    assert unknown == {"stream_id": "free", "known": False, "time": None, "values": None}


async def test_cloud_that_wants_to_be_left_alone_is(
    hass: HomeAssistant, start: datetime, wattics_cloud: WatticsSimulator
) -> None:
    """The error says until when."""
    account, named = await load_house(hass, wattics_cloud)
    wattics_cloud.faults.script("*", [Fault("rate_limited", retry_after_s=3600)])
    calls = len(wattics_cloud.log.entries)
    await async_store(hass, metadata(ENERGY), sum_rows(start + 10 * HOUR, [1.0], base=9.0))
    engine_of(account).async_send_now()
    await until(lambda: forwarder_of(account).paused_until is not None)
    assert len(wattics_cloud.log.entries) == calls + 1
    assert await failure(hass, "get_wattics_last_packet", **named) == "account_paused"
    assert len(wattics_cloud.log.entries) == calls + 1


async def test_nothing_is_sent_again_while_nobody_knows_what_was_sent(
    hass: HomeAssistant, start: datetime, asset: str, wattcarbon_cloud: WattCarbonSimulator
) -> None:
    """A statistic of another unit is another one, whatever its hours are called."""
    account, named = await load_roof(hass, wattcarbon_cloud, asset)
    engine_of(account).report(Problem.UNIT_CHANGED, ENERGY)
    uploads = len(wattcarbon_cloud.uploads)
    assert await failure(hass, "resend", **named, start=start) == "stream_held_unit_changed"
    assert len(wattcarbon_cloud.uploads) == uploads


async def test_nobody_waits_for_ever(
    hass: HomeAssistant,
    start: datetime,
    asset: str,
    wattcarbon_cloud: WattCarbonSimulator,
    wattics_cloud: WatticsSimulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cloud that does not answer in time is left off, and the error says so."""
    _, named = await load_roof(hass, wattcarbon_cloud, asset)
    _, house = await load_house(hass, wattics_cloud)
    monkeypatch.setattr(sinks, "_LIMIT_S", 0.2)
    monkeypatch.setattr(last_packet, "PATIENCE_S", 0.2)
    wattcarbon_cloud.faults.script("*", [Fault("slow_answer", delay_s=1)])
    assert await failure(hass, "resend", **named, start=start) == "took_too_long"
    wattics_cloud.faults.script("*", [Fault("unavailable")] * 20)
    assert await failure(hass, "get_wattics_last_packet", **house) == "no_answer"
