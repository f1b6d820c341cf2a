"""What an apply did, for a terminal: one line per change with its outcome, and the counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from reconciler.core.change import Change
from reconciler.core.outcome import Applied, Failed, InDoubt, Outcome, Refused, Report, Waits
from reconciler.core.plan import Plan
from reconciler.output.folding import fold
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.rows import Row, render_rows
from reconciler.subjects.access_terms import describe
from reconciler.subjects.signs import SIGNS, Sign

_WORDS: dict[type[Outcome], str] = {
    Applied: "applied",
    Waits: "waiting",
    Failed: "failed",
    Refused: "refused",
    InDoubt: "in doubt",
}


def render_report(plan: Plan, report: Report, style: Style) -> str:
    """All outcomes by organization in the order in which they happened; ends with the counts."""
    systems = {part.organization: part.system for part in plan.organizations}
    lines: list[str] = []
    for organization in dict.fromkeys(change.address.organization for change, _ in report.results):
        results = [result for result in report.results if result[0].address.organization == organization]
        rows = [show_result(systems.get(organization, ""), change, outcome) for change, outcome in results]
        lines += [style.paint(make_visible(organization), Tone.STRONG), *render_rows(rows, style), ""]
    for advice in advise(report):
        lines += [*fold(advice, style.width), ""]
    lines += fold(style.paint(render_report_closing(plan, report), Tone.STRONG), style.width)
    return "\n".join(lines) + "\n"


def render_report_closing(plan: Plan, report: Report) -> str:
    """`Applied 3 changes; 1 waiting, 1 failed, 2 not tried.`."""
    outcomes = Counter(_WORDS[type(outcome)] for _, outcome in report.results)
    done = f"Applied {count(outcomes.pop('applied', 0), 'change', 'changes')}"
    held = [f"{number:,} {word}" for word in _WORDS.values() if (number := outcomes[word])]
    untried = len(plan.changes) - len(report.results)
    if untried > 0:
        held.append(f"{untried:,} not tried")
    return f"{done}; {', '.join(held)}." if held else f"{done}."


def show_result(system: str, change: Change, outcome: Outcome) -> Row:
    """The row of one result: the sign of what became of it, and in words what and why."""
    terms = describe(system, change.address, change.action, before=change.before, after=change.after)
    row = Row(sign=SIGNS[change.action], subject=terms.subject, access=terms.access, note="")
    action = change.action.replace("_", " ")
    match outcome:
        case Applied():
            return replace(row, note=f"{action}: applied")
        case Waits(on=on, why=why, work_order=order):
            written = f" (work order {order})" if order else ""
            return replace(row, sign=Sign.WAITING, note=f"{action}: waits for {on}: {why}{written}")
        case Failed(reason=reason, code=code):
            said = f" [{code}]" if code else ""
            return replace(row, sign=Sign.BLOCKED, note=f"{action}: failed: {reason}{said}")
        case Refused(reason=reason):
            return replace(row, sign=Sign.BLOCKED, note=f"{action}: not tried: {reason}")
        case InDoubt(reason=reason):
            return replace(row, sign=Sign.LEFT_OUT, note=f"{action}: in doubt, it may have taken effect: {reason}")


def advise(report: Report) -> list[str]:
    """What to do about everything that did not go through; waiting needs nothing."""
    told = []
    if report.of(InDoubt):
        told.append("In doubt means no answer came. The next plan reads the system first and settles it.")
    if report.of(Failed, Refused):
        told.append("What failed or was refused stays open: run `reconciler plan` to see what is left to do.")
    return told
