"""`reconciler init`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.files import CONFIG_FILE, read_text_file, replace_file
from reconciler.model.errors import ReconcilerError

_TEMPLATES = {
    CONFIG_FILE: "reconciler.yaml",
    "access/example.yaml": "example.yaml",
    "sandbox.yaml": "sandbox.yaml",
}
"""File of the workspace -> its template."""

_IGNORED = ".reconciler/"


@click.command()
@click.pass_obj
def init(app: App) -> None:
    """Write the files of a new workspace.

    A small example that works at once against the embedded platform. Refuses to overwrite anything; an existing
    .gitignore gets one line more.
    """
    existing = [name for name in _TEMPLATES if (app.root / name).exists()]
    if existing:
        message = f"there already is {', '.join(existing)}; nothing was written"
        raise ReconcilerError(message, advice="choose another folder with -C DIR")
    for name, template in _TEMPLATES.items():
        path = app.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, _read_template(template))
        click.echo(name)
    if _ignore_own_files(app.root / ".gitignore"):
        click.echo(".gitignore")
    app.notify("next: `reconciler validate`, then `reconciler plan` and `reconciler apply`")


def _read_template(name: str) -> str:
    return (files("reconciler.cli") / "templates" / name).read_text(encoding="utf-8")


def _ignore_own_files(path: Path) -> bool:
    """Keep state and sandbox out of git; returns whether the file changed."""
    text = read_text_file(path) if path.exists() else ""
    if any(line.strip().strip("/") == _IGNORED.strip("/") for line in text.splitlines()):
        return False
    gap = "" if not text or text.endswith("\n") else "\n"
    replace_file(path, f"{text}{gap}{_IGNORED}\n")
    return True
