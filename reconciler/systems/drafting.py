"""From a change that a program cannot make to the exact steps of every person who can.

The blanks of an operation's texts are filled from the change and from what the manifests call things. Pure: no clock,
no ids. Whoever stores the orders gives them both, and sets `expires` from `lasts` when the part before has been done,
because nobody knows earlier when an invitation was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Attributes,
    Capacity,
    Change,
    Owner,
    Place,
    RotationTask,
    Scope,
    Status,
    System,
    Waiting,
    Waits,
    WorkOrder,
    fingerprint_of,
    in_turn,
    is_downgrade,
    person_in,
    role_in,
)
from reconciler.systems.catalogue import Actor, Operation, Party, literal, load_handbook, plain, quote, strip_marks

_ASKED_FOR = frozenset({Action.CREATE_ORGANIZATION, Action.GIVE_UP_ADMIN, Action.CHANGE_ROLE})
"""Steps that a plan never takes by itself but waits for: who they are up to has to be told."""
OUTSIDERS = {
    Actor.ASSET_OWNER: "the owner of {asset_kind} {thing}",
    Actor.PARTNER_ADMIN: "an admin of partner {thing}",
    Actor.CENTER_ADMIN: "an Admin of a verified Business Center",
}
"""Whom no manifest names; a reader has to know who that is."""
_CAPACITIES = {
    Actor.ADMIN: Capacity.ADMIN,
    Actor.RECEIVING_ADMIN: Capacity.ADMIN,
    Actor.ROLE_HOLDER: Capacity.ADMIN,
    Actor.ANY_MEMBER: Capacity.MEMBER,
}
"""Everybody else is who they are, whatever the organization lists."""
_BLANK = re.compile(r"\{(\w+)\}")


def draft_orders(change: Change | Waiting, scope: Scope) -> tuple[WorkOrder, ...]:
    """One order for each person who has to act, in the order in which they act; empty where nobody can do anything.

    A step that waits is drafted too, for whatever is still missing: an invitation that was sent is the invitee's to
    answer, and an app that nobody can find has to be registered. Texts are marked prose (`systems.catalogue`).
    """
    if isinstance(change, Waiting):
        if not _is_for_a_person(change):
            return ()
        change = change.as_change()
    key = choose(change, scope.organization.system)
    return draft_operation(key, change, scope) if key else ()


def draft_operation(key: str, change: Change, scope: Scope) -> tuple[WorkOrder, ...]:
    """The orders of one operation by its key, for what no plan asks for by itself, such as an owner's revocation."""
    operation = load_handbook(scope.organization.system.name).operations[key]
    values = fill_placeholders(change, scope)
    return tuple(_draft(operation, number, change, scope, values) for number in range(1, len(operation.parties) + 1))


def find_chore(chore: RotationTask, system: str) -> str:
    """Key of the operation of a chore; empty where a system has nothing of the sort."""
    return load_handbook(system).chores.get(chore, "")


def draft_chore(
    chore: RotationTask,
    address: Address,
    scope: Scope,
    *,
    leaver: str,
    actor: str,
    why: str,
    place: Place | None = None,
) -> WorkOrder:
    """What is left to do about an app or an account because somebody leaves; the system has to have such a chore."""
    handbook = load_handbook(scope.organization.system.name)
    operation = handbook.operations[handbook.chores[chore]]
    # It fills blanks and changes nothing: no plan holds a chore.
    about = Change(
        address=address,
        action=Action.FORGET,
        before=None,
        after=None,
        fingerprint=fingerprint_of(None),
        why=why,
        place=place,
        actor=actor,
    )
    values = {**fill_placeholders(about, scope), "person": name_person(leaver, scope)}
    return replace(_draft(operation, 1, about, scope, values), action=chore, leaver=leaver)


def describe_wait(orders: tuple[WorkOrder, ...]) -> Waits:
    """The outcome of a change that was handed over with these orders; there must be at least one."""
    first = orders[0]
    return Waits(on=first.actor or first.actor_role, why=quote(first.title), orders=orders)


def _draft(operation: Operation, number: int, change: Change, scope: Scope, values: dict[str, str]) -> WorkOrder:
    party = operation.parties[number - 1]
    actor, role = _who(party, change, scope, values)
    wanted = change.after
    return WorkOrder(
        operation=operation.key,
        address=change.address,
        action=change.action,
        wanted=wanted.attributes if wanted else {},
        identity=change.identity,
        fingerprint=change.fingerprint,
        system=scope.organization.system.name,
        actor=actor,
        actor_role=role,
        capacity=_CAPACITIES.get(party.actor, Capacity.ANYBODY),
        party=number,
        parties=len(operation.parties),
        title=_fill(party.title, values),
        preconditions=_fill_all(party.preconditions, values),
        steps=_fill_all(party.steps, values),
        done_when=_fill(party.done_when, values),
        undo=_fill(party.undo, values),
        irreversible=_fill(operation.irreversible, values),
        note=_fill(party.note, values),
        reason=change.why,
        place=change.place,
        lasts=party.lasts,
    )


