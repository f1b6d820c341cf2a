"""The edit that takes an e-mail address out of the manifests, wherever it stands."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.editing.index import ManifestIndex, make_leave
from reconciler.editing.writer import Leave
from reconciler.manifests.source import SourceFile
from reconciler.model import Address

TODAY = date(2026, 11, 22)
MANIFEST = """version: 1
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members:
      ana@acme.example: admin
      gil@agency.example: standard
    asset_groups:
      launch:
        access:
          gil@agency.example: operator
"""


def test_an_asset_group_stays_when_nobody_has_access_to_it_any_more() -> None:
    files = [SourceFile("a.yaml", MANIFEST.encode())]
    edit = make_leave(files, "gil@agency.example", None, on=TODAY, today=TODAY)
    assert edit.texts["a.yaml"].endswith("    asset_groups:\n      launch: {}\n")


@pytest.mark.parametrize("spelled", ["gil@xn--bcher-kva.example", "Gil@B\u00fccher.example"])
def test_an_address_is_taken_out_as_it_is_spelled(spelled: str) -> None:
    text = MANIFEST.replace("gil@agency.example", spelled) + f"groups: {{x: {{members: [{spelled}]}}}}\n"
    index = ManifestIndex([SourceFile("a.yaml", text.encode())])
    _, edit = index.take_out(Address("bc", "member", "gil@xn--bcher-kva.example"))
    assert edit.path[-1] == spelled
    assert index.groups.of("gil@xn--bcher-kva.example") == ("x",)
    leave = Leave(path=("groups", "x", "members"), item=spelled)
    assert index.leave_group("x", "gil@xn--bcher-kva.example") == ("a.yaml", leave)


@pytest.mark.parametrize("ends", ["2026-11-20", "2026-12-01"])
def test_a_line_that_ends_before_somebody_leaves_is_not_made_longer(ends: str) -> None:
    text = MANIFEST.replace("gil@agency.example: standard", f"gil@agency.example: {{role: standard, expires: {ends}}}")
    files = [SourceFile("a.yaml", text.encode())]
    edit = make_leave(files, "gil@agency.example", None, on=date(2035, 1, 31), today=TODAY)
    assert edit.texts == {}


@pytest.mark.parametrize(
    ("ends", "on", "then"),
    [
        ("2026-11-20", "2026-11-22", "2026-11-20"),  # they have left already
        ("2026-12-01", "2035-01-31", "2026-12-01"),  # nobody stays longer because somebody sees them out
        ("2026-12-01", "2026-12-01", "2026-12-01"),
        ("2026-12-01", "2026-11-25", "2026-11-25"),
        ("2026-11-20", "2026-11-19", "2026-11-19"),
    ],
)
def test_the_end_of_somebody_never_moves_to_a_later_day(ends: str, on: str, then: str) -> None:
    text = f"version: 1\npeople:\n  gil: {{email: gil@agency.example, ends: {ends}}}\n"
    index = ManifestIndex([SourceFile("a.yaml", text.encode())])
    person = index.load(today=TODAY).people["gil"]
    edit = make_leave([*index.files.values()], "gil", person, on=date.fromisoformat(on), today=TODAY)
    assert edit.texts.get("a.yaml", text) == text.replace(ends, then)


@pytest.mark.parametrize(
    ("on", "then"),
    [
        ("2026-11-22", "ends: 2026-11-22"),  # they never come
        ("2026-12-15", "ends: 2026-11-22"),
        ("2026-12-16", "starts: 2026-12-15, ends: 2026-12-16"),
    ],
)
def test_whoever_leaves_before_they_come_does_not_come(on: str, then: str) -> None:
    text = "version: 1\npeople:\n  gil: {email: gil@agency.example, starts: 2026-12-15}\n"
    index = ManifestIndex([SourceFile("a.yaml", text.encode())])
    person = index.load(today=TODAY).people["gil"]
    edit = make_leave([*index.files.values()], "gil", person, on=date.fromisoformat(on), today=TODAY)
    assert edit.texts["a.yaml"] == text.replace("starts: 2026-12-15", then)
    assert index.after(edit.texts).load(today=TODAY).people["gil"].ends == date.fromisoformat(then[-10:])


@pytest.mark.parametrize(
    ("starts", "begins", "left"),
    [
        ("2026-12-20", "2026-12-20", False),  # they would come after they left
        ("2026-12-19", "2026-12-19", False),
        ("2026-12-18", "2026-12-19", True),
    ],
)
def test_what_begins_after_an_address_leaves_is_taken_out(starts: str, begins: str, left: bool) -> None:
    text = MANIFEST.replace("gil@agency.example: standard", f"gil@agency.example: {{role: standard, starts: {starts}}}")
    text = text.replace("gil@agency.example: operator", f"gil@agency.example: {{role: operator, starts: {begins}}}")
    index = ManifestIndex([SourceFile("a.yaml", text.encode())])
    edit = make_leave([*index.files.values()], "gil@agency.example", None, on=date(2026, 12, 19), today=TODAY)
    found = index.after(edit.texts).load(today=TODAY).resources["bc"]
    assert (Address("bc", "member", "gil@agency.example") in found) is left
    assert "operator" not in edit.texts["a.yaml"]
