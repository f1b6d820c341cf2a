"""What people tap in the TikTok app for an Organization Account; every admin works logged in to the account itself."""

from __future__ import annotations

from datetime import timedelta

from reconciler.systems.operations.operation import Actor, Operation, Party

_HELP = "https://ads.tiktok.com/help/article"
_INVITING = f"{_HELP}/how-to-invite-members-to-access-your-organization-account-in-the-tiktok-app"
_ACCEPTING = f"{_HELP}/how-to-accept-an-invitation-to-access-an-organization-account-as-a-member"
_REMOVING = f"{_HELP}/how-to-remove-member-permission-to-an-organization-account-in-tiktok-app"
_CREATING = f"{_HELP}/how-to-create-an-organization-account-in-business-center"
_READ = "2026-11"

_PERMISSIONS = (
    "Open the TikTok app, logged in to the Organization Account {organization} itself with your phone number or e-mail",
    "Tap 'Profile'",
    "Tap the three dashes at the top right",
    "Tap 'Settings and privacy'",
    "Tap 'Account'",
    "Tap 'Permissions'",
)
_BY_EMAIL = ("Tap 'Invite'", "Tap 'Use email address instead'", "Enter {identifier}")
_BY_PHONE = ("Tap 'Invite'", "Enter the phone number {identifier}")
_SEND = ("Tap 'Continue'", "Choose {role}", "Tap 'Invite'", "Tap 'OK', which confirms it a second time")
_REMOVE_STEPS = ("Tap the three dots beside {person}", "Tap 'Remove user'", "Tap 'Remove'")
_WAIT_OR_REMOVE = (
    (
        "Find the invitation to {former_identifier}; if it has three dots, tap them and remove it; if not, wait until "
        "it has ended by itself, 24 hours after it was sent"
    ),
)
_REACHABLE = ("{person} can be reached at {identifier} within the next 24 hours; after that the invitation is void",)
_VALID = "The invitation is valid for 24 hours from the moment it is sent; after that it has to be sent again."
_UNDESCRIBED = "How to cancel an invitation is not described anywhere; whoever has not accepted has no access."

_ACCEPT = Party(
    actor=Actor.INVITEE,
    title="Accept the invitation to the Organization Account {organization}",
    preconditions=("Less than 24 hours have passed since the invitation was sent; if not, ask for another one",),
    steps=(
        "Find the SMS or mail that TikTok sent to {identifier}",
        "Open its link; it opens the TikTok app, or the browser where there is none",
        "Enter the six-digit code that is sent to {identifier}",
        "Tap 'Continue'",
        "Make sure that the role is {role}",
    ),
    done_when="The TikTok app offers the account {organization}",
    note="You need no account of your own for it: the code proves that the phone or address is yours. Give the code "
    "to nobody.",
    undo="An admin removes you",
    undone_by="organization_account.remove_member",
    lasts=timedelta(hours=24),
)


def _invite(key: str, title: str, steps: tuple[str, ...], note: str = _VALID) -> Operation:
    """An invitation; only the way to name the person differs."""
    return Operation(
        key=key,
        parties=(
            Party(
                actor=Actor.ADMIN,
                title=title,
                preconditions=_REACHABLE,
                steps=(*_PERMISSIONS, *steps, *_SEND),
                done_when="The list under 'Permissions' shows {person}, or the app says that the invitation was sent; "
                "they are in once they accept within 24 hours",
                note=note,
                undo="Remove them once they have accepted; an invitation that nobody accepts ends after 24 hours",
                undone_by="organization_account.remove_member",
            ),
            _ACCEPT,
        ),
        source=_INVITING,
        date=_READ,
    )


