"""The workspace file."""

from __future__ import annotations

from dataclasses import fields

import pytest

from reconciler.manifests.config import Config, ConfigDocument, GuardsDocument, ProviderSettings, load_config
from reconciler.manifests.fields import types_of
from reconciler.manifests.source import SourceFile
from reconciler.model import GuardSettings, Place, PolicySettings
from tests.manifests.given import describe_findings


def load(text: str) -> Config:
    loaded = load_config(SourceFile("reconciler.yaml", text.encode()))
    assert loaded.findings == ()
    assert loaded.config is not None
    assert loaded.texts == {"reconciler.yaml": text}
    return loaded.config


def told(text: str) -> list[str]:
    loaded = load_config(SourceFile("reconciler.yaml", text.encode()))
    assert loaded.config is None
    return [line.removeprefix("reconciler.yaml:") for line in describe_findings(loaded.findings)]


def test_a_whole_workspace() -> None:
    config = load("""\
version: 1
manifests: [access, more/people.yaml]
state: s3://bucket/prefix
providers:
  default: {kind: sandbox}
  business_center:
    kind: business_api
    app_id: "1234"
    access_token: env:TIKTOK_ACCESS_TOKEN
    app_secret: file:/run/secrets/tiktok
    timeout: 30
guards: {max_removal_ratio: 0.5, min_admins: 3, required_admins: [ana], max_invitations: 7}
policies: [policies]
allowed_domains: [acme.example]
""")
    assert config.manifests == ("access", "more/people.yaml")
    assert config.state == "s3://bucket/prefix"
    assert config.providers["default"].kind == "sandbox"
    settings: ProviderSettings = config.providers["business_center"]
    assert str(settings.place) == "reconciler.yaml:6:3"
    assert settings.options == {
        "app_id": "1234",
        "access_token": "env:TIKTOK_ACCESS_TOKEN",
        "app_secret": "file:/run/secrets/tiktok",
        "timeout": 30,
    }
    assert config.guards == GuardSettings(
        max_removal_ratio=0.5, min_admins=3, required_admins=("ana",), max_invitations=7
    )
    assert config.policies == PolicySettings(sources=("policies",))
    assert config.allowed_domains == ("acme.example",)


def test_a_set_of_policies_in_a_list_of_files_is_told() -> None:
    assert told("policies: [policies, strict]\n") == [
        (
            "1:22: error[unknown-value]: `strict` is a set of policies; a list names files of your own; "
            "write `policies: strict`, or `{set: strict, files: [...]}`; a folder is `./strict`"
        )
    ]


def test_what_is_left_out_has_a_default() -> None:
    assert load("version: 1\n") == Config(
        manifests=("access",), state="file:.reconciler/state", state_place=Place("reconciler.yaml", 1, 1)
    )


def test_a_secret_is_named_and_never_written_out() -> None:
    text = 'providers: {default: {kind: business_api, access_token: abc, app_secret: 12, password: "env:"}}\n'
    findings = told(text)
    assert [line.partition(";")[0] for line in findings] == [
        "1:57: error[literal-secret]: `access_token` is written out",
        "1:74: error[literal-secret]: `app_secret` is written out",
        "1:88: error[literal-secret]: `password` is written out",
    ]
    assert "abc" not in "".join(findings)


def test_a_token_is_found_under_any_name() -> None:
    findings = told("providers: {default: {kind: sandbox, act_as: ghp_abcdefghijklmnopqrstuvwxyz0123456789}}\n")
    assert [line[:26] for line in findings] == ["1:46: error[secret]: this "]
    assert "ghp_" not in findings[0]


def test_an_option_that_a_provider_does_not_have_is_told_with_the_one_that_is_meant() -> None:
    assert told("providers: {default: {kind: business_api, timeouts: 3}}\n") == [
        "1:43: error[unknown-key]: a provider of kind business_api has no option `timeouts`; did you mean `timeout`?"
    ]


