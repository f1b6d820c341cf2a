"""What an apply did, one row per change with its outcome; and whether a plan does what somebody agreed to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from reconciler.apply.steps import agreed_to, is_same_request
from reconciler.features.planning.document import AccessTerms, blocked_row, judge_row, terms_of
from reconciler.model import (
    Address,
    Applied,
    Change,
    Failed,
    Finding,
    InDoubt,
    OrganizationPlan,
    Outcome,
    Plan,
    Refused,
    Report,
    Risk,
    Severity,
    Waiting,
    Waits,
    count,
    dataclass,
    explain_unread,
    role_behind,
    summarize_unread,
)
from reconciler.output.document import Block, Document, Paragraph, Row, Sign, Tone, explain_approval, plain
from reconciler.output.findings import Annotations, Case, case_of
from reconciler.output.json import Output
from reconciler.output.rows import (
    SIGNS,
    WAITING,
    by_organization,
    chapter,
    describe_risk,
    drift_finding,
    first_section,
    id_of_risk,
    row_of,
    titled_sections,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDifference:
    """How a plan departs from the one that was reviewed; steps are told as they were agreed to."""

    asks: tuple[Waiting, ...]
    """What people are asked for besides, and no reviewer has seen like this."""
    withdrawals: tuple[Finding, ...]
    """What people are told not to do any more, and no reviewer has seen."""
    unseen: tuple[Change, ...]
    """Steps that no reviewer has seen like this, in the order of the plan."""
    missing: tuple[Change, ...]
    """Steps that were reviewed and are in the plan no more, or not like this."""
    is_reordered: bool
    """The same steps come in another order."""

    @property
    def is_none(self) -> bool:
        """The plan does exactly what was reviewed."""
        return not (self.asks or self.withdrawals or self.unseen or self.missing or self.is_reordered)


def compare_plans(*, reviewed: Plan, plan: Plan) -> PlanDifference:
    """How `plan` departs from `reviewed`."""
    agreed, steps = list(map(agreed_to, reviewed.changes)), list(map(agreed_to, plan.changes))
    unseen, missing = _without(steps, agreed), _without(agreed, steps)
    # Which organization comes first decides nothing.
    orders = [sorted(changes, key=lambda change: change.address.organization) for changes in (agreed, steps)]
    is_reordered = not (unseen or missing) and orders[0] != orders[1]
    told = {(finding.address, finding.message) for finding in reviewed.withdrawals}
    return PlanDifference(
        asks=tuple(one for one in plan.asks if not any(is_same_request(one, seen) for seen in reviewed.asks)),
        withdrawals=tuple(one for one in plan.withdrawals if (one.address, one.message) not in told),
        unseen=unseen,
        missing=missing,
        is_reordered=is_reordered,
    )


def _without(changes: Iterable[Change], others: Iterable[Change]) -> tuple[Change, ...]:
    left: defaultdict[Address, list[Change]] = defaultdict(list)
    for other in others:
        left[other.address].append(other)
    found = []
    for change in changes:
        if change in left[change.address]:
            left[change.address].remove(change)
        else:
            found.append(change)
    return tuple(found)


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


def document_of_report(plan: Plan, report: Report) -> Document:
    """All outcomes: admins first, then organization by organization, trouble before success."""
    systems = {part.organization: part.system for part in plan.organizations}
    judged = []
    for change, outcome in report.results:
        key = change.address.organization
        terms = terms_of(systems.get(key, ""), change)
        judged.append(judge_row(key, terms, change, _row(terms, change, outcome), title=_TITLES[outcome.kind]))
    for blocked in report.blocked:
        key = blocked.change.address.organization
        terms = terms_of(systems.get(key, ""), blocked.change)
        judged.append(judge_row(key, terms, blocked.change, blocked_row(terms, blocked)))
    parts, ranks = by_organization(judged), dict.fromkeys(_TITLES.values(), 0)
    blocks: list[Block | None] = [first_section(one for found in parts.values() for one in found if one.is_foremost)]
    for key, found in parts.items():
        blocks.append(chapter(plain(key), titled_sections(found, ranks), about=systems.get(key, "")))
    if later := len(plan.waiting) - len(plan.asks):
        steps = count(later, "further step waits", "further steps wait")
        blocks.append(Paragraph(text=f"{steps}; `reconciler plan` says for what."))
    if report.of(InDoubt):
        advice = "In doubt means no answer came. The next plan reads the system first and settles it."
        blocks.append(Paragraph(text=advice))
    if report.of(Failed, Refused):
        advice = "What failed or was refused stays open: run `reconciler plan` to see what is left to do."
        blocks.append(Paragraph(text=advice))
    return Document(
        title="Access changes",
        is_title_needless=True,
        summary=summary_of_report(plan, report),
        notes=explain_unread(report.unread),
        blocks=tuple(filter(None, blocks)),
        whole="report",
        digest=lambda: REPORT.digest(report.about(plan)),
    )


def name_outcome(outcome: Outcome) -> str:
    """As a report counts it: `applied`, `waiting`, `in doubt`, ..."""
    return _WORDS[outcome.kind]


def summary_of_report(plan: Plan, report: Report) -> str:
    """`Applied 3 changes; 2 requested, 1 waiting, 1 failed, 2 not tried, 1 blocked.`."""
    outcomes = Counter(name_outcome(outcome) for _, outcome in report.results)
    done = f"Applied {count(outcomes.pop('applied', 0), 'change', 'changes')}"
    held = [f"{number:,} {word}" for word in _WORDS.values() if (number := outcomes[word])]
    untried = len(plan.changes) + len(plan.asks) - len(report.results)
    if untried > 0:
        held.append(f"{untried:,} not tried")
    if report.blocked:
        held.append(f"{len(report.blocked):,} blocked")
    first = f"{summarize_unread(report.unread)} " if report.unread else ""
    return f"{first}{done}; {', '.join(held)}." if held else f"{first}{done}."


def _row(terms: AccessTerms, change: Change, outcome: Outcome) -> Row:
    """The row of one result: the sign of what became of it, and in words what and why."""
    sign, result = _describe(outcome, SIGNS[change.action])
    if role := role_behind(change, outcome):
        result = f"{result}; {role} gives what is still listed, so it is left alone from now on"
    return row_of(sign, terms.subject, terms.access, f"{change.action.replace('_', ' ')}: {result}")


def _describe(outcome: Outcome, sign: Sign) -> tuple[Sign, str]:
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
            return _FAILED, f"failed: {reason}{code and f' [{code}]'}"
        case Refused(reason=reason):
            return _FAILED, f"not tried: {reason}"
        case InDoubt(reason=reason):
            return _IN_DOUBT, f"in doubt, it may have taken effect: {reason}"


def annotations_of_report(plan: Plan, report: Report) -> Annotations:
    """A case for each change: what did not go through has failed, what waits for somebody is skipped."""
    systems = {part.organization: part.system for part in plan.organizations}
    suites: dict[str, list[Case]] = {}
    for unread in report.unread:
        suites.setdefault(unread.organization, []).append(case_of(unread.finding))
    for change, outcome in report.results:
        key = change.address.organization
        waits = f"waits for {outcome.on}: {outcome.why}" if isinstance(outcome, Waits) else ""
        remark = _remark(terms_of(systems.get(key, ""), change), change, outcome)
        suites.setdefault(key, []).append(Case(name=f"{change.action} {change.address}", finding=remark, skipped=waits))
    remarks = [case.finding for cases in suites.values() for case in cases if case.finding is not None]
    return Annotations(category="apply", remarks=remarks, suites=suites)


def _remark(terms: AccessTerms, change: Change, outcome: Outcome) -> Finding | None:
    """What is to be said of one outcome; nothing when it went through or waits for somebody."""
    match outcome:
        case Failed(reason=reason, code=code):
            return remark_on(change, f"{terms} failed: {reason}{code and f' [{code}]'}", id_="failed-change")
        case Refused(reason=reason):
            return remark_on(change, f"{terms} was not tried: {reason}", id_="refused-change")
        case InDoubt(reason=reason):
            text = f"{terms} may have taken effect or not: {reason}"
            return remark_on(change, text, id_="change-in-doubt", severity=Severity.WARNING)
        case _:
            return None


def annotations_of_plan(plan: Plan, least: Risk = Risk.HIGH) -> Annotations:
    """What stops a plan or makes it incomplete has failed, what waits is skipped, other changes pass."""
    remarks = {part.organization: list(_remarks(part)) for part in plan.organizations}
    suites = {
        part.organization: [*_cases(part), *map(case_of, remarks[part.organization])] for part in plan.organizations
    }
    return Annotations(
        category="plan",
        remarks=[*plan.findings, *(remark for found in remarks.values() for remark in found)],
        notes=list(_remarks_on_risks(plan, least)),
        suites={**suites, "plan": [case_of(finding) for finding in plan.findings]},
    )


def _remarks_on_risks(plan: Plan, least: Risk) -> Iterator[Finding]:
    """A note on every line that asks for something as risky, for a reviewer who reads the diff."""
    for part in plan.organizations:
        for change in part.changes:
            if change.risk.rank <= least.rank:
                terms = terms_of(part.system, change)
                text = f"{terms} in {part.organization}{describe_risk(change.risk, change.marks)}"
                yield remark_on(change, text, id_=id_of_risk(change.marks), severity=Severity.NOTE)


def remark_on(change: Change, text: str, *, id_: str, severity: Severity = Severity.ERROR, advice: str = "") -> Finding:
    """A finding about a change; the text goes on after the name of the action."""
    return Finding(
        id=id_,
        severity=severity,
        message=f"{change.action.replace('_', ' ')} {text}",
        place=change.place,
        advice=advice,
        address=str(change.address),
    )


def _cases(part: OrganizationPlan) -> Iterator[Case]:
    for change in part.changes:
        yield Case(name=f"{change.action} {change.address}")
    for waiting in part.waiting:
        since = f" since {waiting.since}" if waiting.since else ""
        yield Case(
            name=f"{waiting.action} {waiting.address}", skipped=f"waits for {waiting.on}{since}: {waiting.reason}"
        )


def _remarks(part: OrganizationPlan) -> Iterator[Finding]:
    for blocked in part.blocked:
        terms = terms_of(part.system, blocked.change)
        yield remark_on(
            blocked.change,
            f"{terms} is blocked, {blocked.guard}: {blocked.message}"
            f"{describe_risk(blocked.change.risk, blocked.change.marks)}",
            id_="blocked-change",
            advice=blocked.approval and f"{explain_approval(blocked.approval)} {blocked.approval}",
        )
    for item in part.left_out:
        message = f"nothing is known or done about {item.address}: {item.reason}"
        yield Finding(id="left-out", severity=Severity.WARNING, message=message, address=str(item.address))
    for found in part.drift:
        if not found.is_unmanaged:
            yield drift_finding(found, severity=Severity.WARNING)
