"""Which provider, store and clock a configuration leads to."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler.cli.app import PROVIDERS, App, SystemClock
from reconciler.cli.main import cli
from reconciler.manifests.config import PROVIDER_OPTIONS, Config, LoadedConfig, ProviderSettings, load_config
from reconciler.manifests.source import SourceFile
from reconciler.model import Organization, Place, Provider
from reconciler.providers.business_api.client import Client
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.systems.catalogue import get_system

PLACE = Place("reconciler.yaml", 1, 1)


def configured(root: Path, **kinds: str) -> App:
    providers = {name.replace("_dev", "-dev"): ProviderSettings(kind=kind, place=PLACE) for name, kind in kinds.items()}
    app = App(root=root)
    app.config = Config(manifests=("access",), state="file:state", providers=providers)
    return app


def test_what_the_workspace_file_may_name_is_what_there_is() -> None:
    assert PROVIDER_OPTIONS.keys() == PROVIDERS.keys()


def organization(key: str, system: str) -> Organization:
    return Organization(key=key, system=get_system(system), place=PLACE)


def test_the_organization_comes_before_its_system_and_that_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def note(app: App, settings: ProviderSettings) -> Provider:
        made.append(settings.kind)
        return SandboxProvider(app.world)

    for kind in ("one", "two", "three"):
        monkeypatch.setitem(PROVIDERS, kind, note)
    app = configured(tmp_path, acme_dev="one", developers="two", default="three")
    for key, system in (("acme-dev", "developers"), ("other-dev", "developers"), ("acme", "organization_account")):
        app.provider_for(organization(key, system))
    assert made == ["one", "two", "three"]


def test_a_provider_is_made_once(tmp_path: Path) -> None:
    app = configured(tmp_path, default="sandbox")
    first = app.provider_for(organization("a", "developers"))
    assert app.provider_for(organization("b", "business_center")) is first


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Clients that were closed, in order."""
    seen: list[Client] = []
    close = Client.close

    def note(client: Client) -> None:
        seen.append(client)
        close(client)

    monkeypatch.setattr(Client, "close", note)
    return seen


def at_tiktok(root: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("TIKTOK_TOKEN", "abc")
    settings = ProviderSettings(kind="business_api", options={"access_token": "env:TIKTOK_TOKEN"}, place=PLACE)
    app = App(root=root)
    app.config = Config(manifests=("access",), state="file:state", providers={"default": settings})
    return app


def test_connections_are_closed_when_the_command_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: list[Client]
) -> None:
    @click.command()
    def command() -> None:
        at_tiktok(tmp_path, monkeypatch).provider_for(organization("bc", "business_center"))
        assert closed == []

    assert CliRunner().invoke(command, [], catch_exceptions=False).exit_code == 0
    assert len(closed) == 1


def test_connections_are_closed_by_whoever_made_them_without_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: list[Client]
) -> None:
    app = at_tiktok(tmp_path, monkeypatch)
    app.provider_for(organization("bc", "business_center"))
    app.close()
    assert len(closed) == 1


def test_the_clock_is_the_machines_own_without_a_sandbox(tmp_path: Path) -> None:
    assert isinstance(configured(tmp_path, default="business_api").clock, SystemClock)
    assert list(tmp_path.iterdir()) == []


def test_the_clock_is_the_sandboxs_as_soon_as_one_system_is_played(tmp_path: Path) -> None:
    app = configured(tmp_path, default="business_api", developers="sandbox")
    assert app.clock is app.world


@pytest.mark.parametrize(
    "words",
    [
        ["plan"],
        ["apply", "--auto-approve"],
        ["drift"],
        ["validate"],
        ["policy", "test"],
        ["policy", "list"],
        ["who", "ana"],
        ["access", "acme-bc"],
        ["notices"],
        ["state", "list"],
        ["audit", "log"],
        ["work-orders", "list"],
        ["shards", "2"],
        ["offboard", "bo"],
        ["onboard", "new", "--like", "ana", "--email", "new@acme.example"],
        ["import", "--all"],
        ["adopt"],
        ["sandbox", "inbox", "nobody"],
    ],
    ids=" ".join,
)
def test_a_run_reads_the_configuration_once(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[SourceFile] = []

    def count(file: SourceFile) -> LoadedConfig:
        read.append(file)
        return load_config(file)

    CliRunner().invoke(cli, ["-C", str(tmp_path), "init"], catch_exceptions=False)
    monkeypatch.setattr("reconciler.cli.workspace.load_config", count)
    CliRunner().invoke(cli, ["-C", str(tmp_path), *words], catch_exceptions=False)
    assert len(read) == 1
