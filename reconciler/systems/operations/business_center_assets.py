"""What people click in Business Center about assets: who works on them, and where they come from."""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_HELP = "https://ads.tiktok.com/help/article"
_ASSIGNING = f"{_HELP}/how-to-assign-asset-level-permissions"
_GROUPS = f"{_HELP}/asset-group"
_GROUP_ACCESS = f"{_HELP}/how-to-assign-a-member-access-to-an-account-group"
_TRANSFER = f"{_HELP}/transfer-ad-accounts-in-business-center"
_DETACHING = f"{_HELP}/remove-ad-accounts-in-business-center"
_ABOUT = f"{_HELP}/tiktok-business-center"
_READ = "2026-11"

_OPEN = "Sign in to Business Center and open {organization}"
_OPEN_ASSET = "Open {menu}, and click 'View' in the row of {asset_id}"
_TAKE_BACK = "Take the access away in the same place"


def _by_admin(  # one line for each thing that differs reads better than eight nearly equal values
    key: str,
    *,
    title: str,
    steps: tuple[str, ...],
    done_when: str,
    undo: str,
    undone_by: str,
    source: str,
    date: str = _READ,
    certainty: str = "certain",
    preconditions: tuple[str, ...] = (),
    note: str = "",
    then: tuple[Party, ...] = (),
) -> Operation:
    """Something an Admin does in this Business Center, and what others do after it."""
    party = Party(
        actor=Actor.ADMIN,
        title=title,
        preconditions=preconditions,
        steps=(_OPEN, *steps),
        done_when=done_when,
        note=note,
        undo=undo,
        undone_by=undone_by,
    )
    return Operation(key=key, parties=(party, *then), source=source, date=date, certainty=certainty)


