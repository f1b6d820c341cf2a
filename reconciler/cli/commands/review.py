"""`reconciler review start|decide|status|close|verify`."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TypedDict, Unpack

import click

from reconciler.apply import planning
from reconciler.apply.planning import PlanRequest
from reconciler.apply.states import read_state
from reconciler.audit.log import AuditLog
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exits import exit_code
from reconciler.cli.files import CLOSED_REVIEWS, REVIEWS, file_name, make_folder, replace_file
from reconciler.cli.options import document_option, lock_timeout_option, read_address, read_day, read_words
from reconciler.cli.state_editor import open_editor, read_origin
from reconciler.cli.workspace import Workspace, check_files, read_files, read_workspace, with_edits
from reconciler.editing.edits import Drop, Edit, Put, edit_manifest
from reconciler.features.certification import evidence
from reconciler.features.certification.campaign import NewCampaign, ReviewedWorld, describe_reviewers, measure, start
from reconciler.features.certification.closing import OpenReview, check_effect, settle
from reconciler.features.certification.files import (
    describe_digest,
    read_campaign,
    read_sheet,
    write_campaign,
    write_closed,
    write_sheet,
)
from reconciler.features.certification.model import (
    Campaign,
    CampaignProgress,
    ReviewClosing,
    ReviewDecision,
    ReviewerBy,
    ReviewOutcome,
    ReviewSheet,
)
from reconciler.features.planning.document import summary_of_plan
from reconciler.features.queries.directory import find_in
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.address import Address
from reconciler.model.errors import ExitCode, ManifestError, ReconcilerError, UsageError
from reconciler.model.finding import Finding, Notes, Severity
from reconciler.model.json import plan_to_json
from reconciler.model.outcome import AuditEntry, LoggedEntry, entries_of
from reconciler.model.plan import Plan
from reconciler.model.redaction import SECRETS
from reconciler.model.state import State
from reconciler.model.suggestions import suggest_names
from reconciler.output.style import Style
from reconciler.output.words import count

_CAMPAIGN_FILE = "_campaign.yaml"
"""No reviewer's sheet can be called so."""
_EVIDENCE = "evidence"
_ACTION = "review"
"""What the audit log calls a review that was closed."""


class _Wish(TypedDict):
    """What a review is begun with, as click passes it."""

    scope: tuple[str, ...]
    reviewer_by: str
    due: date
    undecided: str


@click.group()
def review() -> None:
    """Have every access reviewed, and keep the evidence.

    A review lies in the folder `reviews`: one file for each reviewer, with every access that they answer for.
    """


@review.command("start")
@click.option("--name", default="", metavar="NAME", help="Name of the review.  [default: the quarter, as 2026-q4]")
@click.option(
    "--scope",
    multiple=True,
    required=True,
    metavar="PATTERN",
    help="What is reviewed: an organization, or addresses with *. Repeatable.",
)
@click.option(
    "--reviewer-by",
    type=click.Choice([one.value for one in ReviewerBy]),
    default=ReviewerBy.ORGANIZATION.value,
    show_default=True,
    help="Who decides: the person's manager, an owner of the group it comes through, or an admin.",
)
@click.option("--due", type=read_day, required=True, metavar="DATE", help="The last UTC day for decisions.")
@click.option(
    "--undecided",
    type=click.Choice(["revoke", "keep"]),
    default="keep",
    show_default=True,
    help="What closing does with what nobody decided.",
)
@click.pass_obj
def start_(app: App, name: str, **wish: Unpack[_Wish]) -> None:
    """Begin a review: write a file for each reviewer.

    Each file lists accesses with their facts, and takes the decisions. Nobody is asked about their own access.
    """
    today = app.today
    if wish["due"] < today:
        raise UsageError(f"--due {wish['due']} has passed", advice=f"today is {today}")
    name = name or f"{today.year}-q{(today.month + 2) // 3}"
    if file_name(name) != name:
        raise UsageError(f"{name!r} cannot be the name of a review", advice="use small letters, digits, `-` and `_`")
    folder = app.root / REVIEWS / name
    if folder.exists():
        advice = "give the new one another name: --name NAME"
        raise ReconcilerError(f"there is a review {name} already: {REVIEWS}/{name}", advice=advice)
    _refuse_as_manifests(app)
    workspace = read_workspace(app.root, app.config, today=today)
    new = NewCampaign(
        name=name,
        scope=wish["scope"],
        reviewer_by=ReviewerBy(wish["reviewer_by"]),
        due=wish["due"],
        undecided=ReviewDecision(wish["undecided"]),
        started_by=read_origin(app.root).operator,
    )
    campaign, sheets = start(new, _read_world(app, workspace, today), name_file=file_name)
    make_folder(folder)
    for sheet in sheets:
        mark = campaign.reviewers[sheet.reviewer]
        replace_file(folder / mark.file, write_sheet(sheet, campaign))
        click.echo(f"{REVIEWS}/{name}/{mark.file}  {count(mark.accesses, 'access', 'accesses')}")
    replace_file(folder / _CAMPAIGN_FILE, write_campaign(campaign))
    app.notify(f"review {name} has begun: {describe_reviewers(campaign)}, due on {campaign.due}")
    if campaign.not_declared:
        strangers = count(len(campaign.not_declared), "access is", "accesses are")
        message = f"{strangers} there and declared nowhere, so nobody can decide on it here"
        advice = f"`reconciler drift` shows what: {', '.join(campaign.not_declared[:5])}"
        app.notify(message, level="warning", advice=advice)
    app.notify(f"commit the folder; then see how far it is with `{app.command('review', 'status', name)}`")


