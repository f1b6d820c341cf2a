"""The data as pages, so that what is written down is what the code does; `make pages` writes them.

`docs/systems.md` is the role catalogue. `docs/steps.md` is everything that people do by hand, to be compared with what
the vendors show.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from reconciler.model.kinds import KINDS, Action
from reconciler.model.system import System
from reconciler.model.values import dataclass
from reconciler.systems import SYSTEMS, facts_of, get_system, list_operations
from reconciler.systems.loading import Operation, Party
from reconciler.systems.placeholders import PLACEHOLDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRow:
    """What one role or permission means in one place; the same word means other things in other places."""

    system: str
    variant: str
    kind: str
    """Kind of resource; `member.finance` for the finance role that members have besides their role."""
    role: str
    label: str
    may: str
    may_not: str
    cap: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OldSource:
    """Pages that were read, or published, more than a year ago: somebody should look whether they still say so."""

    system: str
    variant: str
    source: str
    date: str
    statements: int
    """How many facts about the system and operations on it rest on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemTable:
    """Everything that is shown of some systems."""

    roles: tuple[RoleRow, ...]
    old_sources: tuple[OldSource, ...]


def system_table(today: date, name: str = "") -> SystemTable:
    """Every role and permission there is, or those of one system, by system, variant and kind, strongest first."""
    names = (name,) if name else tuple(SYSTEMS)
    systems = [system for one in names for system in SYSTEMS[one].values()]
    return SystemTable(
        roles=tuple(row for system in systems for row in rows_of(system)),
        old_sources=tuple(old for system in systems for old in _old_sources(system, today)),
    )


def _old_sources(system: System, today: date) -> list[OldSource]:
    """Operations are those of all variants, and told once."""
    operations = () if system.variant else list_operations(system.name).values()
    found = Counter((one.date, one.source) for one in (*facts_of(system), *operations))
    limit = (today - timedelta(days=366)).isoformat()
    return [
        OldSource(system=system.name, variant=system.variant, source=source, date=day, statements=count)
        for (day, source), count in sorted(found.items())
        if day < limit[: len(day)]  # a month that is not over yet a year ago is not old
    ]


def rows_of(system: System) -> list[RoleRow]:
    """The rows of one system: roles before permissions, in the order in which its data list them."""
    by_kind = [*system.roles.items(), *system.permissions.items()]
    return [
        RoleRow(
            system=system.name,
            variant=system.variant,
            kind=kind,
            role=role.name,
            label=role.label,
            may=role.may,
            may_not=role.may_not,
            cap=role.cap,
        )
        for kind, roles in by_kind
        for role in roles
    ]


_SYSTEMS = """\
# Systems and roles

What the tool knows of each system: the words for roles in manifests, what each role allows, the limits, and what cannot
be undone. This page is made from `reconciler/systems/data`; after a change there, `make pages` makes it again.

The same word means different things in different systems, and in different places of one system: an `operator` writes
posts for an Organization Account and edits campaigns in an ad account. A role is therefore always read together with
the place where it is given.

The kinds of a system are read from the API of a Business Center, from rosters that people hand in for the others, or
from the embedded platform. Steps that no call takes become work orders; which these are in a Business Center, and what
stays unseen there, is on [its page](business-center.md). `forget` changes nothing but the records.

What the vendors say changes. Every statement below has its source and the date on which it was read or published, and
how sure it is: *certain* is the vendor's own page, *operator* was seen by people who run the live system, *inferred*
follows from something else, *weak* is a guide or an older page.
"""
_CHOSEN_BY = {"": "", "owner": ", `role_system: owner`", "research": ", `kind: research`"}


def render_systems() -> str:
    """The whole page."""
    sections = [_section(system) for variants in SYSTEMS.values() for system in variants.values()]
    return "\n".join([_SYSTEMS, *sections])


