"""A plan as a sheet: who becomes or stops being admin first, then organization by organization."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.renderers.drift import show_drift
from reconciler.renderers.held_back import (
    show_blocked,
    show_left_out,
    show_unmanaged,
    show_waiting,
    tell,
)
from reconciler.renderers.plan import TITLES, render_closing, say_limit
from reconciler.renderers.rows import Row, show_change
from reconciler.renderers.sheet import Chapter, Section, Sheet, admins_section, is_foremost, section_of
from reconciler.renderers.sheet_of_findings import chapter_of_findings
from reconciler.subjects.access_terms import AccessTerms, Direction

Told = tuple[AccessTerms, Row]

_RANKS = {
    "Blocked": 1,
    TITLES[Direction.LOSS]: 2,
    TITLES[Direction.GAIN]: 3,
    TITLES[Direction.OTHER]: 4,
    "Left out": 5,
    "Waiting": 6,
    "Drift": 7,
    "Unmanaged": 8,
}


def digest_of_plan(plan: Plan) -> str:
    """SHA-256 of the file that `plan -o` writes: what `sha256sum` prints, and what the audit log keeps."""
    from reconciler.manifests.saved import plan_to_json

    return hashlib.sha256(plan_to_json(plan).encode()).hexdigest()


def sheet_of_plan(plan: Plan) -> Sheet:
    """Everything a reviewer has to judge. Irreversible steps keep their warning wherever they stand."""
    foremost: list[tuple[str, AccessTerms, Row]] = []
    chapters: list[Chapter] = []
    if plan.undeclared_admins:
        chapters.append(chapter_of_findings("Admins whom nobody declared", plan.undeclared_admins))
    for part in plan.organizations:
        told = [*_steps(part), *_held(part, plan)]
        foremost += [(part.organization, terms, row) for _, (terms, row) in told if is_foremost(terms)]
        rows = [(title, row) for title, (terms, row) in told if not is_foremost(terms)]
        rows += [("Left out", show_left_out(item, plan.today)) for item in part.left_out]
        rows += [("Drift", show_drift(found)) for found in part.drift if not found.is_unmanaged]
        rows += [("Unmanaged", show_unmanaged(found)) for found in part.drift if found.is_unmanaged]
        if rows:
            about = f"{part.system}, {part.mode}"
            chapters.append(Chapter(title=part.organization, about=about, sections=tuple(_sections(rows))))
    others = [finding for finding in plan.findings if finding not in plan.undeclared_admins]
    if others:
        chapters.append(chapter_of_findings("Findings", others))
    return Sheet(
        title=f"Access plan for {plan.today}",
        summary=render_closing(plan),
        notes=(say_limit(plan.targets),) if plan.targets else (),
        foremost=admins_section(foremost),
        chapters=tuple(chapters),
        whole="plan",
        digest=digest_of_plan(plan),
    )


def _sections(rows: list[tuple[str, Row]]) -> Iterator[Section]:
    for title, rank in _RANKS.items():
        section = section_of(title, (row for name, row in rows if name == title), rank=rank)
        if section is not None:
            yield section


def _steps(part: OrganizationPlan) -> Iterator[tuple[str, Told]]:
    """The changes under the headings of what they do to access, in the order in which they are carried out."""
    for change in part.changes:
        terms = tell(part, change)
        yield TITLES[terms.direction], (terms, show_change(terms, change))


def _held(part: OrganizationPlan, plan: Plan) -> Iterator[tuple[str, Told]]:
    for blocked in part.blocked:
        terms = tell(part, blocked.change)
        yield "Blocked", (terms, show_blocked(terms, blocked))
    for waiting in part.waiting:
        terms = tell(part, waiting)
        yield "Waiting", (terms, show_waiting(terms, waiting, plan.today))
