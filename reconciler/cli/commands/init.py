"""`reconciler init` and `fmt`: files that the tool writes for people to go on with."""

from __future__ import annotations

from importlib.resources import files
from itertools import chain
from pathlib import Path

import click

from reconciler.cli.app import App, load
from reconciler.cli.options import flag
from reconciler.cli.streams import CONFIG_FILE, make_folder, read_text_file, replace_file
from reconciler.cli.workspace import find_workspace_above
from reconciler.editing.format import format_manifest, refuse_format
from reconciler.model import ExitCode, ManifestError, ReconcilerError, Severity

_TEMPLATES = {CONFIG_FILE: "reconciler.yaml", "access/example.yaml": "example.yaml", "sandbox.yaml": "sandbox.yaml"}
"""File of the workspace -> its template."""

_EDITOR_SCHEMAS = ("manifest", "config")
"""What an editor needs to complete and check both kinds of files; `schema --write schemas` writes them again."""

_IGNORED = (".reconciler/", "plan.json")
"""What is kept out of git: state and sandbox, and the plan of the documented commands, which names people."""


@click.command()
@click.pass_obj
def init(app: App) -> None:
    """Write the files of a new workspace.

    A small example that works at once against the embedded platform, with schemas from which editors complete and
    check. Refuses to overwrite anything; an existing .gitignore gets what it lacks.
    """
    existing = [name for name in _TEMPLATES if (app.root / name).exists()]
    if existing:
        message = f"already here: {', '.join(existing)}; nothing was written"
        raise ReconcilerError(message, advice="make a new folder, and name it with -C DIR")
    written = {name: _read_template(template) for name, template in _TEMPLATES.items()}
    render_schema = load("cli.schemas:render_schema")  # pydantic is slow to load, and `fmt` does without
    for_editors = {f"schemas/{name}.schema.json": render_schema(name) for name in _EDITOR_SCHEMAS}
    for_editors[".vscode/settings.json"] = _read_template("settings.json")
    written |= {name: text for name, text in for_editors.items() if not (app.root / name).exists()}
    for name, text in written.items():
        path = app.root / name
        make_folder(path.parent)
        replace_file(path, text)
        click.echo(name)
    ignored = app.root / ".gitignore"
    text = read_text_file(ignored) if ignored.exists() else ""
    there = {line.strip().strip("/") for line in text.splitlines()}
    if missing := [f"{name}\n" for name in _IGNORED if name.strip("/") not in there]:
        gap = "" if not text or text.endswith("\n") else "\n"
        replace_file(ignored, "".join([text, gap, *missing]))
        click.echo(ignored.name)
    above = find_workspace_above(app.root)
    if above is not None:
        message = f"this workspace is inside of another one, {above}, which may take its files for manifests"
        app.notify(message, level="warning", advice="delete these files if you meant that one, or move them out of it")
    app.notify("next: `reconciler validate`, then `reconciler plan` and `reconciler apply`")


def _read_template(name: str) -> str:
    return (files("reconciler.cli") / "templates" / name).read_text(encoding="utf-8")


@click.command()
@flag("--check", "Write nothing; exit with 1 when a file would change.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def fmt(app: App, check: bool, files: tuple[Path, ...]) -> int:
    """Format manifests.

    Without FILES, all manifests of the workspace. Prints the names of the files that change; comments and meaning
    stay as they are. What is no manifest of the workspace is refused.
    """
    real = {source: (app.root / source.path).resolve() for source in app.files} if files else {}
    chosen = {file: [one for one, at in real.items() if at.is_relative_to(file.resolve())] for file in files}
    errors = [refuse_format(file) for file, found in chosen.items() if not found]
    changed = 0
    for source in dict.fromkeys(chain(*chosen.values())) if files else app.files:
        text, found = format_manifest(source)
        errors += [finding for finding in found if finding.severity is Severity.ERROR]
        if text is None or source.data is None or text.encode() == source.data:
            continue
        changed += 1
        click.echo(source.path)
        if not check:
            replace_file(app.root / source.path, text)
    if errors:
        raise ManifestError(errors)
    return ExitCode.FAILED if check and changed else ExitCode.DONE
