"""What the manifests of a workspace say, as plain tuples; read with nothing but a YAML parser.

The examples use a small part of what the format allows, and this reader knows no more than that: every date lies ahead,
and nobody gets the same thing twice. It is a second opinion, so it shares no code with the tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Fact = tuple[str, ...]
"""What it is, the organization's identity, and the rest: asset, person, role."""

ROLE_ASSETS = {
    "ad_accounts": "ad_account",
    "catalogs": "catalog",
    "shops": "shop",
    "lead_libraries": "lead_library",
}


def declared_facts(workspace: Path) -> set[Fact]:
    """Everything that shall be so once all is settled."""
    book = _Book(workspace)
    return {fact for organization in book.organizations.values() for fact in _facts(book, organization)}


class _Book:
    """All manifest files of a workspace together."""

    def __init__(self, workspace: Path) -> None:
        files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(workspace.glob("access/*.yaml"))]
        self.people, self.groups, self.organizations = (
            {key: value for file in files for key, value in file.get(section, {}).items()}
            for section in ("people", "groups", "organizations")
        )

    def expand(self, who: str) -> Iterator[str]:
        """The people behind a key or a group."""
        if not who.startswith("group:"):
            yield who
            return
        for member in self.groups[who.removeprefix("group:")]["members"]:
            yield from self.expand(member)

    def address(self, person: str, system: str, via: str = "email") -> str:
        """By what a system knows somebody."""
        if person not in self.people:
            return person
        known = self.people[person]
        identities = known.get("identities", {})
        return str(identities["phone"] if via == "phone" else identities.get(system, known["email"]))

    def access(self, system: str, access: Mapping[str, Any] | Iterable[str]) -> Iterator[tuple[str, str]]:
        """Address and role, or permissions, of everybody in an access block."""
        for who, terms in access.items() if isinstance(access, Mapping) else ((who, "") for who in access):
            role = terms.get("role") or terms["permissions"] if isinstance(terms, Mapping) else terms
            for person in self.expand(who):
                yield self.address(person, system), joined(role)


def joined(role: str | list[str]) -> str:
    """A role as it is; permissions in one text."""
    return role if isinstance(role, str) else ",".join(sorted(role))


def _facts(book: _Book, organization: Mapping[str, Any]) -> Iterator[Fact]:
    system = organization["system"]
    own = organization.get("id") or organization.get("handle") or organization["name"]
    yield from _members(book, organization, own)
    for app in organization.get("apps", {}).values():
        yield "app", own, app["client_key"]
        for address, role in book.access(system, app.get("access", {})):
            yield "app_access", own, app["client_key"], address, role
    for section, kind in ROLE_ASSETS.items():
        for asset in organization.get(section, {}).values():
            yield from _asset(book, own, kind, asset["id"], asset)
    yield from _connected(book, organization, own)
    yield from _groups_and_partners(book, organization, own)


def _members(book: _Book, organization: Mapping[str, Any], own: str) -> Iterator[Fact]:
    for who, value in organization["members"].items():
        terms = value if isinstance(value, Mapping) else {"role": value}
        for person in book.expand(who):
            address = book.address(person, organization["system"], terms.get("via", "email"))
            yield "member", own, address, terms["role"], terms.get("finance", "")


def _asset(book: _Book, own: str, kind: str, identity: str, asset: Mapping[str, Any]) -> Iterator[Fact]:
    yield kind, own, identity, joined(asset.get("permissions", ""))
    for address, role in book.access("business_center", asset.get("access", {})):
        yield f"{kind}_access", own, identity, address, role


def _connected(book: _Book, organization: Mapping[str, Any], own: str) -> Iterator[Fact]:
    """Pixels and TikTok accounts: assets that ad accounts may use."""
    for section, kind, name in (("pixels", "pixel", "id"), ("tiktok_accounts", "tiktok_account", "handle")):
        for asset in organization.get(section, {}).values():
            yield from _asset(book, own, kind, asset[name], asset)
            for ad_account in asset.get("ad_accounts", []):
                yield f"{kind}_use", own, asset[name], organization["ad_accounts"][ad_account]["id"]


def _groups_and_partners(book: _Book, organization: Mapping[str, Any], own: str) -> Iterator[Fact]:
    for key, group in organization.get("asset_groups", {}).items():
        yield "asset_group", own, key
        for ad_account in group["ad_accounts"]:
            yield "asset_group_asset", own, key, organization["ad_accounts"][ad_account]["id"]
        for address, role in book.access("business_center", group["access"]):
            yield "asset_group_access", own, key, address, role
    for partner in organization.get("partners", {}).values():
        yield "partner", own, partner["id"]
        for ad_account, role in partner.get("shares", {}).items():
            yield "partner_share", own, partner["id"], organization["ad_accounts"][ad_account]["id"], role
