"""The reading calls that return lists: their addresses, how long a page may be and where the list is.

From the pages of the official documentation and the machine-readable files of TikTok's SDK. Every address ends with a
slash; without it the gateway does not find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.model.values import dataclass

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
