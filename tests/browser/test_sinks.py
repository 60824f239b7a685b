"""An energy manager's way through the pages: a stream and an asset are filled, and a repair is made by clicking."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from pages import STEPS, TALL, TEXTS, VIEWPORT, Camera, fill_login, find_browser, finish, open_menu, open_page, submit
from playwright.async_api import Page, expect

from demo.check import HOUR, compare_asset, expected_packets
from demo.home import Home
from demo.play import Stream, add_carbontrack, wait_for_history, wait_for_statistics, wait_until
from demo.recorder import hourly_changes_kwh
from demo.town import Town

DAYS: Final = 12
STREAM: Final = Stream("site-grid", {"pC_1": "usage"})
ROOF_NAME: Final = "Wattle Court roof"
SUBENTRIES: Final[dict[str, Any]] = TEXTS["config_subentries"]
STREAM_STEPS: Final[dict[str, Any]] = SUBENTRIES["stream"]["step"]
SERIES_STEPS: Final[dict[str, Any]] = SUBENTRIES["series"]["step"]
SENSORS: Final[dict[str, Any]] = TEXTS["entity"]["sensor"]
ANSWER: Final = "Please register the data point first."


async def begin_account(page: Page, home: Home, town: Town, vendor: str) -> None:
    """Sign in to an account that is filled; its first stream or series follows in the same dialogue."""
    await open_menu(page, home)
    await page.get_by_text(STEPS["user"]["menu_options"][vendor], exact=True).click()
    await expect(page.get_by_text(STEPS[vendor]["data_description"]["username"])).to_be_visible()
    await fill_login(page, vendor, town.wattics if vendor == "wattics" else town.wattcarbon)
    await submit(page)


async def choose_statistic(page: Page, name: str) -> None:
    """Choose a statistic of ours in the first field for one; those that are no entities are found by their id alone."""
    picker = page.locator("ha-statistic-picker").first
    await picker.click()
    await expect(page.locator("ha-picker-combo-box input")).to_be_focused()
    await page.keyboard.type("wattbridge:")
    await page.get_by_text(name, exact=True).click()
    await expect(picker.get_by_text(name, exact=True)).to_be_visible()


async def choose_option(page: Page, option: str) -> None:
    """Choose from the one list of a form."""
    await page.locator("ha-selector-select").click()
    await page.locator("ha-selector-select").get_by_text(option, exact=True).click()


async def choose_start(page: Page, steps: dict[str, Any]) -> None:
    """Start at the beginning."""
    await expect(page.get_by_text(steps["start"]["data_description"]["start"])).to_be_visible()
    await choose_option(page, TEXTS["selector"]["start"]["options"]["beginning"])
    await submit(page)


async def add_stream(page: Page, home: Home, town: Town, camera: Camera) -> None:
    """Fill a Wattics stream from the beginning, after a look at what that sends."""
    await begin_account(page, home, town, "wattics")
    await page.locator("input[name=stream_id]").fill(STREAM.stream_id)
    await submit(page)
    await expect(page.get_by_text(STREAM_STEPS["electricity"]["sections"]["energy"]["description"])).to_be_visible()
    await choose_statistic(page, "Home energy used")
    await camera.take("stream-parameters")
    await submit(page)
    await choose_start(page, STREAM_STEPS)
    await expect(page.get_by_text(STREAM_STEPS["preview"]["title"].format(stream=STREAM.stream_id))).to_be_visible()
    await expect(page.locator("code").first).to_contain_text(f'"id":"{STREAM.stream_id}"')
    await camera.take("stream-preview")
    await submit(page)
    await finish(page)


async def add_roof(page: Page, home: Home, town: Town, camera: Camera) -> str:
    """Create an asset at WattCarbon and fill it with what the house has generated; returns the asset's id."""
    await begin_account(page, home, town, "wattcarbon")
    await page.get_by_text(SERIES_STEPS["user"]["menu_options"]["asset_kind"], exact=True).click()
    await expect(page.get_by_text(SERIES_STEPS["asset_kind"]["description"])).to_be_visible()
    await choose_option(page, TEXTS["selector"]["asset_kind"]["options"]["solar_direct"])
    await submit(page)
    await page.locator("input[name=name]").fill(ROOF_NAME)
    await page.locator("input[name=owner_name]").fill("Banjo Nobody")
    await camera.take("asset")
    await submit(page)
    await expect(page.get_by_text(SERIES_STEPS["asset_created"]["title"])).to_be_visible()
    await submit(page)
    await choose_statistic(page, "Home energy generated")
    await submit(page)
    await choose_start(page, SERIES_STEPS)
    await expect(page.get_by_text(SERIES_STEPS["preview"]["title"].format(target=ROOF_NAME))).to_be_visible()
    await expect(page.locator("code").first).to_contain_text("datetime,value_kwh")
    await camera.take("asset-preview")
    await submit(page)
    await finish(page)
    return next(key for key, asset in town.wattcarbon.assets.items() if asset["name"] == ROOF_NAME)


