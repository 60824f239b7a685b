"""The notice for homes that produce energy: there while they do, and gone for those who want it gone."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from meter_states import poll
from pytest_homeassistant_custom_component.common import MockConfigEntry

from accounts import async_load_voltaware
from aiowattbridge.simulators import VoltawareSimulator

BUSINESS: Final[Mapping[str, object]] = {"property_type": "INDUSTRIAL", "version": "1.0"}


def tell(cloud: VoltawareSimulator, device_id: str, source: str) -> None:
    """Tell the cloud where a home's own energy comes from."""
    cloud.metadata[(device_id, "property")] = {**BUSINESS, "power_generator_source": source}


def notices(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """List our notices on homes that produce energy."""
    issues = ir.async_get(hass).issues.values()
    return [issue for issue in issues if issue.domain == "wattbridge" and issue.translation_key == "produces_energy"]


async def test_home_that_produces_energy_is_noticed(
    hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str
) -> None:
    """By the name of its meter; the notice goes when the vendor was told otherwise."""
    tell(cloud, device_id, "SOLAR")
    entry = await async_load_voltaware(hass, cloud)
    (notice,) = notices(hass)
    assert notice.translation_placeholders == {"meter": "Home"}
    assert notice.active
    assert not notice.is_fixable
    tell(cloud, device_id, "NONE")
    cloud.clock.advance(2 * 86_400)
    await poll(hass, entry)
    assert notices(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_home_of_which_nothing_was_told_is_not_noticed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nor one that only consumes."""
    assert notices(hass) == []


async def test_ignored_notice_stays_ignored(hass: HomeAssistant, cloud: VoltawareSimulator, device_id: str) -> None:
    """Over a reload; and it is gone with the account."""
    tell(cloud, device_id, "BATTERY")
    entry: MockConfigEntry = await async_load_voltaware(hass, cloud)
    (notice,) = notices(hass)
    ir.async_ignore_issue(hass, "wattbridge", notice.issue_id, ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=False)
    (notice,) = notices(hass)
    assert notice.dismissed_version is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert notices(hass) == []