@pytest.mark.parametrize("address", ["s4://bucket/x", "ana:secret@db.example", "states", "mssql://db/x;pwd=secret"])
def test_a_store_that_there_is_not_is_told_without_repeating_its_address(address: str) -> None:
    (finding,) = [line for line in told(f"state: {address}\n") if "unknown-store" in line]
    assert finding.startswith("1:8: error[unknown-store]: `state` names no kind of store that there is; write `file:")
    assert address not in finding


def test_the_address_of_the_state_holds_no_password() -> None:
    (finding,) = told("state: postgresql://ana:secret@db.example/state\n")
    assert finding.startswith("1:8: error[literal-secret]: `state` holds a password; leave the password out")


def test_a_user_name_in_the_address_of_the_state_is_fine() -> None:
    assert load("state: postgresql://ana@db.example:5432/state\n").state == "postgresql://ana@db.example:5432/state"


def test_personal_data_in_the_state_can_be_sealed() -> None:
    config = load("state: {address: s3://bucket/prefix, personal_data: sealed, key: env:STATE_KEY}\n")
    assert (config.state, config.state_key) == ("s3://bucket/prefix", "env:STATE_KEY")
    clear = load("state: {personal_data: clear}\n")
    assert (clear.state, clear.state_key) == ("file:.reconciler/state", "")


def test_what_does_not_seal_is_told() -> None:
    (keyless,) = told("state: {personal_data: sealed}\n")
    assert keyless.startswith("1:24: error[missing-key]: `personal_data: sealed` has no `key`; write `key: env:NAME`")
    assert told("state: {key: env:STATE_KEY}\n") == [
        "1:9: error[unknown-key]: `key` has nothing to seal; write `personal_data: sealed`, or leave the key out"
    ]
    (written_out,) = told("state: {personal_data: sealed, key: hunter2}\n")
    assert written_out.startswith("1:37: error[literal-secret]: `key` is written out; this file is in git")
    assert told("state: {personal_data: hashed}\n")[0].startswith("1:24: error[unknown-value]: ")
    (password,) = told("state: {address: 'postgresql://ana:secret@db.example/state'}\n")
    assert password.startswith("1:18: error[literal-secret]: `state` holds a password")


def test_everything_wrong_is_told_at_once() -> None:
    assert told("""\
version: 2
manifests: access
providers: {default: {knd: sandbox}, x: {kind: sandbox, deep: {a: b}}}
guards: {max_removal_ratio: 25, min_admin: 3, min_admins: 0}
policy: [x]
review_every: 90
""") == [
        "1:10: error[unknown-version]: version 2 is not known; write 1",
        "2:12: error[wrong-type]: `manifests` must be a list, not text",
        "3:13: error[missing-key]: `default` has no `kind`; write `kind: ...`",
        "3:63: error[wrong-type]: `deep` must be text, a number, true, false or a list of texts, not a mapping",
        "4:29: error[out-of-range]: `max_removal_ratio` must be at most 1; write 0.25 for 25 %",
        "4:33: error[unknown-key]: `min_admin` is not known here; did you mean `min_admins`?",
        "4:59: error[out-of-range]: `min_admins` must be at least 1",
        "5:1: error[unknown-key]: `policy` is not known here; did you mean `policies`?",
        "6:15: error[bad-interval]: `90` is not a number of days such as 90d",
    ]


def test_every_guard_can_be_set_and_has_the_default_of_the_planner() -> None:
    planner = {field.name: getattr(GuardSettings(), field.name) for field in fields(GuardSettings)}
    written = {name: getattr(GuardsDocument(), name) for name in types_of(GuardsDocument)}
    assert written.keys() == planner.keys()
    shown = {name: tuple(value) if isinstance(value, list) else value for name, value in written.items()}
    assert {**shown, "max_invitations": None} == planner


def test_the_defaults_of_the_file_are_what_is_read() -> None:
    document = ConfigDocument()
    assert isinstance(document.state, str)
    assert load("{}\n") == Config(
        manifests=tuple(document.manifests), state=document.state, state_place=Place("reconciler.yaml", 1, 1)
    )
