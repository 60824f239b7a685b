"""Meters: created, filled with intervals and bills, and read back in whatever form the cloud shows them."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from kernel_bench import cuts, says
from wattcarbon_bench import HEADER, HOUR, START, SmallCloud, collect, hours, text_of

from aiowattbridge.errors import ResponseError, UnreachableError
from aiowattbridge.wattcarbon import (
    Address,
    Bill,
    Coordinates,
    Encoding,
    Grid,
    Hole,
    IntervalEnergy,
    NewMeter,
    WattCarbonClient,
    survey,
)

DAY = timedelta(days=1)


def row(hour: int, text: str = "1") -> IntervalEnergy:
    """Make a row of an hour of the day."""
    return IntervalEnergy(START + hour * HOUR, Decimal(text))


async def test_meter_is_created_as_one_that_is_filled_by_hand(client: WattCarbonClient, small: SmallCloud) -> None:
    """Its id is text, whatever it arrives as; what else the cloud says is kept."""
    small.serve(says('{"id": 999, "meterType": "gas", "location": {"city": "canary"}, "status": "new"}', 201))
    address = Address(street="1 Example Way", city="Sampletown", state="IA", country="US", postal_code="00001")
    meter = await client.create_meter(NewMeter(meter_type="gas", location=address))
    assert small.lines == ["POST /meters"]
    assert json.loads(small.asked[0].body) == {
        "apiProvider": "manual",
        "meterType": "gas",
        "location": address.to_wire(),
    }
    assert (meter.meter_id, meter.meter_type, meter.extra) == ("999", "gas", {"status": "new"})
    assert "canary" not in repr(meter)


async def test_meter_is_not_created_twice(client: WattCarbonClient, small: SmallCloud) -> None:
    """Nothing would tell the second from the first; the error says that there may be one."""
    small.serve(cuts)
    with pytest.raises(UnreachableError) as caught:
        await client.create_meter(NewMeter(meter_type="electricity", location="1 Example Way"))
    assert caught.value.may_have_arrived
    assert small.lines == ["POST /meters"]


async def test_meter_without_an_id_is_a_response_error(client: WattCarbonClient, small: SmallCloud) -> None:
    """Naming the field."""
    small.serve(says('{"meterType": "gas"}'))
    with pytest.raises(ResponseError, match="WattCarbon /meters: field id is missing"):
        await client.create_meter(NewMeter(meter_type="gas", location="x"))


def test_bad_field_of_a_meter_is_refused_by_name() -> None:
    """And its place does not show."""
    with pytest.raises(ValueError, match=r"^meter_type: has to be one of gas, electricity"):
        NewMeter(meter_type="water", location="x")  # type: ignore[arg-type]  # the point
    with pytest.raises(ValueError, match=r"^location"):
        NewMeter(meter_type="gas", location=" ")
    shown = repr(NewMeter(meter_type="gas", location=Coordinates(latitude_deg=12.125, longitude_deg=1)))
    assert "125" not in shown


async def test_intervals_go_to_their_own_place(client: WattCarbonClient, small: SmallCloud) -> None:
    """Hours, where nothing else is said; rows of an asset will do."""
    [receipt] = await collect(client.upload_intervals("9/9", hours(3)))
    assert small.lines == ["POST /meters/9%2F9/intervals"]
    assert receipt.rows == 3


async def test_quarters_of_an_hour_have_holes_of_their_own_length(client: WattCarbonClient, small: SmallCloud) -> None:
    """And have to be aligned to it."""
    quarter = HOUR / 4
    rows = [IntervalEnergy(START + number * quarter, Decimal(1)) for number in (0, 1, 3)]
    [receipt] = await collect(client.upload_intervals("9", rows, grid=Grid(quarter)))
    assert receipt.holes == (Hole(START + 2 * quarter, START + 3 * quarter),)
    with pytest.raises(ValueError, match=r"^start: row 2 .* has to be a whole multiple of 0:15:00"):
        await collect(
            client.upload_intervals("9", [rows[0], IntervalEnergy(START + HOUR / 3, Decimal(1))], grid=Grid(quarter))
        )


async def test_days_are_those_of_the_zone(client: WattCarbonClient, small: SmallCloud) -> None:
    """Also the one of 25 hours, after which nothing is missing."""
    zone = ZoneInfo("America/New_York")
    rows = [IntervalEnergy(datetime(2025, 11, day, tzinfo=zone), Decimal(day)) for day in (1, 2, 3, 5)]
    [receipt] = await collect(client.upload_intervals("9", rows, grid=Grid(DAY, zone)))
    assert text_of(small.asked[0]) == (
        f"{HEADER}2025-11-01T04:00:00+00:00,1\n2025-11-02T04:00:00+00:00,2\n"
        "2025-11-03T05:00:00+00:00,3\n2025-11-05T05:00:00+00:00,5\n"
    )
    assert receipt.holes == (Hole(datetime(2025, 11, 4, 5, tzinfo=UTC), datetime(2025, 11, 5, 5, tzinfo=UTC)),)
    with pytest.raises(ValueError, match=r"^start: row 1 .* has to be midnight in UTC"):
        await collect(client.upload_intervals("9", rows, grid=Grid(DAY)))


async def test_bills_begin_whenever_they_do(client: WattCarbonClient, small: SmallCloud) -> None:
    """In order, and without holes, since nobody knows when one is due."""
    bills = [Bill(START + timedelta(days=days, minutes=7), Decimal(days)) for days in (0, 31, 95)]
    [receipt] = await collect(client.upload_bills("9", bills))
    assert small.lines == ["POST /meters/9/bills"]
    assert (receipt.rows, receipt.holes, receipt.total_kwh) == (3, (), Decimal(126))
    with pytest.raises(ValueError, match=r"^start: row 2 .* has to be later"):
        await collect(client.upload_bills("9", bills[::-1]))


async def test_each_upload_remembers_its_own_encoding(client: WattCarbonClient, small: SmallCloud) -> None:
    """One place may take what another does not."""
    small.serve(says(status=415))
    [intervals] = await collect(client.upload_intervals("9", hours(1)))
    [bills] = await collect(client.upload_bills("9", [Bill(START, Decimal(1))]))
    assert (intervals.encoding, bills.encoding) == (Encoding.RAW, Encoding.MULTIPART)


TWO = [row(0, "0.10"), row(1, "-2")]
SHAPES: dict[str, object] = {
    "objects": [
        {"datetime": "2025-08-01T00:00:00+00:00", "value_kwh": 0.10},
        {"datetime": "2025-08-01T01:00:00Z", "value_kwh": -2},
    ],
    "texts": [
        {"start": "2025-08-01T00:00:00", "end": "2025-08-01T01:00:00", "value": "0.10"},
        {"start": "2025-08-01T01:00:00", "end": "2025-08-01T02:00:00", "value": "-2"},
    ],
    "backwards": [
        {"timestamp": "2025-08-01T03:00:00+02:00", "kwh": "-2"},
        {"timestamp": "2025-08-01T02:00:00+02:00", "kwh": "0.10"},
    ],
    "missing values": [
        {"datetime": "2025-08-01T00:00:00Z", "valueKwh": "0.10"},
        {"datetime": "2025-08-01T01:00:00Z", "valueKwh": "-2"},
        {"datetime": "2025-08-01T02:00:00Z", "valueKwh": None},
        {"datetime": "2025-08-01T03:00:00Z"},
        {"datetime": "2025-08-01T04:00:00Z", "valueKwh": "NaN"},
        {"datetime": "2025-08-01T05:00:00Z", "valueKwh": True},
        {"datetime": "2025-08-01T06:00:00Z", "valueKwh": "?"},
    ],
    "pairs": [["2025-08-01T00:00:00Z", "0.10"], ["2025-08-01T01:00:00Z", -2]],
    "wrapped": {
        "meterId": 9,
        "data": {"unit": "kWh", "rows": [["2025-08-01T00:00:00Z", "0.10"], ["2025-08-01T01:00:00Z", -2]]},
    },
    "beside an empty list": {"errors": [], "rows": [["2025-08-01T00:00:00Z", "0.10"], ["2025-08-01T01:00:00Z", -2]]},
    "columns": {"datetime": ["2025-08-01T00:00:00Z", "2025-08-01T01:00:00Z"], "value_kwh": ["0.10", -2]},
    "mapping": {"2025-08-01T00:00:00Z": "0.10", "2025-08-01T01:00:00Z": -2},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_what_a_meter_holds_is_read_in_every_likely_shape(
    client: WattCarbonClient, small: SmallCloud, shape: object
) -> None:
    """What has a time and a number counts, in order; a missing number is no zero."""
    small.serve(says(json.dumps(shape)))
    rows = await client.meter_timeseries("9", date(2025, 8, 1), date(2025, 8, 2))
    assert rows == TWO
    assert small.lines == ["GET /meters/9/timeseries?start=2025-08-01&end=2025-08-02"]


async def test_what_a_meter_holds_may_be_csv(client: WattCarbonClient, small: SmallCloud) -> None:
    """As it was uploaded."""
    text = f"{HEADER}2025-08-01T00:00:00Z,0.10\n2025-08-01T01:00:00Z,-2\n"
    small.serve(says(text, content_type="text/csv; charset=utf-8"), says(HEADER, content_type="text/csv"))
    assert await client.meter_timeseries("9", date(2025, 8, 1), date(2025, 8, 1)) == TWO
    assert await client.meter_timeseries("9", date(2025, 8, 1), date(2025, 8, 1)) == []


@pytest.mark.parametrize("text", ["", "canary", "canary,value\n1,2\n", f"datetime,value\n{'x' * 200_000},1\n"])
async def test_csv_of_something_else_is_a_response_error(
    client: WattCarbonClient, small: SmallCloud, text: str
) -> None:
    """Not an empty series."""
    small.serve(says(text, content_type="text/csv"))
    with pytest.raises(ResponseError, match="holds no times with numbers"):
        await client.meter_timeseries("9", START.date(), START.date())


async def test_numbers_are_read_to_the_digit(client: WattCarbonClient, small: SmallCloud) -> None:
    """Not by way of binary fractions."""
    small.serve(says('[["2025-08-01T00:00:00Z", 0.30000000000000000001]]'))
    [stored] = await client.meter_timeseries("9", START.date(), START.date())
    assert stored.energy_kwh == Decimal("0.30000000000000000001")


async def test_survey_says_what_is_covered(client: WattCarbonClient, small: SmallCloud) -> None:
    """From when to when, and what is missing between."""
    small.serve(says(json.dumps([[f"2025-08-01T{hour:02}:00:00Z", hour] for hour in (1, 2, 5)])))
    found = survey(await client.meter_timeseries("9", START.date(), START.date()))
    assert (found.rows, found.first, found.last) == (3, START + HOUR, START + 5 * HOUR)
    assert found.holes == (Hole(START + 3 * HOUR, START + 5 * HOUR),)


@pytest.mark.parametrize("body", ["[]", '{"data": []}', '{"datetime": [], "value": []}'])
async def test_nothing_there_is_an_answer(client: WattCarbonClient, small: SmallCloud, body: str) -> None:
    """And no error."""
    small.serve(says(body))
    assert await client.meter_timeseries("9", START.date(), START.date()) == []


@pytest.mark.parametrize(
    "body",
    ["", "{}", "7", "<html></html>", '["canary"]', '{"a": {"b": "canary"}}', '[{"x": 1}]', '[["canary", 1]]', "[[1]]",
     '{"a":' * 50 + "[]" + "}" * 50, "[" * 100_000],
)  # fmt: skip
async def test_answer_of_which_nothing_can_be_made_is_a_response_error(
    client: WattCarbonClient, small: SmallCloud, body: str
) -> None:
    """Not an empty series, and not a crash."""
    small.serve(says(body))
    with pytest.raises(ResponseError, match="holds no times with numbers") as caught:
        await client.meter_timeseries("9", START.date(), START.date())
    assert "canary" not in str(caught.value)


async def test_period_has_to_be_one(client: WattCarbonClient, small: SmallCloud) -> None:
    """Said before anything is sent."""
    with pytest.raises(ValueError, match=r"^end: has to be"):
        await client.meter_timeseries("9", date(2025, 8, 2), date(2025, 8, 1))
    assert not small.cloud.seen