def _section(system: System) -> str:
    facts = "".join(f"- {fact.text} *({fact.certainty}; {fact.source}, {fact.date})*\n" for fact in facts_of(system))
    roles = [
        (f"`{row.kind}`", f"`{row.role}`", row.label, row.may, row.may_not, str(row.cap or ""))
        for row in rows_of(system)
    ]
    parts = [
        f"## {system.title}\n\nManifest: `system: {system.name}`{_CHOSEN_BY[system.variant]}\n",
        _table(("property", "value"), _properties(system)),
        _table(("kind", "what it is", "begins with", "changes with", "ends with"), _kinds(system)),
        _table(("where", "role", "shown as", "may", "may not", "at most"), roles),
        *_actions("Needs an approval because it cannot be undone:", system.irreversible),
        *_actions("Needs an approval because of what it does to others:", system.disruptive),
        *_actions("Not possible:", system.cannot),
        *_actions("Not seen by any reading:", system.unseen, code=False),
        f"What this rests on:\n\n{facts}",
    ]
    return "\n".join(parts)


def _properties(system: System) -> list[tuple[str, str]]:
    hours = system.invitation_hours
    return [
        ("members are invited by", " or ".join(system.identifiers)),
        ("an account must exist before the invitation", "yes" if system.must_be_registered else "no"),
        ("members at most, invited ones included", str(system.member_cap or "not published")),
        ("an invitation is valid for", f"{hours} hours" if hours else "a time that is not published"),
        ("an admin can lower another admin", "yes" if system.demotes_admins else "no"),
        ("the tool can create one", f"no: {system.creatable}" if system.creatable else "yes"),
    ]


def _kinds(system: System) -> list[tuple[str, ...]]:
    """What is read and planned; what nothing can do, such as deleting an organization, is told further down."""
    return [
        (f"`{kind.name}`", kind.title, *(f"`{step}`" if step else "" for step in (kind.create, change, kind.delete)))
        for kind in (KINDS[name] for name in system.kinds)
        for change in [kind.change if kind.name in {*system.roles, *system.permissions, "app", "asset_group"} else None]
    ]


def _actions(title: str, said: Mapping[Action, str] | Mapping[str, str], *, code: bool = True) -> list[str]:
    tick = "`" if code else ""
    lines = "".join(f"- {tick}{what}{tick}: {reason}.\n" for what, reason in said.items())
    return [f"{title}\n\n{lines}"] if said else []


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


_STEPS = """\
# Steps for people

What the work orders of each system ask for ([work-orders.md](work-orders.md)). A step or precondition with a blank that
has no value in a case is left out.
"""


def render_steps() -> str:
    """The whole page."""
    blanks = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in PLACEHOLDERS.items())
    parts = [_STEPS, f"| blank | filled with |\n| --- | --- |\n{blanks}"]
    for name in SYSTEMS:
        parts += [f"## {get_system(name).title}\n", *map(_operation, list_operations(name).values())]
    return "\n".join(parts)


def _operation(operation: Operation) -> str:
    final = f"Cannot be undone: {operation.irreversible}\n\n" if operation.irreversible else ""
    parties = "\n".join(_party(party) for party in operation.parties)
    source = f"*({operation.certainty}; {operation.source}, {operation.date})*"
    return f"### `{operation.key}`\n\n{parties}\n{final}{_blanks_as_code(source)}\n"


def _party(party: Party) -> str:
    before = "".join(f"- {text}\n" for text in party.preconditions)
    steps = "".join(f"{number}. {text}\n" for number, text in enumerate(party.steps, start=1))
    ends = {"Done when": party.done_when, "To undo": party.undo, "Note": party.note}
    said = "".join(f"\n{label}: {text}\n" for label, text in ends.items() if text)
    who = party.actor.replace("_", " ")
    first = f"Make sure first:\n\n{before}\nSteps:\n\n" if before else ""
    return _blanks_as_code(f"**{party.title}** ({who})\n\n{first}{steps}{said}")


def _blanks_as_code(text: str) -> str:
    return re.sub(r"\{(\w+)\}", r"`\1`", text)
