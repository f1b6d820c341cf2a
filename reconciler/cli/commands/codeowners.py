"""`reconciler codeowners`: what a forge is told of owners."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.options import flag
from reconciler.cli.streams import CONFIG_FILE, find_prefix, find_top, make_folder, read_text_file, replace_file
from reconciler.editing.edits import render_patch
from reconciler.features.codeowners import find_code_owners, merge_code_owners
from reconciler.model import ExitCode, UsageError

_PLACES = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}
"""Where each forge looks, in its order."""


@click.command()
@click.option(
    "--forge",
    type=click.Choice(list(_PLACES)),
    help="Which form: GitLab gets a section of its own, whose owners are asked besides others. [default: told by "
    "`.gitlab-ci.yml` and `.gitlab`]",
)
@flag("--check", "Write nothing, print the difference, and exit with 1 when the file would change.")
@click.pass_obj
def codeowners(app: App, forge: str | None, check: bool) -> int:
    """Write CODEOWNERS from the owners in the manifests.

    Owners of organizations, apps and assets approve the files that say something about them; `owners` of
    reconciler.yaml approve that file, policies, and what belongs to nobody else. Lines that people wrote stay.
    """
    desired = app.desired
    top = find_top(app.root)
    forge = forge or ("gitlab" if (top / ".gitlab-ci.yml").exists() or (top / ".gitlab").is_dir() else "github")
    places = _PLACES[forge]
    usual = next(place for place in places if place.startswith("."))
    path = top / next((place for place in places if (top / place).is_file()), usual)
    folders = [f"{entry.strip('/')}/" for entry in app.config.manifests if (app.root / entry).is_dir()]
    general = [*folders, CONFIG_FILE, *(entry.strip("/") for entry in app.config.policies.sources)]
    found = find_code_owners(desired, app.files, workspace=app.config.owners, general=general)
    if not found.lines:
        advice = "write `owners: [...]` in an organization, an asset or reconciler.yaml"
        raise UsageError("nobody owns anything", advice=advice)
    for notice in found.notices:
        app.notify(notice)
    before = read_text_file(path) if path.exists() else ""
    text = merge_code_owners(before, found, prefix=find_prefix(app.root), has_sections=forge == "gitlab")
    name = Path(os.path.relpath(path, top)).as_posix()
    if text == before:
        return ExitCode.DONE
    if check:
        click.echo(render_patch({name: before} if before else {}, {name: text}), nl=False)
        return ExitCode.FAILED
    make_folder(path.parent)
    replace_file(path, text)
    click.echo(name)
    return ExitCode.DONE
