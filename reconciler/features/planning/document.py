"""A plan, told so that a reviewer can judge it: who gains what, who loses what, what is held back."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum

from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    Attributes,
    Blocked,
    Change,
    Finding,
    LeftOut,
    Limit,
    Mark,
    OrganizationPlan,
    Plan,
    Risk,
    Shape,
    System,
    Waiting,
    ask_about_states,
    count,
    dataclass,
    explain_unread,
    is_administrator,
    is_downgrade,
    name_access,
    name_subject,
    name_title,
    plan_to_json,
    summarize_unread,
)
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Findings,
    Legend,
    Paragraph,
    Row,
    Section,
    Sign,
    explain_approval,
    join,
    plain,
)
from reconciler.output.rows import (
    ADD,
    ALL_SIGNS,
    BLOCKED,
    CHANGE,
    FORGET,
    LEFT_OUT,
    MARKS,
    REMOVE,
    SIGNS,
    TRANSFER,
    UNMANAGED,
    WAITING,
    Judged,
    by_organization,
    chapter,
    drift_row,
    first_section,
    hide_below,
    row_of,
    rows_section,
    titled_sections,
)
from reconciler.systems.catalogue import SYSTEMS

_SAID = frozenset({Mark.DISRUPTIVE, Mark.MESSAGES, Mark.MONEY, Mark.OUTSIDE_DOMAINS, Mark.OUTSIDE_DIRECTORY})
"""Marks that nothing else in the row says."""


class Direction(StrEnum):
    """What a change does to access, as its heading says it."""

    GAIN = "Gains access"
    LOSS = "Loses access"
    OTHER = "Other changes"
    """Neither or both: ownership, a new asset, a role that can do other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTerms:
    """One line of a plan before it is laid out."""

    subject: str
    """Who or what: a person, `partner north-agency`, `TikTok account acme-handle`."""
    access: str
    """`standard -> admin`, `operator on ad account us-brand`."""
    direction: Direction

    def __str__(self) -> str:
        return f"{self.subject} ({self.access})" if self.access else self.subject


def terms_of(system: str, step: Change | Waiting) -> AccessTerms:
    """A step on something in a system, by the name that a plan has for the system."""
    kind, is_gone = step.address.kind, step.before is None or step.before.status.is_gone
    had = step.before.attributes if step.before is not None and not is_gone else None
    gets = step.after.attributes if step.after is not None else None
    sides = [side for side in (had, gets) if side is not None]
    known = _system_that_knows(system, kind, sides)
    return AccessTerms(
        subject=name_subject(step.address),
        access=name_access(step.address, *sides),
        direction=_direction(known, kind, step.action, had or {}, gets or {}),
    )


def _system_that_knows(system: str, kind: str, sides: Sequence[Attributes]) -> System | None:
    """The variant of a system in which all these roles exist; a plan names only the system itself."""
    roles = [role for side in sides if isinstance(role := side.get("role"), str)]
    variants = SYSTEMS.get(system, {}).values()
    return next((variant for variant in variants if all(variant.find_role(kind, role) for role in roles)), None)


def _direction(known: System | None, kind: str, action: Action, had: Attributes, gets: Attributes) -> Direction:
    if SIGNS[action] is REMOVE:
        return Direction.LOSS
    if SIGNS[action] is ADD:
        is_access = KINDS[kind].shape in (Shape.MEMBERSHIP, Shape.GRANT)
        return Direction.GAIN if is_access else Direction.OTHER
    if known is None or SIGNS[action] is not CHANGE:
        return Direction.OTHER
    less = is_downgrade(known, kind, before=had, after=gets)
    more = is_downgrade(known, kind, before=gets, after=had)
    if less is more:
        # Both or neither; what decides then is whether somebody stops or starts to manage other people.
        was, becomes = (is_administrator(known, kind, side) for side in (had, gets))
        less, more = was and not becomes, becomes and not was
    if less is more:
        return Direction.OTHER
    return Direction.LOSS if less else Direction.GAIN


def judge_row(
    organization: str, terms: AccessTerms, step: Change | Waiting, row: Row, *, title: str = "", common: str = ""
) -> Judged:
    """The row of a step with what decides where it stands; `common` is its reason without what is about it alone."""
    return Judged(
        organization=organization,
        row=row,
        title=title,
        risk=step.risk,
        marks=step.marks,
        is_loss=terms.direction is Direction.LOSS,
        is_held=row.sign is BLOCKED,
        common=common,
    )


