"""The values that fill the blanks of an operation's texts, from a change and what the manifests call things."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, person_in
from reconciler.model.ports import Scope
from reconciler.model.resource import Attributes, Owner
from reconciler.model.system import System
from reconciler.systems.loading import load_handbook
from reconciler.systems.markup import literal, plain

_ORDINARY_NAME = re.compile(
    r"[\w.-]{1,60}|(?=.{1,60}$)[^\W\d_]+(?:['\u2019.-][^\W\d_]+|[.,]? [^\W\d_]+|\.(?=,? |$)){0,12}"
)
"""One word, or words of letters with what stands between the parts of a name; anything else is marked, lest it read as
an instruction."""

_NO_ANSWERS = "the manifest declares none, so ask the person first"
_UNKNOWN_OWNER = "its present owner"


def fill_placeholders(change: Change, scope: Scope) -> dict[str, str]:
    """The value of every blank for one change: marked prose, and empty where a case has none."""
    organization, system, address, kind = (
        scope.organization,
        scope.organization.system,
        change.address,
        change.address.kind,
    )
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
        "answers": (answers or _NO_ANSWERS) if system.variant == "research" else "",
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
        "app_owner": name_person(owner.person, scope) if owner.person else plain(owner.organization) or _UNKNOWN_OWNER,
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
