"""`reconciler review start|decide|status|close|verify`."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.options import (
    RENDERERS,
    document_option,
    flag,
    lock_timeout_option,
    read_address,
    read_day,
    read_words,
)
from reconciler.cli.review_folder import (
    CAMPAIGN_FILE,
    OpenedReview,
    name_of_review,
    read_campaign_of,
    read_evidence_folder,
    read_reviewed_world,
    review_names,
    write_evidence,
)
from reconciler.cli.streams import REVIEWS, file_name, make_folder, replace_file
from reconciler.editing.edits import edit_manifest
from reconciler.features.certification import evidence
from reconciler.features.certification.campaign import start
from reconciler.features.certification.closing import check_effect
from reconciler.features.certification.files import read_sheet, write_campaign, write_sheet
from reconciler.features.certification.model import (
    Campaign,
    ReviewDecision,
    ReviewerBy,
    ReviewOutcome,
    describe_reviewers,
)
from reconciler.features.planning.document import summary_of_plan
from reconciler.features.queries.directory import require_in
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Address,
    ExitCode,
    Finding,
    ManifestError,
    ReconcilerError,
    Severity,
    UsageError,
    count,
    exit_code,
    suggest_names,
)

_EVIDENCE = "evidence"


@click.group()
def review() -> None:
    """Have every access reviewed, and keep the evidence.

    A review lies in the folder `reviews`: one file for each reviewer, with every access that they answer for.
    """


@review.command("start")
@click.option("--name", default="", metavar="NAME", help="Name of the review.  [default: the quarter, as 2026-q4]")
@click.option(
    "--scope",
    multiple=True,
    required=True,
    metavar="PATTERN",
    help="What is reviewed: an organization, or addresses with `*`. Repeatable.",
)
@click.option(
    "--reviewer-by",
    type=click.Choice([one.value for one in ReviewerBy]),
    default=ReviewerBy.ORGANIZATION.value,
    show_default=True,
    help="Who decides: the person's `manager`, an owner of the `group` it comes through, or an admin of the "
    "`organization`.",
)
@click.option("--due", type=read_day, required=True, metavar="DATE", help="The last UTC day for decisions.")
@click.option(
    "--undecided",
    type=click.Choice(["revoke", "keep"]),
    default="keep",
    show_default=True,
    help="What closing does with what nobody decided.",
)
@click.pass_obj
def start_(app: App, *, name: str, scope: tuple[str, ...], reviewer_by: str, due: date, undecided: str) -> None:
    """Begin a review: write a file for each reviewer.

    Each file lists accesses with their facts, and takes the decisions. Nobody is asked about their own access.
    """
    today = app.today
    if due < today:
        raise UsageError(f"--due {due} has passed", advice=f"today is {today}")
    name = name or f"{today.year}-q{(today.month + 2) // 3}"
    if file_name(name) != name:
        raise UsageError(f"{name!r} cannot be the name of a review", advice="use small letters, digits, `-` and `_`")
    reviews = app.root / REVIEWS
    folder = reviews / name
    if folder.exists():
        advice = "give the new one another name: --name NAME"
        raise ReconcilerError(f"there is a review {name} already: {REVIEWS}/{name}", advice=advice)
    for entry in app.config.manifests:
        if reviews.resolve().is_relative_to((app.root / entry).resolve()):
            message = f"`manifests: [{entry}]` would read the files of reviews in {REVIEWS}/ as manifests"
            raise ReconcilerError(message, advice="move the manifests into a folder of their own, such as access/")
    workspace = app.read_workspace(today=today)
    new = Campaign(
        name=name,
        scope=scope,
        reviewer_by=ReviewerBy(reviewer_by),
        due=due,
        undecided=ReviewDecision(undecided),
        started=today,
        manifests=f"sha256:{workspace.desired.digest}",
        started_by=app.read_origin().operator,
    )
    campaign, sheets = start(new, read_reviewed_world(app, workspace, today), name_file=file_name)
    make_folder(folder)
    for sheet in sheets:
        mark = campaign.reviewers[sheet.reviewer]
        replace_file(folder / mark.file, write_sheet(sheet, campaign))
        click.echo(f"{REVIEWS}/{name}/{mark.file}  {count(mark.accesses, 'access', 'accesses')}")
    replace_file(folder / CAMPAIGN_FILE, write_campaign(campaign))
    app.notify(f"review {name} has begun: {describe_reviewers(campaign)}, due on {campaign.due}")
    if campaign.not_declared:
        strangers = count(len(campaign.not_declared), "access is", "accesses are")
        message = f"{strangers} there and declared nowhere, so nobody can decide on it here"
        advice = f"`reconciler drift` shows what: {', '.join(campaign.not_declared[:5])}"
        app.notify(message, level="warning", advice=advice)
    app.notify(f"commit the folder; then see how far it is with `{app.command('review', 'status', name)}`")


@review.command("decide")
@click.argument("name", metavar="REVIEW")
@click.argument("addresses", nargs=-1, required=True, type=read_address, metavar="ADDRESS...")
@click.argument("decision", type=click.Choice(["keep", "revoke", "shorten"]))
@click.option("--reason", required=True, type=read_words, metavar="TEXT", help="Why.")
@click.option("--until", type=read_day, metavar="DATE", help="For `shorten`: the UTC day on which the access is gone.")
@click.option("--by", default="", metavar="PERSON", help="Who decides, where that is not the reviewer.")
@click.pass_obj
def decide(
    app: App, name: str, addresses: tuple[Address, ...], *, decision: str, reason: str, until: date | None, by: str
) -> None:
    """Decide on accesses of a review: keep, revoke, or shorten them.

    The same as writing it into the file of the reviewer by hand.
    """
    if (decision == "shorten") != (until is not None):
        raise UsageError("shorten needs --until DATE, and nothing else has it")
    opened = OpenedReview.read(app, name)
    opened.refuse_closed()
    key = require_in(opened.workspace.desired.people, by).key if by else ""
    said = {"decision": decision, "reason": reason, "until": until.isoformat() if until else "", "by": key}
    asked: dict[str, list[Address]] = {}
    for address in dict.fromkeys(addresses):
        asked.setdefault(opened.reviewer_of(address), []).append(address)
    texts: dict[str, str] = {}
    for reviewer, theirs in asked.items():
        before = opened.file_of(reviewer)
        text = edit_manifest(before, [edit for address in theirs for edit in opened.edits(address, said)])
        after = SourceFile(path=before.path, data=text.encode())
        if wrong := _new_errors(opened, reviewer, before, after):
            raise ManifestError(wrong, texts={after.path: text})
        texts[reviewer] = text
    for reviewer, text in texts.items():  # only when all of them are right
        file = f"{REVIEWS}/{opened.campaign.name}/{opened.campaign.reviewers[reviewer].file}"
        replace_file(app.root / file, text)
        app.notify(f"{file}: {count(len(asked[reviewer]), 'decision', 'decisions')} written")


def _new_errors(opened: OpenedReview, reviewer: str, before: SourceFile, after: SourceFile) -> list[Finding]:
    """What is wrong with a sheet only since an edit."""
    known, now = (
        read_sheet(file, opened.campaign, reviewer, today=opened.today)[1].in_order() for file in (before, after)
    )
    told = Counter((one.id, one.message) for one in known)
    told.subtract((one.id, one.message) for one in now)
    return [one for one in now if told[one.id, one.message] < 0 and one.severity is Severity.ERROR]


@review.command("status")
@click.argument("name", metavar="[REVIEW]", required=False, default="")
@flag("--detailed-exitcode", "Exit with 2 while a decision is open.")
@document_option
@click.pass_obj
def status(app: App, name: str, *, detailed_exitcode: bool) -> int:
    """Show how far reviews are, who is late, and what closing would do now.

    Without REVIEW, all that are open.
    """
    opened = [OpenedReview.read(app, one) for one in ([name] if name else review_names(app))]
    shown = [one for one in opened if name or one.campaign.closed is None]
    progress = [one.progress() for one in shown]
    app.show(RENDERERS.access_reviews, progress)
    is_open = any(sheet.open for one in progress for sheet in one.sheets)
    return exit_code(
        failed=any(one.closing and one.closing.problems for one in progress), changed=detailed_exitcode and is_open
    )


@review.command("close")
@click.argument("name", metavar="REVIEW")
@click.option(
    "--evidence",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE.zip",
    help="Where to write the evidence.  [default: reviews/REVIEW/evidence]",
)
@click.option(
    "--refresh/--no-refresh",
    default=True,
    help="Read the systems for the plan (default), or plan from what was recorded.",
)
@lock_timeout_option
@document_option
@click.pass_obj
def close(app: App, name: str, *, target: Path | None, refresh: bool) -> int:
    """Close a review: edit the manifests as it was decided, and write the evidence.

    No system is changed: that is what apply does once the edit was reviewed. Nothing is closed while a decision is open
    and the review is not yet over, nor while decisions contradict each other.
    """
    opened = OpenedReview.read(app, name)
    opened.refuse_closed()
    target = target or opened.folder / _EVIDENCE
    if target.exists():
        advice = "move it away, or name another place with --evidence"
        raise ReconcilerError(f"{target} is there already", advice=advice)
    closing = opened.closing
    if closing.problems:
        raise ManifestError(list(closing.problems))
    settled = (ReviewOutcome.GONE, ReviewOutcome.CHANGED)
    undecided = [one for one in closing.results if one.reviewer and one.decision is ReviewDecision.UNDECIDED]
    open_ = sum(one.outcome not in settled for one in undecided)
    if open_ and opened.today <= opened.campaign.due:
        message = f"{count(open_, 'decision is', 'decisions are')} open until {opened.campaign.due} is over"
        raise ReconcilerError(message, advice=f"`{app.command('review', 'status', name)}` shows whose")
    after = app.check_edits(closing.edited, today=opened.today)
    if wrong := list(check_effect(closing, opened.workspace.desired, after.desired)):
        raise ManifestError(wrong)
    with app.progress("reading the systems"):
        plan = opened.plan(after, refresh=refresh)
    members, closing = opened.evidence(closing, plan)
    digest = evidence.digest_of(members)
    opened.log(closing, digest)  # first: while another run holds a lock, nothing is closed
    write_evidence(target, members)
    app.write_edits(closing.edited)
    opened.write_closed(closing, digest)
    app.show(RENDERERS.access_review, closing)
    app.notify(f"the evidence is in {target}; its digest is {digest}")
    if closing.edited:
        app.notify(f"have the edit reviewed, then carry it out: `{app.command('apply')}`")
        app.notify(summary_of_plan(plan))
    for organization, why in closing.not_reviewed.items():
        app.notify(f"this does not count as a review of {organization}: {why}", level="warning")
    return exit_code(failed=bool(plan.unread))


@review.command("verify")
@click.argument("typed", metavar="REVIEW|DIR|FILE.zip")
@click.option(
    "--digest", default="", metavar="DIGEST", help="The evidence must have this digest, as `close` printed it."
)
@click.pass_obj
def verify(app: App, typed: str, digest: str) -> int:
    """Check the evidence of a closed review, offline.

    REVIEW is the name of one whose evidence lies in its folder; else name the place of the evidence.
    Every file has to be as it was written, none may be missing or added, and the result has to be what the sheets say.
    Where the workspace has a record of the review, the digest has to be the one there. Without such a record, give the
    digest that `close` printed: whoever can write all files can also write their sums.
    """
    path = _find_evidence(app, typed)
    members = evidence.unpack(path.read_bytes()) if path.is_file() else dict(read_evidence_folder(path))
    tampering = list(evidence.find_tampering(members))
    for text in tampering:
        app.notify(text, level="error")
    if tampering:
        return ExitCode.FAILED
    story, found = evidence.read_story(members), evidence.digest_of(members)
    name = story.campaign.name
    if not digest and (app.root / REVIEWS / name / CAMPAIGN_FILE).is_file():
        digest = read_campaign_of(app, name).evidence
    if digest and digest.removeprefix("sha256:") != found.removeprefix("sha256:"):
        app.notify(f"this is not the evidence of {digest}: its digest is {found}", level="error")
        return ExitCode.FAILED
    decided = count(story.decided, "decision", "decisions")
    click.echo(f"access review {name}, closed on {story.closed}: {decided}, {story.undecided} left open")
    click.echo(f"{count(len(members), 'file is', 'files are')} as written; the digest is {found}")
    if not digest:
        advice = "compare the digest with one that was kept elsewhere: --digest DIGEST"
        app.notify("no record of this review is here", level="warning", advice=advice)
    return ExitCode.DONE


def _find_evidence(app: App, typed: str) -> Path:
    """The evidence of a review of this workspace, else what lies there; raises UsageError where nothing does."""
    name, known = name_of_review(app, typed), review_names(app)
    if name not in known:
        if Path(typed).exists():
            return Path(typed)
        advice = suggest_names(typed, known) or "name a closed review, or the folder or archive of its evidence"
        raise UsageError(f"there is no review and no file {typed!r}", advice=advice)
    place = app.root / REVIEWS / name / _EVIDENCE
    if place.exists():
        return place
    if read_campaign_of(app, name).closed is None:
        advice = f"`{app.command('review', 'status', name)}` shows how far it is"
        raise UsageError(f"review {name} is not closed, so there is no evidence", advice=advice)
    raise UsageError(f"the evidence of review {name} is not in its folder", advice="name the place it was written to")
