"""What becomes of one packet whatever the cloud does, and what of the streams beside it."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from wattics_bench import POST_PATH, START, Highest, RecordingClock, packet, until, values_of

from aiowattbridge.errors import CredentialsError, RateLimitedError, ResponseError, TryLaterError, WattbridgeError
from aiowattbridge.simulators import Fault, FaultKind, WatticsSimulator
from aiowattbridge.wattics import (
    AnotherSenderError,
    LastPacket,
    OrderError,
    Outcome,
    Receipt,
    Sender,
    Wait,
    WatticsClient,
)

UNAUTHORISED = Fault(FaultKind.STATUS, status=401)


def posts(cloud: WatticsSimulator) -> int:
    """Count the packets that were sent, whatever became of them."""
    return cloud.log.count(method="POST")


async def test_an_accepted_packet_has_its_receipt(
    sender: Sender, cloud: WatticsSimulator, clock: RecordingClock, receipts: list[Receipt], waits: list[Wait]
) -> None:
    """One request, no question asked, no wait."""
    receipt = await sender.deliver(packet(1))
    assert receipt == Receipt(packet(1), Outcome.ACCEPTED, 200, 1, 0, "OK")
    assert sender.accepted_until("meter") == START + timedelta(hours=1)
    assert (cloud.log.total, clock.sleeps_s, waits) == (1, [], [])
    await asyncio.sleep(0)
    assert receipts == [receipt]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.STATUS, status=408),
        Fault(FaultKind.STATUS, status=425),
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.BAD_GATEWAY,
        FaultKind.UNAVAILABLE,
        FaultKind.CUT_BEFORE,
        FaultKind.HTML,
        Fault(FaultKind.STATUS, status=302),
    ],
    ids=str,
)
async def test_what_did_not_go_through_is_sent_again(
    sender: Sender, cloud: WatticsSimulator, fault: Fault | FaultKind, waits: list[Wait]
) -> None:
    """For as long as it takes, and without a doubt left: the cloud says that it has nothing newer than the first."""
    await sender.deliver(packet(0))
    cloud.faults.script("*", [fault, None, fault, None])
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.repeated) == (Outcome.ACCEPTED, 0)
    assert receipt.attempts >= 2
    assert values_of(cloud) == [0, 1]
    assert isinstance(waits[0].reason, (TryLaterError, ResponseError))
    assert not waits[0].whole_account


@pytest.mark.parametrize(
    "fault", [FaultKind.CUT_AFTER, FaultKind.CUT_BODY, Fault(FaultKind.SERVER_ERROR, executed=True)]
)
async def test_a_packet_whose_answer_was_lost_is_not_sent_again_if_the_cloud_has_it(
    sender: Sender, cloud: WatticsSimulator, fault: Fault | FaultKind
) -> None:
    """The last packet confirms it."""
    cloud.faults.script("*", [fault])
    receipt = await sender.deliver(packet(1))
    assert receipt == Receipt(packet(1), Outcome.CONFIRMED, None, 1, 0, None)
    assert sender.accepted_until("meter") == START + timedelta(hours=1)
    assert values_of(cloud) == [1]
    assert await sender.deliver(packet(2)) == Receipt(packet(2), Outcome.ACCEPTED, 200, 1, 0, "OK")


async def test_a_cloud_that_cannot_be_asked_is_asked_again(sender: Sender, cloud: WatticsSimulator) -> None:
    """That it cannot answer does not mean that it does not know."""
    trouble = [FaultKind.SERVER_ERROR, FaultKind.CUT_BEFORE, FaultKind.HTML, FaultKind.TRUNCATED_JSON]
    cloud.faults.script("*", [FaultKind.CUT_AFTER, *trouble, *[FaultKind.UNAVAILABLE] * 20])
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.attempts, receipt.repeated) == (Outcome.CONFIRMED, 1, 0)
    assert posts(cloud) == 1


async def test_a_cloud_that_never_answers_readably_counts_as_not_knowing(
    sender: Sender, cloud: WatticsSimulator
) -> None:
    """Otherwise its stream would stand still for ever."""
    cloud.faults.script("*", [FaultKind.CUT_BEFORE, *[FaultKind.HTML] * 4, FaultKind.EMPTY_BODY])
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.attempts, receipt.repeated) == (Outcome.ACCEPTED, 2, 1)
    assert values_of(cloud) == [1]


@pytest.mark.parametrize("lost", [1, 3])
async def test_where_the_cloud_does_not_know_every_repeat_is_counted(
    sender: Sender, cloud: WatticsSimulator, lost: int
) -> None:
    """The count is exactly how often the cloud may hold the packet too many."""
    cloud.get_shape = "unknown"
    cloud.faults.script(POST_PATH, [fault for _ in range(lost) for fault in (FaultKind.CUT_AFTER, None)])
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.attempts, receipt.repeated) == (Outcome.ACCEPTED, lost + 1, lost)
    assert cloud.report()["duplicates"] == lost


async def test_a_repeat_that_cannot_have_been_stored_is_not_counted(sender: Sender, cloud: WatticsSimulator) -> None:
    """A 429 was not executed."""
    cloud.get_shape = "unknown"
    script = [FaultKind.CUT_AFTER, None, FaultKind.RATE_LIMITED, None, FaultKind.RATE_LIMITED, None]
    cloud.faults.script(POST_PATH, script)
    receipt = await sender.deliver(packet(1))
    assert (receipt.attempts, receipt.repeated, cloud.report()["duplicates"]) == (4, 1, 1)


async def test_an_answer_that_lags_behind_what_was_accepted_tells_nothing(
    sender: Sender, cloud: WatticsSimulator, client: WatticsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the repeat is counted."""

    async def lagging(_: str) -> LastPacket:
        return LastPacket(START, {})

    monkeypatch.setattr(client, "ask_last_packet", lagging)
    await sender.deliver(packet(1))
    cloud.faults.script(POST_PATH, [FaultKind.CUT_AFTER])
    assert (await sender.deliver(packet(2))).repeated == 1


