"""The WattCarbon API, one method per thing it can do, for meters, for assets and for their series.

What may be repeated is repeated, within the policy: questions, updates and uploads, since those replace what is there.
Creating an asset is looked up before it is repeated; creating a meter, which nothing identifies, is not repeated.
"""

from collections.abc import AsyncGenerator
from datetime import date
from typing import Final

import aiohttp

from ..auth import TokenAuth
from ..clock import SYSTEM_CLOCK, Clock
from ..pause import Pause
from ..retry import RetryPolicy
from ..session import CloudClient
from ..transport import Answer
from .answers import Asset, Meter, decode_asset, decode_assets, decode_meter
from .assets import NewAsset
from .batches import BATCH_ROWS, LARGEST_BATCH_ROWS, Rows, batches
from .checks import check_text, escaped_id
from .collection import Collection, CollectionName
from .creation import Creation
from .door import Door, agent_name
from .energy import HOURS, Bill, Grid, HourlyEnergy, IntervalEnergy
from .login import REFUSALS, Login
from .meters import NewMeter
from .receipts import UploadReceipt
from .stored import decode_stored
from .upload import CsvDoor, Payload, Post, taken, upload

DEFAULT_URL: Final = "https://api.wattcarbon.com"

_METERS: Final = "/meters"
_SERIES: Final = "timeseries"
# The paths of a meter's uploads are not shown in the guide, which names the operations alone.
_INTERVALS: Final = "intervals"
_BILLS: Final = "bills"


