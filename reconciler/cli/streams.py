"""Streams and files of the user: who sits at a stream, what may leave through it, how a file is written whole."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

import click

from reconciler.model import SECRETS, ReconcilerError, UsageError, count

CONFIG_FILE = "reconciler.yaml"
"""What makes a folder a workspace."""
REVIEWS = "reviews"
"""Folder of a workspace with its access reviews, one folder for each."""
CLOSED_REVIEWS = "closed.yaml"
"""In that folder: when the access to each organization was last reviewed."""
CODE_NOTES = "codes.json"
"""In the folder of the tool: which QR codes were written and not taken away yet."""

_NEW_FILE_MODE = 0o666
_GIT_TIMEOUT = 10.0
_SAFE = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])")
"""What Windows takes for a device, whatever the ending."""


def replace_file(path: Path, text: str) -> None:
    """Write a text file in one step, keeping its permissions and, where it is a link, the link.

    What is there and is no file, such as /dev/stdout or a named pipe, is written to: it must not be replaced by one.
    """
    import tempfile  # slow to load, and help does not need it

    text = SECRETS.hide(text)
    target = path.resolve()
    with refused_writes(path):
        if path.exists() and not path.is_file():
            with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text)
            return
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(_mode_of(target))
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_privately(path: Path, content: bytes) -> None:
    """For its owner's eyes, from the first moment on, and never through a link that somebody else has put there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def refused_writes(path: Path) -> Iterator[None]:
    """What goes wrong while a file is written becomes a ReconcilerError that names it."""
    try:
        yield
    except OSError as error:
        raise ReconcilerError(f"{path} cannot be written: {error.strerror or error}") from error


def read_text_file(path: Path, *, what: str = "") -> str:
    """A text file of the user; raises ReconcilerError when that is impossible."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ReconcilerError(f"{what}{path} cannot be read: {reason}") from error


def _mode_of(path: Path) -> int:
    """The mode of an existing file; for a new one what any program would give it."""
    if path.exists():
        return path.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _NEW_FILE_MODE & ~mask


def file_name(actor: str) -> str:
    """A name for the file of a person that is safe everywhere and another one for every person."""
    if _SAFE.fullmatch(actor) and not _RESERVED.fullmatch(actor):
        return actor
    import hashlib  # as tempfile

    readable = re.sub(r"[^a-z0-9]+", "-", actor.casefold()).strip("-")[:40] or "somebody"
    return f"{readable}-{hashlib.sha256(actor.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def make_folder(folder: Path) -> None:
    """With those above it; raises ReconcilerError when that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReconcilerError(f"{folder} cannot be made: {error.strerror or error}") from error


def find_top(root: Path) -> Path:
    """The folder of the repository that a workspace is in; the workspace itself where it is in none."""
    inside = root.resolve()
    return next((folder for folder in (inside, *inside.parents) if (folder / ".git").exists()), inside)


def find_prefix(root: Path) -> str:
    """Where the workspace is in its repository, as `access/`; empty at the top, or without a repository."""
    return "".join(f"{part}/" for part in root.resolve().relative_to(find_top(root)).parts)


def find_source(root: Path, commit: str = "") -> str:
    """Where the forge of this CI job shows the files of a commit; empty where there is no job or no commit.

    Without a commit it is the one that is checked out, whatever the job says that it started from.
    """
    environment = os.environ
    if repository := environment.get("GITHUB_REPOSITORY"):
        base = f"{environment.get('GITHUB_SERVER_URL') or 'https://github.com'}/{repository}/blob"
    elif project := environment.get("CI_PROJECT_URL"):
        base = f"{project}/-/blob"
    else:
        return ""
    commit = commit or ask_git(root, "rev-parse", "HEAD")
    return f"{base}/{commit}" if commit else ""


