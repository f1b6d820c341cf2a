"""The agency where the platform answers every open question the way that nobody would wish for."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.providers.business_api.client import MachineTicker
from tests.business_api.test_convergence import OPTIONS, in_sets
from tests.examples.declared_facts import Fact, declared_facts
from tests.examples.found_facts import found_facts

AGENCY = Path(__file__).parents[2] / "examples" / "agency"
OURS = {"email_domains": ["halyard.example", "harbour-tea.example"]}
"""Two people who work with us have addresses of their own."""
MAY_STAY = {
    "email_domains": ("member/milo", "member/jonas", "ad_account_access/fernway/milo"),
    "account_names": ("tiktok_account_access/", "tiktok_account_use/"),
    "pixel_links_need_role": ("pixel_use/",),
    "pixel_updates_need_role": ("pixel_use/",),
}
"""What nobody can bring about where the platform answers like this: the beginning of its addresses."""
MOST_ROUNDS = 5
BY_ROLE = ("ad_account_access", "catalog_access", "lead_library_access")
SECTIONS = ("people", "organizations")
IDENTITIES = ("id", "handle", "client_key", "email")


@pytest.mark.full
@pytest.mark.parametrize(
    "options",
    [{name: values[-1] for name, values in OPTIONS.items()}, *in_sets(OPTIONS)],
    ids=lambda options: "-".join(options)[:60],
)
def test_unkind_answers_end_with_everybody_in_or_a_named_way_out(tmp_path: Path, options: dict[str, Any]) -> None:
    play(tmp_path, options)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a clock: what takes time to show does not show before the next round."""
    skipped = 0.0

    def sleep(_: MachineTicker, seconds: float) -> None:
        nonlocal skipped
        skipped += seconds

    monkeypatch.setattr(MachineTicker, "sleep", sleep)
    monkeypatch.setattr(MachineTicker, "now", lambda _: time.monotonic() + skipped)


def play(folder: Path, options: Mapping[str, Any]) -> None:
    workspace = Path(shutil.copytree(AGENCY, folder / "agency", ignore=shutil.ignore_patterns(".reconciler")))
    if options.keys() & {"email_domains", "outside_domains"}:
        options = {**options, **OURS}
    options = {**options, "tier": "unlimited"}  # it has tests of its own, in which time passes
    with (workspace / "sandbox.yaml").open("a", encoding="utf-8") as seed:
        seed.write("\n" + yaml.safe_dump({"business_api": {"options": dict(options)}}))
    # All rounds are on one day: what has failed is tried again on the next one.
    began = datetime.now(UTC)
    run(workspace, "sandbox", "clock", f"+{24 - began.hour}h")
    for _ in range(MOST_ROUNDS):
        run(workspace, "apply", "--auto-approve")
        run(workspace, "sandbox", "clock", "+1h")
        run(workspace, "sandbox", "portal")
        run(workspace, "sandbox", "people", "answer", "--all", "accept")
    names, today = dict(named(workspace)), (began + timedelta(days=1)).date().isoformat()
    wanted = declared_facts(workspace)
    found = found_facts(workspace, organizations={fact[1] for fact in wanted})
    off = wanted ^ (found | (by_role(wanted, found) if "admin_access" in options else set()))
    plan = json.loads(run(workspace, "plan", "--format", "json").stdout)
    parts = plan["organizations"]
    assert [change for part in parts for change in part["changes"]] == []
    held = {item["address"]: item for part in parts for item in (*part["waiting"], *part["left_out"])}
    unread = tuple(item["prefix"] for part in parts for item in part["unread"])
    explained = tuple(f"halyard-bc/{part}" for option in options for part in MAY_STAY.get(option, ()))
    for address in sorted({address_of(fact, names) for fact in off}):
        assert address.startswith(explained), f"{address} is in the way for no reason"
        assert address.startswith(unread) or address in held, f"{address} is in the way, and the plan is silent"
        if not address.startswith(unread):
            assert held[address]["since"] == today


def by_role(wanted: set[Fact], found: set[Fact]) -> set[Fact]:
    """What admins have without being given it, where the platform lists that as theirs."""
    admins = {fact[1:3] for fact in found if fact[0] == "member" and fact[3] == "admin"}
    return {fact for fact in wanted if fact[0] in BY_ROLE and fact[4] == "admin" and (fact[1], fact[3]) in admins}


def run(workspace: Path, *words: str) -> Result:
    """What is in the way makes a run fail, wait or find something; never break."""
    result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
    assert result.exit_code in range(4), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def named(workspace: Path) -> Iterator[tuple[str, str]]:
    """Whatever a manifest knows by a name of its own: what the platform knows it by -> that name."""
    for path in sorted(workspace.glob("access/*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for section in SECTIONS:
            yield from _named_in(document.get(section, {}))


def _named_in(entries: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, entry in entries.items():
        if not isinstance(entry, Mapping):
            continue
        yield from ((str(entry[name]), key) for name in IDENTITIES if name in entry)
        yield from ((str(identity), key) for identity in entry.get("identities", {}).values())
        yield from _named_in(entry)


def address_of(fact: Fact, names: Mapping[str, str]) -> str:
    kind, own, *rest = fact
    count = 2 if kind.endswith(("_access", "_use", "_asset", "_share")) else 1
    return "/".join([names.get(own, own), kind, *(names.get(name, name) for name in rest[:count])])
