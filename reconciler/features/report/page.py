"""The report as one page: the data once, as compact JSON, and a script that shows it. Nothing is fetched.

Every text of strangers is in the JSON, in which no `<` is left, and the script only ever sets it as text. What is
invisible is made visible here. The policy in the page allows this script and these styles by their digests, and
nothing else, so that even a mistake in the script could not load, send or run anything.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

from reconciler.engine.entitlements import DatedAccess, dated_accesses, earlier
from reconciler.engine.guards import marks_of, marks_of_strangers
from reconciler.engine.holdings import AccessStatus, Holding, Reach
from reconciler.features.report.model import AccessOverview, OrganizationOverview, PendingWork, begins_later
from reconciler.model import KINDS, Address, Attributes, Finding, LoggedEntry, name_attributes, name_subject, risk_of
from reconciler.output.document import make_visible
from reconciler.output.rows import MARKS

_NOT_RECORDED = "not recorded"
_NOT_YET = "not yet"
_WORST = (AccessStatus.OVER, AccessStatus.UNDECLARED, AccessStatus.DIFFERENT)
"""Of several ways, these decide how the whole stands."""
_OUTSIDE = "not in directory"
_PARTNER = "partner"


def render_report(overview: AccessOverview) -> str:
    """The whole page."""
    from jinja2 import Environment, StrictUndefined  # needed for nothing but pages

    folder = files("reconciler.features.report") / "templates"
    page, style, script = ((folder / name).read_text("utf-8") for name in ("page.html.j2", "page.css", "page.js"))
    # After `</script>`, `<!--` and the like a browser would read on as HTML.
    data = json.dumps(_Data(overview).content(), ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    environment = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    return environment.from_string(page).render(
        title=make_visible(overview.title), at=overview.at, policy=policy, style=style, script=script, data=data
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


class _Table:
    """Values that stand once in the page and are named by their number."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def number(self, key: Any, *row: Any) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append(list(row) if row else key)
        return self._numbers[key]


class _Data:
    """The parts of the page's JSON; `page.js` names the columns of each row in the same order."""

    def __init__(self, overview: AccessOverview) -> None:
        self.overview = overview
        self.today = overview.at.date()
        self.people, self.things, self.roles, self.ways, self.notes = (_Table() for _ in range(5))
        self.notes.number("")
        about = [(one.address, (one.place.file, one.place.line) if one.place else None) for one in overview.findings]
        self.troubled: set[object] = {key for pair in about for key in pair if key}
        subjects = {one.subject for part in overview.organizations for one in part.reaches}
        for subject in sorted(subjects, key=lambda subject: subject.key):
            if subject.kind == "member":
                self.subject(subject)

    def content(self) -> Mapping[str, Any]:
        """What the script reads."""
        overview = self.overview
        cells = [cell for part in overview.organizations for cell in self.cells(part)]
        organizations = [self.organization(part) for part in overview.organizations]
        pending = [*overview.reviews, *(one for part in overview.organizations for one in part.pending)]
        pending.sort(key=lambda one: (one.since or date.min, one.about, one.sort))
        return {
            "title": make_visible(overview.title),
            "at": f"{overview.at:%Y-%m-%d %H:%M} UTC",
            "today": str(self.today),
            "since": str(overview.since),
            "minAdmins": overview.min_admins,
            "organizations": organizations,
            "people": self.people.rows,
            "things": self.things.rows,
            "roles": self.roles.rows,
            "ways": self.ways.rows,
            "notes": self.notes.rows,
            "cells": cells,
            "pending": [*map(_pending, pending)],
            "drift": [row for part in overview.organizations for row in self.drift(part)],
            "findings": [_finding(one) for one in overview.findings],
            "entries": [_entry(one) for one in overview.entries],
        }

    def organization(self, part: OrganizationOverview) -> list[Any]:
        system, declared = part.system, part.declared
        return [
            make_visible(part.key),
            make_visible(part.name),
            system.title if system else "unknown system",
            declared.mode.replace("_", " ") if declared else "not declared any more",
            str(part.last_read or ""),
            int(part.has_no_state),
            [KINDS[kind].plural for kind in declared.not_managed] if declared else [],
            [f"{thing}: {why}" for thing, why in (system.unseen.items() if system else ())],
            [[make_visible(one.person), str(one.ends or ""), make_visible(one.obstacle)] for one in part.admins],
            part.lasting_admins,
            [[f"{month:%Y-%m}", count] for month, count in part.months],
            [make_visible(name_subject(address)) for address in part.elsewhere],
            str(part.reviewed or ""),
            str(part.review_due or ""),
            int(part.review_due is not None and part.review_due <= self.today),
        ]

    def subject(self, address: Address) -> int:
        key, is_person = address.key, address.kind == "member"
        known = self.overview.people.get(key) if is_person else None
        if known is None:
            sort = _OUTSIDE if is_person else _PARTNER
            return self.people.number(key if is_person else address, make_visible(key), "", sort, "", "", 0)
        is_troubled = (known.place.file, known.place.line) in self.troubled
        words = map(make_visible, (key, known.name, known.employment, known.manager, str(known.ends or "")))
        return self.people.number(key, *words, int(is_troubled))

    def cells(self, part: OrganizationOverview) -> Iterator[list[int]]:
        order = {one.key: number for number, one in enumerate(self.overview.organizations)}
        members = {one.subject: one.ways[0] for one in part.reaches if one.on.kind == "organization"}
        for reach in part.reaches:
            on = reach.on
            is_troubled = str(on) in self.troubled
            kind = KINDS[on.kind].title
            thing = self.things.number(on, order[on.organization], kind, make_visible(on.key), int(is_troubled))
            yield self.cell(reach, part, thing, members.get(reach.subject))

    def cell(self, reach: Reach, part: OrganizationOverview, thing: int, member: Holding | None) -> list[int]:
        held = reach.effective if reach.effective is not None else reach.intended
        kind = reach.ways[0].address.kind
        if held is None:
            side = reach.ways[0].recorded or reach.ways[0].declared
            held = side.attributes if side else {}
        lines = [found for way in reach.ways for found in self.lines(way)]
        is_troubled = any(str(way.address) in self.troubled for way in reach.ways) or any(
            (file, line) in self.troubled for _, file, line in lines
        )
        pieces = tuple(dated_accesses(kind, held, part.system)) if part.system else ()
        marks = list(marks_of(kind, pieces))
        if reach.subject.kind == "member":
            sides = (member.declared, member.recorded) if member else ()
            identity = next((side.identity for side in sides if side and side.identity), "")
            marks += marks_of_strangers(reach.subject.key, identity, self.overview.allowed_domains)
        stay = _end([member]) if member else None
        return [
            self.subject(reach.subject),
            thing,
            self.role(held, pieces),
            self.notes.number(_status(reach, part, self.today)),
            self.notes.number(str(earlier(_end(reach.ways), stay) or "")),
            self.notes.number(str(reach.since or "")),
            self.notes.number(make_visible("; ".join(filter(None, map(_remark, reach.ways))))),
            int(is_troubled),
            risk_of(marks, gains=True).rank,
            self.notes.number(", ".join(MARKS[mark] for mark in marks)),
            *(number for way, _, line in lines for number in (way, line)),
        ]

    def role(self, held: Attributes, pieces: Collection[DatedAccess]) -> int:
        flags = (
            any(one.administers for one in pieces),
            any(one.handles_money for one in pieces),
            any(one.reads_messages for one in pieces),
        )
        name = name_attributes(held) or "yes"
        return self.roles.number((name, flags), make_visible(name), *map(int, flags))

    def lines(self, way: Holding) -> Iterator[tuple[int, str, int]]:
        """Of each line that gives it: number of the way, file, line; line 0 where nobody declared it."""
        address = way.address
        via = name_subject(Address(address.organization, "asset_group", address.parts[0]))
        via = via if address.kind == "asset_group_access" else ""
        if way.declared is None:
            yield self.way("", via, "", ""), "", 0
            return
        for line in way.declared.lines:
            if line.expires is None or line.expires > self.today or way.is_active:
                yield self.way(line.through, via, line.reason, line.place.file), line.place.file, line.place.line

    def way(self, *words: str) -> int:
        return self.ways.number(words, *map(make_visible, words))

    def drift(self, part: OrganizationOverview) -> Iterator[list[Any]]:
        for one in part.drift:
            live = name_attributes(one.last.attributes) if one.last else "gone"
            is_accepted = one.is_accepted(self.today)
            said = f"accepted by {one.accepted_by or 'somebody'}: {one.reason}" if one.reason else ""
            words = (str(one.address), one.sort.label, one.severity, one.why, live or "there", said)
            yield [*map(make_visible, words), str(one.first_seen), str(one.until or ""), int(is_accepted)]


