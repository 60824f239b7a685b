"""Many streams at once: order, fairness, queues, and a cloud on its worst day."""

import asyncio
from collections import Counter
from random import Random

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wattics_bench import POST_PATH, RecordingClock, packet, until, values_of

from aiowattbridge.errors import CredentialsError, ServerError, TryLaterError, UnreachableError
from aiowattbridge.simulators import Fault, FaultKind, WatticsSimulator
from aiowattbridge.wattics import (
    AnotherSenderError,
    LastPacket,
    OrderError,
    Outcome,
    Packet,
    Receipt,
    SendAnswer,
    Sender,
    WatticsClient,
)

WORST_DAY: dict[Fault | FaultKind | str, float] = {
    Fault(FaultKind.RATE_LIMITED, retry_after_s=7): 0.02,
    Fault(FaultKind.UNAVAILABLE, retry_after_s=40, as_date=True): 0.02,
    FaultKind.UNAVAILABLE: 0.05,
    FaultKind.SERVER_ERROR: 0.05,
    Fault(FaultKind.SERVER_ERROR, executed=True): 0.05,
    FaultKind.BAD_GATEWAY: 0.03,
    FaultKind.CUT_BEFORE: 0.05,
    FaultKind.CUT_AFTER: 0.08,
    FaultKind.CUT_BODY: 0.05,
    FaultKind.HTML: 0.03,
    FaultKind.TRUNCATED_JSON: 0.02,
}


class MemoryCloud:
    """A cloud without a network: random latencies, and answers that get lost on either way."""

    def __init__(self, random: Random, trouble: float, *, knows: bool = True) -> None:
        """Begin empty."""
        self.random = random
        self.trouble = trouble
        self.knows = knows
        self.stored: dict[str, list[Packet]] = {}
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight = 0
        self.overlaps = 0

    async def send(self, packet: Packet) -> SendAnswer:
        """Store a packet, perhaps, and tell, perhaps."""
        self.in_flight[packet.stream_id] += 1
        self.overlaps += self.in_flight[packet.stream_id] > 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight.total())
        try:
            await self._travel(arrived=False)
            self.stored.setdefault(packet.stream_id, []).append(packet)
            await self._travel(arrived=True)
        finally:
            self.in_flight[packet.stream_id] -= 1
        return SendAnswer(200, None)

    async def ask_last_packet(self, stream_id: str) -> LastPacket | None:
        """Tell the last packet, perhaps."""
        await self._travel(arrived=False)
        stored = self.stored.get(stream_id)
        return LastPacket(stored[-1].instant, {}) if stored and self.knows else None

    async def _travel(self, *, arrived: bool) -> None:
        """Take some time, and get lost."""
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)
        if self.random.random() < self.trouble:
            if arrived or self.random.random() < 0.5:
                raise UnreachableError("lost", vendor="Wattics", may_have_arrived=True)
            raise ServerError("busy", vendor="Wattics")


@pytest.mark.parametrize(("seed", "get_shape"), [(0, "object"), (1, "list"), (2, "object")])
async def test_sixteen_streams_on_the_worst_day(
    sender: Sender, cloud: WatticsSimulator, clock: RecordingClock, receipts: list[Receipt], seed: int, get_shape: str
) -> None:
    """Everything arrives, in order, once; no pause is broken, no cookie lost."""
    cloud.get_shape = get_shape  # type: ignore[assignment]  # the parameters are the literals
    # Before its first packet a stream has no last one, and then the cloud does not know.
    streams = [f"stream {number}" for number in range(16)]
    await asyncio.gather(*(sender.deliver(packet(0, stream)) for stream in streams))
    cloud.faults.profile(seed, WORST_DAY)

    async def feed(stream: str) -> None:
        for hour in range(1, 31):
            await sender.submit(packet(hour, stream))

    async with sender:
        await asyncio.gather(*(feed(stream) for stream in streams))
    for stream in streams:
        assert values_of(cloud, stream) == list(range(31))
        mine = [receipt for receipt in receipts if receipt.packet.stream_id == stream]
        assert [receipt.packet for receipt in mine] == [packet(hour, stream) for hour in range(31)]
    report = cloud.report()
    assert (report["duplicates"], report["out_of_order"], report["violations"]) == (0, 0, 0)
    assert sum(receipt.repeated for receipt in receipts) == 0
    assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED, Outcome.CONFIRMED}
    assert report["cookie_breaks"] == 0
    assert clock.sleeps_s


