"""Every oddity of the carbonTRACK contract, one test each, from an answer in a file."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from carbontrack_bench import DEVICE, END, START, TokenDesk, by_page, having, read_measurements, recorded
from kernel_bench import ScriptedCloud, assert_silent, says

from aiowattbridge.carbontrack import DEFAULT_URL, CarbonTrackClient, PowerUnit
from aiowattbridge.errors import RejectedError, ResponseError, ServerError
from aiowattbridge.simulators import CarbonTrackSimulator


async def test_numbers_with_grouped_thousands_are_read_everywhere(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Not only in the signal strength, where the page shows them."""
    desk.serve_recorded("grouped_numbers")
    [record] = await read_measurements(client)
    assert (record.signal_strength, record.power_usage, record.generating) == (1000.0, 1_234_567.89, -12_345.0)


async def test_missing_numbers_are_none_and_not_zero(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Empty, a dash, NaN, null, or not there."""
    desk.serve_recorded("missing_numbers")
    [record] = await read_measurements(client)
    assert {record.power_usage, record.generating, record.power_exported, record.voltage, record.flow} == {None}


async def test_plain_json_numbers_are_read_too(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Beside texts in the same record."""
    desk.serve_recorded("json_numbers")
    [record] = await read_measurements(client)
    assert (record.power_usage, record.generating, record.power_exported, record.voltage) == (12.0, 0.5, -3.25, 230.1)


async def test_malformed_number_names_its_field_and_not_its_value(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Vendor, endpoint, record and field."""
    desk.serve_recorded("malformed_number")
    with pytest.raises(ResponseError) as caught:
        await read_measurements(client)
    assert str(caught.value) == (
        "carbonTRACK /ctapi/Measurement: field Measurements.1.PowerUsage is malformed (number)"
    )
    assert_silent(caught.value, "1,2,3.4")


@pytest.mark.parametrize("text", ["1,5", "1.000,50", "12,34", "1'000.00", "1 000.00"])
async def test_number_in_the_manner_of_another_country_is_refused(
    client: CarbonTrackClient, desk: TokenDesk, text: str
) -> None:
    """A comma groups thousands, and where it does not, nobody guesses."""
    desk.serve(says(recorded("grouped_numbers").replace(b"1,000.00", text.encode())))
    with pytest.raises(ResponseError, match=r"field Measurements\.0\.SignalStrength is malformed"):
        await read_measurements(client)


async def test_time_without_z_is_utc(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """The page says UTC, the answer does not always."""
    desk.serve_recorded("time_without_zone")
    [record] = await read_measurements(client)
    assert record.recorded_at == datetime(2026, 3, 14, 12, tzinfo=UTC)


async def test_malformed_time_names_its_field(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """A record without a time is none."""
    desk.serve_recorded("time_malformed")
    with pytest.raises(ResponseError, match=r"field Measurements\.0\.RecordDateTime is malformed"):
        await read_measurements(client)


async def test_identifiers_are_text_whatever_they_arrive_as(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Numbers or strings."""
    desk.serve_recorded("ids_as_numbers")
    [record] = await read_measurements(client)
    assert (record.id, record.device_id) == ("17", DEVICE)


async def test_unknown_fields_are_ignored(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """The vendor promises to add some."""
    desk.serve_recorded("unknown_fields")
    [record] = await read_measurements(client)
    assert record.power_usage == 1.0


async def test_error_inside_a_200_is_an_error(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """With its number; what the cloud says of it stays out of the text and is scrubbed."""
    desk.serve_recorded("error_inside_a_200")
    with pytest.raises(RejectedError) as caught:
        await read_measurements(client)
    assert str(caught.value) == "carbonTRACK /ctapi/Measurement: reports error 1003 inside its answer"
    assert caught.value.answer == "Device of *** not found"
    assert_silent(caught.value, "canary", "not found")


async def test_error_inside_a_200_may_be_text(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Then the text is not shown."""
    desk.serve_recorded("error_as_text")
    with pytest.raises(RejectedError, match="reports an error inside its answer") as caught:
        await read_measurements(client)
    assert_silent(caught.value, "canary")


async def test_error_number_that_is_an_http_status_means_the_same(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """503 is to be tried later wherever it stands."""
    desk.serve_recorded("error_is_an_http_status")
    with pytest.raises(ServerError):
        await read_measurements(client)


@pytest.mark.parametrize("none", [0, "0", "", None, False, "0.00", "false"])
async def test_error_fields_that_say_none_are_no_error(
    client: CarbonTrackClient, desk: TokenDesk, none: object
) -> None:
    """In any of the ways to say so."""
    answer = json.loads(recorded("unknown_fields")) | {"Error": none, "ErrorNumber": none, "ErrorMessage": "no error"}
    desk.serve(says(json.dumps(answer)))
    assert len(await read_measurements(client)) == 1


async def test_error_inside_a_200_where_a_list_belongs_is_an_error(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """The distributors come without a wrapping, their errors do not."""
    desk.serve_recorded("error_inside_a_200")
    with pytest.raises(RejectedError, match="/ctapi/Distributor: reports error 1003"):
        await client.distributors()


async def test_response_code_alone_is_no_error(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """It is 0 in the sample, and nothing says what else it may be."""
    desk.serve_recorded("response_code_alone")
    assert len(await read_measurements(client)) == 1


async def test_null_list_with_nothing_counted_is_an_empty_page(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Null is how some servers write an empty list."""
    desk.serve_recorded("no_list_and_none_counted")
    assert await read_measurements(client) == []


async def test_null_list_with_records_counted_is_an_error(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Records that are said to exist must not vanish."""
    desk.serve_recorded("no_list_though_some_counted")
    with pytest.raises(ResponseError, match="field Measurements is missing"):
        await read_measurements(client)


@pytest.mark.parametrize("body", ["{}", '{"Message": "Welcome"}'])
async def test_json_of_something_else_is_an_error(client: CarbonTrackClient, desk: TokenDesk, body: str) -> None:
    """It must not be taken for a quiet period."""
    desk.serve(says(body))
    with pytest.raises(ResponseError, match="field Measurements is missing"):
        await read_measurements(client)
    with pytest.raises(ResponseError, match="field Devices is missing"):
        await anext(client.devices())
    with pytest.raises(ResponseError, match="field CustomerList is missing"):
        await anext(client.customers())
    with pytest.raises(ResponseError, match="field the whole answer is malformed"):
        await client.distributors()


async def test_record_seen_before_by_device_and_time_comes_once(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Whatever its id and however its time is written."""
    desk.serve_recorded("duplicate_records")
    assert [record.power_usage for record in await read_measurements(client)] == [1.0, 2.0]


def page_of(*minutes: int, number: int, pages: int) -> str:
    """Write a page with records at these minutes."""
    records = [{"DeviceID": DEVICE, "RecordDateTime": f"2026-03-14T12:{minute:02}:00Z"} for minute in minutes]
    return json.dumps({"Measurements": records, "Count": len(records), "Pages": pages, "PagesIndex": number})


async def test_pages_begin_at_0(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """And end when the cloud says so."""
    pages = {0: (0, 5), 1: (10, 15), 2: (20,)}
    desk.serve(by_page(lambda number: page_of(*pages[number], number=number, pages=3)))
    assert [record.recorded_at.minute for record in await read_measurements(client)] == [0, 5, 10, 15, 20]
    assert len(desk.asked) == 3


@pytest.mark.parametrize("zero", [(0, 5), ()], ids=["page 0 is page 1", "page 0 is empty"])
@pytest.mark.parametrize("echo", [0, 1])
async def test_pages_that_begin_at_1_lose_and_double_nothing(
    client: CarbonTrackClient, desk: TokenDesk, zero: tuple[int, ...], echo: int
) -> None:
    """Whether the cloud calls its page 0 by that number or by 1."""
    pages = {0: zero, 1: (0, 5), 2: (10, 15), 3: (20,)}
    desk.serve(by_page(lambda number: page_of(*pages[number], number=number or echo, pages=3)))
    assert [record.recorded_at.minute for record in await read_measurements(client)] == [0, 5, 10, 15, 20]


async def test_repeated_page_ends_the_walk(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """A cloud that ignores the page number gives the same for ever."""
    desk.serve(by_page(lambda number: page_of(0, 5, number=number, pages=1000)))
    assert len(await read_measurements(client)) == 2


async def test_empty_page_ends_the_walk(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Also where the cloud counts no pages."""
    pages = {0: (0, 5), 1: (10,), 2: ()}
    desk.serve(
        by_page(lambda number: page_of(*pages[number], number=number, pages=0).replace('"Pages": 0', '"Pages": null'))
    )
    assert len(await read_measurements(client)) == 3


async def test_customer_pages_begin_at_1_and_are_counted_in_records(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """By the page's own example."""
    people = [{"CustomerId": f"c{number}", "Devices": []} for number in range(103)]
    desk.serve(
        *(says(json.dumps({"RecordCount": 103, "CustomerList": people[start : start + 100]})) for start in (0, 100))
    )
    assert [customer.customer_id async for customer in client.customers()] == [f"c{number}" for number in range(103)]
    assert [seen.path for seen in desk.asked] == [
        f"/ctapi/Customer?customerRequest.page={page}&customerRequest.pageSize=100" for page in (1, 2)
    ]


async def test_one_device_id_is_sent_as_one_string(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """The page's introduction speaks of arrays; its model does not."""
    desk.serve_recorded("all_fields")
    await read_measurements(client)
    assert json.loads(desk.asked[0].body)["DeviceID"] == DEVICE


async def test_credentials_are_never_in_a_query_string(
    client: CarbonTrackClient, desk: TokenDesk, cloud: ScriptedCloud
) -> None:
    """Nor in a header of their own: the OAuth form is the one place."""
    desk.serve_recorded("customer")
    assert [customer async for customer in client.customers(reference="r&1")]
    assert cloud.seen[0].path == "/oauth/token"
    for seen in cloud.seen:
        texts = f"{seen.path} {seen.headers}"
        assert "canary" not in texts.replace("Bearer canary-access-1", "")
    assert desk.asked[0].headers["Authorization"] == "Bearer canary-access-1"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (says("<html>502</html>", content_type="text/html"), "page of HTML"),
        (says(""), "the answer is empty"),
        (says(recorded("all_fields")[:300]), "no whole JSON"),
        (says(recorded("all_fields"), content_type="text/plain"), "not declared as JSON"),
        (says('{"Measurements": {"a": 1}}'), r"field Measurements is malformed"),
    ],
    ids=["html", "empty", "truncated", "content type", "wrong shape"],
)
async def test_answer_of_something_in_between_is_a_response_error(
    client: CarbonTrackClient, desk: TokenDesk, reply: object, reason: str
) -> None:
    """Not a crash, and not an empty page."""
    assert callable(reply)
    desk.serve(reply)
    with pytest.raises(ResponseError, match=f"carbonTRACK /ctapi/Measurement: .*{reason}"):
        await read_measurements(client)


async def test_power_figures_are_energy_of_the_interval_in_wh(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """The pages name no unit: this is our reading of them, and a setting."""
    desk.serve(having(START, START + timedelta(minutes=5)))
    *_, reading = [each async for each in client.readings(DEVICE, START, END)]
    assert (reading.energy_wh("power_usage"), reading.power_w("power_usage")) == (100.0, 1200.0)
    *_, reading = [each async for each in client.readings(DEVICE, START, END, unit=PowerUnit.KW)]
    assert reading.power_w("power_usage") == 100_000.0
    assert reading.energy_wh("power_usage") == pytest.approx(100_000 / 12)


async def test_volt_ampere_hours_are_what_their_name_says(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """`PowerVAHn` is apparent energy, and none of the energies."""
    desk.serve_recorded("all_fields")
    [reading] = [each async for each in client.readings(DEVICE, START, END)]
    assert reading.apparent_energy_vah("power_vah_1") == 0.16
    with pytest.raises(ValueError, match="field must be one of"):
        reading.energy_wh("power_vah_1")


async def test_interval_is_the_time_since_the_record_before_at_most_an_hour(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """The pages state none; the usual one, learned from the records, for the first and after a gap."""
    desk.serve(having(*(START + timedelta(minutes=minute) for minute in (0, 10, 20, 80, 141))))
    readings = [each async for each in client.readings(DEVICE, START, END)]
    assert [each.interval_s for each in readings] == [600, 600, 600, 3600, 600]


async def test_channels_have_a_direction_and_its_reverse(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """`Powern` and `PowernN` are two figures."""
    desk.serve_recorded("all_fields")
    [record] = await read_measurements(client)
    forwards = (record.power_1, record.power_2, record.power_3, record.power_4)
    backwards = (record.power_1n, record.power_2n, record.power_3n, record.power_4n)
    assert (forwards, backwards) == ((0.08, 0.09, 0.1, 0.11), (0.12, 0.13, 0.14, 0.15))


async def test_period_is_sent_as_iso_times_though_a_table_says_integer(
    client: CarbonTrackClient, desk: TokenDesk
) -> None:
    """The request's own model and its sample say date-time."""
    desk.serve_recorded("all_fields")
    await read_measurements(client)
    body = json.loads(desk.asked[0].body)
    assert (body["FromUTCDate"], body["ToUTCDate"]) == ("2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z")


async def test_time_zone_id_is_kept_as_the_text_it_means_nothing_as(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """No list of them is published; no time is shifted by it."""
    desk.serve_recorded("device")
    [device] = [device async for device in client.devices()]
    assert device.timezone_id == "38"
    assert device.data_updated_at == datetime(2026, 3, 14, 11, 55, tzinfo=UTC)


async def test_plain_http_of_the_samples_is_not_used() -> None:
    """A password goes nowhere without TLS."""
    assert DEFAULT_URL == "https://apiv2.carbontrack.com.au"
    with pytest.raises(ValueError, match="https"):
        CarbonTrackClient("u", "p", base_url="http://apiv2.carbontrack.com.au")


async def test_switches_are_shown_and_nothing_is_ever_changed(
    visitor: CarbonTrackClient, simulator: CarbonTrackSimulator
) -> None:
    """All that a client asks is for tokens and to read; there is no call for a switch."""
    [device] = simulator.house.devices
    async for installation in visitor.discover():
        assert [control.is_switch_enabled for control in installation.device.controls] == [True, False]
    assert await visitor.latest(device.device_id) is not None
    assert {(entry.method, entry.path) for entry in simulator.log.entries} == {
        ("POST", "/oauth/token"),
        ("GET", "/ctapi/Distributor"),
        ("GET", "/ctapi/Customer"),
        ("POST", "/ctapi/Device"),
        ("POST", "/ctapi/Measurement"),
    }


async def test_fields_around_the_records_may_have_any_form(client: CarbonTrackClient, desk: TokenDesk) -> None:
    """Numbers as text, texts as numbers, the code as a word."""
    odd = {"Count": "1", "Pages": "1", "PagesIndex": "0", "ResponseCode": "OK", "ResponseMessage": 0, "Message": None}
    desk.serve(says(json.dumps(json.loads(recorded("all_fields")) | odd)))
    assert len(await read_measurements(client)) == 1
