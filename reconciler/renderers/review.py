"""A review of a change for a terminal: admins and money first, then who gains what and who loses what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reconciler.core.finding import Finding
from reconciler.core.review import AccessChange, Effect, Mark, Review
from reconciler.output.folding import fold, fold_items
from reconciler.output.style import Style, Tone
from reconciler.output.text_findings import list_findings
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.review_terms import (
    EFFECT_MEANINGS,
    EFFECT_SIGNS,
    ReviewTerms,
    say_side,
    say_summary,
    say_value,
    tell_access,
    tell_person,
    tell_step,
    tell_thing,
)
from reconciler.renderers.rows import Row, render_rows

SECTIONS: dict[str, Callable[[AccessChange], bool]] = {
    "Admins and money": lambda one: one.effect is not Effect.WAY and bool({Mark.ADMIN, Mark.MONEY} & {*one.marks}),
    "Gains access": lambda one: one.effect is Effect.GAIN,
    "Loses access": lambda one: one.effect is Effect.LOSS,
    "Other access": lambda one: one.effect is Effect.BOTH,
    "The same access in another way": lambda _: True,
}
"""Title -> what belongs under it, unless it belongs under one before."""


def render_review(review: Review, style: Style) -> str:
    """The whole review; ends with the counts, or with "No changes of access"."""
    blocks = [_opening(review, style)]
    blocks += [_organization(key, review, style) for key in review.organizations]
    blocks += _beside(review, style)
    blocks += _findings(review, style)
    blocks.append("\n".join([*fold(style.paint(say_summary(review), Tone.STRONG), style.width), ""]))
    return "\n".join(block for block in blocks if block)


def _opening(review: Review, style: Style) -> str:
    lines = [f"Changes from {make_visible(say_side(review.base))} to {make_visible(say_side(review.head))}"]
    used = {change.effect for change in review.access}
    legend = [
        f"{style.paint(EFFECT_SIGNS[effect].mark, EFFECT_SIGNS[effect].tone)} {meaning}"
        for effect, meaning in EFFECT_MEANINGS.items()
        if effect in used
    ]
    lines += fold_items(legend, "   ", style.width, "  ")
    for notice in review.notices:
        lines += fold(f"{style.paint('note', Tone.STRONG)}: {make_visible(notice)}", style.width)
    return "".join(f"{line}\n" for line in lines)


def _organization(key: str, review: Review, style: Style) -> str:
    left = [change for change in review.access if change.organization == key]
    lines = [style.paint(make_visible(key), Tone.STRONG)]
    for title, belongs in SECTIONS.items():
        lines += _section(title, [tell_access(change) for change in left if belongs(change)], style)
        left = [change for change in left if not belongs(change)]
    things = [tell_thing(change) for change in review.things if change.address.organization == key]
    return "\n".join([*lines, *_section("The organization and its assets", things, style)]) + "\n"


def _section(title: str, terms: Sequence[ReviewTerms], style: Style) -> list[str]:
    lines = _lines(terms, style)
    return ["", f"  {style.paint(title, Tone.STRONG)}", *lines] if lines else []


def _lines(terms: Iterable[ReviewTerms], style: Style) -> list[str]:
    return render_rows(list(map(row_of, terms)), style)


def row_of(terms: ReviewTerms) -> Row:
    """The notes behind the rest, in one line."""
    return Row(
        sign=terms.sign, subject=terms.subject, access=terms.what, note="; ".join(terms.notes), place=terms.place
    )


def _beside(review: Review, style: Style) -> Iterator[str]:
    """What belongs to no organization, and what a plan will stop at."""
    yield _block("Steps that need a consent, unless they are done already", _steps(review, style), style)
    yield _block("People", _lines(map(tell_person, review.people), style), style)
    renames = (f"{one.before} is {one.after.key} now" for one in review.renames)
    yield _block("Other names for the same", _items(renames, style), style)
    given = (f"{one.allow}: {one.address}: {one.reason or 'without a reason'}" for one in review.consents_given)
    yield _block("Consents given", _items(given, style), style)
    withdrawn = (f"{one.allow}: {one.address}" for one in review.consents_withdrawn)
    yield _block("Consents withdrawn", _items(withdrawn, style), style)
    yield _block("Workspace, in force after this change", _items(map(say_value, review.settings), style), style)


def _steps(review: Review, style: Style) -> list[str]:
    """With the notes below, because they are long."""
    rows = [
        Row(sign=one.sign, subject=one.subject, access=one.what, note="", place=one.place, details=one.notes)
        for one in map(tell_step, review.steps)
    ]
    return render_rows(rows, style)


def _items(items: Iterable[str], style: Style) -> list[str]:
    return [line for item in items for line in fold(make_visible(item), style.width, "    ")]


def _block(title: str, lines: Sequence[str], style: Style) -> str:
    return "\n".join([style.paint(title, Tone.STRONG), *lines]) + "\n" if lines else ""


def _findings(review: Review, style: Style) -> Iterator[str]:
    yield _finding_block("New findings", review.findings, style)
    yield _finding_block("New findings of policies", review.policy_findings, style)
    if review.resolved:
        number = len(review.resolved)
        yield f"{count(number, 'earlier finding is', 'earlier findings are')} gone.\n"


def _finding_block(title: str, findings: Sequence[Finding], style: Style) -> str:
    if not findings:
        return ""
    return f"{style.paint(title, Tone.STRONG)}\n{list_findings(findings, style)}"
