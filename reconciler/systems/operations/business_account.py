"""What is known of sharing a Business Account, which is little, and no page of TikTok's own.

Guides name one place, 'Team Members', and three things to fill in. Everything beyond is left to whoever stands in front
of the page, and each order says so.
"""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_GUIDES = "agency guides on sharing a TikTok account with a team (no page of TikTok's own)"
_READ = "2026-11"

_OPEN = ("Log in to the Business Account {organization} as an administrator", "Open its 'Team Members' section")
_HONEST = (
    "Only guides describe this, and no page of TikTok's own: what is certain is the 'Team Members' section, an "
    "invitation by e-mail, and a role. Write down what you clicked, and report it if it was different."
)
_SEND = ("Invite by e-mail: type {identifier}", "Choose the role {role}", "Send the invitation")
_ACCEPT = Party(
    actor=Actor.INVITEE,
    title="Accept the invitation to the Business Account {organization}",
    steps=(
        "Find the mail that TikTok sent to {identifier}; look among spam too",
        (
            "Open its link, and log in with exactly the address {identifier}; if you have no account with it, register "
            "while you accept"
        ),
        "Make sure that the role is {role}",
    ),
    done_when="You can open {organization} with the role {role}",
    note="It works only with the address that was invited. If it does not: log out of other accounts, clear the "
    "cookies, or take another browser.",
    undo="An administrator removes you",
    undone_by="business_account.remove_member",
)


def _by_administrator(key: str, party: Party, *, then: tuple[Party, ...] = ()) -> Operation:
    return Operation(key=key, parties=(party, *then), source=_GUIDES, date=_READ, certainty="weak")


BUSINESS_ACCOUNT = (
    _by_administrator(
        "business_account.invite",
        Party(
            actor=Actor.ADMIN,
            title="Invite {person} to {organization} as {role}",
            preconditions=(
                (
                    "{organization} is a Business Account; a personal account has to be turned into one first, because "
                    "it has no team"
                ),
                "{identifier} is spelled right; wrong addresses are the usual cause of failure",
            ),
            steps=(*_OPEN, *_SEND),
            done_when="'Team Members' shows {identifier} as invited; once they have accepted, look at their role again",
            note=_HONEST,
            undo="Remove them in 'Team Members'",
            undone_by="business_account.cancel_invitation",
        ),
        then=(_ACCEPT,),
    ),
    _by_administrator("business_account.accept", _ACCEPT),
    _by_administrator(
        "business_account.reinvite",
        Party(
            actor=Actor.ADMIN,
            title="Replace the invitation of {person} to {organization}: now {role}",
            steps=(*_OPEN, "Find the invitation to {former_identifier} and take it back", *_SEND),
            done_when="'Team Members' shows one invitation for {person}, with {identifier} and {role}",
            note=_HONEST,
            undo="Take the invitation back",
            undone_by="business_account.cancel_invitation",
        ),
        then=(_ACCEPT,),
    ),
    _by_administrator(
        "business_account.cancel_invitation",
        Party(
            actor=Actor.ADMIN,
            title="Cancel the invitation of {person} to {organization}",
            steps=(*_OPEN, "Find the invitation to {former_identifier} and take it back"),
            done_when="'Team Members' does not show {former_identifier} any more",
            note=_HONEST,
            undo="Invite them again",
            undone_by="business_account.invite",
        ),
    ),
    _by_administrator(
        "business_account.change_role",
        Party(
            actor=Actor.ADMIN,
            title="Change the role of {person} in {organization} from {former_role} to {role}",
            steps=(
                *_OPEN,
                "Find {person}",
                "Set the role to {role}; if no page offers it, remove them and invite {identifier} as {role}",
            ),
            done_when="'Team Members' shows {person} as {role}",
            note=_HONEST,
            undo="Set the role back to {former_role}",
            undone_by="business_account.change_role",
        ),
    ),
    _by_administrator(
        "business_account.remove_member",
        Party(
            actor=Actor.ADMIN,
            title="Remove {person} from {organization}",
            steps=(*_OPEN, "Find {person}", "Remove them, and confirm"),
            done_when="'Team Members' does not show {person} any more",
            note=f"If the account ever had a password that several people knew, change it now. {_HONEST}",
            undo="Invite them again",
            undone_by="business_account.invite",
        ),
    ),
    _by_administrator(
        "business_account.convert",
        Party(
            actor=Actor.ACCOUNT_OWNER,
            title="Turn {organization} into a Business Account",
            preconditions=(
                (
                    "{organization} is a personal account; such an account has no team, and giving its password away "
                    "is the only other way to share it, which nobody should do"
                ),
            ),
            steps=(
                "Open the TikTok app, logged in to {organization}",
                "Open 'Settings and privacy', then 'Account'",
                "Choose to switch to a Business Account, and follow the pages",
                "Make sure that a 'Team Members' section exists now",
            ),
            done_when="{organization} is a Business Account and has a 'Team Members' section",
            note=_HONEST,
        ),
    ),
)
