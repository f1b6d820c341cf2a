"""How far a review is, and what came of it, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.features.certification.campaign import PAST_TENSE, describe_reviewers
from reconciler.features.certification.model import (
    CampaignProgress,
    ReviewClosing,
    ReviewDecision,
    ReviewOutcome,
    ReviewResult,
)
from reconciler.output.document import (
    Block,
    Code,
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
    code,
    plain,
)
from reconciler.output.json import Output
from reconciler.output.style import Tone
from reconciler.output.words import count

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


def document_of_reviews(reviews: Sequence[CampaignProgress]) -> Document:
    """Every review that is open, who is late, and what closing it would do now."""
    return Document(
        title="Access reviews",
        is_title_needless=True,
        summary="" if reviews else "No access review is open.",
        blocks=tuple(_progress(one) for one in reviews),
        whole="list",
    )


def _progress(one: CampaignProgress) -> Section:
    campaign, sheets = one.campaign, one.sheets
    total, decided = sum(sheet.total for sheet in sheets), sum(sheet.decided for sheet in sheets)
    late = sum(sheet.is_late for sheet in sheets)
    rows = []
    for sheet in sheets:
        status = "done" if not sheet.open else f"late, {sheet.open} open" if sheet.is_late else f"{sheet.open} open"
        name = f"{sheet.name} ({sheet.reviewer})" if sheet.name else sheet.reviewer
        rows.append(
            Row(cells=(plain(name), f"{sheet.decided} of {sheet.total}", status, code(sheet.file)), note=sheet.note)
        )
    about = f"{decided} of {count(total, 'access', 'accesses')} decided; due on {campaign.due}" + (
        f"; {count(late, 'reviewer is', 'reviewers are')} late" if late else ""
    )
    blocks: list[Block] = [Table(header=("reviewer", "decided", "status", "file"), rows=tuple(rows))]
    if campaign.closed:
        blocks.append(
            Paragraph(text=f"Closed on {campaign.closed}; its evidence has the digest `{campaign.evidence}`.")
        )
    elif one.closing:
        if decided < total:
            over = one.today > campaign.due
            then = "closing it now" if over else f"after {campaign.due}, closing it"
            what = f"{then} would {campaign.undecided} what nobody decided"
            blocks.append(Paragraph(text=f"{count(total - decided, 'decision is', 'decisions are')} open; {what}."))
        blocks += _would_do(one.closing)
    return Section(title=plain(f"Access review {campaign.name}"), about=f"{about}.", blocks=tuple(blocks))


def _would_do(closing: ReviewClosing) -> Iterator[Block]:
    if closing.problems:
        yield Section(title="What stands in the way of closing it", blocks=(Findings(findings=closing.problems),))
        return
    told = [one for one in closing.results if one.outcome is not ReviewOutcome.KEPT]
    if told:
        yield Section(title="What closing it would do now", blocks=tuple(_results(told)))
    yield from _edit(closing)


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
    ]
    pairs += [("not for", plain(left))] if left else []
    strangers = tuple(Item(text=code(one)) for one in campaign.not_declared)
    declare = "No manifest declares these, so nobody could decide on them: `reconciler drift` shows who is there."
    blocks: list[Block] = [Facts(pairs=tuple(pairs)), *_results(closing.results)]
    if strangers:
        blocks.append(
            Section(
                title="There when it began, and not declared", blocks=(Paragraph(text=declare), Items(items=strangers))
            )
        )
    blocks += _edit(closing)
    if closing.before:
        rows = tuple(
            Row(cells=(code(path), code(digest), code(closing.after.get(path, ""))))
            for path, digest in closing.before.items()
        )
        table = Table(header=("manifest", "before", "after"), rows=rows)
        more = Facts(pairs=(("plan", code(closing.plan)), ("audit log", code(closing.audit_head or "empty"))))
        blocks.append(Detail(full=Section(title="Digests (SHA-256)", blocks=(table, more), is_folded=True)))
    return Document(
        title=plain(f"Access review {campaign.name}"), summary=f"{said}.", blocks=tuple(blocks), whole="list"
    )


def _chapter(one: ReviewResult) -> tuple[ReviewOutcome, bool]:
    return one.outcome, one.decision is not ReviewDecision.UNDECIDED and one.outcome not in _EITHER_WAY


def _results(results: Sequence[ReviewResult]) -> Iterator[Block]:
    """A section for each outcome; what stays as it was decided is only counted on a terminal."""
    for chapter, title in _TITLES.items():
        found = sorted((one for one in results if _chapter(one) == chapter), key=lambda one: one.risk.rank)
        if not found:
            continue
        table = Table(header=("access", "what", "risk", "decided by"), rows=tuple(map(_row, found)))
        section = Section(title=title, blocks=(table,))
        is_usual = chapter == (ReviewOutcome.KEPT, True)
        yield (
            Detail(full=replace(section, is_folded=True), brief=Paragraph(text=f"{title}: {len(found)}"))
            if is_usual
            else section
        )


def _row(one: ReviewResult) -> Row:
    is_decided = one.decision is not ReviewDecision.UNDECIDED
    until = f" until {one.until}" if one.until else ""
    decided = f"{one.by or one.reviewer}: {one.decision}{until}" if is_decided else f"nobody ({one.reviewer} was asked)"
    why = "; ".join(filter(None, [one.reason, one.note if one.note != "nobody decided" else ""]))
    cells = (code(str(one.address)), plain(one.gives), one.risk.value, plain(decided if one.reviewer else ""))
    return Row(cells=cells, sign=_SIGNS.get(one.outcome), note=plain(why))


def _edit(closing: ReviewClosing) -> Iterator[Block]:
    if closing.patch:
        yield Section(title="The edit of the manifests", blocks=(Code(text=closing.patch, language="diff"),))
