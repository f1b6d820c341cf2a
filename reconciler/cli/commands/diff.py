"""`reconciler diff`."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, flag, min_risk_option, now_option, page_options
from reconciler.cli.revisions import Repository, open_repository, read_revision
from reconciler.cli.streams import CONFIG_FILE
from reconciler.cli.workspace import read_files, read_manifest_files
from reconciler.features.review.document import summary_of_review
from reconciler.features.review.model import Effect, Review
from reconciler.features.review.review import Revision, review
from reconciler.model import ReconcilerError, Risk, UsageError, exit_code


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
        before, after = _read_both(app, repository, base, head, workspace, from_merge_base=merge_base or has_three_dots)
        are_commits = before.commit and after.commit
        commits = tuple(repository.list_commits(before.commit, after.commit, workspace)) if are_commits else ()
    made = replace(review(before, after, today=now or app.today), commits=commits)
    app.show(RENDERERS.review, made, commit=made.head.commit, outputs=_outputs)
    # Only what is new counts: a change is not blamed for what was wrong before it.
    is_changed = detailed_exitcode and not made.is_empty
    return exit_code(failed=made.has_errors, blocked=made.has_policy_errors, changed=is_changed)


def _outputs(review: Review) -> dict[str, str]:
    """`gains`, `losses`, `critical`, `high`, `admin_changes`, `needs_approval`, `findings`, `policy_findings`, ...

    `empty` and `summary`.
    """
    found = Counter(change.effect for change in review.access)
    return {
        "gains": str(found[Effect.GAIN]),
        "losses": str(found[Effect.LOSS]),
        "critical": str(sum(risk is Risk.CRITICAL for risk in review.risks)),
        "high": str(sum(risk is Risk.HIGH for risk in review.risks)),
        "admin_changes": str(review.summary.admins),
        "needs_approval": str(sum(step.approval is None for step in review.steps)),
        "findings": str(len(review.findings)),
        "policy_findings": str(len(review.policy_findings)),
        "empty": str(review.is_empty).lower(),
        "summary": summary_of_review(review),
    }


def _split(base: str, head: str) -> tuple[str, str, bool]:
    """`A..B` and `A...B` as git has them, the latter from where B left A; an empty side is HEAD."""
    for dots in ("...", ".."):
        one, found, other = base.partition(dots)
        if found and head:
            raise UsageError(f"{base!r} names two revisions already", advice=f"leave {head!r} out")
        if found:
            return one or "HEAD", other or "HEAD", dots == "..."
    return base, head, False


def _read_both(
    app: App, repository: Repository, base: str, head: str, workspace: str, *, from_merge_base: bool
) -> tuple[Revision, Revision]:
    commit = repository.get_commit(base)
    after_commit = repository.get_commit(head or "HEAD") if head or from_merge_base else ""
    if from_merge_base:
        commit, base = repository.get_merge_base(commit, after_commit), f"merge base with {base}"
    before = read_revision(repository, commit, name=base, workspace=workspace)
    if not head:
        return before, _read_working_tree(app)
    after = read_revision(repository, after_commit, name=head, workspace=workspace)
    if after.config is None:
        where = f"in {workspace.strip('/')} " if workspace.strip("/") else ""
        advice = "name the folder of the workspace with -C DIR, or with --path DIR in a bare repository"
        raise ReconcilerError(f"there is no {CONFIG_FILE} {where}at {head}", advice=advice)
    return before, after


def _read_working_tree(app: App) -> Revision:
    name, loaded = "working tree", app.loaded
    if loaded.config is None:
        return Revision(name=name, config=loaded)
    files = read_manifest_files(app.root, loaded.config)
    policies = read_files(app.root, loaded.config.policies.sources, under="policies")
    return Revision(name=name, config=loaded, files=files, policies=policies)
