"""One token for everything until it expires, one refresh, one login after it; and when a device is not known (403)."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import aiohttp
import pytest
from kernel_bench import assert_silent
from voltaware_bench import DEVICE, NOVEMBER, SECRET, ScriptedVoltaware

from aiowattbridge.errors import CredentialsError, NotFoundError, ServerError
from aiowattbridge.simulators import SimulatorClock, VoltawareSimulator
from aiowattbridge.voltaware import Month, NotRegisteredError, VoltawareClient, Week
from aiowattbridge.voltaware.door import FRESH_LOGIN_EVERY_S

OCTOBER = Month(2026, 10)
LOGIN, REFRESH = "/auth/token", "/auth/token/refresh"
LIFETIME_S = 43_200


async def test_token_is_asked_for_in_json_as_the_page_has_it(
    scripted: ScriptedVoltaware, clock: SimulatorClock
) -> None:
    """The refresh names the client, and not its secret; the first refresh token goes on."""
    client = scripted.client
    for _ in range(3):
        await client.month(DEVICE, OCTOBER)
        clock.advance(LIFETIME_S)
    refresh = {"grant_type": "refresh_token", "client_id": "canary-id", "refresh_token": "canary-refresh-1"}
    assert scripted.grants == [
        {"grant_type": "client_credentials", "client_id": "canary-id", "client_secret": SECRET},
        refresh,
        refresh,
    ]
    assert scripted.bearers == [f"canary-access-{number}" for number in (1, 2, 3)]


async def test_one_token_serves_everything_until_it_expires(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Also calls that are made at once."""
    await asyncio.gather(*(client.month(device_id, OCTOBER) for device_id in simulator.device_ids))
    await client.device_ids()
    await client.week(DEVICE, Week(date(2026, 10, 19)))
    assert simulator.tokens.issued == {"client_credentials": 1, "refresh_token": 0}
    for renewal in (1, 2):
        clock.advance(LIFETIME_S)
        await client.month(DEVICE, OCTOBER)
        assert simulator.tokens.issued == {"client_credentials": 1, "refresh_token": renewal}
    assert not simulator.log.violations


async def test_401_leads_to_one_refresh_and_the_question_again(scripted: ScriptedVoltaware) -> None:
    """The token was taken back before its time."""
    scripted.statuses.extend([200, 401])
    client = scripted.client
    await client.device(DEVICE)
    await client.device(DEVICE)
    assert scripted.logins == [LOGIN, REFRESH]
    assert scripted.bearers == ["canary-access-1", "canary-access-1", "canary-access-2"]


