"""Getting, saving, checking and revoking a token; where it goes, and where it never goes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import keyring
import keyring.backend
import pytest
from click.testing import CliRunner, Result

from reconciler.cli.credentials import read_secret, save_secret
from reconciler.cli.main import cli
from reconciler.model import ExitCode, ProviderError, ReconcilerError
from reconciler.providers.business_api.authorizing import (
    authorization_url,
    check_token,
    exchange_code,
    missing_scopes,
    revoke_token,
)
from reconciler.providers.business_api.client import Client, Connection
from reconciler.sandbox.api.configuration import DEFAULT_APP, DEFAULT_SECRET, Options, add_token, issue_code
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.members import change_role
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.sandbox.world import World
from tests.business_api.scripted import MadeUpTicker, envelope, scripted
from tests.sandbox.stage import new_world


class Keyring(keyring.backend.KeyringBackend):
    """One that forgets when the test ends."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def own_keyring() -> Iterator[Keyring]:
    before, ours = keyring.get_keyring(), Keyring()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def world() -> Iterator[World]:
    made = new_world()
    yield made
    made.close()


def client_for(world: World, token: str = "") -> Client:
    transport = BusinessApiTransport(Emulator(world, Options(tier="unlimited")))
    return Client(Connection(access_token=token, workers=1), transport=transport, ticker=MadeUpTicker())


def test_secrets_come_from_the_environment_a_file_or_the_keyring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_keyring: Keyring
) -> None:
    monkeypatch.setenv("TOKEN", " from-env ")
    assert read_secret("env:TOKEN", root=tmp_path) == "from-env"
    for place in ("file:token.txt", "keyring:reconciler/acme", "keyring:reconciler"):
        save_secret(place, f"in {place}", root=tmp_path)
        assert read_secret(place, root=tmp_path) == f"in {place}"
    assert set(own_keyring.kept) == {("reconciler", "acme"), ("reconciler", "access_token")}
    assert stat.S_IMODE((tmp_path / "token.txt").stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["env:MISSING", "file:missing", "keyring:reconciler/none", "act.123", "", "file:"])
def test_a_secret_that_is_not_there_is_told_by_its_place(tmp_path: Path, place: str, own_keyring: Keyring) -> None:
    with pytest.raises(ReconcilerError):
        read_secret(place, root=tmp_path)


def test_a_file_that_others_could_read_is_replaced_and_not_filled(tmp_path: Path) -> None:
    target = tmp_path / "token"
    target.write_text("old", encoding="utf-8")
    target.chmod(0o644)
    save_secret("file:token", "new", root=tmp_path)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    for place in ("file:missing/token", "env:TOKEN", "keyring:"):
        with pytest.raises(ReconcilerError):
            save_secret(place, "x", root=tmp_path)


def test_the_page_for_approval_names_app_state_and_way_back() -> None:
    parts = urlsplit(authorization_url(app_id="7", redirect_uri="https://acme.example/cb?x=1", state="s&t"))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "business-api.tiktok.com", "/portal/auth")
    assert parse_qs(parts.query) == {"app_id": ["7"], "redirect_uri": ["https://acme.example/cb?x=1"], "state": ["s&t"]}


def test_a_code_becomes_a_token_once_that_works_until_it_is_revoked(world: World) -> None:
    code = issue_code(world, get_person(world, "ana"))
    with client_for(world) as client:
        token = exchange_code(client, app_id=DEFAULT_APP, secret=DEFAULT_SECRET, code=code)
        with pytest.raises(ProviderError, match="40110"):
            exchange_code(client, app_id=DEFAULT_APP, secret=DEFAULT_SECRET, code=code)
    assert token.access_token not in repr(token)
    assert missing_scopes(token.scopes) == []
    with client_for(world, token.access_token) as client:
        assert check_token(client).owner == "ana <a*a@acme.example>"
        revoke_token(client, app_id=DEFAULT_APP, secret=DEFAULT_SECRET, token=token.access_token)
        with pytest.raises(ProviderError, match="40105"):
            check_token(client)


