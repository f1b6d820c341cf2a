"""How a world begins: `sandbox.yaml` in the workspace, applied once, when there is no world yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.model import ProviderError
from reconciler.sandbox import SEED_FILE, WORLD_FILE
from reconciler.sandbox.api.configuration import DEFAULT_APP, Options, add_api_app, add_token, write_options
from reconciler.sandbox.apps import add_app
from reconciler.sandbox.assets import add_asset, grant, hold
from reconciler.sandbox.partners import add_partner, share
from reconciler.sandbox.registry import (
    PLATFORMS,
    SandboxOrganization,
    add_person,
    find_address,
    find_or_add_person,
    found,
    get_admin,
    get_organization,
    get_person,
    normalise,
    register,
    seat,
)
from reconciler.sandbox.world import Knobs, Refusal, World, real_now

_MAX_CHARACTERS = 16 << 20
_ADVICE = "the format is described in docs/sandbox.md"

_SECTIONS = {
    "ad_accounts": "ad_account",
    "catalogs": "catalog",
    "pixels": "pixel",
    "shops": "shop",
    "lead_libraries": "lead_library",
    "managed_accounts": "managed_account",
}
_SYSTEMS = list(dict.fromkeys(system for system, _ in PLATFORMS))


def open_world(root: Path, *, clock: Callable[[], datetime] = real_now) -> World:
    """The world of a workspace; a new one begins as `sandbox.yaml` says, or empty if there is no such file."""
    world = World.open(root / WORLD_FILE, clock=clock)
    try:
        with world.transaction():
            if world.find_setting("begun") is None:  # seeded only once, however often it is opened
                load_seed(world, read_seed(root))
                world.set_setting("begun", world.timestamp())
    except BaseException:
        world.close()
        raise
    return world


def read_seed(root: Path) -> Mapping[str, Any]:
    """The seed document of a workspace; empty when there is none."""
    import yaml

    path = root / SEED_FILE
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_MAX_CHARACTERS + 1)
        if len(text) > _MAX_CHARACTERS:
            raise ProviderError(f"{path} cannot be read: it is longer than {_MAX_CHARACTERS >> 20} MiB")
        document = yaml.safe_load(text)
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise ProviderError(f"{path} cannot be read: it is nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        # A date that no calendar has is a ValueError of the YAML reader.
        said = error.strerror if isinstance(error, OSError) else str(error)
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
            mark = error.problem_mark
            said = f"not YAML at line {mark.line + 1} column {mark.column + 1}: {error.problem}"
        raise ProviderError(f"{path} cannot be read: {said}", advice=_ADVICE) from error
    return document or {}


def load_seed(world: World, document: Mapping[str, Any]) -> None:
    """Bring everything a seed document names into being, or nothing; a mistake in it is a ProviderError."""
    seed = _Fields(document, "")
    try:
        with world.transaction():
            seed.expect("version", 1)
            world.knobs = Knobs.from_mapping(dict(seed.fields("knobs").each()))
            _plant_people(world, seed)
            _plant_organizations(world, seed)
            for client_key, owner in seed.fields("apps").each():
                add_app(world, client_key, _get_person(world, _text(owner, f"apps.{client_key}")))
            _plant_assets(world, seed)
            _plant_business_api(world, seed)
            seed.finish()
    except (Refusal, ValueError, OverflowError, sqlite3.Error) as error:
        raise ProviderError(f"sandbox.yaml: {error}", advice=_ADVICE) from error


class _Fields:
    """One mapping of the document, and where it stands. Every key has to be taken before `finish`.

    So a mistake in it is named instead of passed over.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise _mistake(where, f"is {value!r}, not a mapping")
        self._left: dict[Any, Any] = dict(value)
        self.where = where

    def at(self, name: str) -> str:
        """Where the value of a key stands."""
        return f"{self.where}.{name}" if self.where else name

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it has to be there."""
        value = self._left.pop(name, default)
        if value is None:
            raise _mistake(self.at(name), "is missing")
        return _text(value, self.at(name))

    def expect(self, name: str, value: object) -> None:
        """A key that can only have one value, and may be left out."""
        found = self._left.pop(name, value)
        if found != value:
            raise _mistake(self.at(name), f"is {found!r}; this version reads {value!r}")

    def texts(self, name: str, default: list[str]) -> list[str]:
        """A list of texts."""
        return _texts(self._left.pop(name, default), self.at(name))

    def fields(self, name: str) -> _Fields:
        """A mapping inside this one; empty when it is not there."""
        return _Fields(self._left.pop(name, {}), self.at(name))

    def each(self) -> Iterator[tuple[str, object]]:
        """All that is left: for mappings whose keys are names."""
        for name, value in list(self._left.items()):
            if not isinstance(name, str):
                raise _mistake(self.where, f"has the key {name!r}; write it in quotes")
            del self._left[name]
            yield name, value

    def mappings(self, name: str, *, short: str = "") -> Iterator[tuple[str, _Fields]]:
        """All mappings inside the one of this name; in place of one may stand the value that matters most in it."""
        section = self.fields(name)
        for key, value in section.each():
            is_whole = isinstance(value, Mapping) or not short
            fields = _Fields(value if is_whole else {short: value}, section.at(key))
            yield key, fields
            fields.finish()

    def finish(self) -> None:
        """Refuse whatever nobody has asked for."""
        if self._left:
            raise _mistake(self.where, f"has unknown keys: {', '.join(map(str, self._left))}")


def _texts(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _mistake(where, f"is {value!r}, not a list of texts")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _mistake(where, f"is {value!r}; write a text, in quotes if it looks like a number")
    return value


def _mistake(where: str, problem: str) -> ProviderError:
    return ProviderError(f"sandbox.yaml: {where} {problem}" if where else f"sandbox.yaml {problem}", advice=_ADVICE)


def _plant_people(world: World, seed: _Fields) -> None:
    """People, and where they have an account: everywhere, unless `registered` says where."""
    for key, person in seed.mappings("people", short="email"):
        email = person.text("email", "")
        named = person.fields("identities")
        identities = {name: _text(text, f"{named.where}.{name}") for name, text in named.each()}
        known = [text for text in (email, *identities.values()) if text]
        for text in known:
            if world.find("identity", value=normalise(text)) is not None:
                raise Refusal("taken", f"{person.where} has {text}, which another person has already")
        number = add_person(world, key=key, name=person.text("name", ""), identities=known)
        for system in person.texts("registered", _SYSTEMS):
            if system not in _SYSTEMS:
                raise Refusal("unknown", f"{person.where}.registered names {system}, which is not a system")
            if address := identities.get(system, email):
                register(world, number, system=system, identity=address)


def _plant_organizations(world: World, seed: _Fields) -> None:
    """Organizations with their first people and what they own; partners come when all of them are there."""
    partners: list[tuple[SandboxOrganization, _Fields]] = []
    for key, fields in seed.mappings("organizations"):
        organization = _plant_organization(world, key, fields)
        for name, member in fields.mappings("members", short="role"):
            person = _get_person(world, name)
            address = member.text("as", "") or find_address(world, person, system=organization.system)
            roles = {"role": member.text("role"), "finance": member.text("finance", "")}
            seat(organization, person=person, address=normalise(address), **roles)
        for client_key, title in fields.fields("apps").each():
            add_app(world, client_key, organization, name=_text(title, f"{fields.where}.apps"))
        for section, kind in _SECTIONS.items():
            for identity, asset in fields.mappings(section, short="name"):
                _plant_owned(world, organization, kind, identity, asset)
        partners.append((organization, fields.fields("partners")))
    for organization, listed in partners:
        for partner, value in listed.each():
            actor = get_admin(organization)
            add_partner(organization, actor=actor, partner=partner)
            for identity, given in _Fields(value, f"{listed.where}.{partner}").each():
                role = _text(given, f"{listed.where}.{partner}.{identity}")
                share(organization, actor=actor, partner=partner, identity=identity, role=role)


def _plant_assets(world: World, seed: _Fields) -> None:
    """Assets that belong to a person: id -> owner; also with who has access to them or a link already."""
    for section, kind in _SECTIONS.items():
        for identity, fields in seed.mappings(section, short="owner"):
            person = _get_person(world, fields.text("owner"))
            asset = add_asset(world, kind, identity, person, name=fields.text("name", ""))
            for key in fields.texts("granted", []):
                hold(get_organization(world, key), asset, relation="granted", status="active")
    for handle, account in seed.mappings("tiktok_accounts", short="owner"):
        person, title = _get_person(world, account.text("owner")), account.text("name", "")
        asset = add_asset(world, "tiktok_account", handle, person, name=title)
        for key, permissions in account.fields("linked").each():
            linked = _texts(permissions, f"{account.where}.linked.{key}")
            place = get_organization(world, key)
            hold(place, asset, relation="granted", status="active", permissions=linked)


def _get_person(world: World, name: str) -> int:
    """Somebody from `people`, or a stranger by their address."""
    is_address = "@" in name or name.startswith("+")
    return find_or_add_person(world, name) if is_address else get_person(world, name)


def _plant_organization(world: World, key: str, fields: _Fields) -> SandboxOrganization:
    system = fields.text("system")
    if system not in _SYSTEMS:
        raise _mistake(fields.at("system"), f"is {system!r}, which is not one of {', '.join(_SYSTEMS)}")
    name = fields.text("name", "")
    known_by = {"developers": "", "business_center": "id"}.get(system, "handle")
    identity = fields.text(known_by) if known_by else name
    role_system, kind = fields.text("role_system", "legacy"), fields.text("kind", "company")
    variant = "research" if kind == "research" else role_system.removeprefix("legacy")
    return found(world, system=system, variant=variant, identity=identity, name=name, key=key)


def _plant_owned(world: World, organization: SandboxOrganization, kind: str, identity: str, fields: _Fields) -> None:
    """An asset the Business Center owns, with the access that members have from the start."""
    add_asset(world, kind, identity, organization, name=fields.text("name", ""))
    access = list(fields.fields("access").each())
    actor = get_admin(organization) if access else 0
    for name, value in access:
        person, role = _get_person(world, name), _text(value, f"{fields.where}.access.{name}")
        address = find_address(world, person, system=organization.system, organization=organization.id)
        roles = [role] if role else []
        grant(organization, actor=actor, kind=kind, identity=identity, address=address, roles=roles)


def _plant_business_api(world: World, seed: _Fields) -> None:
    """Apps, tokens and options of the API for Business; tokens act as people of the seed."""
    section = seed.fields("business_api")
    options = dict(section.fields("options").each())
    if options:
        write_options(world, Options().changed(options))
    for app, fields in section.mappings("apps", short="secret"):
        add_api_app(world, app, secret=fields.text("secret"), scopes=_scopes(fields))
    for token, fields in section.mappings("tokens", short="person"):
        person = get_person(world, fields.text("person"))
        add_token(world, token, person=person, app=fields.text("app", DEFAULT_APP), scopes=_scopes(fields))
    section.finish()


def _scopes(fields: _Fields) -> str:
    numbers = fields.texts("scopes", [])
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"{fields.where}.scopes are numbers in quotes, not {numbers}")
    return ",".join(numbers)
