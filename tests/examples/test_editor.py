"""What somebody sees who writes manifests in an editor, asked of the language server that editors use for YAML."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli
from tests.npm import find_npm_program, how_to_install

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("examples/*/reconciler.yaml"), *ROOT.glob("examples/*/access/*.yaml")])
_IN_A_BUILD = os.environ.get("CI") == "true"


class Editor:
    """Opens files and asks about places in them; `|` in a text marks the place and is no part of it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process, self.folder = process, folder
        own = folder / ".vscode" / "settings.json"
        self.settings: dict[str, Any] = {"schemaStore": {"enable": False}, "format": {"enable": False}}
        self.settings |= dict.fromkeys(("completion", "hover", "validate"), True)
        for name, value in (json.loads(own.read_text(encoding="utf-8")) if own.exists() else {}).items():
            self.settings[name.removeprefix("yaml.")] = value
        self.said: dict[str, list[Any]] = {}
        self.last = 0
        root = {"uri": folder.as_uri(), "name": "workspace"}
        self.ask("initialize", processId=None, rootUri=root["uri"], workspaceFolders=[root], capabilities={})
        self.tell("initialized")
        self.tell("workspace/didChangeConfiguration", settings={"yaml": self.settings})
        while self._read().get("method") != "workspace/configuration":
            pass

    def open(self, path: Path, text: str | None = None) -> dict[str, Any]:
        """Show a file, or a text as a file beside it; gives what questions about the marked place begin with."""
        if text is None:
            text = path.read_text(encoding="utf-8")
        else:
            path = path.with_stem(f"{path.stem}-{self.last}")
            self.last += 1
        before, _, after = text.partition("|")
        line, column = before.count("\n"), len(before.rpartition("\n")[2])
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": before + after}
        self.tell("textDocument/didOpen", textDocument=document)
        while path.as_uri() not in self.said:  # then the schema has been found
            self._read()
        return {"textDocument": {"uri": path.as_uri()}, "position": {"line": line, "character": column}}

    def complaints(self, path: Path, text: str | None = None) -> list[str]:
        """What is underlined."""
        found = self.said[self.open(path, text)["textDocument"]["uri"]]
        return [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]

    def hover(self, path: Path, text: str) -> str:
        found = self.ask("textDocument/hover", **self.open(path, text))
        return str(found["contents"]["value"])

    def offers(self, path: Path, text: str) -> dict[str, str]:
        """What can be completed, with the words beside it."""
        found = self.ask("textDocument/completion", **self.open(path, text))
        return {one["label"]: _text(one.get("documentation", "")) for one in found["items"]}

    def ask(self, method: str, **params: Any) -> Any:
        self.last += 1
        number = self.last
        self._send({"id": number, "method": method, "params": params})
        while (answer := self._read()).get("id") != number or "method" in answer:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; questions of the server are answered."""
        assert self.process.stdout
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            length = int(value) if name == b"Content-Length" else length
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self.said[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            parts = [one.get("section") for one in message["params"].get("items", [])]
            self._send({"id": message["id"], "result": [self.settings if one == "yaml" else {} for one in parts]})
        return message


def _text(told: Any) -> str:
    return told if isinstance(told, str) else str(told["value"])


@contextmanager
def editing(folder: Path) -> Iterator[Editor]:
    program = find_npm_program("yaml-language-server")
    if not program.exists():
        missing = f"there is no language server for YAML ({how_to_install('yaml-language-server@1')})"
        if _IN_A_BUILD and shutil.which("npm"):
            pytest.fail(missing)
        pytest.skip(missing)
    with subprocess.Popen([program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            yield Editor(process, folder)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def checkout() -> Iterator[Editor]:
    """This repository."""
    with editing(ROOT) as editor:
        yield editor


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """What `init` writes."""
    folder = tmp_path_factory.mktemp("workspace")
    assert CliRunner().invoke(cli, ["-C", str(folder), "init"]).exit_code == 0
    with editing(folder) as editor:
        yield editor


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "examples")))
def test_nothing_in_an_example_is_underlined(checkout: Editor, path: Path) -> None:
    assert checkout.complaints(path) == []


@pytest.mark.parametrize("name", ["reconciler.yaml", "access/example.yaml"])
def test_nothing_that_init_writes_is_underlined_and_a_mistake_in_it_is(editor: Editor, name: str) -> None:
    path = editor.folder / name
    assert editor.complaints(path) == []
    assert editor.complaints(path, path.read_text(encoding="utf-8") + "nonsense: 1\n") != []


ORGANIZATION = 'organizations:\n  acme-bc:\n    system: business_center\n    id: "6900000000000000001"\n'


@pytest.mark.parametrize("name", ["new.yaml", "new.yml"])
def test_a_new_manifest_needs_no_line_because_of_the_settings(editor: Editor, name: str) -> None:
    path = editor.folder / "access" / name
    (wrong,) = editor.complaints(path, f"{ORGANIZATION}    mode: sometimes\n")
    assert wrong == '5: Value is not accepted. Valid values: "additive", "authoritative", "read_only".'
    assert editor.complaints(path, f"{ORGANIZATION}    mode: additive\n    members: {{ana: admin}}\n") == []


def test_roles_are_offered_with_what_they_allow(editor: Editor) -> None:
    path = editor.folder / "access" / "roles.yaml"
    offers = editor.offers(path, f"{ORGANIZATION}    members:\n      ana: |\n")
    assert "Work on the assets assigned to them." in offers["standard"]
    assert "Manage members" in offers["admin"]


def test_keys_are_offered_with_their_description(editor: Editor) -> None:
    offers = editor.offers(editor.folder / "access" / "keys.yaml", f"{ORGANIZATION}    a|\n")
    assert offers["ad_accounts"] == "Ad accounts and who works in them."
    assert "apps" not in offers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{ORGANIZATION}    mode: addi|tive\n", "leave and list the rest"),
        (f"{ORGANIZATION}    mo|de: additive\n", "What happens to live access that is not declared"),
        (f"{ORGANIZATION}    members:\n      ana: stan|dard\n", "Work on the assets assigned to them."),
        ("approvals:\n  - approve: transfer|_app\n", "Ask for an app to be transferred to the organization."),
    ],
)
def test_a_hover_is_in_the_words_of_the_user(editor: Editor, text: str, told: str) -> None:
    assert told in editor.hover(editor.folder / "access" / "hover.yaml", text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"{ORGANIZATION}    members: {{ana: boss}}\n", '5: Value is not accepted. Valid values: "admin", "standard".'),
        (f"{ORGANIZATION}    apps: {{}}\n", "5: Property apps is not allowed."),
        ("people:\n  ana: {ends: 2027-13}\n", "2: It must be a day such as 2027-01-31."),
    ],
)
def test_a_mistake_is_named_in_the_words_of_the_user(editor: Editor, text: str, complaint: str) -> None:
    assert editor.complaints(editor.folder / "access" / "wrong.yaml", text) == [complaint]
