"""Walks through pages of clouds that count as they like, repeat themselves, or promise too much."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiowattbridge.errors import ResponseError
from aiowattbridge.paging import Page, PageWalk


class Cloud:
    """Numbered pages of numbers, with a way of counting and a script of passing faults."""

    def __init__(self, records: Sequence[int], size: int, *, first: int = 0, zero: str = "first") -> None:
        """Cut the records in pages; `zero` is what a cloud counting from 1 answers for page 0."""
        self.cut = [list(records[start : start + size]) for start in range(0, len(records), size)]
        self.first = first
        self.zero = zero
        self.says_pages = True
        self.faults: dict[int, list[str]] = {}
        self.asked: list[int] = []

    async def fetch(self, number: int) -> Page[int]:
        """Answer one page."""
        self.asked.append(number)
        index = number - self.first
        if index < 0:
            index = 0 if self.zero == "first" else -1
        match self.faults[number].pop(0) if self.faults.get(number) else None:
            case "empty":
                index = -1
            case "duplicate":
                index = max(index - 1, 0)
        records = self.cut[index] if 0 <= index < len(self.cut) else []
        return Page(records, pages=len(self.cut) if self.says_pages else None)


def walk(fetch: Callable[[int], Awaitable[Page[int]]], **limits: int) -> PageWalk[int]:
    """Walk with the numbers as their own keys."""
    return PageWalk(fetch, lambda record: record, vendor="V", endpoint="/e", **limits)


async def read(records: AsyncIterator[int]) -> list[int]:
    """Read to the end."""
    return [record async for record in records]


COUNTING = [(0, "first"), (1, "first"), (1, "empty")]


@pytest.mark.parametrize(("first", "zero"), COUNTING)
@pytest.mark.parametrize("says_pages", [True, False])
@pytest.mark.parametrize("records", [0, 1, 9, 10, 11, 20, 35])
async def test_cloud_counting_from_0_or_1_loses_and_doubles_nothing(
    *, first: int, zero: str, says_pages: bool, records: int
) -> None:
    """Whatever it answers for page 0, whether or not it says how many pages there are."""
    cloud = Cloud(range(records), 10, first=first, zero=zero)
    cloud.says_pages = says_pages
    assert await read(walk(cloud.fetch).from_zero()) == list(range(records))


async def test_cloud_counting_from_0_is_asked_for_each_page_once() -> None:
    """No question more than there are pages."""
    cloud = Cloud(range(35), 10)
    await read(walk(cloud.fetch).from_zero())
    assert cloud.asked == [0, 1, 2, 3]


async def test_cloud_that_counts_no_pages_is_asked_once() -> None:
    """Nothing is nothing, the usual answer for a quiet period."""
    cloud = Cloud([], 10)
    assert await read(walk(cloud.fetch).from_zero()) == []
    assert cloud.asked == [0]


async def test_cloud_counting_from_1_is_never_asked_beyond_its_last_page() -> None:
    """Some clouds call that an error."""
    cloud = Cloud(range(35), 10, first=1)
    await read(walk(cloud.fetch).from_zero())
    assert max(cloud.asked) == 4


async def test_empty_page_ends_the_walk_where_no_pages_are_counted() -> None:
    """There is nothing else to end it."""
    cloud = Cloud(range(30), 10)
    cloud.says_pages = False
    assert await read(walk(cloud.fetch).from_zero()) == list(range(30))
    assert cloud.asked == [0, 1, 2, 3]


async def test_page_that_repeats_ends_the_walk_however_many_are_promised() -> None:
    """A cloud that ignores the page number would go on for ever."""

    async def same(_: int) -> Page[int]:
        return Page([1, 2, 3], pages=1_000_000)

    assert await read(walk(same).from_zero()) == [1, 2, 3]


async def test_page_that_stays_empty_ends_the_walk_however_many_are_promised() -> None:
    """After it was asked for again."""
    cloud = Cloud(range(40), 10)
    cloud.faults = {2: ["empty"] * 9}
    assert await read(walk(cloud.fetch).from_zero()) == list(range(20))
    assert cloud.asked == [0, 1, 2, 2, 2]


@pytest.mark.parametrize("fault", ["empty", "duplicate"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
@pytest.mark.parametrize(("first", "zero"), COUNTING)
async def test_passing_fault_of_one_page_loses_nothing(fault: str, number: int, first: int, zero: str) -> None:
    """An empty or repeated page where records are promised is asked for again."""
    cloud = Cloud(range(40), 10, first=first, zero=zero)
    cloud.faults = {number: [fault]}
    assert await read(walk(cloud.fetch).from_zero()) == list(range(40))


async def test_growing_number_of_pages_is_followed() -> None:
    """A page more has come while we were reading."""
    pages = [Page([1, 2], pages=2), Page([3, 4], pages=3), Page([5], pages=3)]

    async def fetch(number: int) -> Page[int]:
        return pages[number]

    assert await read(walk(fetch).from_zero()) == [1, 2, 3, 4, 5]


async def test_passing_lower_number_of_pages_does_not_cut_the_walk() -> None:
    """Promised is promised."""
    pages = [Page([1, 2], pages=3), Page([3, 4], pages=1), Page([5], pages=3)]

    async def fetch(number: int) -> Page[int]:
        return pages[number]

    assert await read(walk(fetch).from_zero()) == [1, 2, 3, 4, 5]


async def test_records_that_moved_to_the_next_page_come_once() -> None:
    """Newest first, a new record pushes the others on."""
    pages = [Page([9, 8, 7], pages=3), Page([7, 6, 5], pages=3), Page([5, 4], pages=3)]

    async def fetch(number: int) -> Page[int]:
        return pages[number]

    assert await read(walk(fetch).from_zero()) == [9, 8, 7, 6, 5, 4]


async def test_walk_without_an_end_is_cut_off_with_an_error() -> None:
    """Rather than silently or never."""

    async def more(number: int) -> Page[int]:
        return Page([number])

    with pytest.raises(ResponseError, match="V /e: the pages do not end"):
        await read(walk(more, most_pages=50).from_zero())
    with pytest.raises(ResponseError, match="do not end"):
        await read(walk(more, most_pages=50).from_one(10))


async def test_memory_of_records_is_bounded_and_of_pages_is_not() -> None:
    """A single record is known again within the bound, a whole page for ever."""
    pages = [Page([1, 2, 3, 4]), Page([5, 6, 7, 8]), Page([8, 9]), Page([10, 11]), Page([4, 3, 2, 1])]

    async def fetch(number: int) -> Page[int]:
        return pages[number]

    reading = walk(fetch, remembered_records=2)
    assert await read(reading.from_zero()) == list(range(1, 12))
    assert len(reading._memory._recent) + len(reading._memory._older) <= 4


@given(
    records=st.integers(0, 60),
    size=st.integers(1, 12),
    counting=st.sampled_from(COUNTING),
    faulty=st.dictionaries(st.integers(0, 12), st.lists(st.sampled_from(["empty", "duplicate"]), max_size=2)),
    seed=st.integers(0, 99),
)
async def test_any_cloud_is_read_whole_and_once(
    records: int, size: int, counting: tuple[int, str], faulty: dict[int, list[str]], seed: int
) -> None:
    """Counting from 0 or 1, shuffled within and across pages, with up to two passing faults a page."""
    shuffled = list(range(records))
    Random(seed).shuffle(shuffled)  # noqa: S311 - a seed of the test's
    cloud = Cloud(shuffled, size, first=counting[0], zero=counting[1])
    cloud.faults = {number: list(faults) for number, faults in faulty.items()}
    assert await read(walk(cloud.fetch).from_zero()) == shuffled


@given(
    pages=st.lists(st.lists(st.integers(0, 30), max_size=6), max_size=12),
    counted=st.none() | st.integers(0, 20),
)
async def test_walk_always_ends_and_doubles_nothing(pages: list[list[int]], counted: int | None) -> None:
    """Whatever the pages hold and whatever the cloud says of their number."""

    async def fetch(number: int) -> Page[int]:
        return Page(pages[number] if number < len(pages) else [], pages=counted)

    found = await read(walk(fetch).from_zero())
    assert len(found) == len(set(found))


@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=8), max_size=20), st.integers(1, 200))
async def test_records_that_come_again_anywhere_come_once(pages: list[list[int]], remembered: int) -> None:
    """Within a page, on the next, or on a much later one as far as the memory goes; all others come, in their order."""
    distinct = {frozenset(page): page for page in pages}
    pages = list(distinct.values())

    async def fetch(number: int) -> Page[int]:
        return Page(pages[number] if number < len(pages) else [])

    found = await read(walk(fetch, remembered_records=remembered).from_zero())
    first_seen = list(dict.fromkeys(record for page in pages for record in page))
    assert list(dict.fromkeys(found)) == first_seen
    places: dict[int, int] = {}
    for place, record in enumerate(found):
        assert place - places.get(record, -remembered) >= remembered
        places[record] = place
    if remembered >= len(first_seen):
        assert found == first_seen


@given(
    records=st.integers(0, 60),
    size=st.integers(2, 12),
    overlap=st.integers(0, 1),
    faulty=st.dictionaries(st.integers(0, 12), st.lists(st.sampled_from(["empty", "duplicate"]), max_size=2)),
    seed=st.integers(0, 99),
)
async def test_shuffled_and_overlapping_pages_with_faults_lose_and_double_nothing(
    records: int, size: int, overlap: int, faulty: dict[int, list[str]], seed: int
) -> None:
    """Each page begins with the last record of the one before, is shuffled, and fails up to twice."""
    cloud = Cloud(range(records), size)
    for page, after in pairwise(list(cloud.cut)):
        after[:0] = page[-overlap:] if overlap else []
    for page in cloud.cut:
        Random(seed).shuffle(page)  # noqa: S311 - a seed of the test's
    cloud.faults = {number: list(faults) for number, faults in faulty.items()}
    found = await read(walk(cloud.fetch).from_zero())
    assert sorted(found) == list(range(records))


class Counted:
    """Pages from 1 with the total of records beside them."""

    def __init__(self, records: int, size: int, total: int | None) -> None:
        """Hold so many records and cut them in pages of at most `size`, whatever is asked for."""
        self.records, self.size, self.total = list(range(records)), size, total
        self.faults: dict[int, int] = {}
        self.asked: list[int] = []

    async def fetch(self, number: int) -> Page[int]:
        """Answer one page."""
        self.asked.append(number)
        if self.faults.get(number, 0) > 0:
            self.faults[number] -= 1
            return Page([], total=self.total)
        return Page(self.records[(number - 1) * self.size : number * self.size], total=self.total)


@pytest.mark.parametrize("records", [0, 1, 10, 25, 30])
@pytest.mark.parametrize("size", [10, 4])
@pytest.mark.parametrize("says_total", [True, False])
async def test_pages_from_1_are_read_whole(*, records: int, size: int, says_total: bool) -> None:
    """Also where the cloud's pages are smaller than asked for, or it does not say the total."""
    cloud = Counted(records, size, records if says_total else None)
    assert await read(walk(cloud.fetch).from_one(10)) == list(range(records))


async def test_total_ends_the_walk_from_1() -> None:
    """No question more than needed."""
    cloud = Counted(25, 10, 25)
    await read(walk(cloud.fetch).from_one(10))
    assert cloud.asked == [1, 2, 3]


async def test_total_that_counts_only_the_page_does_not_end_the_walk() -> None:
    """A full page is followed by another question."""
    cloud = Counted(25, 10, 10)
    assert await read(walk(cloud.fetch).from_one(10)) == list(range(25))


@given(
    records=st.integers(0, 60),
    size=st.integers(1, 12),
    faults=st.dictionaries(st.integers(1, 12), st.integers(0, 2)),
)
async def test_pages_from_1_with_passing_empty_ones_are_read_whole(
    records: int, size: int, faults: dict[int, int]
) -> None:
    """Where the total says that there is more."""
    cloud = Counted(records, size, records)
    cloud.faults = dict(faults)
    assert await read(walk(cloud.fetch).from_one(size)) == list(range(records))


async def test_passing_empty_page_from_1_loses_nothing() -> None:
    """Where the total promises more it is asked for again."""
    cloud = Counted(25, 10, 25)
    cloud.faults = {2: 1}
    assert await read(walk(cloud.fetch).from_one(10)) == list(range(25))