class WattCarbonClient(CloudClient):
    """Writes one account's assets and series, over the caller's session or one of its own.

    `collection` pins the path of assets, `assets` or `devices`; without it the first call finds out. `user_agent` is
    the name of the application, which goes before the library's own; the vendor asks for a distinctive one.
    """

    def __init__(  # noqa: PLR0913 - the world is handed in by name
        self,
        email: str,
        api_key: str,
        *,
        session: aiohttp.ClientSession | None = None,
        base_url: str = DEFAULT_URL,
        policy: RetryPolicy = RetryPolicy(),  # noqa: B008 - a frozen value
        clock: Clock = SYSTEM_CLOCK,
        timeout_s: float = 30.0,
        collection: CollectionName | None = None,
        user_agent: str | None = None,
        pause: Pause | None = None,
    ) -> None:
        """Prepare one door for logging in and one for everything else; nothing is sent yet.

        `pause`: what all requests of the account wait for, once the cloud has asked to be left alone.
        Raises ValueError naming what cannot be used.
        """
        super().__init__(session)
        agent = agent_name(user_agent)
        entrance = Door(
            self._http,
            base_url,
            agent=agent,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            credential_statuses=REFUSALS,
            pause=pause,
        )
        self._auth = TokenAuth(Login(entrance, email, api_key), clock, secrets=(email, api_key))
        self._door = Door(
            self._http,
            base_url,
            agent=agent,
            policy=policy,
            clock=clock,
            timeout_s=timeout_s,
            auth=self._auth,
            pause=pause,
        )
        self._collection = Collection(self._door, collection)
        self._csv_doors = {name: CsvDoor() for name in (_SERIES, _INTERVALS, _BILLS)}
        self._policy = policy
        self._clock = clock

    @property
    def collection(self) -> CollectionName | None:
        """Under which path the cloud keeps assets; None until a call has found out."""
        return self._collection.name

    async def verify(self) -> None:
        """Log in from the beginning; raises CredentialsError if the cloud refuses."""
        self._auth.forget()
        await self._auth.headers()

    async def assets(self) -> list[Asset]:
        """Return all assets of the account."""
        answer, endpoint = await self._ask_collection("GET", "", is_list=True)
        return decode_assets(answer, endpoint)

    async def asset(self, asset_id: str) -> Asset:
        """Return an asset; raises NotFoundError if there is none of this id."""
        answer, endpoint = await self._ask_collection("GET", f"/{escaped_id('asset_id', asset_id)}")
        return decode_asset(answer, endpoint)

    async def find_asset(self, custom_id: str) -> Asset | None:
        """Return the asset that has this custom id; None if there is none.

        The guide shows no way to ask for it, so the list of all assets is looked through.
        """
        check_text("custom_id", custom_id)
        return next((asset for asset in await self.assets() if asset.custom_id == custom_id), None)

    async def create_asset(self, new: NewAsset) -> Asset:
        """Create an asset and return it; it is created once, whatever becomes of the answer.

        Raises ValueError for an asset without a custom id: if the answer is lost, the asset is looked up by that before
        anything is repeated. Raises RefusedError naming the fields at fault, and if the custom id belongs to another.
        """

        async def post() -> Asset:
            answer, endpoint = await self._ask_collection("POST", "", new=new, repeatable=False)
            return decode_asset(answer, endpoint)

        return await Creation(new, post, self.find_asset, policy=self._policy, clock=self._clock).run()

    async def update_asset(self, asset_id: str, new: NewAsset) -> Asset:
        """Replace what describes an asset, and return the asset as the cloud has it then.

        What is not in `new` is not sent: `Asset.as_new` and `dataclasses.replace` keep what is there. Raises
        NotFoundError if there is no such asset, RefusedError naming the fields at fault.
        """
        answer, endpoint = await self._ask_collection("PUT", f"/{escaped_id('asset_id', asset_id)}", new=new)
        return decode_asset(answer, endpoint) if answer.body.strip() else await self.asset(asset_id)

    async def create_meter(self, new: NewMeter) -> Meter:
        """Create a meter and return it.

        Nothing identifies a meter but the id in the answer, so this is never repeated: an error with `may_have_arrived`
        leaves it open whether there is a new one.
        """
        answer = await self._door.request("POST", _METERS, json=new.to_wire(), secrets=new.personal(), repeatable=False)
        return decode_meter(answer, _METERS)

    def upload(
        self, asset_id: str, rows: Rows[HourlyEnergy], *, batch_rows: int = BATCH_ROWS
    ) -> AsyncGenerator[UploadReceipt]:
        """Upload the hourly series of an asset in batches, and yield a receipt (kWh) for each as soon as it is taken.

        The rows, from any iterable, are whole hours of UTC that are over, in ascending order. What is there of the same
        hours is replaced; what is missing is reported in the receipts and left alone. Raises ValueError naming the
        first row that is otherwise, and RefusedError with the cloud's reason and the receipts so far.
        """
        part = f"/{escaped_id('asset_id', asset_id)}/{_SERIES}"

        async def post(payload: Payload) -> Answer:
            return taken(*await self._ask_collection("POST", part, payload=payload))

        return self._upload(rows, HOURS, batch_rows, _SERIES, post)

    def upload_intervals(
        self, meter_id: str, rows: Rows[IntervalEnergy], *, grid: Grid = HOURS, batch_rows: int = BATCH_ROWS
    ) -> AsyncGenerator[UploadReceipt]:
        """Upload the daily, hourly or sub-hourly series (kWh) of a meter, as `upload` does.

        `grid` says how long an interval is, and for days in which zone they begin at midnight.
        """
        return self._upload(rows, grid, batch_rows, _INTERVALS, self._meter_post(meter_id, _INTERVALS))

    def upload_bills(
        self, meter_id: str, rows: Rows[Bill], *, batch_rows: int = BATCH_ROWS
    ) -> AsyncGenerator[UploadReceipt]:
        """Upload the bills (kWh) of a meter in ascending order, as `upload` does; a bill may begin at any time."""
        return self._upload(rows, None, batch_rows, _BILLS, self._meter_post(meter_id, _BILLS))

    async def meter_timeseries(self, meter_id: str, start: date, end: date) -> list[IntervalEnergy]:
        """Return what a meter holds from one date to another, in the order of time; `survey` says what that covers.

        Whether the last date belongs to it is not documented, nor is the form of the answer: see `stored`.
        """
        if end < start:
            raise ValueError("end: has to be the start's date or a later one")
        endpoint = f"{_METERS}/{escaped_id('meter_id', meter_id)}/{_SERIES}"
        dates: dict[str, str | int] = {"start": f"{start:%Y-%m-%d}", "end": f"{end:%Y-%m-%d}"}
        return decode_stored(await self._door.request("GET", endpoint, query=dates, repeatable=True), endpoint)

    async def _ask_collection(
        self,
        method: str,
        part: str,
        *,
        new: NewAsset | None = None,
        payload: Payload | None = None,
        repeatable: bool = True,
        is_list: bool = False,
    ) -> tuple[Answer, str]:
        """Send a request to a part of the collection of assets; returns the answer and the endpoint it came from."""

        async def send(collection: str) -> Answer:
            return await self._door.request(
                method,
                collection + part,
                json=None if new is None else new.to_wire(),
                data=None if payload is None else payload.data,
                headers=None if payload is None else payload.headers,
                secrets=() if new is None else new.personal(),
                repeatable=repeatable,
            )

        answer = await self._collection.request(send, is_list=is_list)
        return answer, f"/{self._collection.name}{part}"

    def _meter_post(self, meter_id: str, part: str) -> Post:
        """Return what posts a payload to a meter."""
        endpoint = f"{_METERS}/{escaped_id('meter_id', meter_id)}/{part}"

        async def post(payload: Payload) -> Answer:
            sent = self._door.request("POST", endpoint, data=payload.data, headers=payload.headers, repeatable=True)
            return taken(await sent, endpoint)

        return post

    def _upload[R: IntervalEnergy](
        self, rows: Rows[R], grid: Grid | None, batch_rows: int, door: str, post: Post
    ) -> AsyncGenerator[UploadReceipt]:
        """Cut rows into batches and send them; raises ValueError for a size that is none."""
        if not 1 <= batch_rows <= LARGEST_BATCH_ROWS:
            raise ValueError(f"batch_rows: has to be 1 to {LARGEST_BATCH_ROWS}")
        cut = batches(rows, grid=grid, clock=self._clock, batch_rows=batch_rows)
        return upload(cut, self._csv_doors[door], post, lambda: self._auth.secrets)
