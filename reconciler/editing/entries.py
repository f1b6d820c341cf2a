"""Where a resource stands in a manifest, and what stands there."""

from __future__ import annotations

import re

from reconciler.editing.edits import Join, Path, Put
from reconciler.editing.writer import Value
from reconciler.manifests.nodes import is_key
from reconciler.model import KINDS, Address, Owner, Resource, Shape, System

_NUMBER = re.compile(r"[0-9]+")
_HANDLE = re.compile(r"@[^@\s/]+")


class NotExpressible(Exception):  # it is no error: some things have no place in a manifest
    """Why something that is there cannot be declared; the text is for people."""


def path_of(address: Address) -> Path:
    """The keys that lead to a resource; for what is an item of a list, to the list."""
    kind = KINDS[address.kind]
    top: Path = ("organizations", address.organization)
    if kind.section or kind.name == "member":
        return (*top, kind.section or "members", address.key)
    asset, other = address.parts
    entries = (*top, KINDS[kind.parents[0]].section, asset, kind.entry)
    return entries if kind.is_item else (*entries, other)


def to_entry(resource: Resource, system: System, *, name: str = "") -> Put | Join:
    """What declares a resource as it is; raises NotExpressible. `name` is what people call an asset."""
    address, kind = resource.address, KINDS[resource.address.kind]
    if kind.shape is Shape.ORGANIZATION:
        raise NotExpressible("manifests have no place for it")
    path = path_of(address)
    if kind.is_item:
        return Join(path=path, item=address.parts[-1])
    if kind.name == "member":
        return Put(path=path, value=_member(resource, system))
    if kind.section:
        return Put(path=path, value=_asset(resource, system, name))
    permissions = resource.attributes.get("permissions")
    if permissions is None:
        return Put(path=path, value=_role_word(resource, system))
    return Put(path=path, value=_known_permissions(kind.name, permissions, system))


def _role_word(resource: Resource, system: System) -> str:
    """The word for a role; raises NotExpressible for one that manifests do not know."""
    role = resource.attributes.get("role", "")
    if not isinstance(role, str) or not role:
        raise NotExpressible("the system does not show its role")
    if system.find_role(resource.address.kind, role) is None:
        raise NotExpressible(f"its role {role!r} is none that can be declared")
    return role


def _member(resource: Resource, system: System) -> Value:
    value: dict[str, Value] = {"role": _role_word(resource, system)}
    finance = resource.attributes.get("finance")
    if isinstance(finance, str) and finance:
        if system.find_role("member.finance", finance) is None:
            raise NotExpressible(f"its finance role {finance!r} is none that can be declared")
        value["finance"] = finance
    if "phone" in system.identifiers and resource.identity.startswith("+"):
        value["via"] = "phone"
    return value if len(value) > 1 else value["role"]


def _known_permissions(kind: str, permissions: str | tuple[str, ...], system: System) -> list[str]:
    listed = [permissions] if isinstance(permissions, str) else list(permissions)
    foreign = [one for one in listed if system.find_role(kind, one) is None]
    if foreign or not listed:
        raise NotExpressible(
            f"its permission {foreign[0]!r} is none that can be declared" if foreign else "it allows nothing"
        )
    return listed


def _asset(resource: Resource, system: System, name: str) -> Value:
    if not is_key(resource.address.key):
        raise NotExpressible(f"{resource.address.key!r} cannot be a key")
    kind, identity = resource.address.kind, resource.identity
    value: dict[str, Value] = {}
    if kind == "app":
        if Owner.of(resource.attributes) != Owner(organization=resource.address.organization):
            raise NotExpressible("this organization does not own it")
        value["client_key"] = identity
    else:
        number, can_have_handle = resource.platform_id or identity, kind == "tiktok_account"
        if _NUMBER.fullmatch(number):
            value["id"] = number
        if can_have_handle and _HANDLE.fullmatch(identity):
            value["handle"] = identity
        if not value and kind != "asset_group":
            raise NotExpressible("neither its id nor its handle is shown" if can_have_handle else "its id is not shown")
    if name:
        value["name"] = name
    if (permissions := resource.attributes.get("permissions")) is not None:
        allowed = _known_permissions(kind, permissions, system)
        # What is asked for when nothing is said is not written.
        if allowed != [min(system.permissions[kind], key=lambda permission: permission.rank).name]:
            value["permissions"] = allowed
    return value
