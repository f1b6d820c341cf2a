"""The whole comparison of what two revisions of the manifests want; nothing is known here of records or systems.

What everybody can do with each thing on one side, over all ways that lead there, is in `engine.access_paths`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from reconciler.engine.context import approvals_of
from reconciler.engine.entitlements import reach
from reconciler.engine.identities import Dispute, Identities, Names
from reconciler.features.review.differences import (
    ComparedSide,
    compare_access,
    compare_organization,
    compare_people,
    compare_things,
)
from reconciler.features.review.model import AccessChange, DangerousStep, DroppedOrganization, Rename, ThingChange
from reconciler.model.address import KINDS, Action, Address, person_in
from reconciler.model.change import is_administrator, is_downgrade
from reconciler.model.declared import Approval, Declared, Desired, Organization
from reconciler.model.finding import Place
from reconciler.model.values import dataclass

_Resources = Mapping[Address, Declared]
_LOWERING = frozenset({Action.CHANGE_SHARE, Action.CHANGE_GRANT, Action.CHANGE_LINK})
"""Dangerous only where they take something away."""


def compare(base: Desired, head: Desired, *, today: date, allowed_domains: Collection[str]) -> dict[str, Any]:
    """What a change from BASE to HEAD does to access from that day on, as fields of a `Review`."""
    names = _names_at_head(base, head)
    found: list[object] = [*_describe_displaced(names, base, head)]
    members: dict[str, set[str]] = {}
    for pair in _pairs(base, head, names):
        found += _compare_organization(pair, head, today=today, allowed_domains=allowed_domains)
        for address in pair.resources_before.keys() | pair.resources_after.keys():
            if person := person_in(address):
                members.setdefault(person, set()).add(pair.key)
    kinds = {
        "access": AccessChange,
        "things": ThingChange,
        "steps": DangerousStep,
        "dropped": DroppedOrganization,
        "notices": str,
    }
    return {
        **{name: tuple(one for one in found if isinstance(one, kind)) for name, kind in kinds.items()},
        "renames": tuple(_renames(names)),
        "people": tuple(compare_people(base.people, head.people, organizations=members)),
        "approvals_given": _only_in(head.approvals, base.approvals),
        "approvals_withdrawn": _only_in(base.approvals, head.approvals),
    }


def _only_in(approvals: tuple[Approval, ...], others: tuple[Approval, ...]) -> tuple[Approval, ...]:
    known = {approval.terms for approval in others}
    return tuple(approval for approval in approvals if approval.terms not in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One organization on both sides."""

    key: str
    before: Organization | None
    after: Organization | None
    resources_before: _Resources
    resources_after: _Resources
    notice: str = ""
    """What to say of it besides its rows."""


def _pairs(base: Desired, head: Desired, names: Mapping[str, Names]) -> Iterator[_Pair]:
    """Every organization with what it was; two of them where one key means another organization at HEAD."""
    for key in sorted(base.organizations.keys() | head.organizations.keys()):
        before, after = base.organizations.get(key), head.organizations.get(key)
        had = _with_names(base.resources.get(key, {}), names.get(key, Names()))
        if before and after and (before.system.name, before.identity) != (after.system.name, after.identity):
            # What was under the key is told under one of its own.
            former = f"{key} ({before.identity})"
            left = {Address(former, *at[1:]): one for at, one in had.items() if at.kind != "organization"}
            yield _Pair(
                key=former,
                before=replace(before, key=former),
                after=None,
                resources_before={at: replace(one, address=at) for at, one in left.items()},
                resources_after={},
                notice=f"{key} is another organization on its system now: a plan does nothing there until somebody "
                "agrees, and what is live in the old one stays there",
            )
            before, had = None, {}
        now = head.resources.get(key, {})
        yield _Pair(key=key, before=before, after=after, resources_before=had, resources_after=now)


def _compare_organization(
    pair: _Pair, head: Desired, *, today: date, allowed_domains: Collection[str]
) -> Iterator[AccessChange | ThingChange | DangerousStep | DroppedOrganization | str]:
    """Everything that differs in one organization; a text is a notice about it."""
    before, after = pair.before or pair.after, pair.after or pair.before
    if before is None or after is None:
        return
    sides = (
        ComparedSide(system=one.system, reach=reach(one.key, resources, system=one.system, today=today))
        for one, resources in ((before, pair.resources_before), (after, pair.resources_after))
    )
    access = compare_access(*sides, allowed_domains=allowed_domains)
    if pair.notice:
        yield pair.notice
    elif pair.after is None:
        yield (
            f"{before.key} is no longer managed: a plan takes nothing away there, and nobody watches it any more; "
            "to take it down, declare it with `deleted: true`"
        )
    if pair.after is None and not before.deleted:
        # No manifest declares it any more, and no plan takes anything away there, so nothing of it is a loss.
        kept = {change.subject.key for change in access if change.subject.kind == "member"}
        yield DroppedOrganization(organization=after.key, people=tuple(sorted(kept)))
        return
    yield from access
    yield from compare_organization(after.key, pair.before, pair.after)
    yield from compare_things(pair.resources_before, pair.resources_after, after.system)
    if pair.after is not None and not (pair.before is not None and pair.before.deleted and pair.after.deleted):
        yield from _dangerous_steps(pair, pair.after, approvals_of(head.approvals, after.key, today))