def describe_change(change: Change) -> tuple[str, str]:
    """What is done and why, and the same without the address that is invited: many may have that in common."""
    action = change.action.replace("_", " ")
    # A key alone does not say who gets the invitation.
    invited = change.after.identity if change.action in INVITATIONS and change.after is not None else ""
    why = "no reason given" if change.why == "declared" else change.why
    reasons = [MARKS[mark] for mark in change.marks if mark in _SAID]
    reasons += [f"until {change.expires}"] if change.expires else []
    common = "; ".join([f"{action}: {why}" if why else action, *reasons])
    return f"{action} {invited}{common[len(action) :]}" if invited else common, common


def change_row(terms: AccessTerms, change: Change) -> Row:
    """The row of a change: its action and cause, whom it goes to, and whatever a reviewer must not overlook."""
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by an approval": change.approval,
    }
    return row_of(
        SIGNS[change.action],
        terms.subject,
        terms.access,
        describe_change(change)[0],
        place=change.place,
        details=[f"{label}: {text}" for label, text in details.items() if text],
    )


_WAITING = "Waiting"
_SECTIONS: dict[str, int] = {Direction.GAIN: 3, Direction.LOSS: 2, Direction.OTHER: 4, _WAITING: 6}
"""Heading -> rank where there is not room for all."""
_MANY = 4
"""From so many on, things that are left out for the same reason share a row."""
_MAX_NAMED = 5
_NEARLY = 0.9
"""The share of a limit from which on it is told in brief."""
_VERBS = {ADD: "create", CHANGE: "change", TRANSFER: "transfer", REMOVE: "remove", FORGET: "forget"}
_SPECIAL_VERBS = {
    Action.INVITE: "invite",
    Action.REQUEST_ACCESS: "request",
    Action.LINK: "request",
    Action.GRANT: "grant",
    Action.SHARE: "grant",
}
VERBS: dict[Action, str] = {action: _SPECIAL_VERBS.get(action, _VERBS[sign]) for action, sign in SIGNS.items()}
"""Action -> the verb under which the closing line counts it."""
VERB_ORDER = ("create", "invite", "grant", "request", "change", "transfer", "remove", "forget")


def document_of_plan(plan: Plan, least: Risk = Risk.LOW) -> Document:
    """Everything a reviewer has to judge that is at least so risky."""
    shown, hidden = hide_below(least, (one for part in plan.organizations for one in _judge(part, plan.today)))
    parts = by_organization(shown)
    used = _used_signs(plan)
    strangers = plan.undeclared_admins
    others = [finding for finding in plan.findings if finding not in strangers]
    blocks: list[Block | None] = [
        _findings("Admins whom nobody declared", strangers, is_foremost=True),
        first_section(one for one in shown if one.title != _WAITING or one.is_foremost),
        Legend(signs=tuple(sign for sign in ALL_SIGNS if sign in used)) if used else None,
        *(_organization(part, parts.get(part.organization, []), plan.today) for part in plan.organizations),
        _findings("Findings", others),
    ]
    return Document(
        title=f"Access plan for {plan.today}",
        is_title_needless=not used,
        summary=summary_of_plan(plan),
        notes=(*_notes(plan), *hidden),
        blocks=tuple(filter(None, blocks)),
        whole="plan",
        digest=lambda: digest_of_plan(plan),
    )


def digest_of_plan(plan: Plan) -> str:
    """SHA-256 of the file that `plan -o` writes: what `sha256sum` prints, and what the audit log keeps."""
    return hashlib.sha256(plan_to_json(plan).encode()).hexdigest()


def _notes(plan: Plan) -> Iterator[str]:
    if plan.is_from_records:
        yield "Nothing was read from any system: this plan takes what is recorded for what is there."
    yield from explain_unread(plan.unread)
    if plan.targets:
        # Exclusions are recorded with a leading `!`.
        only = [target for target in plan.targets if not target.startswith("!")]
        without = [target[1:] for target in plan.targets if target.startswith("!")]
        parts = [f"{word} {join(names)}" for word, names in (("to", only), ("to everything but", without)) if names]
        yield f"Limited {', '.join(parts)}: this is not a whole plan."
    if plan.first_runs and not plan.is_settled:
        yield ask_about_states(plan.first_runs)


def _findings(title: str, findings: Sequence[Finding], *, is_foremost: bool = False) -> Section | None:
    if not findings:
        return None
    blocks = (Findings(findings=findings),)
    return Section(title=title, blocks=blocks, is_foremost=is_foremost, is_folded=not is_foremost)