async def test_another_sender_is_noticed(sender: Sender, cloud: WatticsSimulator, client: WatticsClient) -> None:
    """Something newer than we ever sent is in our stream: nothing is sent into it, and nothing is claimed."""
    await sender.deliver(packet(0))
    await client.send(packet(5))
    cloud.faults.script(POST_PATH, [FaultKind.CUT_BEFORE])
    with pytest.raises(AnotherSenderError, match="another sender fills stream meter") as caught:
        await sender.deliver(packet(1))
    assert caught.value.last == START + timedelta(hours=5)
    assert caught.value.instant == START + timedelta(hours=1)
    assert values_of(cloud) == [0, 5]


async def test_waits_grow_to_five_minutes_and_the_first_is_short(
    client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """Full jitter under a doubling bound."""
    sender = Sender(client, clock=clock, random=Highest())
    cloud.faults.script("*", [FaultKind.RATE_LIMITED] * 12)
    await sender.deliver(packet())
    assert clock.sleeps_s == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.UNAVAILABLE])
async def test_a_pause_asked_for_is_kept_by_the_whole_account(
    sender: Sender,
    cloud: WatticsSimulator,
    clock: RecordingClock,
    waits: list[Wait],
    kind: FaultKind,
    as_date: bool,  # noqa: FBT001 - a parameter
) -> None:
    """In full, also when it is long; the other streams' requests keep it too, and it can be seen."""
    began = clock.now()
    cloud.faults.script("*", [Fault(kind, retry_after_s=5400, as_date=as_date)])
    first = asyncio.create_task(sender.deliver(packet(1, "first")))
    clock.free.clear()
    await until(lambda: sender.paused_until == began + timedelta(seconds=5400))
    clock.free.set()
    others = [sender.deliver(packet(1, f"stream {number}")) for number in range(8)]
    await asyncio.gather(first, *others)
    assert cloud.report()["violations"] == 0
    assert clock.now() >= began + timedelta(seconds=5400)
    assert sender.paused_until is None
    assert (waits[0].stream_id, waits[0].whole_account) == ("first", True)
    assert waits[0].until == began + timedelta(seconds=5400)
    assert cloud.report()["accepted"] == 9


async def test_the_shorter_of_two_pauses_does_not_end_the_longer(sender: Sender, clock: RecordingClock) -> None:
    """And no pause is believed that is longer than a day."""
    sender._window.pause(100)
    sender._window.pause(10)
    assert sender.paused_until == clock.now() + timedelta(seconds=100)
    sender._window.pause(1e9)
    assert sender.paused_until == clock.now() + timedelta(days=1)
    clock.advance(24 * 3600)
    assert sender.paused_until is None