ORGANIZATION_ACCOUNT = (
    _invite("organization_account.invite_by_phone", "Invite {person} to {organization} as {role}", _BY_PHONE),
    _invite("organization_account.invite_by_email", "Invite {person} to {organization} as {role}", _BY_EMAIL),
    _invite(
        "organization_account.reinvite_by_phone",
        "Replace the invitation of {person} to {organization}: now {role}",
        (*_WAIT_OR_REMOVE, *_BY_PHONE),
        f"{_VALID} {_UNDESCRIBED}",
    ),
    _invite(
        "organization_account.reinvite_by_email",
        "Replace the invitation of {person} to {organization}: now {role}",
        (*_WAIT_OR_REMOVE, *_BY_EMAIL),
        f"{_VALID} {_UNDESCRIBED}",
    ),
    Operation(key="organization_account.accept", parties=(_ACCEPT,), source=_ACCEPTING, date=_READ),
    Operation(
        key="organization_account.cancel_invitation",
        parties=(
            Party(
                actor=Actor.ADMIN,
                title="Cancel the invitation of {person} to {organization}",
                steps=(*_PERMISSIONS, *_WAIT_OR_REMOVE),
                done_when="'Permissions' does not show {former_identifier} any more, or 24 hours have passed and they "
                "have not accepted",
                note=f"{_UNDESCRIBED} If they accept meanwhile, remove them.",
                undo="Send another invitation",
                undone_by="organization_account.invite_by_email",
            ),
        ),
        source=_ACCEPTING,
        date=_READ,
        certainty="inferred",
    ),
    Operation(
        key="organization_account.remove_member",
        parties=(
            Party(
                actor=Actor.ADMIN,
                title="Remove {person} from {organization}",
                steps=(*_PERMISSIONS, *_REMOVE_STEPS),
                done_when="{person} is not in the list under 'Permissions' any more; they were logged out at once",
                note="Seller Center can give access to the same account. If the organization has a shop, make sure "
                "there too that they have none.",
                undo="Invite them again",
                undone_by="organization_account.invite_by_email",
            ),
        ),
        source=_REMOVING,
        date="2026-01",
    ),
    Operation(
        key="organization_account.change_role",
        parties=(
            Party(
                actor=Actor.ADMIN,
                title="Change the role of {person} in {organization} from {former_role} to {role}",
                preconditions=("At least two people are admins now and after it",),
                steps=(
                    *_PERMISSIONS,
                    "Tap the three dots beside {person}",
                    "If a way to change the role is offered, set it to {role}, and write down what you tapped",
                    (
                        "If not: tap 'Remove user' and 'Remove', then invite {identifier} again as {role}; they have "
                        "no access until they accept"
                    ),
                ),
                done_when="'Permissions' shows {person} as {role}",
                note="No page describes how a role is changed. It is expected beside the step that removes a person.",
                undo="Set the role back to {former_role} in the same way",
                undone_by="organization_account.change_role",
            ),
        ),
        source=_REMOVING,
        date="2026-01",
        certainty="inferred",
    ),
    Operation(
        key="organization_account.create",
        parties=(
            Party(
                actor=Actor.CENTER_ADMIN,
                title="Create the Organization Account {organization}",
                preconditions=(
                    "The Business Center is verified as a business, and its contact and billing data are filled in",
                    "You are an Admin of it; you become the first Admin of the account",
                ),
                steps=(
                    "In the Business Center open 'Accounts' > 'TikTok accounts'",
                    "Click 'Add a TikTok account'",
                    (
                        "Choose 'Create a new TikTok Organization Account' or, on newer pages, 'Create a new TikTok "
                        "account'"
                    ),
                    "Click 'Next' or, on newer pages, 'Create new'",
                    "Type the nickname, choose the operating region, and the username {organization}",
                    "Click 'Create'",
                ),
                done_when="'TikTok accounts' shows {organization}, and you are its Admin",
                note="A personal or business account can be upgraded instead: its earlier logins end at once, and "
                "after a trial of 15 days it cannot be taken back.",
            ),
        ),
        source=_CREATING,
        date=_READ,
    ),
)
