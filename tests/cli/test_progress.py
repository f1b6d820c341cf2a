"""A line a minute for a log; what a person sees at a terminal is in test_terminal.py."""

from __future__ import annotations

import json
import threading

import pytest

from reconciler.cli import streams
from reconciler.cli.app import App
from reconciler.cli.streams import Course


def course(total: int, *outcomes: str) -> Course:
    made = Course(total, awaited="acme-bc")
    for number, outcome in enumerate(outcomes, start=1):
        made.note(outcome, awaited=f"acme-bc/member/p{number}" if number < total else "")
    return made


@pytest.mark.parametrize(
    ("made", "seconds", "told"),
    [
        (course(400), 60, "0 of 400 done; waiting for acme-bc"),
        (
            course(4, "applied", "failed"),
            600,
            "2 of 4 done (1 applied, 1 failed), about 10 minutes left; waiting for acme-bc/member/p2",
        ),
        (course(4, "applied"), 1, "1 of 4 done (1 applied), about 1 minute left; waiting for acme-bc/member/p1"),
        (course(2, "applied", "applied"), 60, "2 of 2 done (2 applied)"),
        (course(0), 60, "0 of 0 done"),
    ],
)
def test_a_line_says_what_came_of_how_many_and_what_is_waited_for(made: Course, seconds: float, told: str) -> None:
    made.awaited = made.awaited if made.total else ""
    assert made.describe(seconds=seconds) == told


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_build_hears_every_minute_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    monkeypatch.setattr(streams, "EVERY", 0.001)
    app, told = App(log_format="json" if log_format == "json" else "text"), threading.Event()
    say = app.notify

    def notify(message: str, **fields: object) -> None:
        say(message, **fields)  # type: ignore[arg-type]  # passed on as it comes
        told.set()

    monkeypatch.setattr(app, "notify", notify)
    with app.progress("applying 4 changes", course(4, "applied")):
        assert told.wait(60)  # as long as it takes: a test that hangs is stopped elsewhere
    line = capsys.readouterr().err.splitlines()[0]
    if log_format == "json":
        assert json.loads(line).items() >= {"level": "notice", "minutes": 1, "done": 1, "total": 4}.items()
    else:
        assert line.startswith("applying 4 changes, 1 minute so far: 1 of 4 done (1 applied)")


def test_nothing_is_said_of_what_takes_no_minute(capsys: pytest.CaptureFixture[str]) -> None:
    with App().progress("reading the systems"):
        pass
    assert capsys.readouterr().err == ""


def test_a_log_that_nobody_reads_any_more_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "EVERY", 0.001)
    heard = threading.Event()

    def say(_minutes: int) -> None:
        heard.set()
        raise BrokenPipeError

    with streams.ticking(say):
        assert heard.wait(60)