def _refuse_as_manifests(app: App) -> None:
    """Files of a review would be read as manifests, which they are not."""
    reviews = (app.root / REVIEWS).resolve()
    for entry in app.config.manifests:
        if reviews.is_relative_to((app.root / entry).resolve()):
            message = f"`manifests: [{entry}]` would read the files of reviews in {REVIEWS}/ as manifests"
            raise ReconcilerError(message, advice="move the manifests into a folder of their own, such as access/")


@review.command("decide")
@click.argument("name", metavar="REVIEW")
@click.argument("addresses", nargs=-1, required=True, type=read_address, metavar="ADDRESS...")
@click.argument("decision", type=click.Choice(["keep", "revoke", "shorten"]))
@click.option("--reason", required=True, type=read_words, metavar="TEXT", help="Why.")
@click.option("--until", type=read_day, metavar="DATE", help="For shorten: the UTC day on which it is gone.")
@click.option("--by", default="", metavar="PERSON", help="Who decides, where that is not the reviewer.")
@click.pass_obj
def decide(
    app: App, name: str, addresses: tuple[Address, ...], *, decision: str, reason: str, until: date | None, by: str
) -> None:
    """Decide on accesses of a review: keep, revoke, or shorten them.

    The same as writing it into the file of the reviewer by hand.
    """
    if (decision == "shorten") != (until is not None):
        raise UsageError("shorten needs --until DATE, and nothing else has it")
    opened = _Opened.read(app, name)
    opened.refuse_closed()
    key = by
    if by:
        found = find_in(opened.workspace.desired.people, by)
        if found is None:
            raise ReconcilerError(
                f"nobody is known as {by!r}", advice=suggest_names(by, opened.workspace.desired.people)
            )
        key = found.key
    wanted: dict[str, list[Edit]] = {}
    for address in addresses:
        said = {"decision": decision, "reason": reason, "until": until.isoformat() if until else "", "by": key}
        wanted.setdefault(opened.reviewer_of(address), []).extend(opened.edits(address, said))
    for reviewer, edits in wanted.items():
        before, mark = opened.file_of(reviewer), opened.campaign.reviewers[reviewer]
        after = SourceFile(path=before.path, data=edit_manifest(before, edits).encode())
        wrong = _new_errors(opened, reviewer, before, after)
        if wrong:
            raise ManifestError(wrong)
        replace_file(app.root / after.path, (after.data or b"").decode())
        app.notify(f"{REVIEWS}/{name}/{mark.file}: {count(len(addresses), 'decision', 'decisions')} written")


