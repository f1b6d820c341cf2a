"""Following the guide for newcomers to the letter.

After a change of what commands print, `python -m tests.examples.guide` writes the page again.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import chdir
from pathlib import Path

from click.testing import CliRunner

from reconciler.cli.main import cli

GUIDE = Path(__file__).parents[2] / "docs" / "getting-started.md"
BLOCK = re.compile(r"^```(?P<sort>console|diff)\n(?P<body>.*?)^```$", re.DOTALL | re.MULTILINE)


def follow(text: str, folder: Path) -> str:
    """The guide as it should read: every command run and every edit made in `folder`, one after the other."""

    def step(block: re.Match[str]) -> str:
        if block["sort"] == "diff":
            _edit(block["body"])
            return block[0]
        command = block["body"].partition("\n")[0]
        return f"```console\n{command}\n{_call(command)}```"

    with chdir(folder):
        return BLOCK.sub(step, text)


def _call(command: str) -> str:
    """What a reader sees in the terminal, both streams."""
    prompt, name, *words = command.split()
    if (prompt, name) != ("$", "reconciler"):
        message = f"the guide only calls reconciler, not {command!r}"
        raise ValueError(message)
    return CliRunner().invoke(cli, words).output


def _edit(diff: str) -> None:
    """Make the change; the lines that it takes away must be there."""
    header, *lines = diff.splitlines()
    file = Path(header.removeprefix("--- "))
    before, after = ("".join(f"{line[1:]}\n" for line in lines if line[0] == sign) for sign in "-+")
    text = file.read_text(encoding="utf-8")
    if before not in text:
        message = f"{file} does not say {before!r}"
        raise ValueError(message)
    file.write_text(text.replace(before, after), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        GUIDE.write_text(follow(GUIDE.read_text(encoding="utf-8"), Path(name)), encoding="utf-8")
