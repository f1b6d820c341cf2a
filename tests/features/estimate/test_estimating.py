"""What a run takes, told without asking anybody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.apply.planning import PlanRequest
from reconciler.cli.main import cli
from reconciler.cli.options import RENDERERS
from reconciler.engine.context import ALL_SHARDS, Shard
from reconciler.features.estimate import Effort, estimate_run
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Change, GuardSettings, Live, Metered, Outcome, Record, Scope, State, state_to_json
from reconciler.output.document import Style
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import TODAY, terms

WORDS = "an estimate asks no system"


@dataclass
class Silent:
    """A provider that nobody may ask."""

    name: str = "silent"

    def read(self, scope: Scope) -> Live:
        raise AssertionError(WORDS)

    def read_some(self, scope: Scope, addresses: object) -> Live:
        raise AssertionError(WORDS)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        raise AssertionError(WORDS)


@dataclass
class Counting(Silent):
    """One call for each thing, ten for each change, two calls a second."""

    limit: str = "2 calls a second"
    calls: int = 0
    asked: list[dict[str, int]] = field(default_factory=list)

    def count_calls(self, counts: Mapping[str, int], *, changes: Sequence[Change] = (), others: int = 0) -> int:
        self.asked.append(dict(counts))
        return sum(counts.values()) + 10 * (len(changes) + others)

    def seconds_for(self, calls: int) -> int:
        return -(-calls // 2)


def request(*keys: str, shard: Shard = ALL_SHARDS) -> PlanRequest:
    organization = {
        "system": "business_center",
        "members": {"ana": "admin", "bo": "admin", "eve": "standard"},
        "ad_accounts": {"us": {"id": "7100000000000000001", "access": {"eve": "analyst"}}},
    }
    manifest: dict[str, Any] = {
        "version": 1,
        "people": {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo", "eve")},
        "organizations": {key: {**organization, "id": f"690000000000000000{n}"} for n, key in enumerate(keys)},
    }
    loaded = load_manifests([SourceFile("all.yaml", json.dumps(manifest).encode())], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return PlanRequest(desired=loaded.desired, settings=GuardSettings(), today=TODAY, shard=shard)


def remember(store: LocalFileStore, key: str, **members: str) -> None:
    """A state with these members and the organization itself."""
    addresses = {Address(key, "organization", key): {}, **{Address(key, "member", k): r for k, r in members.items()}}
    records = {
        address: Record(address=address, attributes={"role": role} if isinstance(role, str) else {})
        for address, role in addresses.items()
    }
    lease = store.acquire(key, purpose="test", ttl=terms().ttl)
    data = state_to_json(State(organization=key, lineage="l", serial=1, records=records))
    store.write(key, data, replacing=None, token=lease.token)
    store.release(lease)


def test_changes_are_those_of_a_plan_against_the_record(tmp_path: Path) -> None:
    store = LocalFileStore(tmp_path)
    remember(store, "bc", ana="admin", bo="admin", gil="standard")
    provider = Counting()
    forecast = estimate_run(request("bc"), provider_for=lambda _: provider, store=store)
    (part,) = forecast.organizations
    # Eve is invited and Gil goes; the access to an account that is not there yet waits for it.
    assert (part.is_recorded, part.changes) == (True, 3)
    assert provider.asked[0] == {"organization": 1, "member": 3, "ad_account": 1, "ad_account_access": 1}
    assert (part.plan_calls, part.apply_calls) == (6, 36)
    assert (forecast.plan, forecast.apply) == (Effort(calls=6, seconds=3), Effort(calls=36, seconds=18))


def test_before_anything_is_recorded_everything_declared_may_have_to_be_done(tmp_path: Path) -> None:
    forecast = estimate_run(request("bc"), provider_for=lambda _: Counting(), store=LocalFileStore(tmp_path))
    (part,) = forecast.organizations
    assert (part.is_recorded, part.changes) == (False, 6)
    assert "at most 6 changes, nothing of it is recorded yet" in RENDERERS.estimate["text"](forecast, Style())


def test_organizations_that_share_a_limit_take_their_time_together(tmp_path: Path) -> None:
    store, shared, own = LocalFileStore(tmp_path), Counting(), Counting(limit="1 call an hour")
    chosen = {"a": shared, "b": own, "c": shared}
    forecast = estimate_run(request("a", "b", "c"), provider_for=lambda o: chosen[o.key], store=store)
    told = [(one.limit, one.organizations, one.plan) for one in forecast.allowances]
    assert told == [
        ("2 calls a second", ("a", "c"), Effort(calls=12, seconds=6)),
        ("1 call an hour", ("b",), Effort(calls=6, seconds=3)),
    ]
    assert forecast.plan == Effort(calls=18, seconds=9)


def test_where_nothing_is_limited_nothing_is_counted(tmp_path: Path) -> None:
    chosen = {"a": Silent(), "b": Counting(limit="")}
    forecast = estimate_run(request("a", "b"), provider_for=lambda o: chosen[o.key], store=LocalFileStore(tmp_path))
    assert forecast.allowances == ()
    assert [(one.is_limited, one.plan_calls) for one in forecast.organizations] == [(False, 0), (False, 0)]
    assert RENDERERS.estimate["text"](forecast, Style()) == "Nothing limits the calls for a, b.\n"
    assert not isinstance(chosen["a"], Metered)


def test_only_the_organizations_of_the_shard_are_counted(tmp_path: Path) -> None:
    keys = ["a", "b", "c", "d"]

    def told(shard: Shard) -> list[str]:
        forecast = estimate_run(
            request(*keys, shard=shard), provider_for=lambda _: Counting(), store=LocalFileStore(tmp_path)
        )
        return [one.organization for one in forecast.organizations]

    parts = [told(Shard(number=number, count=2)) for number in (1, 2)]
    assert sorted(key for part in parts for key in part) == keys
    assert [] not in parts


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7199, "119 minutes"), (9000, "2 h 30 min")],
)
def test_time_is_told_as_people_say_it(tmp_path: Path, seconds: int, said: str) -> None:
    class Slow(Counting):
        def seconds_for(self, calls: int) -> int:
            return seconds

    forecast = estimate_run(request("bc"), provider_for=lambda _: Slow(), store=LocalFileStore(tmp_path))
    assert f"A plan takes about 6 calls and {said};" in RENDERERS.estimate["text"](forecast, Style())


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(root), *words])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `init` writes, with its Business Center at TikTok, which no test can reach."""
    assert run(tmp_path, "init").exit_code == 0
    config = tmp_path / "reconciler.yaml"
    entry = "providers:\n  business_center: {kind: business_api, access_token: env:TOKEN, api_tier: advanced}\n"
    config.write_text(config.read_text(encoding="utf-8").replace("providers:\n", entry), encoding="utf-8")
    monkeypatch.setenv("TOKEN", "not-a-real-one")
    return tmp_path


def test_plan_estimate_tells_the_calls_of_a_business_center_without_any_call(workspace: Path) -> None:
    result = run(workspace, "plan", "--estimate")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("A plan takes about 13 calls")
    assert "At most 16 calls a second and 960 a minute" in result.stdout
    assert "Nothing limits the calls for acme-dev." in result.stdout
    told = json.loads(run(workspace, "plan", "--estimate", "--format", "json").stdout)
    assert {one["organization"]: one["is_limited"] for one in told["organizations"]} == {
        "acme-bc": True,
        "acme-dev": False,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [(["--out", "plan.json"], "makes no plan"), (["--format", "sarif"], "an estimate has no form sarif")],
)
def test_what_makes_no_sense_with_an_estimate_is_told(workspace: Path, words: list[str], said: str) -> None:
    result = run(workspace, "plan", "--estimate", *words)
    assert (result.exit_code, said in result.stderr) == (64, True)
