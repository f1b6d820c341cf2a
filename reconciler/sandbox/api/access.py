"""Apps, the codes that people bring back from approving one, and tokens. A token acts as the person who approved."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.world import Refusal, Row, World

DEFAULT_APP: Final = "7000000000000000001"
"""There without being named in a seed."""
DEFAULT_SECRET: Final = "sandbox-secret"  # noqa: S105  # opens nothing but a sandbox

SCOPES: Final[dict[int, tuple[int, ...]]] = {
    1: (10,),
    10: (100,),
    15: (150, 151, 153, 155, 156),
    2: (20,),
    69: (693,),
    7153155400966176769: (),
}
"""Scope -> scopes that it implies."""

_CODE_HOURS: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a token stands for."""

    app: str
    person: int
    scopes: frozenset[int]

    def may_use(self, scope: int | None) -> bool:
        """Whether the person gave the app this scope, or one that implies it."""
        return scope is None or scope in _implied(self.scopes)


def add_api_app(world: World, app: str = DEFAULT_APP, *, secret: str = DEFAULT_SECRET, scopes: str = "") -> None:
    """Register an app; `scopes` are numbers joined by commas, all of them when empty. A second time changes nothing."""
    with world.transaction() as db:
        wanted = scopes or ",".join(map(str, SCOPES))
        db.execute("INSERT OR IGNORE INTO api_app VALUES (?, ?, ?)", (app, secret, wanted))


def _get_registered(world: World, app: str) -> Row:
    """The app with this id, which has to exist unless it is the default one."""
    if app == DEFAULT_APP:
        add_api_app(world)
    row = world.find_row("SELECT * FROM api_app WHERE id = :id", {"id": app})
    if row is None:
        raise Refusal("unknown", f"there is no app {app}")
    return row


def add_token(world: World, token: str, *, person: int, app: str = DEFAULT_APP, scopes: str = "") -> None:
    """Let a token exist, as if it had been exchanged long ago."""
    with world.transaction() as db:
        registered = _get_registered(world, app)
        given = scopes or registered["scopes"]
        db.execute(
            "INSERT OR REPLACE INTO api_token VALUES (?, ?, ?, ?, ?)", (token, app, person, given, world.timestamp())
        )


def issue_token(world: World, person: int) -> str:
    """A token of the default app for somebody, made up on the spot."""
    token = secrets.token_hex(20)
    add_token(world, token, person=person)
    return token


def issue_code(world: World, person: int, *, app: str = DEFAULT_APP) -> str:
    """What the browser brings back when somebody has approved an app; it works once, for an hour."""
    with world.transaction() as db:
        _get_registered(world, app)
        code = secrets.token_hex(20)
        expires = world.timestamp(timedelta(hours=_CODE_HOURS))
        db.execute(
            "INSERT INTO api_code (code, app, person, expires) VALUES (?, ?, ?, ?)", (code, app, person, expires)
        )
        return code


def get_app(world: World, app: str, secret: str) -> Row:
    """The app with this id and secret; raises RefusedCall."""
    row = world.find_row("SELECT * FROM api_app WHERE id = :id", {"id": app})
    if row is None:
        raise RefusedCall(40113, "The app does not exist or is blocked.")
    if not secrets.compare_digest(row["secret"].encode(), secret.encode()):
        raise RefusedCall(40101, "The app_id and secret do not match.")
    return row


def exchange(world: World, app: Row, code: str) -> tuple[str, Caller]:
    """A token for a code that has not been used yet; raises RefusedCall 40110."""
    with world.transaction() as db:
        row = world.find_row(
            "SELECT * FROM api_code WHERE code = :code AND app = :app AND used = 0 AND expires > :now",
            {"code": code, "app": app["id"], "now": world.timestamp()},
        )
        if row is None:
            raise RefusedCall(
                40110, "The auth_code is used, cancelled or expired. Please ask the user to authorize again."
            )
        db.execute("UPDATE api_code SET used = 1 WHERE code = ?", (code,))
        token = secrets.token_hex(20)
        add_token(world, token, person=row["person"], app=app["id"])
        return token, Caller(app=app["id"], person=row["person"], scopes=_scopes(app["scopes"]))


def revoke_token(world: World, token: str) -> None:
    """Let a token be worth nothing from now on."""
    with world.transaction() as db:
        db.execute("DELETE FROM api_token WHERE token = ?", (token,))


def find_caller(world: World, token: str) -> Caller | None:
    """Whoever a token stands for; a revoked or invented one stands for nobody."""
    row = world.find_row("SELECT * FROM api_token WHERE token = :token", {"token": token})
    if row is None:
        return None
    return Caller(app=row["app"], person=row["person"], scopes=_scopes(row["scopes"]))


def _scopes(text: str) -> frozenset[int]:
    return frozenset(map(int, text.split(",")))


def _implied(scopes: frozenset[int]) -> frozenset[int]:
    found, frontier = set(scopes), set(scopes)
    while frontier:
        frontier = {below for scope in frontier for below in SCOPES.get(scope, ())} - found
        found |= frontier
    return frozenset(found)
