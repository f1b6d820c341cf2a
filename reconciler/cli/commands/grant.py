"""`reconciler grant` and `revoke`: one access that somebody gets or loses, as an edit of the manifests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import click

from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, document_option, flag, read_days, read_subject, read_words, write_option
from reconciler.cli.proposals import ProposedManifests
from reconciler.features.granting import (
    AccessRequest,
    ProposedEdit,
    StepFate,
    describe_access,
    foresee,
    propose_grant,
    propose_revoke,
)
from reconciler.features.queries.directory import key_in
from reconciler.model import Address, Desired, ReconcilerError, Severity, UsageError, count, exit_code, suggest_names
from reconciler.policies.judging import number_told


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
@write_option
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
    most = number_told("break-glass", "days", app.config.policies)
    if break_glass and days.days > most:
        message = f"emergency access lasts {count(most, 'day', 'days')} at most"
        advice = "ask for less, or leave --break-glass away; `days` of policy `break-glass` is the limit"
        raise UsageError(message, advice=advice)
    proposed = ProposedManifests(app)
    key = _find_person(proposed.before.desired, person, address)
    request = AccessRequest(person=key, target=address, role=role, days=days, reason=reason, break_glass=break_glass)
    edit = propose_grant(request, proposed.before.desired, app.index, today=app.today)
    return _show_access(app, proposed, edit, key, address, is_grant=True, write=write)


@click.command()
@click.argument("person")
@click.argument("address", type=read_subject)
@write_option
@document_option
@click.pass_obj
def revoke(app: App, person: str, address: Address, *, write: bool) -> int:
    """Propose the edit that takes one access away from somebody.

    PERSON and ADDRESS are those of `grant`. With a membership goes all access below it; where a group gives it, they
    leave the group, and what else they lose by that is shown. Asks no system, and changes no file without --write.
    Exits with 3 when a plan would block it.
    """
    proposed = ProposedManifests(app)
    key = _find_person(proposed.before.desired, person, address)
    edit = propose_revoke(key, address, proposed.before.desired, app.index, today=app.today)
    return _show_access(app, proposed, edit, key, address, is_grant=False, write=write)


def _find_person(desired: Desired, person: str, target: Address) -> str:
    """The key of a person; raises ReconcilerError where they are nobody, or the target is not declared."""
    key = key_in(desired.people, person)
    if target not in desired.resources.get(target.organization, {}):
        told = target.organization if target.kind == "organization" else str(target)
        there = [str(one) for one in desired.everything if one.kind != "organization"]
        advice = suggest_names(told, [*desired.organizations, *there])
        raise ReconcilerError(f"nothing is declared as {told}", advice=advice)
    return key


def _show_access(
    app: App,
    proposed: ProposedManifests,
    made: ProposedEdit,
    person: str,
    target: Address,
    *,
    is_grant: bool,
    write: bool,
) -> int:
    before, after = proposed.before.desired, proposed.check(made.edit.texts)
    found = describe_access(made, person, target, before=before, after=after, today=app.today, is_grant=is_grant)
    try:
        found = foresee(proposed.plan(), found)
    except ReconcilerError as error:  # what is proposed stands all the same
        found = replace(found, unforeseen=f"what is recorded cannot be read: {error.message}")
    found = proposed.show(RENDERERS.access_proposal, found, write=write)
    is_held = any(one.fate is StepFate.BLOCKED for one in found.steps)
    return exit_code(blocked=is_held or any(one.severity is Severity.ERROR for one in found.objections))
