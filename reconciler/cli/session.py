"""What holds for one run of the command line, whatever the command: the workspace, colour, log."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import click

from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible

ColorChoice = Literal["auto", "always", "never"]
LogFormat = Literal["text", "json"]

CONFIG_FILE = "reconciler.yaml"
"""What makes a folder a workspace."""


_NARROWEST = 40
"""Columns below which nothing becomes clearer by breaking lines."""


class Terminal(Protocol):
    """A stream, as far as it matters who reads it."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        ...


class Screen(Terminal, Protocol):
    """A stream whose size can be asked for, if it is a terminal."""

    def fileno(self) -> int:
        """The number by which the system knows it."""
        ...


@dataclass(slots=True, kw_only=True)
class Session:
    """`ctx.obj` of every command. Its options may stand before or after the command, so it is filled step by step."""

    root: Path = Path()
    """The workspace: where `reconciler.yaml` lies."""
    color: ColorChoice = "auto"
    log_format: LogFormat = "text"
    verbose: bool = False

    @property
    def home(self) -> Path:
        """The folder for everything the tool keeps in a workspace without asking."""
        return self.root / ".reconciler"

    def command(self, *words: str) -> str:
        """A command for this workspace, to be pasted."""
        where = [] if self.root == Path() else ["-C", str(self.root)]
        return shlex.join(["reconciler", *where, *words])

    def style(self, stream: Screen) -> Style:
        """How to write to a stream."""
        return Style(color=wants_color(self.color, stream), verbose=self.verbose, width=find_width(stream))

    def notify(self, message: str, *, level: str = "notice", **fields: str | int) -> None:
        """Tell the user something that is not the result: to stderr, as text or as one JSON object per line."""
        if self.log_format == "json":
            line = json.dumps({"level": level, "message": message, **fields})
        else:
            line = self._text(level, message, fields)
        click.echo(line, err=True, color=True)

    def _text(self, level: str, message: str, fields: dict[str, str | int]) -> str:
        tone = Tone.ALARM if level == "error" else Tone.WARN
        label = "" if level == "notice" else f"{self.style(sys.stderr).paint(level, tone)}: "
        advice = f"\n  advice: {fields['advice']}" if fields.get("advice") else ""
        return label + "\n".join(map(make_visible, f"{message}{advice}".splitlines()))


def wants_color(choice: str, stream: Terminal) -> bool:
    """The option decides; then NO_COLOR, FORCE_COLOR, whether this is a build, and whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_interactive(stream) and os.environ.get("TERM") != "dumb"


def is_interactive(stream: Terminal) -> bool:
    """Whether a person sits at it: a terminal, and not one that a build server pretends."""
    return stream.isatty() and not os.environ.get("CI")


def find_width(stream: Screen) -> int:
    """Columns of the terminal behind a stream, `COLUMNS` before what it says itself; 0 when nobody looks at one."""
    if not is_interactive(stream):
        return 0
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal():
        columns = int(given)
    else:
        try:
            columns = os.get_terminal_size(stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
    return max(columns, _NARROWEST) if columns else 0


def session_options() -> list[click.Parameter]:
    """The options every command understands, before and after its name; named so that no command's own name clashes."""
    return [
        click.Option(
            ["-C", "session_root"],
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            metavar="DIR",
            help="Work in this workspace instead of the current directory.",
            expose_value=False,
            callback=_store("root"),
        ),
        click.Option(
            ["--color", "session_color"],
            type=click.Choice(["auto", "always", "never"]),
            help="Colour the output; auto follows NO_COLOR, FORCE_COLOR, CI and the terminal.",
            expose_value=False,
            callback=_store("color"),
        ),
        click.Option(
            ["--log-format", "session_log_format"],
            type=click.Choice(["text", "json"]),
            help="How notices and errors on stderr are written.",
            expose_value=False,
            callback=_store("log_format"),
        ),
        click.Option(
            ["-v", "--verbose", "session_verbose"],
            is_flag=True,
            default=None,
            help="Say more: lists that are only counted otherwise, the order of steps, tracebacks.",
            expose_value=False,
            callback=_store("verbose"),
        ),
    ]


def _store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """A callback that puts a given option's value into the session; one that was not given changes nothing."""

    def store(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value is not None:
            setattr(context.ensure_object(Session), name, value)

    return store
