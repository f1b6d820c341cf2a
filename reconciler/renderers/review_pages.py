"""A review as a page for a pull request, and as findings for forms that know nothing but remarks on lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.core.finding import Finding, Severity
from reconciler.core.inspection import Inspection
from reconciler.core.review import AccessChange, Effect, Mark, Review
from reconciler.output.json import to_json
from reconciler.output.sarif import render_sarif
from reconciler.output.style import Style
from reconciler.output.words import count
from reconciler.output.workflow_commands import render_workflow_commands
from reconciler.renderers.html import render_html
from reconciler.renderers.junit import render_findings_junit
from reconciler.renderers.markdown import render_markdown
from reconciler.renderers.review import SECTIONS, row_of
from reconciler.renderers.review_terms import (
    say_side,
    say_summary,
    say_value,
    tell_access,
    tell_person,
    tell_step,
    tell_thing,
)
from reconciler.renderers.rows import Row
from reconciler.renderers.sheet import Chapter, Section, Sheet, foremost_section, section_of
from reconciler.renderers.sheet_of_findings import chapter_of_findings
from reconciler.subjects.signs import Sign

_FOREMOST, *_REST = SECTIONS
_RANKS = {"Loses access": 2, "Gains access": 3}


def sheet_of_review(review: Review) -> Sheet:
    """Admins and money from all organizations first, then what a plan will stop at, then everything else."""
    is_foremost = SECTIONS[_FOREMOST]
    foremost = [(one.organization, row_of(tell_access(one))) for one in review.access if is_foremost(one)]
    chapters = [*_beside(review), *(_organization(key, review) for key in review.organizations), *_findings(review)]
    return Sheet(
        title="Access review",
        summary=say_summary(review),
        notes=tuple(_notes(review)),
        foremost=foremost_section(_FOREMOST, foremost),
        chapters=tuple(chapter for chapter in chapters if chapter.sections),
        whole="review",
        digest=hashlib.sha256(to_json("review", review).encode()).hexdigest(),
    )


def _notes(review: Review) -> Iterator[str]:
    yield f"From {say_side(review.base)} to {say_side(review.head)}"
    yield from review.notices
    if review.resolved:
        yield f"{count(len(review.resolved), 'earlier finding is', 'earlier findings are')} gone"


def _beside(review: Review) -> Iterator[Chapter]:
    """What a plan will stop at, who consents to it, and what belongs to no organization."""
    given = [
        Row(sign=Sign.ADD, subject=str(one.address), access=one.allow, note=one.reason, place=one.place)
        for one in review.consents_given
    ]
    withdrawn = [
        Row(sign=Sign.REMOVE, subject=str(one.address), access=one.allow, note="withdrawn")
        for one in review.consents_withdrawn
    ]
    renamed = [
        Row(sign=Sign.CHANGE, subject=str(one.before), access=f"is {one.after.key} now", note="")
        for one in review.renames
    ]
    settings = [Row(sign=Sign.CHANGE, subject=one.name, access=say_value(one), note="") for one in review.settings]
    yield _chapter(
        "Consents",
        _section("Need a consent", (row_of(tell_step(one)) for one in review.steps), 1),
        _section("Consents given", [*given, *withdrawn], 1),
    )
    yield _chapter("Workspace, in force after this change", _section("Settings", settings, 1))
    yield _chapter(
        "People",
        _section("Directory", (row_of(tell_person(one)) for one in review.people), 5),
        _section("Other names for the same", renamed, 6),
    )


def _organization(key: str, review: Review) -> Chapter:
    left = [one for one in review.access if one.organization == key and not SECTIONS[_FOREMOST](one)]
    sections: list[Section | None] = []
    for title in _REST:
        chosen = [one for one in left if SECTIONS[title](one)]
        left = [one for one in left if not SECTIONS[title](one)]
        sections.append(_section(title, (row_of(tell_access(one)) for one in chosen), _RANKS.get(title, 4)))
    things = (row_of(tell_thing(one)) for one in review.things if one.address.organization == key)
    return _chapter(key, *sections, _section("The organization and its assets", things, 4))


def _findings(review: Review) -> Iterator[Chapter]:
    yield chapter_of_findings("Could not be compared", review.head.problems)
    yield chapter_of_findings("New findings", review.findings)
    yield chapter_of_findings("New findings of policies", review.policy_findings)


def _chapter(title: str, *sections: Section | None) -> Chapter:
    return Chapter(title=title, sections=tuple(section for section in sections if section is not None))


def _section(title: str, rows: Iterable[Row], rank: int) -> Section | None:
    return section_of(title, rows, rank=rank)


def remarks_on_review(review: Review) -> list[Finding]:
    """New findings, and steps that still need somebody's consent."""
    steps = [
        Finding(
            id="needs-consent",
            severity=Severity.WARNING,
            message=f"{one.action.replace('_', ' ')} {one.address}: {one.why}",
            place=one.place,
            advice=f"somebody who may decide it adds {{allow: {one.action}, address: {one.address}}} to `consents:`",
            address=str(one.address),
        )
        for one in review.steps
        if one.consent is None
    ]
    return [*review.head.problems, *review.findings, *review.policy_findings, *steps]


def remarks_on_admins_in(review: Review) -> list[Finding]:
    """A note on every line that makes somebody an admin or ends that."""
    return [_admin_note(one) for one in review.access if Mark.ADMIN in one.marks and one.effect is not Effect.WAY]


def _admin_note(change: AccessChange) -> Finding:
    terms = tell_access(change)
    return Finding(
        id="admin-change",
        severity=Severity.NOTE,
        message=f"{terms.subject}: {terms.what} in {change.organization}",
        place=change.place if change.after else None,
        address=f"{change.on.organization}: {change.subject.key}",
    )


REVIEW_PAGES: Mapping[str, Callable[[Review, Style], str]] = {
    "markdown": lambda review, style: render_markdown(sheet_of_review(review), style),
    "html": lambda review, style: render_html(sheet_of_review(review), style),
    "github": lambda review, style: render_workflow_commands(
        [*remarks_on_review(review), *remarks_on_admins_in(review)], style
    ),
    "sarif": lambda review, style: render_sarif(remarks_on_review(review), style, category="diff"),
    "junit": lambda review, style: render_findings_junit(Inspection(findings=remarks_on_review(review)), style),
}
