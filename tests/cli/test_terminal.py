"""With a person at a terminal: the question before applying, colour, progress, Ctrl-C."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

ROOT = Path(__file__).parents[2]
Session = Callable[..., tuple[int, str]]
LISTENING = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    " runpy.run_module('reconciler', run_name='__main__', alter_sys=True)"
)
"""The command with Ctrl-C switched on, which shells switch off for what they start in the background."""


def read_until(terminal: int, wanted: str) -> str:
    """What the command writes, until it wrote the wanted text; without one, until it closes the terminal."""
    said = b""
    while not wanted or wanted.encode() not in said:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other side has closed
            break
        if not chunk:
            break
        said += chunk
    return said.decode()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Run a command at a terminal of its own and do something when it has said something."""
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR", "FORCE_COLOR"}}

    def start(*words: str, when: str = "", do: Callable[[int, subprocess.Popen[bytes]], object]) -> tuple[int, str]:
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", LISTENING, "-C", str(tmp_path), *words],
            cwd=ROOT,
            env={**environment, "TERM": "xterm", "COLUMNS": "200"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            try:
                said = read_until(ours, when)
                do(ours, process)
                said += read_until(ours, "")
            finally:
                process.kill()  # it has ended, or a test that failed must not wait for it for ever
        os.close(ours)
        return process.returncode, said

    return start


def answer(text: str) -> Callable[[int, subprocess.Popen[bytes]], object]:
    return lambda terminal, _: os.write(terminal, f"{text}\n".encode())


def interrupt(_terminal: int, process: subprocess.Popen[bytes]) -> None:
    """As a person would: once more when nothing happens, because the first may come before the question is read."""
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
            return


def nothing(_terminal: int, _process: subprocess.Popen[bytes]) -> None:
    return None


def test_apply_asks_and_goes_on_after_yes(session: Session) -> None:
    code, said = session("apply", when="taken as a yes", do=answer("yes"))
    assert "Carry out 2 changes in 2 organizations?" in said
    assert "Applied 0 changes; 2 requested." in said
    assert "2/2" in said
    assert code == 0


@pytest.mark.parametrize("text", ["y", ""])
def test_anything_but_yes_changes_nothing(session: Session, text: str, tmp_path: Path) -> None:
    code, said = session("apply", when="taken as a yes", do=answer(text))
    assert "not approved: nothing was changed" in said
    assert code == 1
    assert "Plan: 2 to invite" in CliRunner().invoke(cli, ["-C", str(tmp_path), "plan"]).stdout


def test_ctrl_c_at_the_question_is_told_and_gives_130(session: Session) -> None:
    code, said = session("apply", when="taken as a yes", do=interrupt)
    assert "^C" not in said.splitlines()[-1]
    assert said.splitlines()[-1].endswith("goes on from there")
    assert any(line.strip().startswith(("error:", "\x1b")) and "interrupted" in line for line in said.splitlines())
    assert "Traceback" not in said
    assert code == 130


def test_a_terminal_gets_colour_and_a_sign_of_life(session: Session) -> None:
    code, said = session("plan", do=nothing)
    assert code == 0
    assert "\x1b[32m+\x1b[0m" in said
    assert "reading the systems" in said


def test_a_terminal_gets_neither_when_it_does_not_want_them(session: Session) -> None:
    assert "\x1b[32m" not in session("--color", "never", "plan", do=nothing)[1]


CODE = "https://www.tiktok.com/business-center/authorize?code="


@pytest.fixture
def asked(tmp_path: Path, session: Session) -> Session:
    """At a terminal as well, in a workspace whose manifests ask a creator for a link to a TikTok account."""
    config, sandbox, access = (tmp_path / name for name in ("reconciler.yaml", "sandbox.yaml", "access/example.yaml"))
    entry = "providers:\n  business_center: {kind: business_api, via: sandbox, act_as: ana}\n"
    config.write_text(config.read_text(encoding="utf-8").replace("providers:\n", entry), encoding="utf-8")
    with sandbox.open("a", encoding="utf-8") as file:
        file.write('tiktok_accounts: {"@dee": {owner: bo}}\n')
    with access.open("a", encoding="utf-8") as file:
        file.write('    tiktok_accounts: {creator: {handle: "@dee", ownership: client}}\n')
    return session


def kept(workspace: Path) -> str:
    """Everything that the tool has written down: state, journal, history, audit log; not the platform's own memory."""
    files = [file for file in (workspace / ".reconciler").rglob("*") if file.is_file() and "sandbox" not in file.name]
    assert files
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def test_the_code_that_an_owner_has_to_scan_reaches_the_terminal_of_whoever_applies(
    asked: Session, tmp_path: Path
) -> None:
    code, said = asked("apply", "--auto-approve", do=nothing)
    assert code == 0, said
    shown = said.partition("the owner of @dee scans this with the TikTok app:\r\n")[2].splitlines()
    assert "Allow exactly these permissions: 'Existing posts'" in said
    assert "Leave everything else off, even where it is ticked already: 'Publish" in said
    drawn = list(takewhile(lambda line: "\u2588" in line or "\u2580" in line, shown))
    assert len(drawn) > 10
    assert len({len(line) for line in drawn}) == 1, "a sign of life must not cut a row"
    assert shown[len(drawn)].startswith(CODE)
    assert "code=" not in kept(tmp_path)


def test_a_code_does_not_get_into_the_log_of_a_run_that_nobody_watches(asked: Session, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "reconciler", "-C", str(tmp_path), "apply", "--auto-approve"]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    for text in (run.stdout, run.stderr, kept(tmp_path)):
        assert "\u2588" not in text
        assert "code=" not in text
    assert "apply from a terminal when the owner of @dee is ready" in " ".join(run.stdout.split())


def test_a_build_that_pretends_to_have_a_terminal_gets_no_code(
    asked: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CI", "true")
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "reconciler", "-C", str(tmp_path), "apply", "--auto-approve"]
    with subprocess.Popen(words, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = read_until(ours, "")
    os.close(ours)
    assert process.returncode == 0, said
    assert "code=" not in said
    assert "nobody sits at a terminal here" in " ".join(said.split())