async def look_at_device(page: Page, home: Home, name: str, camera: Camera) -> None:
    """Open the page of a stream's device."""
    devices = await home.api.command("config/device_registry/list")
    device_id = next(device["id"] for device in devices if device["name"] == name)
    await page.set_viewport_size({"width": VIEWPORT[0], "height": TALL})
    await page.goto(f"{home.url}/config/devices/device/{device_id}")
    for key in ("last_delivered", "backlog", "difference"):
        await expect(page.get_by_text(SENSORS[key]["name"], exact=True).first).to_be_visible()
    await expect(page.get_by_text(TEXTS["entity"]["switch"]["forwarding"]["name"], exact=True).first).to_be_visible()
    await camera.take("stream-device")


async def skip_what_is_refused(page: Page, home: Home, camera: Camera) -> None:
    """Mend in Repairs what Wattics refused: it says what it answered, and one may go on behind it."""
    texts = TEXTS["issues"]["stream_rejected"]
    step = texts["fix_flow"]["step"]["init"]
    await page.goto(f"{home.url}/config/repairs")
    title = texts["title"].format(cloud="Wattics", stream=STREAM.stream_id)
    await page.get_by_text(title).click()
    await expect(page.get_by_text(ANSWER)).to_be_visible()
    await expect(page.get_by_text(step["menu_options"]["retry"], exact=True)).to_be_visible()
    await camera.take("repair-rejected")
    await page.get_by_text(step["menu_options"]["skip"], exact=True).click()
    await finish(page)
    await expect(page.get_by_text(title)).not_to_be_visible()


async def compare_stream(home: Home, town: Town, statistic_ids: Mapping[str, str]) -> None:
    """Hold what Wattics took against the recorder: all but the first hour, whose energy is in the next reading."""
    stored = list(town.wattics.accepted[STREAM.stream_id])
    changes = await hourly_changes_kwh(home.api, statistic_ids.values(), town.begin, datetime.now(UTC))
    expected = expected_packets(STREAM, statistic_ids, changes)
    due = [instant for instant in sorted(expected) if instant <= stored[-1].instant]
    assert due[-1] >= town.opened
    assert [packet.instant for packet in stored] == due[1:]
    assert [packet.packet["pC_1"] for packet in stored] == [
        pytest.approx(expected[instant]["pC_1"], abs=0.01) for instant in due[1:]
    ]


async def test_energy_manager_fills_a_stream_and_an_asset(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Both are chosen and previewed by clicking; what arrives is what the recorder has, but for what was skipped."""
    camera_folder: str | None = request.config.getoption("--pictures")
    executable = find_browser()
    errors: list[str] = []
    async with Town(days=DAYS) as town, Home(tmp_path / "home") as home, open_page(executable, errors) as page:
        await home.start()
        camera = Camera(page, camera_folder)
        await add_carbontrack(home.api, town, history_days=30)
        statistic_ids = await wait_for_statistics(home.api)
        await wait_for_history(home.api, town, statistic_ids)

        first = town.begin + HOUR
        town.wattics.reject(
            STREAM.stream_id, lambda packet: datetime.fromisoformat(str(packet["tsISO8601"])) <= first, reason=ANSWER
        )
        await add_stream(page, home, town, camera)
        await skip_what_is_refused(page, home, camera)
        roof_id = await add_roof(page, home, town, camera)

        async def is_delivered() -> bool:
            is_uploaded = town.opened - HOUR in town.wattcarbon.hours(roof_id)
            return is_uploaded and town.newest(STREAM.stream_id) >= town.opened

        await wait_until(is_delivered, "both are delivered", 60)
        await compare_stream(home, town, statistic_ids)
        uploaded, faults, reasons = await compare_asset(home.api, town, roof_id, statistic_ids["generation"])
        assert (uploaded >= 24 * DAYS, faults, reasons) == (True, 0, [])
        await look_at_device(page, home, STREAM.stream_id, camera)
        assert errors == []
        assert await home.logged("ERROR", "CRITICAL") == []
