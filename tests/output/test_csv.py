"""Tables for spreadsheets: every row of every table, read back by somebody else's reader."""

from __future__ import annotations

import csv
import io

from reconciler.output.csv import write_csv
from reconciler.output.document import Document, Row, Section, Style, Table, code
from tests.output import plans
from tests.output.samples import SIGNED, WIDE, everything


def read(text: str) -> list[list[list[str]]]:
    """The tables, as lists of lines."""
    return [list(csv.reader(io.StringIO(part))) for part in text.split("\n\n")]


def test_every_table_of_a_document_is_there_with_the_headings_above_it() -> None:
    tables = {tuple(lines[0]): lines[1:] for lines in read("".join(write_csv(everything(), Style())))}
    assert tables["part", *WIDE.header] == [
        ["acme-bc / Log", "12", "2026-11-28 10:00:00Z", "change role", "acme-bc/member/eve", "applied"],
        ["acme-bc / Log", "13", "2026-11-28 10:00:01Z", "invite", "acme-bc/member/mallory-of-the-north", "requested"],
    ]
    assert tables["part", *SIGNED.header, "change", "why", "where", "details"][1] == [
        *("Admins and money", "bo", "standard", "new", "invite", "", ""),
    ]


def test_tables_with_one_header_become_one() -> None:
    sections = tuple(
        Section(title=name, blocks=(Table(header=("what",), rows=(Row(cells=(name,)),)),)) for name in ("a", "b")
    )
    assert read("".join(write_csv(Document(title="t", blocks=sections), Style()))) == [
        [["part", "what"], ["a", "a"], ["b", "b"]]
    ]


def test_no_cell_makes_a_spreadsheet_calculate() -> None:
    tricks = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", *plans.TRICKS)
    table = Table(header=("what",), rows=tuple(Row(cells=(code(trick),)) for trick in tricks))
    (lines,) = read("".join(write_csv(Document(title="t", blocks=(table,)), Style())))
    assert len(lines) == 1 + len(tricks)
    assert all(not line[1].startswith(("=", "+", "-", "@", "\t")) or len(line[1]) == 1 for line in lines)


def test_a_document_without_a_table_is_empty() -> None:
    assert "".join(write_csv(Document(title="t", summary="nothing"), Style())) == ""
