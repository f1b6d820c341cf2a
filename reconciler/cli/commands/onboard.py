"""`reconciler onboard`."""

from __future__ import annotations

from datetime import date
from typing import TypedDict, Unpack

import click

from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option, show_result


class Wishes(TypedDict):
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
@click.option("--ends", type=DateType(), metavar="DATE", help="The UTC day from which all access is gone.")
@click.option("--reason", default="", help="Stands beside everything that is given to them by name.")
@click.option("--with-admin", is_flag=True, help="Also roles that manage others or money.")
@click.option("--write", is_flag=True, help="Edit the manifests.")
@document_option
@click.pass_obj
def onboard(session: Session, person: str, *, write: bool, format_: str, **wishes: Unpack[Wishes]) -> None:
    """Propose what somebody new has to be given.

    PERSON is the key under which the manifests shall know them. They join the groups that give OTHER's access; by name
    they are given only what no group gives. What is left out is said. Asks no system.
    """
    from reconciler.cli.arrivals import read_arrival
    from reconciler.subjects.catalogue import RENDERERS

    found = read_arrival(session, person, wishes, write=write)
    show_result(RENDERERS.onboarding, found, session=session, format_=format_)
