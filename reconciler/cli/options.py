"""Options that several commands share, and all that is shown with what makes each of its forms."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from reconciler.cli.app import Subject, keep
from reconciler.engine.context import ALL_SHARDS, Shard
from reconciler.model import Action, Address, Approval, Risk, dataclass, is_pattern
from reconciler.output import FORMS
from reconciler.output.document import COMMENT_BUDGET

if TYPE_CHECKING:
    from reconciler.output.json import Output

_Command = TypeVar("_Command", bound=Callable[..., Any])

DOCUMENT_FORMATS = ("text", "json", *(form for form in FORMS if form != "text"))
"""The forms of everything that is shown."""
PAGE_FORMATS = (*DOCUMENT_FORMATS, "github", "sarif", "junit")
"""With those of what a forge or a build server reads beside."""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class NumberType(click.IntRange):
    """A whole number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            among = f"from {self.min} on" if self.max is None else f"from {self.min} to {self.max}"
            self.fail(f"{value!r} is not a whole number {among}", param, ctx)


class NewFileType(click.Path):
    """A file to write: never over YAML, which is a manifest or the configuration, and no output."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if path.suffix in {".yaml", ".yml"} and path.exists():
            self.fail(f"{path} is there already and would be lost: name another file", param, ctx)
        return path


class PlanFileType(click.Path):
    """A plan that was saved."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path."""
        path = os.fsdecode(value)
        if not os.path.lexists(path):
            self.fail(f"File {path!r} does not exist: save a plan with `reconciler plan -o {path}`", param, ctx)
        return super().convert(value, param, ctx)


PLAN_FILE = PlanFileType(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = NewFileType(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
"""Types of arguments and options."""
_LIKE_A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}


def read_day(typed: str | date) -> date:
    """A UTC day as YYYY-MM-DD."""
    try:
        return typed if isinstance(typed, date) else date.fromisoformat(typed)
    except ValueError as error:
        raise _refuse_day(typed, "is not a date: write it as YYYY-MM-DD") from error


def _refuse_day(typed: str | date, otherwise: str) -> click.BadParameter:
    """Who wrote it as asked is not told to write it so."""
    said = "is not a day of the calendar" if _LIKE_A_DAY.fullmatch(str(typed)) else otherwise
    return click.BadParameter(f"{typed!r} {said}")


def read_moment(typed: str) -> datetime:
    """A UTC day, or a moment: `2026-11-22`, `2026-11-22T09:30`, `2026-11-22T10:30+01:00`.

    A day alone is its beginning: a list may be older than its date says, and never newer.
    """
    try:
        moment = datetime.fromisoformat(typed)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refuse_day(typed, "is no moment: write 2026-11-22 or 2026-11-22T09:30 (UTC)") from error


def read_day_or_serial(typed: str) -> date | int:
    """A UTC day as YYYY-MM-DD, or a serial."""
    try:
        return int(typed) if typed.isdecimal() else date.fromisoformat(typed)
    except ValueError as error:
        raise _refuse_day(typed, "is neither a date (YYYY-MM-DD) nor a serial") from error


def read_duration(typed: str) -> timedelta:
    """`30s`, `5m`, `1h`; a number alone is seconds."""
    found = re.fullmatch(r"(\d{1,9})([smh]?)", typed)
    if found is None:
        raise click.BadParameter(f"{typed!r} is not a duration: write 30s, 5m or 1h")
    return timedelta(**{_UNITS[found[2] or "s"]: int(found[1])})


def read_days(typed: str | timedelta) -> timedelta:
    """`30d`, `2w`; a number alone is days."""
    if isinstance(typed, timedelta):
        return typed
    found = re.fullmatch(r"(\d{1,4})([dw]?)", typed)
    if found is None:
        raise click.BadParameter(f"{typed!r} is no number of days: write 30d or 2w")
    return timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))


def read_words(typed: str) -> str:
    """A sentence, a name, a link, with hexadecimal numbers in place of bytes that are no character.

    A shell passes on any bytes, and what is stored has to be text.
    """
    return typed.encode("utf-8", "backslashreplace").decode()


def read_address(typed: str) -> Address:
    """`organization/kind/key`."""
    try:
        return Address.parse(typed)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def read_subject(typed: str) -> Address:
    """`organization/kind/key`, or the key of an organization for the address of the organization itself."""
    return read_address(f"{typed}/organization/{typed}" if typed and "/" not in typed else typed)


