"""`reconciler diff`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, flag, min_risk_option, now_option, page_options
from reconciler.cli.revisions import open_repository, read_both
from reconciler.features.review.document import outputs_of_review
from reconciler.features.review.review import review
from reconciler.model import UsageError, exit_code


@click.command()
@click.argument("base")
@click.argument("head", required=False, default="")
@flag("--merge-base", "Compare with the commit where HEAD left BASE, as `BASE...HEAD` does.")
@click.option(
    "--path",
    "folder",
    metavar="DIR",
    help="Folder of the workspace in the repository, where `-C` cannot say it: in a bare repository.",
)
@flag("--detailed-exitcode", "Exit with 2 when there is anything to judge.")
@now_option
@min_risk_option
@page_options
@click.pass_obj
def diff(
    app: App, *, base: str, head: str, merge_base: bool, folder: str | None, detailed_exitcode: bool, now: date | None
) -> int:
    """Show what a change of the manifests does to access.

    BASE and HEAD are revisions of git; without HEAD it is the working tree. Needs no state, no token and no checkout.
    Exits with 1 when validation finds a new error, and with 3 when a policy objects to something new.
    """
    base, head, has_three_dots = _split(base, head)
    with open_repository(app.root) as repository:
        if not head and (repository.is_bare or folder is not None):
            why = "a bare repository has no working tree" if repository.is_bare else "--path is for two revisions"
            raise UsageError(why, advice="give HEAD too: reconciler diff BASE HEAD")
        workspace = repository.prefix if folder is None else folder
        is_merge_base = merge_base or has_three_dots
        before, after = read_both(app, repository, base, head, workspace, from_merge_base=is_merge_base)
        are_commits = before.commit and after.commit
        commits = tuple(repository.list_commits(before.commit, after.commit, workspace)) if are_commits else ()
    made = replace(review(before, after, today=now or app.today), commits=commits)
    app.show(RENDERERS.review, made, commit=made.head.commit, outputs=outputs_of_review)
    # Only what is new counts: a change is not blamed for what was wrong before it.
    is_changed = detailed_exitcode and not made.is_empty
    return exit_code(failed=made.has_errors, blocked=made.has_policy_errors, changed=is_changed)


def _split(base: str, head: str) -> tuple[str, str, bool]:
    """`A..B` and `A...B` as git has them, the latter from where B left A; an empty side is HEAD."""
    for dots in ("...", ".."):
        one, found, other = base.partition(dots)
        if found and head:
            raise UsageError(f"{base!r} names two revisions already", advice=f"leave {head!r} out")
        if found:
            return one or "HEAD", other or "HEAD", dots == "..."
    return base, head, False
