"""Getting, judging and giving back a token.

A token acts as the person who approved the app, with that person's role in each Business Center; there are no service
accounts. It does not expire and dies only when it is revoked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import Any
from urllib.parse import urlencode

from reconciler.model import SECRETS, ProviderError, dataclass
from reconciler.providers.business_api.client import (
    BASE_URL,
    Client,
    Row,
    count_rows,
    read_if_allowed,
    read_list,
    text_of,
)
from reconciler.providers.business_api.members import Admin, handle_in, read_owner, recognize
from reconciler.providers.business_api.vocabulary import (
    ACTIVITY,
    ASSETS,
    CENTERS,
    EXCHANGE_CODE,
    GROUPS,
    MEMBERS,
    PARTNERS,
    REVOKE_TOKEN,
    ApiError,
    Listing,
)

SCOPES = {
    15: "Business Center, with 150 to 156 below it",
    150: "read Business Centers",
    153: "assets and access to them",
    155: "partners",
    156: "members",
    7153155400966176769: "asset groups",
}
"""Number -> what it is for; the ones this tool needs."""
_BELOW_CENTER = {150, 153, 155, 156}
"""What scope 15 stands for, and what no Business Center can be managed without."""


_PARTS: tuple[tuple[str, int, Listing, Mapping[str, Any]], ...] = (
    ("members", 156, MEMBERS, {}),
    ("assets and access", 153, ASSETS, {"asset_type": "ADVERTISER"}),
    ("partners", 155, PARTNERS, {}),
    ("asset groups", 7153155400966176769, GROUPS, {}),
    ("activity log", 2, ACTIVITY, {}),
)
"""Title, scope, and what is asked: the parts of a Business Center that a token may read or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a code is exchanged for."""

    access_token: str = field(repr=False)
    scopes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Whether the token may read one part of a Business Center."""

    title: str
    scope: int
    size: int = 0
    refusal: str = ""
    """Empty when it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The token's owner in one Business Center.

    Who they are there, and who else is an admin, is looked up for admins only, because nobody else may.
    """

    id: str
    name: str
    role: str
    finance: str
    status: str
    probes: tuple[Probe, ...] = ()
    owner: Admin | None = None
    """Which of the admins they are; None when that cannot be told."""
    admins: tuple[Admin, ...] = ()
    accounts: tuple[str, ...] = ()
    """The linked TikTok accounts, each as id and what is shown of it."""

    def describe(self) -> Iterator[str]:
        """The same line by line, with what to write in the workspace file."""
        finance = f", finance {self.finance}" if self.finance else ""
        yield f"{self.name} ({self.id}): {self.role}{finance}, {self.status}"
        if self.role != "ADMIN":
            yield "  nothing can be managed here: that takes an ADMIN"
            return
        if self.owner is not None:
            yield f"  the token is member {self.owner.number}: {_format_admin(self.owner)}"
        elif self.admins:
            yield "  which of the admins the token is cannot be told, so no admin is removed or demoted;"
            numbers = "; ".join(f"{admin.number}: {_format_admin(admin)}" for admin in self.admins)
            yield f"  write `act_as:` with one of {numbers}"
        for probe in self.probes:
            if probe.refusal:
                yield f"  no   {probe.title}, scope {probe.scope}: {probe.refusal}"
            else:
                yield f"  yes  {probe.title} ({probe.size}), scope {probe.scope}"
        if self.accounts:
            yield "  TikTok accounts, each by the `id:` for `tiktok_accounts`:"
            yield from (f"    {account}" for account in self.accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a token is good for."""

    owner: str
    centers: tuple[Membership, ...]

    @property
    def is_enough(self) -> bool:
        """Whether there is a Business Center that the token can manage, with every scope that this takes there."""
        managed = [center for center in self.centers if center.role == "ADMIN"]
        needed = (probe for center in managed for probe in center.probes if probe.scope in _BELOW_CENTER)
        return bool(managed) and not any(probe.refusal for probe in needed)

    def describe(self) -> Iterator[str]:
        """Line by line whose it is, which member they are in each Business Center, and what it may read there."""
        yield f"The token acts as {self.owner}."
        if not self.centers:
            yield "They are in no Business Center."
        for center in self.centers:
            yield ""
            yield from center.describe()


def authorization_url(*, app_id: str, redirect_uri: str, state: str) -> str:
    """The page where a person approves the app; the browser comes back to the redirect URI with `auth_code`."""
    query = urlencode({"app_id": app_id, "redirect_uri": redirect_uri, "state": state})
    return f"{BASE_URL}/portal/auth?{query}"


def exchange_code(client: Client, *, app_id: str, secret: str, code: str) -> Token:
    """A token for a code, which is valid for an hour and works once; raises ProviderError."""
    data = _ask(client, EXCHANGE_CODE, {"app_id": app_id, "secret": secret, "auth_code": code})
    token = SECRETS.learn(text_of(data, "access_token"))
    if not token:
        raise ProviderError("the platform answered without a token")
    scopes = data.get("scope")
    numbers = scopes if isinstance(scopes, list) else []
    return Token(access_token=token, scopes=tuple(number for number in numbers if isinstance(number, int)))


def revoke_token(client: Client, *, app_id: str, secret: str, token: str) -> None:
    """Make a token worthless; raises ProviderError."""
    _ask(client, REVOKE_TOKEN, {"app_id": app_id, "secret": secret, "access_token": token})


def _ask(client: Client, endpoint: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return client.post(endpoint, body)
    except ApiError as error:
        raise ProviderError(str(error)) from error


def missing_scopes(scopes: tuple[int, ...]) -> list[int]:
    """Scopes this tool needs and that were not given; a parent stands for all below it."""
    given = set(scopes) | (_BELOW_CENTER if 15 in scopes else set())
    return [scope for scope in SCOPES if scope != 15 and scope not in given]


def check_token(client: Client) -> Check:
    """Whose token it is, their role everywhere, and what it may read there; raises ProviderError."""
    try:
        rows = read_list(client, CENTERS, {})
    except ApiError as error:
        # Without a code of the interface nothing was said of the token: the network or the address is the trouble.
        refused = "the token needs scope 150, read Business Centers"
        unheard = "look at the network, at proxies, and at `base_url`, which has no path behind the host"
        raise ProviderError(str(error), advice=refused if error.code else unheard) from error
    try:
        owner = read_owner(client)
        shown = _format_admin(owner)
    except ApiError as error:
        owner, shown = Admin(), f"somebody unknown ({error.message})"
    return Check(owner=shown, centers=tuple(_membership(client, row, owner) for row in rows))


def _format_admin(admin: Admin) -> str:
    return " ".join(filter(None, (admin.name, f"<{admin.shown}>")))


def _membership(client: Client, row: Row, owner: Admin) -> Membership:
    info, extended = row.get("bc_info") or {}, row.get("ext_user_role") or {}
    found = Membership(
        id=text_of(info, "bc_id"),
        name=text_of(info, "name"),
        role=text_of(row, "user_role"),
        finance=text_of(extended, "finance_role"),
        status=text_of(info, "status"),
    )
    if found.role != "ADMIN":
        return found
    center = {"bc_id": found.id}
    probes = tuple(_probe(client, title, scope, listing, {**center, **more}) for title, scope, listing, more in _PARTS)
    # Those who have accepted: one page, because there are never more than twenty.
    accepted = {"filtering": {"user_role": "ADMIN", "relation_status": "BOUND"}}
    # Why something cannot be read is told by the probes.
    admins = tuple(
        Admin(number=text_of(one, "user_id"), name=text_of(one, "user_name"), shown=text_of(one, "user_email").lower())
        for one in read_if_allowed(client, MEMBERS, {**center, **accepted})
    )
    accounts = tuple(
        f"{text_of(one, 'asset_id')} {handle_in(one) or repr(text_of(one, 'asset_name'))}".rstrip()
        for one in read_if_allowed(client, ASSETS, {**center, "asset_type": "TT_ACCOUNT"})
    )
    return replace(found, probes=probes, owner=recognize(owner, admins), admins=admins, accounts=accounts)


def _probe(client: Client, title: str, scope: int, listing: Listing, parameters: Mapping[str, Any]) -> Probe:
    try:
        return Probe(title=title, scope=scope, size=count_rows(client, listing, parameters))
    except ApiError as error:
        return Probe(title=title, scope=scope, refusal=str(error))
