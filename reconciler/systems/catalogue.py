"""What is known of each system, read from `data/*.yaml`: each file once, nothing unknown or without a source.

The file of a system holds two documents: what it is, which every command asks for, and what that rests on together
with the steps for people, which few do. Adding a system is one file there and one name in `_NAMES`. In its prose,
what somebody copies is marked, so that every renderer can show it character by character.
"""

from __future__ import annotations

import re
from collections import Counter, UserDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pkgutil import get_data
from typing import Any, NamedTuple, TypeVar

import yaml

from reconciler.model import Action, Fact, FailureReason, ReconcilerError, Role, RotationTask, System, dataclass

_PIECE = re.compile(r"`(?P<literal>(?:\\[\\`]|[^`])*)`|(?P<prose>(?:\\[\\`]|[^`])+|`)")
_ESCAPED = re.compile(r"\\([\\`])")


class MarkupPiece(NamedTuple):
    """A part of a marked text, without marks and escapes."""

    text: str
    is_literal: bool
    """To be copied as it is: an address, an id, a name that has to be found on a page."""


def plain(text: str) -> str:
    """Text from outside as part of the prose."""
    return re.sub(r"[\\`]", lambda found: f"\\{found[0]}", text)


def literal(text: str) -> str:
    """Text from outside as something to copy."""
    return f"`{plain(text)}`"


def split(text: str) -> list[MarkupPiece]:
    """The pieces of a marked text, in order."""
    found = ((one["literal"], one["prose"]) for one in _PIECE.finditer(text))
    return [MarkupPiece(_ESCAPED.sub(r"\1", prose or literal or ""), prose is None) for literal, prose in found]


def quote(text: str) -> str:
    """A marked text with double quotes instead of marks, so that a name cannot pass for prose in plain text either."""
    return "".join(_quoted(piece.text) if piece.is_literal else piece.text for piece in split(text))


def _quoted(text: str) -> str:
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def strip_marks(text: str) -> str:
    """What a marked text says, for a place that cannot show the difference."""
    return "".join(piece.text for piece in split(text))


class Actor(StrEnum):
    """Whose part of an operation it is; from it and the change follows which person that is."""

    ADMIN = "admin"
    """The admin that the plan chose to act."""
    FOUNDER = "founder"
    """Whoever becomes the first admin."""
    MEMBER = "member"
    """The person that the change is about, who has access already."""
    INVITEE = "invitee"
    """The person that the change is about, who has no access yet."""
    ANY_MEMBER = "any_member"
    """Somebody who has accepted an invitation to the organization."""
    ROLE_HOLDER = "role_holder"
    """Whoever holds a role that only its holder can pass on."""
    APP_OWNER = "app_owner"
    RECEIVING_ADMIN = "receiving_admin"
    """An admin of the organization that an app is transferred to."""
    ACCOUNT_OWNER = "account_owner"
    """Whoever owns the TikTok account or profile."""
    ASSET_OWNER = "asset_owner"
    PARTNER_ADMIN = "partner_admin"
    CENTER_ADMIN = "center_admin"
    """An Admin of the Business Center in which an account is created."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """What one person does: one work order."""

    actor: Actor
    title: str
    """One line in the imperative."""
    preconditions: tuple[str, ...] = ()
    """To be made sure of before the first click."""
    steps: tuple[str, ...]
    done_when: str = ""
    note: str = ""
    undo: str = ""
    """How to take it back, in words; empty when nothing is known or there is nothing to take back."""
    undone_by: str = ""
    """Key of the operation that takes it back."""
    lasts: timedelta | None = None
    """How long it can be done once the party before has acted; None when that is not limited or not published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that people do on a system, as its pages say."""

    key: str
    """`SYSTEM.NAME`."""
    parties: tuple[Party, ...]
    """In the order in which they act; each waits for the one before."""
    irreversible: str = ""
    """What cannot be taken back; empty for everything that can."""
    source: str
    """Pages that describe it."""
    date: str
    """When they were read or published, as in `Fact`."""
    certainty: str = "certain"
    """As in `Fact`: certain | operator | inferred | weak."""


_DEFAULT = "default"
"""How files call the variant that has no name, and the case that no other case fits."""
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where facts and steps come from; they may give a date and a certainty of their own."""

    page: str
    date: str
    certainty: str = "certain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """What is known of a system beyond what planning needs."""

    facts: Mapping[str, tuple[Fact, ...]]
    """Variant -> facts."""
    choices: Mapping[tuple[str, Action], Mapping[str, str]]
    """(kind, action) -> case -> key of an operation, empty where nobody has to act; the case `` fits always."""
    chores: Mapping[RotationTask, str]
    """What is left to do when somebody leaves -> key of an operation."""
    menus: Mapping[str, str]
    """Kind of asset -> where such assets are listed."""
    operations: Mapping[str, Operation]


def read_documents(name: str) -> Iterator[Any]:
    """The documents of a file, one after the other; what is not asked for is not parsed."""
    # `importlib.resources` brings archives and temporary files along, and needs longer to load than this to read.
    text = get_data(__package__, f"data/{name}.yaml") or b""
    with _strict(name):
        yield from yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@contextmanager
def _strict(where: str) -> Iterator[None]:
    """What is missing, unknown or of the wrong sort stops a run, and the message says where it is."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as wrong:
        message = f"what is known of the systems cannot be read: {where}: {wrong}"
        raise ReconcilerError(message, advice="put the file in reconciler/systems/data right") from None


