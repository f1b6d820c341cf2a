"""From a workspace to a plan, made now or read from a file, without what is settled; and what it means for the exit."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

from reconciler.apply import planning
from reconciler.apply.planning import PlanRequest
from reconciler.apply.settled import (
    Basis,
    SettledFile,
    SettledIndex,
    SettledOrganization,
    choose,
    choose_again,
    collect,
    list_directory,
)
from reconciler.cli.app import App
from reconciler.cli.options import Limits
from reconciler.cli.streams import CLOSED_REVIEWS, CODE_NOTES, CONFIG_FILE, REVIEWS, read_text_file, replace_file
from reconciler.cli.workspace import (
    BatchedWorkspace,
    Workspace,
    check_files,
    find_passed_over,
    judge_recorded,
    read_files,
    read_rules,
)
from reconciler.engine.context import ALL_SHARDS, Targets
from reconciler.engine.planner import join_plans
from reconciler.features.planning.document import digest_of_plan, summary_of_plan
from reconciler.manifests.load import Inseparable, digest_of
from reconciler.manifests.source import digests_of
from reconciler.model import (
    KINDS,
    Address,
    Desired,
    ExitCode,
    Mark,
    Marking,
    Organization,
    Place,
    Plan,
    ReconcilerError,
    Risk,
    Severity,
    StalePlan,
    StoreError,
    UsageError,
    count,
    exit_code,
    is_pattern,
    plan_from_json,
    plan_to_json,
    suggest_names,
    suggest_word,
)
from reconciler.policies.judging import are_local, are_timeless


def read_everything(app: App, *, today: date) -> Workspace:
    """The whole workspace as it is meant on a day."""
    settings = _digest_settings(app, app.config.digest)
    workspace = _check(app, {}, today=today)
    return replace(workspace, passed_over=find_passed_over(app.root, app.config.manifests), settings=settings)


def _find_left_out(app: App, *, today: date, refresh: bool) -> SettledIndex | None:
    """What a plan may leave out before anything else is read; None where there is nothing."""
    settled = SettledIndex.parse(_read(app))
    if settled is None:
        return None
    files = choose(
        settled,
        settings=_digest_settings(app, app.config.digest),
        digests=app.digests,
        stamps=app.store.stamps(),
        today=today,
        mark_of=(lambda organization: _mark(app, organization)) if refresh else None,
    )
    return replace(settled, files=files) if files else None


def _read_what_differs(app: App, chosen: SettledIndex, *, today: date) -> tuple[Workspace, Mapping[str, SettledFile]]:
    """The workspace without the files that a plan can leave out, and those of the chosen ones."""
    left_out = chosen.files
    workspace = _check(app, left_out, today=today)
    while left_out:
        # What the workspace file names may be declared in a file that was left out; beside an error all is told.
        is_wrong = workspace.references or any(one.severity is Severity.ERROR for one in workspace.policies.doubts)
        fewer: Mapping[str, SettledFile] = {}
        if not is_wrong:
            fewer = choose_again(left_out, workspace.manifests, basis=chosen.basis, digests=app.digests)
        if len(fewer) == len(left_out):
            break
        left_out = fewer
        workspace = _check(app, left_out, today=today)
    if left_out and workspace.manifests.desired is not None:
        desired = replace(workspace.manifests.desired, digest=digest_of(app.digests))
        workspace = replace(workspace, manifests=replace(workspace.manifests, desired=desired))
    return replace(workspace, passed_over=find_passed_over(app.root, app.config.manifests)), left_out


def _read(app: App) -> bytes | None:
    """What is kept; None where nothing is, or the store does not say: whoever reads the states says why."""
    try:
        return app.store.read_settled()
    except StoreError:
        return None


def _check(app: App, left_out: Mapping[str, SettledFile], *, today: date) -> Workspace:
    files = [file for file in app.files if file.path not in left_out]
    emails = {email: Place(path, 1, 1) for path, file in left_out.items() for email in file.emails}
    workspace = check_files(app.root, app.config, files, today=today, emails=emails)
    return judge_recorded(workspace, app.root, today=today, read_recorded=app.read_state)


def _digest_settings(app: App, of_config: str) -> str:
    """Of the workspace file, of rules of one's own, and of what reviews have closed: names and bytes."""
    root, reviewed = app.root, f"{REVIEWS}/{CLOSED_REVIEWS}"
    files = read_files(root, app.config.policies.sources, under="policies")
    files += read_files(root, [reviewed] if os.path.lexists(root / reviewed) else [], under=REVIEWS)
    return digest_of({CONFIG_FILE: of_config, **digests_of(files)})


