"""Rows that plans, reports, reviews and drift have in common: sign, who, what, why and where.

The signs are Terraform's, so that nobody has to learn new ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.model.drift import Drift, DriftSort
from reconciler.model.finding import Finding, Place, Severity
from reconciler.model.kinds import KINDS, Action
from reconciler.model.resource import Resource
from reconciler.model.risk import Mark
from reconciler.output.document import Block, Inline, Row, Section, Sign, Table, code, words_of
from reconciler.output.style import Tone
from reconciler.output.words import name_access, name_subject, name_title, name_values

ADD = Sign("+", Tone.ADD, "invite, create or give")
CHANGE = Sign("~", Tone.CHANGE, "change")
REMOVE = Sign("-", Tone.REMOVE, "remove")
TRANSFER = Sign(">", Tone.TRANSFER, "transfer")
FORGET = Sign(".", Tone.QUIET, "forget")
BLOCKED = Sign("!", Tone.ALARM, "blocked by a guard")
WAITING = Sign("…", Tone.CHANGE, "waiting for somebody")
LEFT_OUT = Sign("?", Tone.WARN, "left out")
UNMANAGED = Sign("=", Tone.QUIET, "unmanaged")
ALL_SIGNS = (ADD, CHANGE, REMOVE, TRANSFER, FORGET, BLOCKED, WAITING, LEFT_OUT, UNMANAGED)

SIGNS: dict[Action, Sign] = {
    **{kind.create: ADD for kind in KINDS.values()},
    **{kind.change: CHANGE for kind in KINDS.values() if kind.change is not None},
    **{kind.delete: REMOVE for kind in KINDS.values()},
    Action.REINVITE: CHANGE,
    Action.CANCEL_INVITATION: REMOVE,
    Action.REMOVE_AND_INVITE: CHANGE,
    Action.GIVE_UP_ADMIN: CHANGE,
    Action.TRANSFER_APP: TRANSFER,
    Action.FORGET: FORGET,
}
_DRIFT_SIGNS = {
    DriftSort.ADDED_OUTSIDE: Sign("+", Tone.ADD, "added outside"),
    DriftSort.CHANGED: Sign("~", Tone.CHANGE, "changed"),
    DriftSort.GONE: Sign("-", Tone.REMOVE, "gone"),
    DriftSort.EXPIRED_BUT_ACTIVE: Sign("!", Tone.ALARM, "expired but active"),
    DriftSort.UNVERIFIED: Sign("?", Tone.WARN, "unverified"),
}
MARKS: dict[Mark, str] = {
    Mark.IRREVERSIBLE: "cannot be undone",
    Mark.DISRUPTIVE: "disruptive",
    Mark.GUARD: "weakens a guard",
    Mark.ADMIN: "admin",
    Mark.COMPANY: "another company",
    Mark.MESSAGES: "messages",
    Mark.MONEY: "money",
    Mark.OUTSIDE_DOMAINS: "outside the allowed domains",
    Mark.OUTSIDE_DIRECTORY: "not in the directory",
    Mark.ACCOUNT: "another account",
    Mark.FIRST: "first access here",
    Mark.LAST: "nothing left here",
}
"""What a reader is told of each."""
_HEADER = ("who or what", "access")


def row_of(
    sign: Sign,
    subject: str,
    access: str,
    note: Inline = "",
    *,
    place: Place | None = None,
    details: Iterable[Inline] = (),
    snippet: str = "",
) -> Row:
    """A row under `rows_section`; where there are too many, those with one sign and access are told together."""
    return Row(
        cells=(code(subject), access),
        sign=sign,
        note=note,
        place=place,
        details=tuple(details),
        snippet=snippet,
        group=" ".join(filter(None, [sign.mark, access])),
        who=subject,
    )


def rows_section(title: str, rows: Iterable[Row], *, rank: int = 0, is_foremost: bool = False) -> Section | None:
    """A section of rows; None without any."""
    found = tuple(rows)
    if not found:
        return None
    return Section(title=title, blocks=(Table(header=_HEADER, rows=found),), rank=rank, is_foremost=is_foremost)


def foremost_section(title: str, rows: Iterable[tuple[str, Row]]) -> Section | None:
    """Rows of all organizations in one table, each with its organization; None without any."""
    found = []
    for organization, row in rows:
        mark = row.sign.mark if row.sign else ""
        group = " ".join(filter(None, [mark, f"{organization}:", words_of(row.cells[1])]))
        found.append(replace(row, cells=(*row.cells, code(organization)), group=group))
    if not found:
        return None
    table = Table(header=(*_HEADER, "organization"), rows=tuple(found))
    return Section(title=title, blocks=(table,), is_foremost=True)


def chapter(title: Inline, blocks: Iterable[Block | None], *, about: Inline = "") -> Section | None:
    """A section that folds, such as one for each organization; None without any blocks."""
    found = tuple(block for block in blocks if block is not None)
    return Section(title=title, about=about, blocks=found, is_folded=True) if found else None


def drift_row(found: Drift, *, status: str = "", details: Iterable[str] = ()) -> Row:
    """The row of one difference between what is live and what was made so: expected, there, and what becomes of it."""
    return row_of(
        _DRIFT_SIGNS[found.sort],
        name_subject(found.address),
        _drifted_access(found),
        _describe_cause(found, status),
        place=found.place,
        details=[*filter(None, [found.outlook]), *details],
    )


def drift_finding(found: Drift, *, severity: Severity, status: str = "", organization: str = "") -> Finding:
    """The same as a finding."""
    subject = f"{name_subject(found.address)}{organization and ' in '}{organization}"
    return Finding(
        id=f"drift-{found.sort.replace('_', '-')}",
        severity=severity,
        message=f"{subject}, {_drifted_access(found)}: {_describe_cause(found, status)}",
        place=found.place,
        advice="; ".join(filter(None, [found.outlook, found.advice])),
        address=str(found.address),
    )


def _describe_cause(found: Drift, status: str) -> str:
    return f"{', '.join(filter(None, [found.sort.label, status]))}: {found.why}"


def _drifted_access(found: Drift) -> str:
    live = _side(found.live)
    sides = live if found.sort is DriftSort.UNVERIFIED else f"{_side(found.expected)} -> {live}"
    return ", ".join(filter(None, [name_access(found.address), sides]))


def _side(resource: Resource | None) -> str:
    return "nothing" if resource is None else f"{name_values(resource)}{name_title(resource)}"