# What the change asks for that a plan would not do without an approval.


def _dangerous_steps(
    pair: _Pair, organization: Organization, approvals: Mapping[tuple[Address, Action], Approval]
) -> Iterator[DangerousStep]:
    """The dangerous steps in one organization that is declared on both sides or new, by address.

    Told from the manifests alone: what is done already asks for no step, and is then not in the plan.
    """
    system = organization.system
    for address, action, place in _steps(pair.resources_before, pair.resources_after, organization):
        irreversible, approval = system.irreversible.get(action, ""), approvals.get((address, action))
        if why := irreversible or system.disruptive.get(action, ""):
            is_final = bool(irreversible)
            yield DangerousStep(
                action=action, address=address, why=why, irreversible=is_final, approval=approval, place=place
            )


def _steps(
    before: _Resources, after: _Resources, organization: Organization
) -> Iterator[tuple[Address, Action, Place]]:
    if organization.deleted:
        # All that is in it goes with it, in one step.
        yield Address.whole(organization.key), Action.DELETE_ORGANIZATION, organization.place
        return
    for address in sorted(before.keys() | after.keys()):
        was, becomes = before.get(address), after.get(address)
        if was is None and becomes is not None:
            yield address, KINDS[address.kind].create, becomes.place
        elif becomes is None and was is not None:
            yield address, KINDS[address.kind].delete, was.place
        elif was is not None and becomes is not None and was.attributes != becomes.attributes:
            action = _action_of_change(was, becomes, organization)
            if action is not None:
                yield address, action, becomes.place


def _action_of_change(was: Declared, becomes: Declared, organization: Organization) -> Action | None:
    system, kind = organization.system, KINDS[was.address.kind]
    had, has = was.attributes, becomes.attributes
    loses_admin = is_administrator(system, kind.name, had) and not is_administrator(system, kind.name, has)
    if loses_admin and not system.demotes_admins:
        return Action.REMOVE_AND_INVITE
    if kind.change in _LOWERING and not is_downgrade(system, kind.name, before=had, after=has):
        return None
    return kind.change


# What is called differently on both sides and is the same, and what only seems to be the same under one key.


def _names_at_head(base: Desired, head: Desired) -> dict[str, Names]:
    """Organization -> what its things of BASE are called at HEAD, told as a plan tells it of what is recorded.

    Something whose key means another one at HEAD goes by its identity: what is on it is lost, and gained on the other.
    """
    identities, found = Identities(head), {}
    for organization, resources in base.resources.items():
        known = {at: one.identity for at, one in resources.items()}
        numbers = {at: one.platform_id for at, one in resources.items()}
        found[organization] = _without_passed_on(identities.names(organization, known, numbers=numbers), base, head)
    return found


def _without_passed_on(names: Names, base: Desired, head: Desired) -> Names:
    """Without names of somebody whom BASE knows as somebody else: an address passed on, which records cannot show."""
    moved = {(move.source.kind, move.source.key) for move in head.moves}
    passed_on = {
        (kind, key)
        for (kind, key), now in names.keys.items()
        if kind == "member" and key in base.people and now in base.people and (kind, key) not in moved
    }
    disputes = [
        Dispute(identity=base.people[key].identities.get("email", key), recorded=key, declared=names.keys[kind, key])
        for kind, key in sorted(passed_on)
    ]
    return replace(
        names,
        keys={name: now for name, now in names.keys.items() if name not in passed_on},
        recorded=names.recorded - passed_on,
        disputes=(*names.disputes, *disputes),
    )


def _renames(names: Mapping[str, Names]) -> Iterator[Rename]:
    """Members and assets of BASE that have another name at HEAD, by address."""
    for organization, found in sorted(names.items()):
        for kind, key in sorted(found.recorded - found.displaced):
            now = found.keys[kind, key]
            yield Rename(before=Address(organization, kind, key), after=Address(organization, kind, now))


def _describe_displaced(names: Mapping[str, Names], base: Desired, head: Desired) -> Iterator[str]:
    """What a reader would otherwise take for the same, because it has the same key."""
    for organization, found in sorted(names.items()):
        for kind, key in sorted(found.displaced):
            address = Address(organization, kind, key)
            now = head.resources.get(organization, {}).get(address)
            became = f", which is {now.identity} now" if now else ""
            former = base.resources[organization][address].identity
            yield f"{KINDS[kind].title} {former} of {organization} had the key {key}{became}: these are two things"
        for one in found.disputes:
            yield (
                f"{one.identity} was the address of {one.recorded} in {organization} and is that of {one.declared} "
                "now: these are two people, and a plan waits until somebody decides about the account"
            )


def _with_names(resources: _Resources, names: Names) -> dict[Address, Declared]:
    """The same declarations under the names that they have at HEAD; what hangs on a thing goes along with it."""
    moved = {names.today(address): declared for address, declared in resources.items()}
    return {at: one if at == one.address else replace(one, address=at) for at, one in moved.items()}
