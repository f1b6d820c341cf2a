"""docs/sandbox.md says what is."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import yaml

from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import Knobs, World
from tests.sandbox.stage import Stage

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def test_the_seed_on_the_page_begins_a_world() -> None:
    (seed,) = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("version: 1")]
    with World.in_memory() as world:
        load_seed(world, yaml.safe_load(seed))
        told = Stage(world).look("acme-bc")
    assert told["member/ana"] == "admin manager"
    assert told["tiktok_account/@acme"] == "existing_posts"
    assert told["partner_share/6900000000000000002/7100000000000000001"] == "analyst"


def test_every_knob_is_on_the_page_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", PAGE, re.MULTILINE))
    assert listed == {field.name: json.dumps(field.default) for field in dataclasses.fields(Knobs)}
