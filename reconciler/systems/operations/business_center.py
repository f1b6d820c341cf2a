"""What people click in Business Center to run it: members and settings.

It has a public interface too; these steps are for whoever has no access to that, and for what it has no call for.
"""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_HELP = "https://ads.tiktok.com/help/article"
_ADDING = f"{_HELP}/add-users-tiktok-business-center"
_ABOUT = f"{_HELP}/tiktok-business-center"
_FINDING = f"{_HELP}/how-to-find-members-and-change-permissions-across-standard-business-centers"
_REMOVING = f"{_HELP}/how-to-remove-members-from-your-ad-account-in-business-center"
_SETTINGS = f"{_HELP}/manage-settings-tiktok-business-center-account"
_VERIFICATION = f"{_HELP}/view-2-step-verification-status-in-your-business-center"
_DOMAINS = f"{_HELP}/how-to-create-an-email-allowlist"
_READ = "2026-11"

_OPEN = "Sign in to Business Center and open {organization}"
_USERS = "Open 'Users' > 'Members'"
_FIND = "Choose {person}"
_CANCEL_STEPS = ("Find the pending invitation to {former_identifier}", "Remove it, and confirm")
_INVITE_STEPS = (
    "Click 'Invite Member'",
    "Type {identifier}",
    "Choose {role}",
    "Under 'Advanced Permissions' choose {finance}",
    "Click 'Next'",
    "Click 'Skip' where assets are offered; access to assets has work orders of its own",
    "Click 'Confirm'",
)
_INVITABLE = (
    "If 'Business Settings' > 'Settings' > 'Security' has an allowed list of e-mail domains, {identifier} is inside it",
)
_LOST = "If the invitation got lost: under 'Members' click the pending address, then 'Resend'."
_ACCEPT = Party(
    actor=Actor.INVITEE,
    title="Accept the invitation to the Business Center {organization}",
    preconditions=(
        (
            "You have a TikTok For Business account with the address {identifier}; if you have none, sign up first, or "
            "while you accept where the page offers that"
        ),
    ),
    steps=(
        "Find the mail that TikTok sent to {identifier}; look among spam too",
        "Open its link and log in with exactly that address",
        "Join the Business Center",
    ),
    done_when="You can open {organization} in Business Center",
    note="The link ends after a time that is not published; then ask an Admin to send it again. If you are logged in "
    "with another account, log out first.",
    undo="Take yourself out in the settings",
    undone_by="business_center.leave",
)


def _by_admin(
    key: str, party: Party, *, source: str, date: str = _READ, certainty: str = "certain", then: tuple[Party, ...] = ()
) -> Operation:
    return Operation(key=key, parties=(party, *then), source=source, date=date, certainty=certainty)


