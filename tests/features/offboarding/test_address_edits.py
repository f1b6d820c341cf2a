"""The edit that takes an e-mail address out of the manifests, wherever it stands."""

from __future__ import annotations

from datetime import date

from reconciler.editing.person_edits import make_leave
from reconciler.manifests.source import SourceFile

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
