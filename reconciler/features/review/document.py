"""A review of a change: admins, money, approvals and guards first, then who gains and who loses what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.features.review.model import AccessChange, Effect, Mark, Review
from reconciler.features.review.rows import (
    CHANGED,
    EFFECT_SIGNS,
    GONE,
    NEW,
    tell_access,
    tell_person,
    tell_step,
    tell_thing,
)
from reconciler.features.review.words import say_side, say_sides, say_summary
from reconciler.output.document import Block, Document, Findings, Inline, Legend, Row, Section, plain
from reconciler.output.json import Output
from reconciler.output.rows import foremost_section, row_of, rows_section
from reconciler.output.words import count

REVIEW = Output(name="review", title="Review of a change: who gains and who loses what", value=Review)

_FOREMOST = "Admins and money"
_SECTIONS: dict[str, Callable[[AccessChange], bool]] = {
    _FOREMOST: lambda one: one.effect is not Effect.WAY and bool({Mark.ADMIN, Mark.MONEY} & {*one.marks}),
    "Gains access": lambda one: one.effect is Effect.GAIN,
    "Loses access": lambda one: one.effect is Effect.LOSS,
    "Other access": lambda one: one.effect is Effect.BOTH,
    "The same access in another way": lambda _: True,
}
"""Title -> what belongs under it, unless it belongs under one before."""
_RANKS = {"Loses access": 2, "Gains access": 3}


def document_of_review(review: Review) -> Document:
    """The whole review."""
    foremost = [(one.organization, tell_access(one)) for one in review.access if _title_of(one) == _FOREMOST]
    used = {change.effect for change in review.access}
    legend = Legend(signs=tuple(sign for effect, sign in EFFECT_SIGNS.items() if effect in used)) if used else None
    blocks: list[Block | None] = [legend, foremost_section(_FOREMOST, foremost), *_beside(review)]
    blocks += [_organization(key, review) for key in review.organizations]
    blocks += _findings(review)
    return Document(
        title="Access review",
        is_title_needless=True,
        summary=say_summary(review),
        notes=tuple(_notes(review)),
        blocks=tuple(block for block in blocks if block is not None),
        whole="review",
        digest=_digest(review),
    )


def _title_of(change: AccessChange) -> str:
    return next(title for title, belongs in _SECTIONS.items() if belongs(change))


def _notes(review: Review) -> Iterator[Inline]:
    yield plain(f"Changes from {say_side(review.base)} to {say_side(review.head)}")
    yield from review.notices
    if review.resolved:
        yield f"{count(len(review.resolved), 'earlier finding is', 'earlier findings are')} gone"


def _beside(review: Review) -> Iterator[Section | None]:
    """What a plan will stop at, who approves it, and what belongs to no organization."""
    given = [
        row_of(NEW, str(one.address), one.approve, one.reason or "without a reason", place=one.place)
        for one in review.approvals_given
    ]
    withdrawn = [row_of(GONE, str(one.address), one.approve, "withdrawn") for one in review.approvals_withdrawn]
    renamed = [row_of(CHANGED, str(one.before), f"is {one.after.key} now") for one in review.renames]
    settings = [row_of(CHANGED, one.name, say_sides(one)) for one in review.settings]
    steps = map(tell_step, review.steps)
    yield rows_section("Steps that need an approval, unless they are done already", steps, is_foremost=True)
    yield rows_section("Approvals given or withdrawn", [*given, *withdrawn], is_foremost=True)
    yield rows_section("Workspace, in force after this change", settings, is_foremost=True)
    yield _chapter(
        "People",
        rows_section("Directory", map(tell_person, review.people), rank=5),
        rows_section("Other names for the same", renamed, rank=6),
    )


def _organization(key: str, review: Review) -> Section | None:
    rows: dict[str, list[Row]] = {title: [] for title in _SECTIONS}
    for change in review.access:
        if change.organization == key:
            rows[_title_of(change)].append(tell_access(change))
    sections = [
        rows_section(title, found, rank=_RANKS.get(title, 4)) for title, found in rows.items() if title != _FOREMOST
    ]
    things = (tell_thing(one) for one in review.things if one.address.organization == key)
    return _chapter(plain(key), *sections, rows_section("The organization and its assets", things, rank=4))


def _findings(review: Review) -> Iterator[Section | None]:
    for title, findings in (
        ("Could not be compared", review.head.problems),
        ("New findings", review.findings),
        ("New findings of policies", review.policy_findings),
    ):
        yield _chapter(title, Findings(findings=findings) if findings else None)


def _chapter(title: Inline, *blocks: Block | None) -> Section | None:
    found = tuple(block for block in blocks if block is not None)
    return Section(title=title, blocks=found, is_folded=True) if found else None


def _digest(review: Review) -> str:
    """SHA-256 of the review as `--format json` writes it."""
    return REVIEW.digest(review)
