"""An access review: what was put before whom, what they decided, what comes of it, and how that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.model import Address, Finding, Mark, Place, Risk, count, dataclass
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Facts,
    Findings,
    Inline,
    Item,
    Items,
    Paragraph,
    Row,
    Section,
    Sign,
    Table,
    Tone,
    code,
    edit_section,
    plain,
)
from reconciler.output.json import Output


class ReviewDecision(StrEnum):
    """What somebody says of one access."""

    UNDECIDED = "undecided"
    KEEP = "keep"
    REVOKE = "revoke"
    SHORTEN = "shorten"
    """It gets an end, or an earlier one."""


class ReviewerBy(StrEnum):
    """Who is asked about an access."""

    MANAGER = "manager"
    """The `manager` of the person who has it."""
    GROUP = "group"
    """An owner of the group that it comes through."""
    ORGANIZATION = "organization"
    """An admin of the organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedLine:
    """One line of a manifest that gives an access."""

    at: str
    """FILE:LINE; no part of what is compared, because lines move."""
    gives: str
    through: str = ""
    """The group of people, as `group:NAME`."""
    starts: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFacts:
    """One access as it is put before a reviewer."""

    address: Address
    person: str
    """Key or e-mail address; `partner:KEY` for what another company may use."""
    name: str = ""
    gives: str
    risk: Risk
    marks: tuple[Mark, ...] = ()
    """Why it matters more than others."""
    lines: tuple[ReviewedLine, ...]
    ends: date | None = None
    recorded: str
    """What is remembered of it: `active since 2026-11-02`."""
    last_change: str
    """From the audit log."""
    last_use: str
    findings: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        """What matters most first; then everything of one person together, what they are a member of first."""
        return self.risk.rank, self.person, self.address.organization, self.address.kind != "member", self.address

    @property
    def terms(self) -> object:
        """What was decided on: everything that it gives, and when, wherever that is written by now."""
        return self.gives, sorted((one.gives, one.through, str(one.starts), str(one.ends)) for one in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedAccess:
    """The facts of an access, and what its reviewer says of it."""

    facts: AccessFacts
    decision: ReviewDecision = ReviewDecision.UNDECIDED
    until: date | None = None
    """For `shorten`: the UTC day on which it is gone."""
    reason: str = ""
    by: str = ""
    """Who decided, where that was not the reviewer."""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSheet:
    """Everything that one reviewer has to decide."""

    campaign: str
    reviewer: str
    accesses: tuple[ReviewedAccess, ...]
    """What matters most first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetMark:
    """What a campaign remembers of a sheet, so that nobody changes what was put before its reviewer."""

    file: str
    """Its name in the folder of the campaign."""
    accesses: int
    facts: str
    """SHA-256 of the facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One review: of what, by whom, until when."""

    name: str
    scope: tuple[str, ...]
    """Patterns of addresses."""
    reviewer_by: ReviewerBy
    due: date
    """The last UTC day on which somebody may decide without being late."""
    undecided: ReviewDecision
    """What closing does with what nobody decided: keep or revoke."""
    started: date
    started_by: str = ""
    manifests: str
    """SHA-256 of the manifests on that day."""
    reviewers: Mapping[str, SheetMark] = field(default_factory=dict)
    not_declared: tuple[str, ...] = ()
    """Access that is there and that no manifest declares: nobody can decide on it by editing manifests."""
    closed: date | None = None
    evidence: str = ""
    """SHA-256 of the evidence, once it is closed."""


class ReviewOutcome(StrEnum):
    """What closing does with one access."""

    KEPT = "kept"
    REVOKED = "revoked"
    SHORTENED = "shortened"
    GONE = "gone"
    """It ended, or was taken out, since the review began: there is nothing to decide any more."""
    CHANGED = "changed"
    """It is not what the reviewer has seen: it stays as it is."""
    NEW = "new"
    """It was given since the review began, and nobody has reviewed it: it stays as it is."""
    ENDS_TOO = "ends_too"
    """Nobody decided on it, and it cannot stay without a membership that is revoked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewResult:
    """One access, and what comes of the review."""

    address: Address
    person: str
    gives: str
    """As the reviewer has seen it; of what is new, as it is."""
    risk: Risk = Risk.MEDIUM
    """The same."""
    reviewer: str = ""
    outcome: ReviewOutcome
    decision: ReviewDecision = ReviewDecision.UNDECIDED
    until: date | None = None
    reason: str = ""
    by: str = ""
    note: str = ""
    """Why the outcome is not the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClosing:
    """A review at its end: what becomes of each access, the edit, and for which organizations it counts."""

    JSON_HIDDEN: ClassVar = ("edited", "problems")

    campaign: Campaign
    day: date
    results: tuple[ReviewResult, ...] = ()
    """By address."""
    reviewed: tuple[str, ...] = ()
    """Organizations for which the review counts."""
    not_reviewed: Mapping[str, str] = field(default_factory=dict)
    """The others, and why."""
    patch: str = ""
    """The one edit of the manifests."""
    before: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> SHA-256 when the review was closed."""
    after: Mapping[str, str] = field(default_factory=dict)
    """The same after the edit."""
    plan: str = ""
    """SHA-256 of the plan that the edited manifests lead to."""
    audit_head: str = ""
    """Digest of the last record of the audit log then."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its new text."""
    problems: tuple[Finding, ...] = ()
    """Why it cannot be closed like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetProgress:
    """How far one reviewer is."""

    JSON_PROPERTIES: ClassVar = ("open",)

    reviewer: str
    name: str = ""
    file: str
    total: int
    decided: int
    is_late: bool
    note: str = ""
    """Why nothing can be expected of them, such as that they have left."""

    @property
    def open(self) -> int:
        """What they have not decided."""
        return self.total - self.decided


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignProgress:
    """How far one review is, and what closing it would do now."""

    campaign: Campaign
    today: date
    sheets: tuple[SheetProgress, ...]
    """By reviewer."""
    closing: ReviewClosing | None = None
    """None where it is closed already."""


CAMPAIGNS = Output(
    name="access-reviews",
    title="Access reviews: how far each is, and what closing it would do",
    value=Sequence[CampaignProgress],
    under="reviews",
)
CLOSING = Output(name="access-review", title="A closed access review: what became of each access", value=ReviewClosing)

_TITLES: dict[tuple[ReviewOutcome, bool], str] = {
    (ReviewOutcome.REVOKED, True): "Revoked",
    (ReviewOutcome.REVOKED, False): "Revoked, because nobody decided",
    (ReviewOutcome.ENDS_TOO, False): "Ends with a membership that is revoked",
    (ReviewOutcome.SHORTENED, True): "Shortened",
    (ReviewOutcome.CHANGED, False): "Changed since the review began: left as it is",
    (ReviewOutcome.NEW, False): "New since the review began: reviewed by nobody",
    (ReviewOutcome.GONE, False): "Gone since the review began",
    (ReviewOutcome.KEPT, False): "Kept, because nobody decided",
    (ReviewOutcome.KEPT, True): "Kept",
}
"""Outcome, and whether somebody has decided where that tells two sections apart; what matters most comes first."""
_EITHER_WAY = (ReviewOutcome.ENDS_TOO, ReviewOutcome.CHANGED, ReviewOutcome.NEW, ReviewOutcome.GONE)
_SIGNS = {
    ReviewOutcome.REVOKED: Sign("-", Tone.REMOVE, "taken away"),
    ReviewOutcome.ENDS_TOO: Sign("-", Tone.REMOVE, "taken away"),
    ReviewOutcome.SHORTENED: Sign("~", Tone.CHANGE, "ends earlier"),
}


PAST_TENSE = {ReviewDecision.KEEP: "kept", ReviewDecision.REVOKE: "revoked"}
"""What becomes of what nobody decided."""


def describe_reviewers(campaign: Campaign) -> str:
    """`3 reviewers, 57 accesses`."""
    number = sum(one.accesses for one in campaign.reviewers.values())
    reviewers = count(len(campaign.reviewers), "reviewer", "reviewers")
    return f"{reviewers}, {count(number, 'access', 'accesses')}"


def document_of_reviews(reviews: Sequence[CampaignProgress]) -> Document:
    """Every review that is open, who is late, and what closing it would do now."""
    return Document(
        title="Access reviews",
        is_title_needless=True,
        summary="" if reviews else "No access review is open.",
        blocks=tuple(map(_progress, reviews)),
        whole="list",
    )


def _progress(one: CampaignProgress) -> Section:
    campaign, sheets = one.campaign, one.sheets
    total, decided = sum(sheet.total for sheet in sheets), sum(sheet.decided for sheet in sheets)
    late = sum(sheet.is_late for sheet in sheets)
    rows = []
    for sheet in sheets:
        status = "done" if not sheet.open else f"late, {sheet.open} open" if sheet.is_late else f"{sheet.open} open"
        name = plain(f"{sheet.name} ({sheet.reviewer})" if sheet.name else sheet.reviewer)
        cells = (name, f"{sheet.decided} of {sheet.total}", status, code(sheet.file))
        rows.append(Row(cells=cells, note=sheet.note))
    blocks: list[Block] = [Table(header=("reviewer", "decided", "status", "file"), rows=tuple(rows))]
    if campaign.closed:
        text = f"Closed on {campaign.closed}; its evidence has the digest `{campaign.evidence}`."
        blocks.append(Paragraph(text=text))
    elif one.closing:
        if decided < total:
            then = "closing it now" if one.today > campaign.due else f"after {campaign.due}, closing it"
            what = f"{then} would {campaign.undecided} what nobody decided"
            blocks.append(Paragraph(text=f"{count(total - decided, 'decision is', 'decisions are')} open; {what}."))
        blocks += _would_do(one.closing)
    about = f"{decided} of {count(total, 'access', 'accesses')} decided; due on {campaign.due}"
    about += f"; {count(late, 'reviewer is', 'reviewers are')} late." if late else "."
    return Section(title=plain(f"Access review {campaign.name}"), about=about, blocks=tuple(blocks))


def _would_do(closing: ReviewClosing) -> Iterator[Block]:
    if closing.problems:
        yield Section(title="What stands in the way of closing it", blocks=(Findings(findings=closing.problems),))
        return
    told = [one for one in closing.results if one.outcome is not ReviewOutcome.KEPT]
    if told:
        yield Section(title="What closing it would do now", blocks=tuple(_results(told)))
    if edit := edit_section(closing.patch):
        yield edit


def document_of_closing(closing: ReviewClosing) -> Document:
    """What became of each access, and for which organizations the review counts."""
    campaign = closing.campaign
    counted = Counter(map(_chapter, closing.results))
    said = ", ".join(f"{counted[one]} {title[0].lower()}{title[1:]}" for one, title in _TITLES.items() if counted[one])
    left = "; ".join(f"{key}: {why}" for key, why in closing.not_reviewed.items())
    pairs: list[tuple[str, Inline]] = [
        ("scope", code(", ".join(campaign.scope))),
        ("asked", f"{describe_reviewers(campaign)}, by {campaign.reviewer_by}"),
        ("began", f"{campaign.started}" + (f", by {campaign.started_by}" if campaign.started_by else "")),
        ("due", f"{campaign.due}; what nobody decided is to be {PAST_TENSE[campaign.undecided]}"),
        ("closed", str(closing.day)),
        ("counts for", plain(", ".join(closing.reviewed) or "no organization")),
        *([("not for", plain(left))] if left else []),
    ]
    blocks: list[Block] = [Facts(pairs=tuple(pairs)), *_results(closing.results)]
    if campaign.not_declared:
        declare = "No manifest declares these, so nobody could decide on them: `reconciler drift` shows who is there."
        strangers = Items(items=tuple(Item(text=code(one)) for one in campaign.not_declared))
        inside = (Paragraph(text=declare), strangers)
        blocks.append(Section(title="There when it began, and not declared", blocks=inside))
    blocks += filter(None, [edit_section(closing.patch)])
    if closing.before:
        files = ((path, before, closing.after.get(path, "")) for path, before in closing.before.items())
        rows = tuple(Row(cells=tuple(map(code, cells))) for cells in files)
        more = Facts(pairs=(("plan", code(closing.plan)), ("audit log", code(closing.audit_head or "empty"))))
        digests = (Table(header=("manifest", "before", "after"), rows=rows), more)
        blocks.append(Detail(full=Section(title="Digests (SHA-256)", blocks=digests, is_folded=True)))
    title = plain(f"Access review {campaign.name}")
    return Document(title=title, summary=f"{said}.", blocks=tuple(blocks), whole="list")


def _chapter(one: ReviewResult) -> tuple[ReviewOutcome, bool]:
    return one.outcome, one.decision is not ReviewDecision.UNDECIDED and one.outcome not in _EITHER_WAY


def _results(results: Sequence[ReviewResult]) -> Iterator[Block]:
    """A section for each outcome; what stays as it was decided is only counted on a terminal."""
    for chapter, title in _TITLES.items():
        found = sorted((one for one in results if _chapter(one) == chapter), key=lambda one: one.risk.rank)
        if not found:
            continue
        table = Table(header=("access", "what", "risk", "decided by"), rows=tuple(map(_row, found)))
        if chapter == (ReviewOutcome.KEPT, True):
            folded = Section(title=title, blocks=(table,), is_folded=True)
            yield Detail(full=folded, brief=Paragraph(text=f"{title}: {len(found)}"))
        else:
            yield Section(title=title, blocks=(table,))


def _row(one: ReviewResult) -> Row:
    decided = f"nobody ({one.reviewer} was asked)" if one.reviewer else ""
    if one.decision is not ReviewDecision.UNDECIDED:
        decided = f"{one.by or one.reviewer}: {one.decision}" + (f" until {one.until}" if one.until else "")
    why = "; ".join(filter(None, [one.reason, one.note if one.note != "nobody decided" else ""]))
    cells = (code(str(one.address)), plain(one.gives), one.risk.value, plain(decided))
    return Row(cells=cells, sign=_SIGNS.get(one.outcome), note=plain(why))