def _new_errors(opened: _Opened, reviewer: str, before: SourceFile, after: SourceFile) -> list[Finding]:
    """What is wrong with a sheet only since an edit."""
    known, now = (
        read_sheet(file, opened.campaign, reviewer, today=opened.today)[1].in_order() for file in (before, after)
    )
    told = Counter((one.id, one.message) for one in known)
    told.subtract((one.id, one.message) for one in now)
    return [one for one in now if told[one.id, one.message] < 0 and one.severity is Severity.ERROR]


@review.command("status")
@click.argument("name", metavar="[REVIEW]", required=False, default="")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 while a decision is open.")
@document_option
@click.pass_obj
def status(app: App, name: str, *, detailed_exitcode: bool, format_: str) -> int:
    """Show how far reviews are, who is late, and what closing would do now.

    Without REVIEW, all that are open.
    """
    opened = [_Opened.read(app, one) for one in ([name] if name else _names(app))]
    shown = [one for one in opened if name or one.campaign.closed is None]
    progress = [one.progress() for one in shown]
    app.show(RENDERERS.access_reviews, progress, format_=format_)
    is_open = any(sheet.open for one in progress for sheet in one.sheets)
    return exit_code(
        failed=any(one.closing and one.closing.problems for one in progress), changed=detailed_exitcode and is_open
    )


@review.command("close")
@click.argument("name", metavar="REVIEW")
@click.option(
    "--evidence",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.zip",
    help="Where to write the evidence.  [default: reviews/REVIEW/evidence]",
)
@click.option(
    "--refresh/--no-refresh", default=True, help="Read the systems for the plan, or plan from what was recorded."
)
@lock_timeout_option
@document_option
@click.pass_obj
def close(app: App, name: str, *, target: Path | None, refresh: bool, lock_timeout: timedelta, format_: str) -> int:
    """Close a review: edit the manifests as it was decided, and write the evidence.

    No system is changed: that is what apply does once the edit was reviewed. Nothing is closed while a decision is open
    and the review is not yet over, nor while decisions contradict each other.
    """
    opened = _Opened.read(app, name)
    opened.refuse_closed()
    target = target or opened.folder / _EVIDENCE
    if target.exists():
        raise ReconcilerError(
            f"{target} is there already", advice="move it away, or name another place with --evidence"
        )
    closing = opened.closing
    if closing.problems:
        raise ManifestError(list(closing.problems))
    settled = (ReviewOutcome.GONE, ReviewOutcome.CHANGED)
    open_ = [
        one
        for one in closing.results
        if one.reviewer and one.decision is ReviewDecision.UNDECIDED and one.outcome not in settled
    ]
    if open_ and opened.today <= opened.campaign.due:
        message = f"{count(len(open_), 'decision is', 'decisions are')} open until {opened.campaign.due} is over"
        raise ReconcilerError(message, advice=f"`{app.command('review', 'status', name)}` shows whose")
    after = check_files(app.root, app.config, with_edits(app.files, closing.edited), today=opened.today)
    wrong = list(check_effect(closing, opened.workspace.desired, after.desired))
    if wrong:
        raise ManifestError(wrong)
    with app.progress("reading the systems"):
        plan = opened.plan(after, refresh=refresh)
    members, closing = opened.evidence(closing, plan)
    digest = evidence.digest_of(members)
    _write_evidence(target, members)
    app.write_edits(closing.edited)
    opened.write_closed(closing, digest)
    opened.log(closing, digest, lock_timeout)
    app.show(RENDERERS.access_review, closing, format_=format_)
    app.notify(f"the evidence is in {target}; its digest is {digest}")
    if closing.edited:
        app.notify(
            f"have the edit reviewed, then carry it out: `{app.command('apply')}`. The plan: {summary_of_plan(plan)}"
        )
    for organization, why in closing.not_reviewed.items():
        app.notify(f"this does not count as a review of {organization}: {why}", level="warning")
    return exit_code(failed=bool(plan.unread))