async def test_a_pause_that_was_asked_for_before_is_kept_from_the_beginning(
    sender: Sender, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """A caller that remembers it says so; nothing that is left is no pause."""
    sender.pause(0)
    assert sender.paused_until is None
    began = clock.now()
    sender.pause(100)
    sender.pause(-1)
    assert sender.paused_until == began + timedelta(seconds=100)
    await sender.deliver(packet(1))
    assert clock.sleeps_s[0] >= 100
    assert cloud.log.total == 1


async def test_a_pause_of_nothing_is_no_invitation_to_hammer(sender: Sender, cloud: WatticsSimulator) -> None:
    """`Retry-After: 0` leaves our own waits as they are."""
    cloud.faults.script("*", [Fault(FaultKind.RATE_LIMITED, retry_after_s=0)] * 3)
    assert (await sender.deliver(packet())).attempts == 4


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422])
async def test_a_rejection_ends_the_packet_and_leaves_the_rest_to_the_caller(
    sender: Sender, cloud: WatticsSimulator, status: int
) -> None:
    """The stream goes on, or the same time is tried again with other values: both are allowed."""
    cloud.reject("meter", lambda body: body["value"] == 1, status=status, reason="no thanks")
    await sender.deliver(packet(0))
    assert await sender.deliver(packet(1)) == Receipt(packet(1), Outcome.REJECTED, status, 1, 0, "no thanks")
    assert values_of(cloud) == [0]
    cloud.rejections.clear()
    assert (await sender.deliver(packet(1))).outcome is Outcome.ACCEPTED
    assert (await sender.deliver(packet(2))).outcome is Outcome.ACCEPTED
    assert values_of(cloud) == [0, 1, 2]


async def test_refused_credentials_stop_every_stream_until_they_are_mended(
    sender: Sender, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """Also those that wait: for their turn, for a pause, for another try."""
    cloud.faults.script("*", [FaultKind.RATE_LIMITED])
    clock.free.clear()
    waiting = asyncio.create_task(sender.deliver(packet(1, "waiting")))
    behind = asyncio.create_task(sender.deliver(packet(2, "waiting")))
    await until(lambda: clock.sleeps_s)
    cloud.password = "changed"
    with pytest.raises(CredentialsError):
        await sender.deliver(packet(1, "first"))
    results = await asyncio.gather(waiting, behind, return_exceptions=True)
    assert [type(result) for result in results] == [CredentialsError, CredentialsError]
    sent = cloud.log.total
    for _ in range(3):
        with pytest.raises(CredentialsError):
            await sender.deliver(packet(1, "late"))
    with pytest.raises(CredentialsError):
        await sender.submit(packet(1, "late"))
    assert cloud.log.total == sent


async def test_resuming_goes_on_where_it_stopped(
    sender: Sender, cloud: WatticsSimulator, session: aiohttp.ClientSession
) -> None:
    """With the same client or with one that has the new credentials."""
    cloud.faults.script("*", [Fault(FaultKind.STATUS, status=403)])
    with pytest.raises(CredentialsError):
        await sender.deliver(packet(1))
    sender.resume()
    assert (await sender.deliver(packet(1))).attempts == 1
    cloud.password = "new"
    with pytest.raises(CredentialsError):
        await sender.deliver(packet(2))
    sender.resume(WatticsClient(cloud.username, "new", session=session, base_url=cloud.url))
    assert (await sender.deliver(packet(2))).outcome is Outcome.ACCEPTED
    assert values_of(cloud) == [1, 2]


async def test_a_doubt_outlives_refused_credentials(sender: Sender, cloud: WatticsSimulator) -> None:
    """The packet may be there; after the credentials are mended the cloud is asked first."""
    cloud.faults.script("*", [FaultKind.CUT_AFTER, UNAUTHORISED])
    with pytest.raises(CredentialsError):
        await sender.deliver(packet(1))
    sender.resume()
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.attempts) == (Outcome.CONFIRMED, 0)
    assert posts(cloud) == 1


async def test_a_cancelled_delivery_frees_its_stream_and_leaves_a_doubt(
    sender: Sender, cloud: WatticsSimulator
) -> None:
    """Cancelled while its answer was awaited: the packet had arrived, so it is not sent again."""
    cloud.faults.script("*", [Fault(FaultKind.SLOW_ANSWER, delay_s=0.2)])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await sender.deliver(packet(1))
    receipt = await sender.deliver(packet(1))
    assert (receipt.outcome, receipt.attempts) == (Outcome.CONFIRMED, 0)
    assert posts(cloud) == 1


async def test_after_a_cancellation_the_stream_can_go_on_with_the_next(sender: Sender, cloud: WatticsSimulator) -> None:
    """But not back: what may have been accepted is followed by something newer only."""
    cloud.faults.script("*", [Fault(FaultKind.SLOW_ANSWER, delay_s=0.2)])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await sender.deliver(packet(5))
    with pytest.raises(OrderError):
        await sender.deliver(packet(4))
    assert (await sender.deliver(packet(6))).outcome is Outcome.ACCEPTED
    assert values_of(cloud) == [5, 6]


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_cancellation_at_any_point_locks_nothing(sender: Sender, cloud: WatticsSimulator, steps: int) -> None:
    """In the turn's queue, at the window, in the request, in a wait: the stream goes on, nothing is stored twice."""
    cloud.faults.script("*", [FaultKind.CUT_AFTER, Fault(FaultKind.UNAVAILABLE, retry_after_s=30)])
    tasks = [asyncio.create_task(sender.deliver(packet(hour))) for hour in (1, 2, 3)]
    for _ in range(steps):
        await asyncio.sleep(0.0005)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    begin = 1 + sum(isinstance(result, Receipt) for result in results)
    for hour in range(begin, 6):
        await sender.deliver(packet(hour))
    assert values_of(cloud) == [1, 2, 3, 4, 5]
    assert cloud.report()["violations"] == 0
    assert not sender._lanes["meter"].turn.locked()
    assert sender._window._slots._value == 64


