"""Every `reconciler ...` in a pipeline is a command that exists, with options that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Any

import click
import pytest
import yaml

from reconciler.cli.app import App
from reconciler.cli.main import cli
from tests.pipelines.workflow import ROOT, WORKFLOWS

EXAMPLES = ROOT / "examples" / "pipelines"
PIPELINES = [*sorted(WORKFLOWS.glob("*.yml")), *sorted(EXAMPLES.glob("*.*")), ROOT / "templates" / "access.yml"]
PIPELINES += [EXAMPLES / "Jenkinsfile"]
HOOKS = ROOT / ".pre-commit-hooks.yaml"

_OPTIONAL = re.compile(r'\$\{\w+:\+"([^"]*)"\}')
"""`${NAME:+"--option=$NAME"}`: an option that is given only where the variable is."""
_SHELL = set("|&;<>()")
_GIVEN = {
    "ORGANIZATION": "acme-bc",
    "rules": "main",
    "merged": "change",
    "CI_COMMIT_SHA": "c0ffee",
    "DIGEST": "0" * 64,
    "NUMBER": "5",
    "CHANGE_ID": "5",
    "PERSON": "eve",
    "ADDRESS": "acme-bc",
}


def scripts_of(path: Path) -> Iterator[str]:
    """Everything in a pipeline that a shell gets to read."""
    text = path.read_text(encoding="utf-8")
    if path.name == "Jenkinsfile":
        yield from (one or other for one, other in re.findall(r"sh '(?:''(.*?)''|([^'\n]*))'", text, flags=re.DOTALL))
    else:
        yield from _scripts_in(list(yaml.safe_load_all(text)))


def _scripts_in(node: Any) -> Iterator[str]:
    match node:
        case dict():
            for key, below in node.items():
                if key in {"run", "script", "bash", "before_script", "after_script", "entry"}:
                    yield from [below] if isinstance(below, str) else below
                else:
                    yield from _scripts_in(below)
        case list():
            for below in node:
                yield from _scripts_in(below)


def invocations_in(script: str) -> Iterator[list[str]]:
    """Each call of the tool as the words behind its name, up to where the shell takes over."""
    for line in _OPTIONAL.sub(r"\1", script.replace("\\\n", " ")).splitlines():
        words = _words_of(line) if re.search(r"\breconciler\b[\" ]", line) else []
        for at, word in enumerate(words):
            if word.rpartition("/")[2] != "reconciler" or (at and not _starts_command(words[at - 1])):
                continue
            rest = words[at + 1 :]
            yield rest[: next((end for end, each in enumerate(rest) if set(each) <= _SHELL), len(rest))]


def _words_of(line: str) -> list[str]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True  # `HEAD^1` is one word
    return list(reader)


def _starts_command(before: str) -> bool:
    return set(before) <= _SHELL or before in {"exec", "if", "then", "else", "do", "!"}


CALLS = [
    pytest.param(call, id=f"{path.name}: {' '.join(call)}")
    for path in [*PIPELINES, HOOKS]
    for script in scripts_of(path)
    for call in invocations_in(script)
]


@pytest.mark.parametrize("call", CALLS)
def test_the_command_takes_these_words(call: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pages = tmp_path / "pages"
    for name in ("plan.json", "reviewed/plan.json", "plan.md", "drift.md"):
        (pages / name).parent.mkdir(exist_ok=True)
        (pages / name).touch()
    given = {
        **_GIVEN,
        "PAGES": str(pages),
        "RUNNER_TEMP": str(tmp_path),
        "WORKSPACE": str(tmp_path),
        "FOLDER": str(tmp_path),
        "PIPELINE_WORKSPACE": str(tmp_path),
        "page": str(pages / "plan.md"),
        "plan": str(pages / "plan.json"),
    }
    words = [Template(word).substitute(given) for word in call]
    context: click.Context = cli.make_context("reconciler", words, obj=App())
    command: click.Command | None = cli
    rest = [*context._protected_args, *context.args]  # noqa: SLF001  # click offers no other way to look without running
    while isinstance(command, click.Group) and rest:
        called, command, rest = command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(called, rest, parent=context)
        rest = [*context._protected_args, *context.args]  # noqa: SLF001  # as above
    assert not isinstance(command, click.Group) or command.invoke_without_command


def test_the_calls_are_found() -> None:
    """Otherwise a change of their form would leave the test above with nothing to do."""
    found = {path.name: sum(len(list(invocations_in(script))) for script in scripts_of(path)) for path in PIPELINES}
    mentioned = {
        path.name: sum(len(re.findall(r"\breconciler\"? (?:-C|show) ", script)) for script in scripts_of(path))
        for path in PIPELINES
    }
    assert found == mentioned
    assert found["review.yml"] >= 7


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ("reconciler plan | tee x", [["plan"]]),
        ('{ cat a && reconciler -C "$W" show b; }', [["-C", "$W", "show", "b"]]),
        ("exec reconciler apply p > /dev/null", [["apply", "p"]]),
        ('reconciler plan ${O:+"--target=$O"} || (($? == 3))', [["plan", "--target=$O"]]),
        ("pip install reconciler plan", []),
        ("a || venv/bin/reconciler -C d state unlock ID", [["-C", "d", "state", "unlock", "ID"]]),
    ],
)
def test_a_call_ends_where_the_shell_takes_over(script: str, calls: list[list[str]]) -> None:
    assert list(invocations_in(script)) == calls