@review.command("verify")
@click.argument("path", metavar="DIR|FILE.zip", type=click.Path(exists=True, path_type=Path))
@click.option("--digest", default="", metavar="DIGEST", help="The evidence must have this digest, as close printed it.")
@click.pass_obj
def verify(app: App, path: Path, digest: str) -> int:
    """Check the evidence of a closed review, offline.

    Every file has to be as it was written, none may be missing or added, and the result has to be what the sheets say.
    Where the workspace has a record of the review, the digest has to be the one there. Without such a record, give the
    digest that `close` printed: whoever can write all files can also write their sums.
    """
    members = evidence.unpack(path.read_bytes()) if path.is_file() else dict(_read_folder(path))
    tampering = list(evidence.find_tampering(members))
    for text in tampering:
        app.notify(text, level="error")
    if tampering:
        return ExitCode.FAILED
    story, found = evidence.read_story(members), evidence.digest_of(members)
    known = digest or _recorded_digest(app, story.campaign.name)
    if known and known.removeprefix("sha256:") != found.removeprefix("sha256:"):
        app.notify(f"this is not the evidence of {known}: its digest is {found}", level="error")
        return ExitCode.FAILED
    decided = count(story.decided, "decision", "decisions")
    click.echo(f"access review {story.campaign.name}, closed on {story.closed}: {decided}, {story.undecided} left open")
    click.echo(f"{len(members)} files are as they were written; the digest is {found}")
    if not known:
        advice = "compare the digest with one that was kept elsewhere: --digest DIGEST"
        app.notify("no record of this review is here", level="warning", advice=advice)
    return ExitCode.DONE


def _recorded_digest(app: App, name: str) -> str:
    """What the workspace remembers of a review; empty where it knows nothing of it."""
    if not (app.root / REVIEWS / name / _CAMPAIGN_FILE).is_file():
        return ""
    (file,) = read_files(app.root, [f"{REVIEWS}/{name}/{_CAMPAIGN_FILE}"], under=REVIEWS)
    return read_campaign(file).evidence


def _read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ReconcilerError(f"{path} is no file of its own", advice="evidence holds files, and no links")
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _write_evidence(target: Path, members: Mapping[str, bytes]) -> None:
    """As an archive where the name says so, else as a folder."""
    try:
        if target.suffix == ".zip":
            make_folder(target.parent)
            target.write_bytes(evidence.pack(members))
            return
        for name, data in members.items():
            make_folder((target / name).parent)
            (target / name).write_bytes(data)
    except OSError as error:
        raise ReconcilerError(f"{target} cannot be written: {error.strerror or error}") from error


def _names(app: App) -> list[str]:
    """All reviews of the workspace."""
    return sorted(path.parent.name for path in (app.root / REVIEWS).glob(f"*/{_CAMPAIGN_FILE}"))


def _read_world(app: App, workspace: Workspace, today: date) -> ReviewedWorld:
    changes: dict[str, LoggedEntry] = {}
    for link in AuditLog(app.store).links():
        changes |= {entry.address: entry for entry in entries_of(link.record, number=link.number)}
    return ReviewedWorld(
        desired=workspace.desired,
        states={key: read_state(app.store, key) for key in app.store.organizations()},
        findings=(*workspace.findings, *workspace.policies.findings),
        changes=changes,
        today=today,
    )


