"""What people click on the TikTok for Developers portal to run an organization.

Its pages for organizations were redesigned on 2025-12-23. Who still sees the older ones, or reads an older guide, finds
the labels of both here.
"""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_ORGANIZATIONS = "https://developers.tiktok.com/doc/working-with-organizations"
_ROLES = "https://developers.tiktok.com/doc/manage-roles-and-access"
_PREPARE = "https://developers.tiktok.com/doc/perpare-your-developer-account"
_READ = "2026-11"

_OPEN = "Sign in to TikTok for Developers, open 'My organizations' from the user icon, and open {organization}"
_MEMBERS = "Go to 'Members'"
_FIND = "Find {person}"
_MENU = "Click the three dots beside the name"

_INVITE_STEPS = (
    "Click 'Add member' (older pages) or 'Invite member'",
    "Type {identifier}; the form takes one person at a time",
    "Choose the role {role}",
    "Answer the additional questions about the person: {answers}",
    "Click 'Send invitation'",
)
_INVITE_PRECONDITIONS = (
    (
        "{person} has a developer account, and {identifier} is the address registered on it; other addresses cannot be "
        "invited"
    ),
    "There is room: members and pending invitations together are at most {member_cap}",
    "You can still send invitations; how many an admin may send is limited, and the number is not published",
)
_ANSWER = Party(
    actor=Actor.INVITEE,
    title="Accept the invitation to {organization}",
    preconditions=("You have a developer account with the address {identifier}; if you have none, register first",),
    steps=(
        (
            "Open the mail that TikTok for Developers sent to {identifier}, or sign in with that address and open "
            "'My organizations'"
        ),
        "Open the pending invitation to {organization}",
        "Make sure that the role is {role}",
        "Accept",
    ),
    done_when="{organization} is listed under 'My organizations'",
    note="Think before you decline: after that only a new invitation lets you in, and the number of invitations an "
    "admin can send is limited.",
    undo="Leave the organization; only a new invitation brings you back",
    undone_by="developers.leave",
)
_CANCEL_STEPS = ("Find the pending invitation to {former_identifier}", "Cancel it")
_REMOVE_STEPS = (_FIND, _MENU, "Choose 'Remove'")