def test_a_check_tells_role_sizes_and_what_is_refused(world: World) -> None:
    for person in ("ana", "bo"):
        add_token(world, person, person=get_person(world, person))
    add_token(world, "few", person=get_person(world, "ana"), scopes="150,156")
    with client_for(world, "ana") as client:
        (center,) = check_token(client).centers
    assert (center.id, center.name, center.role, center.status) == ("6900000000000000001", "Acme", "ADMIN", "ENABLE")
    assert [(probe.title, probe.size, probe.refusal) for probe in center.probes] == [
        ("members", 2, ""),
        ("assets and access", 2, ""),
        ("partners", 0, ""),
        ("asset groups", 0, ""),
        ("activity log", 0, ""),
    ]
    assert center.owner is not None
    assert (center.owner.number, center.owner.shown) == ("6800000000000000001", "a*a@acme.example")
    with client_for(world, "few") as client:
        (center,) = check_token(client).centers
    assert [bool(probe.refusal) for probe in center.probes] == [False, True, True, True, True]
    with client_for(world, "bo") as client:
        (center,) = check_token(client).centers
    assert (center.role, center.probes, center.owner) == ("STANDARD", (), None)


def test_an_owner_that_is_not_told_is_no_obstacle(world: World) -> None:
    add_token(world, "ana", person=get_person(world, "ana"))
    emulator = Emulator(world, Options(tier="unlimited"))
    emulator.faults.add(Fault(kind="code", code=40001, message="No scope", path="user/info/"))
    with Client(Connection(access_token="ana"), transport=BusinessApiTransport(emulator)) as client:
        assert check_token(client).owner == "somebody unknown (No scope)"


def test_a_parent_scope_stands_for_those_below_it() -> None:
    assert missing_scopes((15, 7153155400966176769)) == []
    assert missing_scopes((150, 156)) == [153, 155, 7153155400966176769]


def test_an_answer_without_a_token_is_an_error() -> None:
    client, _, _ = scripted(envelope({}))
    with pytest.raises(ProviderError, match="without a token"):
        exchange_code(client, app_id="7", secret="s", code="c")


CONFIG = """
version: 1
providers:
  default: {kind: sandbox}
  business_center:
    kind: business_api
    app_id: "7000000000000000001"
    app_secret: env:APP_SECRET
    access_token: file:token
"""
WITHOUT = "version: 1\nproviders: {business_center: {kind: sandbox}} # access_token: nobody"