def _used_signs(plan: Plan) -> set[Sign]:
    held = {
        BLOCKED: any(part.blocked for part in plan.organizations),
        WAITING: any(part.waiting for part in plan.organizations),
        LEFT_OUT: any(part.left_out for part in plan.organizations),
    }
    return {SIGNS[change.action] for change in plan.changes} | {sign for sign, is_used in held.items() if is_used}


def _organization(part: OrganizationPlan, judged: Sequence[Judged], today: date) -> Section | None:
    """One organization's part; None when there is nothing at all to say about it."""
    blocks: list[Block | None] = list(titled_sections(judged, _SECTIONS))
    if part.not_managed:
        blocks.insert(0, Paragraph(text=f"Not managed, so not looked at: {', '.join(part.not_managed)}."))
    drift = (drift_row(found) for found in part.drift if not found.is_unmanaged)
    blocks += [_left_out(part, today), rows_section("Drift", drift, rank=7), _unmanaged(part)]
    if any(blocks):
        blocks.append(_limits(part))
    return chapter(plain(part.organization), blocks, about=f"{part.system}, {part.mode}")


def _judge(part: OrganizationPlan, today: date) -> Iterator[Judged]:
    """The changes in the order in which they are carried out, then what waits, then what is blocked."""
    key = part.organization
    for number, change in enumerate(part.changes, start=1):
        terms = terms_of(part.system, change)
        actor = f" by {change.actor}" if change.actor else ""
        needs = f", after {', '.join(map(str, change.needs))}" if change.needs else ""
        step = f"step {number} of {len(part.changes)}{actor}: {change.address}{needs}"
        row = replace(change_row(terms, change), more=(plain(step),))
        yield judge_row(key, terms, change, row, title=terms.direction, common=describe_change(change)[1])
    for waiting in part.waiting:
        terms = terms_of(part.system, waiting)
        yield judge_row(key, terms, waiting, _waiting_row(terms, waiting, today), title=_WAITING)
    for blocked in part.blocked:
        terms = terms_of(part.system, blocked.change)
        yield judge_row(key, terms, blocked.change, blocked_row(terms, blocked))


def _waiting_row(terms: AccessTerms, waiting: Waiting, today: date) -> Row:
    """On whom it waits, since when and why."""
    # A reason that names whom it waits for says it all; twice in one line nobody reads it.
    names_them = re.search(rf"(?<!\w){re.escape(waiting.on)}(?!\w)", waiting.why) is not None
    age = _format_age(waiting.since, today)
    note = f"{waiting.why}{age and ','}{age}" if names_them else f"waits for {waiting.on}{age}: {waiting.why}"
    note += waiting.reason.removeprefix(waiting.why)
    return row_of(WAITING, terms.subject, terms.access, note, place=waiting.place)


def blocked_row(terms: AccessTerms, blocked: Blocked) -> Row:
    """The guard with its numbers, and the exact line that would let the change through."""
    return row_of(
        BLOCKED,
        terms.subject,
        f"stays {terms.access}" if blocked.change.after is None and terms.access else terms.access,
        change_row(terms, blocked.change).note,
        place=blocked.change.place,
        details=(
            f"{blocked.guard}: {blocked.message}",
            explain_approval(blocked.approval),
        ),
        snippet=blocked.approval,
    )


def _format_age(since: date | None, today: date) -> str:
    """` since 2026-11-20 (2 days)`; empty when nobody knows."""
    if since is None:
        return ""
    days = (today - since).days
    age = f" ({count(days, 'day', 'days')})" if days > 0 else ""
    return f" since {since}{age}"


def _left_out(part: OrganizationPlan, today: date) -> Detail | None:
    """What the plan says nothing about, and why; in brief, many for the same reason share a row."""
    alike: dict[tuple[str, date | None], list[LeftOut]] = {}
    for item in part.left_out:
        alike.setdefault((item.reason, item.since), []).append(item)
    in_brief: list[Row] = []
    for (reason, since), items in alike.items():
        if len(items) < _MANY:
            in_brief += [_left_out_row(item, today) for item in items]
            continue
        names = list(dict.fromkeys(name_subject(item.address) for item in items))
        rest = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
        named = f"{', '.join(names[:_MAX_NAMED])}{rest} (list them with -v)"
        note = f"{reason}{_format_age(since, today)}"
        in_brief.append(row_of(LEFT_OUT, count(len(items), "thing", "things"), "", note, details=(named,)))
    full = rows_section("Left out", (_left_out_row(item, today) for item in part.left_out), rank=5)
    return Detail(full=full, brief=rows_section("Left out", in_brief, rank=5)) if full else None


