"""Creates an asset exactly once, though the answer to the request may get lost.

Creating is not repeatable by itself. But an asset has a custom id, which the cloud lets no other asset have: so after a
lost answer the asset is looked up by it, and only if it is not there the request is made again.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

from ..clock import Clock
from ..errors import RejectedError, ResponseError, TryLaterError, WattbridgeError
from ..retry import RetryPolicy
from .answers import Asset
from .assets import NewAsset
from .rejections import RefusedError

_CONFLICT: Final = 409

# Spreads the repetitions of many; it protects nothing.
_JITTER: Final = Random()  # noqa: S311 - as the line above says


class Creation:
    """One asset on its way into the cloud."""

    def __init__(
        self,
        new: NewAsset,
        post: Callable[[], Awaitable[Asset]],
        find: Callable[[str], Awaitable[Asset | None]],
        *,
        policy: RetryPolicy,
        clock: Clock,
    ) -> None:
        """Prepare; raises ValueError for an asset that could not be found again."""
        if new.custom_id is None:
            raise ValueError(
                "custom_id: is needed to create an asset: by it alone the asset is found again if the answer is lost"
            )
        self._new = new
        self._custom_id = new.custom_id
        self._post = post
        self._find = find
        self._policy = policy
        self._clock = clock
        self._is_lost = False

    async def run(self) -> Asset:
        """Return the asset once it is there; raises what keeps it from being created.

        An error with `may_have_arrived` says that looking it up did not settle whether it is there, or will be.
        """
        started_s = self._clock.monotonic()
        attempt = 1
        while True:
            try:
                return await self._post()
            except (TryLaterError, ResponseError) as error:
                failure: TryLaterError | ResponseError = error
            except RejectedError as error:
                return await self._explain(error)
            if failure.may_have_arrived:
                self._is_lost = True
                if (asset := await self._look_up(failure)) is not None:
                    return asset
            if isinstance(failure, ResponseError):
                raise failure
            elapsed_s = self._clock.monotonic() - started_s
            pause_s = self._policy.pause_s(attempt, elapsed_s, failure.retry_after_s, _JITTER)
            if pause_s is None:
                # An earlier request of ours may have been slow rather than lost, and yet take effect.
                failure.may_have_arrived |= self._is_lost
                raise failure
            attempt += 1
            await self._clock.sleep(pause_s)

    async def _look_up(self, failure: WattbridgeError) -> Asset | None:
        """Return the asset if it is there and is the one that was sent; raises the failure if that cannot be told."""
        try:
            asset = await self._find(self._custom_id)
        except WattbridgeError:
            asset, is_known = None, False
        else:
            is_known = True
        if not is_known:
            # Raised out here: what the question ran into is not what the caller asked for.
            raise failure
        if asset is None or self._is_ours(asset):
            return asset
        raise RefusedError(
            "another asset has this custom id already",
            vendor=failure.vendor,
            endpoint=failure.endpoint,
            status=failure.status,
            answer=failure.answer,
        )

    async def _explain(self, error: RejectedError) -> Asset:
        """Return the asset if it was refused because an earlier request of ours had created it; raises the refusal."""
        if not isinstance(error, RefusedError):
            raise error
        if self._is_lost and (asset := await self._look_up(error)) is not None:
            return asset
        if error.status == _CONFLICT:
            raise error.again(f"an asset has this custom id already: {error.reason}")
        raise error

    def _is_ours(self, asset: Asset) -> bool:
        """Tell whether an asset of the cloud is the one that was sent, as far as its answer shows."""
        return asset.kind in (None, self._new.kind) and asset.name in (None, self._new.name)
