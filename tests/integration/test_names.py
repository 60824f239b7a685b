"""Names and ids of our statistics."""

import string

from homeassistant.components.recorder.statistics import valid_statistic_id
from homeassistant.core import HomeAssistant
from hypothesis import given
from hypothesis import strategies as st

from custom_components.wattbridge.ids import slug, statistic_id
from custom_components.wattbridge.names import async_series_names
from custom_components.wattbridge.vendors.carbontrack import SERIES
from custom_components.wattbridge.vendors.voltaware import appliance_id, total_id

USUAL = st.text(string.ascii_lowercase + string.digits, min_size=1)


@given(USUAL)
def test_usual_text_stays_as_it_is(text: str) -> None:
    """So an id can be guessed from what the vendor calls the device."""
    assert slug(text) == text


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=8))
def test_ids_of_a_meter_are_valid_and_differ_whatever_the_appliances_are_called(keys: list[str]) -> None:
    """An appliance that the vendor calls total is not the total."""
    ids = [total_id("7007001"), *(appliance_id("7007001", key) for key in [*keys, "total"] if key)]
    assert all(valid_statistic_id(found) for found in ids)
    assert len(set(ids)) == len(set(keys) | {"total"}) + 1


def test_ids_have_no_account_in_them() -> None:
    """The same device in an account that is added again goes on with its history."""
    assert statistic_id("voltaware", "7007001", "total") == total_id("7007001") == "wattbridge:voltaware_7007001_total"
    assert appliance_id("7007001", "fridge") == "wattbridge:voltaware_7007001_fridge"


async def test_names_come_from_the_texts_or_else_from_the_vendor(hass: HomeAssistant) -> None:
    """A kind of appliance that nobody knew when the texts were written is still called something."""
    names = await async_series_names(hass)
    assert names.appliance("electric_vehicle") == "Electric vehicle"
    assert names.appliance("heat_pump") == "Heat pump"
    assert names.appliance("__") == "__"
    assert names.series("total") == "all consumption"
    assert all(names.series(series.key) != series.key.replace("_", " ").capitalize() for series in SERIES)
