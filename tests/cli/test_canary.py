"""A server that quotes the token back, in every way it can, gets it nowhere: no stream, no file, no store."""

from __future__ import annotations

import base64
import html
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import pytest

from tests.tiers import is_quick

ROOT = Path(__file__).parents[2]
CORE = "CANARY5d41402abc4b"
TOKEN = f"{CORE}_x-/+%.7=="
SPELLED = {
    TOKEN,
    quote(TOKEN, safe=""),
    html.escape(TOKEN),
    base64.b64encode(TOKEN.encode()).decode().rstrip("=")[:-1],
    CORE,
}
MODES = ("refusal", "data", "page", "redirect", "half")


class Server(http.server.BaseHTTPRequestHandler):
    mode = "refusal"
    got: ClassVar[set[str]] = set()
    """The tokens that came here."""

    def log_message(self, *_: object) -> None:  # nothing on the terminal of the tests
        pass

    def do_GET(self) -> None:
        token = self.headers.get("Access-Token") or "none"
        self.got.add(token)
        body = json.dumps({"code": 40001, "request_id": token, "message": f"Access-Token: {token} is not allowed"})
        status, location = 200, ""
        if self.mode == "data":
            owner = {"core_user_id": "7", "display_name": token, "email": f"{token}@acme.example"}
            center = {"bc_info": {"bc_id": "6900000000000000001", "name": token}, "user_role": "ADMIN"}
            data = {**owner, "list": [center], "page_info": {"page": 1, "total_page": 1, "total_number": 1}}
            body = json.dumps({"code": 0, "request_id": token, "message": token, "data": data})
        elif self.mode == "page":
            status, body = 502, f"<html>{html.escape(token)} {quote(token, safe='')}</html>"
        elif self.mode == "redirect":
            status, body, location = 302, token, f"https://elsewhere.example/?t={quote(token, safe='')}"
        elif self.mode == "half":
            coded = base64.b64encode(f"user:{token}".encode()).decode()
            body = body.replace(token, f"{coded}{'x' * 420}{token}")
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET  # noqa: N815  # the name that the server looks for


@pytest.fixture
def server() -> Iterator[str]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


@pytest.fixture
def workspace(tmp_path: Path, server: str) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(
        "version: 1\nmanifests: [access]\nproviders: {default: {kind: business_api, app_id: '1', timeout: 3,"
        f' base_url: "{server}", access_token: file:token, app_secret: env:S}}}}\n',
        encoding="utf-8",
    )
    (tmp_path / "access" / "a.yaml").write_text(
        "version: 1\npeople: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}}\norganizations:\n"
        '  bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin}}\n',
        encoding="utf-8",
    )
    return tmp_path


COMMANDS = (
    ("plan", "-o", "plan.json"),
    *(("plan", "--format", form) for form in ("markdown", "github", "json", "sarif", "junit", "html")),
    ("plan", "-v", "--log-format", "json"),
    ("apply", "--auto-approve", "-v"),
    ("drift", "--format", "github"),
    ("import", "bc", "--dry-run"),
    ("auth", "check"),
    ("doctor",),
    ("auth", "exchange", "code"),
    ("auth", "revoke", "--yes"),
    ("state", "pull", "bc"),
    ("audit", "log", "--format", "json"),
    ("who", "ana"),
)


@pytest.mark.parametrize(
    "mode", [pytest.param(mode, marks=pytest.mark.full if mode == "data" else []) for mode in MODES]
)
def test_a_token_that_a_server_quotes_is_nowhere(
    mode: str, workspace: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "mode", mode)
    monkeypatch.setattr(Server, "got", set())
    # A page is asked for again and again, and says little; of the others two commands show what is said of them.
    few = (("auth", "revoke", "--yes"), *(() if mode == "page" else (("plan", "--format", "github"),)))
    commands = COMMANDS[:: 4 if is_quick() else 1] if mode in ("refusal", "data") else few
    actions = {"GITHUB_OUTPUT": "outputs.txt", "GITHUB_STEP_SUMMARY": "summary.md"}
    for command in commands:
        said = run(workspace, *command, **{name: str(workspace / file) for name, file in actions.items()})
        assert [spelled for spelled in SPELLED if spelled in said] == [], command
    assert TOKEN in Server.got, "nobody used the token, so nobody could tell it"
    kept = [path for path in workspace.rglob("*") if path.is_file() and path.name != "token"]
    assert [path.name for path in kept if any(s in path.read_text(errors="replace") for s in SPELLED)] == []


@pytest.mark.parametrize("to", ["github", "gitlab"])
@pytest.mark.parametrize("around", ["\r\n {} \n", "{}\u00e9"])
def test_a_pasted_token_of_a_forge_is_said_by_nobody(to: str, around: str, workspace: Path, server: str) -> None:
    (workspace / "comment.md").write_text("### Plan\n", encoding="utf-8")
    place = ("--to", to, "--repository", "acme/access", "--number", "7", "--from", str(workspace / "comment.md"))
    variable = "GITHUB_TOKEN" if to == "github" else "GITLAB_TOKEN"
    said = run(workspace, "publish", *place, "--api", server, **{variable: around.format(TOKEN)})
    assert CORE not in said
    assert "Illegal header" not in said
    assert said.startswith("1")
    if around.strip() != "{}":
        assert f"error: {variable} has characters in it that no token has" in said


def run(workspace: Path, *command: str, **environment: str) -> str:
    """The exit code and everything that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "-C", str(workspace), *command],
        cwd=workspace,
        env={**os.environ, "PYTHONPATH": str(ROOT), "S": f"{TOKEN}-secret", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return f"{done.returncode}\n{done.stdout}\n{done.stderr}"
