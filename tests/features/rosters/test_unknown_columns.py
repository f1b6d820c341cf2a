"""A table whose columns nobody knows."""

from __future__ import annotations

from reconciler.features.rosters.parse import parse_roster
from reconciler.systems.catalogue import get_system

DEVELOPERS = get_system("developers")


def test_a_csv_file_with_unknown_columns_is_told_once_and_not_read_as_a_page() -> None:
    data = b"Mail address,Function\nana@acme.example,admin\nbo@acme.example,member\n"
    found = parse_roster(data, file="people.csv", system=DEVELOPERS)
    assert [finding.id for finding in found.findings] == ["roster-columns"]
    assert not found.is_readable
