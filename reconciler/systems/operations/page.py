"""Everything that people do by hand as the page `docs/work-orders.md`, to be compared with what the vendors show."""

from __future__ import annotations

import re

from reconciler.systems.blanks import BLANKS
from reconciler.systems.operations import OPERATIONS
from reconciler.systems.operations.operation import Operation, Party

_INTRODUCTION = """\
# Work orders

Most of what this tool manages has no interface for programs: a person has to click. For each such change it writes
work orders: who does it, what to make sure of first, every step with the names and addresses filled in, how to see
that it worked, and how to take it back. A change that takes several people, such as an invitation and its acceptance,
is several orders, each for one person; the next begins when the one before is done.

`reconciler apply` issues them where the provider of a system is `work_orders`. `reconciler work-orders list`, `show`
and `export` show them on a terminal, as Markdown that works as the body of an issue on GitHub or GitLab, as a page
that can be printed, and as JSON; `done` and `failed` report back ([commands.md](commands.md)). What counts as done,
and when somebody is asked again, is in [planning.md](planning.md#work-orders).

In all forms what is to be copied is marked: in quotation marks on a terminal, as code in Markdown and on the page.
Names that are not plain words are marked too, and what is invisible in them is spelled out, so that no name can pass
for a step. In JSON the texts keep their marks: backticks stand around what is to be copied, and a backslash makes a
backtick or a backslash an ordinary character.

The steps below rest on the pages named with them, read or published on the date beside, and are as sure as it says:
*certain* is the vendor's own page, *operator* was seen by people who run the live system, *inferred* follows from
something else, *weak* is a guide. The developers portal was redesigned in December 2025; labels of both generations
are given. Where a page looks different, report `work-orders failed ID --because steps_differ`, and say what you saw.

This page is made from `reconciler/systems/operations`; after a change there, make it again with

```
python -c "from reconciler.systems.operations import page; print(page.render_operations(), end='')" \\
  > docs/work-orders.md
```
"""
_TITLES = {
    "developers": "TikTok for Developers",
    "organization_account": "Organization Account",
    "business_account": "Business Account",
    "business_center": "Business Center",
    "links": "TikTok accounts in Business Center",
    "departures": "When somebody leaves",
}


def render_operations() -> str:
    """The whole page."""
    blanks = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in BLANKS.items())
    parts = [
        _INTRODUCTION,
        "A step or precondition with a blank that has no value in a case is left out.\n",
        f"| blank | filled with |\n| --- | --- |\n{blanks}",
    ]
    for prefix, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts += [_section(one) for one in OPERATIONS.values() if one.key.partition(".")[0] == prefix]
    return "\n".join(parts)


def _section(operation: Operation) -> str:
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