def _mark(app: App, organization: Organization) -> str:
    provider = app.provider_for(organization)
    return provider.mark(organization) if isinstance(provider, Marking) else ""


class SettledKeeper:
    """Keeps what one apply finds settled. The systems have to show the same before it and after it."""

    def __init__(self, app: App, request: PlanRequest, workspace: Workspace) -> None:
        self._app = app
        self._request = request
        self._workspace = workspace
        self._marks = self._mark_all()
        self._found: dict[str, SettledOrganization] = {}

    def take(self, found: SettledOrganization) -> None:
        """One of which this run has nothing to say any more."""
        self._found[found.organization] = found

    def write(self) -> None:
        """Keep everything that was found beside what other runs found. Where that fails, only time is lost."""
        app, desired, today = self._app, self._request.desired, self._request.today
        # People are asked and systems are slow: what was edited meanwhile is not what this run has gone by.
        (now,) = digests_of(read_files(app.root, [CONFIG_FILE], under=CONFIG_FILE)).values()
        if _digest_settings(app, now) != self._workspace.settings:
            return
        rules = read_rules(app.root, app.config)
        if not are_local(app.config.policies, rules.rules):
            return
        digests, marks = app.digests, self._mark_all()
        basis = Basis(
            settings=self._workspace.settings,
            files={path: digests[path] for path in sorted(self._workspace.manifests.directory)},
            directory=list_directory(desired),
            day="" if are_timeless(app.config.policies, rules.rules, desired, today=today) else str(today),
        )
        found = {
            key: replace(one, mark=marks[key]) for key, one in self._found.items() if marks[key] == self._marks[key]
        }
        before = _read(app)
        kept = collect(
            SettledIndex.parse(before),
            found,
            basis=basis,
            digests=digests,
            desired=desired,
            findings=(*self._workspace.findings, *self._workspace.policies.findings),
            excepted=[one.address.partition("/")[0] for one in app.config.policies.exceptions],
            today=today,
        )
        # As bytes, because what was read has lists where this run has tuples.
        data = kept.to_bytes()
        if data != before:
            with suppress(StoreError):
                app.store.write_settled(data)

    def _mark_all(self) -> dict[str, str]:
        return {key: _mark(self._app, one) for key, one in self._request.desired.organizations.items()}


def read_request(app: App, *, today: date | None = None, **limits: Unpack[Limits]) -> PlanRequest:
    """Read the workspace as of a day, by default today by the workspace's clock; raises ManifestError."""
    with app.stage("manifests"):
        workspace = read_everything(app, today=today or app.today)
    return make_request(app, workspace, today=today, **limits)


def plan_workspace(app: App, *, full: bool, today: date | None, **limits: Unpack[Limits]) -> Plan:
    """A plan of the workspace, made without what nothing is to be said of unless it shall be `full`.

    A large one is read and planned some files after the other, where no system is asked and it can be.
    """
    refresh = limits.get("refresh", True)
    # What an option names may be anywhere.
    names_something = limits.get("targets") or limits.get("excludes") or limits.get("approvals")
    with app.stage("manifests"):
        left_out = None if full or names_something else _find_left_out(app, today=today or app.today, refresh=refresh)
    may_be_split = left_out is None and not (names_something or refresh)
    if may_be_split and sum(len(file.data or b"") for file in app.files) >= LARGE:
        with suppress(Inseparable):
            return _plan_in_batches(app, today=today, **limits)
    if left_out is None:
        request = read_request(app, today=today, **limits)
    else:
        with app.stage("manifests"):
            workspace, files = _read_what_differs(app, left_out, today=today or app.today)
        request = make_request(app, workspace, today=today, left_out=files, **limits)
    with app.progress("reading the systems"):
        return make_plan(app, request)


BATCH = 2**18
"""So many bytes of manifests are read and planned at once."""
LARGE = 8 * BATCH
"""Less than this is read at once: what that takes is not worth a second way."""


