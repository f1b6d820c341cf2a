"""`reconciler onboard`: what somebody new gets, as one edit of the manifests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, document_option, flag, read_day, write_option
from reconciler.cli.proposals import ProposedManifests
from reconciler.features.onboarding import Joiner, describe_proposal, propose, write_proposal
from reconciler.features.queries.directory import require_in
from reconciler.manifests.lint import encoded_domain
from reconciler.manifests.nodes import is_key
from reconciler.model import Finding, Person, Severity, UsageError


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
@write_option
@document_option
@click.pass_obj
def onboard(app: App, /, person: str, *, like: str, reason: str, with_admin: bool, write: bool, **said: Any) -> None:
    """Propose the access that somebody new needs.

    PERSON is the key under which the manifests shall know them. They join the groups that give OTHER's access; by name
    they are given only what no group gives. What is left out is said. Asks no system.
    """
    if (ends := said["ends"]) is not None and ends <= app.today:
        raise UsageError(f"--ends {ends} is not in the future", advice=f"today is {app.today}")
    proposed = ProposedManifests(app)
    desired = proposed.before.desired
    other = require_in(desired.people, like)
    entry = _entry(person, said, desired.people.get(person))
    newcomer = Joiner(key=person, entry=entry, like=other.key, with_admin=with_admin, reason=reason)
    proposal = propose(newcomer, desired, app.index.groups, today=app.today)
    edit = write_proposal(proposal, app.index, beside=other.place.file)
    found = describe_proposal(newcomer, proposal, edit, proposed.check(edit.texts))
    email, domains = entry.get("email", ""), app.config.allowed_domains
    if email and domains and encoded_domain(email.rpartition("@")[2]) not in set(map(encoded_domain, domains)):
        # As a review says it too.
        message = f"`{email}` is in none of the allowed domains: {', '.join(domains)}"
        outside = Finding(id="outside-domains", severity=Severity.WARNING, message=message)
        found = replace(found, findings=(outside,))
    proposed.show(RENDERERS.onboarding, found, write=write)


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
