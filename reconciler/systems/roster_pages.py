"""The words of the pages on which the systems list members and apps: columns, states, controls and counts.

No page of the vendors' says how these lists are worded, so this is data for reading whatever an operator pastes or
exports: several words for one thing, those of both generations of the developer portal among them. A word that is not
here is shown to the operator and never guessed at. Words for roles are in the systems' own data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from reconciler.core.resource import Status
from reconciler.core.system import Fact

LABELS = Fact(
    text="The pages on which organizations are managed were redesigned and labels renamed; how the columns of the "
    "lists of members and apps are called, before or after, is not published.",
    source="https://developers.tiktok.com/doc/changelog",
    date="2025-12-23",
    certainty="inferred",
)


class Column(StrEnum):
    """What a column of a list is about."""

    PERSON = "person"
    """Name, e-mail address, phone number or handle, or several of them in one cell."""
    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    HANDLE = "handle"
    ROLE = "role"
    FINANCE = "finance"
    STATUS = "status"
    SINCE = "since"
    APP = "app"
    """The title of an app."""
    CLIENT_KEY = "client_key"
    OWNER = "owner"
    MANAGERS = "managers"
    IGNORED = "ignored"
    """Known, and nothing that access depends on."""


IDENTITIES = (Column.EMAIL, Column.PHONE, Column.HANDLE)

_PEOPLE: Mapping[Column, tuple[str, ...]] = {
    Column.PERSON: ("member", "members", "user", "users", "person", "people", "account", "invitee", "team member"),
    Column.NAME: ("name", "full name", "display name", "member name", "user name", "username", "nickname"),
    Column.EMAIL: (
        "email",
        "e-mail",
        "mail",
        "email address",
        "e-mail address",
        "user email",
        "member email",
        "invited email",
        "registered email",
    ),
    Column.PHONE: ("phone", "phone number", "mobile", "mobile number"),
    Column.HANDLE: ("handle", "tiktok", "tiktok account", "tiktok handle"),
    Column.ROLE: ("role", "roles", "user role", "member role", "access level", "permission", "permissions"),
    Column.FINANCE: ("finance", "finance role", "advanced permission", "advanced permissions", "finance permission"),
}
_APPS: Mapping[Column, tuple[str, ...]] = {
    Column.APP: ("app", "apps", "app name", "name", "title"),
    Column.STATUS: ("app status",),
    Column.CLIENT_KEY: ("client key", "client id", "app id", "key"),
    Column.OWNER: ("owner", "ownership", "owned by", "app owner"),
    Column.MANAGERS: ("app managers", "app manager", "managers", "app roles"),
}
_SHARED: Mapping[Column, tuple[str, ...]] = {
    Column.STATUS: ("status", "state", "invitation", "invitation status", "invite status", "relation status"),
    Column.SINCE: ("since", "joined", "joined on", "date joined", "date", "date added", "added", "added on", "updated"),
    Column.IGNORED: ("action", "actions", "operation", "operations", "manage", "#", "no", "more", "avatar", "profile"),
}


def _by_word(*tables: Mapping[Column, tuple[str, ...]]) -> Mapping[str, Column]:
    return {word: column for table in tables for column, words in table.items() for word in words}


COLUMNS: Mapping[str, Mapping[str, Column]] = {"member": _by_word(_PEOPLE, _SHARED), "app": _by_word(_APPS, _SHARED)}
"""Kind -> word over a column -> what the column is about."""

_STATES: Mapping[Status, tuple[str, ...]] = {
    Status.ACTIVE: ("active", "accepted", "joined", "current", "bound", "live", "in production", "enabled"),
    Status.INVITED: (
        "pending",
        "invited",
        "invite sent",
        "invitation sent",
        "invitation pending",
        "pending invitation",
        "pending invite",
        "pending acceptance",
        "awaiting acceptance",
        "waiting for acceptance",
        "not accepted yet",
    ),
    Status.DECLINED: ("declined", "rejected", "invitation declined", "invitation rejected"),
    Status.EXPIRED: ("expired", "invitation expired", "invite expired"),
    Status.CANCELLED: ("cancelled", "canceled", "invitation cancelled", "invitation canceled"),
    Status.REMOVED: ("removed",),
    Status.LEFT: ("left",),
}
_TRANSFERS: Mapping[Status, tuple[str, ...]] = {
    Status.AWAITING_ACCEPTANCE: (
        "transfer pending",
        "pending transfer",
        "transfer initiated",
        "awaiting acceptance",
        "awaiting transfer",
        "pending",
    ),
    Status.ACTIVE: ("active", "owned", "connected", "live", "in production", "draft", "staging", "sandbox", "approved"),
}
STATES: Mapping[str, Mapping[str, Status]] = {
    "member": {word: status for status, words in _STATES.items() for word in words},
    "app": {word: status for status, words in _TRANSFERS.items() for word in words},
}
"""Kind -> word -> where a row stands in its life. A page marks what is pending; whoever it does not mark is in."""

SINCE_WORDS = ("joined", "joined on", "since", "added", "added on", "member since", "invited", "invited on", "sent")
"""What stands before a date in the same cell; those that are states as well say both."""

_BUTTONS = """
remove, remove user, edit, edit role, change role, resend, resend invitation, cancel, cancel invitation, delete, view,
view details, details, more, manage, transfer app, options, add member, invite member, invite members, invite, add app,
connect an app, search, filter, all, previous, prev, back, sort, export, download, sign out, go to page
"""
_HEADINGS = """
you, (you), select, select all, members, member list, pending invitations, apps, my apps, manage apps, my organizations,
organization, organizations, permissions, team members, users
"""
_DASHES = ("-", "\u2013", "\u2014")
_SIGNS = (
    "...",
    "\u2026",
    "\u22ee",
    "\u22ef",
    "\u2022\u2022\u2022",
    ">",
    "<",
    "\u203a",
    "\u2039",
    "|",
    "x",
    "\u2715",
    "\u270e",
)
CONTROLS = frozenset(
    {*(word.strip() for text in (_BUTTONS, _HEADINGS) for word in text.split(",")), *_DASHES, *_SIGNS},
)
"""Buttons and headings around a list; they say nothing about anybody."""

NOBODY = frozenset({"", *_DASHES, "none", "n/a", "no"})
"""What stands in a cell when there is nothing to put there."""

YOU = re.compile(r"\s*[(\[]?\b(?:you|me)\b[)\]]?\s*$", re.IGNORECASE)
"""How a page marks whoever is looking at it; only where it stands in brackets or alone in a line."""

_THINGS = r"(?:team )?members?|users?|people|persons?|accounts?|apps?|results?|items?|rows?|entries|records?|of them"
MORE = re.compile(
    r"(?:load|show|view|see|display|fetch|get)\s+(?:all|more|the rest|next|\d+\s+more|next\s+\d+)(?:\s+\d+)?"
    rf"(?:\s+(?:{_THINGS}))?"
    rf"|(?:and\s+|\+\s*|\.{{3}}\s*|\u2026\s*)*\d+\s+(?:more|others?)(?:\s+(?:{_THINGS}))?"
    rf"|(?:and|\+|\.{{3}}|\u2026)\s*(?:and\s+)?\d+(?:\s+(?:more|others?|{_THINGS}))?"
    rf"|(?:and\s+)?more\s+(?:{_THINGS}|to load|below|available|results)"
    r"|(?:scroll|swipe)(?: down)? (?:to|for) (?:load |see )?more|loading(?: more)?(?:\.{3}|\u2026)?"
    r"|next page|next\s*[>\u203a\u00bb\u2192]+|[>\u203a\u00bb\u2192]+\s*next"
)
"""How a page says, in lower case, that rows are behind those it shows."""
NEXT = frozenset({"next", "older", "\u00bb", "\u2192"})
"""What leads to another page where there is one; some pages show it where there is none."""

_COUNTED = """
total, totals, in, all, of, to, and, the, showing, shown, displaying, display, viewing, view, now, currently, you, have,
there, are, is, found, results, result, items, item, rows, row, entries, entry, records, record, members, member, users,
user, people, person, persons, accounts, account, apps, app, team, count, number, num, selected, filtered, overall, sum,
listed, list
"""
COUNT_WORDS = frozenset(word.strip() for word in _COUNTED.split(","))
"""The words between numbers that tell how many rows there are."""
_PAGED = "page, pages, of, previous, prev, next, first, last, back, showing, you, are, on"
PAGE_WORDS = frozenset(word.strip() for word in _PAGED.split(","))
"""The words between numbers that tell of pages."""
EMPTY = frozenset({"no apps", "no apps yet", "you have no apps", "no data", "no results"})
"""What a list says that has nothing in it."""
