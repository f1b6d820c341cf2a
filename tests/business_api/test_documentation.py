"""docs/business-center.md: what it tells people to write and to type is good, and its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from reconciler.manifests.config import PROVIDER_OPTIONS
from reconciler.model import KINDS, Action, Address, Change, Role, Shape
from reconciler.providers.business_api.provider import estimate_reading
from reconciler.providers.business_api.vocabulary import NOT_OFFERED, is_done_by_hand
from tests.business_api.service import TOKEN, run, serving
from tests.business_api.stage import CENTER

PAGE = (Path(__file__).parents[2] / "docs" / "business-center.md").read_text(encoding="utf-8")
SEED = """
version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, eve: eve@acme.example}
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin, eve: standard}}
business_api: {options: {tier: unlimited}, tokens: {TOKEN: ana}}
"""


def blocks(language: str) -> list[str]:
    """Code blocks in a language, without the indentation that lists give them."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", text, flags=re.MULTILINE) for indent, text in found]


def test_the_way_to_a_first_plan_leads_there(tmp_path: Path) -> None:
    config, manifest = blocks("yaml")
    for text, path in ((config, "reconciler.yaml"), (manifest, "access/acme.yaml")):
        assert text.startswith(f"# {path}\n")
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "sandbox.yaml").write_text(SEED.replace("TOKEN", TOKEN), encoding="utf-8")
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(manifest, encoding="utf-8")
    with serving(tmp_path / "platform") as service:
        document = yaml.safe_load(config)
        document["providers"]["business_center"] |= {
            "base_url": service.url,
            "access_token": "env:TIKTOK_ACCESS_TOKEN",
        }
        (tmp_path / "reconciler.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        code, told, problems = run(tmp_path, "plan", "-v")
    assert code == 0, problems
    assert "acme-bc (business_center, read_only)" in told
    assert "Unmanaged" in told
    assert "= e*e@acme.example" in told
    assert "No changes" in told


def test_every_option_of_the_provider_is_on_the_page() -> None:
    table = PAGE.partition("## Options of the provider")[2].partition("\n## ")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert told == set(PROVIDER_OPTIONS["business_api"])


def test_the_table_of_kinds_says_which_step_is_a_call_and_which_a_work_order() -> None:
    table = PAGE.partition("## What is read, changed")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\| `.*$", table, re.MULTILINE)
    ]
    told = {row[0].strip("`"): [set(re.findall(r"`(\w+)`", cell)) for cell in row[2:4]] for row in rows}
    assert told == {kind: [done_by(kind, hand=False), done_by(kind, hand=True)] for kind in CENTER.system.kinds}
    assert all(row[1] for row in rows)
    for thing in CENTER.system.unseen:
        assert any(word in table for word in re.findall(r"portfolios|partners|owner|programs", thing)), thing


def done_by(kind: str, *, hand: bool) -> set[str]:
    """Steps that make a difference to access; a kind without roles has nothing to change."""
    about = KINDS[kind]
    changes = about.change if about.shape is not Shape.GRANT or len(roles_of(kind)) > 1 else None
    steps = [step for step in (about.create, changes, about.delete) if step and step is not Action.FORGET]
    offered = [step for step in steps if step not in NOT_OFFERED]
    return {step for step in offered if is_done_by_hand(change_of(kind, step)) is hand}


def roles_of(kind: str) -> tuple[Role, ...]:
    return (*CENTER.system.roles.get(kind, ()), *CENTER.system.permissions.get(kind, ()))


def change_of(kind: str, step: Action) -> Change:
    key = "/".join(KINDS[kind].parents or ("key",))
    return Change(
        address=Address("acme-bc", kind, key), action=step, before=None, after=None, fingerprint="", why="", actor="ana"
    )


def test_the_numbers_on_the_page_are_those_of_the_estimate() -> None:
    small = {"member": 4000, "ad_account": 300}
    assert f"takes {estimate_reading(small)} calls" in PAGE
    shop = {**small, "shop": 1}
    assert f"{estimate_reading(shop):,} calls and ten minutes" in PAGE