async def test_where_the_cloud_does_not_know_the_worst_day_loses_nothing_and_counts_every_repeat(
    sender: Sender, cloud: WatticsSimulator, receipts: list[Receipt]
) -> None:
    """The receipts bound what the cloud may hold too often."""
    cloud.get_shape = "unknown"
    cloud.faults.profile(3, WORST_DAY)

    async def feed(stream: str) -> None:
        for hour in range(40):
            await sender.submit(packet(hour, stream))

    async with sender:
        await asyncio.gather(*(feed(f"stream {number}") for number in range(4)))
    for number in range(4):
        assert sorted(set(values_of(cloud, f"stream {number}")), key=str) == sorted(range(40), key=str)
    report = cloud.report()
    assert report["out_of_order"] == 0
    assert 0 < int(str(report["duplicates"])) <= sum(receipt.repeated for receipt in receipts)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    streams=st.integers(1, 8),
    packets=st.integers(1, 12),
    trouble=st.sampled_from([0.0, 0.1, 0.5]),
    max_in_flight=st.integers(1, 8),
    queue_size=st.integers(1, 5),
    knows=st.booleans(),
)
def test_order_holds_under_any_latency(
    seed: int, streams: int, packets: int, trouble: float, max_in_flight: int, queue_size: int, *, knows: bool
) -> None:
    """One packet of a stream at a time, none lost, none too often but what is counted, places and queues bounded."""
    random = Random(seed)  # noqa: S311 - drawn by the test
    cloud = MemoryCloud(random, trouble, knows=knows)
    receipts: list[Receipt] = []

    async def run() -> None:
        sender = Sender(
            cloud,
            clock=RecordingClock(),
            random=random,
            max_in_flight=max_in_flight,
            queue_size=queue_size,
            on_receipt=receipts.append,
        )

        async def feed(stream: str) -> None:
            for hour in range(packets):
                await (sender.submit if random.random() < 0.7 else deliver_when_idle)(packet(hour, stream))
                assert sender.pending <= queue_size * streams

        async def deliver_when_idle(one: Packet) -> None:
            await sender.drain()
            await sender.deliver(one)

        async with sender:
            await asyncio.gather(*(feed(f"stream {number}") for number in range(streams)))
        assert sender.pending == 0

    asyncio.run(run())
    assert cloud.overlaps == 0
    assert cloud.most_in_flight <= max_in_flight
    for number in range(streams):
        stream = f"stream {number}"
        mine = [receipt for receipt in receipts if receipt.packet.stream_id == stream]
        expected = [packet(hour, stream) for hour in range(packets)]
        assert [receipt.packet for receipt in mine] == expected
        stored = cloud.stored[stream]
        assert list(dict.fromkeys(stored)) == expected
        assert stored == sorted(stored, key=lambda one: one.instant)
        assert len(stored) - packets <= sum(receipt.repeated for receipt in mine)


