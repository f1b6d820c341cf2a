"""Rows that plans, reports, reviews and drift have in common: sign, who, what, why and where.

The signs are Terraform's, so that nobody has to learn new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model import (
    KINDS,
    Action,
    Drift,
    DriftSort,
    Finding,
    Mark,
    Place,
    Resource,
    Risk,
    Severity,
    count,
    dataclass,
    name_access,
    name_subject,
    name_title,
    name_values,
    reading_order,
)
from reconciler.output.document import (
    Block,
    Inline,
    Row,
    Section,
    Sign,
    Span,
    SpanStyle,
    Table,
    Tone,
    code,
    plain,
    words_of,
)

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
_MANY = 3
"""From so many on, rows that say the same are told as one."""
_MAX_NAMED = 2


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A row of a plan, review or drift report, and what decides where it stands."""

    organization: str
    row: Row
    risk: Risk
    title: str = ""
    """The heading under which it stands, unless it is shown first."""
    marks: tuple[Mark, ...] = ()
    is_loss: bool = False
    """Whether it only takes access away."""
    is_held: bool = False
    """Whether nothing happens, because a guard stops it: it is told last."""
    where: str = ""
    """In how many organizations, for a row that stands for several."""
    common: Inline = ""
    """Why, as far as others may have the same reason: without the address that is invited."""

    @property
    def is_foremost(self) -> bool:
        """Whether it is shown however much else there is."""
        return self.is_held or self.risk in (Risk.CRITICAL, Risk.HIGH)

    @property
    def place(self) -> tuple[bool, bool, int]:
        """Where it stands among others."""
        return self.is_held, self.risk is not Risk.CRITICAL, reading_order(self.marks, is_loss=self.is_loss)


def first_section(found: Iterable[Judged]) -> Section | None:
    """What a reviewer reads first, of all organizations; None where nothing matters that much.

    In the order of the marks; then how many others gain and lose access; last what is blocked.
    """
    ordered = sorted(found, key=lambda one: one.place)
    first = [one for one in ordered if one.is_foremost]
    if not first:
        return None
    told = [one for one in first if not one.is_held]
    counts = [f"{number:,} {risk}" for risk in Risk if (number := sum(one.risk is risk for one in told))]
    rows = [*map(_first_row, merge_alike(told))]
    for is_loss in (False, True) if told else ():
        least = Risk.LOW if is_loss else Risk.MEDIUM
        others = [one for one in ordered if not one.is_foremost and one.is_loss is is_loss and one.risk is least]
        rows += _rest_row(others, is_loss=is_loss)
    rows += map(_first_row, merge_alike(one for one in first if one.is_held))
    title = f"Look at this first: {', '.join(counts)}" if told else "Blocked: nothing of this is done"
    table = Table(header=("risk", *_HEADER, "organization"), rows=tuple(rows))
    return Section(title=title, blocks=(table,), is_foremost=True)


def describe_risk(risk: Risk, marks: Sequence[Mark]) -> str:
    """` (high risk: admin, money)`: how much something matters, and why, behind what it is."""
    why = ", ".join(MARKS[mark] for mark in marks)
    return f" ({risk} risk{why and ': '}{why})"


def id_of_risk(marks: Collection[Mark]) -> str:
    """Under which id a remark stands about something that is risky and no mistake."""
    return "admin-change" if Mark.ADMIN in marks else "risky-change"


def hide_below(least: Risk, found: Iterable[Judged]) -> tuple[list[Judged], list[str]]:
    """What is at least as risky, and a note about the rest, so that nobody takes some of it for everything."""
    every = list(found)
    shown = [one for one in every if one.risk.rank <= least.rank]
    if len(shown) == len(every):
        return shown, []
    hidden = count(len(every) - len(shown), "line is", "lines are")
    return shown, [f"Only what is at least {least} is shown: {hidden} below that."]


def _first_row(judged: Judged) -> Row:
    row, risk = judged.row, judged.risk.value
    mark = row.sign.mark if row.sign else ""
    # Of many organizations each is named behind the person, of many people each behind the organization.
    common = row.who if judged.where else judged.organization
    group = " ".join(filter(None, (mark, risk, f"{common}:", words_of(row.cells[1]))))
    shown = Span(risk, SpanStyle.STRONG) if judged.risk is Risk.CRITICAL else risk
    where = judged.where or code(judged.organization)
    each = tuple(replace(one, group=group) for one in row.of)
    return replace(row, cells=(shown, *row.cells, where), group=group, of=each)


def _rest_row(others: Sequence[Judged], *, is_loss: bool) -> Iterator[Row]:
    """How many others gain or lose access, told in full below."""
    if not others:
        return
    names = list(dict.fromkeys(one.row.who for one in others))
    organizations = list(dict.fromkeys(one.organization for one in others))
    where = organizations[0] if len(organizations) == 1 else count(len(organizations), "organization", "organizations")
    sign, what = (REMOVE, "lose access, or some of it: below") if is_loss else (ADD, "gain access: below")
    yield Row(
        cells=(others[0].risk.value, name_some(names), what, where),
        sign=sign,
        group=f"{sign.mark} {what}",
        who=f"{len(names):,} people and things",
    )


