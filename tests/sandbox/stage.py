"""A small world for stories: one company on every system, an agency beside it, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import yaml

from reconciler.providers.sandbox.reading import show
from reconciler.sandbox.registry import SandboxOrganization, get_organization, get_person
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import Refusal, World

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

SEED = """
version: 1
people:
  ana: {email: ana@acme.example, identities: {phone: "+34600111222"}}
  bo: bo@acme.example
  cy: cy@acme.example
  dee: {email: dee@creator.example, identities: {phone: "+34600333444", tiktok: "@dee"}, registered: []}
  gus: gus@north.example
organizations:
  dev: {system: developers, name: Acme Inc., members: {ana: admin, bo: member}, apps: {awx-shop: Shop login}}
  owned: {system: developers, role_system: owner, name: Acme Labs, members: {ana: owner, bo: admin, cy: member},
    apps: {awx-lab: Lab}}
  research: {system: developers, kind: research, name: Acme Research, members: {ana: admin}}
  brand: {system: organization_account, handle: "@acme", members: {ana: admin, bo: operator}}
  studio: {system: business_account, handle: "@acme.studio", members: {ana: administrator, bo: editor}}
  bc:
    system: business_center
    id: "6900000000000000001"
    name: Acme
    members: {ana: admin, bo: standard}
    ad_accounts: {"7100000000000000001": US brand, "7100000000000000002": EU brand}
    catalogs: {"7200000000000000001": Shoes}
    pixels: {"7300000000000000001": Web shop}
    shops: {"7400000000000000001": Shop}
    lead_libraries: {"7500000000000000001": Leads}
    managed_accounts: {"7900000000000000001": "@acme.care"}
  north: {system: business_center, id: "6900000000000000002", name: North Agency, members: {gus: admin}}
apps: {awx-game: bo}
ad_accounts: {"7100000000000000009": dee}
tiktok_accounts: {"@dee": dee, "@acme": {owner: cy, linked: {bc: [existing_posts]}}}
"""

US, EU, OF_DEE = "7100000000000000001", "7100000000000000002", "7100000000000000009"
NORTH = "6900000000000000002"


def new_world(seed: str = SEED, **knobs: Any) -> World:
    """The stage, in memory."""
    world = World.in_memory(clock=lambda: START)
    document = _read(seed)
    load_seed(world, {**document, "knobs": {**document.get("knobs", {}), **knobs}})
    return world


@cache
def _read(seed: str) -> dict[str, Any]:
    """Reading it takes longer than all that is done with it."""
    return dict(yaml.safe_load(seed))


class Stage:
    """The stage with short words for the two things that every story does: naming people and looking."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __getitem__(self, organization: str) -> SandboxOrganization:
        return get_organization(self.world, organization)

    def person(self, key: str) -> int:
        return get_person(self.world, key)

    def pass_time(self, **duration: float) -> None:
        self.world.advance(timedelta(**duration))

    def look(self, organization: str) -> dict[str, str]:
        """Everything but the organization itself, as `kind/key` -> what it says."""
        told: dict[str, str] = {}
        for resource in show(self.world, self[organization]):
            values = [_told(value) for value in resource.attributes.values()]
            values += [f"pending {_told(value)}" for value in resource.pending.values()]
            status = "" if resource.status == "active" else resource.status.value
            told[f"{resource.address.kind}/{resource.address.key}"] = " ".join(filter(None, [status, *values]))
        return {key: value for key, value in told.items() if not key.startswith("organization/")}

    def members(self, organization: str) -> dict[str, str]:
        """Only the people."""
        told = self.look(organization).items()
        return {key.removeprefix("member/"): value for key, value in told if key.startswith("member/")}


def _told(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "+".join(value)


@contextmanager
def refused(word: str) -> Iterator[None]:
    """The platform says no, with this word."""
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.word == word, f"{caught.value.word}: {caught.value.text}"