async def test_a_full_queue_makes_its_feeder_wait_and_nobody_else(
    client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """What waits in memory is bounded for every stream, and those who wait for room keep their order."""
    cloud.faults.script(POST_PATH, [FaultKind.RATE_LIMITED])
    clock.free.clear()
    sender = Sender(client, clock=clock, queue_size=3)
    feeders = [asyncio.create_task(sender.submit(packet(hour))) for hour in range(10)]
    await until(lambda: clock.sleeps_s)
    assert sender.pending == 3
    await sender.submit(packet(0, "other"))
    await until(lambda: sender.pending == 3)
    assert values_of(cloud, "other") == [0]
    feeders[5].cancel()
    clock.free.set()
    results = await asyncio.gather(*feeders, return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [asyncio.CancelledError]
    await sender.drain()
    assert values_of(cloud) == [0, 1, 2, 3, 4, 6, 7, 8, 9]


async def test_there_is_room_again_when_half_a_queue_is_settled(client: WatticsClient) -> None:
    """Not sooner, or its feeder would be woken for every packet; and not later, or the stream would run dry."""
    sender = Sender(client, queue_size=4)
    for hour in range(4):
        await sender.submit(packet(hour))
    await sender.submit(packet(4))
    assert sender.pending == 3
    await sender.submit(packet(5))
    assert sender.pending == 4
    await sender.drain()


async def test_nobody_overtakes_one_that_waits_for_room(client: WatticsClient, cloud: WatticsSimulator) -> None:
    """Not even a submission that comes in the very moment in which there is room."""
    late: list[asyncio.Task[None]] = []

    def submit_the_next(receipt: Receipt) -> None:
        if receipt.packet == packet(0):
            late.append(asyncio.create_task(sender.submit(packet(3))))

    sender = Sender(client, queue_size=1, on_receipt=submit_the_next)
    await asyncio.gather(*(sender.submit(packet(hour)) for hour in range(3)))
    await late[0]
    await sender.drain()
    assert values_of(cloud) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "fault", [Fault(FaultKind.RATE_LIMITED, retry_after_s=60), Fault(FaultKind.STATUS, status=401)]
)
async def test_who_waits_for_a_place_heeds_what_came_meanwhile(
    client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock, fault: Fault
) -> None:
    """The answer to the one before may have shut the window."""
    cloud.faults.script("*", [fault])
    clock.free.clear()
    sender = Sender(client, clock=clock, max_in_flight=1)
    tasks = [asyncio.create_task(sender.deliver(packet(0, f"stream {number}"))) for number in range(4)]
    await until(lambda: len(clock.sleeps_s) == 4 or all(task.done() for task in tasks))
    assert cloud.log.total == 1
    clock.free.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} == {CredentialsError if fault.status else Receipt}


async def test_no_stream_starves_another(client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock) -> None:
    """With one place for all, they take turns."""
    order: list[str] = []
    async with Sender(
        client, clock=clock, max_in_flight=1, on_receipt=lambda receipt: order.append(receipt.packet.stream_id)
    ) as sender:
        for hour in range(6):
            for stream in ("a", "b", "c"):
                await sender.submit(packet(hour, stream))
    assert max(abs(order[:done].count(one) - order[:done].count("a")) for done in range(18) for one in "bc") <= 1
    assert cloud.report()["accepted"] == 18


async def test_a_packet_that_cannot_follow_is_refused_before_it_is_queued(
    sender: Sender, cloud: WatticsSimulator
) -> None:
    """Among the queued ones as among the sent ones."""
    async with sender:
        await sender.submit(packet(1))
        for hours in (1, 0):
            with pytest.raises(OrderError):
                await sender.submit(packet(hours))
        await sender.drain()
        with pytest.raises(OrderError):
            await sender.submit(packet(1))
        await sender.submit(packet(2))
    assert values_of(cloud) == [1, 2]


async def test_a_queue_goes_on_after_a_rejection(
    sender: Sender, cloud: WatticsSimulator, receipts: list[Receipt]
) -> None:
    """The receipt tells; the rest of the stream is not held up."""
    cloud.reject("meter", lambda body: body["value"] == 1)
    async with sender:
        for hour in range(3):
            await sender.submit(packet(hour))
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.ACCEPTED]
    assert values_of(cloud) == [0, 2]


async def test_queues_keep_what_refused_credentials_hold_up(sender: Sender, cloud: WatticsSimulator) -> None:
    """`submit` and `drain` raise; after `resume` everything goes on by itself."""
    for hour in range(5):
        await sender.submit(packet(hour))
    right, cloud.password = cloud.password, "changed"
    with pytest.raises(CredentialsError):
        await sender.drain()
    with pytest.raises(CredentialsError):
        await sender.submit(packet(9))
    assert sender.pending == 5
    cloud.password = right
    sender.resume()
    await sender.drain()
    assert values_of(cloud) == [0, 1, 2, 3, 4]


