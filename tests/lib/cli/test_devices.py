"""`devices`: what an account has, and of whose it is nothing unless it is asked for."""

import pytest
from cli_bench import Shell

from aiowattbridge.simulators import CANARY, CarbonTrackSimulator


@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_lists_devices_without_personal_data(
    form: tuple[str, ...], sun: CarbonTrackSimulator, shell: Shell
) -> None:
    """The ids are there whole, in a table too."""
    result = await shell("devices", "carbontrack", *form)
    assert result.code == 0
    assert all(device in result.out for device in sun.house.device_ids)
    assert not any(text in result.out for text in sun.house.canaries)


async def test_lists_personal_data_where_they_are_asked_for(sun: CarbonTrackSimulator, shell: Shell) -> None:
    """Whose the device is and where it stands."""
    result = await shell("devices", "carbontrack", "--personal", "--json")
    assert [one["id"] for one in result.documents] == list(sun.house.device_ids)
    assert CANARY in result.documents[0]["owner"]
    assert result.documents[0]["latitude_deg"] == sun.house.people[0].latitude_deg


async def test_cloud_without_devices_is_refused(shell: Shell) -> None:
    """Wattics does not list its streams."""
    result = await shell("devices", "wattics")
    assert result.code == 2
    assert "VENDOR" in result.err
