"""`reconciler adopt`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.files import replace_file
from reconciler.cli.options import now_option
from reconciler.cli.planning import read_request
from reconciler.editing.edits import render_patch
from reconciler.features.importing import adopt as adopting
from reconciler.features.importing.adopted import Adoption
from reconciler.model.errors import ExitCode


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@click.option("--in-place", is_flag=True, help="Change the files; without it, a patch is printed.")
@now_option
@click.pass_obj
def adopt(app: App, addresses: tuple[str, ...], in_place: bool, now: date | None) -> int:
    """Edit the manifests so that they say what somebody changed outside of this tool.

    ADDRESS is an address, a pattern with `*`, or an organization; without any, all drift is adopted but what was
    accepted for a while. Comments, order and style stay. What cannot be edited safely is refused, with the reason.
    """
    request = adopting.AdoptionRequest(
        plan=read_request(app, today=now, targets=addresses),
        files=tuple(app.files),
        allowed_domains=tuple(app.config.allowed_domains),
    )
    with app.progress("reading the systems"):
        made = adopting.adopt(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)
    if in_place:
        for path, text in made.after.items():
            replace_file(app.root / path, text)
    else:
        click.echo(render_patch(made.before, made.after), nl=False)
    _report(made, app, in_place=in_place)
    return ExitCode.FAILED if made.refused or made.unread else ExitCode.DONE


def _report(made: Adoption, app: App, *, in_place: bool) -> None:
    for one in made.refused:
        app.notify(f"{one.address} is not adopted: {one.reason}", level="warning", advice=one.advice)
    for part in made.unread:
        app.notify(part.finding.message, level="error", advice="what was changed there is not adopted")
    if not made.adopted:
        is_all = not made.refused and not made.unread
        app.notify("nothing to adopt: the manifests say what is live" if is_all else "nothing is adopted")
        return
    for address in made.adopted:
        app.notify(f"{address} {'is adopted' if in_place else 'would be adopted'}")
    if not in_place:
        app.notify("apply the patch with `git apply`, or give --in-place")
