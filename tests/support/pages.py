"""The pages of Home Assistant in a real browser, as a person goes through them."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Page, async_playwright, expect

from aiowattbridge.simulators import SimulatedCloud
from demo.configuration import TIME_ZONE
from demo.home import INTEGRATION, ROOT, Home

SHOTS: Final = ROOT / "test-results"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
VIEWPORT: Final = (1280, 900)
# For a page that does not fit into a usual window.
TALL: Final = 1420
WAIT_MS: Final = 30_000
TEXTS: Final[dict[str, Any]] = json.loads((INTEGRATION / "translations" / "en.json").read_text())
STEPS: Final = TEXTS["config"]["step"]


def find_browser() -> str:
    """Find a Chromium of the system; on a build machine there has to be one."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"No browser is installed: one of {', '.join(BROWSERS)} is needed (apt-get install chromium)."
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


class Camera:
    """Takes pictures: always for the one who looks into a failure, and on demand for the documentation."""

    def __init__(self, page: Page, pictures: str | None) -> None:
        """Take them of this page."""
        self._page = page
        self._folders = [SHOTS, *([Path(pictures)] if pictures else [])]

    async def take(self, name: str) -> None:
        """Take a picture of what is to be seen."""
        for folder in self._folders:
            folder.mkdir(parents=True, exist_ok=True)
            await self._page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")


@asynccontextmanager
async def open_page(executable: str, errors: list[str]) -> AsyncIterator[Page]:
    """Open a page in a fresh browser; whatever its scripts throw goes to `errors`."""
    expect.set_options(timeout=WAIT_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            context = await browser.new_context(
                viewport={"width": VIEWPORT[0], "height": VIEWPORT[1]},
                locale="en-US",
                timezone_id=TIME_ZONE,
                reduced_motion="reduce",
            )
            context.set_default_timeout(WAIT_MS)
            page = await context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            try:
                yield page
            except BaseException:
                await Camera(page, None).take("failure")
                raise
        finally:
            await browser.close()


async def submit(page: Page) -> None:
    """Press the button that sends a form."""
    await page.get_by_role("button", name="Submit").click()


async def fill_login(page: Page, vendor: str, cloud: SimulatedCloud, password: str | None = None) -> None:
    """Fill the account's form; the address of the cloud is behind a section that starts closed."""
    await page.locator("input[name=username]").fill(cloud.username)
    await page.locator("input[name=password]").fill(cloud.password if password is None else password)
    address = page.locator("input[name=base_url]")
    if not await address.is_visible():
        await page.get_by_text(STEPS[vendor]["sections"]["advanced"]["name"], exact=True).click()
    await address.fill(cloud.url)


async def open_menu(page: Page, home: Home) -> None:
    """Begin to add an account."""
    await page.goto(f"{home.url}/config/integrations/dashboard/add?domain=wattbridge")
    await page.get_by_role("button", name="OK").click()


async def finish(page: Page) -> None:
    """Close the flow that has made an account."""
    finished = page.locator("step-flow-create-entry")
    await expect(finished).to_be_visible()
    await page.get_by_role("button", name=re.compile("^(Finish|Skip and finish)$")).click()
    await expect(finished).not_to_be_visible()
