"""docs/emulator.md says what is."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
import yaml

from reconciler.cli.app import shared_options
from reconciler.cli.commands.sandbox import serve
from reconciler.sandbox.api.configuration import Options
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.server import EVENTS
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from tests.sandbox.api.desk import Desk

PAGE = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text(encoding="utf-8")


def table(heading: str) -> str:
    return PAGE.partition(f"\n## {heading}")[2].partition("\n## ")[0]


def test_every_option_is_on_the_page_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", table("Open questions"), re.MULTILINE))
    assert listed == {name: json.dumps(value) for name, value in Options().to_mapping().items()}


def test_the_other_answers_on_the_page_are_accepted() -> None:
    for name, others in re.findall(
        r"^\| `(\w+)` \| `[^`]+` \| ([^|]*`[^|]*) \|", table("Open questions"), re.MULTILINE
    ):
        for other in re.findall(r"`([^`]+)`", others):
            assert Options().changed({name: json.loads(other)}) != Options()


def test_every_fault_and_every_event_is_on_the_page() -> None:
    kinds = re.findall(r"^\| `(\w+)` \|", table("Faults on demand"), re.MULTILINE)
    for kind in kinds:
        assert Fault.from_mapping({"kind": kind}).kind == kind
    with pytest.raises(ValueError, match=", ".join(kinds)):
        Fault.from_mapping({"kind": "other"})
    cells = re.findall(r"^\| (`.*?) \|", table("The other side"), re.MULTILINE)
    assert {event for cell in cells for event in re.findall(r"`(\w+)`", cell)} == set(EVENTS)


def test_what_a_fault_can_say_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", table("Faults on demand")))
    assert {field.name for field in dataclasses.fields(Fault)} - {"kind"} <= named


def test_the_seed_on_the_page_begins_a_world() -> None:
    (seed,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    with World.in_memory() as world:
        load_seed(world, yaml.safe_load(seed))
        emulator = Emulator(world)
        assert emulator.options == Options(mask_emails="some", tier="unlimited")
        assert Desk(emulator=emulator, token="token-of-ana").read("user/info/")["display_name"] == "ana"
        narrow = Desk(emulator=emulator, token="narrow-token")
        assert narrow.rows("bc/get/") == []
        assert narrow.get("bc/member/get/")["code"] == 40001


def test_the_options_of_the_command_are_on_the_page() -> None:
    shared = {flag for option in shared_options() for flag in option.opts}
    own = {flag for option in serve.params for flag in option.opts} - shared
    assert set(re.findall(r"^\| `(--\w+)", PAGE, re.MULTILINE)) == own