BUSINESS_CENTER = (
    _by_admin(
        "business_center.invite_member",
        Party(
            actor=Actor.ADMIN,
            title="Invite {person} to {organization} as {role}",
            preconditions=_INVITABLE,
            steps=(_OPEN, _USERS, *_INVITE_STEPS),
            done_when="'Members' shows a pending row for {identifier}",
            note=_LOST,
            undo="Remove the pending row under 'Members'",
            undone_by="business_center.cancel_invitation",
        ),
        source=_ADDING,
        date="2024-08",
        then=(_ACCEPT,),
    ),
    _by_admin("business_center.accept", _ACCEPT, source=f"{_ADDING}, {_ABOUT}", date="2024-08"),
    _by_admin(
        "business_center.reinvite",
        Party(
            actor=Actor.ADMIN,
            title="Replace the invitation of {person} to {organization}: now {role}",
            preconditions=_INVITABLE,
            steps=(_OPEN, _USERS, *_CANCEL_STEPS, *_INVITE_STEPS),
            done_when="'Members' shows one pending row for {person}, with {identifier} and {role}",
            note="The pending row has to go first: as long as it is there, the address counts as invited.",
            undo="Remove the pending row under 'Members'",
            undone_by="business_center.cancel_invitation",
        ),
        source=_ADDING,
        date="2024-08",
        then=(_ACCEPT,),
    ),
    _by_admin(
        "business_center.cancel_invitation",
        Party(
            actor=Actor.ADMIN,
            title="Cancel the invitation of {person} to {organization}",
            steps=(_OPEN, _USERS, *_CANCEL_STEPS),
            done_when="'Members' does not show {former_identifier} any more",
            undo="Invite them again",
            undone_by="business_center.invite_member",
        ),
        source=_ADDING,
        date="2024-08",
        certainty="inferred",
    ),
    _by_admin(
        "business_center.change_member_role",
        Party(
            actor=Actor.ADMIN,
            title="Change the role of {person} in {organization} to {role}",
            steps=(
                _OPEN,
                _USERS,
                _FIND,
                "Click the pencil beside the role",
                "Choose {role}",
                "Under 'Advanced Permissions' choose {finance}",
                "Under 'Advanced Permissions' take {former_finance} away",
                "Confirm",
                "Look at the assets assigned to them; they do not change with the role",
            ),
            done_when="'Members' shows {person} as {role}",
            undo="Set the role back in the same way",
            undone_by="business_center.change_member_role",
        ),
        source=_FINDING,
    ),
    _by_admin(
        "business_center.remove_member",
        Party(
            actor=Actor.ADMIN,
            title="Remove {person} from {organization}",
            preconditions=("Nothing runs only under their name: they lose every role, permission and asset here",),
            steps=(
                _OPEN,
                _USERS,
                _FIND,
                "Click 'Remove'",
                "Click 'Confirm'",
                "Enter the confirmation code that is sent to you; give it to nobody",
            ),
            done_when="'Members' does not show {person} any more",
            undo="Invite them again and assign their assets anew",
            undone_by="business_center.invite_member",
        ),
        source=_REMOVING,
        date="2025-08",
    ),
    _by_admin(
        "business_center.leave",
        Party(
            actor=Actor.MEMBER,
            title="Leave the Business Center {organization}",
            preconditions=("If you are an Admin, at least two others are",),
            steps=(
                _OPEN,
                "Open 'Business Settings'",
                "Open 'Your information' and click 'Edit'",
                "Remove yourself from the Business Center",
            ),
            done_when="{organization} is not offered to you in Business Center any more",
            undo="Only an Admin's new invitation brings you back",
            undone_by="business_center.invite_member",
        ),
        source=_SETTINGS,
    ),
    _by_admin(
        "business_center.create",
        Party(
            actor=Actor.FOUNDER,
            title="Create the Business Center {organization}",
            preconditions=(
                "You have a TikTok For Business account; only such a person can create one",
                "It is decided who becomes the second Admin: whoever creates it is the first, and one is not enough",
                "You may act for the business",
            ),
            steps=(
                "Sign in to Business Center with your own account",
                "Choose to create a Business Center, and follow the pages",
                "Write its id into the manifest",
            ),
            done_when="The Business Center opens and lists you as Admin",
        ),
        source=_ABOUT,
    ),
    _by_admin(
        "business_center.force_two_step_verification",
        Party(
            actor=Actor.ADMIN,
            title="Require two-step verification in {organization}",
            steps=(
                _OPEN,
                "Open 'Business Settings' > 'Settings'",
                "Under 'Security' click 'Edit' at two-step verification",
                "Choose 'All members', or 'Only admins'",
                "Click 'Confirm'",
            ),
            done_when="'Security' shows that two-step verification is required",
            undo="Choose another setting in the same place",
            undone_by="business_center.force_two_step_verification",
        ),
        source=_VERIFICATION,
        date="2025",
    ),
    _by_admin(
        "business_center.set_email_domain_allowlist",
        Party(
            actor=Actor.ADMIN,
            title="Allow only your own e-mail domains in {organization}",
            preconditions=("The list of domains is agreed on, those of agencies included",),
            steps=(
                _OPEN,
                "Open 'Business Settings' > 'Settings'",
                "Under 'Security' click 'Add' at the allowed list of e-mail domains",
                "Type the domains",
                "Choose 'All members', or 'Only admins'",
                "Click 'Confirm'",
                "Decide on the outsiders that the page lists; they are not removed by it",
            ),
            done_when="'Security' shows the list",
            undo="Take the list away in the same place",
            undone_by="business_center.set_email_domain_allowlist",
        ),
        source=_DOMAINS,
        date="2025",
    ),
)
