"""The interface as data: its calls, its words and ours, what it has no call for, and what its return codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.model import KINDS, Action, Attributes, Change, ProviderError, Status, dataclass, role_in

INVITE = "bc/member/invite/"
UPDATE_MEMBER = "bc/member/update/"
DELETE_MEMBER = "bc/member/delete/"
ASSIGN = "bc/asset/assign/"
UNASSIGN = "bc/asset/unassign/"
DELETE_ASSET = "bc/asset/admin/delete/"
ALLOW_ACCOUNT = "bc/asset/advertiser/assign/"
DISALLOW_ACCOUNT = "bc/asset/advertiser/unassign/"
AUTHORIZATION = "bc/asset/account/authorization/"
UPDATE_PIXEL_LINK = "bc/pixel/link/update/"
CREATE_GROUP = "bc/asset_group/create/"
GET_GROUP = "bc/asset_group/get/"
UPDATE_GROUP = "bc/asset_group/update/"
DELETE_GROUP = "bc/asset_group/delete/"
ADD_PARTNER = "bc/partner/add/"
DELETE_PARTNER = "bc/partner/delete/"
DELETE_SHARE = "bc/partner/asset/delete/"
USER_INFO = "user/info/"
EXCHANGE_CODE = "oauth2/access_token/"
REVOKE_TOKEN = "oauth2/revoke_token/"  # noqa: S105  # an address


@dataclass(frozen=True, slots=True)
class Listing:
    """A call that returns a list page by page."""

    endpoint: str
    page_size: int
    """The most that the documentation allows."""
    row_id: tuple[str, ...]
    """Fields that together name a row. Rows without the first field, such as invitations, may look alike."""
    items: str = "list"
    """The name of the list in the data."""
    other_id: str = ""
    """What names a row that lacks the first of those fields."""
    numbered: tuple[str, str] | None = None
    """Field and value of the rows that have a number of their own; what others show in its place may be anything."""
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Field -> what it may say; with another word nobody knows whether the row gives access."""


CENTERS = Listing("bc/get/", 50, ())
MEMBERS = Listing(
    "bc/member/get/",
    20,
    ("user_id", "relation_status"),
    other_id="user_email",
    numbered=("relation_status", "BOUND"),
    words={"relation_status": frozenset({"BOUND", "PENDING", "REJECTED", "UNBOUND"})},
)
OWN_ASSETS = Listing("bc/asset/get/", 50, ("asset_id",))
"""Of one person; without naming one, of the person the token belongs to."""
ASSETS = Listing("bc/asset/admin/get/", 50, ("asset_id",))
ASSET_MEMBERS = Listing("bc/asset/member/get/", 20, ("user_id",))
ACCOUNT_USERS = Listing("bc/asset/advertiser/assigned/", 50, ("advertiser_id",))
PIXEL_USERS = Listing("bc/pixel/link/get/", 50, ("advertiser_id",))
GROUPS = Listing("bc/asset_group/list/", 50, ("asset_group_id",), items="asset_groups")
GROUP_ASSETS = Listing(GET_GROUP, 50, ("asset_id",), items="assets")
GROUP_MEMBERS = Listing(GET_GROUP, 50, ("member_id",), items="members")
PARTNERS = Listing("bc/partner/get/", 50, ("bc_id",))
SHARES = Listing("bc/partner/asset/get/", 50, ("asset_id",))
IDENTITIES = Listing("identity/get/", 100, ("identity_id",), items="identity_list")
ACTIVITY = Listing("changelog/get/", 50, (), items="changelog_list")


SYSTEM = "business_center"

MEMBER_ROLES = {"admin": "ADMIN", "standard": "STANDARD"}
FINANCE_ROLES = {"manager": "MANAGER", "analyst": "ANALYST"}
AD_ACCOUNT_ROLES = {"admin": "ADMIN", "operator": "OPERATOR", "analyst": "ANALYST"}
GROUP_ROLES = {role: f"ADVERTISER_ROLE_{word}" for role, word in AD_ACCOUNT_ROLES.items()}

