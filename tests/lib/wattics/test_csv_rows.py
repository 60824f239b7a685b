"""What is wrong with a file is told with the line and the column it is in, and costs no more than its row."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from csv_bench import hours, other, write

from aiowattbridge.wattics import BadRow, ChannelType, CsvChannel, survey_csv
from aiowattbridge.wattics.csv_packets import CsvPacket, read_packets
from aiowattbridge.wattics.csv_rows import LONGEST_LINE, MOST_LINES_A_ROW, CsvRow, read_rows

GOOD, LATER = "2026-01-05 10:00:00,1", "2026-01-05 11:00:00,2"


def real(path: Path) -> CsvChannel:
    """Make a channel of 21 columns."""
    return CsvChannel(path, "meter", ChannelType.REAL_ELECTRICITY)


def fake(path: Path) -> CsvChannel:
    """Make a channel of energy."""
    return CsvChannel(path, "meter", ChannelType.FAKE_ELECTRICITY, minutes_in_slot=1)


@pytest.mark.parametrize(
    ("row", "column", "reason", "make"),
    [
        ("time,value", 1, "is no time like 2026-01-31 23:59:59", other),
        ("2026-01-05T10:30:00,1", 1, "is no time", other),
        ("2026-01-05 10:30,1", 1, "is no time", other),
        ("2026-02-30 10:30:00,1", 1, "is no time", other),
        ("2026-01-05 24:00:00,1", 1, "is no time", other),
        (" 2026-01-05 10:30:00,1", 1, "is no time", other),
        (",1", 1, "is no time", other),
        ("2026-01-05 10:30:00,1;5", 2, "is no number", other),
        ("2026-01-05 10:30:00,nan", 2, "is not a finite number", other),
        ("2026-01-05 10:30:00,-inf", 2, "is not a finite number", real),
        ("2026-01-05 10:30:00,1,2,x", 4, "is no number", real),
        ("2026-01-05 10:30:00,1e308", None, "makes no packet (aP_1: is not a finite number)", fake),
        ("2026-01-05 10:30:00,1,2", None, "must have a time and one value, and has 3 columns", other),
        ("2026-01-05 10:30:00", None, "must have a time and one value, and has 1 columns", other),
        (f"2026-01-05 10:30:00{',1' * 22}", None, "has 23 columns, more than a time and 21 values", real),
        ("2026-01-05 10:00:00,1", 1, "is a time not newer than that of the row before", other),
        ("2026-01-04 23:59:59,1", 1, "is a time not newer than that of the row before", other),
        ('2026-01-05 10:30:00,"1"5', None, "its quotes do not fit together", other),
        ('"2026-01-05 10:30:00,1', None, "its quotes do not fit together", other),
        (f"2026-01-05 10:30:00,{'1' * LONGEST_LINE}", None, f"is longer than {LONGEST_LINE} characters", other),
    ],
)
def test_bad_row_is_named_and_the_rows_around_it_are_good(
    tmp_path: Path, row: str, column: int | None, reason: str, make: Callable[[Path], CsvChannel]
) -> None:
    """One bad row, in line 2 of 3."""
    survey = survey_csv(make(write(tmp_path / "data.csv", [GOOD, row, LATER])))
    (bad,) = survey.bad_rows
    assert (bad.line, bad.column) == (2, column)
    assert bad.reason.startswith(reason)
    assert (survey.rows, survey.packets, survey.bad_row_count) == (3, 2, 1)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """The file is UTF-8, and every row that is not is named by itself."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"2026-01-05 10:00:00,1\n2026-01-05 10:30:00,1\xb0\n2026-01-05 11:00:00,2\n")
    assert survey_csv(other(path)).bad_rows == (BadRow(2, 2, "holds bytes that are not UTF-8"),)
    assert str(BadRow(2, 2, "is bad")) == "line 2, column 2: is bad"
    assert str(BadRow(7, None, "is bad")) == "line 7: is bad"


def test_lines_are_counted_in_the_file(tmp_path: Path) -> None:
    """Quoted line ends and blank lines are lines, too."""
    rows = ['2026-01-05 10:00:00,"1', '"', "", "2026-01-05 11:00:00,2", "2026-01-05 12:00:00,x"]
    path = write(tmp_path / "data.csv", rows)
    items = list(read_packets(other(path)))
    assert [item.line for item in items] == [1, 4, 5]
    assert [item.row.last_line for item in items if isinstance(item, CsvPacket)] == [2, 4]


@pytest.mark.parametrize("after", [3, MOST_LINES_A_ROW + 5])
def test_stray_quote_costs_its_own_row_alone(tmp_path: Path, after: int) -> None:
    """Near the end of the file as far from it: what it seemed to swallow is read again."""
    rows = hours(after + 2)
    rows[1] = rows[1].replace(",", ',"')
    path = write(tmp_path / "data.csv", rows)
    survey = survey_csv(other(path))
    assert [bad.line for bad in survey.bad_rows] == [2]
    assert survey.packets == after + 1
    assert [row.line for row in read_rows(path)] == list(range(1, after + 3))


def test_endless_line_does_not_fill_the_memory(tmp_path: Path) -> None:
    """It is one bad row, and counts as one line."""
    path = write(tmp_path / "data.csv", [GOOD, "x" * (3 * LONGEST_LINE + 7), LATER])
    assert [row.line for row in read_rows(path)] == [1, 2, 3]


def test_fingerprint_is_of_all_before_it_and_not_of_line_ends(tmp_path: Path) -> None:
    """A last line that gets its end later is the same line; a changed or a missing one is not."""

    def digests(name: str, content: str) -> list[bytes]:
        path = tmp_path / name
        path.write_text(content, newline="")
        return [row.digest for row in read_rows(path) if isinstance(row, CsvRow)]

    before = digests("a", f"{GOOD}\n{LATER}")
    assert digests("b", f"{GOOD}\n{LATER}\n2026-01-06 10:00:00,1\n")[:2] == before
    assert digests("c", f"{GOOD}0\n{LATER}")[1] != before[1]
    assert digests("d", f"\n{GOOD}\n{LATER}")[1] != before[1]
    assert digests("e", f"{LATER}")[0] != before[1]


def test_file_that_is_not_there_is_said_by_the_system(tmp_path: Path) -> None:
    """Its name is in the error."""
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        survey_csv(other(tmp_path / "none.csv"))


def test_rows_are_what_any_csv_reader_reads(tmp_path: Path) -> None:
    """Quotes, doubled quotes and commas within them."""
    path = write(tmp_path / "data.csv", ['a,"b ""c"", d",', '"e\nf",g'])
    with path.open(newline="") as file:
        expected = list(csv.reader(file))
    assert [row.cells for row in read_rows(path) if isinstance(row, CsvRow)] == expected
