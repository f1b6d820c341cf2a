"""`reconciler schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.files import replace_file
from reconciler.core.errors import UsageError

NAMES = ("manifest", "config", "plan", "state")


@click.command()
@click.argument("name", required=False, type=click.Choice(NAMES))
@click.option(
    "--write",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write NAME, or all of them, as NAME.schema.json into this folder.",
)
def schema(name: str | None, directory: Path | None) -> None:
    """Print or write the JSON Schemas.

    They give completion in editors and let other programs check manifests, configuration, plan and state files.
    """
    if directory is not None:
        _write(directory, [name] if name else list(NAMES))
    elif name is not None:
        click.echo(_render(name), nl=False)
    else:
        message = "which schema?"
        raise UsageError(message, advice=f"name one of {', '.join(NAMES)}, or write them all with --write DIR")


def _write(directory: Path, names: list[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = directory / f"{name}.schema.json"
        replace_file(path, _render(name))
        click.echo(path.as_posix())


def _render(name: str) -> str:
    from reconciler.manifests.schema import json_schema

    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"