async def test_a_feeder_that_waits_for_room_hears_of_refused_credentials(
    client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """Otherwise it would wait for ever."""
    sender = Sender(client, clock=clock, queue_size=1)
    cloud.password = "changed"
    await sender.submit(packet(0))
    with pytest.raises(CredentialsError):
        await sender.submit(packet(1))
    await sender.aclose()


async def test_a_stream_whose_order_is_broken_stops_alone(
    sender: Sender, cloud: WatticsSimulator, client: WatticsClient
) -> None:
    """Its packets can be taken back; the others are settled first."""
    await sender.deliver(packet(0))
    await client.send(packet(50))
    cloud.faults.script(POST_PATH, [FaultKind.CUT_BEFORE])
    for hour in range(1, 4):
        await sender.submit(packet(hour))
    for hour in range(3):
        await sender.submit(packet(hour, "other"))
    with pytest.raises(AnotherSenderError):
        await sender.drain()
    assert values_of(cloud, "other") == [0, 1, 2]
    with pytest.raises(AnotherSenderError):
        await sender.submit(packet(4))
    assert sender.take_back("meter") == [packet(1), packet(2), packet(3)]
    sender.filled_until("meter", packet(50).instant)
    await sender.submit(packet(51))
    await sender.drain()
    assert values_of(cloud) == [0, 50, 51]


async def test_what_is_at_work_cannot_be_taken_back(sender: Sender) -> None:
    """It is on its way."""
    await sender.submit(packet(0))
    with pytest.raises(RuntimeError, match="at work"):
        sender.take_back("meter")
    await sender.drain()
    assert sender.take_back("meter") == []


async def test_leaving_with_an_error_only_stops(sender: Sender, cloud: WatticsSimulator) -> None:
    """The caller's trouble is not made longer by ours."""
    cloud.faults.script(POST_PATH, [Fault(FaultKind.SLOW_ANSWER, delay_s=1)])

    async def fail() -> None:
        async with sender:
            await sender.submit(packet(0))
            await sender.submit(packet(1))
            await until(lambda: cloud.log.total)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert sender.pending == 2
    assert values_of(cloud) == [0]


async def test_a_closed_sender_takes_up_its_queues_again(sender: Sender, cloud: WatticsSimulator) -> None:
    """What was left in them goes first; the cloud is asked about what was on its way."""
    cloud.faults.script(POST_PATH, [Fault(FaultKind.SLOW_ANSWER, delay_s=0.3)])
    sender._queue_size = 3
    for hour in range(3):
        await sender.submit(packet(hour))
    await until(lambda: cloud.log.total)
    await sender.aclose()
    assert sender.pending == 3
    async with sender:
        await sender.submit(packet(3))
    assert values_of(cloud) == [0, 1, 2, 3]


async def test_a_client_that_breaks_is_not_waited_for(client: WatticsClient, session: aiohttp.ClientSession) -> None:
    """A mistake of the program is no failure of the cloud: it is raised where somebody waits."""
    sender = Sender(client, queue_size=1)
    await session.close()
    await sender.submit(packet(0))
    with pytest.raises(RuntimeError):
        await sender.submit(packet(1))
    with pytest.raises(RuntimeError):
        await sender.drain()


async def test_submit_and_deliver_share_a_streams_turn(sender: Sender, cloud: WatticsSimulator) -> None:
    """Whoever came first goes first."""
    await sender.submit(packet(0))
    await asyncio.sleep(0)
    await sender.deliver(packet(1))
    await sender.drain()
    assert values_of(cloud) == [0, 1]


async def test_a_sender_outlives_an_outage(
    session: aiohttp.ClientSession, cloud: WatticsSimulator, sender: Sender
) -> None:
    """Hours without a cloud, then everything in order."""
    await sender.deliver(packet(0))
    await cloud.stop()
    for hour in range(1, 20):
        await sender.submit(packet(hour))
    waited: list[TryLaterError] = []
    sender._account.on_wait = lambda wait: waited.append(wait.reason)  # type: ignore[arg-type]  # it is that kind
    await until(lambda: len(waited) > 10)
    await cloud.start()
    await sender.drain()
    assert values_of(cloud) == list(range(20))
    assert not any(error.may_have_arrived for error in waited if isinstance(error, UnreachableError))
