"""The folder of an access review in a workspace: read, written, and sealed as evidence."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path

from reconciler.apply import planning
from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS
from reconciler.cli.streams import CLOSED_REVIEWS, REVIEWS, make_folder, refused_writes, replace_file
from reconciler.cli.workspace import Workspace, read_source, with_edits
from reconciler.editing.writer import Drop, Edit, Put
from reconciler.features.certification import evidence
from reconciler.features.certification.campaign import ReviewedWorld
from reconciler.features.certification.closing import settle
from reconciler.features.certification.files import (
    describe_digest,
    read_campaign,
    read_sheet,
    write_campaign,
    write_closed,
)
from reconciler.features.certification.model import (
    Campaign,
    CampaignProgress,
    ReviewClosing,
    ReviewDecision,
    ReviewOutcome,
    ReviewSheet,
)
from reconciler.features.certification.progress import measure, remind
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import (
    SECRETS,
    Address,
    AuditEntry,
    Finding,
    ManifestError,
    Notes,
    Plan,
    ReconcilerError,
    State,
    WorkOrder,
    count,
    dataclass,
    plan_to_json,
    suggest_names,
)
from reconciler.output.document import Style

CAMPAIGN_FILE = "_campaign.yaml"
"""No reviewer's sheet can be called so."""
_ACTION = "review"
"""What the audit log calls a review that was closed."""


def review_names(app: App) -> list[str]:
    """All reviews of the workspace."""
    return sorted(path.parent.name for path in (app.root / REVIEWS).glob(f"*/{CAMPAIGN_FILE}"))


def name_of_review(app: App, typed: str) -> str:
    """The name of a review, which may be typed as its folder; what names none stays as it is."""
    known = review_names(app)
    folder = os.path.normpath(typed)
    places = {place: name for name in known for place in (f"{REVIEWS}/{name}", str(app.root / REVIEWS / name))}
    return places.get(folder, typed)


def read_campaign_of(app: App, name: str) -> Campaign:
    """What is kept of a review; raises ReconcilerError when that is wrong."""
    return read_campaign(read_source(app.root, app.root / REVIEWS / name / CAMPAIGN_FILE))


def read_reviewed_world(app: App, workspace: Workspace, today: date) -> ReviewedWorld:
    """Everything that the facts of a review are read from."""
    return ReviewedWorld(
        desired=workspace.desired,
        states={key: app.read_state(key) for key in app.store.organizations()},
        findings=(*workspace.findings, *workspace.policies.findings),
        changes={entry.address: entry for entry in app.audit_log.entries()},
        today=today,
        allowed_domains=app.config.allowed_domains,
    )