def _left_out_row(item: LeftOut, today: date) -> Row:
    note = f"{item.reason}{_format_age(item.since, today)}"
    return row_of(LEFT_OUT, name_subject(item.address), name_access(item.address), note)


def _unmanaged(part: OrganizationPlan) -> Detail | None:
    """How many live things nobody declared, and each of them."""
    rows = []
    for found in part.drift:
        if found.is_unmanaged and found.live is not None:
            live = found.live
            since = f" since {live.since}" if live.since else ""
            identity = f", {live.identity}" if live.identity else ""
            note = f"{live.status.replace('_', ' ')}{since}{identity}{name_title(live)}"
            access = name_access(live.address, live.attributes)
            rows.append(row_of(UNMANAGED, name_subject(live.address), access, note))
    full = rows_section("Unmanaged", rows, rank=8)
    if full is None:
        return None
    number = count(len(rows), "live thing", "live things")
    return Detail(full=full, brief=Section(title=f"Unmanaged: {number} never declared, left alone (list them with -v)"))


def _limits(part: OrganizationPlan) -> Detail | None:
    """Which limits the plan held its members to, and who says so; in brief only those that are nearly reached."""
    touched = (*part.changes, *(blocked.change for blocked in part.blocked))
    if not part.limits or not any(change.address.kind == "member" for change in touched):
        return None
    near = [limit for limit in part.limits if limit.used >= _NEARLY * limit.most]
    return Detail(full=_limits_paragraph(part.limits), brief=_limits_paragraph(near) if near else None)


def _limits_paragraph(found: Sequence[Limit]) -> Paragraph:
    by_origin: dict[str, list[str]] = {}
    for limit in found:
        what = "members" if limit.what == "members" else f"with role {limit.what}"
        by_origin.setdefault(limit.origin, []).append(f"{limit.used:,} of {limit.most:,} {what}")
    limits = "; ".join(f"{', '.join(uses)} ({origin})" for origin, uses in by_origin.items())
    return Paragraph(text=plain(f"Limits: {limits}."))


# A plan in a line.


def summary_of_plan(plan: Plan) -> str:
    """`Plan: 3 to invite, 2 to remove, 1 waiting, 1 blocked.`, or that there is nothing to do."""
    if plan.unread:
        return f"{summarize_unread(plan.unread)} {_counts(plan)}"
    if not plan.is_settled:
        return _counts(plan)
    limit = " within the chosen targets" if plan.targets else ""
    question = f" {ask_about_states(plan.first_runs)}" if plan.first_runs else ""
    if plan.is_from_records:
        return f"No changes{limit} against what is recorded; nothing was read.{question}"
    if not plan.is_as_declared:
        return "No changes. What is told above stays as it is."
    if plan.undeclared_admins:
        strangers = count(len(plan.undeclared_admins), "admin is", "admins are")
        return f"No changes{limit}, but {strangers} not declared."
    return f"No changes{limit}.{question}" if question else f"No changes. Access matches the manifests{limit}."


def _counts(plan: Plan) -> str:
    verbs = Counter(VERBS[change.action] for change in plan.changes)
    counted = [f"{verbs[verb]:,} to {verb}" for verb in VERB_ORDER if verbs[verb]]
    counted += [f"{len(plan.asks):,} to ask for"] if plan.asks else []
    counted = counted or ["no change now"]
    held = {
        "waiting": len(plan.waiting) - len(plan.asks),
        "blocked": len(plan.blocked),
        "left out": sum(len(part.left_out) for part in plan.organizations),
    }
    counted += [f"{number:,} {word}" for word, number in held.items() if number]
    return f"Plan: {', '.join(counted)}."


def count_effects(plan: Plan) -> dict[str, int]:
    """How much it creates, updates and deletes, requests to people included; what is only forgotten is no effect."""
    steps: list[Change | Waiting] = [*plan.changes, *plan.asks]
    signs = Counter(SIGNS[step.action] for step in steps)
    return {"create": signs[ADD], "update": signs[CHANGE] + signs[TRANSFER], "delete": signs[REMOVE]}


# A plan as findings and test cases.
