"""WattCarbon: hourly series out, for assets whose energy attribute certificates are to be issued, and for meters.

`client` is the whole of the API. An asset is created once, found again by its custom id, and filled by uploads:

    async with WattCarbonClient(email, api_key) as client:
        asset = await client.create_asset(Solar(name="Roof", custom_id="roof-1", location="1 Example Way, Sampletown"))
        async with aclosing(client.upload(asset.asset_id, read_csv(file))) as receipts:
            async for receipt in receipts:
                print(receipt.last, receipt.total_kwh)

`energy` says what a row is (kWh as `Decimal`, aware times), `csv_text` how it is written, `survey` what a series lacks.
Everything here is made from the vendor's developer guide. Where that contradicts itself or is silent, one module each
decides: `collection` (assets or devices), `upload` (how a CSV is encoded), `stored` (what is read back), `answers`.

Errors are those of the library, and `RefusedError`: a request refused for what is in it, with the cloud's own reasons.
"""

from .answers import Asset, Meter
from .assets import (
    KINDS,
    DemandResponseEemetered,
    DeviceOwner,
    Electrification,
    ElectrificationBillingMetered,
    ElectrificationEemetered,
    EnergyEfficiencyEemetered,
    NewAsset,
    OtherAsset,
    Solar,
    SolarDirect,
    StorageDirect,
    TrackingBuilding,
)
from .batches import BATCH_ROWS, Rows
from .client import DEFAULT_URL, WattCarbonClient
from .collection import CollectionName
from .csv_text import read_csv, write_csv
from .energy import HOURS, Bill, Grid, Hole, HourlyEnergy, IntervalEnergy
from .meters import METER_TYPES, MeterType, NewMeter
from .places import Address, Coordinates, Location
from .receipts import Encoding, UploadReceipt
from .rejections import Problem, RefusedError
from .surveys import Survey, survey

__all__ = [
    "BATCH_ROWS",
    "DEFAULT_URL",
    "HOURS",
    "KINDS",
    "METER_TYPES",
    "Address",
    "Asset",
    "Bill",
    "CollectionName",
    "Coordinates",
    "DemandResponseEemetered",
    "DeviceOwner",
    "Electrification",
    "ElectrificationBillingMetered",
    "ElectrificationEemetered",
    "Encoding",
    "EnergyEfficiencyEemetered",
    "Grid",
    "Hole",
    "HourlyEnergy",
    "IntervalEnergy",
    "Location",
    "Meter",
    "MeterType",
    "NewAsset",
    "NewMeter",
    "OtherAsset",
    "Problem",
    "RefusedError",
    "Rows",
    "Solar",
    "SolarDirect",
    "StorageDirect",
    "Survey",
    "TrackingBuilding",
    "UploadReceipt",
    "WattCarbonClient",
    "read_csv",
    "survey",
    "write_csv",
]
