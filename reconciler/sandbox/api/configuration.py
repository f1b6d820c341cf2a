"""How an API is set up: what it does where its documentation leaves a question open, apps, codes and tokens.

Every open question is a choice, whose default is the likeliest answer. A code is what people bring back from approving
an app; a token acts as the person who approved.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Final, Literal, get_args, get_origin, get_type_hints

from reconciler.sandbox.world import Refusal, Row, World

_SETTING: Final = "business_api_options"

Profile = Literal["docs", "gateway"]
Tier = Literal["unlimited", "basic", "advanced", "premium", "ultimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What one emulated API does where several answers are plausible."""

    profile: Profile = "docs"
    """Which asset types an endpoint takes: those of the documentation, or those of the gateway's own schema."""
    tier: Tier = "basic"
    """How many calls an app may make."""
    mask_emails: Literal["all", "some", "none"] = "all"
    keyword_finds_masked: bool = True
    """Whether searching for a full address finds a member whose address is masked."""
    pending_user_id: Literal["null", "empty", "zero", "repeated"] = "null"
    """The number of somebody who has not accepted (open question 9): none, or one that all of them share."""
    rejected_rows: Literal["listed", "hidden"] = "listed"
    expired_rows: Literal["hidden", "pending", "rejected"] = "hidden"
    """Question 9. While they are listed as pending, inviting the address again is ignored, as ever."""
    former_members: Literal["invited", "in"] = "invited"
    """Whether inviting somebody who was a member brings them back at once (section 4.3)."""
    email_domains: tuple[str, ...] = ()
    """The domains that may be invited, all of them when empty (allowlist of the Business Center's settings)."""
    outside_domains: Literal["refused", "dropped"] = "refused"
    """What such an allowlist does: one address outside fails its whole batch, or is passed over without a word."""
    standard_may_list_members: bool = False
    core_user_id: Literal["equal", "other"] = "equal"
    """Whether the number of a token's owner is also their number as a member."""
    write_visibility_delay: float = 0.0
    """Seconds until reads show a write."""
    page_size_above_maximum: Literal["error", "clamp"] = "error"
    unknown_fields: Literal["ignored", "error"] = "ignored"
    unknown_bc: Literal["empty", "40001", "40007"] = "empty"
    """What bc/get says about a Business Center that the caller cannot see."""
    missing_scope: Literal["40001", "40130"] = "40001"
    self_delete: Literal["allow", "40001", "40002"] = "allow"
    reassign_same_role: Literal["ok", "40012", "40050"] = "ok"
    reassign_role: Literal["replaces", "ignored"] = "replaces"
    """What assigning another role to somebody who has access does (question 4)."""
    reassign_account_roles: Literal["replace", "add"] = "replace"
    unassign_missing: Literal["ok", "40002", "40007"] = "ok"
    shared_in_listed: bool = True
    """Whether asset/admin/get also lists ad accounts that partners share."""
    admin_access: Literal["explicit", "by_asset", "everywhere"] = "explicit"
    """Whether admins are listed with the highest role on every ad account, catalog and form library: not at all, among
    an asset's members, or also among what they can use themselves (section 5.1). Unassigning it changes nothing."""
    account_names: Literal["handle", "title"] = "handle"
    """What `asset_name` of a TikTok account is (section 12)."""
    account_handles: Literal["identities", "assets", "nowhere"] = "identities"
    """Where its handle is told: as `username` of identities, also as `tt_asset_handle`, or not at all (section 12)."""
    pixel_links_need_role: bool = False
    """Whether pixel/link/get is refused to admins who have no role on the pixel themselves (section 5.10)."""
    pixel_updates_need_role: bool = False
    """Whether pixel/link/update is, too (section 5.10)."""
    group_member_again: Literal["replaces", "ignored"] = "replaces"
    group_access_listed: bool = False
    """Whether access through an asset group is listed among a member's own; the higher role of both is shown then."""
    groups_may_be_empty: bool = True
    """Whether the last member or ad account may be taken out of a group (section 6)."""
    group_get_shape: Literal["object", "list"] = "object"
    partner_again: Literal["ok", "40002", "40050"] = "ok"
    share_again: Literal["raises", "ignored", "40002"] = "raises"
    """What sharing an ad account again with a higher role does (section 7.2)."""
    pending_partners_listed: bool = False
    row_order: Literal["stable", "shifting"] = "stable"
    """Whether all rows behind the first trade places between two calls: one is on two pages then, and one on none."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Word of a refusal (`last-admin`, `cap`, `unknown`, ...) -> return code, in place of the usual one."""

    def changed(self, values: Mapping[str, object]) -> Options:
        """Some options chosen differently; raises ValueError for a wrong name or value."""
        kinds = get_type_hints(Options)
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"there is no option {name!r}; there are {', '.join(sorted(kinds))}")
            fits, choices = _check(kinds[name], value)
            if not fits:
                raise ValueError(f"option {name} cannot be {value!r}; {choices}")
        frozen = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return dataclasses.replace(self, **frozen)  # type: ignore[arg-type]  # compared with the annotations just above

    def to_mapping(self) -> dict[str, object]:
        """All options, as JSON has them."""
        return {**dataclasses.asdict(self), "codes": dict(self.codes)}


