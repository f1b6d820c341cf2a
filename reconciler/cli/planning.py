"""From a workspace to a plan, made now or read from a file, and what it means for the exit code and later steps."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Unpack

from reconciler.apply import planning
from reconciler.apply.planning import PlanRequest
from reconciler.apply.settled import SettledFile
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.exits import exit_code
from reconciler.cli.files import CODE_NOTES, read_text_file, replace_file
from reconciler.cli.options import Limits
from reconciler.cli.settled import read_everything, read_what_differs
from reconciler.cli.workspace import Workspace
from reconciler.engine.context import ALL_SHARDS, Targets
from reconciler.features.planning.document import digest_of_plan, summary_of_plan
from reconciler.model.address import Address
from reconciler.model.errors import ExitCode, ReconcilerError, StalePlan, UsageError
from reconciler.model.finding import Severity
from reconciler.model.json import plan_from_json, plan_to_json
from reconciler.model.kinds import KINDS
from reconciler.model.plan import Plan
from reconciler.model.risk import Mark, Risk
from reconciler.model.suggestions import suggest_names, suggest_word
from reconciler.output.words import count

_WILD = frozenset("*?[")


def read_request(app: App, *, today: date | None = None, **limits: Unpack[Limits]) -> PlanRequest:
    """Read the workspace as of a day, by default today by the workspace's clock; raises ManifestError."""
    with app.stage("manifests"):
        workspace = read_everything(app, today=today or app.today)
    return make_request(app, workspace, today=today, **limits)


def read_differences(app: App, *, today: date | None = None, **limits: Unpack[Limits]) -> PlanRequest:
    """Like `read_request`, without what a plan has nothing to say of."""
    with app.stage("manifests"):
        workspace, left_out = read_what_differs(app, today=today or app.today, refresh=limits.get("refresh", True))
    return make_request(app, workspace, today=today, left_out=left_out, **limits)


def make_request(
    app: App,
    workspace: Workspace,
    *,
    today: date | None = None,
    left_out: Mapping[str, SettledFile] = MappingProxyType({}),
    **limits: Unpack[Limits],
) -> PlanRequest:
    """What to plan of a workspace that was read; raises ManifestError."""
    now, shard = app.clock.now(), limits.get("shard", ALL_SHARDS)
    desired = workspace.desired
    if (app.home / CODE_NOTES).exists():
        from reconciler.cli.link_codes import clear_codes

        clear_codes(app.home, now=now)
    # Warnings do not stop a plan, but nobody should have to guess that there are some.
    counted = Counter(finding.severity.value for finding in workspace.findings) + workspace.policies.severities
    for file in left_out.values():
        counted.update(file.notes)
    if counted:
        said = ", ".join(count(counted[one], one, f"{one}s") for one in Severity if counted[one])
        as_of = "" if today in (None, now.date()) else f" --now {today}"
        app.notify(f"{said} in the manifests: `reconciler validate{as_of}` shows them")
    return PlanRequest(
        desired=replace(desired, approvals=(*desired.approvals, *limits.get("approvals", ()))),
        settings=app.config.guards,
        today=today or now.date(),
        moment=None if today else now,
        targets=Targets(include=limits.get("targets", ()), exclude=limits.get("excludes", ())),
        refresh=limits.get("refresh", True),
        retry=limits.get("retry", False),
        shard=shard,
        settled=tuple(
            one.as_plan() for file in left_out.values() for one in file.organizations if shard.covers(one.organization)
        ),
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
    recorded = [address for key in covered for address in read_state(app.store, key).records]
    unmatched: list[tuple[str, UsageError]] = []
    for option, pattern in limits:
        if not _matches(pattern, recorded):
            advice = _advise(pattern, declared, request)
            unmatched.append((pattern, UsageError(f"nothing matches `{option} {pattern}`", advice=advice)))
    for pattern, error in unmatched:
        if _is_impossible(pattern, request):
            raise error
    return unmatched


def warn_of_unmatched(app: App, unmatched: Iterable[tuple[str, UsageError]]) -> None:
    """Where not everything could be read, nobody knows whether something live matches."""
    for _, error in unmatched:
        app.notify(error.message, level="warning", advice=error.advice)


def _matches(pattern: str, addresses: Iterable[Address]) -> bool:
    limit = Targets(include=(pattern,))
    return any(limit.covers(address) for address in addresses)


def _is_impossible(pattern: str, request: PlanRequest) -> bool:
    """Whether the organization or the kind is none at all."""
    organization, _, rest = pattern.partition("/")
    kind = rest.partition("/")[0]
    unknown = not _WILD & set(organization) and organization not in request.desired.organizations
    return unknown or (bool(kind) and not _WILD & set(kind) and kind not in KINDS)


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
