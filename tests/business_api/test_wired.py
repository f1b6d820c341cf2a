"""From a workspace to a provider, over the embedded platform and towards TikTok."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli.app import App, SystemClock
from reconciler.cli.main import cli
from reconciler.manifests.config import Config, Option, ProviderSettings
from reconciler.model import ReconcilerError
from reconciler.providers.business_api.provider import SHARED_LIMIT, BusinessApiProvider, make_client
from reconciler.sandbox.api.transport import BusinessApiTransport
from tests.business_api.stage import CENTER, PLACE


def wired(root: Path, **options: Option) -> App:
    settings = ProviderSettings(kind="business_api", options=options, place=PLACE)
    app = App(root=root)
    app.config = Config(manifests=("access",), state="file:state", providers={"business_center": settings})
    return app


def run(root: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(root), *words])


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The example that `init` writes, its Business Center reached over the interface."""
    assert run(tmp_path, "init").exit_code == 0
    config = yaml.safe_load((tmp_path / "reconciler.yaml").read_text(encoding="utf-8"))
    config["providers"]["business_center"] = {"kind": "business_api", "via": "sandbox", "act_as": "ana"}
    (tmp_path / "reconciler.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


def test_an_example_is_settled_over_the_interface_like_without_it(workspace: Path) -> None:
    assert run(workspace, "apply", "--auto-approve").exit_code == 0
    assert run(workspace, "sandbox", "people", "answer", "accept", "--all").exit_code == 0
    assert run(workspace, "apply", "--auto-approve").exit_code == 0
    settled = run(workspace, "plan", "--detailed-exitcode")
    assert (settled.exit_code, "No changes" in settled.stdout) == (0, True)


def test_a_plan_tells_how_many_calls_it_made(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[httpx2.Request] = []
    answer = BusinessApiTransport.handle_request

    def count(transport: BusinessApiTransport, request: httpx2.Request) -> httpx2.Response:
        answered.append(request)
        return answer(transport, request)

    monkeypatch.setattr(BusinessApiTransport, "handle_request", count)
    told = run(workspace, "plan").stderr
    assert len(answered) > 9
    assert f"reading took {len(answered)} calls" in told
    assert "reading took" not in run(workspace, "plan", "--no-refresh").stderr


def test_a_token_towards_tiktok_is_read_when_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = wired(tmp_path, access_token="env:TIKTOK_TOKEN", api_tier="advanced", act_as="ana", timeout=5)
    assert isinstance(app.clock, SystemClock)
    with pytest.raises(ReconcilerError, match="there is no secret in env:TIKTOK_TOKEN") as raised:
        app.provider_for(CENTER)
    assert "set the environment variable TIKTOK_TOKEN" in raised.value.advice
    monkeypatch.setenv("TIKTOK_TOKEN", "abc")
    assert isinstance(app.provider_for(CENTER), BusinessApiProvider)


def test_a_long_pause_is_told_with_what_prevents_it(tmp_path: Path) -> None:
    told: list[str] = []

    def notify(text: str, **_: object) -> None:
        told.append(text)

    with make_client({"runners": 4}, read_secret=str, notify=notify, token="a-token") as client:
        assert client.pace.tier.limit == "2 calls a second and 120 a minute"
        client.pace.on_rest(300.0)
    assert told == [f"TikTok's limit of calls per minute was exceeded: no call for 5 minutes. {SHARED_LIMIT}"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"via": "moon"}, "via 'moon' leads nowhere"),
        ({"via": "sandbox"}, "none is named"),
        ({"via": "sandbox", "act_as": "nobody"}, "nobody in the sandbox goes by 'nobody'"),
    ],
)
def test_what_leads_nowhere_is_told(workspace: Path, options: dict[str, Option], said: str) -> None:
    with pytest.raises(ReconcilerError, match=said):
        wired(workspace, **options).provider_for(CENTER)