@cache
def load_systems(name: str) -> Mapping[str, System]:
    """Variant -> system."""
    with _strict(name):
        said = next(read_documents(name))
        sources = _read_sources(name, said.pop("sources"))
        variants = said.pop("variants", {})
        forms = {"": said, **{variant: {**said, **own} for variant, own in variants.items()}}
        return {variant: _read_system(name, variant, form, sources) for variant, form in forms.items()}


def _read_system(name: str, variant: str, said: Mapping[str, Any], sources: Mapping[str, Source]) -> System:
    values = dict(said)
    if "limits_source" in said:
        source = sources[said["limits_source"]]
        values["limits_source"] = f"{source.page}, {source.date}"
    for part in {"roles", "permissions"} & said.keys():
        values[part] = {
            kind: tuple(_make(Role, f"{name}, {kind}, {role}", {"name": role, **own}) for role, own in roles.items())
            for kind, roles in said[part].items()
        }
    for part in {"irreversible", "disruptive", "cannot"} & said.keys():
        values[part] = {Action(action): why for action, why in said[part].items()}
    return _make(System, name, {"name": name, "variant": variant, **values})


@cache
def load_handbook(name: str) -> Handbook:
    """The second half of the file."""
    with _strict(name):
        first, said = read_documents(name)
        sources = _read_sources(name, first["sources"])
        said["choices"] = {
            (kind, Action(action)): {"" if case == _DEFAULT else case: key for case, key in by_case.items()}
            for kind, by_action in said["choices"].items()
            for action, chosen in by_action.items()
            for by_case in [chosen if isinstance(chosen, dict) else {_DEFAULT: chosen}]
        }
        said["facts"] = {
            variant: tuple(
                _make(Fact, name, {key: value for key, value in fact.items() if key != "variants"}, sources)
                for fact in said["facts"]
                if (variant or _DEFAULT) in fact.get("variants", [variant or _DEFAULT])
            )
            for variant in ("", *first.get("variants", ()))
        }
        said["chores"] = {RotationTask(chore): key for chore, key in said.get("chores", {}).items()}
        operations: dict[str, Operation] = {}
        for key, one in said["operations"].items():
            parties = tuple(_read_party(key, party) for party in one["parties"])
            operations[key] = _make(Operation, key, {**one, "key": key, "parties": parties}, sources)
        said.pop("phrases", None)  # they stand where they are used
        return _make(Handbook, name, {"menus": {}, **said, "operations": operations})


def _read_party(key: str, said: dict[str, Any]) -> Party:
    values = {**said, "actor": Actor(said["actor"])}
    if "lasts_hours" in values:
        values["lasts"] = timedelta(hours=values.pop("lasts_hours"))
    return _make(Party, key, values)


def _read_sources(name: str, said: Mapping[str, dict[str, Any]]) -> Mapping[str, Source]:
    return {key: _make(Source, f"{name}, source {key}", one) for key, one in said.items()}


@cache
def load_remedies() -> Mapping[FailureReason, tuple[str, ...]]:
    """What to try when a person could not carry a work order out, in the order in which it is worth trying."""
    with _strict("remedies"):
        said = next(read_documents("remedies"))["remedies"]
        return {FailureReason(why): flatten(steps) for why, steps in said.items()}


def _make(kind: type[_Kind], where: str, said: dict[str, Any], sources: Mapping[str, Source] | None = None) -> _Kind:
    """One value; with sources the first of those that it names gives the date and the certainty it does not give."""
    values = {key: flatten(value) if isinstance(value, list) else value for key, value in said.items()}
    if "date" in values:
        values["date"] = str(values["date"])  # YAML takes a whole day for more than text
    with _strict(f"{where}: {kind.__name__}"):
        if sources is not None:
            names = values["source"] if isinstance(values["source"], tuple) else (values["source"],)
            first = sources[names[0]]
            values["source"] = ", ".join(sources[one].page for one in names)
            values.setdefault("date", first.date)
            values.setdefault("certainty", first.certainty)
        return kind(**values)


def flatten(values: list[Any]) -> tuple[Any, ...]:
    """A list in which phrases of several lines stand as lists."""
    return tuple(one for value in values for one in (flatten(value) if isinstance(value, list) else (value,)))


_NAMES = ("developers", "organization_account", "business_account", "business_center")


class _Systems(UserDict[str, Mapping[str, System]]):
    """Reads the file of a system when it is asked for; which there are is known without."""

    def __getitem__(self, name: str) -> Mapping[str, System]:
        return self.data[name] or load_systems(name)


SYSTEMS: Mapping[str, Mapping[str, System]] = _Systems({name: {} for name in _NAMES})
"""Name -> variant -> system; the variant is empty where a system has only one form, and for its default form."""


def get_system(name: str, variant: str = "") -> System:
    """The system of this name; raises KeyError with the name or the variant that does not exist."""
    return SYSTEMS[name][variant]


def facts_of(system: System) -> tuple[Fact, ...]:
    """What the description of a system rests on."""
    return load_handbook(system.name).facts[system.variant]


def list_operations(*systems: str) -> Mapping[str, Operation]:
    """Key -> everything that people do by hand on these systems; without any on all of them."""
    return {key: one for name in systems or _NAMES for key, one in load_handbook(name).operations.items()}


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