def _fill(text: str, values: dict[str, str]) -> str:
    return _BLANK.sub(lambda found: values[found[1]], text)


def _fill_all(texts: tuple[str, ...], values: dict[str, str]) -> tuple[str, ...]:
    """The texts whose blanks all have a value."""
    return tuple(_fill(text, values) for text in texts if all(values[name] for name in _BLANK.findall(text)))


def _who(party: Party, change: Change, scope: Scope, values: Mapping[str, str]) -> tuple[str, str]:
    """Key of the person, where it is known, and in which capacity they act."""
    key, system = scope.organization.key, scope.organization.system
    person = person_in(change.address)
    an_admin, a_member = f"an admin of {key}", f"a member of {key}"
    match party.actor:
        case Actor.MEMBER:
            return person, a_member
        case Actor.INVITEE:
            return person, "the person invited"
        case Actor.ANY_MEMBER:
            return _first_member(change.address, scope), a_member
        case Actor.ROLE_HOLDER:
            return _first_member(change.address, scope, system.is_handed_over), f"the owner of {key}"
        case Actor.RECEIVING_ADMIN:
            return _first_member(change.address, scope, system.administers), an_admin
        case Actor.APP_OWNER:
            owner = Owner.of(change.before.attributes).person if change.before else ""
            return owner or change.actor, f"the owner of app {change.address.key}"
        case Actor.ACCOUNT_OWNER:
            first = change.address.parts[0]
            known = scope.assets.get(("tiktok_account", first), "") or change.identity or first
            handle = name_organization(scope) if change.address.kind == "organization" else known
            return scope.keys.get(handle.casefold(), ""), f"the owner of {handle}"
        case outsider if outsider in OUTSIDERS:
            thing = strip_marks(values["partner" if outsider is Actor.PARTNER_ADMIN else "asset"])
            return "", OUTSIDERS[outsider].format(asset_kind=values["asset_kind"], thing=thing)
        case _:
            founder = f"the first admin of {key}"
            return change.actor, founder if party.actor is Actor.FOUNDER else an_admin


def _first_member(about: Address, scope: Scope, fits: Callable[[str], bool] = lambda _role: True) -> str:
    """One of those whom the last roster shows as active, in turn, admins first; empty where there is no roster."""
    roster = scope.rosters.get("member")
    found: dict[bool, list[str]] = {True: [], False: []}
    for resource in roster.resources if roster else ():
        role = role_in(resource.attributes)
        if resource.status is Status.ACTIVE and fits(role):
            found[scope.organization.system.administers(role)].append(resource.address.key)
    return next(iter(in_turn(found[True] or found[False], about)), "")


def _is_for_a_person(waiting: Waiting) -> bool:
    """Whether somebody can end the wait by acting; what waits for time or for another step has nobody to ask."""
    if waiting.before is None:
        return waiting.action in {*_ASKED_FOR, Action.TRANSFER_APP}
    return waiting.action in _ASKED_FOR or waiting.before.status.is_pending


def choose(change: Change, system: System) -> str:
    """Key of the operation; empty where no person on this system can carry the change out, or nobody needs to."""
    by_case = load_handbook(system.name).choices.get((change.address.kind, change.action), {"": ""})
    return next(by_case[case] for case in _cases(change, system) if case in by_case)


def _cases(change: Change, system: System) -> Iterator[str]:
    """What is special about a change, the most telling first; always ends with the ordinary case."""
    before, after = change.before, change.after
    had = before.attributes if before else {}
    wanted = after.attributes if after else {}
    if system.variant:
        yield system.variant
    if change.action is KINDS[change.address.kind].create and before is not None and before.status.is_pending:
        yield "answer"
    if before is None:
        yield "missing"
    if change.actor and change.actor == person_in(change.address):
        yield "self"
    if system.is_handed_over(wanted.get("role")) or system.is_handed_over(had.get("role")):
        yield "handover"
    if is_downgrade(system, change.address.kind, before=had, after=wanted):
        yield "lower"
    if after is not None and after.identity.startswith("+"):
        yield "phone"
    yield ""


# What fills the blanks of an operation's texts.

_ORDINARY_NAME = re.compile(
    r"[\w.-]{1,60}|(?=.{1,60}$)[^\W\d_]+(?:['\u2019.-][^\W\d_]+|[.,]? [^\W\d_]+|\.(?=,? |$)){0,12}"
)
"""One word, or words of letters with what stands between the parts of a name; anything else is marked, lest it read as
an instruction."""

NO_ANSWERS = "the manifest declares none, so ask the person first"
UNKNOWN_OWNER = "its present owner"


