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