def _plan_in_batches(app: App, *, today: date | None, **limits: Unpack[Limits]) -> Plan:
    """The plan that would be made of all files together; raises Inseparable where that is not certain."""
    now, notices = app.clock.now(), list[str]()
    request = _make_request(app, Desired(), today=today, **limits)
    checked = BatchedWorkspace(root=app.root, config=app.config, files=app.files, today=request.today, size=BATCH)
    make = partial(planning.make_plan, provider_for=app.provider_for, store=app.store, on_notice=notices.append)
    plans: list[Plan] = []
    desired = request.desired
    try:
        with app.progress("planning some files after the other"):
            for desired in checked.batches():
                plans.append(make(replace(request, desired=desired, is_part=True)))
            _require_moved_nowhere(app, checked.organizations)
            parts = tuple(part for one in plans for part in one.organizations)
            # Of what is recorded and declared nowhere.
            plans.append(
                make(replace(request, desired=replace(desired, organizations={}, resources={}), settled=parts))
            )
    except ReconcilerError as error:
        # What is wrong is told as it always is.
        raise Inseparable from error
    passed_over = find_passed_over(app.root, app.config.manifests)
    checked.counted.update(one.severity.value for one in passed_over)
    clear_link_codes(app)
    _tell_findings(app, checked.counted, now=now, today=today)
    for text in notices:
        app.notify(text)
    return join_plans([*(replace(one, organizations=()) for one in plans[:-1]), plans[-1]])


def _require_moved_nowhere(app: App, organizations: Mapping[str, Organization]) -> None:
    """Raises Inseparable where an organization may be recorded under a key that is not declared any more."""
    identities = {one.identity for one in organizations.values()}
    for key in app.store.organizations():
        record = None if key in organizations else app.read_state(key).records.get(Address.whole(key))
        if record is not None and record.identity in identities:
            raise Inseparable


def make_request(
    app: App,
    workspace: Workspace,
    *,
    today: date | None = None,
    left_out: Mapping[str, SettledFile] = MappingProxyType({}),
    **limits: Unpack[Limits],
) -> PlanRequest:
    """What to plan of a workspace that was read; raises ManifestError."""
    now, desired = app.clock.now(), workspace.desired
    clear_link_codes(app)
    counted = Counter(finding.severity.value for finding in workspace.findings) + workspace.policies.severities
    for file in left_out.values():
        counted.update(file.notes)
    _tell_findings(app, counted, now=now, today=today)
    request = _make_request(app, desired, today=today, **limits)
    settled = (one.as_plan() for file in left_out.values() for one in file.organizations)
    return replace(request, settled=tuple(one for one in settled if request.shard.covers(one.organization)))


def clear_link_codes(app: App, is_over: Callable[[Address], bool] = lambda _address: False) -> None:
    """Take away the files of codes that have lapsed or are over; mostly there are none, and nothing is loaded."""
    if (app.home / CODE_NOTES).exists():
        from reconciler.cli.link_codes import clear_codes

        clear_codes(app.home, now=app.clock.now(), is_over=is_over)


def _tell_findings(app: App, counted: Mapping[str, int], *, now: datetime, today: date | None) -> None:
    """Warnings do not stop a plan, but nobody should have to guess that there are some."""
    if counted:
        said = ", ".join(count(counted[one], one, f"{one}s") for one in Severity if counted.get(one))
        as_of = "" if today in (None, now.date()) else f" --now {today}"
        app.notify(f"{said} in the manifests: `reconciler validate{as_of}` shows them")


def _make_request(app: App, desired: Desired, *, today: date | None, **limits: Unpack[Limits]) -> PlanRequest:
    desired = replace(desired, approvals=(*desired.approvals, *limits.get("approvals", ())))
    return replace(
        app.request(desired, today=today, refresh=limits.get("refresh", True)),
        targets=Targets(include=limits.get("targets", ()), exclude=limits.get("excludes", ())),
        retry=limits.get("retry", False),
        shard=limits.get("shard", ALL_SHARDS),
    )


def make_plan(app: App, request: PlanRequest) -> Plan:
    """Plan with the parts that the workspace is configured for; raises UsageError for a limit that matches nothing."""
    unmatched = find_unmatched_targets(app, request)
    made = planning.make_plan(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)
    if any(part.left_out for part in made.organizations):
        warn_of_unmatched(app, unmatched)
        return made
    live = {
        *(change.address for change in made.changes),
        *(waiting.address for waiting in made.waiting),
        *(blocked.change.address for blocked in made.blocked),
        *(drift.address for part in made.organizations for drift in part.drift),
    }
    for pattern, error in unmatched:
        if not _matches(pattern, live):
            raise error
    return made