MEMBER_STATUS = {
    "BOUND": Status.ACTIVE,
    "PENDING": Status.INVITED,
    "REJECTED": Status.DECLINED,
    "UNBOUND": Status.REMOVED,
}
ASSET_STATUS = {**MEMBER_STATUS, "PENDING": Status.REQUESTED}
"""Catalogs, lead libraries and TikTok accounts have none: they are there or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetType:
    """How one kind of asset appears in the interface."""

    kind: str
    word: str
    role_field: str = ""
    """Where a person's access says what it allows; empty where access has no roles."""
    roles: Mapping[str, str]
    """Our word -> theirs."""
    is_set: bool = False
    """Whether a person has any number of these."""
    is_listed: bool = False
    """Whether the one role stands in a list; of several the strongest counts, because it contains the others."""
    sends_role_as: str = ""
    """Another name of the field when giving access."""
    lists_members: bool = False
    """Whether the interface lists who has access to one asset; else only what one person has access to."""
    assign: str = ""
    """Why access cannot be given by a call; empty where it can."""
    unassign: str = ""
    """Why access cannot be taken away by a call; empty where it can."""

    @property
    def access(self) -> str:
        """Kind of people's access to it."""
        return f"{self.kind}_access"

    def role_words(self, attributes: Attributes) -> dict[str, str | list[str]]:
        """The fields that give these attributes; raises KeyError with a role that the interface does not have."""
        name = self.sends_role_as or self.role_field
        if self.is_set:
            return {name: [self.roles[each] for each in attributes.get("permissions", ())]}
        role = self.roles[role_in(attributes)] if name else ""
        return {name: [role] if self.is_listed else role} if name else {}

    def covers(self, found: Attributes, wanted: Attributes) -> bool:
        """Whether somebody with the one can do all that the other allows; roles are listed from the highest down."""
        if self.is_set:
            return set(found.get("permissions", ())) >= set(wanted.get("permissions", ()))
        ranks = {role: rank for rank, role in enumerate(self.roles)}
        lowest = len(ranks)
        return ranks.get(str(found.get("role")), lowest) <= ranks.get(str(wanted.get("role")), lowest)

    def attributes(self, row: Mapping[str, object]) -> Attributes:
        """What a row says a person may do; a lead library says nothing, because it has one role only."""
        ours = {word: role for role, word in self.roles.items()}
        said = row.get(self.role_field) if self.role_field else None
        if self.is_set:
            words = said if isinstance(said, list) else []
            return {"permissions": tuple(sorted(ours.get(word, str(word).lower()) for word in words))} if words else {}
        if self.is_listed and isinstance(said, list):
            said = next((word for word in self.roles.values() if word in said), said[0] if said else None)
        if isinstance(said, str) and said:
            return {"role": ours.get(said, said.lower())}
        return {"role": next(iter(self.roles))} if len(self.roles) == 1 else {}


_PIXELS = "the interface gives nobody access to a pixel"
_SHOPS = "the documented interface takes nobody's access to a shop away"

ASSET_TYPES: tuple[AssetType, ...] = (
    AssetType(
        kind="ad_account", word="ADVERTISER", role_field="advertiser_role", roles=AD_ACCOUNT_ROLES, lists_members=True
    ),
    AssetType(
        kind="tiktok_account",
        word="TT_ACCOUNT",
        role_field="tt_account_roles",
        roles={"post": "POST", "live": "LIVE", "direct_message": "DIRECT_MESSAGE"},
        is_set=True,
    ),
    AssetType(
        kind="catalog",
        word="CATALOG",
        role_field="catalog_role",
        roles={"admin": "ADMIN", "ad_promote": "AD_PROMOTE"},
        lists_members=True,
    ),
    AssetType(kind="pixel", word="PIXEL", roles={}, assign=_PIXELS, unassign=_PIXELS),
    AssetType(
        kind="shop",
        word="TIKTOK_SHOP",
        role_field="store_role",
        roles={"ad_promotion": "AD_PROMOTION"},
        unassign=_SHOPS,
    ),
    AssetType(
        kind="lead_library",
        word="LEAD",
        roles={"admin": "ADMIN"},
        sends_role_as="form_library_role",
        lists_members=True,
    ),
    AssetType(
        kind="managed_account",
        word="MANAGED_BUSINESS_ACCOUNT",
        role_field="business_account_roles",
        roles={role: f"BUSINESS_ACCOUNT_{role.upper()}" for role in ("admin", "operator", "analyst")},
        is_listed=True,
        lists_members=True,
    ),
)
BY_KIND = {each.kind: each for each in ASSET_TYPES}
USED_KINDS = ("tiktok_account", "pixel", "managed_account")
"""Assets that ad accounts may be allowed to use."""
BY_ACCESS = {each.access: each for each in ASSET_TYPES}
SHARED_BY_CALL = frozenset({"partner_share"})
"""Kinds of shares that a call gives and takes away."""


