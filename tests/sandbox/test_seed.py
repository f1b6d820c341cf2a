"""What `sandbox.yaml` can say, and what it says about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reconciler.model import ProviderError
from reconciler.sandbox import SEED_FILE
from reconciler.sandbox.registry import is_registered
from reconciler.sandbox.seed import load_seed, read_seed
from reconciler.sandbox.world import World
from tests.sandbox.stage import Stage, new_world


def test_a_seed_can_begin_in_the_middle_of_a_story() -> None:
    seed = """
version: 1
knobs: {link_hours: 2}
people:
  ana: {name: Ana, email: ana@acme.example, identities: {developers: ana.dev@acme.example}, registered: [developers]}
  eve: eve@acme.example
organizations:
  bc:
    system: business_center
    id: "69"
    members: {ana: {role: admin, finance: manager}, eve: {role: standard, as: eve.ads@acme.example}}
    ad_accounts: {"71": {name: US, access: {eve: operator}}, "72": ""}
    partners: {"70": {"71": analyst}}
  dev: {system: developers, name: Acme Inc., members: {ana: admin}}
  agency: {system: business_center, id: "70", members: {"gus@north.example": admin}}
tiktok_accounts: {"@acme": {owner: "lee@creator.example", linked: {bc: [existing_posts, live]}}}
"""
    with new_world(seed) as world:
        stage = Stage(world)
        assert stage.look("bc") == {
            "member/ana": "admin manager",
            "member/eve.ads@acme.example": "standard",
            "ad_account/71": "",
            "ad_account/72": "",
            "ad_account_access/71/eve.ads@acme.example": "operator",
            "tiktok_account/@acme": "existing_posts+live",
            "partner/70": "",
            "partner_share/70/71": "analyst",
        }
        assert stage.look("agency") == {"member/gus@north.example": "admin", "ad_account/71": ""}
        assert world.knobs.link_hours == 2
        assert is_registered(world, system="developers", identity="ANA.DEV@acme.example")
        assert not is_registered(world, system="business_center", identity="ana@acme.example")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("version: 2", "sandbox.yaml: version is 2; this version reads 1"),
        ("peple: {}", "sandbox.yaml has unknown keys: peple"),
        ("knobs: {link_hour: 1}", "there is no knob 'link_hour'"),
        ("knobs: {link_hours: yes}", "knob link_hours takes int, not True"),
        ("people: {ana: 7}", "people.ana.email is 7"),
        ("people: {ana: {mail: a@b.example}}", "people.ana has unknown keys: mail"),
        ("people: {ana: {email: a@b.example, registered: [tiktok]}}", "which is not a system"),
        ("people: {ana: {email: a@b.example, registered: all}}", "is 'all', not a list of texts"),
        (
            "people: {ana: a@b.example, bo: {email: A@b.example}}",
            "people.bo has A@b.example, which another person has already",
        ),
        ("organizations: {dev: {name: Acme}}", "organizations.dev.system is missing"),
        ("organizations: {dev: {system: developers}}", "an organization needs a name"),
        (
            "organizations: {dev: {system: intranet}}",
            "organizations.dev.system is 'intranet', which is not one of developers,",
        ),
        ("organizations: {bc: {system: business_center, id: 69}}", "organizations.bc.id is 69"),
        ("organizations: [dev]", "is ['dev'], not a mapping"),
        ("organizations: {dev: {system: developers, name: A, members: {ana: admin}}}", "nobody goes by ana"),
        ('organizations: {dev: {system: developers, name: A, members: {"a@b.example": boss}}}', "has no role boss"),
        ('organizations: {bc: {system: business_center, id: "1", ad_accounts: {71: US}}}', "has the key 71"),
        (
            'organizations: {bc: {system: business_center, id: "1", pixels: {"7": {access: {"a@b.example": ""}}}}}',
            "has no admin",
        ),
        ('tiktok_accounts: {"@acme": {}}', "tiktok_accounts.@acme.owner is missing"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, mistake: str) -> None:
    with World.in_memory() as world:
        with pytest.raises(ProviderError) as caught:
            load_seed(world, yaml.safe_load(text))
        assert mistake in caught.value.message
        assert caught.value.advice
        assert world.rows("SELECT * FROM person", {}) == []


def test_a_file_that_is_not_yaml_is_named(tmp_path: Path) -> None:
    (tmp_path / SEED_FILE).write_text("people: [")
    with pytest.raises(ProviderError, match=r"sandbox\.yaml cannot be read: not YAML at line 1 column 10: [^\n]*$"):
        read_seed(tmp_path)
