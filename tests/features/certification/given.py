"""Reading the cases in tests/cases/certification, and playing a review without any file or system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from reconciler.editing.edits import edit_manifest
from reconciler.editing.writer import Put
from reconciler.features.certification.campaign import ReviewedWorld, start
from reconciler.features.certification.closing import check_effect, settle
from reconciler.features.certification.files import read_campaign, read_sheet, write_campaign, write_sheet
from reconciler.features.certification.model import (
    Campaign,
    ReviewClosing,
    ReviewDecision,
    ReviewerBy,
    ReviewOutcome,
    ReviewSheet,
)
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, Finding, ReconcilerError
from tests.manifests.given import describe_findings

PATHS = sorted((Path(__file__).parents[2] / "cases" / "certification").glob("*.yaml"))
TODAY = date(2026, 11, 22)


def load(files: Mapping[str, str], today: date) -> tuple[list[SourceFile], Desired]:
    sources = [SourceFile(path, text.encode()) for path, text in sorted(files.items())]
    loaded = load_manifests(sources, today=today)
    assert loaded.desired is not None, loaded.findings
    return sources, loaded.desired


@dataclass(kw_only=True)
class Played:
    """A review that was begun, decided and closed."""

    campaign: Campaign
    sheets: list[ReviewSheet]
    findings: tuple[Finding, ...]
    """What is wrong with the sheets."""
    closing: ReviewClosing
    files: dict[str, str]
    """The manifests when it is closed, before the edit."""
    today: date

    @property
    def edited(self) -> dict[str, str]:
        """The manifests after the edit."""
        return {**self.files, **self.closing.edited}


def play(
    files: Mapping[str, str],
    *,
    review: Mapping[str, Any],
    decisions: Mapping[str, Any],
    later: Mapping[str, Any],
    today: date = TODAY,
) -> Played:
    """`decisions` are values of the entry, or a word; `later` holds the day of closing and other files of then."""
    _, desired = load(files, today)
    new = Campaign(
        name="2026-q4",
        scope=tuple(review.get("scope", ["*"])),
        reviewer_by=ReviewerBy(review.get("by", "organization")),
        due=review.get("due", date(2026, 12, 15)),
        undecided=ReviewDecision(review.get("undecided", "keep")),
        started=today,
        manifests=f"sha256:{desired.digest}",
    )
    begun, asked = start(new, ReviewedWorld(desired=desired, states={}, today=today), name_file=lambda key: key)
    campaign = read_campaign(SourceFile("_campaign.yaml", write_campaign(begun).encode()))
    assert campaign == begun
    then = later.get("today", today)
    now = {**files, **later.get("files", {})}
    sources, desired = load(now, then)
    sheets: list[ReviewSheet] = []
    findings: list[Finding] = []
    for sheet in asked:
        text = write_sheet(sheet, campaign)
        for address in (str(one.facts.address) for one in sheet.accesses):
            said = decisions.get(address, {})
            said = {"decision": said, "reason": "as agreed"} if isinstance(said, str) else said
            for key, value in said.items():
                put = Put(path=("accesses", address, key), value=str(value))
                text = edit_manifest(SourceFile("sheet.yaml", text.encode()), [put])
        read, notes = read_sheet(
            SourceFile(f"{sheet.reviewer}.yaml", text.encode()), campaign, sheet.reviewer, today=then
        )
        sheets.append(read)
        findings += notes.in_order()
    world = ReviewedWorld(desired=desired, states={}, today=then)
    closing = settle(campaign, sheets, world, files=sources, undecided=campaign.undecided)
    if not closing.problems:
        _, after = load({**now, **closing.edited}, then)
        assert list(check_effect(closing, desired, after)) == []
    return Played(campaign=campaign, sheets=sheets, findings=tuple(findings), closing=closing, files=now, today=then)


def told(case: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that a case may want, in its own words."""
    given = case["given"]
    assert given.keys() <= {"today", "files", "review", "decisions", "later"}
    try:
        played = play(
            given["files"],
            review=given.get("review", {}),
            decisions=given.get("decisions", {}),
            later=given.get("later", {}),
            today=given.get("today", TODAY),
        )
    except ReconcilerError as error:
        return {"refused": f"{error.message}; {error.advice}" if error.advice else error.message}
    closing = played.closing
    outcomes = {
        str(one.address): one.outcome.value + (f": {one.note}" if one.note else "")
        for one in closing.results
        if (one.outcome, one.decision) != (ReviewOutcome.KEPT, ReviewDecision.UNDECIDED)
    }
    return {
        "asked": {sheet.reviewer: [str(one.facts.address) for one in sheet.accesses] for sheet in played.sheets},
        "wrong": describe_findings(played.findings),
        "in the way": describe_findings(closing.problems),
        "outcomes": outcomes,
        "edit": [line for line in closing.patch.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")],
        "counts for": list(closing.reviewed),
        "not for": dict(closing.not_reviewed),
    }


def read_case(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"given", "want"}, path
    return content