@pytest.mark.parametrize("hours", [0, 1])
async def test_nothing_as_old_as_the_last_accepted_is_sent(sender: Sender, cloud: WatticsSimulator, hours: int) -> None:
    """The error is a ValueError and names the stream and both times; other streams have their own."""
    await sender.deliver(packet(1))
    with pytest.raises(OrderError, match=r"stream meter: .*2026-03-01T0\d:00:00.* cannot follow .*T01:00") as caught:
        await sender.deliver(packet(hours))
    assert isinstance(caught.value, ValueError)
    assert caught.value.filled_until == START + timedelta(hours=1)
    assert (await sender.deliver(packet(hours, "other"))).outcome is Outcome.ACCEPTED
    assert posts(cloud) == 2


async def test_a_caller_that_knows_how_far_a_stream_is_filled_says_so(sender: Sender) -> None:
    """The floor only rises."""
    sender.filled_until("meter", START + timedelta(hours=3))
    sender.filled_until("meter", START)
    with pytest.raises(OrderError):
        await sender.deliver(packet(3))
    assert sender.accepted_until("meter") is None
    assert (await sender.deliver(packet(4))).outcome is Outcome.ACCEPTED


async def test_a_stream_that_is_forgotten_can_begin_anew(sender: Sender, cloud: WatticsSimulator) -> None:
    """What was sent to it before counts no longer; while a packet is settled nothing is forgotten."""
    await sender.deliver(packet(2))
    sender.forget("meter")
    assert sender.accepted_until("meter") is None
    cloud.store.accepted.clear()
    cloud.latency_s = 0.2
    delivery = asyncio.create_task(sender.deliver(packet(1)))
    await asyncio.sleep(0.05)
    with pytest.raises(RuntimeError):
        sender.forget("meter")
    assert (await delivery).outcome is Outcome.ACCEPTED
    sender.forget("nobody")


async def test_the_last_packet_is_asked_for_patiently(sender: Sender, cloud: WatticsSimulator) -> None:
    """In the stream's turn, within the account's pauses, for as long as it takes."""
    assert await sender.last_packet("meter") is None
    await sender.deliver(packet(1))
    cloud.faults.script("*", [Fault(FaultKind.RATE_LIMITED, retry_after_s=3600), *[FaultKind.SERVER_ERROR] * 9])
    assert await sender.last_packet("meter") == LastPacket(START + timedelta(hours=1), {"value": 1})
    assert cloud.report()["violations"] == 0
    cloud.faults.script("*", [UNAUTHORISED])
    with pytest.raises(CredentialsError):
        await sender.last_packet("meter")


async def test_what_goes_wrong_in_a_callback_stays_out_of_the_stream(
    client: WatticsClient, cloud: WatticsSimulator, clock: RecordingClock
) -> None:
    """It goes to the event loop's exception handler."""
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))

    def fail(_: Receipt | Wait) -> None:
        raise KeyError("mine")

    cloud.faults.script("*", [FaultKind.RATE_LIMITED])
    async with Sender(client, clock=clock, on_wait=fail, on_receipt=fail) as sender:
        await sender.submit(packet(1))
        await sender.submit(packet(2))
    assert values_of(cloud) == [1, 2]
    assert [type(problem) for problem in problems] == [KeyError] * 3


async def test_a_sender_can_be_made_before_there_is_an_event_loop(client: WatticsClient) -> None:
    """As a default or a module's constant."""
    assert (await asyncio.to_thread(Sender, client)).pending == 0


def test_errors_and_waits_hold_nothing_secret() -> None:
    """Their texts are made of stream and times."""
    error = AnotherSenderError("meter", START, datetime(2026, 3, 2, tzinfo=UTC))
    assert isinstance(error, WattbridgeError)
    assert str(error) == (
        "Wattics: another sender fills stream meter: its last packet is of 2026-03-02T00:00:00+00:00, "
        "ours of 2026-03-01T00:00:00+00:00"
    )
    wait = Wait("meter", START, whole_account=False, reason=RateLimitedError("too many", vendor="Wattics"))
    assert "meter" in repr(wait)
