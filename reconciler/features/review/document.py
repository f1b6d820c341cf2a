"""A review of a change: admins, money, approvals and guards first, then who gains and who loses what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from reconciler.features.review.model import (
    AccessChange,
    Commit,
    DangerousStep,
    Effect,
    PersonChange,
    Review,
    Side,
    ThingChange,
    ValueChange,
)
from reconciler.model import (
    KINDS,
    Access,
    Attributes,
    Finding,
    Inspection,
    Mark,
    Risk,
    Severity,
    count,
    name_attributes,
    name_subject,
)
from reconciler.output.document import (
    Block,
    Document,
    Findings,
    Inline,
    Legend,
    Row,
    Section,
    Sign,
    Tone,
    join,
    plain,
    words_of,
)
from reconciler.output.findings import Annotations, annotations_of_findings
from reconciler.output.json import Output
from reconciler.output.rows import (
    MARKS,
    Judged,
    by_organization,
    chapter,
    describe_risk,
    first_section,
    hide_below,
    id_of_risk,
    name_some,
    row_of,
    rows_section,
    titled_sections,
)

REVIEW = Output(name="review", title="Review of a change: who gains and who loses what", value=Review)

_EFFECT_SIGNS: dict[Effect, Sign] = {
    Effect.GAIN: Sign("+", Tone.ADD, "gains access"),
    Effect.LOSS: Sign("-", Tone.REMOVE, "loses access"),
    Effect.BOTH: Sign("~", Tone.CHANGE, "more in one respect, less in another"),
    Effect.WAY: Sign("=", Tone.QUIET, "the same access in another way"),
}
_NEW = Sign("+", Tone.ADD, "new")
_CHANGED = Sign("~", Tone.CHANGE, "changed")
_GONE = Sign("-", Tone.REMOVE, "gone")
_NEEDS_APPROVAL = Sign("!", Tone.ALARM, "needs an approval")
_DIRECTLY = "directly"
_ABOUT_ONE = ("another account: ", "first access here, as ", "was in ")
"""Notes that no two people have in common."""
_USUAL = {"employment": "employee", "mode": "additive", "ownership": "own"}
"""Values that go without saying for something new."""

_TITLES = {
    Effect.GAIN: "Gains access",
    Effect.LOSS: "Loses access",
    Effect.BOTH: "Other access",
    Effect.WAY: "The same access in another way",
}
_THINGS = "The organization and its assets"
_SECTIONS = {**dict.fromkeys((*_TITLES.values(), _THINGS), 4), _TITLES[Effect.GAIN]: 3, _TITLES[Effect.LOSS]: 2}
"""Heading -> rank where there is not room for all."""
_MAX_COMMITS = 3
"""So many are told one by one."""
_OTHERS = "Other settings and approvals"


def document_of_review(review: Review, least: Risk = Risk.LOW) -> Document:
    """Everything in it that is at least so risky, and what belongs to no risk."""
    commits: dict[str, list[Commit]] = {}
    for commit in review.commits:
        for file in commit.files:
            commits.setdefault(file, []).append(commit)
    judged = [*_workspace(review), *(_judge_access(one, commits) for one in review.access)]
    shown, hidden = hide_below(least, [*judged, *map(_judge_thing, review.things)])
    used = {change.effect for change in review.access}
    legend = Legend(signs=tuple(sign for effect, sign in _EFFECT_SIGNS.items() if effect in used)) if used else None
    blocks: list[Block | None] = [first_section(shown), legend, _people(review)]
    blocks.append(rows_section(_OTHERS, (one.row for one in shown if one.title == _OTHERS and not one.is_foremost)))
    parts = by_organization(shown)
    blocks += [chapter(plain(key), titled_sections(parts.get(key, []), _SECTIONS)) for key in review.organizations]
    for title, findings in (
        ("Could not be compared", review.head.problems),
        ("New findings", review.other_findings),
        ("New findings of policies", review.policy_findings),
    ):
        blocks.append(chapter(title, [Findings(findings=findings)] if findings else []))
    return Document(
        title="Access review",
        is_title_needless=True,
        summary=summary_of_review(review),
        notes=(*_notes(review), *hidden),
        blocks=tuple(filter(None, blocks)),
        whole="review",
        digest=lambda: REVIEW.digest(review),
    )


def _notes(review: Review) -> Iterator[Inline]:
    yield plain(f"Changes from {_describe_side(review.base)} to {_describe_side(review.head)}")
    if len(review.commits) > _MAX_COMMITS:
        authors = words_of(name_some(list(dict.fromkeys(one.author for one in review.commits))))
        yield plain(f"{len(review.commits):,} commits by {authors}")
    elif review.commits:
        yield plain(f"Committed by {'; '.join(map(str, review.commits))}")
    yield from review.notices
    if review.resolved:
        yield f"{count(len(review.resolved), 'earlier finding is', 'earlier findings are')} gone"


def _describe_side(side: Side) -> str:
    """`main (1a2b3c4d5e6f)`; a working tree and a full id stand alone."""
    if not side.commit:
        return side.name
    return side.name[:12] if side.commit.startswith(side.name) else f"{side.name} ({side.commit[:12]})"


def _workspace(review: Review) -> Iterator[Judged]:
    """What a plan will stop at, who approves it, and what holds back dangerous changes from now on."""
    stepped = {one.approval.terms for one in review.steps if one.approval is not None}
    for step in review.steps:
        where = step.address.organization
        yield Judged(organization=where, row=_step_row(step), title=_OTHERS, risk=step.risk, marks=step.marks)
    for one in review.approvals_given:
        if one.terms in stepped:
            continue  # it stands at the step
        note = f"approval given: {one.reason or 'without a reason'}, until {one.expires}"
        row = row_of(_NEW, str(one.address), f"{one.approve.replace('_', ' ')} is allowed", note, place=one.place)
        where = one.address.organization
        yield Judged(organization=where, row=row, title=_OTHERS, risk=Risk.HIGH, marks=(Mark.GUARD,))
    for one in review.approvals_withdrawn:
        row = row_of(_GONE, str(one.address), one.approve, "withdrawn")
        yield Judged(organization=one.address.organization, row=row, title=_OTHERS, risk=Risk.LOW)
    for value in review.settings:
        note = MARKS[Mark.GUARD] if value.marks else ""
        row = row_of(_CHANGED, value.name, _describe_sides(value), note, place=value.place)
        risk, marks = value.risk, value.marks
        yield Judged(organization="", where="the workspace", row=row, title=_OTHERS, risk=risk, marks=marks)


def _people(review: Review) -> Section | None:
    """What belongs to no organization."""
    renamed = [row_of(_CHANGED, str(one.before), f"is {one.after.key} now") for one in review.renames]
    directory = rows_section("Directory", map(_person_row, review.people), rank=5)
    return chapter("People", [directory, rows_section("Other names for the same", renamed, rank=6)])


# Access: before and after, and everything that deserves a second look.


def _judge_access(change: AccessChange, commits: Mapping[str, Sequence[Commit]]) -> Judged:
    """`eve`, `analyst -> operator on ad account us`, and why that deserves a second look."""
    notes = list(_notes_on_access(change))
    sign, access = _EFFECT_SIGNS[change.effect], _describe_change(change)
    row = row_of(sign, name_subject(change.subject), access, "; ".join(notes), place=change.place)
    place = change.place or change.earlier_place
    touching = commits.get(place.file, ()) if place else ()
    return Judged(
        organization=change.organization,
        row=replace(row, more=tuple(plain(f"committed by {one}") for one in touching[:_MAX_COMMITS])),
        title=_TITLES[change.effect],
        risk=change.risk,
        marks=change.marks,
        is_loss=change.effect is Effect.LOSS,
        common="; ".join(note for note in notes if not note.startswith(_ABOUT_ONE)),
    )


def _describe_change(change: AccessChange) -> str:
    """What is had before and after, and on what."""
    sides = [_describe_access(side) for side in (change.before, change.after) if side is not None]
    thing = "" if change.on.kind == "organization" else f"{KINDS[change.on.kind].title} {change.on.key}"
    values = " -> ".join(dict.fromkeys(sides))
    if not values:
        return f"access to {thing}"
    return f"{values} on {thing}" if thing else values


def _describe_access(access: Access) -> str:
    """`standard, finance analyst, until 2027-01-31`; empty for what carries no role and no date.

    What changes by time alone is told one after the other: `admin, until 2027-01-31; then standard`.
    """
    if len(access.spans) <= 1:
        return _describe_span(access.attributes, access.starts, access.ends)
    parts = []
    for before, span in zip((None, *access.spans), access.spans, strict=False):
        follows = before is not None and before.ends == span.starts
        part = _describe_span(span.attributes, None if follows else span.starts, span.ends) or "access"
        parts.append(f"then {part}" if follows else part)
    return "; ".join(parts)


def _describe_span(attributes: Attributes, starts: date | None, ends: date | None) -> str:
    dates = [f"from {starts}" if starts else "", f"until {ends}" if ends else ""]
    return ", ".join(part for part in (name_attributes(attributes), *dates) if part)


def _notes_on_access(change: AccessChange) -> Iterator[str]:
    for mark in change.marks:
        if mark is Mark.ACCOUNT and change.before and change.after:
            yield f"another account: {change.before.identity} -> {change.after.identity}"
        elif mark is Mark.FIRST and change.after and change.after.identity:
            yield f"first access here, as {change.after.identity}"
        elif mark is Mark.GUARD:
            yield "protection lifted"
        elif mark is not Mark.COMPANY:  # the row names the partner
            yield MARKS[mark]
    ways = [_describe_ways(side, change) for side in (change.before, change.after) if side is not None]
    paths = " -> ".join(dict.fromkeys(ways))
    if paths != _DIRECTLY:
        yield paths
    if change.after is None:
        yield f"was in {change.earlier_place}"
        return
    yield from dict.fromkeys(f"reason: {way.reason}" for way in change.after.ways if way.reason)


def _describe_ways(access: Access, change: AccessChange) -> str:
    """`directly`, `through group:buyers`, `through asset group all`; several are joined."""
    ways = []
    for way in access.ways:
        hops = [way.through] if way.through else []
        if way.address.kind == "asset_group_access" and change.on.kind == "ad_account":
            hops.append(f"asset group {way.address.parts[0]}")
        text = f"through {join(hops)}" if hops else _DIRECTLY
        if len(access.ways) > 1 and way.attributes:
            text += f" {name_attributes(way.attributes)}"
        ways.append(f"{text}, protected" if way.protect else text)
    return " and ".join(dict.fromkeys(ways))


# Things, people and steps.


def _judge_thing(change: ThingChange) -> Judged:
    """An organization, an asset or a connection, with the values that differ."""
    address = change.address
    kind = KINDS[address.kind]
    name = address.key if kind.name == "organization" else name_subject(address)
    sign, values, notes = _compare_sides(change)
    if kind.parents:
        others = zip(kind.parents[1:], address.parts[1:], strict=True)
        what = f"{kind.title}: " + " ".join(f"{KINDS[parent].title} {part}" for parent, part in others)
    else:
        what = values or kind.title
    row = row_of(sign, name, what, "; ".join(notes), place=change.after)
    return Judged(organization=address.organization, row=row, title=_THINGS, risk=change.risk, marks=change.marks)


def _person_row(change: PersonChange) -> Row:
    """An entry of the directory, and where the person has access."""
    where = f"has access in {join(change.organizations)}" if change.organizations else "has no access"
    sign, values, notes = _compare_sides(change)
    return row_of(sign, change.key, values or "person", "; ".join((*notes, where)), place=change.after)


def _compare_sides(change: ThingChange | PersonChange) -> tuple[Sign, str, list[str]]:
    """What differs, `mode: additive -> authoritative`; or what something new or gone is like, and where it was."""
    if change.before and change.after:
        return _CHANGED, "; ".join(f"{value.name}: {_describe_sides(value)}" for value in change.values), []
    values = [(one.name, one.after or one.before) for one in change.values]
    notes = [f"{name} {text}" for name, text in values if _USUAL.get(name) != text]
    return (_NEW, "", notes) if change.after else (_GONE, "", [*notes, f"was in {change.before}"])


def _describe_sides(value: ValueChange) -> str:
    return f"{value.before or 'nothing'} -> {value.after or 'nothing'}"


def _step_row(step: DangerousStep) -> Row:
    """A step that a plan will not take without an approval."""
    approval = f"needs an approval: {{approve: {step.action}, address: {step.address}}}"
    if step.approval is not None:
        approval = f"approval given: {step.approval.reason or 'without a reason'}, until {step.approval.expires}"
    return row_of(
        _NEEDS_APPROVAL,
        str(step.address),
        step.action.replace("_", " "),
        f"{MARKS[step.marks[0]]}: {step.why}",
        details=(approval,),
        place=step.place,
    )


# In a line, and as findings.


def summary_of_review(review: Review) -> str:
    """What there is to judge, counted: people rather than lines."""
    if review.head.problems:
        return "Nothing could be compared."
    if review.is_empty:
        return "No changes of access."
    return f"Review: {', '.join(_counts(review)) or 'no changes of access'}."


def outputs_of_review(review: Review) -> dict[str, str]:
    """`gains`, `losses`, `critical`, `high`, `admin_changes`, `needs_approval`, `findings`, `policy_findings`, ...

    `empty` and `summary`.
    """
    found = Counter(change.effect for change in review.access)
    return {
        "gains": str(found[Effect.GAIN]),
        "losses": str(found[Effect.LOSS]),
        "critical": str(sum(risk is Risk.CRITICAL for risk in review.risks)),
        "high": str(sum(risk is Risk.HIGH for risk in review.risks)),
        "admin_changes": str(review.summary.admins),
        "needs_approval": str(sum(step.approval is None for step in review.steps)),
        "findings": str(len(review.findings)),
        "policy_findings": str(len(review.policy_findings)),
        "empty": str(review.is_empty).lower(),
        "summary": summary_of_review(review),
    }


def _counts(review: Review) -> Iterator[str]:
    for effect, one, several in (
        (Effect.GAIN, "gains access", "gain access"),
        (Effect.LOSS, "loses access", "lose access"),
        (Effect.BOTH, "gets other access", "get other access"),
    ):
        whose = {change.subject for change in review.access if change.effect is effect}
        people = {subject.key for subject in whose if subject.kind == "member"}
        partners = len({subject for subject in whose if subject.kind == "partner"})
        if people:
            yield count(len(people), f"person {one}", f"people {several}")
        if partners:
            yield count(partners, f"partner {one}", f"partners {several}")
    kept = {person for dropped in review.dropped for person in dropped.people}
    marks = [mark for change in review.access if change.effect is not Effect.WAY for mark in change.marks]
    steps = [step for step in review.steps if step.approval is None]
    new = (*review.findings, *review.policy_findings)
    for number, one, several in (
        (len(review.dropped), "organization no longer managed", "organizations no longer managed"),
        (len(kept), "person keeps access that nobody watches", "people keep access that nobody watches"),
        (marks.count(Mark.ADMIN), "admin change", "admin changes"),
        (marks.count(Mark.MONEY), "change about money", "changes about money"),
        (len(steps), "step that needs an approval", "steps that need an approval"),
        (len(new), "new finding", "new findings"),
    ):
        if number:
            yield count(number, one, several)


def annotations_of_review(review: Review, least: Risk = Risk.HIGH) -> Annotations:
    """New findings, and steps that still need somebody's approval."""
    steps = [
        Finding(
            id="needs-approval",
            severity=Severity.WARNING,
            message=f"{one.action.replace('_', ' ')} {one.address}: {one.why}",
            place=one.place,
            advice=f"somebody who may decide it adds {{approve: {one.action}, address: {one.address}}} to `approvals:`",
            address=str(one.address),
        )
        for one in review.steps
        if one.approval is None
    ]
    findings = [*review.head.problems, *review.other_findings, *review.policy_findings, *steps]
    annotations = annotations_of_findings(Inspection(findings=findings), category="diff")
    return replace(annotations, notes=list(_remarks_on_risks(review, least)))


def _remarks_on_risks(review: Review, least: Risk) -> Iterator[Finding]:
    """A note on every line that asks for something as risky, or weakens a guard."""
    for change in review.access:
        if change.risk.rank <= least.rank and (change.effect is not Effect.WAY or Mark.GUARD in change.marks):
            effect, what = _EFFECT_SIGNS[change.effect].meaning, _describe_change(change)
            said = f"{name_subject(change.subject)}: {effect}: {what} in {change.organization}"
            yield Finding(
                id=id_of_risk(change.marks),
                severity=Severity.NOTE,
                message=f"{said}{describe_risk(change.risk, change.marks)}",
                place=change.place if change.after else None,
                address=f"{change.on.organization}: {change.subject.key}",
            )
    for judged in (*map(_judge_thing, review.things), *_workspace(review)):
        if judged.marks and judged.risk.rank <= least.rank:
            row = judged.row
            yield Finding(
                id=id_of_risk(judged.marks),
                severity=Severity.NOTE,
                message=f"{row.who}: {words_of(row.cells[1])}{describe_risk(judged.risk, judged.marks)}",
                place=row.place,
                address=f"{judged.organization or judged.where}: {row.who}",
            )
