"""What an INI and a CSV file become: packet for packet what the vendor's own uploader sends, but for its defects."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from csv_bench import is_clean

from aiowattbridge.simulators import WatticsSimulator
from aiowattbridge.wattics import ELECTRICITY_PARAMETERS, Sender, push, read_ini

ALL_21 = ",".join(str(number + 0.5) for number in range(21))
NAMES = [parameter.name for parameter in ELECTRICITY_PARAMETERS]


def at(day_and_time: str, offset: str = "+00:00", **values: float) -> dict[str, object]:
    """Make a packet as it stands on the wire, on a day of January 2026."""
    return {"id": "kitchen", "tsISO8601": f"2026-01-{day_and_time}.000{offset}", **values}


@dataclass(frozen=True, slots=True)
class Case:
    """One pair of files and what is sent of it; `zone` and `skip` are ours, the vendor's program knows neither."""

    name: str
    settings: str
    csv: str
    packets: list[dict[str, object]]
    zone: str = "UTC"
    skip: bool = False


SAME = [
    Case(
        "single values",
        "ChannelType=other",
        "2026-01-05 10:00:00,21.5\n2026-01-05 10:10:00,-3\n2026-01-05 10:20:00,1e3\n",
        [at("05T10:00:00", value=21.5), at("05T10:10:00", value=-3), at("05T10:20:00", value=1000)],
    ),
    Case("zero is a value", "ChannelType=other", "2026-01-05 10:00:00,0\n", [at("05T10:00:00", value=0)]),
    Case(
        "all electricity values",
        "ChannelType=real_electricity",
        f"2026-01-05 10:00:00,{ALL_21}\n",
        [at("05T10:00:00") | {name: number + 0.5 for number, name in enumerate(NAMES)}],
    ),
    Case(
        "the first electricity values alone",
        "ChannelType=real_electricity",
        "2026-01-05 10:00:00,1,2\n2026-01-05 11:00:00,3\n",
        [at("05T10:00:00", aP_1=1, aP_2=2), at("05T11:00:00", aP_1=3)],
    ),
    Case(
        "fake electricity of quarters of an hour",
        "ChannelType=fake_electricity\nMinutesInSlot=15",
        "2026-01-05 10:00:00,250\n2026-01-05 10:15:00,500.5\n",
        [at("05T10:00:00", pC_1=250, aP_1=1000), at("05T10:15:00", pC_1=500.5, aP_1=2002)],
    ),
    Case(
        "a slot means nothing elsewhere",
        "ChannelType=other\nMinutesInSlot=0",
        "2026-01-05 10:00:00,1\n",
        [at("05T10:00:00", value=1)],
    ),
    Case(
        "a byte order mark",
        "ChannelType=other",
        "\ufeff2026-01-05 10:00:00,1\n",
        [at("05T10:00:00", value=1)],
    ),
    Case(
        "line ends of Windows and none at the end",
        "ChannelType=other",
        "2026-01-05 10:00:00,1\r\n2026-01-05 11:00:00,2",
        [at("05T10:00:00", value=1), at("05T11:00:00", value=2)],
    ),
    Case(
        "line ends of old",
        "ChannelType=other",
        "2026-01-05 10:00:00,1\r2026-01-05 11:00:00,2\r",
        [at("05T10:00:00", value=1), at("05T11:00:00", value=2)],
    ),
    Case(
        "times without their zeros, quotes and spaces around numbers",
        "ChannelType=other",
        '2026-1-5 3:4:5,"7"\n2026-01-05 10:00:00, 8 \n',
        [at("05T03:04:05", value=7), at("05T10:00:00", value=8)],
    ),
    Case(
        "keys in any case, empty ones without their sign",
        "channeltype=other\nMINUTESSHIFT\nMinutesInSlot",
        "2026-01-05 10:00:00,1\n",
        [at("05T10:00:00", value=1)],
    ),
]

