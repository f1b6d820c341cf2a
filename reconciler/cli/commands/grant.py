"""`reconciler grant` and `revoke`."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TypedDict, Unpack

import click

from reconciler.apply.planning import PlanRequest, read_worlds
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exits import exit_code
from reconciler.cli.options import document_option, read_subject, read_words
from reconciler.cli.workspace import Workspace, check_files, judge_recorded, with_edits
from reconciler.engine.planner import plan
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
from reconciler.features.queries.directory import find_in
from reconciler.features.review.review import findings_only_in
from reconciler.model.address import Address
from reconciler.model.declared import Desired
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.finding import Severity
from reconciler.model.suggestions import suggest_names
from reconciler.output.words import count
from reconciler.policies.judging import POLICIES, parameters_of
from reconciler.policies.rule import number

_UNITS = {"d": 1, "w": 7}


def _read_days(typed: str | int) -> int:
    """`7d`, `2w`; a number alone is days."""
    found = re.fullmatch(r"([1-9]\d{0,3})([dw]?)", str(typed))
    if found is None:
        raise click.BadParameter(f"{typed!r} is no number of days: write 7d or 2w")
    return int(found[1]) * _UNITS[found[2] or "d"]


class GrantOptions(TypedDict):
    """For how long and why, as click passes it."""

    days: int
    reason: str
    break_glass: bool


_write_option = click.option("--write", is_flag=True, help="Edit the manifests.")


@click.command()
@click.argument("person")
@click.argument("address", type=read_subject)
@click.argument("role")
@click.option("--for", "days", required=True, type=_read_days, metavar="DURATION", help="How long: 7d, 2w.")
@click.option("--reason", required=True, type=read_words, metavar="TEXT", help="Why: a ticket, a decision.")
@click.option(
    "--break-glass", is_flag=True, help="It is an emergency: mark the line, so that it is reviewed afterwards."
)
@_write_option
@document_option
@click.pass_obj
def grant(
    app: App, person: str, address: Address, role: str, *, write: bool, format_: str, **options: Unpack[GrantOptions]
) -> int:
    """Propose the edit that gives somebody one access for some days.

    PERSON is a key, an e-mail address, a phone number or a handle; ADDRESS an organization, or an asset such as
    acme-bc/ad_account/us; ROLE a word of that place, for a TikTok account permissions with commas between them. Asks
    no system, and changes no file without --write. Exits with 3 when a plan would block it.
    """
    if not options["reason"].strip():
        raise UsageError("the reason is empty", advice="name a ticket, or say what it is for")
    most = int(number(parameters_of(POLICIES["break-glass"], app.config.policies), "days"))
    if options["break_glass"] and options["days"] > most:
        message = f"emergency access lasts {count(most, 'day', 'days')} at most"
        advice = "ask for less, or leave --break-glass away; `days` of policy `break-glass` is the limit"
        raise UsageError(message, advice=advice)
    before = check_files(app.root, app.config, app.files, today=app.today)
    request = AccessRequest(
        person=_find_person(person, before.desired), target=_known(address, before.desired), role=role, **options
    )
    proposed = propose_grant(request, before.desired, app.files, today=app.today)
    return _show(app, proposed, before, request.person, address, is_grant=True, write=write, format_=format_)


@click.command()
@click.argument("person")
@click.argument("address", type=read_subject)
@_write_option
@document_option
@click.pass_obj
def revoke(app: App, person: str, address: Address, *, write: bool, format_: str) -> int:
    """Propose the edit that takes one access away from somebody.

    PERSON and ADDRESS are those of `grant`. With a membership goes all access below it; where a group gives it, they
    leave the group, and what else they lose by that is shown. Asks no system, and changes no file without --write.
    Exits with 3 when a plan would block it.
    """
    before = check_files(app.root, app.config, app.files, today=app.today)
    key = _find_person(person, before.desired)
    proposed = propose_revoke(key, _known(address, before.desired), before.desired, app.files, today=app.today)
    return _show(app, proposed, before, key, address, is_grant=False, write=write, format_=format_)


def _find_person(typed: str, desired: Desired) -> str:
    found = find_in(desired.people, typed)
    if found is not None:
        return found.key
    if "@" in typed.strip()[1:]:
        return typed.strip().lower()
    raise ReconcilerError(f"there is no person {typed!r}", advice=suggest_names(typed, desired.people))


def _known(address: Address, desired: Desired) -> Address:
    if address not in desired.resources.get(address.organization, {}):
        declared = [str(one) for part in desired.resources.values() for one in part]
        advice = suggest_names(str(address), [*desired.organizations, *declared])
        raise ReconcilerError(f"nothing is declared as {address}", advice=advice)
    return address


def _show(
    app: App,
    proposed: ProposedEdit,
    before: Workspace,
    person: str,
    target: Address,
    *,
    is_grant: bool,
    write: bool,
    format_: str,
) -> int:
    """See what the edit means, show it, and with `write` make it."""
    after = check_files(app.root, app.config, with_edits(app.files, proposed.edit.texts), today=app.today)
    found: AccessProposal = replace(
        describe_access(
            proposed, person, target, before=before.desired, after=after.desired, today=app.today, is_grant=is_grant
        ),
        findings=findings_only_in(after.findings, before.findings),
        objections=findings_only_in(after.policies.findings, before.policies.findings),
    )
    found = _foresee(app, after, found)
    if write:
        app.write_edits(found.edited)
    app.show(RENDERERS.access_proposal, found, format_=format_)
    if found.edited and not write:
        app.notify("no file is edited yet: --write edits the manifests")
    is_held = any(one.fate is StepFate.BLOCKED for one in found.steps)
    return exit_code(blocked=is_held or any(one.severity is Severity.ERROR for one in found.objections))


def _foresee(app: App, after: Workspace, found: AccessProposal) -> AccessProposal:
    """With what a plan of the edit would do; where states cannot be read, the proposal says so and stands."""
    try:
        after = judge_recorded(after, app.root, today=app.today, read_recorded=partial(read_state, app.store))
        request = PlanRequest(desired=after.desired, settings=app.config.guards, today=app.today, refresh=False)
        worlds = read_worlds(request, provider_for=app.provider_for, store=app.store)
    except ReconcilerError as error:
        return replace(found, unforeseen=f"what is recorded cannot be read: {error.message}")
    return foresee(plan(worlds, request.settings), found)
