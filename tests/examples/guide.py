"""Following a page of the documentation to the letter.

Every block says what it is by its language, and is played from top to bottom in a folder of its own:

| block | is |
|---|---|
| `console` | a command behind `$`, and what a terminal then shows |
| `sh` | commands that have to succeed, one a line |
| `diff` | an edit of the file behind `---`; the lines that it takes away must be there |
| `yaml`, `python`, `text` | read, not typed |

What a reader need not see is a comment: `<!-- play: WHERE -->` once for the page, `<!-- set up` with commands, and
`<!-- not run: WHY -->` above a block. After a change of what commands print, `python -m tests.examples.guide` writes
the pages again; a day that is all that differs stays as it is.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from reconciler.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = (*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/README.md")))
NOT_IN_GIT = {"steps.md"}
LANGUAGES = {"console", "diff", "python", "sh", "text", "yaml"}

BLOCK = re.compile(
    r"(?:^ *<!-- (?P<note>not run: [^>]+?) -->\n\n?)?"
    r"^(?P<indent> *)```(?P<sort>[\w-]*)\n(?P<body>.*?)^ *```$"
    r"|^ *<!-- set up\n(?P<hidden>.*?)^ *-->$",
    re.DOTALL | re.MULTILINE,
)
PLACE = re.compile(r"^<!-- play: (?P<where>[\w/]+)(?P<settled>, settled)? -->$", re.MULTILINE)
CHANGING = re.compile(r"\b20\d\d-\d\d-\d\d(?:[T ][\d:+Z]+)?|\b20\d{6}T\d{6}Z|\b[0-9a-f]{16}\b")
"""A day, a moment, a lineage: what differs from run to run."""
LEFT_OUT = re.compile(r"\b[0-9a-f]{64}\b|(?<=-\d\d), by \w+")
"""A digest, and who is at the machine: a page shows an ellipsis, or nothing."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page, and where it is played."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def where(self) -> str:
        """`empty`, `init` or a folder of the repository, and `, settled` where people have accepted already."""
        place = PLACE.search(self.text)
        return "".join(filter(None, place.groups())) if place else "empty"

    def blocks(self) -> Iterator[re.Match[str]]:
        return BLOCK.finditer(self.text)

    def commands(self) -> list[str]:
        """Everything that is typed on this page."""
        return [
            line
            for block in self.blocks()
            if not block["note"] and block["sort"] in {"console", "sh"}
            for line in typed(block)
        ]


def pages() -> list[Page]:
    return [
        Page(path=path, text=path.read_text(encoding="utf-8"))
        for path in PAGES
        if path.name not in NOT_IN_GIT and "do not edit" not in path.read_text(encoding="utf-8")
    ]


def typed(block: re.Match[str]) -> list[str]:
    """The commands of a block, without comments."""
    body = _undent(block)
    if block["sort"] == "console":
        return [body.partition("\n")[0].removeprefix("$ ")]
    return [line for line in body.splitlines() if line.strip() and not line.startswith("#")]


def follow(page: Page, folder: Path) -> str:
    """The page as it should read: every command run and every edit made in `folder`, one after the other."""
    terminal = Terminal(folder / "here")
    terminal.begin(page.where)

    def step(block: re.Match[str]) -> str:
        if block["hidden"] is not None:
            for line in block["hidden"].splitlines():
                terminal.call(line)
        elif block["note"]:
            pass
        elif block["sort"] == "diff" and block["body"].lstrip().startswith("--- "):
            terminal.edit(_undent(block))
        elif block["sort"] == "sh":
            for line in typed(block):
                told, code = terminal.call(line)
                assert code == 0, f"{page.name}: {line}\n{told}"
        elif block["sort"] == "console":
            (line,) = typed(block)
            told = LEFT_OUT.sub(lambda found: "…" if found[0].isalnum() else "", terminal.call(line)[0])
            before, _, shown = block["body"].partition("\n")
            wanted = textwrap.indent(told, block["indent"])
            if masked(wanted) != masked(shown):
                return block[0].replace(block["body"], f"{before}\n{wanted}", 1)
        return block[0]

    return BLOCK.sub(step, page.text)


def masked(text: str) -> str:
    """The text with something of the same width for whatever differs from run to run, so that tables stay aligned."""
    return CHANGING.sub(lambda found: "#" * len(found[0]), text)


class Terminal:
    """Where a reader types: the tool runs in this process, everything else in a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, where: str) -> None:
        """Make the workspace in which a page begins."""
        source, _, settled = where.partition(", ")
        if source.startswith("examples"):
            to = self.folder / "examples" if source == "examples" else self.folder
            shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns(".reconciler"))
        else:
            self.folder.mkdir(parents=True)
        if source == "init":
            self.call("reconciler init")
        if settled:
            for _ in range(3):
                for line in ("apply --auto-approve", "sandbox portal", "sandbox people answer accept --all"):
                    self.call(f"reconciler {line}")
            self.call("reconciler apply --auto-approve")

    def call(self, line: str) -> tuple[str, int]:
        """What a reader sees, both streams, and the exit code."""
        command = line.partition(" #")[0].strip()
        words = shlex.split(command)
        if words[0] == "cd":
            self.folder /= words[1]
            return "", 0
        if words[0] == "reconciler" and not set("|&;<>") & set(command):
            with chdir(self.folder):
                result = CliRunner().invoke(cli, words[1:])
            return result.output, result.exit_code
        path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env={"PATH": path, "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout, done.returncode

    def edit(self, diff: str) -> None:
        """Make the change; the lines that it takes away must be there."""
        header, *lines = diff.splitlines()
        file = self.folder / header.removeprefix("--- ")
        before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] == sign) for sign in "-+")
        text = file.read_text(encoding="utf-8")
        assert before in text, f"{file} does not say {before!r}"
        file.write_text(text.replace(before, after), encoding="utf-8")


def _undent(block: re.Match[str]) -> str:
    return re.sub(rf"^{block['indent']}", "", block["body"], flags=re.MULTILINE)


if __name__ == "__main__":
    for one in pages():
        with tempfile.TemporaryDirectory() as name:
            played = follow(one, Path(name))
        if played != one.text:
            one.path.write_text(played, encoding="utf-8")
            sys.stdout.write(f"{one.name}\n")
