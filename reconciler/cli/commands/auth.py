"""`reconciler auth`."""

from __future__ import annotations

import re
import secrets

import click

from reconciler.cli.app import App
from reconciler.cli.credentials import require_place, save_secret
from reconciler.cli.options import yes_option
from reconciler.cli.streams import confirm
from reconciler.manifests.config import ProviderSettings
from reconciler.model import SECRETS, ExitCode, ReconcilerError, UsageError
from reconciler.output.document import make_visible
from reconciler.providers.business_api.authorizing import (
    SCOPES,
    authorization_url,
    check_token,
    exchange_code,
    missing_scopes,
    revoke_token,
)

_provider_option = click.option(
    "--provider", metavar="NAME", help="Which provider of kind `business_api`, if there are several."
)


@click.group()
def auth() -> None:
    """Get, check and revoke the token for Business Centers."""


@auth.command("url")
@click.option(
    "--redirect-uri",
    required=True,
    metavar="URI",
    help="Where the browser comes back to with the code; one that is registered for the app.",
)
@click.option("--state", metavar="TEXT", help="Comes back with the code; random unless given.")
@_provider_option
@click.pass_obj
def show_url(app: App, redirect_uri: str, state: str | None, provider: str | None) -> None:
    """Print the page on which a person approves the app.

    The token will act as whoever approves, with their role in each Business Center. The browser comes back to the
    redirect URI with `auth_code`, which is valid for an hour.
    """
    app_id = _required(_settings_of(app, provider), "app_id")
    if not re.match(r"https?://[^/]", redirect_uri):
        raise UsageError(f"{redirect_uri!r} is no address that a browser can come back to", advice="write https://...")
    state = state or secrets.token_urlsafe(16)
    click.echo(authorization_url(app_id=app_id, redirect_uri=redirect_uri, state=state))
    app.notify(f"the browser has to come back with state={state}")


@auth.command("exchange")
@click.argument("code")
@click.option(
    "--save",
    metavar="PLACE",
    help="Where to keep the token instead: `file:PATH`, readable by its owner only, or `keyring:SERVICE/NAME`.",
)
@_provider_option
@click.pass_obj
def exchange(app: App, code: str, save: str | None, provider: str | None) -> None:
    """Exchange CODE for a token and save it; the token is never shown.

    Without --save it goes where `access_token` of the provider says.
    """
    settings = _settings_of(app, provider)
    place = save or _required(settings, "access_token")
    secret = app.read_secret(_required(settings, "app_secret"))
    app_id = _required(settings, "app_id")
    # The code works once and the token never ends: nothing is asked for that could not be kept.
    require_place(place, root=app.root)
    SECRETS.learn(code)
    with app.open_client(settings, token="") as client:
        token = exchange_code(client, app_id=app_id, secret=secret, code=code)
    try:
        save_secret(place, token.access_token, root=app.root)
    except ReconcilerError as error:
        # Nobody would have it to revoke it later.
        with app.open_client(settings, token=token.access_token) as client:
            revoke_token(client, app_id=app_id, secret=secret, token=token.access_token)
        message = f"{error.message}; the new token was revoked"
        raise ReconcilerError(message, advice="repair the place, and let the app be approved again") from error
    click.echo(f"the token is in {place}")
    for scope in missing_scopes(token.scopes):
        app.notify(f"scope {scope} was not given: {SCOPES[scope]}", level="warning")


@auth.command("check")
@_provider_option
@click.pass_obj
def check(app: App, provider: str | None) -> int:
    """Show whose token it is, which member they are in each Business Center, and what the token may read there.

    Exits with 1 when it can manage no Business Center, or lacks a scope that this takes.
    """
    with app.open_client(_settings_of(app, provider)) as client:
        found = check_token(client)
    click.echo("\n".join(map(make_visible, found.describe())))
    return ExitCode.DONE if found.is_enough else ExitCode.FAILED


@auth.command("revoke")
@yes_option
@_provider_option
@click.pass_obj
def revoke(app: App, provider: str | None, *, yes: bool) -> None:
    """Revoke the token, for everybody who has it."""
    settings = _settings_of(app, provider)
    token = app.read_secret(_required(settings, "access_token"))
    secret = app.read_secret(_required(settings, "app_secret"))
    confirm("Revoke the token?", yes=yes)
    with app.open_client(settings) as client:
        revoke_token(client, app_id=_required(settings, "app_id"), secret=secret, token=token)
    click.echo("the token is revoked")


def _settings_of(app: App, name: str | None) -> ProviderSettings:
    """Those of the one provider that is meant."""
    found = {key: made for key, made in app.config.providers.items() if made.kind == "business_api"}
    if name in found or (name is None and len(found) == 1):
        return found[name or next(iter(found))]
    known = ", ".join(sorted(found))
    if name is not None:
        message = f"no provider {name!r} is of kind business_api"
        raise ReconcilerError(message, advice=known and f"there are: {known}")
    if found:
        message = "several providers are of kind business_api"
        raise ReconcilerError(message, advice=f"name one with --provider: {known}")
    advice = "give one `kind: business_api` under `providers:` in reconciler.yaml; see docs/business-center.md"
    raise ReconcilerError("no provider is of kind business_api", advice=advice)


def _required(settings: ProviderSettings, name: str) -> str:
    value = settings.options.get(name)
    if settings.options.get("via") == "sandbox":
        advice = "`reconciler auth check` works as it is"
        raise ReconcilerError("with `via: sandbox` nobody needs a token", advice=advice)
    if not value:
        raise ReconcilerError(f"the business_api provider has no {name}", advice="add it in reconciler.yaml")
    return str(value)