_ACCESS = (
    _by_admin(
        "business_center.assign_asset_by_person",
        title="Let {person} work on {asset_kind} {asset} as {role}",
        steps=(
            "Open 'Users' > 'Members' and choose {person}",
            "In the action column click 'Add accounts'",
            "Choose {asset_id} and {role}",
            "Click 'Save'",
        ),
        done_when="The row of {person} shows {asset_id} with {role}",
        undo=_TAKE_BACK,
        undone_by="business_center.unassign_asset",
        source=_ASSIGNING,
    ),
    _by_admin(
        "business_center.assign_asset_by_asset",
        title="Let {person} work on {asset_kind} {asset}",
        steps=(
            _OPEN_ASSET,
            "Open the 'Members' tab",
            "Click 'Assign new member'",
            "Choose {person}",
            "Choose the level {role}",
            "Click 'Confirm'",
        ),
        done_when="The 'Members' tab of {asset_id} shows {person}",
        undo=_TAKE_BACK,
        undone_by="business_center.unassign_asset",
        source=_ASSIGNING,
    ),
    _by_admin(
        "business_center.change_asset_role",
        title="Change what {person} may do on {asset_kind} {asset}: {role} instead of {former_role}",
        steps=(_OPEN_ASSET, "Open the 'Members' tab", "Find {person}", "Set the level to {role}", "Confirm"),
        done_when="The 'Members' tab of {asset_id} shows {person} with {role}",
        undo="Set the level back to {former_role}",
        undone_by="business_center.change_asset_role",
        source=_ASSIGNING,
    ),
    _by_admin(
        "business_center.unassign_asset",
        title="Take {asset_kind} {asset} away from {person}",
        steps=(_OPEN_ASSET, "Open the 'Members' tab", "Find {person}", "Remove them from it, and confirm"),
        done_when="The 'Members' tab of {asset_id} does not show {person} any more",
        undo="Assign it again",
        undone_by="business_center.assign_asset_by_asset",
        source=_ASSIGNING,
    ),
)
_GROUP = (
    _by_admin(
        "business_center.create_group",
        title="Create the asset group {asset}",
        steps=(
            "Open {menu} and choose to create a group",
            "Type the name {wanted_name}",
            (
                "Put one of the ad accounts and one of the members into it that are declared for it; a group cannot "
                "begin empty"
            ),
            "Give the member the role that is declared, never the one that is offered first",
            "Confirm",
        ),
        done_when="{menu} shows {asset_id}",
        undo="Delete the group",
        undone_by="business_center.delete_group",
        source=_GROUPS,
    ),
    _by_admin(
        "business_center.rename_group",
        title="Call the asset group {asset} by the name {wanted_name}",
        steps=(
            "Open {menu} and choose {asset_id}",
            "Choose to edit its name",
            "Type the name {wanted_name}",
            "Confirm",
        ),
        done_when="{menu} shows the group as {wanted_name}",
        undo="Give it the former name in the same place",
        undone_by="business_center.rename_group",
        source=_GROUPS,
        certainty="inferred",
    ),
    _by_admin(
        "business_center.delete_group",
        title="Delete the asset group {asset}",
        preconditions=("Nobody needs the access that they have through the group; all of it ends",),
        steps=("Open {menu} and choose {asset_id}", "Choose to delete it, and confirm"),
        done_when="{menu} does not show {asset_id}, and nobody has access through it",
        undo="Create it again, with everything in it",
        undone_by="business_center.create_group",
        source=_GROUPS,
        certainty="inferred",
    ),
    _by_admin(
        "business_center.add_to_group",
        title="Put ad account {ad_account} into the asset group {asset}",
        steps=("Open {menu} and choose {asset_id}", "Choose to edit its accounts", "Add {ad_account}", "Confirm"),
        done_when="The group {asset_id} shows {ad_account}",
        undo="Take it out again",
        undone_by="business_center.take_from_group",
        source=_GROUPS,
        certainty="inferred",
    ),
    _by_admin(
        "business_center.take_from_group",
        title="Take ad account {ad_account} out of the asset group {asset}",
        steps=("Open {menu} and choose {asset_id}", "Choose to edit its accounts", "Remove {ad_account}", "Confirm"),
        done_when="The group {asset_id} does not show {ad_account} any more",
        undo="Put it in again",
        undone_by="business_center.add_to_group",
        source=_GROUPS,
        certainty="inferred",
    ),
    _by_admin(
        "business_center.assign_account_group",
        title="Let {person} work on everything in the group {asset} as {role}",
        steps=(
            "Open 'Users' > 'Members' and find {person}",
            "In the action column click 'Add accounts'",
            "Click 'Assign access by group'",
            "Choose the group {asset_id} and {role}",
            "Click 'Save'",
        ),
        done_when="The row of {person} shows the group {asset_id} with {role}",
        note="A higher role that somebody has on one of the accounts directly is not reduced by the group's.",
        undo=_TAKE_BACK,
        undone_by="business_center.take_group_away",
        source=_GROUP_ACCESS,
    ),
    _by_admin(
        "business_center.take_group_away",
        title="Take the access through the group {asset} away from {person}",
        steps=("Open {menu} and choose {asset_id}", "Open its members", "Remove {person}, and confirm"),
        done_when="The group {asset_id} does not show {person} any more",
        undo="Assign it again",
        undone_by="business_center.assign_account_group",
        source=_GROUPS,
        certainty="inferred",
    ),
)
_AGREE = Party(
    actor=Actor.ASSET_OWNER,
    title="Let the Business Center {organization} use {asset_kind} {asset}",
    preconditions=("You know who asks, and want them to have it",),
    steps=(
        "Open the notifications of Ads Manager, 'Business Center' among them",
        "Find the request of {organization} for {asset_id}",
        "Accept",
    ),
    done_when="The request is gone, and {organization} is listed as having access",
    note="An ad account that a Business Center created is decided on by its admins, another one by whoever created it.",
    undo="Take the permission away in the settings of the account",
    undone_by="business_center.detach_ad_account",
)
_OWNERSHIP = (
    _by_admin(
        "business_center.request_ad_account_access",
        title="Ask for access to {asset_kind} {asset}",
        preconditions=("Its owner knows that the request comes",),
        steps=(
            "Open {menu} and click 'Add Advertiser Account'",
            "Choose 'Request Access' (older pages) or to link accounts, and click 'Next'",
            "Type the account id {asset_id} and choose the permission you need",
            "If you like, let a mail go to the owner",
            "Send",
        ),
        done_when="{menu} shows {asset_id} as requested",
        undo="Take the request back in the same place",
        undone_by="business_center.detach_ad_account",
        source=f"{_ABOUT}, {_TRANSFER}",
        then=(_AGREE,),
    ),
    _by_admin(
        "business_center.request_asset_access",
        title="Ask for access to {asset_kind} {asset}",
        preconditions=("Its owner knows that the request comes",),
        steps=("Open {menu}", "Choose to request access", "Type the id {asset_id}", "Send"),
        done_when="{menu} shows {asset_id}, or that it was requested",
        note="The page describes this for ad accounts only; for this kind of asset the labels may be others.",
        undo="Take the request back in the same place",
        undone_by="business_center.detach_ad_account",
        source=_ABOUT,
        certainty="inferred",
        then=(_AGREE,),
    ),
    Operation(key="business_center.answer_request", parties=(_AGREE,), source=f"{_ABOUT}, {_TRANSFER}", date=_READ),
    Operation(
        key="business_center.transfer_ad_account",
        parties=(
            Party(
                actor=Actor.ADMIN,
                title="Transfer ad account {asset} into {organization}",
                preconditions=(
                    "No other Business Center owns the account",
                    "Owning it is what is wanted; for a client's account asking for access is the better way",
                ),
                steps=(
                    _OPEN,
                    "Open {menu} and click 'Add Advertiser Account'",
                    "Choose 'Transfer' and click 'Next'",
                    "Type the account id {asset_id}",
                    "Click 'Next'",
                ),
                done_when="The page says that the transfer was requested",
            ),
            Party(
                actor=Actor.ASSET_OWNER,
                title="Accept the transfer of ad account {asset} into {organization}",
                preconditions=("{organization} shall own the account from now on",),
                steps=("Open the notifications of Ads Manager", "Find the transfer of {asset_id}", "Accept"),
                done_when="{organization} is shown as the owner",
                note="Nobody has to accept where whoever asked is the owner already.",
            ),
        ),
        irreversible="The transfer of an ad account into a Business Center cannot be taken back.",
        source=_TRANSFER,
        date=_READ,
    ),
    Operation(
        key="business_center.detach_ad_account",
        parties=(
            Party(
                actor=Actor.ASSET_OWNER,
                title="Take ad account {asset} away from the Business Center {organization}",
                steps=(
                    "In Ads Manager click the profile circle, then the account settings, then 'Account Info'",
                    "Find 'Permission management' below the basic information",
                    "Choose {organization}",
                    "Remove the permission",
                    "Confirm",
                ),
                done_when="'Permission management' does not list {organization} any more",
                undo="The Business Center asks again, and you accept",
                undone_by="business_center.request_ad_account_access",
            ),
        ),
        source=_DETACHING,
        date=_READ,
    ),
)

BUSINESS_CENTER_ASSETS = (*_ACCESS, *_GROUP, *_OWNERSHIP)
