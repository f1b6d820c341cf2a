"""`reconciler schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli.files import replace_file
from reconciler.cli.schemas import json_schema
from reconciler.core.errors import ManifestError, UsageError
from reconciler.manifests.conformance import check_conformance
from reconciler.manifests.source import SourceFile

NAMES = (
    "manifest",
    "config",
    "plan",
    "state",
    "findings",
    "report",
    "state-list",
    "systems",
    "history",
    "audit-log",
    "who",
    "access",
    "review",
    "policies",
    "observation",
    "drift",
    "estimate",
    "work-orders",
    "offboarding",
    "notices",
    "onboarding",
)
"""Those of `cli.schemas.SCHEMAS`, which is too slow to load for a completion."""


@click.command()
@click.argument("name", required=False, type=click.Choice(NAMES), metavar="[NAME]")
@click.option(
    "--write",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write NAME, or all of them, as NAME.schema.json into this folder.",
)
@click.option(
    "--check",
    "files",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Check a YAML or JSON file against NAME, as an editor would; may be given several times.",
)
def schema(name: str | None, directory: Path | None, files: tuple[Path, ...]) -> None:
    """Print or write the JSON Schemas, or check files against one.

    They give completion in editors, and let other programs check manifests, configuration, plan and state files, and
    know what the commands write with `--format json`.
    """
    if files:
        _check(name, files)
    elif directory is not None:
        _write(directory, [name] if name else list(NAMES))
    elif name is not None:
        click.echo(_render(name), nl=False)
    else:
        message = "which schema?"
        raise UsageError(message, advice=f"name one of {', '.join(NAMES)}, or write them all with --write DIR")


def _check(name: str | None, files: tuple[Path, ...]) -> None:
    """Raises ManifestError with everything that does not fit."""
    if name is None:
        message = "which schema shall the files fit?"
        raise UsageError(message, advice=f"name one of {', '.join(NAMES)} before --check")
    schema = json_schema(name)
    findings = [
        finding for file in files for finding in check_conformance(SourceFile(str(file), file.read_bytes()), schema)
    ]
    if findings:
        raise ManifestError(findings)


def _write(directory: Path, names: list[str]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = directory / f"{name}.schema.json"
        replace_file(path, _render(name))
        click.echo(path.as_posix())


def _render(name: str) -> str:
    return json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"
