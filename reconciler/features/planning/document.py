"""A plan, told so that a reviewer can judge it: who gains what, who loses what, what is held back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.features.planning import held_back
from reconciler.features.planning.held_back import show_blocked, show_waiting, tell
from reconciler.features.planning.summary import digest_of_plan, say_limit, summary_of_plan
from reconciler.model.change import Change
from reconciler.model.finding import Finding
from reconciler.model.live import ask_about_states, explain_unread
from reconciler.model.plan import OrganizationPlan, Plan
from reconciler.output.access_terms import AccessTerms, Direction
from reconciler.output.document import Block, Document, Findings, Legend, Paragraph, Row, Section, plain
from reconciler.output.rows import first_section, rows_section, show_change
from reconciler.output.signs import ALL_SIGNS, BLOCKED, LEFT_OUT, SIGNS, WAITING

_TITLES = {
    Direction.GAIN: "Gains access",
    Direction.LOSS: "Loses access",
    Direction.OTHER: "Other changes",
}
"""What a change does to access -> the heading under which it stands."""
_SECTIONS = {"Gains access": 3, "Loses access": 2, "Other changes": 4, "Waiting": 6, "Blocked": 1}
"""Heading -> rank where there is not room for all."""

Told = tuple[str, AccessTerms, Row]
"""The heading of a row, and what it says."""


def document_of_plan(plan: Plan) -> Document:
    """Everything a reviewer has to judge. Irreversible steps keep their warning wherever they stand."""
    told = {part.organization: [*_steps(part), *_held(part, plan)] for part in plan.organizations}
    foremost = [(key, terms, row) for key, found in told.items() for _, terms, row in found if terms.is_foremost]
    used = _used_signs(plan)
    legend = Legend(signs=tuple(sign for sign in ALL_SIGNS if sign in used)) if used else None
    parts = [_organization(part, told[part.organization], plan) for part in plan.organizations]
    strangers = plan.undeclared_admins
    others = [finding for finding in plan.findings if finding not in strangers]
    blocks: list[Block | None] = [
        legend,
        _findings("Admins whom nobody declared", strangers, is_foremost=True),
        first_section(foremost),
        *parts,
        _findings("Findings", others),
    ]
    return Document(
        title=f"Access plan for {plan.today}",
        is_title_needless=not used,
        summary=summary_of_plan(plan),
        notes=tuple(_notes(plan)),
        blocks=tuple(block for block in blocks if block is not None),
        whole="plan",
        digest=digest_of_plan(plan),
    )


def _notes(plan: Plan) -> Iterator[str]:
    if plan.is_from_records:
        yield "Nothing was read from any system: this plan takes what is recorded for what is there."
    yield from explain_unread(plan.unread)
    if plan.targets:
        yield say_limit(plan.targets)
    if plan.first_runs and not plan.is_settled:
        yield ask_about_states(plan.first_runs)


def _findings(title: str, findings: Sequence[Finding], *, is_foremost: bool = False) -> Section | None:
    if not findings:
        return None
    blocks = (Findings(findings=findings),)
    return Section(title=title, blocks=blocks, is_foremost=is_foremost, is_folded=not is_foremost)


def _organization(part: OrganizationPlan, told: Sequence[Told], plan: Plan) -> Section | None:
    """One organization's part; None when there is nothing at all to say about it."""
    blocks: list[Block | None] = [
        rows_section(title, (row for name, terms, row in told if name == title and not terms.is_foremost), rank=rank)
        for title, rank in _SECTIONS.items()
    ]
    if part.not_managed:
        blocks.insert(0, Paragraph(text=f"Not managed, so not looked at: {', '.join(part.not_managed)}."))
    blocks += [
        held_back.left_out(part, plan.today, rank=5),
        held_back.drift(part, rank=7),
        held_back.unmanaged(part, rank=8),
    ]
    if any(blocks):
        blocks.append(held_back.limits(part))
    found = tuple(block for block in blocks if block is not None)
    about = f"{part.system}, {part.mode}"
    return Section(title=plain(part.organization), about=about, blocks=found, is_folded=True) if found else None


def _steps(part: OrganizationPlan) -> Iterator[Told]:
    """The changes under the headings of what they do to access, in the order in which they are carried out."""
    for number, change in enumerate(part.changes, start=1):
        terms = tell(part, change)
        step = f"step {number} of {len(part.changes)}{_order_of(change)}"
        yield _TITLES[terms.direction], terms, replace(show_change(terms, change), more=(plain(step),))


def _order_of(change: Change) -> str:
    actor = f" by {change.actor}" if change.actor else ""
    needs = f", after {', '.join(map(str, change.needs))}" if change.needs else ""
    return f"{actor}: {change.address}{needs}"


def _held(part: OrganizationPlan, plan: Plan) -> Iterator[Told]:
    for waiting in part.waiting:
        terms = tell(part, waiting)
        yield "Waiting", terms, show_waiting(terms, waiting, plan.today)
    for blocked in part.blocked:
        terms = tell(part, blocked.change)
        yield "Blocked", terms, show_blocked(terms, blocked)


def _used_signs(plan: Plan) -> set[object]:
    held = {
        BLOCKED: any(part.blocked for part in plan.organizations),
        WAITING: any(part.waiting for part in plan.organizations),
        LEFT_OUT: any(part.left_out for part in plan.organizations),
    }
    return {SIGNS[change.action] for change in plan.changes} | {sign for sign, is_used in held.items() if is_used}
