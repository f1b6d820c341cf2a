"""What people click on the TikTok for Developers portal for apps: who owns one, and who manages it."""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_ORGANIZATIONS = "https://developers.tiktok.com/doc/working-with-organizations"
_ROLES = "https://developers.tiktok.com/doc/manage-roles-and-access"
_APPS = "https://developers.tiktok.com/doc/getting-started-create-an-app"
_READ = "2026-11"

_REGISTER_APP = Operation(
    key="developers.register_app",
    parties=(
        Party(
            actor=Actor.ANY_MEMBER,
            title="Register the app {asset} under {organization}",
            preconditions=(
                (
                    "You have accepted the invitation to {organization}; the list of owners offers only your own "
                    "organizations"
                ),
                "No app with the client key {asset_id} exists anywhere; if it does, correct the key in the manifest",
            ),
            steps=(
                "Sign in to TikTok for Developers",
                "Open 'Manage apps' from the profile icon",
                "Click 'Connect an app'",
                "At 'Select the app owner' choose {organization}",
                "Click 'Confirm'",
                "Fill in the page of the app, and submit it for review",
                "Write its client key into the manifest, at {place}",
            ),
            done_when="The information icon beside the name of the app shows {organization} as its ownership",
        ),
    ),
    irreversible="A deleted app cannot be restored; choose the owner with care.",
    source=f"{_ORGANIZATIONS}, {_APPS}",
    date=_READ,
)
_ACCEPT_APP = Party(
    actor=Actor.RECEIVING_ADMIN,
    title="Accept the app {asset} into {organization}",
    preconditions=("{organization} is the rightful owner of the app in the real world",),
    steps=(
        "Open the mail about the transfer, or sign in to TikTok for Developers and open {organization}",
        "Make sure that the app is {asset_id} and that {app_owner} has sent it",
        "Accept",
    ),
    done_when="The page of the app shows {organization} as its ownership",
    note="The mail goes to 'administrators'; these are read as the admins of the receiving organization, because they "
    "are who approves imports. If it reached you as an admin of the app, it is yours to accept.",
)
_TRANSFER_APP = Operation(
    key="developers.transfer_app",
    parties=(
        Party(
            actor=Actor.APP_OWNER,
            title="Transfer the app {asset} to {organization}",
            preconditions=(
                "You own the app {asset_id}; only its owner can transfer it",
                "{organization} is the rightful owner of the app in the real world",
            ),
            steps=(
                "Sign in to TikTok for Developers and open 'Manage apps' from the profile icon",
                "Select the app {asset_id}",
                "Click the three dots of its advanced management",
                "Choose 'Transfer App'",
                "Choose the organization {organization}; if several have that name, compare the Organization ID",
                "Click 'Initiate Transfer'",
            ),
            done_when="The portal says that the transfer was initiated; the app is still yours until an admin accepts",
        ),
        _ACCEPT_APP,
    ),
    irreversible="A completed app transfer cannot be taken back.",
    source=_ORGANIZATIONS,
    date=_READ,
)
_ACCEPT_TRANSFER = Operation(
    key="developers.accept_transfer",
    parties=(_ACCEPT_APP,),
    irreversible="A completed app transfer cannot be taken back.",
    source=_ORGANIZATIONS,
    date=_READ,
)


def _app_role(key: str, *, title: str, steps: tuple[str, ...], done_when: str, undo: str, undone_by: str) -> Operation:
    """A change of who manages one app."""
    return Operation(
        key=key,
        parties=(
            Party(
                actor=Actor.ADMIN,
                title=title,
                steps=("Sign in to TikTok for Developers, open 'Manage apps' and the app {asset_id}", *steps),
                done_when=done_when,
                undo=undo,
                undone_by=undone_by,
                note="The guide says that roles are managed in the app or in the organization; the clicks are not in "
                "the part that could be read.",
            ),
        ),
        source=_ROLES,
        date=_READ,
        certainty="inferred",
    )


DEVELOPERS_APPS = (
    _REGISTER_APP,
    _TRANSFER_APP,
    _ACCEPT_TRANSFER,
    _app_role(
        "developers.grant_app_role",
        title="Make {person} {role} of the app {asset}",
        steps=("Look for the people of the app", "Add {person}, by {identifier}, as {role}"),
        done_when="The app shows {person} as {role}",
        undo="Remove them from the app",
        undone_by="developers.revoke_app_role",
    ),
    _app_role(
        "developers.revoke_app_role",
        title="Take the app {asset} away from {person}",
        steps=("Look for the people of the app", "Find {person} and remove them"),
        done_when="The app does not show {person} any more",
        undo="Add them to the app again",
        undone_by="developers.grant_app_role",
    ),
)
