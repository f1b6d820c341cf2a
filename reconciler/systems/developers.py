"""TikTok for Developers: organizations that own registered apps or one research project.

There is no public interface for any of this: everything happens on the developer portal. Organizations created before
the portal got its new role system keep admin and member until they are migrated; the two role systems and the research
organizations are variants of one system.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.kinds import Action
from reconciler.core.system import Fact, Role, System

_ORGANIZATIONS = "https://developers.tiktok.com/doc/working-with-organizations"
_ROLES = "https://developers.tiktok.com/doc/manage-roles-and-access"
_RESEARCH = "https://developers.tiktok.com/doc/research-api-faq"
_PREPARE = "https://developers.tiktok.com/doc/perpare-your-developer-account"
_APPS = "https://developers.tiktok.com/doc/getting-started-create-an-app"
_READ = "2026-11"

_ADMIN = Role(
    name="admin",
    label="Admin",
    rank=20,
    may="Everything in the organization: invite and remove members, make members admins, accept apps that are "
    "transferred in, delete the organization.",
    may_not="Lower another admin: admins can only give up their own rights.",
    administers=True,
    aliases=("administrator", "owner", "manager"),
)
_MEMBER = Role(
    name="member",
    label="Member",
    rank=10,
    may="Use what the organization owns: its apps and research projects.",
    may_not="Manage the organization or who is in it.",
    aliases=("standard", "developer", "user"),
)

_SHARED_FACTS = (
    Fact(
        text="An invitation goes to the e-mail address that is registered on the invitee's developer account; an "
        "address without an account there is not supported.",
        source=_ORGANIZATIONS,
        date=_READ,
    ),
    Fact(
        text="How many invitations an admin may send is limited; the number is not published. Someone who declined or "
        "left needs a new one.",
        source=_ORGANIZATIONS,
        date=_READ,
    ),
    Fact(text="How long an invitation stays valid is not published.", source=_ORGANIZATIONS, date=_READ),
    Fact(
        text="The transfer of an app is done when the receiving side accepts it, and it cannot be taken back.",
        source=_ORGANIZATIONS,
        date=_READ,
    ),
    Fact(
        text="The app transfer mail goes to administrators; that these are the admins of the receiving organization "
        "follows from admins being the ones who approve imports.",
        source=_ORGANIZATIONS,
        date=_READ,
        certainty="inferred",
    ),
    Fact(
        text="The name of an organization is shown to end users and cannot be changed after creation.",
        source=_PREPARE,
        date=_READ,
    ),
    Fact(
        text="Real apps should be registered under an organization rather than a person; deleting an app is final.",
        source=_APPS,
        date=_READ,
    ),
    Fact(
        text="Members, roles and app ownership have no public programming interface; the published scopes cover "
        "none of them.",
        source="https://developers.tiktok.com/doc/tiktok-api-scopes",
        date=_READ,
    ),
    Fact(
        text="The pages on which organizations are managed were redesigned and some labels renamed.",
        source="https://developers.tiktok.com/doc/changelog",
        date="2025-12-23",
    ),
)
_NO_DEMOTION = Fact(
    text="No step is offered to lower another admin; that removing them and inviting them again as a member is the "
    "only other way follows from it.",
    source=_ORGANIZATIONS,
    date=_READ,
    certainty="inferred",
)
_TEN_MEMBERS = Fact(
    text="An organization has up to ten members by default. Whether pending invitations count is not said; they are "
    "counted to be safe.",
    source=_ORGANIZATIONS,
    date=_READ,
)
_NEW_ROLE_SYSTEM = Fact(
    text="New and migrated organizations have one owner, up to 20 admins, and up to 20 app managers for each app; "
    "older organizations keep admin and member.",
    source=_ROLES,
    date=_READ,
)

LEGACY = System(
    name="developers",
    title="TikTok for Developers organization",
    roles={"member": (_ADMIN, _MEMBER)},
    kinds=("organization", "member", "app"),
    identifiers=("email",),
    must_be_registered=True,
    member_cap=10,
    limits_fact=_TEN_MEMBERS,
    demotes_admins=False,
    irreversible={
        Action.TRANSFER_APP: "a completed app transfer cannot be taken back",
        Action.DELETE_ORGANIZATION: "a deleted organization cannot be restored",
    },
    risky={
        Action.REMOVE_AND_INVITE: "the person has no access until they accept again, and one of a limited number of "
        "invitations is spent",
    },
    facts=(*_SHARED_FACTS, _NO_DEMOTION, _TEN_MEMBERS, _NEW_ROLE_SYSTEM),
)

OWNER = replace(
    LEGACY,
    variant="owner",
    title="TikTok for Developers organization with an owner",
    kinds=("organization", "member", "app", "app_access"),
    roles={
        "member": (
            Role(
                name="owner",
                label="Organization owner",
                rank=30,
                may="Everything: appoint and manage admins, reach every app, manage the roles inside apps, delete the "
                "organization.",
                may_not="Be two people: there is exactly one.",
                administers=True,
                handed_over=True,
                cap=1,
                aliases=("organization owner",),
            ),
            Role(
                name="admin",
                label="Organization admin",
                rank=20,
                may="Reach every app of the organization and manage the roles inside apps.",
                may_not="Appoint or manage other admins, or delete the organization.",
                administers=True,
                manages_admins=False,
                cap=20,
                aliases=("administrator", "organization admin", "manager"),
            ),
            replace(
                _MEMBER,
                may="Work on the apps they are app manager of.",
                may_not="Reach any other app, or manage the organization or who is in it.",
            ),
        ),
        "app_access": (
            Role(
                name="app_manager",
                label="App manager",
                rank=10,
                may="Read and edit every page of this app.",
                may_not="Anything on other apps; the role is given for each app by itself.",
                cap=20,
                aliases=("manager", "admin", "app manager"),
            ),
        ),
    },
    member_cap=None,
    limits_fact=_NEW_ROLE_SYSTEM,
    demotes_admins=True,
    facts=(
        *_SHARED_FACTS,
        _NEW_ROLE_SYSTEM,
        Fact(
            text="Only the owner appoints and manages admins; that admins therefore cannot lower each other follows "
            "from what the page lists for each role, and so does that the owner can.",
            source=_ROLES,
            date=_READ,
            certainty="inferred",
        ),
        Fact(
            text="Ownership can be handed to another person; the steps are not in the part of the page that was read.",
            source=_ROLES,
            date=_READ,
        ),
    ),
)

RESEARCH = replace(
    LEGACY,
    variant="research",
    title="TikTok research organization",
    creatable="TikTok creates it when it approves the research project; declare it once it is there",
    facts=(
        *_SHARED_FACTS,
        _NO_DEMOTION,
        _TEN_MEMBERS,
        Fact(
            text="One principal researcher manages access for up to nine collaborators; TikTok reviews each of them, "
            "and whoever leaves the project has to be removed without delay.",
            source=_RESEARCH,
            date=_READ,
        ),
        Fact(
            text="The organization comes into being by itself when the project is approved. A research project cannot "
            "be put into any other organization.",
            source=_ORGANIZATIONS,
            date=_READ,
        ),
        Fact(
            text="An invitation asks additional questions about the person.",
            source=_ORGANIZATIONS,
            date=_READ,
        ),
    ),
)
