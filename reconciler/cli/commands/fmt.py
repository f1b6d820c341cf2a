"""`reconciler fmt`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.files import replace_file
from reconciler.cli.workspace import read_manifest_files
from reconciler.editing.format import format_manifest
from reconciler.model.errors import ExitCode, ManifestError
from reconciler.model.finding import Finding, Severity


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file would change.")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def fmt(app: App, check: bool, files: tuple[Path, ...]) -> int:
    """Bring manifests into the usual form.

    Without FILES, all manifests of the workspace. Prints the names of the files that change; comments and meaning
    stay as they are.
    """
    entries = [str(file.resolve()) for file in files] or app.config.manifests
    errors: list[Finding] = []
    changed = 0
    for source in read_manifest_files(app.root, entries):
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
