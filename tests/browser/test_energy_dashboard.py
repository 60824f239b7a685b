"""One newcomer's way through the pages of Home Assistant: two clouds are added, and the Energy dashboard shows them."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from pages import (
    STEPS,
    TALL,
    TEXTS,
    VIEWPORT,
    WAIT_MS,
    Camera,
    fill_login,
    find_browser,
    finish,
    open_menu,
    open_page,
    submit,
)
from playwright.async_api import Locator, Page, expect

from demo.configuration import TIME_ZONE
from demo.home import Home
from demo.play import (
    add_wattcarbon,
    add_wattics,
    local_midnight,
    set_energy_preferences,
    wait_for_history,
    wait_for_months,
    wait_for_statistics,
    wait_until,
)
from demo.recorder import hourly_changes_kwh
from demo.town import Town

# How far the month's figures may move while the test looks at them: a reading or two comes in.
DRIFT_KWH: Final = 1.5
LEAST_APPLIANCES: Final = 8


async def add_carbontrack(page: Page, home: Home, town: Town, camera: Camera) -> None:
    """Add the account as a person does, who at first mistypes the password."""
    await open_menu(page, home)
    menu = STEPS["user"]["menu_options"]
    await expect(page.get_by_text(menu["wattics"], exact=True)).to_be_visible()
    await camera.take("add-account")
    await page.get_by_text(menu["carbontrack"], exact=True).click()

    await expect(page.get_by_text(STEPS["carbontrack"]["description"])).to_be_visible()
    await fill_login(page, "carbontrack", town.carbontrack, "mistyped")
    await submit(page)
    await expect(page.get_by_text(TEXTS["config"]["error"]["invalid_auth"])).to_be_visible()
    await expect(page.locator("input[name=username]")).to_have_value(town.carbontrack.username)
    await fill_login(page, "carbontrack", town.carbontrack)
    await submit(page)

    await expect(page.get_by_text(STEPS["devices"]["data_description"]["devices"])).to_be_visible()
    await expect(page.get_by_text(town.device_id).first).to_be_visible()
    await submit(page)

    await expect(page.get_by_text(STEPS["readings"]["data_description"]["power_unit"])).to_be_visible()
    await camera.take("readings")
    await submit(page)
    await finish(page)


async def add_voltaware(page: Page, home: Home, town: Town, camera: Camera) -> None:
    """Add the other account: its form asks for what Voltaware calls a client, and lists ids alone."""
    await open_menu(page, home)
    await page.get_by_text(STEPS["user"]["menu_options"]["voltaware"], exact=True).click()
    await expect(page.get_by_text(STEPS["voltaware"]["data_description"]["username"])).to_be_visible()
    await fill_login(page, "voltaware", town.voltaware)
    await submit(page)
    await expect(page.get_by_text(STEPS["meters"]["data_description"]["devices"])).to_be_visible()
    await expect(page.get_by_text(town.meter.device_id).first).to_be_visible()
    await camera.take("meters")
    await submit(page)
    await finish(page)


async def read_wiring(page: Page, home: Home, town: Town, camera: Camera) -> None:
    """Look at what is told of the statistics, and follow its link."""
    await page.goto(f"{home.url}/config/repairs")
    title = TEXTS["issues"]["wire_voltaware_beside"]["title"].format(name=f"Meter {town.meter.device_id}")
    await page.get_by_text(title).click()
    await expect(page.get_by_text(f"wattbridge:voltaware_{town.meter.device_id}_total")).to_be_visible()
    await camera.take("wiring")
    link = page.get_by_role("link", name="Learn more").or_(page.get_by_role("button", name="Learn more"))
    await link.first.click()
    await page.wait_for_url("**/config/energy/**")


async def look_at_devices(page: Page, home: Home, meter_ids: dict[str, str], camera: Camera) -> None:
    """Look at the individual devices, in the settings and in the dashboard."""
    await page.goto(f"{home.url}/config/energy/electricity")
    settings = page.locator("ha-energy-device-settings")
    await expect(settings.get_by_text("Electric vehicle").first).to_be_visible()
    await settings.scroll_into_view_if_needed()
    assert len(meter_ids) > LEAST_APPLIANCES
    await expect(settings.locator(".row .content", has_text="Meter")).to_have_count(len(meter_ids))
    await camera.take("individual-devices")
    await show_period(page, home, "Last 12 months")
    graph = page.locator("hui-energy-devices-detail-graph-card")
    await graph.scroll_into_view_if_needed()
    await expect(graph.get_by_text("Electric vehicle").first).to_be_visible()
    await camera.take("appliances")


async def look_at_calendar(page: Page, home: Home, town: Town, camera: Camera) -> None:
    """Look up when the car was charged in the newest month that has results."""
    await page.goto(f"{home.url}/calendar")
    today = datetime.now(ZoneInfo(TIME_ZONE))
    year, month = town.meter_months()[-1]
    for _ in range(12 * (today.year - year) + today.month - month):
        await page.get_by_role("button", name=re.compile("^Prev")).first.click()
    await expect(page.get_by_text("Electric vehicle").first).to_be_visible()
    await camera.take("calendar")


async def show_period(page: Page, home: Home, period: str) -> Locator:
    """Open the Energy dashboard for a period and return its table of totals."""
    await page.goto(f"{home.url}/energy/electricity")
    await page.get_by_role("button", name="Select time period").first.click()
    await page.get_by_text(period, exact=True).click()
    totals = page.locator("hui-energy-sources-table-card")
    await expect(totals.get_by_text("Solar total")).to_be_visible()
    return totals


async def figure_kwh(totals: Locator, row: str) -> float:
    """Read a figure from the table."""
    text = await totals.locator("tr", has_text=row).last.inner_text()
    found = re.search(r"(-?[\d,]+(?:\.\d+)?) (k|M)Wh", text)
    assert found, text
    return float(found[1].replace(",", "")) * (1000 if found[2] == "M" else 1)


async def compare_totals(home: Home, totals: Locator, statistic_ids: dict[str, str]) -> None:
    """Hold the table of the last 30 days against what the recorder says."""
    days = local_midnight(30), local_midnight(-1)
    changes = await hourly_changes_kwh(home.api, statistic_ids.values(), *days)
    true_kwh = {series: sum(changes[statistic_id].values()) for series, statistic_id in statistic_ids.items()}
    assert all(kwh > 0 for kwh in true_kwh.values())

    async def agrees() -> bool:
        shown_kwh = {
            "usage": await figure_kwh(totals, "Grid imported"),
            "generation": await figure_kwh(totals, "Solar total"),
            "export": -await figure_kwh(totals, "Grid exported"),
        }
        return shown_kwh == pytest.approx(true_kwh, abs=DRIFT_KWH)

    # The table shows the period before until the new one is loaded.
    await wait_until(agrees, f"the table shows {true_kwh}", WAIT_MS / 1000)


async def wait_for_more_solar(totals: Locator, than_kwh: float) -> None:
    """Wait until the table shows a longer period."""

    async def is_more() -> bool:
        return await figure_kwh(totals, "Solar total") > than_kwh

    await wait_until(is_more, f"the table shows more than {than_kwh} kWh", WAIT_MS / 1000)


async def test_newcomer_adds_two_clouds_and_sees_energy(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """No password is asked for on this machine; texts come from our translations, figures from the recorder."""
    pictures: str | None = request.config.getoption("--pictures")
    executable = find_browser()
    errors: list[str] = []
    async with (
        Town(days=366 if pictures else 45, meter_days=130 if pictures else 75) as town,
        Home(tmp_path / "home") as home,
        open_page(executable, errors) as page,
    ):
        await home.start()
        camera = Camera(page, pictures)
        await add_carbontrack(page, home, town, camera)
        await add_voltaware(page, home, town, camera)

        statistic_ids = await wait_for_statistics(home.api)
        await wait_for_history(home.api, town, statistic_ids)
        meter_ids = await wait_for_months(home.api, town)
        await read_wiring(page, home, town, camera)
        await set_energy_preferences(home.api, statistic_ids, meter_ids)
        totals = await show_period(page, home, "Last 30 days")
        await compare_totals(home, totals, statistic_ids)
        await camera.take("energy-30-days")
        month_kwh = await figure_kwh(totals, "Solar total")
        await wait_for_more_solar(await show_period(page, home, "Last 12 months"), month_kwh + DRIFT_KWH)
        await camera.take("energy-dashboard")
        await look_at_devices(page, home, meter_ids, camera)
        await look_at_calendar(page, home, town, camera)

        await add_wattics(home.api, town, statistic_ids, datetime.now().astimezone() - timedelta(days=3))
        await add_wattcarbon(home.api, town, statistic_ids)
        await page.goto(f"{home.url}/config/integrations/integration/wattbridge")
        await expect(page.locator("ha-config-sub-entry-row")).to_have_count(4)
        await page.set_viewport_size({"width": VIEWPORT[0], "height": TALL})
        await camera.take("accounts")
        assert errors == []
        assert await home.logged("ERROR", "CRITICAL") == []
