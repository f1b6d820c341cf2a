"""What a person exports, or selects and copies, from the pages that list an organization's members and apps.

How the real pages word their lists is not published; the two sets of labels stand for the portal before and after it
was relabelled. Whoever reads them has to find the same people in both.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from reconciler.model import dataclass
from reconciler.providers.sandbox.reading import day_of
from reconciler.sandbox.registry import SandboxOrganization, find_active, find_address
from reconciler.sandbox.world import Refusal, World

_DASH = "\u2014"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """How one generation of the pages words its lists."""

    columns: Mapping[str, str]
    states: Mapping[str, str]
    controls: tuple[str, ...]
    """Buttons beside every row."""
    write_day: Callable[[date], str]
    foot: str


_OWNER_ROLES = {"owner": "Organization owner", "admin": "Organization admin"}
"""What the owner role system calls its roles; every other page writes the word with a capital."""
_FINANCE = {"manager": "Finance Manager", "analyst": "Finance Analyst"}

_COLUMNS = {
    "who": ("Member", "User"),
    "role": ("Role", "Access level"),
    "finance": ("Finance role", "Advanced permissions"),
    "status": ("Status", "Invitation status"),
    "state": ("Status", "App status"),
    "since": ("Joined", "Date added"),
    "app": ("App name", "App name"),
    "client_key": ("Client key", "Client key"),
    "owner": ("Owner", "Ownership"),
    "managers": ("App managers", "App managers"),
    "actions": ("Actions", "Action"),
}
_STATES = {
    "active": ("Active", "Accepted"),
    "invited": ("Pending", "Invitation sent"),
    "declined": ("Declined", "Invitation declined"),
    "expired": ("Expired", "Invitation expired"),
}
LABELS: dict[str, Labels] = {
    "old": Labels(
        columns={name: old for name, (old, _) in _COLUMNS.items()},
        states={name: old for name, (old, _) in _STATES.items()},
        controls=("Edit", "Remove"),
        write_day=lambda day: f"{day:%b} {day.day}, {day.year}",
        foot="1-{count} of {count}",
    ),
    "new": Labels(
        columns={name: new for name, (_, new) in _COLUMNS.items()},
        states={name: new for name, (_, new) in _STATES.items()},
        controls=("...",),
        write_day=lambda day: day.isoformat(),
        foot="{count} in total",
    ),
}
FORMS = ("csv", "json", "page")
LAYOUTS = ("table", "lines")


def render_roster(
    world: World,
    organization: SandboxOrganization,
    *,
    kind: str = "member",
    form: str = "csv",
    labels: str = "new",
    layout: str = "table",
    seen_by: int | None = None,
) -> str:
    """The list as an admin would hand it in, or of apps as this person sees it, with those that are theirs.

    `layout` is how a browser copies the page.
    """
    words = LABELS[labels]
    if kind == "app" and organization.system != "developers":
        raise Refusal("not-supported", f"{organization.name} has no apps")
    rows = _apps(world, organization, words, seen_by) if kind == "app" else _members(world, organization, words)
    columns = _columns(organization, kind)
    header = [words.columns[column] for column in columns]
    if form == "page":
        return _page(header, [[row[column] for column in columns] for row in rows], words, kind=kind, layout=layout)
    if kind == "member":
        columns, header = ["name", "address", *columns[1:]], ["Name", "Account", *header[1:]]
    cells = [[row[column].replace("\n", ", ") for column in columns] for row in rows]
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *cells])
        return text.getvalue()
    keys = [word.lower().replace(" ", "_") for word in header]
    return json.dumps([dict(zip(keys, row, strict=True)) for row in cells], indent=2, ensure_ascii=False) + "\n"


def _columns(organization: SandboxOrganization, kind: str) -> list[str]:
    if kind == "app":
        managers = ["managers"] if organization.variant == "owner" else []
        return ["app", "client_key", "owner", "state", "since", *managers]
    finance = ["finance"] if organization.platform.finance else []
    return ["who", "role", *finance, "status", "since"]


def _members(world: World, organization: SandboxOrganization, words: Labels) -> list[dict[str, str]]:
    rows = world.rows(
        "SELECT membership.*, person.name FROM membership JOIN person ON person.id = membership.person"
        " WHERE organization = :id ORDER BY membership.id",
        {"id": organization.id},
    )
    roles = _OWNER_ROLES if organization.variant == "owner" else {}
    return [
        {
            "who": "\n".join(filter(None, (_one_line(row["name"]), row["identity"]))),
            "name": _one_line(row["name"]),
            "address": row["identity"],
            "role": roles.get(row["role"], row["role"].capitalize()),
            "finance": _FINANCE.get(row["finance"], _DASH),
            "status": words.states[row["status"]],
            "since": words.write_day(day_of(row["since"])),
        }
        for row in rows
    ]


def _apps(world: World, organization: SandboxOrganization, words: Labels, seen_by: int | None) -> list[dict[str, str]]:
    """What the organization owns, what it is offered, and what belongs to whoever looks."""
    is_inside = seen_by is None or find_active(organization, seen_by) is not None
    rows = world.rows(
        "SELECT app.*, organization.name AS owned_by, (SELECT group_concat(identity, ', ') FROM (SELECT identity"
        " FROM app_manager JOIN membership ON membership.id = membership WHERE app = client_key ORDER BY identity))"
        " AS managers FROM app"
        " LEFT JOIN organization ON organization.id = app.owner_organization"
        " WHERE :inside AND (owner_organization = :id OR receiver = :id) OR owner_person = :person ORDER BY client_key",
        {"id": organization.id, "inside": is_inside, "person": seen_by},
    )
    return [
        {
            "app": _one_line(row["name"]),
            "client_key": row["client_key"],
            "owner": row["owned_by"] or find_address(world, row["owner_person"], system="developers"),
            "state": "Transfer pending" if row["receiver"] == organization.id else "Live",
            "since": words.write_day(day_of(row["since"])),
            "managers": row["managers"] or _DASH,
        }
        for row in rows
    ]


def _one_line(text: str) -> str:
    """As a page draws it: gaps and line breaks become single spaces."""
    return " ".join(text.split())


def _page(header: Sequence[str], rows: Sequence[Sequence[str]], words: Labels, *, kind: str, layout: str) -> str:
    title = "Apps" if kind == "app" else "Members"
    count = words.foot.format(count=len(rows))
    if not rows:
        return f"{title}\nNo {title.lower()} yet\n"
    if layout == "lines":
        pieces = [piece for row in rows for cell in row for piece in cell.split("\n")]
        return "\n".join([title, *header, *pieces, count, ""])
    buttons = "\n".join(words.controls)
    lines = ["\t".join([*header, words.columns["actions"]]), *("\t".join([*row, buttons]) for row in rows)]
    return "\n".join([title, *lines, count, ""])
