"""The sections of a seed document, each brought into being."""

from __future__ import annotations

from reconciler.sandbox.apps import add_app
from reconciler.sandbox.assets import add_asset, grant, hold
from reconciler.sandbox.fields import Fields, text_of, texts_of
from reconciler.sandbox.organizations import SandboxOrganization, found, get_admin, get_organization, seat
from reconciler.sandbox.partners import add_partner, share
from reconciler.sandbox.platforms import PLATFORMS
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import (
    add_person,
    find_address,
    find_or_add_person,
    get_person,
    normalise,
    register,
)
from reconciler.sandbox.world import World

_SECTIONS = {
    "ad_accounts": "ad_account",
    "catalogs": "catalog",
    "pixels": "pixel",
    "shops": "shop",
    "lead_libraries": "lead_library",
    "managed_accounts": "managed_account",
}
_SYSTEMS = list(dict.fromkeys(system for system, _ in PLATFORMS))


def plant_people(world: World, seed: Fields) -> None:
    """People, and where they have an account: everywhere, unless `registered` says where."""
    for key, value in seed.fields("people").each():
        person = Fields.of(value, f"people.{key}", short="email")
        email = person.text("email", "")
        named = person.fields("identities")
        identities = {name: text_of(text, f"{named.where}.{name}") for name, text in named.each()}
        known = [text for text in (email, *identities.values()) if text]
        number = add_person(world, key=key, name=person.text("name", ""), identities=known)
        for system in person.texts("registered", _SYSTEMS):
            if system not in _SYSTEMS:
                raise Refusal("unknown", f"{person.where}.registered names {system}, which is not a system")
            if address := identities.get(system, email):
                register(world, number, system=system, identity=address)
        person.finish()


def plant_organizations(world: World, seed: Fields) -> None:
    """Organizations with their first people and what they own; partners come when all of them are there."""
    partners: list[tuple[SandboxOrganization, Fields]] = []
    for key, value in seed.fields("organizations").each():
        fields = Fields(value, f"organizations.{key}")
        organization = _plant_organization(world, key, fields)
        for name, member in fields.fields("members").each():
            _plant_member(world, organization, name, Fields.of(member, f"{fields.where}.members.{name}", short="role"))
        for client_key, title in fields.fields("apps").each():
            add_app(world, client_key, name=text_of(title, f"{fields.where}.apps"), organization=organization)
        for section, kind in _SECTIONS.items():
            for identity, asset in fields.fields(section).each():
                where = f"{fields.where}.{section}.{identity}"
                _plant_owned(world, organization, kind, identity, Fields.of(asset, where, short="name"))
        partners.append((organization, fields.fields("partners")))
        fields.finish()
    for organization, listed in partners:
        _plant_partners(world, organization, listed)


def plant_apps(world: World, seed: Fields) -> None:
    """Apps that still belong to a person: client key -> owner."""
    for client_key, owner in seed.fields("apps").each():
        add_app(world, client_key, person=_get_person(world, text_of(owner, f"apps.{client_key}")))


def plant_assets(world: World, seed: Fields) -> None:
    """Assets that belong to a person: id -> owner; also with who has access to them or a link already."""
    for section, kind in _SECTIONS.items():
        for identity, value in seed.fields(section).each():
            fields = Fields.of(value, f"{section}.{identity}", short="owner")
            person = _get_person(world, fields.text("owner"))
            asset = add_asset(world, kind, identity, name=fields.text("name", ""), person=person)
            for key in fields.texts("granted", []):
                hold(world, get_organization(world, key).id, asset, relation="granted", status="active")
            fields.finish()
    for handle, value in seed.fields("tiktok_accounts").each():
        account = Fields.of(value, f"tiktok_accounts.{handle}", short="owner")
        person, title = _get_person(world, account.text("owner")), account.text("name", "")
        asset = add_asset(world, "tiktok_account", handle, name=title, person=person)
        for key, permissions in account.fields("linked").each():
            hold(
                world,
                get_organization(world, key).id,
                asset,
                relation="granted",
                status="active",
                permissions=texts_of(permissions, f"{account.where}.linked.{key}"),
            )
        account.finish()


def _get_person(world: World, name: str) -> int:
    """Somebody from `people`, or a stranger by their address."""
    is_address = "@" in name or name.startswith("+")
    return find_or_add_person(world, name) if is_address else get_person(world, name)


def _plant_organization(world: World, key: str, fields: Fields) -> SandboxOrganization:
    system = fields.text("system")
    name = fields.text("name", "")
    match system:
        case "developers":
            identity = name
        case "business_center":
            identity = fields.text("id")
        case _:
            identity = fields.text("handle")
    role_system, kind = fields.text("role_system", "legacy"), fields.text("kind", "company")
    variant = "research" if kind == "research" else role_system.removeprefix("legacy")
    return found(world, system=system, variant=variant, identity=identity, name=name, key=key)


def _plant_member(world: World, organization: SandboxOrganization, name: str, fields: Fields) -> None:
    """Somebody who is in from the start, under `as` or the address they have in that system."""
    person = _get_person(world, name)
    address = fields.text("as", "") or find_address(world, person, system=organization.system)
    finance = fields.text("finance", "")
    seat(world, organization, person=person, address=normalise(address), role=fields.text("role"), finance=finance)
    fields.finish()


def _plant_owned(world: World, organization: SandboxOrganization, kind: str, identity: str, fields: Fields) -> None:
    """An asset the Business Center owns, with the access that members have from the start."""
    add_asset(world, kind, identity, name=fields.text("name", ""), organization=organization)
    access = list(fields.fields("access").each())
    actor = get_admin(world, organization) if access else 0
    for name, role in access:
        person = _get_person(world, name)
        grant(
            world,
            organization,
            actor=actor,
            kind=kind,
            identity=identity,
            address=find_address(world, person, system=organization.system, organization=organization.id),
            roles=[text for text in [text_of(role, f"{fields.where}.access.{name}")] if text],
        )
    fields.finish()


def _plant_partners(world: World, organization: SandboxOrganization, partners: Fields) -> None:
    """Partnerships, and ad accounts shared from the start: partner id -> ad account id -> role."""
    for partner, value in partners.each():
        actor = get_admin(world, organization)
        add_partner(world, organization, actor=actor, partner=partner)
        for identity, role in Fields(value, f"{partners.where}.{partner}").each():
            where = f"{partners.where}.{partner}.{identity}"
            share(
                world,
                organization,
                actor=actor,
                partner=partner,
                kind="ad_account",
                identity=identity,
                role=text_of(role, where),
            )
