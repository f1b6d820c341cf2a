"""Pages of the documentation that are made from what the code knows, so that what is written down is what it does.

`make pages` writes them with `python -m tests.pages`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.features.listing import as_written
from reconciler.model import KINDS, OFF, POLICY_SETS, Action, PolicySettings, System
from reconciler.policies.judging import POLICIES as RULES
from reconciler.policies.judging import severity_of
from reconciler.policies.rule import Rule
from reconciler.systems.catalogue import SYSTEMS, Operation, Party, facts_of, get_system, list_operations, rows_of

DOCS = Path(__file__).parents[1] / "docs"

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
    """The role catalogue."""
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


PLACEHOLDERS = {
    "organization": "what the organization is found by on the system: its name, handle or id",
    "person": "name and identifier of the person a change is about",
    "identifier": "the address or number to type for that person",
    "former_identifier": "the address or number that a pending invitation went to",
    "role": "the role to choose, as the platform labels it",
    "former_role": "the role they have now",
    "finance": "the finance role to choose",
    "former_finance": "the finance role to take away",
    "answers": "what the manifest answers to the questions of a research invitation",
    "member_cap": "how many members the organization holds",
    "asset": "name and id of the asset, app or group",
    "asset_id": "its id, handle or client key alone",
    "asset_kind": "what sort of asset it is",
    "wanted_name": "the name that an asset group gets",
    "menu": "where such assets are listed in Business Center",
    "permissions": "the permissions to choose on a TikTok account",
    "left_off": "all other permissions that the page offers there",
    "ad_account": "the ad account that an asset is used in, or a partner gets",
    "partner": "key and Business Center id of a partner",
    "partner_id": "that id alone",
    "app_owner": "the person who owns an app",
    "place": "the line of the manifest",
}
"""Every blank there is. A value is marked prose, and empty where a case has none."""

_STEPS = """\
# Steps for people

What the work orders of each system ask for ([work-orders.md](work-orders.md)). A step or precondition with a blank that
has no value in a case is left out.
"""


def render_steps() -> str:
    """Everything that people do by hand, to be compared with what the vendors show."""
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


def render_policies() -> str:
    """All policies that come with the tool, and what they are in each set."""
    header = "| policy | no set | " + " | ".join(POLICY_SETS) + " |\n" + "|---" * (len(POLICY_SETS) + 2) + "|\n"
    settings = [PolicySettings(), *(PolicySettings(set=name) for name in POLICY_SETS)]
    rows = (
        f"| [`{rule.id}`](#{rule.id}) | " + " | ".join(severity_of(rule, one) or OFF for one in settings) + " |\n"
        for rule in RULES.values()
    )
    return _POLICIES + header + "".join(rows) + "".join(map(_policy, RULES.values()))


_POLICIES = """# The policies that come with the tool

<!-- Written by `make pages` from reconciler/policies; do not edit. -->

How policies are set, excepted and written is in [policies.md](policies.md). How much each matters, without a set and in
each set:

"""


def _policy(rule: Rule) -> str:
    parameters = "; ".join(f"`{name}: {as_written(value)}`" for name, value in rule.parameters.items())
    state = (
        "\n\nIt looks at what is recorded: `policy test` asks it always, `plan` and `apply` where it is an error, "
        "`validate` and `diff` never."
    )
    return (
        f"\n## {rule.id}\n\n{rule.asks}\n\nWhy: {rule.because}\n\nParameters: {parameters or 'none'}."
        f"{state if rule.needs_state else ''}\n"
    )


PAGES = {"systems.md": render_systems, "steps.md": render_steps, "policy-rules.md": render_policies}

if __name__ == "__main__":
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), encoding="utf-8")
