"""What the embedded platform enforces in each system, as its own data; what TikTok leaves open is a knob.

Deliberately a second writing of facts that `reconciler.systems` states for the planner: the sandbox is the judge of
the planner, and a judge that reads the planner's notes finds nothing. Sources: TikTok for Developers, "Working with
organizations"; TikTok for Business help centre on Organization Accounts, Business Center roles and member limits.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The rules of one system, in one of its variants."""

    roles: tuple[str, ...]
    admins: frozenset[str]
    """Roles that manage other people."""
    invitable: tuple[str, ...]
    """Roles an invitation can carry and a role change can lead to."""
    role_caps: Mapping[str, int] = field(default_factory=dict)
    """Role -> how many people hold it at most, pending invitations included."""
    finance: tuple[str, ...] = ()
    """Finance roles that come on top of the member's role."""
    creatable: bool = False
    admins_step_down_alone: bool = False
    """No admin can lower another admin; each can only give up their own rights."""
    owner_manages_admins: bool = False
    """Only the owner makes and unmakes admins."""
    repeated_invitation_is_ignored: bool = False


_DEVELOPERS = Platform(
    roles=("admin", "member"),
    admins=frozenset({"admin"}),
    invitable=("admin", "member"),
    creatable=True,
    admins_step_down_alone=True,
)

PLATFORMS: dict[tuple[str, str], Platform] = {
    ("developers", ""): _DEVELOPERS,
    ("developers", "research"): dataclasses.replace(_DEVELOPERS, creatable=False),
    ("developers", "owner"): Platform(
        roles=("owner", "admin", "member"),
        admins=frozenset({"owner", "admin"}),
        invitable=("admin", "member"),
        role_caps={"owner": 1, "admin": 20},
        creatable=True,
        admins_step_down_alone=True,
        owner_manages_admins=True,
    ),
    ("organization_account", ""): Platform(
        roles=("admin", "operator"), admins=frozenset({"admin"}), invitable=("admin", "operator")
    ),
    ("business_account", ""): Platform(
        roles=("administrator", "editor", "analyst", "moderator"),
        admins=frozenset({"administrator"}),
        invitable=("administrator", "editor", "analyst", "moderator"),
    ),
    ("business_center", ""): Platform(
        roles=("admin", "standard"),
        admins=frozenset({"admin"}),
        invitable=("admin", "standard"),
        role_caps={"admin": 20},
        finance=("manager", "analyst"),
        repeated_invitation_is_ignored=True,
    ),
}

APP_MANAGERS_PER_APP = 20

AD_ACCOUNT_ROLES = ("analyst", "operator", "admin")
"""Weakest first: a partner's role may be raised in place but not lowered."""

ASSET_ROLES: dict[str, tuple[str, ...]] = {
    "ad_account": AD_ACCOUNT_ROLES,
    "catalog": ("ad_promote", "admin"),
    "shop": ("ad_promotion",),
    "lead_library": ("admin",),
    "managed_account": ("analyst", "operator", "admin"),
    "pixel": (),
}
"""Kind -> the one role that access to it carries; nothing where there is no role at all."""

SHARE_ROLES: dict[str, tuple[str, ...]] = {
    "ad_account": AD_ACCOUNT_ROLES,
    "catalog": ASSET_ROLES["catalog"],
    "pixel": (),
    "shop": (),
    "tiktok_account": (),
}
"""Kind -> the one role that a partner gets, weakest first; nothing where a partner has it or has it not."""

ACCOUNT_PERMISSIONS = frozenset({"post", "live", "direct_message"})
"""What a member may do with a TikTok account, any set of which can be given."""

LINK_PERMISSIONS = frozenset({"existing_posts", "publish_ads_only", "publish_to_profile", "live", "direct_message"})
"""What the owner of a TikTok account lets a Business Center do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Whatever the real platforms leave open or may change.

    Defaults follow what TikTok documents; where it is silent, the stricter guess.
    """

    developers_must_be_registered: bool = True
    business_center_must_be_registered: bool = False
    """Off, because the invitation mail lets a newcomer register while accepting."""
    developers_invitation_hours: int = 30 * 24
    organization_account_invitation_hours: int = 24
    business_account_invitation_hours: int = 30 * 24
    business_center_invitation_hours: int = 30 * 24
    developers_members: int = 10
    """Active and pending together; "by default", so it can be raised. The owner role system has no such limit."""
    business_center_members: int = 4000
    last_admin_may_go: bool = False
    """Whether the only active admin can leave, be removed or step down. Not documented anywhere."""
    admins_remove_admins: bool = True
    link_hours: int = 24
    """How long a TikTok account's owner can scan the code. Really a matter of minutes; a loop that runs once a day
    could never finish a link then, so the sandbox stands in for the coordinator who repeats it."""
    partner_must_approve: bool = False
    inviting_a_member_is_ignored: bool = True
    """Business Center: whether inviting somebody who already is a member is quietly ignored or refused."""

    def invitation_hours(self, system: str) -> int:
        """How long an invitation can be answered."""
        return int(getattr(self, f"{system}_invitation_hours"))

    def must_be_registered(self, system: str) -> bool:
        """Whether only people who already have an account in the system can be invited."""
        return bool(getattr(self, f"{system}_must_be_registered", False))

    def member_cap(self, system: str, variant: str) -> int | None:
        """Most members, pending ones included."""
        if system == "developers" and variant != "owner":
            return self.developers_members
        return self.business_center_members if system == "business_center" else None

    def to_json(self) -> str:
        """Text for the world file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Knobs:
        """Named knobs turned, the others at their default; raises ValueError for a wrong name or type."""
        kinds = {field.name: type(field.default) for field in dataclasses.fields(cls)}
        for name, value in values.items():
            if name not in kinds:
                raise ValueError(f"there is no knob {name!r}; there are {', '.join(sorted(kinds))}")
            if type(value) is not kinds[name]:
                raise ValueError(f"knob {name} takes {kinds[name].__name__}, not {value!r}")
        return cls(**values)  # type: ignore[arg-type]  # names and types were compared just above
