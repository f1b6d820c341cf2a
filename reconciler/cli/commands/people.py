"""`reconciler onboard`, `grant`, `revoke` and `offboard`: what somebody gets or loses, as one edit of the manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.apply.planning import read_worlds
from reconciler.cli.app import App, Subject
from reconciler.cli.options import (
    RENDERERS,
    document_option,
    flag,
    lock_timeout_option,
    out_option,
    read_day,
    read_days,
    read_subject,
    read_words,
)
from reconciler.cli.planning import is_blocked, save_plan
from reconciler.cli.workspace import Workspace, judge_recorded
from reconciler.editing.index import ManifestEdit, ManifestIndex, make_leave
from reconciler.engine.holdings import PersonReport
from reconciler.engine.planner import Worlds, plan
from reconciler.features.granting import (
    AccessProposal,
    AccessRequest,
    ProposedEdit,
    StepFate,
    describe_access,
    foresee,
    propose_grant,
    propose_revoke,
)
from reconciler.features.offboarding.document import Offboarding
from reconciler.features.offboarding.offboarding import Leaver, follow_leaver, leaving_day
from reconciler.features.offboarding.rotation import RotationDesk, find_known_secrets
from reconciler.features.onboarding import Joiner, Onboarding, describe_proposal, propose, write_proposal
from reconciler.features.queries import access as knowing
from reconciler.features.queries.directory import Sources, key_in, require_in
from reconciler.features.review.review import findings_only_in
from reconciler.manifests.nodes import is_key
from reconciler.manifests.people import key_of_address
from reconciler.model import (
    Address,
    Finding,
    ManifestError,
    Person,
    ReconcilerError,
    Severity,
    UsageError,
    count,
    exit_code,
    suggest_names,
)
from reconciler.policies.judging import POLICIES, parameters_of
from reconciler.policies.rule import number

_Proposal = TypeVar("_Proposal", Onboarding, AccessProposal)
_write_option = flag("--write", "Edit the manifests; without it nothing changes.")


@click.command()
@click.argument("person")
@click.option(
    "--like",
    required=True,
    metavar="OTHER",
    help="Whose access they get: a key, an e-mail address, a phone number or a handle.",
)
@click.option("--email", default="", help="Where they are invited; needed unless they are in the manifests already.")
@click.option("--name", default="", help="What people call them.")
@click.option(
    "--employment",
    type=click.Choice(["employee", "contractor", "agency", "creator"]),
    default="employee",
    help="How they belong to us.",
    show_default=True,
)
@click.option("--ends", type=read_day, metavar="DATE", help="The UTC day from which all access is gone.")
@click.option("--reason", default="", help="Stands beside everything that is given to them by name.")
@flag("--with-admin", "Also roles that manage others or money; what only its holder can hand over stays out.")
@_write_option
@document_option
@click.pass_obj
def onboard(app: App, /, person: str, *, like: str, reason: str, with_admin: bool, write: bool, **said: Any) -> None:
    """Propose the access that somebody new needs.

    PERSON is the key under which the manifests shall know them. They join the groups that give OTHER's access; by name
    they are given only what no group gives. What is left out is said. Asks no system.
    """
    before = app.check_edits({})
    desired = before.desired
    other = require_in(desired.people, like)
    entry = _entry(person, said, desired.people.get(person))
    newcomer = Joiner(key=person, entry=entry, like=other.key, with_admin=with_admin, reason=reason)
    index = ManifestIndex(app.files)
    proposal = propose(newcomer, desired, index.groups, today=app.today)
    edit = write_proposal(proposal, index, beside=other.place.file)
    after = _check_edit(app, edit.texts)
    found = describe_proposal(newcomer, proposal, edit, after.desired)
    email, domains = entry.get("email", ""), app.config.allowed_domains
    if email and domains and email.rpartition("@")[2].casefold() not in {one.casefold() for one in domains}:
        # As a review says it too.
        message = f"`{email}` is in none of the allowed domains: {', '.join(domains)}"
        outside = Finding(id="outside-domains", severity=Severity.WARNING, message=message)
        found = replace(found, findings=(outside,))
    _show(app, RENDERERS.onboarding, found, before, after, write=write)


def _show(
    app: App, subject: Subject, found: _Proposal, before: Workspace, after: Workspace, *, write: bool
) -> _Proposal:
    """See what is said of an edit that was not said before, show it, and with `write` make it."""
    found = replace(
        found,
        findings=(*findings_only_in(after.findings, before.findings), *found.findings),
        objections=findings_only_in(after.policies.findings, before.policies.findings),
    )
    if write:
        app.write_edits(found.edited)
    app.show(subject, found)
    if found.edited and not write:
        app.notify("no file is edited yet: --write edits the manifests")
    return found


def _check_edit(app: App, texts: Mapping[str, str]) -> Workspace:
    """The workspace after an edit; raises ManifestError, with a word that the lines shown are in no file yet."""
    after = app.check_edits(texts)
    try:
        _ = after.desired
    except ManifestError:
        app.notify("no file is edited: as proposed, the manifests could not be used", level="error")
        raise
    return after


def _entry(key: str, said: Mapping[str, Any], known: Person | None) -> dict[str, str]:
    """The entry under `people`; somebody who has one keeps it."""
    if not is_key(key):
        message = f"{key!r} cannot be a key"
        raise UsageError(message, advice="use letters, digits, `.`, `_`, `-` and `+`, such as `ana` or `ana.lopez`")
    if known is not None:
        if given := [name for name in ("email", "name", "ends") if said[name]]:
            message = f"{key} is in the manifests already, at {known.place}"
            raise UsageError(message, advice=f"leave --{given[0]} away, or choose another key")
        return {}
    if not said["email"]:
        raise UsageError(f"{key} is not in the manifests yet", advice="give --email, where they are invited")
    if "@" not in said["email"]:
        raise UsageError(f"{said['email']!r} is not an e-mail address", advice="give --email NAME@DOMAIN")
    entry = {name: str(said[name]) for name in ("name", "email", "employment", "ends") if said[name]}
    return {name: value for name, value in entry.items() if (name, value) != ("employment", "employee")}


@click.command()
@click.argument("person")
@click.argument("address", type=read_subject)
@click.argument("role")
@click.option("--for", "days", required=True, type=read_days, metavar="DURATION", help="For how long: `7d`, `2w`.")
@click.option("--reason", required=True, type=read_words, metavar="TEXT", help="Why: a ticket, a decision.")
@flag(
    "--break-glass",
    "An emergency: the line says `break_glass: true`, lasts at most the `days` of the policy `break-glass` (7), and "
    "is reported, also after its end, until somebody else writes `reviewed_by`.",
)
@_write_option
@document_option
@click.pass_obj
def grant(
    app: App, person: str, address: Address, role: str, *, days: timedelta, reason: str, break_glass: bool, write: bool
) -> int:
    """Propose the edit that gives somebody one access for some days.

    PERSON is a key, an e-mail address, a phone number or a handle; ADDRESS an organization, or an asset such as
    acme-bc/ad_account/us; ROLE a word of that place, for a TikTok account permissions with commas between them. Asks
    no system, and changes no file without --write. Exits with 3 when a plan would block it.
    """
    if not reason.strip():
        raise UsageError("the reason is empty", advice="name a ticket, or say what it is for")
    if not days:
        raise UsageError("no access lasts 0 days", advice="write --for 1d or more")
    most = int(number(parameters_of(POLICIES["break-glass"], app.config.policies), "days"))
    if break_glass and days.days > most:
        message = f"emergency access lasts {count(most, 'day', 'days')} at most"
        advice = "ask for less, or leave --break-glass away; `days` of policy `break-glass` is the limit"
        raise UsageError(message, advice=advice)
    before, key, target = _read_what_is_asked(app, person, address)
    request = AccessRequest(person=key, target=target, role=role, days=days, reason=reason, break_glass=break_glass)
    proposed = propose_grant(request, before.desired, ManifestIndex(app.files), today=app.today)
    return _show_access(app, proposed, before, key, target, is_grant=True, write=write)


@click.command()
@click.argument("person")
@click.argument("address", type=read_subject)
@_write_option
@document_option
@click.pass_obj
def revoke(app: App, person: str, address: Address, *, write: bool) -> int:
    """Propose the edit that takes one access away from somebody.

    PERSON and ADDRESS are those of `grant`. With a membership goes all access below it; where a group gives it, they
    leave the group, and what else they lose by that is shown. Asks no system, and changes no file without --write.
    Exits with 3 when a plan would block it.
    """
    before, key, target = _read_what_is_asked(app, person, address)
    proposed = propose_revoke(key, target, before.desired, ManifestIndex(app.files), today=app.today)
    return _show_access(app, proposed, before, key, target, is_grant=False, write=write)


def _read_what_is_asked(app: App, person: str, target: Address) -> tuple[Workspace, str, Address]:
    """The workspace, the key of a person and an address in it; raises ReconcilerError where they are not."""
    before = app.check_edits({})
    desired = before.desired
    key = key_in(desired.people, person)
    if target not in desired.resources.get(target.organization, {}):
        advice = suggest_names(str(target), [*desired.organizations, *map(str, desired.everything)])
        raise ReconcilerError(f"nothing is declared as {target}", advice=advice)
    return before, key, target


def _show_access(
    app: App, proposed: ProposedEdit, before: Workspace, person: str, target: Address, *, is_grant: bool, write: bool
) -> int:
    after = _check_edit(app, proposed.edit.texts)
    found = describe_access(
        proposed, person, target, before=before.desired, after=after.desired, today=app.today, is_grant=is_grant
    )
    found = _show(app, RENDERERS.access_proposal, _foresee(app, after, found), before, after, write=write)
    is_held = any(one.fate is StepFate.BLOCKED for one in found.steps)
    return exit_code(blocked=is_held or any(one.severity is Severity.ERROR for one in found.objections))


def _foresee(app: App, after: Workspace, found: AccessProposal) -> AccessProposal:
    """With what a plan of the edit would do; where states cannot be read, the proposal says so and stands."""
    try:
        after = judge_recorded(after, app.root, today=app.today, read_recorded=app.read_state)
        request = app.request(after.desired, today=app.today, refresh=False)
        worlds = read_worlds(request, provider_for=app.provider_for, store=app.store)
    except ReconcilerError as error:
        return replace(found, unforeseen=f"what is recorded cannot be read: {error.message}")
    return foresee(plan(worlds, request.settings), found)


@click.command()
@click.argument("person")
@click.option(
    "--on", type=read_day, metavar="DATE", help="The UTC day from which all access is gone.  [default: today]"
)
@flag("--status", "Only report how far it is, from the manifests as they are.")
@flag("--write", "Edit the manifests, and issue work orders for secrets and passwords.")
@out_option
@flag("--detailed-exitcode", "Exit with 2 while something is left.")
@document_option
@lock_timeout_option
@click.pass_obj
def offboard(
    app: App, person: str, *, on: date | None, status: bool, write: bool, out: Path | None, detailed_exitcode: bool
) -> int:
    """Remove somebody from every organization, and report what is left.

    PERSON is a key, an e-mail address, a phone number or a handle. Looks at every system, shows the edit of the
    manifests, what the next plan does about each thing of theirs, what has to come first, and which secrets and
    passwords they may know. Nothing is changed without --write, and no system is changed at all: that is what apply is
    for.
    """
    if status and (write or on is not None or out is not None):
        raise UsageError("--status only looks", advice="leave --on, --write and --out away")
    if out is not None and not write:
        message = "a plan of manifests that are not written yet cannot be applied"
        raise UsageError(message, advice="give --write too, or leave --out away")
    with app.progress("reading the systems"):
        found = _follow(app, person, on=on, is_planned=not status, write=write)
    app.show(RENDERERS.offboarding, found)
    if out is not None:
        if found.plan.today > found.today:
            message = f"the plan is of {found.plan.today}, and no plan can be applied before its day"
            raise UsageError(message, advice="leave --out away; `reconciler apply` on that day does the same")
        save_plan(app, found.plan, out)
    is_changed = detailed_exitcode and not found.is_complete
    return exit_code(failed=bool(found.plan.unread), blocked=is_blocked(found.plan), changed=is_changed)


def _follow(app: App, person: str, *, on: date | None, is_planned: bool, write: bool) -> Offboarding:
    """How far somebody's way out is; where it is planned, with an edit that is taken as if it were written."""
    now = app.clock.now()
    today = now.date()
    try:
        report = knowing.who(person, Sources(files=app.files, store=app.store, today=today))
    except ReconcilerError:
        # An address that nothing mentions is looked for all the same: somebody may have added it by hand.
        if "@" not in person.strip()[1:]:
            raise
        report = PersonReport(key=key_of_address(person), today=today)
    edit = ManifestEdit(texts={}, patch="")
    if is_planned:
        edit = make_leave(app.files, report.key, report.person, on=on or today, today=today)

    def look() -> tuple[Leaver, Worlds]:
        """All three worlds on the day on which the person leaves, or today when that has passed."""
        desired = app.check_edits(edit.texts, today=today).desired
        leaves = leaving_day(report, desired, on or today)
        day = max(today, leaves or today)
        moment = now if day == today else datetime.combine(day, time(), UTC)
        request = app.request(desired, today=day, moment=moment)
        worlds = read_worlds(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)
        return Leaver(report=report, leaves=leaves, edited=edit.texts, patch=edit.patch), worlds

    if write:
        _ = app.check_edits(edit.texts, today=today).desired  # raises where what would be written is wrong
        app.write_edits(edit.texts)
        edit = ManifestEdit(texts={}, patch="")
        leaver, worlds = look()
        if leaver.leaves is None:
            raise ReconcilerError(f"the manifests do not say that {report.key} leaves")
        desk = RotationDesk(worlds=worlds, editor=app.editor, leaver=report.key, leaves=leaver.leaves)
        for order in desk.issue(find_known_secrets(leaver.keys, leaver.holdings, worlds)):
            app.notify(f"work order {order.id}: {order.actor or order.actor_role} is asked to act")
    leaver, worlds = look()
    if on is not None and leaver.leaves is not None and leaver.leaves < on:
        app.notify(
            f"the manifests end their access on {leaver.leaves}, and that stays: offboarding makes nothing longer"
        )
    return follow_leaver(leaver, worlds, settings=app.config.guards, today=today)