@pytest.fixture
def workspace(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose calls go to the emulator, whatever address they have."""
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("APP_SECRET", DEFAULT_SECRET)
    call_here(monkeypatch, Emulator(world, Options(tier="unlimited")))
    return tmp_path


def call_here(monkeypatch: pytest.MonkeyPatch, emulator: Emulator) -> None:
    def emulated(connection: Connection) -> Client:
        return Client(connection, transport=BusinessApiTransport(emulator), ticker=MadeUpTicker())

    monkeypatch.setattr("reconciler.providers.business_api.provider.Client", emulated)


def run(folder: Path, *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(cli, ["-C", str(folder), "auth", *words], input=answer)


def test_the_commands_take_a_token_through_its_life(workspace: Path, world: World) -> None:
    shown = run(workspace, "url", "--redirect-uri", "https://acme.example/cb", "--state", "xyz")
    assert shown.stdout.startswith("https://business-api.tiktok.com/portal/auth?app_id=7000000000000000001&")
    assert "state=xyz" in shown.stderr
    done = run(workspace, "exchange", issue_code(world, get_person(world, "ana")))
    token = (workspace / "token").read_text(encoding="utf-8").strip()
    assert (done.exit_code, done.stdout) == (0, "the token is in file:token\n")
    assert token not in done.output
    checked = run(workspace, "check")
    assert checked.stdout == (
        "The token acts as ana <a*a@acme.example>.\n\nAcme (6900000000000000001): ADMIN, ENABLE\n"
        "  the token is member 6800000000000000001: ana <a*a@acme.example>\n"
        "  yes  members (2), scope 156\n  yes  assets and access (2), scope 153\n  yes  partners (0), scope 155\n"
        "  yes  asset groups (0), scope 7153155400966176769\n"
        "  yes  activity log (0), scope 2\n"
        "  TikTok accounts, each by the `id:` for `tiktok_accounts`:\n    7600000000000000010 @acme\n"
    )
    unanswered = run(workspace, "revoke")
    assert (unanswered.exit_code, "give --yes" in unanswered.stderr) == (64, True)
    assert run(workspace, "check").exit_code == 0
    assert run(workspace, "revoke", "--yes").stdout == "the token is revoked\n"
    assert "40105" in run(workspace, "check").stderr


def test_a_check_that_cannot_tell_the_owner_says_what_to_write(
    workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, bc = get_person(world, "ana"), get_organization(world, "bc")
    change_role(bc, actor=ana, address="bo@acme.example", role="admin")
    add_token(world, "few", person=ana, scopes="150,156")
    (workspace / "token").write_text("few", encoding="utf-8")
    with world.transaction() as db:
        db.execute("UPDATE person SET name = ?", ("\x1b[2JSam",))
    emulator = Emulator(world, Options(tier="unlimited"))
    emulator.faults.add(Fault(kind="code", code=40001, message="No scope", path="user/info/"))
    call_here(monkeypatch, emulator)
    checked = run(workspace, "check")
    assert "\x1b" not in checked.stdout
    assert "which of the admins the token is cannot be told" in checked.stdout
    assert "6800000000000000001: \\x1b[2JSam <a*a@acme.example>; 6800000000000000002: " in checked.stdout
    assert "no   activity log, scope 2" in checked.stdout


def test_missing_scopes_are_told_when_the_token_comes(workspace: Path, world: World) -> None:
    code = issue_code(world, get_person(world, "ana"))
    with world.transaction() as db:
        db.execute("UPDATE api_app SET scopes = '150,156'")
    told = run(workspace, "exchange", code).stderr
    assert "scope 153 was not given: assets and access to them" in told


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        ({"access_token: file:token": "access_token: env:TOKEN"}, ("exchange", "c"), "cannot be saved in env:TOKEN"),
        ({'    app_id: "7000000000000000001"\n': ""}, ("url", "--redirect-uri", "x"), "has no app_id"),
        (
            {CONFIG: "version: 1\nproviders: {business_center: {kind: sandbox}} # access_token"},
            ("check",),
            "no provider is of kind business_api",
        ),
        ({}, ("check", "--provider", "other"), "no provider 'other'"),
        ({"access_token: file:token": "api_tier: gold"}, ("check",), "no api_tier 'gold'"),
        ({"access_token: file:token": "runners: 9"}, ("check",), "runners 9 is no number of runs"),
        ({"access_token: file:token": "runners: true"}, ("check",), "1 to 8: each has to call once a second"),
        ({"    access_token: file:token\n": ""}, ("check",), "has no access_token"),
        ({"access_token: file:token": "retries: 3"}, ("check",), "has no option `retries`"),
        ({"access_token: file:token": "base_url: http://tiktok.example"}, ("check",), "show the token"),
        ({"access_token: file:token": "timeout: soon"}, ("check",), "no number of seconds"),
        ({"business_center:": "acme:\n    kind: business_api\n  business_center:"}, ("check",), "several providers"),
    ],
)
def test_what_is_wrong_with_the_configuration_is_told(
    workspace: Path, change: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    text = CONFIG
    for before, after in change.items():
        text = text.replace(before, after)
    if "access_token" not in text and said != "has no access_token":
        text += "    access_token: env:APP_SECRET\n"
    (workspace / "reconciler.yaml").write_text(text, encoding="utf-8")
    result = run(workspace, *words)
    assert result.exit_code == ExitCode.FAILED
    assert said in result.stderr


@pytest.mark.parametrize("place", ["file:no/such/folder/token", "file:.", "keyring:reconciler/acme", "env:TOKEN"])
def test_a_code_is_not_spent_while_its_token_could_not_be_kept(
    workspace: Path, world: World, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    code = issue_code(world, get_person(world, "ana"))
    for _ in range(2):
        refused = run(workspace, "exchange", code, "--save", place)
        assert refused.exit_code == 1
        assert "cannot be" in refused.stderr
        assert "bug" not in refused.stderr
    assert run(workspace, "exchange", code).exit_code == 0


def test_a_token_that_cannot_be_kept_after_all_is_revoked(
    workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ReconcilerError("the disk is full")

    kept = (workspace / "token").read_bytes() if (workspace / "token").exists() else None
    monkeypatch.setattr("reconciler.cli.commands.auth.save_secret", fail)
    refused = run(workspace, "exchange", issue_code(world, get_person(world, "ana")))
    assert "the disk is full; the new token was revoked" in refused.stderr
    assert ((workspace / "token").read_bytes() if (workspace / "token").exists() else None) == kept
