"""Where text leaves for stdout and stderr: no secret passes, and no line that a build server would obey.

A runner of GitHub Actions takes any line that begins with `::`, white space before it aside, for a command, and
`##[command]` anywhere in a line; other servers know `##vso[` and `##teamcity[`. Names and reasons are written by
people, and messages by servers, so none of them may become such a line, in whatever form and on either stream.
Source: github.com/actions/runner, src/Runner.Common/ActionCommand.cs, read 2026-11-28.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from reconciler.model.redaction import SECRETS

_BLANK = r"[\s\x1c-\x1f\ufeff]*"
_OBEYED = re.compile(rf"(?:\A|(?<=[\r\n]))(?P<blank>{_BLANK})::")
_ANYWHERE = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
_ANNOTATIONS = ("::error ", "::warning ", "::notice ")


def defuse(text: str, *, at_line_start: bool = True, ours: bool = False) -> str:
    r"""The text with no line that a build server obeys, but annotations where they are `ours`.

    `::` becomes `\x3a:`, and `##[` becomes `#\u0023[`, which inside of JSON is the same text as before.
    """

    def spell_out(found: re.Match[str]) -> str:
        if ours and not found["blank"] and text.startswith(_ANNOTATIONS, found.start()):
            return found[0]
        return found[0] if found.start() < first else rf"{found['blank']}\x3a:"

    if "::" in text:
        first = 0 if at_line_start else len(re.split(r"[\r\n]", text, maxsplit=1)[0])
        text = _OBEYED.sub(spell_out, text)
    return _ANYWHERE.sub(r"#\\u0023", text) if "##" in text else text


class Outlet(io.TextIOBase):
    """A stream that cleans what is written to it, whole lines at a time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._pending = ""
        self._at_line_start = True
        self.annotations_pass = False

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read only here
        """That of the stream behind it."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # read only here
        """How the stream behind it writes what it cannot."""
        return getattr(self._stream, "errors", None) or "strict"

    def isatty(self) -> bool:
        """Whether a terminal is behind it."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Number of the stream behind it."""
        return self._stream.fileno()

    def writable(self) -> bool:
        """It is made for that."""
        return True

    def write(self, text: str | bytes, /) -> int:
        """Take a text, as bytes from click's completion; what is behind its last line end waits for `flush` or more."""
        self._pending += text if isinstance(text, str) else text.decode()
        end = max(self._pending.rfind("\n"), self._pending.rfind("\r")) + 1
        if end:
            self._pass_on(end)
        return len(text)

    def flush(self) -> None:
        """Write all there is, so that a question stands there before it is answered."""
        if self._pending:
            self._pass_on(len(self._pending))
        self._stream.flush()

    def close(self) -> None:
        """The stream behind it stays open: it is not ours."""
        self.flush()

    def _pass_on(self, end: int) -> None:
        text, self._pending = self._pending[:end], self._pending[end:]
        clean = defuse(SECRETS.hide(text), at_line_start=self._at_line_start, ours=self.annotations_pass)
        line = re.split(r"[\r\n]", text)[-1]
        is_blank = not line.strip()
        self._at_line_start = is_blank and (self._at_line_start or line != text)
        self._stream.write(clean)


@contextmanager
def outlets() -> Iterator[None]:
    """While it lasts, stdout and stderr are behind outlets."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = Outlet(streams[0]), Outlet(streams[1])
    try:
        yield
    finally:
        made = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = streams
        for outlet in made:
            outlet.flush()


def print_page(text: str, *, form: str) -> None:
    """Print a result as it is; of the lines of the form `github` those that are annotations remain commands."""
    stream = sys.stdout
    if isinstance(stream, Outlet):
        stream.flush()
        stream.annotations_pass = form == "github"
    try:
        click.echo(text, nl=False, color=True)
        stream.flush()
    finally:
        if isinstance(stream, Outlet):
            stream.annotations_pass = False
