"""`reconciler publish`: what a forge is told of a change."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from reconciler.cli.app import App
from reconciler.cli.options import PLAN_FILE, NumberType, flag
from reconciler.cli.planning import read_plan
from reconciler.cli.streams import append_summary, find_prefix, read_text_file
from reconciler.features.publishing.forges import TargetChoice, open_forge
from reconciler.features.publishing.sticky import close_issue, publish_comment, publish_issue, publish_labels
from reconciler.model import UNREAD_SIGN, ReconcilerError, UsageError


@click.command()
@click.option(
    "--to", "forge", type=click.Choice(["github", "gitlab"]), help="Where; by default where the pipeline runs."
)
@click.option("--from", "source", default="-", metavar="FILE", help="The Markdown; `-` is stdin. [default: -]")
@flag("--summary", "Add it to the summary of the job instead; needs no token.")
@flag("--issue", "Open or update an issue instead of a comment.")
@flag(
    "--close",
    "With `--issue`: close it, because what it was about is settled; refused with exit code 1 where the report, "
    "which is read too, says that something is unread.",
)
@flag(
    "--keep",
    "Write it above what the comment says so far, which is folded: what became of a change stands above its review.",
)
@click.option(
    "--labels-from",
    "plan_file",
    type=PLAN_FILE,
    metavar="PLAN",
    help="Set the labels `access:admin`, `access:money` and `access:outside` as the steps of this saved plan ask, and "
    "take away those that they do not; other labels stay.",
)
@click.option("--title", default="", metavar="TEXT", help="With `--issue`: its title.")
@click.option(
    "--label", "labels", multiple=True, metavar="LABEL", help="With `--issue`: label of a new one. Repeatable."
)
@click.option(
    "--name",
    default="",
    metavar="NAME",
    help="Which comment or issue of several; by default the folder of the workspace in its repository.",
)
@click.option(
    "--repository", default="", metavar="NAME", help="`OWNER/NAME` on GitHub, number or path of the project on GitLab."
)
@click.option("--number", type=NumberType(min=1), metavar="N", help="Of the pull or merge request.")
@click.option(
    "--merged-with",
    default="",
    metavar="COMMIT",
    help="The pull or merge request that was merged with this commit; where there is none, nothing is published and "
    "the exit code is 0.",
)
@click.option("--api", default="", metavar="URL", help="Address of the interface of a server of one's own.")
@click.pass_obj
def publish(
    app: App,
    /,
    *,
    source: str,
    summary: bool,
    issue: bool,
    close: bool,
    keep: bool,
    plan_file: Path | None,
    title: str,
    labels: tuple[str, ...],
    name: str,
    **target: Any,
) -> None:
    """Publish Markdown as one comment, issue or job summary.

    A comment is written once for each pull request and workspace and then kept up to date, as is an issue. The token
    comes from GITHUB_TOKEN or GITLAB_TOKEN.
    """
    _check_usage(summary=summary, issue=issue, close=close, title=title, labels=labels)
    choice = TargetChoice(**{name: value for name, value in target.items() if value})
    if (summary or issue) and (keep or plan_file or choice.merged_with):
        message = "--keep, --labels-from and --merged-with are about a comment"
        raise UsageError(message, advice="leave them away, or --summary and --issue")
    plan = read_plan(plan_file) if plan_file else None
    if summary:
        append_summary(_read(source))
        return
    if close:
        _refuse_unread(_read(source))
    name = name or find_prefix(app.root).rstrip("/") or "."
    with open_forge(choice, os.environ, for_comment=not issue) as at:
        if at is None:
            app.notify(f"no pull request was merged with {choice.merged_with}: nothing is published")
            return
        if not issue:
            published = publish_comment(at, name=name, body=_read(source), keep=keep)
        elif close:
            published = close_issue(at, name=name, farewell="Settled: nothing of this is found any more.")
        else:
            published = publish_issue(at, name=name, title=title, body=_read(source), labels=labels)
        set_labels = publish_labels(at, plan=plan, is_shared=published.is_shared) if plan else ()
    click.echo(f"{'issue' if issue else 'comment'}: {published.done}{published.url and f' {published.url}'}")
    if plan:
        click.echo(f"labels: {', '.join(set_labels) or 'none'}")


def _check_usage(*, summary: bool, issue: bool, close: bool, title: str, labels: tuple[str, ...]) -> None:
    if summary and issue:
        raise UsageError("--summary and --issue are two places", advice="choose one of them")
    if not issue and (close or title or labels):
        raise UsageError("--close, --title and --label are about an issue", advice="give --issue too")
    if issue and not close and not title:
        raise UsageError("an issue needs a title", advice="give --title")


def _refuse_unread(report: str) -> None:
    """A report that did not see everything settles nothing, whatever else is in it."""
    if any(line.lstrip("*>#- ").startswith(UNREAD_SIGN) for line in report.splitlines()):
        message = "the report says that something is unread, so the issue is not settled and stays open"
        raise ReconcilerError(message, advice="publish the report without --close")


def _read(source: str) -> str:
    """The Markdown; an empty one is a mistake in the pipeline before it."""
    text = sys.stdin.read() if source == "-" else read_text_file(Path(source))
    if not text.strip():
        raise UsageError("there is nothing to publish", advice="write it with --format markdown first")
    return text
