"""What an apply did: one row per change with its outcome, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model.change import Change
from reconciler.model.live import explain_unread, summarize_unread
from reconciler.model.outcome import (
    Applied,
    Failed,
    InDoubt,
    Outcome,
    Refused,
    Report,
    Waits,
    role_behind,
)
from reconciler.model.plan import Plan
from reconciler.output.access_terms import AccessTerms, describe
from reconciler.output.document import Block, Document, Paragraph, Row, Section, Sign, plain
from reconciler.output.json import Output
from reconciler.output.rows import first_section, row_of, rows_section
from reconciler.output.signs import SIGNS, WAITING
from reconciler.output.style import Tone
from reconciler.output.words import count

REPORT = Output(name="report", title="Report: what apply did", value=Report)

_WORDS: dict[str, str] = {
    "applied": "applied",
    "requested": "requested",
    "waits": "waiting",
    "failed": "failed",
    "refused": "refused",
    "in_doubt": "in doubt",
}
"""Kind of an outcome -> how a report says it."""
_TITLES: dict[str, str] = {
    "failed": "Failed",
    "in_doubt": "In doubt",
    "refused": "Not tried",
    "waits": "Waiting",
    "requested": "Requested",
    "applied": "Applied",
}
"""In the order in which they matter."""

_FAILED = Sign("!", Tone.ALARM, "failed or not tried")
_IN_DOUBT = Sign("?", Tone.WARN, "in doubt")

Told = tuple[Outcome, AccessTerms, Row]


def document_of_report(plan: Plan, report: Report) -> Document:
    """All outcomes: admins first, then organization by organization, trouble before success."""
    systems = {part.organization: part.system for part in plan.organizations}
    told: dict[str, list[Told]] = {}
    for change, outcome in report.results:
        key = change.address.organization
        terms = terms_of(systems.get(key, ""), change)
        told.setdefault(key, []).append((outcome, terms, _show(terms, change, outcome)))
    foremost = [(key, terms, row) for key, found in told.items() for _, terms, row in found if terms.is_foremost]
    blocks: list[Block | None] = [first_section(foremost)]
    blocks += [_organization(key, systems.get(key, ""), found) for key, found in told.items()]
    blocks += [Paragraph(text=advice) for advice in _advise(report)]
    return Document(
        title="Access changes",
        is_title_needless=True,
        summary=summary_of_report(plan, report),
        notes=explain_unread(report.unread),
        blocks=tuple(block for block in blocks if block is not None),
        whole="report",
        digest=_digest(plan, report),
    )


def summary_of_report(plan: Plan, report: Report) -> str:
    """`Applied 3 changes; 2 requested, 1 waiting, 1 failed, 2 not tried, 1 blocked.`."""
    outcomes = Counter(_WORDS[outcome.kind] for _, outcome in report.results)
    done = f"Applied {count(outcomes.pop('applied', 0), 'change', 'changes')}"
    held = [f"{number:,} {word}" for word in _WORDS.values() if (number := outcomes[word])]
    untried = len(plan.changes) + len(plan.asks) - len(report.results)
    if untried > 0:
        held.append(f"{untried:,} not tried")
    if report.blocked:
        held.append(f"{len(report.blocked):,} blocked")
    first = f"{summarize_unread(report.unread)} " if report.unread else ""
    return f"{first}{done}; {', '.join(held)}." if held else f"{first}{done}."


def terms_of(system: str, change: Change) -> AccessTerms:
    """A change that was tried, in terms of access."""
    return describe(
        system,
        change.address,
        change.action,
        before=change.before,
        after=change.after,
        is_irreversible=bool(change.irreversible),
    )


def _organization(key: str, system: str, told: Sequence[Told]) -> Section | None:
    sections = [
        rows_section(title, (row for outcome, terms, row in told if outcome.kind == sort and not terms.is_foremost))
        for sort, title in _TITLES.items()
    ]
    found = tuple(section for section in sections if section is not None)
    return Section(title=plain(key), about=system, blocks=found, is_folded=True) if found else None


def _show(terms: AccessTerms, change: Change, outcome: Outcome) -> Row:
    """The row of one result: the sign of what became of it, and in words what and why."""
    sign, said = _tell(outcome, SIGNS[change.action])
    if role := role_behind(change, outcome):
        said = f"{said}; {role} gives what is still listed, so it is left alone from now on"
    return row_of(sign, terms.subject, terms.access, f"{change.action.replace('_', ' ')}: {said}")


def _tell(outcome: Outcome, sign: Sign) -> tuple[Sign, str]:
    match outcome:
        case Applied(kind="requested"):
            return sign, "requested"
        case Applied():
            return sign, "applied"
        case Waits(on=on, why=why, work_order=order, orders=orders):
            due = f", asked again on {orders[0].expires:%Y-%m-%d}" if orders and orders[0].expires else ""
            written = f" (work order {order}{due})" if order else ""
            return WAITING, f"waits for {on}: {why}{written}"
        case Failed(reason=reason, code=code):
            said = f" [{code}]" if code else ""
            return _FAILED, f"failed: {reason}{said}"
        case Refused(reason=reason):
            return _FAILED, f"not tried: {reason}"
        case InDoubt(reason=reason):
            return _IN_DOUBT, f"in doubt, it may have taken effect: {reason}"


def _advise(report: Report) -> list[str]:
    """What to do about everything that did not go through; waiting needs nothing."""
    told = []
    if report.of(InDoubt):
        told.append("In doubt means no answer came. The next plan reads the system first and settles it.")
    if report.of(Failed, Refused):
        told.append("What failed or was refused stays open: run `reconciler plan` to see what is left to do.")
    return told


def _digest(plan: Plan, report: Report) -> str:
    """SHA-256 of the report as `--format json` writes it."""
    return REPORT.digest(report.about(plan))
