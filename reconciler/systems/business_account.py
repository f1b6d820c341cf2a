"""Business Account: one TikTok profile whose owner lets a team in, without the controls of an Organization Account.

The four roles come from guides, not from a page of TikTok's own; current pages know Organization Accounts and Business
Centers only. They are kept because people manage such accounts by these words, and marked weak so that nobody mistakes
them for the vendor's.
"""

from __future__ import annotations

from reconciler.core.kinds import Action
from reconciler.core.system import Fact, Role, System

_GUIDES = "agency guides on sharing a TikTok account with a team (no page of TikTok's own)"
_READ = "2026-11"

_ADMINISTRATOR = Role(
    name="administrator",
    label="Administrator",
    rank=40,
    may="Everything on the account, including its settings, billing and the team.",
    administers=True,
    handles_money=True,
    aliases=("admin", "owner", "manager"),
)
_EDITOR = Role(
    name="editor",
    label="Editor",
    rank=30,
    may="Create and schedule content.",
    may_not="Billing and sensitive settings.",
    aliases=("operator", "creator", "content_creator"),
)
_MODERATOR = Role(
    name="moderator",
    label="Moderator",
    rank=20,
    may="Answer comments.",
    aliases=("community_manager", "community manager"),
)
_ANALYST = Role(
    name="analyst",
    label="Analyst",
    rank=10,
    may="Read analytics.",
    may_not="Post or change anything.",
    aliases=("viewer", "reader", "read_only"),
)

BUSINESS_ACCOUNT = System(
    name="business_account",
    title="TikTok Business Account",
    roles={"member": (_ADMINISTRATOR, _EDITOR, _MODERATOR, _ANALYST)},
    kinds=("organization", "member"),
    identifiers=("email",),
    must_be_registered=False,
    creatable="the owner of a profile turns it into a Business Account in the TikTok app; declare it once that is done",
    cannot={
        Action.DELETE_ORGANIZATION: "deleting an account would delete the profile with its content, which is not a "
        "matter of access",
        Action.GIVE_UP_ADMIN: "no such step is documented; another Administrator changes the role",
    },
    facts=(
        Fact(
            text="A personal account has no team: it has to be turned into a Business or Organization Account before "
            "anybody else can be let in without sharing its password.",
            source=_GUIDES,
            date=_READ,
            certainty="weak",
        ),
        Fact(
            text="An administrator invites by e-mail; the invitee accepts under the same address and may register "
            "while doing so.",
            source=_GUIDES,
            date=_READ,
            certainty="weak",
        ),
        Fact(
            text="Roles are Administrator, Editor, Analyst and Moderator; no page of TikTok's own lists them.",
            source=_GUIDES,
            date=_READ,
            certainty="weak",
        ),
    ),
)