@dataclass(kw_only=True)
class _Opened:
    """A review with what its reviewers say, in a workspace of today."""

    app: App
    campaign: Campaign
    today: date
    workspace: Workspace

    @classmethod
    def read(cls, app: App, name: str) -> _Opened:
        """Raises ReconcilerError for a review that is not there."""
        known = _names(app)
        if name not in known:
            listed = f"there are: {', '.join(known)}" if known else "`reconciler review start` begins one"
            raise ReconcilerError(f"there is no review {name!r}", advice=suggest_names(name, known) or listed)
        (file,) = read_files(app.root, [f"{REVIEWS}/{name}/{_CAMPAIGN_FILE}"], under=REVIEWS)
        today = app.today
        workspace = read_workspace(app.root, app.config, today=today)
        return cls(app=app, campaign=read_campaign(file), today=today, workspace=workspace)

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
        entry = f"{REVIEWS}/{self.campaign.name}/{self.campaign.reviewers[reviewer].file}"
        (file,) = read_files(self.app.root, [entry], under=REVIEWS)
        return file

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
        for sheet in self.read_sheets[0]:
            if any(one.facts.address == address for one in sheet.accesses):
                return sheet.reviewer
        known = [str(one.facts.address) for sheet in self.read_sheets[0] for one in sheet.accesses]
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
        world = _read_world(self.app, self.workspace, self.today)
        present, _ = world.collect(self.campaign.scope)
        made = settle(
            OpenReview(
                campaign=self.campaign,
                sheets=sheets,
                present=present,
                undecided=self.campaign.undecided if self.today > self.campaign.due else ReviewDecision.KEEP,
                desired=self.workspace.desired,
                files=self.app.files,
                today=self.today,
            )
        )
        return replace(made, problems=(*findings, *made.problems))

    def progress(self) -> CampaignProgress:
        """How far it is."""
        folder = f"{REVIEWS}/{self.campaign.name}"
        closing = None if self.campaign.closed else self.closing
        made = measure(self.campaign, self.read_sheets[0], self.workspace.desired, today=self.today, folder=folder)
        return replace(made, closing=closing)

    def plan(self, after: Workspace, *, refresh: bool) -> Plan:
        """What the edited manifests lead to."""
        app = self.app
        request = PlanRequest(
            desired=after.desired,
            settings=app.config.guards,
            today=self.today,
            moment=app.clock.now(),
            refresh=refresh,
        )
        return planning.make_plan(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)

    def evidence(self, closing: ReviewClosing, plan: Plan) -> tuple[dict[str, bytes], ReviewClosing]:
        """All files of the evidence, and the closing with the digests that it names."""
        app, style = self.app, Style(max_chars=0)
        addresses = {str(one.address) for one in closing.results}
        trail = AuditLog(app.store)
        entries = [
            entry
            for link in trail.links()
            for entry in entries_of(link.record, number=link.number)
            if entry.address in addresses
        ]
        planned = _as_bytes(plan_to_json(plan))
        after = with_edits(app.files, closing.edited)
        closing = replace(
            closing,
            before=dict(_digests(app.files)),
            after=dict(_digests(after)),
            plan=describe_digest(planned),
            audit_head=trail.read_head(),
        )
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
        members[evidence.CAMPAIGN] = (self.folder / _CAMPAIGN_FILE).read_bytes()
        for reviewer, mark in self.campaign.reviewers.items():
            members[f"{evidence.SHEETS}{mark.file}"] = self.file_of(reviewer).data or b""
        return evidence.seal(members), closing

    def write_closed(self, closing: ReviewClosing, digest: str) -> None:
        """Remember that it is closed, and for which organizations it counts."""
        campaign = replace(self.campaign, closed=self.today, evidence=digest)
        record = self.app.root / REVIEWS / CLOSED_REVIEWS
        before: Mapping[str, object] = {}
        if record.is_file():
            (file,) = read_files(self.app.root, [f"{REVIEWS}/{CLOSED_REVIEWS}"], under=REVIEWS)
            node = parse_file(file).node
            known = node.get("organizations") if node else None
            before = known if isinstance(known, dict) else {}
        if closing.reviewed:
            replace_file(record, write_closed(before, campaign, closing.reviewed, day=self.today))
        replace_file(self.folder / _CAMPAIGN_FILE, write_campaign(campaign))

    def log(self, closing: ReviewClosing, digest: str, lock_timeout: timedelta) -> None:
        """Write into the audit log what the evidence is, where there is a state to write it beside."""
        editor = open_editor(self.app, lock_timeout, clock=self.app.clock)
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

            def remember(state: State, entry: AuditEntry = entry) -> tuple[State, Sequence[AuditEntry]]:
                return state, [replace(entry, serial=state.serial + 1)]

            editor.edit(organization, purpose="review close", change=remember)


def _digests(files: Sequence[SourceFile]) -> Iterator[tuple[str, str]]:
    for file in files:
        yield file.path, hashlib.sha256(file.data or b"").hexdigest()


def _as_bytes(text: str) -> bytes:
    return SECRETS.hide(text).encode("utf-8", "backslashreplace")