@dataclass(kw_only=True)
class OpenedReview:
    """A review with what its reviewers say, in a workspace of today."""

    app: App
    campaign: Campaign
    today: date
    workspace: Workspace

    @classmethod
    def read(cls, app: App, name: str, workspace: Workspace | None = None) -> OpenedReview:
        """Raises ReconcilerError for a review that is not there."""
        workspace, today = workspace or app.read_workspace(), app.today
        known, name = review_names(app), name_of_review(app, name)
        if name not in known:
            listed = f"there are: {', '.join(known)}" if known else "`reconciler review start` begins one"
            raise ReconcilerError(f"there is no review {name!r}", advice=suggest_names(name, known) or listed)
        return cls(app=app, campaign=read_campaign_of(app, name), today=today, workspace=workspace)

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self.app.root / REVIEWS / self.campaign.name

    def refuse_closed(self) -> None:
        """Raises ReconcilerError when nothing can be decided any more."""
        if self.campaign.closed:
            message = f"review {self.campaign.name} was closed on {self.campaign.closed}"
            raise ReconcilerError(message, advice="`reconciler review start` begins another one")

    def file_of(self, reviewer: str) -> SourceFile:
        """The sheet of a reviewer, as it is."""
        return read_source(self.app.root, self.folder / self.campaign.reviewers[reviewer].file)

    @cached_property
    def read_sheets(self) -> tuple[list[ReviewSheet], tuple[Finding, ...]]:
        """All sheets, and what is wrong with them."""
        sheets, notes = [], Notes()
        for reviewer in self.campaign.reviewers:
            sheet, said = read_sheet(self.file_of(reviewer), self.campaign, reviewer, today=self.today)
            sheets.append(sheet)
            notes.findings += said.findings
        return sheets, notes.in_order()

    def reviewer_of(self, address: Address) -> str:
        """Who has an access in their sheet."""
        sheets, findings = self.read_sheets
        for sheet in sheets:
            if any(one.facts.address == address for one in sheet.accesses):
                return sheet.reviewer
        if any(len(sheet.accesses) < self.campaign.reviewers[sheet.reviewer].accesses for sheet in sheets):
            raise ManifestError(list(findings))  # it may stand in what could not be read
        known = [str(one.facts.address) for sheet in sheets for one in sheet.accesses]
        message = f"{address} is no part of review {self.campaign.name}"
        raise ReconcilerError(message, advice=suggest_names(str(address), known))

    def edits(self, address: Address, said: Mapping[str, str]) -> Iterator[Edit]:
        """What writes a decision into a sheet; an empty value takes an earlier one out."""
        node = parse_file(self.file_of(self.reviewer_of(address))).node
        accesses = node.get("accesses") if node else None
        entry = accesses.get(str(address)) if isinstance(accesses, dict) else None
        for key, value in said.items():
            path = ("accesses", str(address), key)
            if value:
                yield Put(path=path, value=value)
            elif isinstance(entry, dict) and key in entry:
                yield Drop(path=path, keep=3)

    @cached_property
    def closing(self) -> ReviewClosing:
        """What closing does today; until the review is due, what nobody decided on stays out of it."""
        sheets, findings = self.read_sheets
        world = read_reviewed_world(self.app, self.workspace, self.today)
        undecided = self.campaign.undecided if self.today > self.campaign.due else ReviewDecision.KEEP
        made = settle(self.campaign, sheets, world, files=self.app.files, undecided=undecided)
        return replace(made, problems=(*findings, *made.problems))

    def progress(self) -> CampaignProgress:
        """How far it is."""
        folder = f"{REVIEWS}/{self.campaign.name}"
        closing = None if self.campaign.closed else self.closing
        made = measure(self.campaign, self.read_sheets[0], self.workspace.desired, today=self.today, folder=folder)
        return replace(made, closing=closing)

    def reminders(self) -> Iterator[WorkOrder]:
        """What its reviewers still have to do; nothing once it is closed."""
        if self.campaign.closed is None:
            folder, desired = f"{REVIEWS}/{self.campaign.name}", self.workspace.desired
            yield from remind(self.campaign, self.read_sheets[0], desired, today=self.today, folder=folder)

    def plan(self, after: Workspace, *, refresh: bool) -> Plan:
        """What the edited manifests lead to."""
        app, request = self.app, self.app.request(after.desired, refresh=refresh)
        return planning.make_plan(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)

    def evidence(self, closing: ReviewClosing, plan: Plan) -> tuple[dict[str, bytes], ReviewClosing]:
        """All files of the evidence, and the closing with the digests that it names."""
        app, style = self.app, Style(max_chars=0)
        addresses = {str(one.address) for one in closing.results}
        trail = app.audit_log
        entries = [entry for entry in trail.entries() if entry.address in addresses]
        planned = _as_bytes(plan_to_json(plan))
        before, after = _digests(app.files), _digests(with_edits(app.files, closing.edited))
        plan_digest, head = describe_digest(planned), trail.read_head()
        closing = replace(closing, before=before, after=after, plan=plan_digest, audit_head=head)
        pages = RENDERERS.access_review
        texts = {
            "summary.md": pages["markdown"](closing, style),
            "summary.html": pages["html"](closing, style),
            evidence.RESULT: pages["json"](closing, style),
            evidence.AUDIT: RENDERERS.audit_log["json"](entries, style),
            "edit.patch": closing.patch,
        }
        members = {name: _as_bytes(text) for name, text in texts.items()}
        members[evidence.PLAN] = planned
        members[evidence.CAMPAIGN] = (self.folder / CAMPAIGN_FILE).read_bytes()
        for reviewer, mark in self.campaign.reviewers.items():
            members[f"{evidence.SHEETS}{mark.file}"] = self.file_of(reviewer).data or b""
        return evidence.seal(members), closing

    def write_closed(self, closing: ReviewClosing, digest: str) -> None:
        """Remember that it is closed, and for which organizations it counts."""
        campaign = replace(self.campaign, closed=self.today, evidence=digest)
        record = self.app.root / REVIEWS / CLOSED_REVIEWS
        before: Mapping[str, object] = {}
        if record.is_file():
            node = parse_file(read_source(self.app.root, record)).node
            known = node.get("organizations") if node else None
            before = known if isinstance(known, dict) else {}
        if closing.reviewed:
            replace_file(record, write_closed(before, campaign, closing.reviewed))
        replace_file(self.folder / CAMPAIGN_FILE, write_campaign(campaign))

    def log(self, closing: ReviewClosing, digest: str) -> None:
        """Write into the audit log what the evidence is, where there is a state to write it beside."""
        editor = self.app.editor
        concerned = {one.address.organization for one in closing.results} & set(self.app.store.organizations())
        for organization in sorted(concerned):
            found = [one for one in closing.results if one.address.organization == organization]
            gone = sum(one.outcome in (ReviewOutcome.REVOKED, ReviewOutcome.ENDS_TOO) for one in found)
            detail = f"{count(len(found), 'access', 'accesses')} reviewed, {gone} revoked"
            entry = AuditEntry(
                time=self.app.clock.now(),
                serial=0,
                address=str(Address.whole(organization)),
                action=_ACTION,
                cause=f"access review {self.campaign.name}",
                outcome="applied",
                detail="; ".join(filter(None, [detail, closing.not_reviewed.get(organization, "")])),
                evidence=digest.removeprefix("sha256:"),
            )
            editor.edit(organization, purpose="review close", change=partial(_log, entry=entry))


