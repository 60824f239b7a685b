"""Walks through numbered pages as async iterators: nothing lost, nothing twice, and always an end.

A cloud says how many pages or records there are, but not always truthfully, and not always counting from the number
it is asked for. So the walk trusts what the pages hold. A page is *barren* when it is empty or holds the very records
of a page already seen. A barren page where the cloud promises records is asked for again, because a passing fault
looks the same; a page that stays barren ends the walk.

Records are known by a key. One that was seen before is dropped: a whole page however long ago, a single record within
at least the last `REMEMBERED_RECORDS`. That bounds the memory of a walk whatever its length.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import ResponseError

# Records come again near where they were (a page that moved on by the newest record, two pages answered in the wrong
# order), or as whole pages. So many are some sixty days of 5-minute records.
REMEMBERED_RECORDS: Final = 20_000

# A walk that comes this far does not end by itself; a century of 5-minute records is about as many pages of 1,000.
MOST_PAGES: Final = 10_000

# How many times a barren page is asked for again.
_REASKED: Final = 2


@dataclass(frozen=True, slots=True)
class Page[T]:
    """One answer: its records, and what the cloud says of how much there is in all (None: nothing)."""

    records: Sequence[T]
    pages: int | None = None
    total: int | None = None


class _Memory[T]:
    """What a walk has seen: the key sets of all pages as one number each, and the keys of the latest records."""

    def __init__(self, key: Callable[[T], Hashable], remembered: int) -> None:
        """Start with nothing seen."""
        self._key = key
        self._remembered = remembered
        self._pages: set[int] = set()
        self._recent: set[Hashable] = set()
        self._older: set[Hashable] = set()

    def take(self, page: Page[T]) -> list[T] | None:
        """Remember a page and return those of its records that are new, or None if the page is barren."""
        keys = list(map(self._key, page.records))
        # A page is known by its records in whatever order.
        distinct = frozenset(keys)
        fingerprint = hash(distinct)
        if not keys or fingerprint in self._pages:
            return None
        self._pages.add(fingerprint)
        if len(distinct) == len(keys) and self._are_all_new(distinct):
            return list(page.records)
        return [record for record, key in zip(page.records, keys, strict=True) if self._is_new(key)]

    def _are_all_new(self, keys: frozenset[Hashable]) -> bool:
        """Remember the keys of a page at once if they are new and there is room for them; a shortcut, no more."""
        has_room = len(self._recent) + len(keys) <= self._remembered
        if not has_room or not self._recent.isdisjoint(keys) or not self._older.isdisjoint(keys):
            return False
        self._recent |= keys
        return True

    def _is_new(self, key: Hashable) -> bool:
        """Remember a key and tell whether it is new; two generations make forgetting cheap."""
        if key in self._recent or key in self._older:
            return False
        if len(self._recent) >= self._remembered:
            self._recent, self._older = set(), self._recent
        self._recent.add(key)
        return True


class PageWalk[T]:
    """One walk through the pages of one request."""

    def __init__(
        self,
        fetch: Callable[[int], Awaitable[Page[T]]],
        key: Callable[[T], Hashable],
        *,
        vendor: str,
        endpoint: str,
        most_pages: int = MOST_PAGES,
        remembered_records: int = REMEMBERED_RECORDS,
    ) -> None:
        """Keep how a page is fetched by its number and what tells records apart."""
        self._fetch = fetch
        self._memory = _Memory(key, remembered_records)
        self._vendor = vendor
        self._endpoint = endpoint
        self._most_pages = most_pages
        self._pages: int | None = None
        self._seen = 0

    async def from_zero(self) -> AsyncGenerator[T]:
        """Yield the records of pages 0, 1, 2… of which the cloud says the number, whether it counts from 0 or from 1.

        A cloud that counts from 1 betrays itself: its page 0 is empty, or is page 1 once more. Its last page's number
        is one higher.
        """
        counts_from_one = False
        for number in range(self._most_pages):
            page, fresh = await self._fetch_page(number)
            if fresh is None:
                may_count_from_one = self._pages != 0 if number == 0 else number == 1 and bool(page.records)
                if not may_count_from_one:
                    return
                counts_from_one = True
            for record in fresh or ():
                yield record
            if self._pages is not None and number + 1 - counts_from_one >= self._pages:
                return
        raise self._endless()

    async def from_one(self, page_size: int) -> AsyncGenerator[T]:
        """Yield the records of pages 1, 2, 3… of at most `page_size` records, of which the cloud says the total."""
        for number in range(1, self._most_pages + 1):
            page, fresh = await self._fetch_page(number)
            if fresh is None:
                return
            self._seen += len(fresh)
            for record in fresh:
                yield record
            # A full page is followed by another question, in case the total was only that of the page.
            if page.total is not None and self._seen >= page.total and len(page.records) < page_size:
                return
        raise self._endless()

    async def _fetch_page(self, number: int) -> tuple[Page[T], list[T] | None]:
        """Fetch a page with its new records, and again if it is barren (None) where the cloud promises records."""
        asked = 0
        while True:
            page = await self._fetch(number)
            asked += 1
            if page.pages is not None:
                self._pages = max(self._pages or 0, page.pages)
            fresh = self._memory.take(page)
            is_promised = bool(self._pages) or self._seen < (page.total or 0)
            if fresh is not None or not is_promised or asked > _REASKED:
                return page, fresh

    def _endless(self) -> ResponseError:
        """Make the error of a walk that was cut off."""
        return ResponseError(
            f"the pages do not end ({self._most_pages} were read)", vendor=self._vendor, endpoint=self._endpoint
        )