def by_organization(found: Iterable[Judged]) -> dict[str, list[Judged]]:
    """All of one organization together, in their order."""
    parts: dict[str, list[Judged]] = {}
    for one in found:
        parts.setdefault(one.organization, []).append(one)
    return parts


def titled_sections(found: Collection[Judged], ranks: Mapping[str, int]) -> Iterator[Section | None]:
    """What is not shown first, under its headings in the order of their ranks."""
    for title, rank in ranks.items():
        alike = merge_alike(one for one in found if one.title == title and not one.is_foremost)
        yield rows_section(title, (one.row for one in alike), rank=rank)


def merge_alike(found: Iterable[Judged]) -> list[Judged]:
    """Rows that say the same of one in many organizations, or of many in one, as one row that stands for them."""
    by_subject = _merge(found, lambda one: (one.row.who, _sameness(one)), _over_organizations)
    return _merge(by_subject, lambda one: (one.organization, _sameness(one)), _over_subjects)


def _sameness(one: Judged) -> tuple[object, ...]:
    row = one.row
    guard = words_of(row.details[0]).partition(":")[0] if one.is_held and row.details else row.details
    return one.risk, one.is_held, row.sign, row.cells[1:], one.common or row.note, guard, bool(row.of)


def _merge(
    found: Iterable[Judged], key: Callable[[Judged], object], merge: Callable[[Sequence[Judged]], Judged]
) -> list[Judged]:
    alike: dict[object, list[Judged]] = {}
    for one in found:
        alike.setdefault(key(one), []).append(one)
    merged: list[Judged] = []
    for items in alike.values():
        stands_for_others = any(one.row.of for one in items)
        merged += [merge(items)] if len(items) >= _MANY and not stands_for_others else items
    return merged


def _over_organizations(items: Sequence[Judged]) -> Judged:
    names = [one.organization for one in items]
    details = (f"in {words_of(name_some(names, _most_named(items[0])))}", *_shared_details(items))
    rows = [replace(one.row, who=one.organization) for one in items]
    return replace(_merged(items, rows, details=details), where=f"{len(items):,} organizations")


def _over_subjects(items: Sequence[Judged]) -> Judged:
    subject = name_some([one.row.who for one in items], _most_named(items[0]))
    rows = [one.row for one in items]
    return _merged(items, rows, details=_shared_details(items), subject=subject)


def _most_named(one: Judged) -> int | None:
    """How many are named in the row itself: all of those that a reviewer must not overlook."""
    return None if one.is_foremost and not one.is_held else _MAX_NAMED


def _merged(
    items: Sequence[Judged], rows: Sequence[Row], *, details: tuple[Inline, ...], subject: Inline = ""
) -> Judged:
    first = items[0]
    places = {one.row.place for one in items}
    row = replace(
        first.row,
        cells=(subject or first.row.cells[0], *first.row.cells[1:]),
        note=first.common or first.row.note,
        place=first.row.place if len(places) == 1 else None,
        details=details,
        snippet="",
        more=(),
        of=tuple(rows),
    )
    return replace(first, row=row)


def _shared_details(items: Sequence[Judged]) -> tuple[Inline, ...]:
    """What all of them say below; the lines that would allow each stand with each."""
    details = items[0].row.details[: -1 if items[0].row.snippet else None]
    same = [
        detail
        for number, detail in enumerate(details)
        if all(one.row.details[number : number + 1] == (detail,) for one in items)
    ]
    allowed = ["an approval could allow each; its line stands in the list of them"] if items[0].row.snippet else []
    return (*same, *allowed)


def name_some(names: Sequence[str], most: int | None = _MAX_NAMED) -> Inline:
    """`a`, `a, b`, `a, b and 10 more`; all of them with None."""
    shown = names if most is None or len(names) <= most + 1 else names[:most]
    pieces: list[Span] = []
    for name in shown:
        pieces += [plain(", "), code(name)] if pieces else [code(name)]
    rest = len(names) - len(shown)
    return (*pieces, plain(f" and {rest:,} more")) if rest else tuple(pieces)


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
        message=f"{subject}, {_drifted_access(found)}: {_describe_cause(found, status)}"
        f"{describe_risk(found.severity, found.marks)}",
        place=found.place,
        advice="; ".join(filter(None, [found.outlook, found.advice])),
        address=str(found.address),
    )


def _describe_cause(found: Drift, status: str) -> str:
    return f"{', '.join(filter(None, [found.sort.label, status]))}: {found.why}"


def _drifted_access(found: Drift) -> str:
    before = [] if found.sort is DriftSort.UNVERIFIED else [_side(found.expected)]
    sides = " -> ".join(dict.fromkeys([*before, _side(found.live)]))
    return ", ".join(filter(None, [name_access(found.address), sides]))


def _side(resource: Resource | None) -> str:
    return "nothing" if resource is None else f"{name_values(resource)}{name_title(resource)}"