def member_attributes(row: Mapping[str, object]) -> Attributes:
    """What a row of the member list says a person is; the finance role is there only where the person has one."""
    role = str(row.get("user_role") or "").lower()
    extended = row.get("ext_user_role")
    finance = extended.get("finance_role") if isinstance(extended, dict) else None
    return {"role": role, **({"finance": str(finance).lower()} if finance else {})}


_BY_HAND = frozenset({Action.REQUEST_ACCESS, Action.LINK, Action.CHANGE_LINK, Action.GIVE_UP_ADMIN})
"""What no call does alone: owners are asked, scan a code or give up their own rights."""
NOT_OFFERED = {
    Action.CREATE_ORGANIZATION: "its first admin creates a Business Center on the site",
    Action.DELETE_ORGANIZATION: "no way to delete a Business Center is documented",
    Action.TRANSFER_APP: "a Business Center has no apps",
}
"""What the interface has no way to do, and why."""


def find_obstacle(change: Change) -> str:
    """Why a change of an otherwise possible action takes a person; empty when it does not."""
    kind, asset_type = change.address.kind, BY_ACCESS.get(change.address.kind)
    if KINDS[kind].is_share and kind not in SHARED_BY_CALL:
        return f"no call shares a {KINDS[KINDS[kind].parents[1]].title} with a partner"
    if asset_type is None:
        return ""
    return asset_type.unassign if change.action is Action.REVOKE else asset_type.assign


def is_done_by_hand(change: Change) -> bool:
    """Whether an admin at the site has to do it, because no call does."""
    return change.action in _BY_HAND or bool(find_obstacle(change))


class Remedy(StrEnum):
    """What a failed call calls for."""

    NONE = "none"
    """Saying it again changes nothing."""
    WAIT = "wait"
    """Turned away before anything was done: slow down and say it again."""
    DOUBT = "doubt"
    """Something broke on the way: a reading is repeated, after a writing one looks whether it took effect."""
    LOOK = "look"
    """The object may be as wanted already: look before calling it a failure."""
    STOP = "stop"
    """The credentials do not work; no other call will fare better."""


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """One row of the table."""

    meaning: str
    remedy: Remedy = Remedy.NONE


OK, PARTLY_OK = 0, 20001
"""Done, and some of it done; what a call that did some of it has done is read afterwards, like after every call."""

