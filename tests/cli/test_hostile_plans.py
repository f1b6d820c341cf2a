"""A plan file is only a wish: whatever stands in it, apply does nothing that a plan of today would not contain."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.model import Address, Resource, Status, fingerprint_of
from reconciler.providers.sandbox.provider import SandboxProvider

Run = Callable[..., Result]
Json = dict[str, Any]

ADMINS = ("ana", "bo", "mara")
OTHERS = ("cy", "dee", "eve", "finn", "gil", "hal", "ida")
SANDBOX = f"""
version: 1
people: {{{", ".join(f"{key}: {key}@acme.example" for key in (*ADMINS, *OTHERS))}}}
organizations:
  acme:
    system: business_center
    id: "6900000000000000001"
    name: Acme
    members: {{{", ".join(f"{key}: admin" for key in ADMINS)}, {", ".join(f"{key}: standard" for key in OTHERS)}}}
"""
CONFIG = """
version: 1
providers: {default: {kind: sandbox}}
guards: {required_admins: [mara]}
"""
MANIFEST = f"""
version: 1
people:
{"".join(f"  {key}: {{email: {key}@acme.example}}" + chr(10) for key in (*ADMINS, *OTHERS))}
organizations:
  acme:
    system: business_center
    id: "6900000000000000001"
    members:
{"".join(f"      {key}: admin" + chr(10) for key in ADMINS)}
{"".join(f"      {key}: standard" + chr(10) for key in OTHERS if key != "eve")}
      eve: {{role: standard, protect: true}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in a settled workspace; an unexpected exit code shows everything that was said."""

    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    (tmp_path / "access").mkdir()
    for name, text in (("reconciler", CONFIG), ("sandbox", SANDBOX), ("access/acme", MANIFEST)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    start("apply", "--auto-approve")
    return start


def saved(run: Run, path: Path, *options: str) -> Json:
    run("plan", "-o", str(path), *options)
    plan: Json = json.loads(path.read_text(encoding="utf-8"))
    return plan


def forge(path: Path, plan: Json, *changes: Json) -> str:
    """Put changes into a plan, as somebody would who can write to the place where it lies."""
    plan["organizations"][0]["changes"] = list(changes)
    path.write_text(json.dumps(plan), encoding="utf-8")
    return str(path)


def member(key: str, role: str, status: Status = Status.ACTIVE) -> Resource:
    return Resource(
        address=Address("acme", "member", key),
        attributes={"role": role},
        status=status,
        identity=f"{key}@acme.example",
    )


def change(action: str, before: Resource | None, after: Resource | None, **values: Any) -> Json:
    """With the fingerprint of the live resource: whoever can read the state can work it out."""
    either = before or after
    assert either is not None
    return {
        "address": str(either.address),
        "action": action,
        "before": told(before),
        "after": told(after),
        "fingerprint": fingerprint_of(before),
        "why": "declared",
        "actor": "ana",
        **values,
    }


def told(resource: Resource | None) -> Json | None:
    if resource is None:
        return None
    return {
        "address": str(resource.address),
        "attributes": dict(resource.attributes),
        "status": resource.status.value,
        "identity": resource.identity,
    }


GIL = told(member("gil", "standard")) or {}

FORGERIES = {
    "somebody who is declared is removed": [change("remove", member("gil", "standard"), None)],
    "what is protected is removed": [change("remove", member("eve", "standard"), None)],
    "a required admin is demoted": [change("change_role", member("mara", "admin"), member("mara", "standard"))],
    "a mass removal": [change("remove", member(key, "standard"), None) for key in OTHERS],
    "a mass removal that says everybody has left": [
        change("remove", member(key, "standard"), None, exempt=True) for key in OTHERS
    ],
    "a removal that says it leaves an admin behind": [
        change("remove", member(key, "admin"), member(key, "admin")) for key in ADMINS
    ],
    "a stranger becomes admin": [change("invite", None, member("evil", "admin", Status.INVITED))],
    "somebody is promoted": [change("change_role", member("gil", "standard"), member("gil", "admin"))],
    "an approval of the command line is claimed": [
        change("remove", member("eve", "standard"), None, approval="given for this run (command line)")
    ],
    "an approval of a manifest is claimed": [
        change("remove", member("eve", "standard"), None, approval="OPS-1 (access/acme.yaml:9:3)")
    ],
}


@pytest.mark.parametrize("changes", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_change_that_nobody_planned_is_not_sent(
    changes: list[Json], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    forged = forge(path, saved(run, path), *changes)
    monkeypatch.setattr(SandboxProvider, "apply", lambda *_: pytest.fail("a call left"))
    result = run("apply", forged, code=4)
    assert f"Applied 0 changes; {len(changes)} refused." in result.stdout


def edit_manifest(root: Path, old: str, new: str) -> None:
    path = root / "access" / "acme.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"exempt": True}, "it would be judged differently now"),
        ({"approval": "OPS-1 (access/acme.yaml:9:3)"}, "another approval now, or by none"),
        ({"action": "change_role"}, "it would be remove now"),
        ({"after": told(member("gil", "admin"))}, "it would lead to something else now"),
        ({"before": {**GIL, "identity": "mara@acme.example"}}, "it does not begin from what the plan says"),
        ({"before": told(member("gil", "standard", Status.LEFT))}, "it does not begin from what the plan says"),
        ({"why": "ends 2026-11-01"}, "its reason is another one now: no longer declared"),
        ({"cost": "nothing at all"}, "it would be judged differently now"),
        ({"place": {"file": "access/other.yaml", "line": 1, "column": 1}}, "another line of the manifests asks for it"),
    ],
)
def test_an_edited_change_is_not_sent(values: Json, told: str, run: Run, tmp_path: Path) -> None:
    edit_manifest(tmp_path, "      gil: standard\n", "")
    path = tmp_path / "plan.json"
    plan = saved(run, path)
    (planned,) = plan["organizations"][0]["changes"]
    assert told in run("apply", forge(path, plan, {**planned, **values}), code=4).stdout
    (again,) = saved(run, path)["organizations"][0]["changes"]
    assert again == planned
    assert "remove: applied" in run("apply", str(path)).stdout


@pytest.mark.parametrize(("acting", "actors"), [("", ADMINS), (", act_as: bo", ("bo",))], ids=["in turn", "as bo"])
def test_nobody_acts_because_a_file_names_them(acting: str, actors: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    """Admins are asked in turn, by the plan of now; where the tool acts as somebody, it acts as nobody else."""
    (tmp_path / "reconciler.yaml").write_text(CONFIG.replace("sandbox}", f"sandbox{acting}}}"), encoding="utf-8")
    edit_manifest(tmp_path, "      gil: standard\n", "")
    path = tmp_path / "plan.json"
    plan = saved(run, path)
    (planned,) = plan["organizations"][0]["changes"]
    assert "remove: applied" in run("apply", forge(path, plan, {**planned, "actor": "cy"})).stdout
    entries = json.loads(run("audit", "log", "--format", "json").stdout)["entries"]
    (done,) = (one for one in entries if (one["address"], one["outcome"]) == ("acme/member/gil", "applied"))
    assert done["actor"] in actors


def test_what_a_file_says_of_a_refused_change_reaches_neither_report_nor_log(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    forged = change("remove", member("gil", "standard"), None, why="SEC-1 agreed by everybody", actor="mara")
    run("apply", forge(path, saved(run, path), forged), code=4)
    log = run("audit", "log").stdout
    assert "acme/member/gil" in log
    assert "SEC-1" not in log
    assert "mara" not in log.splitlines()[-1]


def test_the_order_is_that_of_now_whatever_the_file_says(run: Run, tmp_path: Path) -> None:
    edit_manifest(tmp_path, "      gil: standard\n", "      gil: admin\n")
    edit_manifest(tmp_path, "      bo: admin\n", "      bo: standard\n")
    (tmp_path / "reconciler.yaml").write_text(CONFIG.replace("{required", "{min_admins: 3, required"), encoding="utf-8")
    path = tmp_path / "plan.json"
    plan = saved(run, path)
    planned = plan["organizations"][0]["changes"]
    assert [one["address"] for one in planned] == ["acme/member/gil", "acme/member/bo"]
    run("apply", forge(path, plan, *planned[::-1]))
    tried = [line for line in run("audit", "log").stdout.splitlines() if "change role" in line or "change_role" in line]
    assert ["gil" in line for line in tried] == [True, False]


def test_a_choice_of_some_changes_is_safe_too(run: Run, tmp_path: Path) -> None:
    """Without the promotion the demotion would leave too few admins."""
    edit_manifest(tmp_path, "      gil: standard\n", "      gil: admin\n")
    edit_manifest(tmp_path, "      bo: admin\n", "      bo: standard\n")
    (tmp_path / "reconciler.yaml").write_text(CONFIG.replace("{required", "{min_admins: 3, required"), encoding="utf-8")
    path = tmp_path / "plan.json"
    plan = saved(run, path)
    result = run("apply", forge(path, plan, plan["organizations"][0]["changes"][1]), code=4)
    assert "2 active admins would remain, at least 3 must" in result.stdout


def test_a_approval_of_the_command_line_is_given_to_plan_and_to_apply(run: Run, tmp_path: Path) -> None:
    edit_manifest(tmp_path, "      eve: {role: standard, protect: true}\n", "")
    path, allow = tmp_path / "plan.json", ("--approve", "remove:acme/member/eve")
    saved(run, path, *allow)
    refused = run("apply", str(path), code=4).stdout
    assert "protected: it is protected" in refused
    assert "apply with --approve remove:acme/member/eve" in refused
    saved(run, path, *allow)
    assert "remove: applied" in run("apply", str(path), *allow).stdout


def test_a_plan_for_a_day_to_come_is_not_carried_out_before(run: Run, tmp_path: Path) -> None:
    edit_manifest(tmp_path, "      gil: standard\n", "      gil: {role: standard, expires: 2199-01-31}\n")
    path = tmp_path / "plan.json"
    saved(run, path, "--now", "2199-01-31")
    assert "it would not be planned now" in run("apply", str(path), code=4).stdout


def test_a_plan_from_before_an_end_date_gives_no_access_after_it(run: Run, tmp_path: Path) -> None:
    end = datetime.now(UTC).date() + timedelta(days=2)
    edit_manifest(tmp_path, "      gil: standard\n", f"      gil: {{role: admin, expires: {end}}}\n")
    path = tmp_path / "plan.json"
    assert [one["action"] for one in saved(run, path)["organizations"][0]["changes"]] == ["change_role"]
    run("sandbox", "clock", "+2d")
    assert "it would be remove now" in run("apply", str(path), code=4).stdout


def test_a_plan_may_be_smaller_than_what_would_be_planned(run: Run, tmp_path: Path) -> None:
    for key in OTHERS:
        if key != "eve":
            edit_manifest(tmp_path, f"      {key}: standard\n", "")
    run("plan", code=3)
    path = tmp_path / "plan.json"
    saved(run, path, "--target", "acme/member/gil")
    assert "Applied 1 change." in run("apply", str(path)).stdout


def test_a_plan_about_an_organization_that_is_not_declared_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan = saved(run, path)
    part = {**plan["organizations"][0], "organization": "../elsewhere", "lineage": "", "serial": 0}
    path.write_text(json.dumps({**plan, "organizations": [part]}), encoding="utf-8")
    assert "which the manifests do not declare" in run("apply", str(path), code=4).stderr
