"""kill -9 of `reconciler apply` while it speaks with the served emulator; one more run makes everything good."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.business_api.service import TOKEN, Service, run, serving, start

CENTER, US = "6900000000000000001", "7100000000000000001"
STAY = ["ana", "bo", *(f"m{number}" for number in range(12))]
GO = [f"x{number}" for number in range(3)]
JOIN = {"": [f"n{number}" for number in range(15)], "analyst": [f"f{number}" for number in range(5)]}
"""Finance role -> who joins: two calls, however often the process dies."""
OPERATORS = [f"m{number}" for number in range(8)]

SEED = {
    "version": 1,
    "people": {person: f"{person}@acme.example" for person in [*STAY, *GO]},
    "organizations": {
        "bc": {
            "system": "business_center",
            "id": CENTER,
            "members": {person: "admin" if person in ("ana", "bo") else "standard" for person in [*STAY, *GO]},
            "ad_accounts": {US: "US"},
        }
    },
    "business_api": {"options": {"tier": "unlimited"}, "tokens": {TOKEN: "ana"}},
}
WANTED: dict[str, Any] = {
    "version": 1,
    "people": {person: {"email": f"{person}@acme.example"} for person in [*STAY, *JOIN[""], *JOIN["analyst"]]},
    "organizations": {
        "bc": {
            "system": "business_center",
            "id": CENTER,
            "mode": "authoritative",
            "members": {
                **{person: "admin" if person in ("ana", "bo") else "standard" for person in [*STAY, *JOIN[""]]},
                **{person: {"role": "standard", "finance": "analyst"} for person in JOIN["analyst"]},
            },
            "ad_accounts": {"us": {"id": US, "access": dict.fromkeys(OPERATORS, "operator")}},
        }
    },
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    platform = tmp_path / "platform"
    platform.mkdir()
    (platform / "sandbox.yaml").write_text(json.dumps(SEED), encoding="utf-8")
    with serving(platform) as made:
        yield made


@pytest.fixture
def workspace(service: Service, tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "access").mkdir(parents=True)
    provider = {
        "kind": "business_api",
        "access_token": "env:TIKTOK_ACCESS_TOKEN",
        "base_url": service.url,
        "api_tier": "unlimited",
    }
    config = {"version": 1, "manifests": ["access"], "state": "file:state", "providers": {"default": provider}}
    (root / "reconciler.yaml").write_text(json.dumps(config), encoding="utf-8")
    (root / "access" / "all.yaml").write_text(json.dumps(WANTED), encoding="utf-8")
    return root


def members(service: Service) -> dict[str, tuple[str, str, str]]:
    query = "SELECT identity, status, role, finance FROM membership WHERE status IN ('active', 'invited')"
    return {identity.split("@")[0]: (status, role, finance) for identity, status, role, finance in service.rows(query)}


def expected_members() -> dict[str, tuple[str, str, str]]:
    return {
        **{person: ("active", "admin" if person in ("ana", "bo") else "standard", "") for person in STAY},
        **{person: ("invited", "standard", finance) for finance, people in JOIN.items() for person in people},
    }


@pytest.mark.parametrize(
    ("method", "path", "skip"),
    [
        ("POST", "bc/member/invite/", 1),
        pytest.param("GET", "bc/member/get/", 12, marks=pytest.mark.full),
        pytest.param("POST", "bc/member/delete/", 1, marks=pytest.mark.full),
        pytest.param("POST", "bc/asset/assign/", 3, marks=pytest.mark.full),
    ],
)
def test_whoever_dies_between_effect_and_answer_is_made_good_by_one_more_run(
    service: Service, workspace: Path, method: str, path: str, skip: int
) -> None:
    # The write takes effect at once; its answer, or that of a reading, would come in a minute.
    service.steer("POST", "faults", {"kind": "slow", "method": method, "path": path, "skip": skip, "seconds": 60.0})
    victim = start(workspace, "apply", "--auto-approve")
    deadline = time.monotonic() + 600
    while service.steer("GET", "faults"):
        assert victim.poll() is None, victim.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.2)
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=300)
    assert victim.returncode == -signal.SIGKILL

    code, _, err = run(workspace, "apply", "--auto-approve")
    assert code == 0, err
    assert members(service) == expected_members()
    assert Counter(service.rows("SELECT roles FROM asset_grant")) == {("operator",): len(OPERATORS)}
    calls = service.calls()
    assert calls["POST bc/member/invite/"] == len(JOIN), "nobody was asked twice"
    assert calls["POST bc/member/delete/"] == len(GO)
    assert calls["POST bc/asset/assign/"] == len(OPERATORS)
    assert service.rows("SELECT count(*) FROM event WHERE verb = 'invite'") == [(20,)]
    code, out, err = run(workspace, "plan", "--format", "json")
    assert code == 0, err
    assert [part["changes"] for part in json.loads(out)["organizations"]] == [[]]
    assert run(workspace, "audit", "verify")[0] == 0