def read_approval(typed: str) -> Approval:
    """`ACTION:ADDRESS`: an approval names exactly one step on exactly one thing."""
    action, _, address = typed.partition(":")
    if action not in set(Action):
        message = f"{typed!r} begins with no action: write ACTION:ADDRESS with one of {', '.join(Action)}"
        raise click.BadParameter(message)
    if is_pattern(address):
        raise click.BadParameter(f"{typed!r} is a pattern: an approval is for one step on exactly one thing")
    try:
        return Approval(approve=Action(action), address=Address.parse(address), reason="given for this run")
    except ValueError as error:
        message = f"{typed!r} names no address: write ACTION:ADDRESS, for example remove:acme-bc/member/eve"
        raise click.BadParameter(message) from error


def read_shard(typed: str | Shard) -> Shard:
    """`K/N`: the K-th of N parts of all organizations."""
    try:
        return typed if isinstance(typed, Shard) else Shard.parse(typed)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def flag(*words: str) -> Callable[[_Command], _Command]:
    """A switch: its names, and its help as the last word."""
    *names, help_ = words
    return click.option(*names, is_flag=True, help=help_)


def kept_option(name: str, *flags: str, **settings: Any) -> Callable[[_Command], _Command]:
    """An option that is kept in the app under a name, and not passed on."""
    return click.option(*flags, f"kept_{name}", expose_value=False, **{"callback": keep, **settings})


def format_option(*forms: str) -> Callable[[_Command], _Command]:
    """`--format`, which decides what `App.show` does."""
    return kept_option("form", "--format", type=click.Choice(forms), default="text", help="Form of the result.")


document_option = format_option(*DOCUMENT_FORMATS)
yes_option = flag("--yes", "Do not ask.")
write_option = flag("--write", "Edit the manifests; without it nothing changes.")
now_option = click.option("--now", type=read_day, metavar="DATE", help="Judge dates as of this UTC day.")
out_option = click.option("-o", "--out", type=NEW_FILE, metavar="FILE", help="Save the plan for apply.")
as_of_option = click.option(
    "--as-of", type=read_day, metavar="DATE", help="What was recorded at the end of this UTC day."
)
lock_timeout_option = kept_option(
    "lock_timeout",
    "--lock-timeout",
    type=read_duration,
    default="0",
    metavar="DURATION",
    help="Wait this long (30s, 5m, 1h) while another run holds the lock of an organization.",
)
"""Of everything that writes to a state."""
_max_chars_option = kept_option(
    "max_chars",
    "--max-chars",
    type=NumberType(min=1),
    default=COMMENT_BUDGET,
    metavar="NUMBER",
    help=f"How long Markdown may become, in UTF-8 bytes. [default: {COMMENT_BUDGET}]",
)


min_risk_option = kept_option(
    "min_risk",
    "--min-risk",
    type=click.Choice([risk.value for risk in Risk]),
    callback=lambda context, option, typed: keep(context, option, Risk(typed) if typed else None),
    help="Only show what is at least this risky, and how much more there is. JSON always tells everything.",
)


def page_options(command: _Command) -> _Command:
    """`--format` and `--max-chars`."""
    return format_option(*PAGE_FORMATS)(_max_chars_option(command))


class Limits(TypedDict, total=False):
    """The planning options as click passes them, all of them; others pass those that they have."""

    targets: tuple[str, ...]
    excludes: tuple[str, ...]
    refresh: bool
    approvals: tuple[Approval, ...]
    retry: bool
    shard: Shard


shard_option = click.option(
    "--shard",
    type=read_shard,
    default=ALL_SHARDS,
    metavar="K/N",
    help="Only the K-th of N parts of all organizations, for runners that share the work.",
)
_OPTIONS = (
    click.option(
        "--target",
        "targets",
        multiple=True,
        metavar="PATTERN",
        help="Only these addresses, for exceptions; an organization's key stands for all of it, `*` matches anything. "
        "Repeatable.",
    ),
    click.option(
        "--exclude", "excludes", multiple=True, metavar="PATTERN", help="Everything but these addresses. Repeatable."
    ),
    click.option(
        "--refresh/--no-refresh",
        default=True,
        help="Read the systems first (default), or plan from what was recorded, which says nothing of what is there "
        "now.",
    ),
    click.option(
        "--approve",
        "approvals",
        multiple=True,
        type=read_approval,
        metavar="ACTION:ADDRESS",
        help="Approve one blocked change for this run, such as `remove:acme-bc/member/eve`. Repeatable.",
    ),
    flag("--retry", "Try again at once what failed earlier today."),
    shard_option,
)