MENDED = [
    Case(
        "a padding packet that can be sent: the first row's values at its own time",
        "ChannelType=other\nMinutesShift=10",
        "2026-01-05 10:00:00,1\n2026-01-05 10:15:00,2\n",
        [at("05T10:00:00", value=1), at("05T10:10:00", value=1), at("05T10:25:00", value=2)],
    ),
    Case(
        "the same of fake electricity",
        "ChannelType=fake_electricity\nMinutesShift=60\nMinutesInSlot=60",
        "2026-01-05 10:00:00,1\n2026-01-05 11:00:00,2\n",
        [
            at("05T10:00:00", pC_1=1, aP_1=1),
            at("05T11:00:00", pC_1=1, aP_1=1),
            at("05T12:00:00", pC_1=2, aP_1=2),
        ],
    ),
    Case(
        "the same of a single row of real electricity",
        "ChannelType=real_electricity\nMinutesShift=1",
        "2026-01-05 10:00:00,1,2\n",
        [at("05T10:00:00", aP_1=1, aP_2=2), at("05T10:01:00", aP_1=1, aP_2=2)],
    ),
    Case(
        "no padding after the row it repeats",
        "ChannelType=other\nMinutesShift=-10",
        "2026-01-05 10:00:00,1\n2026-01-05 10:15:00,2\n",
        [at("05T09:50:00", value=1), at("05T10:05:00", value=2)],
    ),
    Case(
        "no padding at the time of the row it repeats",
        "ChannelType=other\nMinutesShift=0",
        "2026-01-05 10:00:00,1\n",
        [at("05T10:00:00", value=1)],
    ),
    Case(
        "padding repeats the first row that has something",
        "ChannelType=other\nMinutesShift=10",
        "2026-01-05 10:00:00,\n2026-01-05 10:15:00,2\n",
        [at("05T10:15:00", value=2), at("05T10:25:00", value=2)],
    ),
    Case(
        "an empty cell is not there, instead of null",
        "ChannelType=real_electricity",
        "2026-01-05 10:00:00,1,,3, ,5\n",
        [at("05T10:00:00", aP_1=1, aP_3=3, rP_2=5)],
    ),
    Case(
        "a row without a value sends nothing",
        "ChannelType=real_electricity",
        f"2026-01-05 10:00:00,1\n2026-01-05 11:00:00{',' * 21}\n2026-01-05 11:30:00\n2026-01-05 12:00:00,2\n",
        [at("05T10:00:00", aP_1=1), at("05T12:00:00", aP_1=2)],
    ),
    Case(
        "a blank line is no row",
        "ChannelType=other",
        "2026-01-05 10:00:00,1\n\n  \n2026-01-05 11:00:00,2\n\n",
        [at("05T10:00:00", value=1), at("05T11:00:00", value=2)],
    ),
    Case(
        "the true offset of the zone the times are in",
        "ChannelType=other\nMinutesShift=30",
        "2026-01-05 10:00:00,1\n",
        [at("05T10:00:00", "+10:30", value=1), at("05T10:30:00", "+10:30", value=1)],
        zone="Australia/Adelaide",
    ),
    Case(
        "bad rows are passed when that is asked for",
        "ChannelType=other",
        "time,value\n2026-01-05 10:00:00,1\n2026-01-05 09:00:00,2\n2026-01-05 10:30:00,?\n2026-01-05 11:00:00,3\n",
        [at("05T10:00:00", value=1), at("05T11:00:00", value=3)],
        skip=True,
    ),
    Case("nothing of a file with a bad row otherwise", "ChannelType=other", "2026-01-05 10:00:00,1\nx,2\n", []),
]


@pytest.mark.parametrize("case", [*SAME, *MENDED], ids=lambda case: case.name)
async def test_files_become_packets(case: Case, cloud: WatticsSimulator, sender: Sender, tmp_path: Path) -> None:
    """From the two files to what the collector accepted, in its order."""
    csv_path, ini_path = tmp_path / "data.csv", tmp_path / "upload.ini"
    csv_path.write_text(case.csv, encoding="utf-8", newline="")
    ini_path.write_text(
        f"[Logs]\nLevel=INFO\nFilename=upload.log\n\n"
        f"[Web DC]\nURL={cloud.url}/measurements/v2/unifiedjson/\nUsername=u\nPassword=p\n\n"
        f"[General]\nFilename={csv_path}\nChannelReference=kitchen\n{case.settings}\n",
        encoding="utf-8",
    )
    settings = read_ini(ini_path, ZoneInfo(case.zone))
    (report,) = await push(sender, [settings.channel], skip_bad_rows=case.skip)
    assert [stored.packet for stored in cloud.accepted.get("kitchen", [])] == case.packets
    assert (report.accepted, report.is_complete) == (len(case.packets), bool(case.packets))
    assert is_clean(cloud)