def read_options(world: World) -> Options:
    """How this world's API is tuned."""
    return _parse(world.find_setting(_SETTING) or "{}")


@cache
def _parse(text: str) -> Options:
    """Asked for with every call, and hardly ever another one."""
    return Options().changed(json.loads(text))


def write_options(world: World, options: Options) -> None:
    """Tune this world's API, for everybody who speaks to it."""
    with world.transaction():
        world.set_setting(_SETTING, json.dumps(options.to_mapping(), sort_keys=True))


def _check(kind: object, value: object) -> tuple[bool, str]:
    """Whether an option can be this, and what else it can be."""
    if get_origin(kind) is Literal:
        return value in get_args(kind), f"it is one of {', '.join(get_args(kind))}"
    if kind is bool:
        return isinstance(value, bool), "it is true or false"
    if get_origin(kind) is tuple:
        return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value), "it is a list of texts"
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
        return is_number, "it is a number of seconds"
    return isinstance(value, Mapping) and all(
        isinstance(word, str) and type(code) is int and code > 0 for word, code in value.items()
    ), "word: code"


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


class RefusedCall(Exception):
    """A return code that is not 0; nothing was changed."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def refuse_if_code(choice: str, text: str) -> None:
    """Raise RefusedCall if an option's choice is a return code, and not a word for going on."""
    if choice.isdecimal():
        raise RefusedCall(int(choice), text)


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
    world.insert_or_keep("api_app", id=app, secret=secret, scopes=scopes or ",".join(map(str, SCOPES)))


def _get_registered(world: World, app: str) -> Row:
    if app == DEFAULT_APP:
        add_api_app(world)
    row = world.find("api_app", id=app)
    if row is None:
        raise Refusal("unknown", f"there is no app {app}")
    return row


def add_token(world: World, token: str, *, person: int, app: str = DEFAULT_APP, scopes: str = "") -> None:
    """Let a token exist, as if it had been exchanged long ago."""
    with world.transaction():
        registered, since = _get_registered(world, app), world.timestamp()
        given = scopes or registered["scopes"]
        world.insert_or_change("api_token", token=token, app=app, person=person, scopes=given, since=since)


def issue_token(world: World, person: int) -> str:
    """A token of the default app for somebody, made up on the spot."""
    token = secrets.token_hex(20)
    add_token(world, token, person=person)
    return token


def issue_code(world: World, person: int, *, app: str = DEFAULT_APP) -> str:
    """What the browser brings back when somebody has approved an app; it works once, for an hour."""
    with world.transaction():
        _get_registered(world, app)
        code, expires = secrets.token_hex(20), world.timestamp(timedelta(hours=_CODE_HOURS))
        world.insert("api_code", code=code, app=app, person=person, expires=expires)
        return code


def get_app(world: World, app: str, secret: str) -> Row:
    """The app with this id and secret; raises RefusedCall."""
    row = world.find("api_app", id=app)
    if row is None:
        raise RefusedCall(40113, "The app does not exist or is blocked.")
    if not secrets.compare_digest(row["secret"].encode(), secret.encode()):
        raise RefusedCall(40101, "The app_id and secret do not match.")
    return row


def exchange(world: World, app: Row, code: str) -> tuple[str, Caller]:
    """A token for a code that has not been used yet; raises RefusedCall 40110."""
    with world.transaction():
        row = world.find("api_code", code=code, app=app["id"], used=0)
        if row is None or row["expires"] <= world.timestamp():
            text = "The auth_code is used, cancelled or expired. Please ask the user to authorize again."
            raise RefusedCall(40110, text)
        world.update("api_code", {"code": code}, used=1)
        token = secrets.token_hex(20)
        add_token(world, token, person=row["person"], app=app["id"])
        return token, Caller(app=app["id"], person=row["person"], scopes=_scopes(app["scopes"]))


def find_caller(world: World, token: str) -> Caller | None:
    """Whoever a token stands for; a revoked or invented one stands for nobody."""
    row = world.find("api_token", token=token)
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