def fill_placeholders(change: Change, scope: Scope) -> dict[str, str]:
    """The value of every blank for one change: marked prose, and empty where a case has none."""
    organization, address, kind = scope.organization, change.address, change.address.kind
    system = organization.system
    wanted: Attributes = change.after.attributes if change.after else {}
    had: Attributes = change.before.attributes if change.before else {}
    asset, partner, ad_account = _asset_of(address), _part(address, "partner"), _part(address, "ad_account")
    shown = name_organization(scope)
    finance = _labels(system, f"{kind}.finance", wanted.get("finance", ""))
    former_finance = _labels(system, f"{kind}.finance", had.get("finance", ""))
    given = wanted.get("permissions", ())
    left_off = tuple(one.name for one in system.permissions.get(kind, ()) if given and one.name not in given)
    answers = "; ".join(
        f"{plain(question)}: {literal(answer)}" for question, answer in sorted(scope.details.get(address, {}).items())
    )
    owner = Owner.of(had)
    return {
        # A Business Center is told from another one of that name by its id.
        "organization": _call("" if organization.name == shown else organization.name, shown),
        **_person(change, scope),
        "role": _labels(system, kind, wanted.get("role", "")),
        "former_role": _labels(system, kind, had.get("role", "")),
        "finance": finance,
        "former_finance": "" if finance else former_finance,
        "answers": (answers or NO_ANSWERS) if system.variant == "research" else "",
        "member_cap": str(system.member_cap or ""),
        "asset": _name_asset(asset, scope) if asset else "",
        "asset_id": literal(_find_id(asset, scope, change)) if asset else "",
        "asset_kind": KINDS[asset.kind].title if asset else "",
        "wanted_name": literal(str(wanted.get("called") or _find_id(asset, scope, change))) if asset else "",
        "menu": load_handbook(system.name).menus.get(asset.kind, "") if asset else "",
        "permissions": _labels(system, kind, given),
        "left_off": _labels(system, kind, left_off),
        "ad_account": _name_asset(ad_account, scope) if ad_account else "",
        "partner": _name_asset(partner, scope) if partner else "",
        "partner_id": literal(_find_id(partner, scope, change)) if partner else "",
        "app_owner": name_person(owner.person, scope) if owner.person else plain(owner.organization) or UNKNOWN_OWNER,
        "place": literal(str(change.place)) if change.place else "",
    }


def name_organization(scope: Scope) -> str:
    """What the organization is called where somebody looks for it."""
    organization = scope.organization
    if organization.system.name == "developers":
        return organization.name or organization.identity or organization.key
    return organization.identity or organization.name or organization.key


def name_person(key: str, scope: Scope, identifier: str = "") -> str:
    """`Ana Lopez ('ana@acme.example')`: enough for somebody who knows neither the manifests nor the person."""
    shown = identifier or next(iter(scope.people.get(key, ())), key)
    name = scope.names.get(key, "") or (key if key.casefold() != shown.casefold() else "")
    return _call(name, shown)


def _name_asset(asset: Address, scope: Scope) -> str:
    """The key in the manifests, with the id on the system where that is another."""
    shown = scope.assets.get((asset.kind, asset.key), asset.key)
    return _call("" if shown == asset.key else asset.key, shown)


def _find_id(asset: Address, scope: Scope, change: Change) -> str:
    """Id, handle or client key; the key where the manifests give nothing else."""
    known = scope.assets.get((asset.kind, asset.key), "")
    own = [side.identity for side in (change.before, change.after) if side and side.address == asset]
    return known or next(filter(None, own), asset.key)


def _call(name: str, identifier: str) -> str:
    """`Ana Lopez ('ana@acme.example')`, or the identifier alone where there is no name."""
    if not name:
        return literal(identifier)
    return f"{plain(name) if _ORDINARY_NAME.fullmatch(name) else literal(name)} ({literal(identifier)})"


def _person(change: Change, scope: Scope) -> Mapping[str, str]:
    key = person_in(change.address)
    if not key:
        return {"person": "", "identifier": "", "former_identifier": ""}
    is_member = change.address.kind == "member"
    former = change.before.identity if is_member and change.before else ""
    wanted = change.after.identity if is_member and change.after else ""
    usual = next(iter(scope.people.get(key, ())), key)
    return {
        "person": name_person(key, scope, wanted or former),
        "identifier": literal(wanted or usual),
        "former_identifier": literal(former or wanted or usual),
    }


def _labels(system: System, kind: str, values: str | tuple[str, ...]) -> str:
    """The labels of roles or permissions, quoted as every label is; an unknown word is its own label."""
    names = (values,) if isinstance(values, str) else values
    known = [system.find_role(kind, name) for name in names if name]
    labels = [role.label if role else plain(name) for role, name in zip(known, filter(None, names), strict=True)]
    return ", ".join(f"'{label}'" for label in labels)


def _asset_of(address: Address) -> Address | None:
    """What an address gives access to, or the asset itself; None for members and organizations."""
    if address.kind in {"member", "organization"}:
        return None
    parents = KINDS[address.kind].parents
    if not parents:
        return address
    part = KINDS[address.kind].target_part
    return Address(address.organization, parents[part], address.parts[part])


def _part(address: Address, kind: str) -> Address | None:
    """The thing of some kind that an address is or names."""
    if address.kind == kind:
        return address
    parents = KINDS[address.kind].parents
    return Address(address.organization, kind, address.parts[parents.index(kind)]) if kind in parents else None
