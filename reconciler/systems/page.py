"""The role catalogue as the page `docs/systems.md`, so that what is written down is what the code does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.core.kinds import KINDS, Action
from reconciler.core.system import Fact, System
from reconciler.systems import SYSTEMS
from reconciler.systems.table import rows_of

_INTRODUCTION = """\
# Systems and roles

What the tool knows of each system: the words for roles in manifests, what each role allows, the limits, and what cannot
be undone. This page is made from `reconciler/systems`; after a change there, make it again with

```
python -c "from reconciler.systems.page import render_systems; print(render_systems(), end='')" > docs/systems.md
```

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
    return "\n".join([_INTRODUCTION, *sections])


def _section(system: System) -> str:
    parts = [
        f"## {system.title}\n\nManifest: `system: {system.name}`{_CHOSEN_BY[system.variant]}\n",
        _table(("property", "value"), _properties(system)),
        _table(("kind", "what it is", "begins with", "changes with", "ends with"), _kinds(system)),
        _table(("where", "role", "shown as", "may", "may not", "at most"), _roles(system)),
        *_actions("Needs a consent because it cannot be undone:", system.irreversible),
        *_actions("Needs a consent because of what it does to others:", system.risky),
        *_actions("Not possible:", system.cannot),
        *_actions("Not seen by any reading:", system.unseen, code=False),
        "What this rests on:\n\n" + "".join(_statement(fact) for fact in system.facts),
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


def _roles(system: System) -> list[tuple[str, ...]]:
    return [
        (f"`{row.kind}`", f"`{row.role}`", row.label, row.may, row.may_not, str(row.cap or ""))
        for row in rows_of(system)
    ]


def _actions(title: str, said: Mapping[Action, str] | Mapping[str, str], *, code: bool = True) -> list[str]:
    tick = "`" if code else ""
    lines = "".join(f"- {tick}{what}{tick}: {reason}.\n" for what, reason in said.items())
    return [f"{title}\n\n{lines}"] if said else []


def _statement(fact: Fact) -> str:
    return f"- {fact.text} *({fact.certainty}; {fact.source}, {fact.date})*\n"


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