def find_unmatched_targets(app: App, request: PlanRequest) -> list[tuple[str, UsageError]]:
    """Limits and approvals of one run that match nothing declared or recorded, so that only something live could match.

    A misspelt target plans nothing, a misspelt exclusion excludes nothing and a misspelt approval approves nothing;
    none of them may pass for a run that found nothing to do. Raises UsageError for one that nothing can match. States
    are read only when they decide.
    """
    declared = [address for part in request.desired.resources.values() for address in part]
    limits = [("--target", pattern) for pattern in request.targets.include]
    limits += [("--exclude", pattern) for pattern in request.targets.exclude]
    limits += [("--approve", str(one.address)) for one in request.desired.approvals if one.place is None]
    limits = [limit for limit in limits if not _matches(limit[1], declared)]
    covered = [key for key in request.desired.organizations if request.shard.covers(key)] if limits else []
    recorded = [address for key in covered for address in app.read_state(key).records]
    unmatched: list[tuple[str, UsageError]] = []
    for option, pattern in limits:
        if not _matches(pattern, recorded):
            advice = _advise(pattern, declared, request)
            unmatched.append((pattern, UsageError(f"nothing matches `{option} {pattern}`", advice=advice)))
    for pattern, error in unmatched:
        # Where the organization or the kind is none at all, nothing live can match.
        organization, _, rest = pattern.partition("/")
        kind = rest.partition("/")[0]
        if not (is_pattern(organization) or organization in request.desired.organizations):
            raise error
        if kind and not is_pattern(kind) and kind not in KINDS:
            raise error
    return unmatched


def warn_of_unmatched(app: App, unmatched: Iterable[tuple[str, UsageError]]) -> None:
    """Where not everything could be read, nobody knows whether something live matches."""
    for _, error in unmatched:
        app.notify(error.message, level="warning", advice=error.advice)


def _matches(pattern: str, addresses: Iterable[Address]) -> bool:
    limit = Targets(include=(pattern,))
    return any(limit.covers(address) for address in addresses)


def _advise(pattern: str, declared: Iterable[Address], request: PlanRequest) -> str:
    organization, known = pattern.partition("/")[0], request.desired.organizations
    if organization in request.desired.people and "/" not in pattern:
        return f"for everything that {pattern} has, write `*/{pattern}`"
    if organization in known or "*" in organization:
        return suggest_names(pattern, (str(address) for address in declared))
    return suggest_word(organization, known)


def save_plan(app: App, plan: Plan, path: Path) -> None:
    """Save a plan, and say how to carry it out."""
    replace_file(path, plan_to_json(plan))
    app.notify(f"the plan is saved: carry it out with `{app.command('apply', str(path))}`")


def read_plan(path: Path, *, expected_digest: str | None = None) -> Plan:
    """The plan in a file; raises ReconcilerError, naming the file, when it is none.

    Raises StalePlan when it is not the one whose digest was reviewed: the digest is that of the bytes of the file, as
    `sha256sum` prints it.
    """
    text = read_text_file(path)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if expected_digest is not None and expected_digest.strip().lower() != digest:
        message = f"{path} is not the plan that was reviewed: its SHA-256 is {digest}, expected was {expected_digest}"
        raise StalePlan(message, advice="plan again, have the new plan reviewed, and apply that one")
    try:
        return plan_from_json(text)
    except ReconcilerError as error:
        message = f"{path}: {error.message}"
        raise ReconcilerError(message, advice=error.advice or "save one with `reconciler plan -o FILE`") from error


def code_of_plan(plan: Plan, *, detailed: bool) -> ExitCode:
    """Failed when something could not be read."""
    return exit_code(failed=bool(plan.unread), blocked=is_blocked(plan), changed=detailed and not plan.is_settled)


def is_blocked(plan: Plan) -> bool:
    """Whether a guard or a finding of severity error holds something back."""
    return bool(plan.blocked) or any(finding.severity is Severity.ERROR for finding in plan.findings)


def outputs_of_plan(plan: Plan) -> dict[str, str]:
    """`changes`, `waiting`, `blocked`, `unread`, `left_out`, `critical`, `high`, `admin_changes`, `settled`, ...

    The changes are counted with what people are asked for or told not to do besides: a plan that asks is not empty.
    """
    risks = Counter(change.risk for change in plan.changes)
    return {
        "changes": str(len(plan.changes) + len(plan.asks) + len(plan.withdrawals)),
        "waiting": str(len(plan.waiting)),
        "blocked": str(len(plan.blocked)),
        "unread": str(len(plan.unread)),
        "left_out": str(sum(len(part.left_out) for part in plan.organizations)),
        "critical": str(risks[Risk.CRITICAL]),
        "high": str(risks[Risk.HIGH]),
        "admin_changes": str(sum(Mark.ADMIN in change.marks for change in plan.changes)),
        "settled": str(plan.is_settled).lower(),
        "digest": digest_of_plan(plan),
        "summary": summary_of_plan(plan),
    }
