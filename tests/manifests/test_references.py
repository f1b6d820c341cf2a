"""Names in the workspace file that have to be names of something in the manifests."""

from __future__ import annotations

import pytest

from reconciler.manifests.config import load_config
from reconciler.manifests.lint import check_references
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile, digests_of, is_read, looks_meant, note_passed_over
from reconciler.model import Notes
from tests.manifests.given import describe_findings

MANIFEST = """\
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example, identities: {developers: bo.dev@acme.example}}
organizations:
  acme-dev: {system: developers, name: Acme, members: {ana: admin, bo: admin, guest@else.example: member}}
groups: {nobody: {members: []}}
"""


TERMS = "owner: ana, reason: SEC-1, until: 2027-01-31"


def told(config: str, *more: str) -> list[str]:
    loaded = load_config(SourceFile("reconciler.yaml", config.encode()))
    assert loaded.config is not None, loaded.findings
    files = [SourceFile(f"access/{number}.yaml", text.encode()) for number, text in enumerate((MANIFEST, *more))]
    manifests = load_manifests(files)
    found = check_references(loaded.config, manifests.readable, manifests.partial)
    return [line.removeprefix("reconciler.yaml:") for line in describe_findings(found)]


@pytest.mark.parametrize(
    "config",
    [
        "providers: {default: {kind: sandbox}, developers: {kind: work_orders}, acme-dev: {kind: work_orders}}",
        "providers: {default: {kind: sandbox, act_as: ana}, developers: {kind: sandbox, act_as: BO.dev@acme.example}}",
        "guards: {required_admins: [ana, bo@acme.example, guest@else.example]}",
        f"policies: {{exceptions: [{{rule: x, address: 'acme-*/member/*', {TERMS}}}]}}",
        f"policies: {{exceptions: [{{rule: x, address: '*/member/ana', {TERMS}}}]}}",
    ],
)
def test_names_of_something_are_right(config: str) -> None:
    assert told(config) == []


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        (
            "providers: {acme-devv: {kind: work_orders}}",
            (
                "1:13: error[unknown-provider-key]: `acme-devv` under `providers` is neither an organization, nor a"
                " system, nor `default`; did you mean `acme-dev`?"
            ),
        ),
        (
            "providers: {Developers: {kind: work_orders}}",
            (
                "1:13: error[unknown-provider-key]: `Developers` under `providers` is neither an organization, nor a"
                " system, nor `default`; did you mean `developers`?"
            ),
        ),
        (
            "guards: {required_admins: [ana, anna]}",
            (
                "1:33: error[unknown-required-admin]: `required_admins` names `anna`, who is neither in `people` nor a"
                " member of anything; did you mean `ana`?"
            ),
        ),
        (
            "providers: {default: {kind: sandbox, act_as: anna}}",
            (
                "1:46: warning[unknown-acting]: `act_as` names `anna`, who is neither in `people` nor a member of"
                " anything; did you mean `ana`?"
            ),
        ),
        (
            f"policies: {{exceptions: [{{rule: x, address: acme-dev/member/ana, {TERMS.replace('ana', 'anna')}}}]}}",
            (
                "1:25: error[unknown-owner]: `owner` names `anna`, who is neither a person, nor a group, nor an"
                " address; did you mean `ana`?"
            ),
        ),
        (
            "owners: [ana, '@acme/access', x@acme.example, group:stuff]",
            (
                "1:47: error[unknown-owner]: `owners` names `group:stuff`, who is neither a person, nor a group, nor an"
                " address; write one of `ana`, `bo`, `group:nobody`"
            ),
        ),
        (
            "owners: [group:nobody]",
            (
                "1:10: warning[empty-owner]: `group:nobody` is to decide about this and has no members, so nobody is"
                " asked; add somebody to the group, or name a person instead"
            ),
        ),
        (
            f"policies: {{exceptions: [{{rule: x, address: acme-deev/member/ana, {TERMS}}}]}}",
            "1:25: error[unknown-exception]: there is no organization `acme-deev`; did you mean `acme-dev`?",
        ),
        (
            f"policies: {{exceptions: [{{rule: x, address: acme-dev/membr/ana, {TERMS}}}]}}",
            (
                "1:25: error[unknown-exception]: `membr` in `acme-dev/membr/ana` is no kind of resource; did you mean"
                " `member`?"
            ),
        ),
        (
            f"policies: {{exceptions: [{{rule: x, address: acme-dev/member/anna, {TERMS}}}]}}",
            (
                "1:25: warning[unused-exception]: nothing that is declared matches `acme-dev/member/anna`; correct the"
                " address, or delete the exception"
            ),
        ),
    ],
)
def test_names_of_nothing_are_told_with_their_place(config: str, wrong: str) -> None:
    assert told(config) == [wrong]


