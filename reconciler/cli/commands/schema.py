"""`reconciler schema`: the JSON Schemas of what people write and what is shown."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.options import FILE, FOLDER
from reconciler.cli.schemas import SCHEMAS, json_schema, render_schema
from reconciler.cli.streams import replace_file
from reconciler.manifests.conformance import check_conformance
from reconciler.manifests.source import SourceFile
from reconciler.model import ManifestError, UsageError


@click.command()
@click.argument("name", required=False, type=click.Choice(SCHEMAS), metavar="[NAME]")
@click.option(
    "--write",
    "directory",
    type=FOLDER,
    metavar="DIR",
    help="Write NAME, or all of them, as `NAME.schema.json` into this folder.",
)
@click.option(
    "--check",
    "files",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Check a YAML or JSON file against NAME, as an editor would; exit with 1 when it does not fit. Repeatable.",
)
def schema(name: str | None, directory: Path | None, files: tuple[Path, ...]) -> None:
    """Print or write the JSON Schemas, or check files against one.

    They give completion in editors, and let other programs check manifests, configuration, plan and state files, and
    know what the commands write with `--format json`.
    """
    known = ", ".join(SCHEMAS)
    if files:
        if name is None:
            raise UsageError("which schema shall the files fit?", advice=f"name one of {known} before --check")
        made = json_schema(name)
        sources = [SourceFile(str(file), file.read_bytes()) for file in files]
        if findings := [finding for source in sources for finding in check_conformance(source, made)]:
            raise ManifestError(findings)
    elif directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        for one in (name,) if name else SCHEMAS:
            path = directory / f"{one}.schema.json"
            replace_file(path, render_schema(one))
            click.echo(path.as_posix())
    elif name is not None:
        click.echo(render_schema(name), nl=False)
    else:
        raise UsageError("which schema?", advice=f"name one of {known}, or write them all with --write DIR")