def _status(reach: Reach, part: OrganizationOverview, today: date) -> str:
    """How all ways together stand; the worst decides."""
    if part.has_no_state:
        return _NOT_RECORDED
    found = {way.status for way in reach.ways}
    if reach.effective is not None:
        worst = next((one for one in _WORST if one in found), None)
        is_implied = AccessStatus.IMPLIED in found and not any(way.is_active for way in reach.ways)
        return worst or (AccessStatus.IMPLIED if is_implied else AccessStatus.HELD)
    for one in (AccessStatus.PENDING, AccessStatus.MISSING, *_WORST):
        if one in found:
            return one
    return _NOT_YET if any(begins_later(way, today) for way in reach.ways) else AccessStatus.MISSING


def _end(ways: Iterable[Holding]) -> date | None:
    """The day on which the last way ends, or gives something else; None where one has no end."""
    days = [earlier(way.ends, way.changes_on) for way in ways]
    return max((day for day in days if day), default=None) if None not in days else None


def _remark(way: Holding) -> str:
    later = f"{name_attributes(way.becomes)} from {way.changes_on}" if way.changes_on else ""
    return "; ".join(filter(None, (later, way.excuse, way.trouble)))


def _pending(one: PendingWork) -> list[Any]:
    words = (one.sort, one.about, one.what, one.on)
    return [*map(make_visible, words), str(one.since or ""), str(one.due or ""), int(one.is_overdue)]


def _finding(one: Finding) -> list[str]:
    where = f"{one.place.file}:{one.place.line}" if one.place else ""
    return [*map(make_visible, (one.severity, one.id, one.message, one.advice, where, one.address))]


def _entry(one: LoggedEntry) -> list[str]:
    what = (one.action.replace("_", " "), one.address, one.before, one.after, one.outcome.replace("_", " "))
    return [
        f"{one.time:%Y-%m-%d %H:%M}",
        *map(make_visible, (*what, one.origin.operator, one.origin.commit[:10], one.why)),
    ]