def planning_options(command: _Command) -> _Command:
    """The options that limit or ease a plan; they arrive as `**limits`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderers:
    """Every value that is shown."""

    findings: Subject = Subject(
        "output.findings",
        "document_of_findings",
        "FINDINGS",
        "annotations_of_findings",
        content=attrgetter("in_reading_order"),
    )
    plan: Subject = Subject(
        "features.planning.document",
        "document_of_plan",
        "model.json:write_plan",
        "features.planning.report:annotations_of_plan",
    )
    state: Subject = Subject("features.records", "document_of_state", "model.json:state_to_json")
    state_list: Subject = Subject(
        "features.records",
        "document_of_state_list",
        "STATE_LIST",
        content=lambda states: [one.summary for one in states],
    )
    systems: Subject = Subject("features.listing", "document_of_systems", "SYSTEMS")
    history: Subject = Subject("features.records", "document_of_history", "HISTORY")
    audit_log: Subject = Subject("features.records", "document_of_audit_log", "AUDIT_LOG")
    who: Subject = Subject("features.queries.documents", "document_of_person", "WHO")
    access: Subject = Subject("features.queries.documents", "document_of_access", "ACCESS")
    who_all: Subject = Subject(
        "features.queries.everything", "document_of_everybody", "EVERYBODY", pieces="pieces_of_everybody"
    )
    access_all: Subject = Subject(
        "features.queries.everything", "document_of_everything", "EVERYTHING", pieces="pieces_of_everything"
    )
    expiring: Subject = Subject("features.queries.expiring", "document_of_expiring", "EXPIRING")
    why: Subject = Subject("features.queries.reasons", "document_of_why", "WHY")
    review: Subject = Subject("features.review.document", "document_of_review", "REVIEW", "annotations_of_review")
    access_proposal: Subject = Subject("features.granting", "document_of_proposal", "PROPOSAL")
    policies: Subject = Subject("features.listing", "document_of_policies", "POLICIES")
    observation: Subject = Subject("features.rosters.document", "document_of_observation", "OBSERVATION")
    report: Subject = Subject(
        "features.planning.report",
        "document_of_report",
        "REPORT",
        "annotations_of_report",
        content=lambda plan, report: report.about(plan),
    )
    drift: Subject = Subject("features.drift.document", "document_of_drift", "DRIFT", "annotations_of_drift")
    estimate: Subject = Subject("features.estimate", "document_of_forecast", "ESTIMATE")
    work_orders: Subject = Subject(
        "features.work_orders.document", "document_of_work_orders", "WORK_ORDERS", content=attrgetter("orders")
    )
    work_order: Subject = Subject(
        "features.work_orders.document", "document_of_work_order", "WORK_ORDERS", content=lambda order: (order,)
    )
    worksheet: Subject = Subject(
        "features.work_orders.document", "document_of_worksheet", "WORK_ORDERS", content=attrgetter("orders")
    )
    offboarding: Subject = Subject("features.offboarding.document", "document_of_offboarding", "OFFBOARDING")
    notices: Subject = Subject(
        "features.work_orders.document", "document_of_notices", "NOTICES", content="with_messages"
    )
    access_reviews: Subject = Subject("features.certification.model", "document_of_reviews", "CAMPAIGNS")
    access_review: Subject = Subject("features.certification.model", "document_of_closing", "CLOSING")
    doctor: Subject = Subject("features.doctor", "document_of_doctor", "DOCTOR")
    onboarding: Subject = Subject("features.onboarding", "document_of_onboarding", "ONBOARDING")


RENDERERS = Renderers()


def load_outputs() -> dict[str, Output]:
    """Every document that a command writes with `--format json` and that is not read back; loads all features."""
    subjects: list[Subject] = [getattr(RENDERERS, field.name) for field in fields(Renderers)]
    return {output.name: output for subject in subjects if (output := subject.load_output())}
