"""The INI files of the vendor's uploader mean here what they mean there; what is wrong is said by section and key."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from aiowattbridge.wattics import ChannelType, CsvChannel, IniError, UploadSettings, read_ini

URL = "https://dev-web-collector.wattics.com/measurements/v2/unifiedjson/"
LINES = {
    "[Logs]": "",
    "Level": "DEBUG",
    "LogFilename": "upload.log",
    "[Web DC]": "",
    "URL": URL,
    "Username": "meter-pusher",
    "Password": "kettle of fish",
    "[General]": "",
    "Filename": "/data/meter.csv",
    "ChannelType": "fake_electricity",
    "ChannelReference": "kitchen",
    "MinutesShift": "-10",
    "MinutesInSlot": "15",
}


def write(path: Path, **changes: str | None) -> Path:
    """Write a good file with some lines changed, or without them (None)."""
    lines = LINES | changes
    texts = [
        key if key.startswith("[") else f"{key.replace('LogFilename', 'Filename')}={value}"
        for key, value in lines.items()
        if value is not None
    ]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def test_whole_file(tmp_path: Path) -> None:
    """All keys of the three sections."""
    zone = ZoneInfo("Europe/Berlin")
    settings = read_ini(write(tmp_path / "a.ini"), zone)
    url = "https://dev-web-collector.wattics.com"
    assert settings == UploadSettings(
        channel=CsvChannel(
            Path("/data/meter.csv"), "kitchen", ChannelType.FAKE_ELECTRICITY, zone, -10, 15, destination=url
        ),
        username="meter-pusher",
        password="kettle of fish",
        base_url=url,
        log_level="DEBUG",
        log_path=Path("upload.log"),
    )
    assert "kettle" not in repr(settings)
    assert "meter-pusher" not in repr(settings)


def test_what_may_be_left_out(tmp_path: Path) -> None:
    """The log, and the minutes; an empty key is as good as none."""
    path = write(
        tmp_path / "a.ini",
        **{"[Logs]": None, "Level": None, "LogFilename": None},
        ChannelType="other",
        MinutesShift="",
        MinutesInSlot=None,
    )
    settings = read_ini(path)
    assert (settings.log_level, settings.log_path) == ("INFO", None)
    assert (settings.channel.minutes_shift, settings.channel.minutes_in_slot) == (None, None)
    assert str(settings.channel.zone) == "UTC"


def test_home_directory_and_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the home directory everywhere; a relative path stays relative to where the program runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "a.ini", Filename="~/meter.csv", LogFilename="~/upload.log")
    settings = read_ini(Path("~/a.ini"))
    assert settings.channel.path == tmp_path / "meter.csv"
    assert settings.log_path == tmp_path / "upload.log"
    assert read_ini(write(tmp_path / "a.ini", Filename="data/meter.csv")).channel.path == Path("data/meter.csv")


@pytest.mark.parametrize(
    ("url", "base_url"),
    [
        (URL, "https://dev-web-collector.wattics.com"),
        (URL.rstrip("/"), "https://dev-web-collector.wattics.com"),
        ("https://web-collector.wattics.com", "https://web-collector.wattics.com"),
        ("https://proxy.example/wattics/", "https://proxy.example/wattics"),
        ("https://proxy.example/wattics/measurements/v2/unifiedjson/", "https://proxy.example/wattics"),
        ("http://127.0.0.1:8801/measurements/v2/unifiedjson/", "http://127.0.0.1:8801"),
    ],
)
def test_whole_url_and_base_url(tmp_path: Path, url: str, base_url: str) -> None:
    """Both name the same collector."""
    settings = read_ini(write(tmp_path / "a.ini", URL=url))
    assert (settings.base_url, settings.channel.destination) == (base_url, base_url)


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("100%%", "100%"),
        ("100%", "100%"),
        ("50%50", "50%50"),
        ("%(Username)s!", "meter-pusher!"),
        ("%(nobody)s", "%(nobody)s"),
        ("a=b:c #d;e", "a=b:c #d;e"),
        ("schlüssel", "schlüssel"),
    ],
)
def test_password_with_signs_in_it(tmp_path: Path, written: str, password: str) -> None:
    """What the vendor's program reads is read alike, and what it stumbles over is taken as it stands."""
    assert read_ini(write(tmp_path / "a.ini", Password=written)).password == password


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"[Web DC]": None, "URL": None, "Username": None, "Password": None},
            "[Web DC] URL: is missing with its section",
        ),
        ({"URL": ""}, "[Web DC] URL: is missing"),
        ({"Password": None}, "[Web DC] Password: is missing"),
        ({"Username": "a:b"}, "[Web DC] Username: must not hold a colon"),
        ({"URL": "http://collector.example/"}, "[Web DC] URL: The URL must start with https://"),
        ({"URL": "https://user:kettle of fish@collector.example/"}, "[Web DC] URL: The URL must not hold credentials"),
        ({"URL": URL.replace("json/", "json_utc/")}, "[Web DC] URL: must be the base URL or end in /measurements/"),
        ({"Filename": None}, "[General] Filename: is missing"),
        ({"Filename": "/"}, "[General] Filename: must be that of a file"),
        ({"ChannelType": "gas"}, "[General] ChannelType: must be one of real_electricity, fake_electricity, other"),
        ({"ChannelReference": ""}, "[General] ChannelReference: is missing"),
        ({"ChannelReference": "a\tb"}, "[General] ChannelReference: must be printable"),
        ({"MinutesShift": "1.5"}, "[General] MinutesShift: must be a whole number of minutes, or nothing"),
        ({"MinutesShift": "999999999"}, "[General] MinutesShift: must lie between"),
        ({"MinutesInSlot": ""}, "[General] MinutesInSlot: fake_electricity needs"),
        ({"MinutesInSlot": "0"}, "[General] MinutesInSlot: fake_electricity needs"),
        ({"Level": "LOUD"}, "[Logs] Level: must be one of CRITICAL, "),
        ({"Password": "kettle of fish\n[Web DC]"}, "a.ini: is no INI file (line 8)"),
        ({"[Logs]": None}, "a.ini: is no INI file (line 1)"),
        ({"Password": "kettle of fish\nPassword=kettle of fish"}, "a.ini: is no INI file (line 8)"),
        ({"Password": "kettle of fish\n=kettle of fish"}, "a.ini: is no INI file (line 8)"),
    ],
)
def test_what_is_wrong_is_said_without_secrets(tmp_path: Path, changes: dict[str, str | None], message: str) -> None:
    """By section and key, or by line."""
    with pytest.raises(IniError) as caught:
        read_ini(write(tmp_path / "a.ini", **changes))
    assert str(caught.value).startswith(message)
    assert "kettle" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_file_that_is_no_text(tmp_path: Path) -> None:
    """Nor is one that is not there."""
    (tmp_path / "a.ini").write_bytes(b"[Logs]\n\xff\xfe")
    with pytest.raises(IniError, match=r"^a\.ini: is not UTF-8$"):
        read_ini(tmp_path / "a.ini")
    with pytest.raises(FileNotFoundError):
        read_ini(tmp_path / "b.ini")


def test_byte_order_mark_and_case(tmp_path: Path) -> None:
    """An editor of Windows writes one; keys are read in any case, and so are levels and types."""
    path = write(tmp_path / "a.ini", ChannelType="FAKE_electricity", Level="warning")
    path.write_text(path.read_text().replace("URL=", "url = ").replace("Level", "LEVEL"), encoding="utf-8-sig")
    settings = read_ini(path)
    assert (settings.log_level, settings.channel.channel_type) == ("WARNING", ChannelType.FAKE_ELECTRICITY)
