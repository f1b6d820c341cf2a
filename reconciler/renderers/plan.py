"""A plan for a terminal, told so that a reviewer can judge it: who gains what, who loses what, what is held back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.core.change import Change
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.output.folding import fold, fold_items
from reconciler.output.style import Style, Tone
from reconciler.output.text_findings import list_findings
from reconciler.output.visible import make_visible
from reconciler.output.words import count, join
from reconciler.renderers.held_back import (
    blocked_lines,
    drift_lines,
    left_out_lines,
    tell,
    unmanaged_lines,
    waiting_lines,
)
from reconciler.renderers.rows import Row, render_rows, show_change
from reconciler.subjects.access_terms import AccessTerms, Direction
from reconciler.subjects.signs import SIGNS, VERB_ORDER, VERBS, Sign

TITLES = {
    Direction.GAIN: "Gains access",
    Direction.LOSS: "Loses access",
    Direction.OTHER: "Other changes",
}
"""What a change does to access -> the heading under which it stands."""


def render_plan(plan: Plan, style: Style) -> str:
    """The whole plan; ends with the counts or with "No changes"."""
    blocks = [*_opening(plan, style)]
    if plan.undeclared_admins:
        blocks.append(list_findings(plan.undeclared_admins, style))
    blocks += [block for part in plan.organizations if (block := render_organization(part, plan, style))]
    others = [finding for finding in plan.findings if finding not in plan.undeclared_admins]
    if others:
        blocks.append(list_findings(others, style))
    closing = fold(style.paint(render_closing(plan), Tone.STRONG), style.width)
    blocks.append("\n".join([*closing, ""]))
    return "\n".join(blocks)


def render_closing(plan: Plan) -> str:
    """`Plan: 3 to invite, 2 to remove, 1 waiting, 1 blocked.`, or that there is nothing to do."""
    if plan.is_settled and not plan.is_as_declared:
        return "No changes. What is told above stays as it is."
    if plan.is_settled:
        limit = " within the chosen targets" if plan.targets else ""
        if plan.undeclared_admins:
            strangers = count(len(plan.undeclared_admins), "admin is", "admins are")
            return f"No changes{limit}, but {strangers} not declared."
        return f"No changes. Access matches the manifests{limit}."
    verbs = Counter(VERBS[change.action] for change in plan.changes)
    counted = [f"{verbs[verb]:,} to {verb}" for verb in VERB_ORDER if verbs[verb]] or ["nothing to do now"]
    held = {
        "waiting": len(plan.waiting),
        "blocked": len(plan.blocked),
        "left out": sum(len(part.left_out) for part in plan.organizations),
    }
    counted += [f"{number:,} {word}" for word, number in held.items() if number]
    return f"Plan: {', '.join(counted)}."


def render_organization(part: OrganizationPlan, plan: Plan, style: Style) -> str:
    """One organization's part; empty when there is nothing at all to say about it."""
    sections = [
        *_changes(part, style),
        _section("Waiting", waiting_lines(part, plan.today, style), style),
        _section("Blocked", blocked_lines(part, style), style),
        _section("Left out: nothing is known or done about these", left_out_lines(part, plan.today, style), style),
        _section("Drift", drift_lines(part, style), style),
        unmanaged_lines(part, style),
    ]
    lines = [line for section in sections for line in section]
    if not lines:
        return ""
    title = f"{style.paint(make_visible(part.organization), Tone.STRONG)} ({part.system}, {part.mode})"
    return "\n".join([title, *lines]) + "\n"


def _opening(plan: Plan, style: Style) -> Iterator[str]:
    if plan.targets:
        limit = style.paint(make_visible(say_limit(plan.targets)), Tone.WARN)
        yield "\n".join([*fold(limit, style.width), ""])
    used = _used_signs(plan)
    if used:
        legend = [f"{style.paint(sign.mark, sign.tone)} {sign.meaning}" for sign in Sign if sign in used]
        yield "\n".join([f"Plan for {plan.today}", *fold_items(legend, "   ", style.width, "  "), ""])


def say_limit(targets: Sequence[str]) -> str:
    """What a plan is limited to, in words; exclusions are recorded with a leading `!`."""
    only = [target for target in targets if not target.startswith("!")]
    without = [target[1:] for target in targets if target.startswith("!")]
    parts = [f"{word} {join(names)}" for word, names in (("to", only), ("to everything but", without)) if names]
    return f"Limited {', '.join(parts)}: this is not a whole plan."


def _used_signs(plan: Plan) -> set[Sign]:
    used = {SIGNS[change.action] for change in plan.changes}
    used |= {Sign.BLOCKED for part in plan.organizations if part.blocked}
    used |= {Sign.WAITING for part in plan.organizations if part.waiting}
    used |= {Sign.LEFT_OUT for part in plan.organizations if part.left_out}
    return used


def _changes(part: OrganizationPlan, style: Style) -> Iterator[list[str]]:
    """The changes by what they do to access; admins first, then in the order in which they are carried out."""
    told = [(tell(part, change), step, change) for step, change in enumerate(part.changes, start=1)]
    for direction, title in TITLES.items():
        chosen = [item for item in told if item[0].direction is direction]
        chosen.sort(key=lambda item: (not item[0].is_admin, item[1]))
        rows = [_row(terms, change, step, part, style) for terms, step, change in chosen]
        yield _section(title, render_rows(rows, style), style)


def _row(terms: AccessTerms, change: Change, step: int, part: OrganizationPlan, style: Style) -> Row:
    row = show_change(terms, change)
    if not style.verbose:
        return row
    actor = f" by {change.actor}" if change.actor else ""
    needs = f", after {', '.join(map(str, change.needs))}" if change.needs else ""
    return row.with_details(f"step {step} of {len(part.changes)}{actor}: {change.address}{needs}")


def _section(title: str, lines: Sequence[str], style: Style) -> list[str]:
    return ["", *fold(style.paint(title, Tone.STRONG), style.width, "  "), *lines] if lines else []


def render_counts(plan: Plan) -> str:
    """`5 changes in 2 organizations`, for a question before applying."""
    touched = sum(1 for part in plan.organizations if part.changes)
    changes = count(len(plan.changes), "change", "changes")
    return f"{changes} in {count(touched, 'organization', 'organizations')}"
