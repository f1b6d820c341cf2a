"""Rosters as what is live, under the names that the manifests use now."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.ports import Scope
from reconciler.model.resource import Attributes, Resource
from reconciler.model.roster import Roster


def read_rosters(scope: Scope) -> Live:
    """One organization as people last read it off its pages; `observed_at` is the oldest look."""
    organization = scope.organization
    rosters = {kind: scope.rosters[kind] for kind in organization.system.kinds if kind in scope.rosters}
    renamed = _renamed(rosters.get("member"), scope)
    resources: dict[Address, Resource] = {}
    unknown = _unread(scope)
    for roster in rosters.values():
        unknown.update(roster.unknown)
        for resource in roster.resources:
            named = _rename(resource, renamed)
            if named.address in resources:
                unknown[str(named.address)] = "several rows of the roster are about this one"
            resources[named.address] = named
    for address in [address for address in resources if str(address) in unknown]:
        del resources[address]
    if rosters:
        whole = Address.whole(organization.key)
        resources[whole] = Resource(address=whole, identity=organization.identity)
    taken = {kind: roster.taken for kind, roster in rosters.items()}
    return Live(
        organization=organization.key,
        resources=resources,
        unknown=unknown,
        observed_at=min(taken.values(), default=None),
        taken=taken if not taken else {**taken, "organization": max(taken.values())},
    )


def _unread(scope: Scope) -> dict[str, str]:
    """What no roster tells anything about."""
    organization = scope.organization
    key, kinds = organization.key, [kind for kind in organization.system.kinds if kind in organization.kinds]
    advice = f"look at its pages and run `reconciler observe {key} --from FILE`"
    if not any(kind in scope.rosters for kind in kinds):
        return {f"{key}/": f"nobody has handed in a roster of {key} yet; {advice}"}
    return {
        f"{key}/{kind}/": f"no roster lists each {KINDS[kind].title} of {key} yet; "
        + (advice.removesuffix("`") + " --kind app`" if kind in {"app", "app_access"} else advice)
        for kind in kinds
        if kind != "organization" and kind not in scope.rosters
    }


def _renamed(members: Roster | None, scope: Scope) -> dict[str, str]:
    """Key of a person in the roster -> the key that the manifests give the same identity by now."""
    found = {}
    for resource in members.resources if members else ():
        key = scope.keys.get(resource.identity.lower(), resource.address.key)
        if key != resource.address.key:
            found[resource.address.key] = key
    return found


def _rename(resource: Resource, renamed: dict[str, str]) -> Resource:
    address, part = resource.address, KINDS[resource.address.kind].person_part
    parts = [renamed.get(text, text) if index == part else text for index, text in enumerate(address.parts)]
    if not renamed:
        return resource
    return replace(
        resource,
        address=Address(address.organization, address.kind, "/".join(parts)),
        attributes=_rename_owner(resource.attributes, renamed),
        pending=_rename_owner(resource.pending, renamed),
    )


def _rename_owner(attributes: Attributes, renamed: dict[str, str]) -> Attributes:
    owner = attributes.get("owner")
    if not isinstance(owner, str) or not owner.startswith("person:"):
        return attributes
    key = owner.removeprefix("person:")
    return {**attributes, "owner": f"person:{renamed.get(key, key)}"}
