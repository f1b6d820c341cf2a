"""Business Center: members, partners and the advertising assets they work on.

Being a member gives no access to any asset; what each asset offers is in `business_center_assets`. Unlike the other
systems it has a public interface; which of its actions that interface can do is for the provider to say, not for
these data.
"""

from __future__ import annotations

from reconciler.core.kinds import Action
from reconciler.core.system import Fact, Role, System
from reconciler.systems.business_center_assets import ASSET_FACTS, ASSET_KINDS, ASSET_PERMISSIONS, ASSET_ROLES

_HELP = "https://ads.tiktok.com/help/article"
_ABOUT = f"{_HELP}/tiktok-business-center"
_ADD_USERS = f"{_HELP}/add-users-tiktok-business-center"
_ROLES = f"{_HELP}/about-business-center-roles-and-permissions"
_REMOVE = f"{_HELP}/how-to-remove-members-from-your-ad-account-in-business-center"
_SECURING = f"{_HELP}/best-practices-for-securing-your-business-center"
_SETTINGS = f"{_HELP}/manage-settings-tiktok-business-center-account"
_READ = "2026-11"

_ADMIN = Role(
    name="admin",
    label="Admin",
    rank=20,
    may="Manage members, partners, settings and assets: create, request, transfer and assign them.",
    may_not="Work inside an asset that is not assigned to them, or see or manage money without a finance role.",
    administers=True,
    cap=20,
    aliases=("administrator", "owner", "manager"),
)
_STANDARD = Role(
    name="standard",
    label="Standard",
    rank=10,
    may="Work on the assets assigned to them.",
    may_not="Manage members, partners or requests, or assign assets.",
    cap=3980,
    aliases=("member", "employee", "user", "operator"),
)
_FINANCE_MANAGER = Role(
    name="manager",
    label="Finance Manager",
    rank=20,
    may="Full control of payments.",
    handles_money=True,
    aliases=("finance_manager", "finance manager", "admin"),
)
_FINANCE_ANALYST = Role(
    name="analyst",
    label="Finance Analyst",
    rank=10,
    may="See bills, invoices and transactions.",
    may_not="Change anything about payments.",
    handles_money=True,
    aliases=("finance_analyst", "finance analyst", "viewer"),
)

_LIMITS = Fact(
    text="A Business Center holds 4,000 members: 20 Admins and 3,980 Standard.", source=_ADD_USERS, date="2024-08"
)

BUSINESS_CENTER = System(
    name="business_center",
    title="TikTok Business Center",
    roles={"member": (_ADMIN, _STANDARD), "member.finance": (_FINANCE_MANAGER, _FINANCE_ANALYST), **ASSET_ROLES},
    permissions=ASSET_PERMISSIONS,
    kinds=("organization", "member", *ASSET_KINDS),
    identifiers=("email",),
    must_be_registered=True,
    needs_admin=True,  # S3-14: "Decide the Administrator before creating"
    member_cap=4000,
    limits_fact=_LIMITS,
    creatable="its first Admin creates it on the Business Center site; declare it with its id once it is there",
    risky={
        Action.UNLINK: "campaigns that use the account's identity or posts may break and new ones cannot choose it; "
        "since January 2026 most new campaigns need a linked account, so where it is the only one none may start; only "
        "its owner can allow it again",
        Action.CHANGE_SHARE: "a partner's role can be raised in place but lowered only by taking the share away and "
        "giving it again, which leaves a gap in the partner's access",
        Action.REMOVE_PARTNER: "everything shared in either direction is lost at once, and ads that run under a "
        "shared identity pause",
    },
    cannot={
        Action.DELETE_ORGANIZATION: "no way to delete a Business Center is documented",
    },
    unseen={
        "users of payment portfolios": "they may pay without any finance role; whoever holds one can look on the site",
        "shares of pixels, shops, catalogs and TikTok accounts with partners": "Admins give them by hand; each asset "
        "lists its partners on the site",
        "what owners allow on linked TikTok accounts that no ad account uses": "it is unverified; only the owner's app "
        "shows it, under 'Authorised Apps'",
        "programs with a member's approval": "apps and agents that hold a token do whatever that member may do",
    },
    facts=(
        Fact(
            text="Only people with a TikTok For Business account can create a Business Center, hold a role in one or "
            "receive assets.",
            source=_ABOUT,
            date=_READ,
        ),
        Fact(
            text="An invitee without an account can register while accepting. This disagrees with the page that asks "
            "for the account first, so an account is still expected.",
            source=_ADD_USERS,
            date="2024-08",
        ),
        _LIMITS,
        Fact(
            text="A Business Center holds 1,000 members, 20 of them Admins. Older than the page that says 4,000, "
            "which is followed.",
            source=f"{_HELP}/business-center-faqs",
            date="2024-06",
            certainty="weak",
        ),
        Fact(
            text="Invitations end after some time; how long is not published. They can be sent again.",
            source="https://delvia.org/tiktok/troubleshooting/invite-not-working/invite-expired",
            date=_READ,
            certainty="weak",
        ),
        Fact(
            text="Only Admins manage members, partners and the assignment of assets; Admins and Standard members alike "
            "work only on what is assigned to them.",
            source=_ROLES,
            date="2025-08",
        ),
        Fact(
            text="Finance roles come on top of either role; an Admin too needs one to see or manage money.",
            source=_ROLES,
            date="2025-08",
        ),
        Fact(
            text="Whoever is removed loses roles, permissions and assets; the site asks for a confirmation code.",
            source=_REMOVE,
            date="2025-08",
        ),
        Fact(text="At least two Admins are advised, and no more than needed.", source=_SECURING, date=_READ),
        Fact(text="Members can take themselves out in the settings.", source=_SETTINGS, date=_READ),
        Fact(
            text="An allowed list of e-mail domains and two-step verification can be required of Admins only or of "
            "all members; outsiders who are in already are listed, not removed.",
            source=f"{_HELP}/how-to-create-an-email-allowlist",
            date=_READ,
        ),
        *ASSET_FACTS,
    ),
)