async def test_401_that_stays_is_refused_credentials(scripted: ScriptedVoltaware) -> None:
    """A renewed token is the only thing that could help, and it is tried once."""
    scripted.status = 401
    with pytest.raises(CredentialsError):
        await scripted.client.device(DEVICE)
    assert scripted.logins == [LOGIN, REFRESH]
    assert len(scripted.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_refused_refresh_leads_to_one_login(scripted: ScriptedVoltaware, status: int) -> None:
    """However it is refused."""
    scripted.statuses.extend([200, 401])
    client = scripted.client
    await client.device(DEVICE)
    scripted.auth_statuses[REFRESH] = status
    await client.device(DEVICE)
    assert scripted.logins == [LOGIN, REFRESH, LOGIN]


async def test_refresh_that_fails_for_now_leads_to_no_login(scripted: ScriptedVoltaware) -> None:
    """A cloud in trouble has refused nothing."""
    scripted.statuses.extend([200, 401])
    client = scripted.client
    await client.device(DEVICE)
    scripted.auth_statuses[REFRESH] = 503
    with pytest.raises(ServerError):
        await client.device(DEVICE)
    assert scripted.logins == [LOGIN, REFRESH]


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_refused_login_is_said_to_be_that_and_not_repeated(scripted: ScriptedVoltaware, status: int) -> None:
    """The page says 401; other servers say 400 or 403."""
    scripted.auth_statuses[LOGIN] = status
    with pytest.raises(CredentialsError) as caught:
        await scripted.client.month(DEVICE, OCTOBER)
    assert_silent(caught.value, SECRET, "canary-id")
    assert scripted.logins == [LOGIN]
    assert scripted.asked == []


async def test_token_endpoint_that_is_not_there_is_not_a_result_that_is_not_there(
    scripted: ScriptedVoltaware,
) -> None:
    """A wrong base URL would pass for a home without any history."""
    scripted.auth_statuses[LOGIN] = 404
    with pytest.raises(NotFoundError):
        await scripted.client.month(DEVICE, OCTOBER)


async def test_verifying_logs_in_from_the_beginning(client: VoltawareClient, simulator: VoltawareSimulator) -> None:
    """A token that is still good proves nothing."""
    await client.verify()
    simulator.password = "another"
    await client.device_ids()
    with pytest.raises(CredentialsError):
        await client.verify()


def _register_later(simulator: VoltawareSimulator, *device_ids: str) -> None:
    """Have devices send their first event in a minute."""
    for device_id in device_ids:
        simulator.meters[device_id].registered_at = NOVEMBER + timedelta(minutes=1)


async def test_device_that_became_known_after_the_login_takes_one_fresh_login(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """A refreshed token would not do: the session is as old as its login."""
    await client.device_ids()
    _register_later(simulator, DEVICE)
    clock.advance(120)
    assert (await client.device(DEVICE)).time_zone == "Europe/Berlin"
    assert simulator.tokens.issued == {"client_credentials": 2, "refresh_token": 0}


async def test_devices_that_became_known_together_take_one_fresh_login_together(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Whoever was refused by the old session asks with the new one, also when somebody else took it."""
    await client.device_ids()
    _register_later(simulator, *simulator.meters)
    clock.advance(120)
    simulator.latency_s = 0.01
    devices = await asyncio.gather(*(client.device(device_id) for device_id in simulator.meters))
    assert len(devices) == 6
    assert simulator.tokens.issued == {"client_credentials": 2, "refresh_token": 0}


async def test_device_that_has_sent_nothing_is_named_and_takes_no_login_each_time(
    client: VoltawareClient, simulator: VoltawareSimulator, clock: SimulatorClock
) -> None:
    """Only once an hour a fresh login may help, whichever device is asked for."""
    for meter in simulator.meters.values():
        meter.registered_at = None
    await client.device_ids()
    asked = simulator.log.total
    for number in range(12):
        device_id = list(simulator.meters)[number % 6]
        with pytest.raises(NotRegisteredError, match=f"device {device_id} is not registered") as caught:
            await client.month(device_id, OCTOBER)
        assert (caught.value.device_id, caught.value.status) == (device_id, 403)
    assert simulator.tokens.issued == {"client_credentials": 2, "refresh_token": 0}
    # Once for each, and for the first once more, after its login.
    assert simulator.log.total - asked == 12 + 2
    clock.advance(FRESH_LOGIN_EVERY_S - 1)
    with pytest.raises(NotRegisteredError):
        await client.month(DEVICE, OCTOBER)
    assert simulator.tokens.issued["client_credentials"] == 2
    clock.advance(1)
    with pytest.raises(NotRegisteredError):
        await client.month(DEVICE, OCTOBER)
    assert simulator.tokens.issued["client_credentials"] == 3
    assert not simulator.log.violations


async def test_metadata_of_a_device_that_became_known_are_put_after_a_fresh_login(
    scripted: ScriptedVoltaware,
) -> None:
    """The page's own case: first an event, then a new connection, then the metadata."""
    scripted.statuses.append(403)
    client = scripted.client
    await client.set_appliances(DEVICE, [])
    assert scripted.told == [{"appliances": [], "version": "1.0"}] * 2
    assert scripted.logins == [LOGIN, LOGIN]


async def test_list_of_devices_that_is_forbidden_takes_no_login(scripted: ScriptedVoltaware) -> None:
    """It is about no device."""
    scripted.status = 403
    with pytest.raises(Exception, match="HTTP 403") as caught:
        await scripted.client.device_ids()
    assert not isinstance(caught.value, NotRegisteredError)
    assert scripted.logins == [LOGIN]


async def test_tokens_and_secrets_show_in_no_repr(scripted: ScriptedVoltaware) -> None:
    """Neither in the client's nor in what it holds."""
    client = scripted.client
    await client.device(DEVICE)
    held = client._auth._token
    assert held is not None
    shown = f"{client!r} {held!r} {replace(held)!r} {client._auth!r} {client._door!r}"
    assert "canary" not in shown
    assert SECRET not in shown


async def test_own_session_is_opened_and_closed_by_the_client(simulator: VoltawareSimulator) -> None:
    """The caller's stays open, as others test; without one the client looks after itself."""
    async with VoltawareClient(simulator.username, SECRET, base_url=simulator.url, clock=simulator.clock) as client:
        assert await client.device_ids()
        opened = client._http
        assert not isinstance(opened, aiohttp.ClientSession)
        session = opened.open()
    assert session.closed