def test_what_may_stand_in_a_broken_file_is_not_called_unknown() -> None:
    broken = "organizations:\n  acme-old: {system: developers\n people: x\n"
    config = "providers: {acme-old: {kind: work_orders}, acme-new: {kind: work_orders}}"
    assert [line.partition("`")[2].partition("`")[0] for line in told(config, broken)] == ["acme-new"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("file:~/state", "`file:~/state` is taken literally: neither `~` nor variables are replaced"),
        ("file:$HOME/state", "`file:$HOME/state` is taken literally: neither `~` nor variables are replaced"),
        ("sqlite:///${PWD}/x.db", "`sqlite:///${PWD}/x.db` is taken literally: neither `~` nor variables are replaced"),
        ("file:", "`state` names no folder: the state would lie beside the manifests"),
        ("file:.", "`state` names no folder: the state would lie beside the manifests"),
        (
            "file://.reconciler/state",
            "`file://.reconciler/state` names a folder at the top of this machine, not below the workspace",
        ),
    ],
)
def test_a_state_that_would_lie_where_nobody_means_is_refused(address: str, message: str) -> None:
    for written, column in ((f'state: "{address}"', 8), (f'state: {{address: "{address}"}}', 18)):
        loaded = load_config(SourceFile("reconciler.yaml", written.encode()))
        assert loaded.config is None
        (line,) = describe_findings(loaded.findings)
        assert line.startswith(f"reconciler.yaml:1:{column}: error[bad-state]: {message}; ")


@pytest.mark.parametrize(
    ("written", "column"),
    [
        ("manifests: [access, access\\acme.yaml]", 21),
        ("manifests: [C:/access]", 13),
        ("state: file:.reconciler\\state", 8),
        ("state: C:\\access\\state", 8),
        ("state: {address: 'sqlite:///C:/access/state.db'}", 18),
        ("policies: [rules\\ours.yaml]", 12),
        ("policies: {files: [rules\\ours.yaml]}", 20),
        ("providers: {default: {kind: business_api, access_token: 'file:D:\\token'}}", 57),
    ],
)
def test_a_path_of_windows_is_no_name_of_a_file_here(written: str, column: int) -> None:
    (line,) = describe_findings(load_config(SourceFile("reconciler.yaml", written.encode())).findings)
    assert line.startswith(f"reconciler.yaml:1:{column}: error[bad-path]: this is a path as Windows has them")
    assert "`/` between folders" in line


def test_a_required_admin_listed_twice_is_told() -> None:
    loaded = load_config(SourceFile("reconciler.yaml", b"guards: {required_admins: [ana, bo, ana]}"))
    assert [finding.id for finding in loaded.findings] == ["listed-twice"]


def test_ends_of_lines_make_no_other_manifests() -> None:
    one, other = (SourceFile("a.yaml", data) for data in (b"a: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n"))
    assert digests_of([one]) == digests_of([other])
    assert digests_of([one]) != digests_of([SourceFile("a.yaml", b"a: 1\nb: 3\n")])


@pytest.mark.parametrize(
    ("name", "read", "meant"),
    [
        ("people.yaml", True, False),
        ("people.YML", True, False),
        ("people.yaml.txt", False, True),
        (".people.yaml", False, True),
        (".#people.yaml", False, False),
        (".people.yaml.swp", False, False),
        ("people.yaml~", False, False),
        ("readme.md", False, False),
    ],
)
def test_a_name_says_whether_a_file_is_read_or_was_meant_to_be(name: str, *, read: bool, meant: bool) -> None:
    assert (is_read(name), looks_meant(name)) == (read, meant)


def test_a_file_that_is_passed_over_is_a_warning() -> None:
    notes = Notes()
    note_passed_over("access/people.yaml.txt", notes)
    (line,) = describe_findings(notes.findings)
    assert line.startswith("access/people.yaml.txt:1:1: warning[passed-over]: `access/people.yaml.txt` is not read")


@pytest.mark.parametrize("share", ["25", "25%", "25 %"])
def test_a_share_written_as_a_percentage_is_told_as_a_number(share: str) -> None:
    loaded = load_config(SourceFile("reconciler.yaml", f"guards: {{max_removal_ratio: {share}}}".encode()))
    (line,) = describe_findings(loaded.findings)
    assert line.replace("25%", "25 %").endswith("; write 0.25 for 25 %")
