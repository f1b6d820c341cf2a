"""Who sits at a stream, and what that means for colour, width and questions."""

from __future__ import annotations

import os
import sys
from typing import Protocol

import click

from reconciler.model.errors import ReconcilerError, UsageError

_MIN_WIDTH = 40
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
    return max(columns, _MIN_WIDTH) if columns else 0


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if a person, or `--yes`, says so."""
    if yes:
        return
    if not is_interactive(sys.stdin):
        raise UsageError("nobody is here to answer: stdin is not a terminal", advice="give --yes")
    if click.prompt(f"{question} Only `yes` is taken as a yes", default="", show_default=False, err=True) != "yes":
        raise ReconcilerError("not confirmed: nothing was changed")
