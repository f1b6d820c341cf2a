"""What was left out of a plan because it was settled changes nothing: each plan is the one that `--full` makes.

A workspace is settled by applies on the sandbox; then things happen to it, one after the other, and after each both
plans are made, read from the systems and from what is recorded. The plan that leaves nothing out is the judge.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply import settled
from reconciler.cli import planning as cli_settled
from reconciler.cli.main import cli
from reconciler.manifests import load, source
from tests.tiers import is_quick, scaled

Workspace = dict[str, Any]
"""Path -> what stands in the file."""
PEOPLE = ("ana", "bo", "cy", "dee", "eve")
OWNERS = ("fay", "hal")
"""Members of nothing."""
CONFIG, PEOPLE_FILE, NEW = "reconciler.yaml", "access/people.yaml", "access/new.yaml"
ACCOUNT = {"system": "organization_account", "handle": "@gamma", "members": {"ana": "admin"}}
FILES = ("access/acme.yaml", "access/beta.yaml", "access/gamma.yaml")
TODAY = datetime.now(UTC).date()
"""As for the sandbox, which begins when it is first opened."""
SOON, LATER, LAST = (str(TODAY + timedelta(days=days)) for days in (3, 20, 190))
ENDING = {"role": "admin", "expires": str(TODAY + timedelta(days=220))}
"""The last admin, of whom a plan warns from thirty days before on."""
BETWEEN = str(TODAY + timedelta(days=21))
"""After somebody of acme has gone, so that another share of its members are admins."""
DAYS = ("2099-12-31", SOON, LATER, LAST)
EXCEPTION = {"rule": "named-members", "owner": "ana", "reason": "x", "until": LATER}


def make_workspace() -> Workspace:
    outsider = {"role": "standard", "expires": "2099-12-31", "reason": "SEC-1"}
    return {
        "reconciler.yaml": {
            "version": 1,
            "manifests": ["access"],
            "allowed_domains": ["acme.example"],
            "policies": {"rules": {"admin-share": {"share": 0.3, "from": 3}}},
            "providers": {"default": {"kind": "sandbox"}},
            "guards": {"min_admins": 1, "max_removal_ratio": 1.0},
        },
        PEOPLE_FILE: {
            "version": 1,
            "people": {name: {"email": f"{name}@acme.example", "name": name.title()} for name in (*PEOPLE, *OWNERS)},
            "groups": {"crew": {"members": ["dee"]}, "crews": {"members": ["group:crew"]}, "idle": {"members": []}},
        },
        FILES[0]: {
            "version": 1,
            "organizations": {
                "acme": {
                    "system": "business_center",
                    "id": "6900000000000000001",
                    "members": {
                        "ana": "admin",
                        "bo": "standard",
                        "dee": {"role": "standard", "expires": LATER},
                        "eve": {"role": "standard", "starts": SOON, "expires": LATER},
                        "pat@agency.example": outsider,
                    },
                    "ad_accounts": {
                        "us": {
                            "id": "7100000000000000001",
                            "access": {"ana": "admin", "bo": "analyst"},
                            "owners": ["hal"],
                        }
                    },
                }
            },
        },
        FILES[1]: {
            "version": 1,
            "organizations": {
                "beta": {"system": "developers", "name": "Beta", "members": {"ana": "admin", "group:crew": "member"}},
                "delta": {
                    "system": "developers",
                    "name": "Delta",
                    "members": {"bo": "admin", "group:crews": "member", "group:idle": "member"},
                },
            },
        },
        FILES[2]: {
            "version": 1,
            "organizations": {
                "gamma": {
                    "system": "organization_account",
                    "handle": "@gamma",
                    "members": {"cy": ENDING},
                    "owners": ["fay"],
                }
            },
        },
        "sandbox.yaml": {
            "version": 1,
            "people": {name: f"{name}@acme.example" for name in PEOPLE} | {"pat": "pat@agency.example"},
            "organizations": {
                "acme": {
                    "system": "business_center",
                    "id": "6900000000000000001",
                    "members": {"ana": "admin", "bo": "standard", "dee": "standard", "pat": "standard"},
                    "ad_accounts": {"7100000000000000001": {"access": {"ana": "admin", "bo": "analyst"}}},
                },
                "beta": {"system": "developers", "name": "Beta", "members": {"ana": "admin", "dee": "member"}},
                "delta": {"system": "developers", "name": "Delta", "members": {"bo": "admin", "dee": "member"}},
                "gamma": {"system": "organization_account", "handle": "@gamma", "members": {"cy": "admin"}},
            },
        },
    }


def write(root: Path, workspace: Workspace) -> None:
    for path in (root / "access").glob("*.yaml"):
        path.unlink()
    for name, content in workspace.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def run(root: Path, *words: str) -> Result:
    result = CliRunner().invoke(cli, ["-C", str(root), *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exc_info)
    return result


@pytest.fixture(scope="module")
def settled_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("settled")
    write(root, make_workspace())
    for _ in range(2):
        result = run(root, "apply", "--auto-approve")
        assert "No changes" in result.stdout, result.output
    return root


def read_files(root: Path, *words: str) -> set[str]:
    """Which manifest files a plan parses."""
    seen: set[str] = set()

    def parse_file(file: source.SourceFile) -> source.ParsedFile:
        seen.add(file.path)
        return source.parse_file(file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load, "parse_file", parse_file)
        run(root, "plan", *words)
    return seen


def test_a_plan_parses_what_differs_and_what_everything_depends_on(settled_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(settled_root, tmp_path / "w")
    assert read_files(root) == {PEOPLE_FILE}
    workspace = make_workspace()
    workspace[FILES[2]]["organizations"]["gamma"]["members"]["bo"] = "admin"
    write(root, workspace)
    assert read_files(root) == {PEOPLE_FILE, FILES[2]}
    write(root, make_workspace())
    run(root, "sandbox", "role", "bo", "acme", "admin")
    assert read_files(root) == {PEOPLE_FILE, FILES[0]}
    workspace["reconciler.yaml"]["guards"]["min_admins"] = 2
    write(root, workspace)
    assert read_files(root) == {PEOPLE_FILE, *FILES}


def test_a_change_of_people_is_read_where_they_are_named(settled_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(settled_root, tmp_path / "w")
    for name, file in (("zoe", None), ("cy", FILES[2]), ("eve", FILES[0]), ("fay", FILES[2]), ("hal", FILES[0])):
        workspace = make_workspace()
        workspace[PEOPLE_FILE]["people"][name] = {"email": f"{name}@acme.example", "name": "Another"}
        write(root, workspace)
        assert read_files(root) == {PEOPLE_FILE, file} - {None}, name
    for name, members in (("crew", ["dee", "cy"]), ("idle", ["cy"]), ("other", ["cy"])):
        workspace = make_workspace()
        workspace[PEOPLE_FILE]["groups"][name] = {"members": members}
        write(root, workspace)
        assert read_files(root) == {PEOPLE_FILE, *{"crew": FILES[1:2], "idle": FILES}.get(name, ())}, name


Deed = Callable[[Path, Workspace], None]
"""Something that happens to a workspace: its files change in the dictionary, all else at once."""


def edit_members(file: str, organization: str, who: str, what: Any) -> Deed:
    def deed(_: Path, workspace: Workspace) -> None:
        members = workspace.get(file, {}).get("organizations", {}).get(organization, {}).get("members", {})
        if what is None:
            members.pop(who, None)
        else:
            members[who] = what

    return deed


def edit(path: str, *keys: str, value: Any) -> Deed:
    """Set something in a file, or take it out."""

    def deed(_: Path, workspace: Workspace) -> None:
        node = workspace.setdefault(path, {"version": 1})
        for key in keys[:-1]:
            node = node.setdefault(key, {})
            if not isinstance(node, dict):  # an earlier deed has put something else there
                return
        if value is None:
            node.pop(keys[-1], None)
        else:
            node[keys[-1]] = value

    return deed


def take_out(path: str) -> Deed:
    def deed(_: Path, workspace: Workspace) -> None:
        workspace.pop(path, None)

    return deed


def command(*words: str) -> Deed:
    def deed(root: Path, _: Workspace) -> None:
        run(root, *words)

    return deed


def damage(how: str) -> Deed:
    """To what is kept: it is lost, torn, edited, or another run writes what it found earlier."""

    def deed(root: Path, _: Workspace) -> None:
        path, older = root / ".reconciler/state/settled", root / "older"
        data = path.read_bytes() if path.exists() else b""
        earlier = older.read_bytes() if older.exists() else data
        path.write_bytes({"torn": data[: len(data) // 2], "edited": data.replace(b"gamma", b"delta")}.get(how, earlier))
        older.write_bytes(data)
        if how == "lost":
            path.unlink()

    return deed


def in_turn(*deeds: Deed) -> Deed:
    """One after the other, each in the files before the next one."""

    def deed(root: Path, workspace: Workspace) -> None:
        for one in deeds:
            one(root, workspace)
            write(root, workspace)

    return deed


def spoil_state(organization: str) -> Deed:
    """One letter of what is recorded is another, as on a bad disk: as long as before, and not to be believed."""

    def deed(root: Path, _: Workspace) -> None:
        for newest in sorted((root / ".reconciler/state/organizations" / organization).glob("*.json"))[-1:]:
            newest.write_bytes(newest.read_bytes().replace(b"admin", b"4dmin", 1))

    return deed


def rename(path: str, other: str) -> Deed:
    def deed(_: Path, workspace: Workspace) -> None:
        if path in workspace:
            workspace[other] = workspace.pop(path)

    return deed


places = [(FILES[0], "acme"), (FILES[1], "beta"), (FILES[1], "delta"), (FILES[2], "gamma")]
roles = {"acme": ("admin", "standard"), "beta": ("admin", "member"), "delta": ("admin", "member"), "gamma": ("admin",)}
names = (
    *PEOPLE,
    "group:crew",
    "zed@acme.example",
    "zed@acrne.example",
    "zed@agency.example",
    "info@acme.example",
    "nobody",
)


@st.composite
def member_edits(draw: st.DrawFn) -> Deed:
    file, organization = draw(st.sampled_from(places))
    role = draw(st.sampled_from(roles[organization]))
    dates = {key: draw(st.sampled_from(DAYS)) for key in ("starts", "expires") if draw(st.booleans())}
    what = draw(st.sampled_from([None, role, {"role": role, **dates, "reason": "SEC-2"}]))
    return edit_members(file, organization, draw(st.sampled_from(names)), what)


def edit_person(key: str, *keys: str, value: Any) -> Deed:
    return edit(PEOPLE_FILE, "people", key, *keys, value=value)


def edit_group(name: str, *members: str) -> Deed:
    return edit(PEOPLE_FILE, "groups", name, value={"members": list(members)})


def give_key(key: str, other: str, *, everywhere: bool) -> Deed:
    """Somebody goes by another key, in the directory alone or in all files."""

    def deed(_: Path, workspace: Workspace) -> None:
        people = workspace[PEOPLE_FILE]["people"]
        if key not in people:
            return
        people[other] = people.pop(key)
        for path in FILES if everywhere else ():
            text = yaml.safe_dump(workspace.get(path, {"version": 1}))
            workspace[path] = yaml.safe_load(text.replace(f" {key}:", f" {other}:"))

    return deed


SETTLE = in_turn(command("apply", "--auto-approve"), command("apply", "--auto-approve"))
WITHOUT_BO = in_turn(
    edit_members(FILES[0], "acme", "bo", None),
    edit(FILES[0], "organizations", "acme", "ad_accounts", "us", "access", value={"ana": "admin"}),
    edit_members(FILES[1], "delta", "bo", None),
    edit_members(FILES[1], "delta", "ana", "admin"),
    command("sandbox", "leave", "bo", "acme"),
    SETTLE,
    command("sandbox", "accept", "ana", "delta"),
    SETTLE,
)
HAPPENINGS_OF_PEOPLE: dict[str, Deed] = {
    "somebody is new": edit_person("zoe", "email", value="zoe@acme.example"),
    "somebody is known by a system": edit_person(
        "cy", "identities", value={"organization_account": "cy2@acme.example"}
    ),
    "somebody is no employee": edit_person("bo", "employment", value="contractor"),
    "somebody has a manager": edit_person("bo", "manager", value="ana"),
    "a manager is nobody": edit_person("bo", "manager", value="nobody"),
    "somebody has another name": edit_person("bo", "name", value="Robert"),
    "somebody begins later": edit_person("cy", "starts", value=SOON),
    "somebody has an address that a file names": edit_person("pat", "email", value="pat@agency.example"),
    "two people have one address": edit_person("zoe", "email", value="bo@acme.example"),
    "two people have one identity": in_turn(
        edit_person("bo", "identities", value={"developers": "dev@acme.example"}),
        edit_person("cy", "identities", value={"developers": "dev@acme.example"}),
    ),
    "somebody has another key": give_key("bo", "bob", everywhere=False),
    "somebody has another key everywhere": give_key("bo", "bob", everywhere=True),
    "two people change places": in_turn(
        edit_person("bo", "email", value="cy@acme.example"), edit_person("cy", "email", value="bo@acme.example")
    ),
    "somebody in a group is gone": edit(PEOPLE_FILE, "people", "dee", value=None),
    "a group is empty": edit_group("crew"),
    "an empty group is not empty": edit_group("idle", "cy"),
    "a group is in a group": edit_group("crew", "dee", "group:more"),
    "a group grows": edit_group("crew", "dee", "eve"),
    "groups contain each other": edit_group("crew", "dee", "group:crews"),
    "a group is gone": edit(PEOPLE_FILE, "groups", "crew", value=None),
    "a group with days grows": in_turn(
        edit_members(FILES[2], "gamma", "group:idle", {"role": "admin", "starts": SOON, "expires": LATER}),
        SETTLE,
        edit_group("idle", "ana"),
    ),
    "a group of owners is gone": in_turn(
        edit_group("seniors", "ana"),
        edit(FILES[2], "organizations", "gamma", "owners", value=["group:seniors"]),
        SETTLE,
        edit(PEOPLE_FILE, "groups", "seniors", value=None),
    ),
    "an owner is nobody": edit(PEOPLE_FILE, "people", "fay", value=None),
    "an owner of an asset is nobody": edit(PEOPLE_FILE, "people", "hal", value=None),
    "a reviewer is nobody": in_turn(
        edit_person("gus", "email", value="gus@acme.example"),
        edit_members(
            FILES[2],
            "gamma",
            "cy",
            {**ENDING, "starts": str(TODAY), "reason": "INC", "break_glass": True, "reviewed_by": "gus"},
        ),
        SETTLE,
        edit(PEOPLE_FILE, "people", "gus", value=None),
    ),
    "a required admin goes by a name of somebody else": in_turn(
        edit_person("700", "email", value="gus@acme.example"),
        edit(CONFIG, "guards", "required_admins", value=["700"]),
        SETTLE,
        edit(PEOPLE_FILE, "people", "700", value=None),
        edit_person("zoe", "identities", value={"business_center_id": "700"}),
    ),
    "somebody has the address of one who left": in_turn(
        WITHOUT_BO, edit(PEOPLE_FILE, "people", "bo", value=None), edit_person("bob", "email", value="bo@acme.example")
    ),
    "somebody has the address of one who left long ago": in_turn(
        WITHOUT_BO,
        edit(PEOPLE_FILE, "people", "bo", value=None),
        SETTLE,
        edit_person("bob", "email", value="bo@acme.example"),
    ),
    "somebody has the key of one who left": in_turn(
        WITHOUT_BO,
        edit(PEOPLE_FILE, "people", "bo", value=None),
        SETTLE,
        edit_person("bo", "email", value="bob@acme.example"),
    ),
    "somebody is a stranger who was there": in_turn(
        command("sandbox", "invite", "eve", "delta", "member"),
        command("sandbox", "remove", "eve", "delta"),
        SETTLE,
        edit_person("eve", "email", value="eve2@acme.example"),
        edit_person("zoe", "email", value="eve@acme.example"),
    ),
    "own domains are of people": in_turn(
        edit(CONFIG, "allowed_domains", value=[]),
        edit(CONFIG, "policies", value={"rules": {"look-alike-domains": {"severity": "error"}}}),
        SETTLE,
        edit_person("zoe", "email", value="zoe@agency.com"),
        edit_person("zac", "email", value="zac@agency.com"),
    ),
    "somebody's domain looks like another": edit_person("zoe", "email", value="zoe@agencv.example"),
    "people are not readable": edit(PEOPLE_FILE, "people", value=["bo"]),
    "one of the people is not readable": edit_person("bo", "email", value="bo at acme"),
    "people are in another file": rename(PEOPLE_FILE, "access/zulu.yaml"),
    "people are in two files": in_turn(
        edit_person("bo", value=None), edit(NEW, "people", "bo", value={"email": "bo@acme.example", "name": "Bo"})
    ),
    "people are gone": take_out(PEOPLE_FILE),
    "a part was applied after somebody changed": in_turn(
        edit_person("bo", "email", value="bob@acme.example"),
        edit_person("cy", "email", value="cyd@acme.example"),
        edit_group("crew", "dee", "eve"),
        command("apply", "--auto-approve", "--shard", "1/2"),
    ),
    "another part was applied after somebody changed": in_turn(
        edit_person("bo", "email", value="bob@acme.example"),
        edit_person("cy", "email", value="cyd@acme.example"),
        edit_group("crew", "dee", "eve"),
        command("apply", "--auto-approve", "--shard", "2/2"),
    ),
}
"""For each rule by which a change of people and groups matters to an organization."""
HAPPENINGS: dict[str, Deed] = {
    "an apply": command("apply", "--auto-approve"),
    "an apply of a part": command("apply", "--auto-approve", "--shard", "1/2"),
    "an audit": command("drift"),
    "somebody is removed by hand": command("sandbox", "remove", "bo", "acme"),
    "somebody is made an admin by hand": command("sandbox", "role", "bo", "acme", "admin"),
    "somebody comes in by hand": command("sandbox", "invite", "eve", "delta", "member"),
    "everybody accepts": command("sandbox", "people", "answer", "accept", "--all"),
    "a day passes": command("sandbox", "clock", "1d"),
    "many days pass": command("sandbox", "clock", "200d"),
    "a record is dropped": command("state", "rm", "gamma/member/cy"),
    "what is kept is lost": damage("lost"),
    "what is kept is torn": damage("torn"),
    "what is kept is edited": damage("edited"),
    "what is kept is of earlier": damage("earlier"),
    "somebody leaves": edit_person("bo", "ends", value=str(TODAY)),
    "somebody will leave": edit_person("bo", "ends", value=LATER),
    "somebody has another address": edit_person("bo", "email", value="bob@acme.example"),
    "somebody is not in the directory any more": edit(PEOPLE_FILE, "people", "cy", value=None),
    "a group is another": edit_group("crew", "eve"),
    "a review is closed": edit("reviews/closed.yaml", "organizations", value={"acme": str(TODAY)}),
    "reviews are due": edit(CONFIG, "review_every", value="90d"),
    "an admin is required": edit(CONFIG, "guards", "required_admins", value=["ana", "bo"]),
    "a required admin is nobody": edit(CONFIG, "guards", "required_admins", value=["zed"]),
    "a required admin is in one file alone": edit(CONFIG, "guards", "required_admins", value=["pat@agency.example"]),
    "lockouts are told earlier": edit(CONFIG, "guards", "lockout_notice_days", value=365),
    "another domain is ours": edit(CONFIG, "allowed_domains", value=["agency.example"]),
    "a policy holds": edit(CONFIG, "policies", value={"rules": {"admin-reason": {"severity": "error"}}}),
    "a policy knows the day": edit(CONFIG, "policies", value={"rules": {"second-factor": {"severity": "warning"}}}),
    "nobody reviews an emergency": in_turn(
        edit_members(
            FILES[2],
            "gamma",
            "bo",
            {"role": "admin", "starts": str(TODAY), "expires": SOON, "reason": "INC", "break_glass": True},
        ),
        SETTLE,
    ),
    "a policy looks at several": edit(
        CONFIG,
        "policies",
        value={"rules": {"client-isolation": {"clients": {"a": ["acme/*"], "b": ["delta/*"]}, "severity": "error"}}},
    ),
    "an exception holds for one": edit(
        CONFIG,
        "policies",
        value={"exceptions": [{**EXCEPTION, "address": "acme/member/pat*"}]},
    ),
    "a removal is approved": edit(
        "access/approvals.yaml",
        "approvals",
        value=[{"approve": "remove", "address": "gamma/member/cy", "reason": "SEC-3", "expires": LATER}],
    ),
    "something has moved": edit(
        "access/moves.yaml", "moved", value=[{"from": "beta/member/dan", "to": "beta/member/dee"}]
    ),
    "a file declares people too": edit(FILES[2], "people", value={"gil": {"email": "gil@acme.example"}}),
    "a new file declares a known person": edit(NEW, "people", value={"bo": {"email": "bo@acme.example"}}),
    "a new file declares a known group": edit(NEW, "groups", "crew", value={"members": ["bo"]}),
    "a new file declares a known organization": edit(
        NEW, "organizations", "gamma", value={**ACCOUNT, "handle": "@zeta"}
    ),
    "a new file has a known handle": edit(NEW, "organizations", "zeta", value=ACCOUNT),
    "a new file has a known asset": edit(
        NEW,
        "organizations",
        "zeta",
        value={
            "system": "business_center",
            "id": "6900000000000000009",
            "members": {"ana": "admin"},
            "ad_accounts": {"other": {"id": "7100000000000000001"}},
        },
    ),
    "a new file has a look-alike": edit(
        NEW, "organizations", "zeta", value={**ACCOUNT, "members": {"zed@agencv.example": "admin"}, "handle": "@zeta"}
    ),
    "a new file has a day on which something begins": edit(
        NEW,
        "organizations",
        "zeta",
        value={**ACCOUNT, "handle": "@zeta", "members": {"ana": "admin", "bo": {"role": "admin", "starts": BETWEEN}}},
    ),
    "a mode is another": edit(FILES[2], "organizations", "gamma", "mode", value="authoritative"),
    "a handle is another's": edit(FILES[2], "organizations", "gamma", "handle", value="@beta"),
    "a file is gone": take_out(FILES[1]),
    "a state is damaged": spoil_state("gamma"),
    "a domain looks like that of owners elsewhere": in_turn(
        edit(FILES[2], "organizations", "gamma", "owners", value=["ann@outsiders.example", "Ben@outsiders.example"]),
        SETTLE,
        edit(
            NEW,
            "organizations",
            "zeta",
            value={**ACCOUNT, "handle": "@zeta", "members": {"z@outsider.example": "admin"}},
        ),
    ),
    "a domain looks like that of reviewers elsewhere": in_turn(
        edit_members(
            FILES[2],
            "gamma",
            "cy",
            {
                **ENDING,
                "starts": str(TODAY),
                "reason": "INC",
                "break_glass": True,
                "reviewed_by": "ann@outsiders.example",
            },
        ),
        edit(FILES[2], "organizations", "gamma", "owners", value=["ben@outsiders.example"]),
        SETTLE,
        edit_members(FILES[1], "delta", "z@outsider.example", "member"),
    ),
    "a file has another name": rename(FILES[1], "access/zulu.yaml"),
}

SAID_OF_PEOPLE: dict[str, list[Any]] = {
    "email": [f"{name}@{domain}.example" for name in (*PEOPLE, "pat", "zed") for domain in ("acme", "agency")],
    "identities": [{"developers": "bo@acme.example"}, {"phone": "+34600111222"}, {"tiktok": "ana"}, {}],
    "ends": [str(TODAY), *DAYS],
    "starts": [*DAYS],
    "employment": ["contractor", "agency"],
    "manager": ["ana", "eve"],
    "name": ["Bo", "Eve"],
}


@st.composite
def directory_edits(draw: st.DrawFn) -> Deed:
    """Of a person, a new one perhaps, or of a group."""
    if draw(st.booleans()):
        who = st.sampled_from([*PEOPLE, "group:crew", "pat@agency.example"])
        members = draw(st.lists(who, max_size=3, unique=True))
        return edit_group(draw(st.sampled_from(["crew", "crews", "idle"])), *members)
    what = draw(st.sampled_from(sorted(SAID_OF_PEOPLE)))
    value = draw(st.sampled_from([None, *SAID_OF_PEOPLE[what]]))
    return edit_person(draw(st.sampled_from([*PEOPLE, *OWNERS, "zed"])), what, value=value)


deeds = st.one_of(
    member_edits(),
    directory_edits(),
    st.builds(
        command,
        st.just("sandbox"),
        st.sampled_from(["remove", "leave", "promote", "accept"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(["acme", "beta", "gamma"]),
    ),
    st.sampled_from([HAPPENINGS["an apply"], *HAPPENINGS.values(), *HAPPENINGS_OF_PEOPLE.values()]),
)


def compare(root: Path) -> None:
    """Both plans, from the systems and from what is recorded, today and later."""
    looks = ([str(TODAY)], [LAST, "--no-refresh"], [str(TODAY), "--no-refresh"], [LATER])
    for day, *words in looks[: 2 if is_quick() else None]:
        command = ("plan", "--format", "json", "--now", day, *words)
        quick, full = run(root, *command), run(root, *command, "--full")
        assert (quick.exit_code, quick.stderr) == (full.exit_code, full.stderr), words
        assert quick.stdout == full.stdout, words


QUICK = (
    "somebody is new",
    "an owner is nobody",
    "a group grows",
    "somebody has the address of one who left",
)


@pytest.mark.parametrize(
    "happening",
    [
        *HAPPENINGS,
        *(pytest.param(name, marks=[] if name in QUICK else pytest.mark.full) for name in HAPPENINGS_OF_PEOPLE),
    ],
)
def test_whatever_happens_the_plan_is_the_whole_one(settled_root: Path, tmp_path: Path, happening: str) -> None:
    root, workspace = shutil.copytree(settled_root, tmp_path / "w"), make_workspace()
    {**HAPPENINGS, **HAPPENINGS_OF_PEOPLE}[happening](root, workspace)
    write(root, workspace)
    compare(root)


@settings(max_examples=scaled(60))
@given(st.lists(deeds, min_size=1, max_size=5))
def test_nothing_that_happens_after_other_things_makes_another_plan(settled_root: Path, happening: list[Deed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = shutil.copytree(settled_root, Path(folder) / "w")
        workspace = make_workspace()
        compare(root)
        for deed in happening:
            deed(root, workspace)
            write(root, workspace)
            compare(root)


def test_what_was_settled_is_left_out_on_the_next_day_too(settled_root: Path) -> None:
    assert read_files(settled_root, "--now", str(TODAY + timedelta(days=1))) == {PEOPLE_FILE}


def test_dates_are_not_slept_through(settled_root: Path) -> None:
    for day in (1, 2, 3, 4, 19, 20, 21, 189, 190, 191, 219, 220):
        for words in ([], ["--no-refresh"]):
            command = ("plan", "--format", "json", "--now", str(TODAY + timedelta(days=day)), *words)
            quick, full = run(settled_root, *command), run(settled_root, *command, "--full")
            assert (quick.exit_code, quick.stdout, quick.stderr) == (full.exit_code, full.stdout, full.stderr), day


def test_an_apply_that_finds_nothing_else_keeps_what_is_kept(settled_root: Path, tmp_path: Path) -> None:
    root = shutil.copytree(settled_root, tmp_path / "w")
    run(root, "apply", "--auto-approve")
    kept = root / ".reconciler/state/settled"
    before = kept.stat().st_mtime_ns
    run(root, "apply", "--auto-approve")
    assert kept.stat().st_mtime_ns == before


def test_another_version_of_the_tool_leaves_nothing_out(settled_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "TOOL", "1 0.2.0")
    assert read_files(settled_root) == {PEOPLE_FILE, *FILES}


def test_of_two_runs_at_once_each_keeps_what_holds(settled_root: Path, tmp_path: Path) -> None:
    """The second writes over what the first has kept, or the other way round: what is kept is true of itself."""
    root = shutil.copytree(settled_root, tmp_path / "w")
    kept = (root / ".reconciler/state/settled").read_bytes()
    run(root, "sandbox", "remove", "bo", "acme")
    run(root, "apply", "--auto-approve")
    (root / ".reconciler/state/settled").write_bytes(kept)
    compare(root)


def test_what_is_edited_while_an_apply_runs_is_not_what_it_found(settled_root: Path, tmp_path: Path) -> None:
    root, workspace = shutil.copytree(settled_root, tmp_path / "w"), make_workspace()
    take = cli_settled.SettledKeeper.take

    def take_slowly(keeper: cli_settled.SettledKeeper, found: settled.SettledOrganization) -> None:
        HAPPENINGS["reviews are due"](root, workspace)
        write(root, workspace)
        take(keeper, found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli_settled.SettledKeeper, "take", take_slowly)
        run(root, "apply", "--auto-approve")
    compare(root)
