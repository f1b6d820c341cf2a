"""From the options of a `business_api` provider to a client and a provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.cli.credentials import read_secret
from reconciler.manifests.config import Option
from reconciler.model.finding import ReconcilerError
from reconciler.model.ports import Clock, LinkCode
from reconciler.model.redaction import SECRETS
from reconciler.providers.business_api.client import BASE_URL, DEFAULT_TIER, TIERS, Client, Connection, Tier
from reconciler.providers.business_api.provider import BusinessApiProvider

if TYPE_CHECKING:
    from reconciler.sandbox.world import World

ShowCode = Callable[[LinkCode], None] | None
SHARED_LIMIT = "The limit counts for all runs of the app: where several call at a time, write `runners:` with how many"
Notify = Callable[..., None]
"""`App.notify`."""


def make_provider(
    root: Path, options: Mapping[str, Option], *, clock: Clock, show_code: ShowCode, notify: Notify
) -> BusinessApiProvider:
    """The provider that calls TikTok, or whatever answers at `base_url`."""
    client = make_client(root, options, notify=notify)
    return BusinessApiProvider(client, clock=clock, self_is=_text(options, "act_as"), show_code=show_code)


def make_sandbox_provider(world: World, options: Mapping[str, Option], *, show_code: ShowCode) -> BusinessApiProvider:
    """The same provider over the embedded platform."""
    return BusinessApiProvider(make_sandbox_client(world, options), clock=world, show_code=show_code)


def make_sandbox_client(world: World, options: Mapping[str, Option]) -> Client:
    """Calls of the embedded platform, in this process and without a pace; `act_as` says as whom."""
    from reconciler.sandbox.api.transport import find_access

    name = _text(options, "act_as")
    found = find_access(world, name)
    if found is None:
        message = f"nobody in the sandbox goes by {name!r}" if name else "a token belongs to a person; none is named"
        raise ReconcilerError(message, advice="write `act_as:` with the key of an admin of the Business Center")
    token, transport = found
    # One world is one database connection, which serves one call after the other.
    return Client(Connection(access_token=token, tier=TIERS["unlimited"], workers=1), transport=transport)


def make_client(root: Path, options: Mapping[str, Option], *, notify: Notify, token: str | None = None) -> Client:
    """Calls as the options say; raises ReconcilerError when they make no sense or the token is not there.

    `token` is used in place of the one that the options refer to; an empty one is none.
    """

    def announce(seconds: float) -> None:
        message = f"TikTok's limit of calls per minute was exceeded: no call for {seconds / 60:.0f} minutes"
        notify(f"{message}. {SHARED_LIMIT}", level="warning")

    client = Client(_make_connection(root, options, token=token))
    client.pace.on_rest = announce
    return client


def _make_connection(root: Path, options: Mapping[str, Option], *, token: str | None) -> Connection:
    tier = tier_of(options)
    reference = _text(options, "access_token")
    if token is None and not reference:
        advice = "write `access_token: env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"
        raise ReconcilerError("the business_api provider has no access_token", advice=advice)
    seconds = options.get("timeout", 60)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise ReconcilerError(f"timeout {seconds!r} is no number of seconds")
    return Connection(
        access_token=read_secret(reference, root=root) if token is None else token,
        base_url=_check_url(_text(options, "base_url") or BASE_URL),
        tier=tier,
        answer_seconds=float(seconds),
    )


def tier_of(options: Mapping[str, Option]) -> Tier:
    """The part of the limits that is for this run; raises ReconcilerError where none is left for it."""
    name = _text(options, "api_tier") or DEFAULT_TIER
    if name not in TIERS:
        raise ReconcilerError(f"there is no api_tier {name!r}", advice=f"there are: {', '.join(TIERS)}")
    most, runners = TIERS[name].calls_per_second, options.get("runners", 1)
    if isinstance(runners, bool) or not isinstance(runners, int) or not 1 <= runners <= most:
        message = f"runners {runners!r} is no number of runs that can share a limit"
        raise ReconcilerError(message, advice=f"at api_tier {name} it is 1 to {most}: each has to call once a second")
    return replace(TIERS[name], runners=runners)


def _check_url(url: str) -> str:
    """A token must not travel in the clear, except to this very machine."""
    parts = urlsplit(SECRETS.learn_address(url))
    is_local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ReconcilerError(f"base_url {url!r} would show the token to others", advice="use https")
    return url


def _text(options: Mapping[str, Option], name: str) -> str:
    value = options.get(name, "")
    return value if isinstance(value, str) else str(value)
