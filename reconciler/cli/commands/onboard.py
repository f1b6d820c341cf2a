"""`reconciler onboard`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import TypedDict, Unpack

import click

from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import document_option, read_day
from reconciler.cli.workspace import check_files, with_edits
from reconciler.editing.person_edits import read_group_lists
from reconciler.features.onboarding.model import Onboarding
from reconciler.features.onboarding.onboarding import Joiner, describe_proposal, propose, write_proposal
from reconciler.features.queries.directory import find_in
from reconciler.features.review.review import findings_only_in
from reconciler.manifests.words import is_key
from reconciler.model.declared import Person
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.finding import Finding, Severity
from reconciler.model.suggestions import suggest_names


class OnboardOptions(TypedDict):
    """Who it is and what they shall get, as click passes it."""

    like: str
    email: str
    name: str
    employment: str
    ends: date | None
    reason: str
    with_admin: bool


@click.command()
@click.argument("person")
@click.option("--like", required=True, metavar="OTHER", help="Whose access they get, as far as they need it.")
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
@click.option("--with-admin", is_flag=True, help="Also roles that manage others or money.")
@click.option("--write", is_flag=True, help="Edit the manifests.")
@document_option
@click.pass_obj
def onboard(app: App, person: str, *, write: bool, format_: str, **options: Unpack[OnboardOptions]) -> None:
    """Propose the access that somebody new needs.

    PERSON is the key under which the manifests shall know them. They join the groups that give OTHER's access; by name
    they are given only what no group gives. What is left out is said. Asks no system.
    """
    found = _propose(app, person, options, write=write)
    app.show(RENDERERS.onboarding, found, format_=format_)
    if found.edited and not write:
        app.notify("no file is edited yet: --write edits the manifests")


def _propose(app: App, key: str, options: OnboardOptions, *, write: bool) -> Onboarding:
    """Propose the edit, see what it means, and with `write` make it."""
    today = app.today
    files = app.files
    before = check_files(app.root, app.config, files, today=today)
    desired = before.desired
    other = find_in(desired.people, options["like"])
    if other is None:
        message = f"there is no person {options['like']!r} to be like"
        raise ReconcilerError(message, advice=suggest_names(options["like"], desired.people))
    known = desired.people.get(key)
    newcomer = Joiner(
        key=key,
        entry=_entry(key, options, known),
        like=other.key,
        with_admin=options["with_admin"],
        reason=options["reason"],
    )
    proposal = propose(newcomer, desired, read_group_lists(files), today=today)
    edit = write_proposal(proposal, files, beside=other.place.file)
    after = check_files(app.root, app.config, with_edits(files, edit.texts), today=today)
    found = describe_proposal(newcomer, proposal, edit, after.desired)
    found = replace(
        found,
        findings=(
            *findings_only_in(after.findings, before.findings),
            *_outside(newcomer.entry.get("email", ""), app.config.allowed_domains),
        ),
        objections=findings_only_in(after.policies.findings, before.policies.findings),
    )
    if write:
        app.write_edits(found.edited)
    return found


def _outside(email: str, allowed_domains: Collection[str]) -> Iterator[Finding]:
    """The warning that a review gives too: an address of none of the company's domains."""
    domain = email.rpartition("@")[2].casefold()
    if email and allowed_domains and domain not in {one.casefold() for one in allowed_domains}:
        message = f"`{email}` is in none of the allowed domains: {', '.join(allowed_domains)}"
        yield Finding(id="outside-domains", severity=Severity.WARNING, message=message)


def _entry(key: str, options: OnboardOptions, known: Person | None) -> Mapping[str, str]:
    """The entry under `people`; somebody who has one keeps it."""
    if not is_key(key):
        message = f"{key!r} cannot be a key"
        raise UsageError(message, advice="use letters, digits, `.`, `_`, `-` and `+`, such as `ana` or `ana.lopez`")
    said = [name for name in ("email", "name", "ends") if options[name]]
    if known is not None:
        if said:
            message = f"{key} is in the manifests already, at {known.place}"
            raise UsageError(message, advice=f"leave --{said[0]} away, or choose another key")
        return {}
    if not options["email"]:
        raise UsageError(f"{key} is not in the manifests yet", advice="give --email, where they are invited")
    if "@" not in options["email"]:
        raise UsageError(f"{options['email']!r} is not an e-mail address", advice="give --email NAME@DOMAIN")
    entry = {"name": options["name"], "email": options["email"]}
    if options["employment"] != "employee":
        entry["employment"] = options["employment"]
    if options["ends"]:
        entry["ends"] = options["ends"].isoformat()
    return {name: value for name, value in entry.items() if value}