def read_reminders(app: App, workspace: Workspace) -> tuple[list[WorkOrder], list[str]]:
    """What reviewers of access still have to decide, and the reviews that cannot be read, which keep nothing back."""
    asked, unread = list[WorkOrder](), list[str]()
    for name in review_names(app):
        try:
            asked += OpenedReview.read(app, name, workspace).reminders()
        except ReconcilerError:
            advice = f"`{app.command('review', 'status', name)}` says why"
            app.notify(f"access review {name} cannot be read", level="warning", advice=advice)
            unread.append(name)
    return asked, unread


def _log(state: State, entry: AuditEntry) -> tuple[State, Sequence[AuditEntry]]:
    return state, [replace(entry, serial=state.serial + 1)]


def write_evidence(target: Path, members: Mapping[str, bytes]) -> None:
    """As an archive where the name says so, else as a folder."""
    with refused_writes(target):
        if target.suffix == ".zip":
            make_folder(target.parent)
            target.write_bytes(evidence.pack(members))
            return
        for name, data in members.items():
            make_folder((target / name).parent)
            (target / name).write_bytes(data)


def read_evidence_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All files below a folder by name; raises ReconcilerError for links, which may show something else tomorrow."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ReconcilerError(f"{path} is no file of its own", advice="evidence holds files, and no links")
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _digests(files: Sequence[SourceFile]) -> dict[str, str]:
    return {file.path: hashlib.sha256(file.data or b"").hexdigest() for file in files}


def _as_bytes(text: str) -> bytes:
    return SECRETS.hide(text).encode("utf-8", "backslashreplace")