_CREATE = Operation(
    key="developers.create_organization",
    parties=(
        Party(
            actor=Actor.FOUNDER,
            title="Create the organization {organization}",
            preconditions=(
                "It is not for a research project; TikTok makes those organizations by itself",
                (
                    "{organization} is the full name of the company, department or group; users see it, and it cannot "
                    "be changed later"
                ),
            ),
            steps=(
                "Sign in to TikTok for Developers with your own account",
                "Open 'My organizations', from the user icon at the top right (older pages) or in the Developer Portal",
                "Click 'Add organization' (older pages) or 'Create organization'",
                "Type the name {organization}",
                "Click 'Create'",
            ),
            done_when="The page of the organization opens and lists you as admin; write down its Organization ID",
            undo="An admin deletes the organization",
            undone_by="developers.delete_organization",
        ),
    ),
    irreversible="The name of an organization cannot be changed after it is created.",
    source=f"{_ORGANIZATIONS}, {_PREPARE}",
    date=_READ,
)
_DELETE = Operation(
    key="developers.delete_organization",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Delete the organization {organization}",
            preconditions=(
                "Everybody who uses the organization knows that it goes, and no app in it is needed any more",
            ),
            steps=(
                _OPEN,
                (
                    "Look for the way to delete the organization; the guide says that an admin (in the newer role "
                    "system the owner) can, and does not say where to click"
                ),
                "Write down what you clicked",
            ),
            done_when="The organization is not listed under 'My organizations' any more",
        ),
    ),
    irreversible="A deleted organization cannot be restored.",
    source=f"{_ORGANIZATIONS}, {_ROLES}",
    date=_READ,
)
_INVITE = Operation(
    key="developers.invite",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Invite {person} to {organization} as {role}",
            preconditions=_INVITE_PRECONDITIONS,
            steps=(_OPEN, _MEMBERS, *_INVITE_STEPS),
            done_when="'Members' shows a pending row for {identifier}",
            undo="Cancel the invitation under 'Members'",
            undone_by="developers.cancel_invitation",
        ),
        _ANSWER,
    ),
    source=f"{_ORGANIZATIONS}, {_PREPARE}",
    date=_READ,
)
_ANSWER_INVITATION = Operation(
    key="developers.answer_invitation", parties=(_ANSWER,), source=_ORGANIZATIONS, date=_READ
)
_CANCEL = Operation(
    key="developers.cancel_invitation",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Cancel the invitation of {person} to {organization}",
            steps=(_OPEN, _MEMBERS, *_CANCEL_STEPS),
            done_when="The row of {former_identifier} is gone from 'Members'",
            undo="Send another invitation, which spends one",
            undone_by="developers.invite",
        ),
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_REINVITE = Operation(
    key="developers.reinvite",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Replace the invitation of {person} to {organization}: now {role}",
            preconditions=_INVITE_PRECONDITIONS,
            steps=(_OPEN, _MEMBERS, *_CANCEL_STEPS, *_INVITE_STEPS),
            done_when="'Members' shows one pending row for {person}, with {identifier} and {role}",
            undo="Cancel the invitation under 'Members'",
            undone_by="developers.cancel_invitation",
        ),
        _ANSWER,
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_REMOVE = Operation(
    key="developers.remove_member",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Remove {person} from {organization}",
            steps=(_OPEN, _MEMBERS, *_REMOVE_STEPS),
            done_when="{person} is not in 'Members' any more",
            undo="Invite them again, which spends an invitation",
            undone_by="developers.invite",
        ),
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_LEAVE = Operation(
    key="developers.leave",
    parties=(
        Party(
            actor=Actor.MEMBER,
            title="Leave {organization}",
            preconditions=("Apps that you own and others need have been transferred to the organization",),
            steps=(_OPEN, "Click the three-dots menu", "Choose 'Leave organization'", "Confirm"),
            done_when="{organization} is not listed under 'My organizations' any more",
            undo="Only an admin's new invitation brings you back",
            undone_by="developers.invite",
        ),
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_PROMOTE = Operation(
    key="developers.promote_member",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Make {person} {role} of {organization}",
            steps=(_OPEN, _MEMBERS, _FIND, _MENU, "Set the role to {role}, and write down what the label was"),
            done_when="'Members' shows {person} as {role}",
            undo="They give up their rights again themselves; no other admin can take them away",
            undone_by="developers.give_up_admin",
            note="The guide says that an admin can do this, and does not say where to click.",
        ),
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_LOWER = Operation(
    key="developers.change_role",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Change the role of {person} in {organization} from {former_role} to {role}",
            steps=(_OPEN, _MEMBERS, _FIND, _MENU, "Set the role to {role}, and write down what the label was"),
            done_when="'Members' shows {person} as {role}",
            undo="Set the role back to {former_role}",
            undone_by="developers.promote_member",
            note="Only the owner manages admins in the newer role system. The clicks are not in the part of the guide "
            "that could be read.",
        ),
    ),
    source=_ROLES,
    date=_READ,
    certainty="inferred",
)
_GIVE_UP = Operation(
    key="developers.give_up_admin",
    parties=(
        Party(
            actor=Actor.MEMBER,
            title="Give up your admin rights in {organization}",
            preconditions=(
                (
                    "At least two other people are admins and have accepted; look under 'Members', pending ones do not "
                    "count"
                ),
            ),
            steps=(_OPEN, "Click the three-dots menu", "Choose 'Give up admin rights'", "Confirm"),
            done_when="'Members' shows you as 'Member'",
            undo="Another admin has to make you an admin again",
            undone_by="developers.promote_member",
        ),
    ),
    source=_ORGANIZATIONS,
    date=_READ,
)
_REMOVE_AND_INVITE = Operation(
    key="developers.demote_other_admin",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Remove {person} from {organization} and invite them again as {role}",
            preconditions=(
                "{person} was asked to give up their admin rights themselves, which costs nothing, and did not",
                *_INVITE_PRECONDITIONS,
            ),
            steps=(_OPEN, _MEMBERS, *_REMOVE_STEPS, *_INVITE_STEPS),
            done_when="'Members' shows only a pending row for {identifier}, with {role}",
            undo="Make them an admin again once they have accepted",
            undone_by="developers.promote_member",
            note="No step lowers another admin, so this is the only other way. They have no access until they accept.",
        ),
        _ANSWER,
    ),
    source=_ORGANIZATIONS,
    date=_READ,
    certainty="inferred",
)
_HAND_OVER = Operation(
    key="developers.hand_over",
    parties=(
        Party(
            actor=Actor.ROLE_HOLDER,
            title="Hand the role of owner of {organization} over, so that {person} becomes {role}",
            preconditions=("{person} is in the organization and has accepted",),
            steps=(
                _OPEN,
                _MEMBERS,
                (
                    "Look for the way to transfer the ownership; the guide says that it can be transferred, and where "
                    "to click is not in the part that could be read"
                ),
                "Write down what you clicked",
            ),
            done_when="'Members' shows {person} as {role}",
        ),
    ),
    irreversible="Only the new owner can give the role back.",
    source=_ROLES,
    date=_READ,
)
DEVELOPERS = (
    _CREATE,
    _DELETE,
    _INVITE,
    _ANSWER_INVITATION,
    _CANCEL,
    _REINVITE,
    _REMOVE,
    _LEAVE,
    _PROMOTE,
    _LOWER,
    _GIVE_UP,
    _REMOVE_AND_INVITE,
    _HAND_OVER,
)