def ask_git(root: Path, *command: str) -> str:
    """What git answers; empty where there is no repository, or no git."""
    import subprocess  # few commands ask

    try:
        run = subprocess.run(  # noqa: S603  # fixed arguments
            ["git", "-C", str(root), *command],  # noqa: S607  # which git is the user's choice
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


_BLANK = r"[\s\x1c-\x1f\ufeff]*"
_OBEYED = re.compile(rf"(?:\A|(?<=[\r\n]))(?P<blank>{_BLANK})::")
_ANYWHERE = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
_ANNOTATIONS = ("::error ", "::warning ", "::notice ")
_AT_ONCE = 1_000
"""Pieces of a page, mostly lines."""
_MIN_WIDTH = 40
"""Columns below which nothing becomes clearer by breaking lines."""
EVERY = 60.0
"""Seconds between two lines about a run that is going on."""
MAX_SUMMARY = 1024 * 1024
"""Of one step; a larger one is not shown at all."""
_MARGIN = 1024
_MIN_USE = 4096


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
        self._lock = threading.RLock()  # what is going on is told by a thread of its own
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
        with self._lock:
            self._pending += text if isinstance(text, str) else text.decode()
            end = max(self._pending.rfind("\n"), self._pending.rfind("\r")) + 1
            if end:
                self._pass_on(end)
        return len(text)

    def flush(self) -> None:
        """Write all there is, so that a question stands there before it is answered."""
        with self._lock:
            if self._pending:
                self._pass_on(len(self._pending))
            self._stream.flush()

    def close(self) -> None:
        """The stream behind it stays open: it is not ours."""
        self.flush()

    def _pass_on(self, end: int) -> None:
        text, self._pending = self._pending[:end], self._pending[end:]
        clean = defuse(SECRETS.hide(text), at_line_start=self._at_line_start, ours=self.annotations_pass)
        line = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
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


def print_page(pieces: Iterable[str], *, form: str) -> None:
    """Print a result as it is; of the lines of the form `github` those that are annotations remain commands."""
    stream = sys.stdout
    if isinstance(stream, Outlet):
        stream.flush()
        stream.annotations_pass = form == "github"
    try:
        held, pending = "", iter(pieces)
        while some := "".join(islice(pending, _AT_ONCE)):
            # Whole lines at a time: a secret or a command that is written in two parts would not be seen.
            text = SECRETS.hide(held + some)
            end = text.rfind("\n", 0, max(0, len(text) - SECRETS.reach)) + 1
            click.echo(text[:end], nl=False, color=True)
            held = text[end:]
        click.echo(held, nl=False, color=True)
        stream.flush()
    finally:
        if isinstance(stream, Outlet):
            stream.annotations_pass = False


class Screen(Protocol):
    """A stream, as far as it matters who reads it."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        ...

    def fileno(self) -> int:
        """The number by which the system knows it, if it is a terminal."""
        ...


def wants_color(choice: str, stream: Screen) -> bool:
    """The option decides; then NO_COLOR, FORCE_COLOR, whether this is a build, and whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_interactive(stream) and os.environ.get("TERM") != "dumb"


def is_interactive(stream: Screen) -> bool:
    """Whether a person sits at it: a terminal, and not one that a build server pretends."""
    return stream.isatty() and not os.environ.get("CI")


def find_width(stream: Screen) -> int:
    """Columns of the terminal behind a stream, `COLUMNS` before what it says itself; 0 when nobody looks at one."""
    if not is_interactive(stream):
        return 0
    given = os.environ.get("COLUMNS", "")
    try:
        columns = int(given) if given.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return max(columns, _MIN_WIDTH) if columns else 0


class Course:
    """What has become of so many steps, and which one is waited for."""

    def __init__(self, total: int, *, awaited: str = "") -> None:
        self.total = total
        self.awaited = awaited
        """What is done now, or waited for: an address, an organization."""
        self.outcomes: Counter[str] = Counter()
        self._began = time.monotonic()

    def note(self, outcome: str, *, awaited: str) -> None:
        """One step more is done, and the next one begins."""
        self.outcomes[outcome] += 1
        self.awaited = awaited

    def describe(self, *, seconds: float | None = None) -> str:
        """`120 of 400 done (115 applied, 5 failed), about 7 minutes left; waiting for acme-bc/member/eve`."""
        done = self.outcomes.total()
        told = ", ".join(f"{number:,} {word}" for word, number in sorted(self.outcomes.items()))
        passed = time.monotonic() - self._began if seconds is None else seconds
        left = passed / done * (self.total - done) / 60 if done else 0.0
        parts = [f"{done:,} of {self.total:,} done{told and f' ({told})'}"]
        parts += [f"about {count(round(left) or 1, 'minute', 'minutes')} left"] if left else []
        return ", ".join(parts) + (f"; waiting for {self.awaited}" if self.awaited else "")


@contextmanager
def ticking(say: Callable[[int], None]) -> Iterator[None]:
    """Until the block ends, `say` hears every minute how many minutes have passed; in a thread of its own."""
    is_over = threading.Event()

    def tick() -> None:
        minutes = 0
        while not is_over.wait(EVERY):
            minutes += 1
            with suppress(OSError, ValueError):  # nobody reads any more: whoever writes the result tells that
                say(minutes)

    thread = threading.Thread(target=tick, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if a person, or `--yes`, says so."""
    if yes:
        return
    if not is_interactive(sys.stdin):
        raise UsageError("nobody is here to answer: stdin is not a terminal", advice="give --yes")
    if not ask(question):
        raise ReconcilerError("not confirmed: nothing was changed")


def ask(question: str) -> bool:
    """Whether the answer is `yes`."""
    try:
        answer = click.prompt(f"{question} Only `yes` is taken as a yes", default="", show_default=False, err=True)
    except click.Abort:
        click.echo(err=True)  # the question's line is still open
        raise
    return str(answer) == "yes"


def write_summary(render: Callable[[int], str]) -> bool:
    """Add to the summary of the step what `render` makes of the room that is left, in bytes; False where it is full."""
    path = _find_file("GITHUB_STEP_SUMMARY")
    if path is None:
        return True
    if (room := _room(path)) < _MIN_USE:
        return False
    _append(path, f"{render(room)}\n")
    return True


def append_summary(text: str) -> None:
    """Add a text to the summary of the step as it is; raises ReconcilerError where there is none, or it is too long."""
    path = _find_file("GITHUB_STEP_SUMMARY")
    if path is None:
        raise ReconcilerError("there is no job summary here: GITHUB_STEP_SUMMARY is not set")
    if len(text.encode()) > _room(path):
        raise ReconcilerError("the text is longer than what is left of the 1 MiB of a summary", advice="--max-chars")
    _append(path, f"{text}\n")


def takes_outputs() -> bool:
    """Whether a later step can be told anything."""
    return _find_file("GITHUB_OUTPUT") is not None


def write_outputs(outputs: Mapping[str, str]) -> None:
    """Set outputs of the step. The delimiter is random, so that no value can end itself and set another output."""
    path = _find_file("GITHUB_OUTPUT")
    if path is None or not outputs:
        return
    delimiter = f"reconciler_{os.urandom(16).hex()}"
    _append(path, "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in outputs.items()))


def _room(path: Path) -> int:
    return MAX_SUMMARY - _MARGIN - (path.stat().st_size if path.exists() else 0)


def _find_file(variable: str) -> Path | None:
    name = os.environ.get(variable)
    return Path(name) if name else None


def _append(path: Path, text: str) -> None:
    with refused_writes(path), path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        stream.write(SECRETS.hide(text))
