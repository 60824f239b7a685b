"""What stands in a stream's way becomes a repair, and choosing there is enough to go on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from forwarding_bench import (
    FOREIGN,
    HOUR,
    async_store,
    hours_ago,
    mean_rows,
    metadata,
    register_sensor,
    stream_data,
    sum_rows,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.recorder import get_instance
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator
from sink_bench import async_load_sink, engine_of, fix, forwarder_of, issues, open_fix, series_data, submit_fix

from accounts import wait_for
from aiowattbridge.simulators import Fault, WattCarbonSimulator, WatticsSimulator
from custom_components.wattbridge import notice_repairs
from custom_components.wattbridge.const import DOMAIN
from custom_components.wattbridge.forwarding import Notice, Problem
from custom_components.wattbridge.local_time import local_time

HOURS = 12
# Of a foreign statistic, an hour is closed when a later row is there.
CLOSED = HOURS - 1
STREAM = stream_data({"pC_1": (FOREIGN, "change")}, stream_id="house")


@pytest.fixture
async def start(hass: HomeAssistant) -> datetime:
    """Store some hours of a statistic; returns when it starts."""
    first = hours_ago(HOURS + 3)
    await async_store(hass, metadata(FOREIGN), sum_rows(first, [1.0] * HOURS))
    return first


def sent(cloud: WatticsSimulator) -> list[datetime]:
    """Return the times of the packets that the cloud has."""
    return [stored.instant.astimezone(UTC) for stored in cloud.accepted.get("house", [])]


def instant_of(packet: Mapping[str, object]) -> datetime:
    """Return the time of a packet on the wire."""
    return datetime.fromisoformat(str(packet["tsISO8601"]))


async def clear(hass: HomeAssistant, statistic_id: str) -> None:
    """Delete a statistic."""
    get_instance(hass).async_clear_statistics([statistic_id])
    await async_wait_recording_done(hass)


async def wait_issue(hass: HomeAssistant, key: str) -> None:
    """Wait until a repair is shown."""
    await wait_for(lambda: key in issues(hass))


async def wait_solved(hass: HomeAssistant) -> None:
    """Wait until no repair is shown."""
    await wait_for(lambda: not issues(hass))


async def test_refused_packets_are_skipped_by_clicking(
    hass: HomeAssistant,
    wattics_cloud: WatticsSimulator,
    start: datetime,
    hass_client: ClientSessionGenerator,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """As the page of repairs does: it lists, it opens, it shows the answer and the place, and it is told to skip."""
    assert await async_setup_component(hass, "repairs", {})
    first = start + HOUR
    wattics_cloud.reject("house", lambda packet: instant_of(packet) == first, reason="Too old for us")
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_issue(hass, "stream_rejected")
    socket = await hass_ws_client(hass)
    await socket.send_json_auto_id({"type": "repairs/list_issues"})
    listed = (await socket.receive_json())["result"]["issues"]
    (issue,) = [one for one in listed if one["domain"] == DOMAIN]
    assert issue["is_fixable"]
    client = await hass_client()
    answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue["issue_id"]})
    menu = await answer.json()
    assert menu["menu_options"] == ["retry", "skip"]
    assert menu["description_placeholders"]["cloud"] == "Wattics"
    assert "Too old for us" in menu["description_placeholders"]["detail"]
    await client.post(f"/api/repairs/issues/fix/{menu['flow_id']}", json={"next_step_id": "skip"})
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED - 1)
    assert first not in sent(wattics_cloud)
    assert engine_of(entry).status.rejected == 1
    await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_packets_are_sent_again_when_the_cause_is_settled(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Nothing is lost; as long as it is not, the repair comes back."""
    rejection = wattics_cloud.reject("house")
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_issue(hass, "stream_rejected")
    assert (await fix(hass, "stream_rejected", "retry"))["type"] == "create_entry"
    await wait_issue(hass, "stream_rejected")
    wattics_cloud.rejections.remove(rejection)
    await fix(hass, "stream_rejected", "retry")
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED)
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_another_statistic_takes_the_place_of_one_that_is_gone(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """It is checked as when the stream was made, and the stream goes on with it from where it was."""
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED)
    await async_store(hass, metadata("other:energy"), sum_rows(start, [2.0] * (HOURS + 2)))
    await async_store(hass, metadata("other:power", "W", with_sum=False), mean_rows(start, [5.0]))
    await clear(hass, FOREIGN)
    engine_of(entry).async_send_now()
    await wait_issue(hass, "stream_source_missing")
    form = await fix(hass, "stream_source_missing", "another_statistic")
    assert form["description_placeholders"]["detail"] == FOREIGN
    for statistic, error in (("other:nothing", "statistic_unknown"), ("other:power", "wrong_unit")):
        form = await submit_fix(hass, form, {"statistic": statistic})
        assert form["errors"] == {"base": error}
    assert form["description_placeholders"]["accepted"] == "energy"
    assert (await submit_fix(hass, form, {"statistic": "other:energy"}))["type"] == "create_entry"
    await wait_for(lambda: len(sent(wattics_cloud)) == HOURS + 1)
    (subentry,) = entry.subentries.values()
    assert subentry.data["parameters"]["pC_1"]["source"] == "other:energy"
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_entity_that_is_gone_is_replaced_by_another_one(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Held by its registry id, as in the flow; the other parameter keeps its statistic."""
    gone, other = register_sensor(hass, "gone"), register_sensor(hass, "other")
    for sensor in (gone, other):
        await async_store(hass, metadata(sensor.entity_id), sum_rows(start, [1.0] * HOURS))
    data = stream_data({"pC_1": (gone.id, "change"), "pC_2": (FOREIGN, "change")}, stream_id="house")
    entry = await async_load_sink(hass, wattics_cloud, data)
    await wait_for(lambda: len(sent(wattics_cloud)) > 0)
    er.async_get(hass).async_remove(gone.entity_id)
    engine_of(entry).async_send_now()
    await wait_issue(hass, "stream_source_missing")
    form = await fix(hass, "stream_source_missing", "another_statistic")
    await submit_fix(hass, form, {"statistic": other.entity_id})
    await wait_solved(hass)
    (subentry,) = entry.subentries.values()
    parameters: dict[str, Any] = subentry.data["parameters"]
    assert [parameters[name]["source"] for name in ("pC_1", "pC_2")] == [other.id, FOREIGN]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_statistic_of_a_series_is_not_counted_twice(hass: HomeAssistant, start: datetime) -> None:
    """A statistic that the series has already cannot take the place of another one."""
    await async_store(hass, metadata("other:energy"), sum_rows(start, [2.0] * HOURS))
    async with WattCarbonSimulator(assets=1) as cloud:
        (asset_id,) = cloud.assets
        data = series_data((FOREIGN, "generation"), ("gone:energy", "consumption"), target_id=asset_id)
        entry = await async_load_sink(hass, cloud, data)
        await wait_issue(hass, "stream_source_missing")
        form = await fix(hass, "stream_source_missing", "another_statistic")
        form = await submit_fix(hass, form, {"statistic": FOREIGN})
        assert form["errors"] == {"base": "statistic_twice"}
        await submit_fix(hass, form, {"statistic": "other:energy"})
        await wait_for(lambda: len(cloud.hours(asset_id)) > 0)
        (subentry,) = entry.subentries.values()
        assert [one["role"] for one in subentry.data["statistics"]] == ["generation", "consumption"]
        assert issues(hass) == []
        await hass.config_entries.async_unload(entry.entry_id)


async def test_single_value_in_another_unit_goes_on_in_it_when_chosen_again(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Until somebody says so, nothing is sent in a unit that the cloud does not expect."""
    await async_store(hass, metadata("meter:level", "V", with_sum=False), mean_rows(start, [1.0] * HOURS))
    data = stream_data({"value": ("meter:level", "mean")}, stream_id="house", kind="value")
    data["parameters"]["value"]["unit"] = "°C"
    entry = await async_load_sink(hass, wattics_cloud, data)
    await wait_issue(hass, "stream_unit_changed")
    assert not sent(wattics_cloud)
    form = await fix(hass, "stream_unit_changed", "another_statistic")
    await submit_fix(hass, form, {"statistic": "meter:level"})
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED)
    (subentry,) = entry.subentries.values()
    assert subentry.data["parameters"]["value"]["unit"] == "V"
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    "problem", [problem for problem in Problem if problem not in ("credentials", "cannot_connect")]
)
async def test_every_problem_has_a_repair_that_says_what_to_do(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, problem: Problem
) -> None:
    """With what can be chosen, and none but the one of a newer version without a choice; texts are looked at too."""
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    engine = engine_of(entry)
    await engine.async_stop()
    engine.report(problem, "2026-06-10T12:00:00+00:00")
    (issue,) = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    assert issue.translation_key == f"stream_{problem}"
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["detail"] == "2026-06-10 05:00-07:00"
    assert issue.is_fixable is (problem is not Problem.CURSOR_NEWER)
    if issue.is_fixable:
        menu = await open_fix(hass, f"stream_{problem}")
        assert set(menu["menu_options"]) - {"another_statistic"} == set(engine.choices)
        assert menu["menu_options"]
    engine.report(None)
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("notice", sorted(set(Notice) - {Notice.MISMATCH}))
async def test_notice_is_shown_until_somebody_has_seen_it(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime, notice: Notice
) -> None:
    """The stream goes on meanwhile."""
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    engine = engine_of(entry)
    engine.raise_notice(notice, "2026-06-10T12:00:00+00:00")
    assert issues(hass) == [f"stream_{notice}"]
    form = await open_fix(hass, f"stream_{notice}")
    answer = {"next_step_id": "dismiss"} if form["type"] == "menu" else {}
    assert (await submit_fix(hass, form, answer))["type"] == "create_entry"
    assert issues(hass) == []
    assert not engine.notices
    assert engine.problem is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_mismatch_shows_the_figures_and_is_compared_again_or_accepted(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Accepted, it comes back only when it is another one; explained, it goes by being compared."""
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    (subentry_id,) = entry.subentries
    forwarder = forwarder_of(entry)
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED)
    last = wattics_cloud.accepted["house"][-1].packet
    reading_wh = float(str(last["pC_1"]))
    last["pC_1"] = reading_wh - 250
    await forwarder.async_reconcile(subentry_id)
    menu = await open_fix(hass, "stream_mismatch")
    assert menu["description_placeholders"]["figures"] == "| ∑ | – | – | – | 0.250 kWh |"
    await submit_fix(hass, menu, {"next_step_id": "accept"})
    await forwarder.async_reconcile(subentry_id)
    assert issues(hass) == []
    last["pC_1"] = reading_wh - 400
    await forwarder.async_reconcile(subentry_id)
    menu = await open_fix(hass, "stream_mismatch")
    assert "0.400 kWh" in menu["description_placeholders"]["figures"]
    last["pC_1"] = reading_wh
    assert (await submit_fix(hass, menu, {"next_step_id": "reconcile"}))["type"] == "create_entry"
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_comparison_that_fails_leaves_the_repair(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cloud that cannot be reached has not agreed, and nobody waits for an hour before a dialogue."""
    monkeypatch.setattr(notice_repairs, "PATIENCE_S", 0.3)
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_for(lambda: len(sent(wattics_cloud)) == CLOSED)
    engine_of(entry).raise_notice(Notice.MISMATCH, "0.250 kWh")
    wattics_cloud.faults.script("*", [Fault("unavailable", retry_after_s=3600)] * 3)
    result = await open_fix(hass, "stream_mismatch")
    assert (result["type"], result["reason"]) == ("abort", "not_compared")
    assert issues(hass) == ["stream_mismatch"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_choice_about_a_problem_that_is_over_does_nothing(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Somebody may have left the dialogue open; an account that is not loaded has nobody to tell, either."""
    rejection = wattics_cloud.reject("house")
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_issue(hass, "stream_rejected")
    open_menu, other_menu = await open_fix(hass, "stream_rejected"), await open_fix(hass, "stream_rejected")
    wattics_cloud.rejections.remove(rejection)
    engine_of(entry).async_send_now()
    await wait_solved(hass)
    result = await submit_fix(hass, other_menu, {"next_step_id": "skip"})
    assert (result["type"], result["reason"]) == ("abort", "solved")
    assert engine_of(entry).status.rejected == 0
    await hass.config_entries.async_unload(entry.entry_id)
    assert open_menu["type"] == "menu"


async def test_refused_interval_is_named_with_the_answer(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Wattics takes nothing older, so all there is to do is to know it."""
    bad = start + 5 * HOUR
    wattics_cloud.reject("house", lambda packet: instant_of(packet) == bad, reason="Too odd for us")
    entry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_issue(hass, "stream_rejections")
    form = await open_fix(hass, "stream_rejections")
    named = form["description_placeholders"]
    assert form["step_id"] == "confirm"
    assert named["period"] == f"{local_time(bad - HOUR)} – {local_time(bad)}"
    assert "Too odd for us" in named["answer"]
    assert named["count"] == "1"
    assert (await submit_fix(hass, form, {}))["type"] == "create_entry"
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_refused_hours_are_sent_again_by_clicking(hass: HomeAssistant, start: datetime) -> None:
    """WattCarbon may take them by now; if it does not, the repair stays, and says so."""
    async with WattCarbonSimulator(assets=1) as cloud:
        (asset_id,) = cloud.assets
        entry = await async_load_sink(hass, cloud, series_data((FOREIGN, "generation"), target_id=asset_id))
        await wait_for(lambda: len(cloud.hours(asset_id)) == CLOSED)
        bad = start + CLOSED * HOUR
        rejection = cloud.reject(asset_id, lambda rows: bad in rows, reason="An odd value")
        await async_store(hass, metadata(FOREIGN), sum_rows(start + HOURS * HOUR, [1.0, 1.0], base=float(HOURS)))
        engine_of(entry).async_send_now()
        await wait_issue(hass, "stream_rejections")
        menu = await open_fix(hass, "stream_rejections")
        assert menu["menu_options"] == ["resend", "dismiss"]
        assert menu["description_placeholders"]["period"] == f"{local_time(bad)} – {local_time(bad + HOUR)}"
        result = await submit_fix(hass, menu, {"next_step_id": "resend"})
        assert (result["type"], result["reason"]) == ("abort", "refused_again")
        assert "An odd value" in result["description_placeholders"]["answer"]
        assert issues(hass) == ["stream_rejections"]
        cloud.rejections.remove(rejection)
        assert (await fix(hass, "stream_rejections", "resend"))["type"] == "create_entry"
        assert cloud.hours(asset_id)[bad] == 1.0
        assert (issues(hass), engine_of(entry).status.rejected) == ([], 0)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_nothing_is_sent_again_for_a_series_that_is_switched_off(hass: HomeAssistant, start: datetime) -> None:
    """Nor by a click in its repair, which stays."""
    async with WattCarbonSimulator(assets=1) as cloud:
        (asset_id,) = cloud.assets
        entry = await async_load_sink(hass, cloud, series_data((FOREIGN, "generation"), target_id=asset_id))
        await wait_for(lambda: len(cloud.hours(asset_id)) == CLOSED)
        engine = engine_of(entry)
        engine.raise_notice(Notice.REJECTIONS, start.isoformat())
        await engine.async_set_paused(paused=True)
        uploads = len(cloud.uploads)
        result = await fix(hass, "stream_rejections", "resend")
        assert (result["type"], result["reason"]) == ("abort", "not_sent")
        assert (issues(hass), len(cloud.uploads)) == (["stream_rejections"], uploads)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_repairs_go_with_the_account(
    hass: HomeAssistant, wattics_cloud: WatticsSimulator, start: datetime
) -> None:
    """Unloaded, nobody looks after them; removed, nobody is left."""
    wattics_cloud.reject("house")
    entry: MockConfigEntry = await async_load_sink(hass, wattics_cloud, STREAM)
    await wait_issue(hass, "stream_rejected")
    forwarder_of(entry)
    await hass.config_entries.async_unload(entry.entry_id)
    assert issues(hass) == []
