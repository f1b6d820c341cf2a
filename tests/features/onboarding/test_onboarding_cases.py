"""What somebody new is given: one file in tests/cases/onboarding for each rule.

A case has the manifest as it is written, who comes, and like whom; it wants `joins`, `gets`, `left_out` and what the
manifest says then.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.editing.index import ManifestIndex
from reconciler.features.onboarding import Joiner, Onboarding, describe_proposal, propose, write_proposal
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired

PATHS = sorted((Path(__file__).parents[2] / "cases" / "onboarding").glob("*.yaml"))
TODAY = date(2026, 11, 22)


def load(text: str) -> tuple[list[SourceFile], Desired]:
    files = [SourceFile("access.yaml", text.encode())]
    loaded = load_manifests(files, today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return files, loaded.desired


def onboard(case: dict[str, Any]) -> Onboarding:
    files, desired = load(case["manifest"])
    entry = {} if case["person"] in desired.people else {"email": f"{case['person']}@acme.example"}
    newcomer = Joiner(
        key=case["person"],
        entry=entry,
        like=case["like"],
        with_admin=case.get("with_admin", False),
        reason=case.get("reason", ""),
    )
    index = ManifestIndex(files)
    proposal = propose(newcomer, desired, index.groups, today=TODAY)
    edit = write_proposal(proposal, index, beside="access.yaml")
    _, after = load(edit.texts.get("access.yaml", case["manifest"]))
    return describe_proposal(newcomer, proposal, edit, after)


def describe(case: dict[str, Any]) -> dict[str, str]:
    found = onboard(case)
    told = {
        "joins": [f"group:{name}" for name in found.groups],
        "gets": [f"{one.address}: {one.what}" + (f" ({one.through})" if one.through else "") for one in found.given],
        "left_out": [f"{one.what}: {one.why}" for one in found.left_out],
        "patch": [line for line in found.patch.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")],
    }
    return {section: "".join(f"{line}\n" for line in lines) for section, lines in told.items() if lines}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_proposal_is_what_the_case_wants(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert describe(case) == case["want"]