CODES: dict[int, ReturnCode] = {
    40000: ReturnCode("invalid parameters"),
    40001: ReturnCode("no permission for this operation: the role, the scope of the token or the object"),
    40002: ReturnCode("a parameter is wrong, or there is no permission for the object"),
    40003: ReturnCode("forbidden"),
    40006: ReturnCode("the version of the interface does not fit"),
    40007: ReturnCode("the object does not exist", Remedy.LOOK),
    40008: ReturnCode("not implemented"),
    40009: ReturnCode("not available in TikTok's sandbox"),
    40010: ReturnCode("wrong domain for this token"),
    40011: ReturnCode("too many ids in one call"),
    40012: ReturnCode("nothing to update", Remedy.LOOK),
    40013: ReturnCode("wrong domain: TikTok's sandbox"),
    40014: ReturnCode("wrong domain: TikTok's sandbox"),
    40016: ReturnCode("called too often", Remedy.WAIT),
    40050: ReturnCode("the same request came twice", Remedy.LOOK),
    40051: ReturnCode("invalid version of the interface"),
    40061: ReturnCode("invalid batch size"),
    40100: ReturnCode("called too often: a limit of the app is reached", Remedy.WAIT),
    40101: ReturnCode("app id, secret and code do not belong together", Remedy.STOP),
    40102: ReturnCode("the access token has expired", Remedy.STOP),
    40103: ReturnCode("the refresh token has expired", Remedy.STOP),
    40104: ReturnCode("the access token is empty", Remedy.STOP),
    40105: ReturnCode("the access token is wrong or was revoked", Remedy.STOP),
    40106: ReturnCode("the access token does not belong to this user"),
    40107: ReturnCode("the refresh token is wrong", Remedy.STOP),
    40108: ReturnCode("wrong grant type", Remedy.STOP),
    40109: ReturnCode("wrong cipher", Remedy.STOP),
    40110: ReturnCode("the authorization code was used, cancelled or has expired", Remedy.STOP),
    40112: ReturnCode("wrong password", Remedy.STOP),
    40113: ReturnCode("the app is blocked or unknown", Remedy.STOP),
    40114: ReturnCode("the advertiser has logged out"),
    40115: ReturnCode("wrong timestamp"),
    40116: ReturnCode("wrong signature", Remedy.STOP),
    40117: ReturnCode("this app may not call it"),
    40118: ReturnCode("only for apps on an allowlist"),
    40119: ReturnCode("the developer's company is not the advertiser's"),
    40124: ReturnCode("the developer's profile is not approved"),
    40125: ReturnCode("the developer lacks the permission"),
    40130: ReturnCode("the token lacks the scope"),
    40132: ReturnCode("called too often with one value", Remedy.WAIT),
    40133: ReturnCode("called too often for one advertiser", Remedy.WAIT),
    40200: ReturnCode("the task failed"),
    40201: ReturnCode("the task is not ready yet", Remedy.WAIT),
    40202: ReturnCode("somebody else writes to the same object", Remedy.WAIT),
    40300: ReturnCode("the advertiser does not exist"),
    40301: ReturnCode("the advertiser does not match"),
    40400: ReturnCode("there is no such address"),
    40700: ReturnCode("the platform could not validate the call"),
    41000: ReturnCode("calls from this country are not accepted", Remedy.STOP),
    41001: ReturnCode("taken out of service"),
    41002: ReturnCode("uses fields that are out of service"),
    50000: ReturnCode("an error of the platform", Remedy.DOUBT),
    50002: ReturnCode("an error or a timeout of the platform", Remedy.DOUBT),
    51060: ReturnCode("an error inside Business Center", Remedy.DOUBT),
    51061: ReturnCode("an error inside the business service", Remedy.DOUBT),
    60001: ReturnCode("down for maintenance", Remedy.DOUBT),
    61000: ReturnCode("called too often", Remedy.WAIT),
}

OVER_LIMIT = frozenset({40016, 40100, 61000})
"""Said when the app as a whole is over a limit; when it goes on for longer than a second, it is the one per minute."""

_FAMILIES = (
    (range(50000, 60000), ReturnCode("an error of the platform", Remedy.DOUBT)),
    (range(40000, 50000), ReturnCode("the call was refused")),
)


def get_return_code(code: int) -> ReturnCode:
    """What a code means; one that nobody has described yet is read by its first digit, and doubted otherwise."""
    unknown = next((row for family, row in _FAMILIES if code in family), ReturnCode("unknown answer", Remedy.DOUBT))
    return CODES.get(code, unknown)


class ApiError(Exception):
    """The interface said no, or its answer could not be understood, or none came.

    `code` is 0 where no return code was received. The text never holds what was sent, because that may contain
    a secret.
    """

    def __init__(
        self, message: str, *, endpoint: str, code: int = 0, request_id: str = "", remedy: Remedy | None = None
    ) -> None:
        known = get_return_code(code)
        super().__init__(message)
        self.message = message or known.meaning
        self.endpoint = endpoint
        self.code = code
        self.request_id = request_id
        self.remedy = remedy or known.remedy

    def __str__(self) -> str:
        said = f"{self.endpoint}: {self.message}"
        details = [f"code {self.code}"] if self.code else []
        details += [f"request {self.request_id}"] if self.request_id else []
        return f"{said} ({', '.join(details)})" if details else said


def stopping(error: ApiError) -> ProviderError:
    """The error that ends a run, for an answer after which no other call will fare better."""
    known = get_return_code(error.code).meaning if error.code else ""
    advice = "authorize the app again: `reconciler auth url`, then `reconciler auth exchange`"
    return ProviderError(f"{error}{f': {known}' if known and known != error.message else ''}", advice=advice)
