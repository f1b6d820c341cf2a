"""Organization Account: one TikTok profile that belongs to a verified organization, run from the TikTok app.

Everything is done on a phone, logged in to the account itself.
"""

from __future__ import annotations

from reconciler.core.kinds import Action
from reconciler.core.system import Fact, Role, System

_HELP = "https://ads.tiktok.com/help/article"
_INVITE = f"{_HELP}/how-to-invite-members-to-access-your-organization-account-in-the-tiktok-app"
_ACCEPT = f"{_HELP}/how-to-accept-an-invitation-to-access-an-organization-account-as-a-member"
_REMOVE = f"{_HELP}/how-to-remove-member-permission-to-an-organization-account-in-tiktok-app"
_CREATE = f"{_HELP}/how-to-create-an-organization-account-in-business-center"
_UPGRADE = f"{_HELP}/about-updating-a-personal-or-business-account-to-an-organization-account"
_SELLER_CENTER = "https://seller-us.tiktok.com/university (article 2500395617929015)"
_READ = "2026-11"

_ADMIN = Role(
    name="admin",
    label="Admin",
    rank=20,
    may="Everything: sensitive actions, settings, inviting people, assigning roles and permissions.",
    administers=True,
    aliases=("administrator", "owner", "manager"),
)
_OPERATOR = Role(
    name="operator",
    label="Operator",
    rank=10,
    may="Content, chats and connections.",
    may_not="Settings, roles, permissions and sensitive actions.",
    aliases=("editor", "moderator", "member", "standard", "analyst"),
)

ORGANIZATION_ACCOUNT = System(
    name="organization_account",
    title="TikTok Organization Account",
    roles={"member": (_ADMIN, _OPERATOR)},
    kinds=("organization", "member"),
    identifiers=("email", "phone"),
    must_be_registered=False,
    invitation_hours=24,
    creatable="an Admin of a verified Business Center creates it there, or an existing account is upgraded; declare it "
    "once it is there",
    cannot={
        Action.DELETE_ORGANIZATION: "no way to delete one is documented; an upgrade can only be undone in its trial",
        Action.GIVE_UP_ADMIN: "no such step is documented; another Admin changes the role",
    },
    unseen={
        "sub-accounts of Seller Center": "Seller Center gives and takes their access to the account",
    },
    facts=(
        Fact(
            text="Only an Admin invites, by phone number or by e-mail, and chooses Admin or Operator in doing so; "
            "access begins when the invitation is accepted.",
            source=_INVITE,
            date=_READ,
        ),
        Fact(
            text="An invitation is valid for 24 hours. It comes by SMS or e-mail with a link and is accepted with a "
            "six-digit code sent to the same phone or address.",
            source=_ACCEPT,
            date=_READ,
        ),
        Fact(
            text="No account is needed before accepting, because the code alone proves who accepts.",
            source=_ACCEPT,
            date=_READ,
            certainty="inferred",
        ),
        Fact(
            text="Whoever is removed is logged out at once; reviewing the list regularly is advised.",
            source=_REMOVE,
            date="2026-01",
        ),
        Fact(
            text="The steps for changing a role are not described; they are expected beside those for removing.",
            source=_REMOVE,
            date="2026-01",
            certainty="inferred",
        ),
        Fact(
            text="Cancelling an invitation is not described; one that nobody accepts ends by itself after 24 hours.",
            source=_ACCEPT,
            date=_READ,
            certainty="inferred",
        ),
        Fact(
            text="It can be created in a business-verified Business Center by an Admin of it, who becomes its Admin.",
            source=_CREATE,
            date=_READ,
        ),
        Fact(
            text="Upgrading a personal or business account ends its earlier logins and becomes permanent after a trial "
            "of 15 days.",
            source=_UPGRADE,
            date=_READ,
        ),
        Fact(
            text="Seller Center can give its sub-accounts access to the same account; it is taken away there, which "
            "logs them out at once.",
            source=_SELLER_CENTER,
            date=_READ,
        ),
    ),
)
