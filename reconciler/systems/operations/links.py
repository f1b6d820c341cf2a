"""What people do to let a Business Center use a TikTok account in ads, on its side and on the owner's phone."""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_HELP = "https://ads.tiktok.com/help/article"
_REQUESTING = f"{_HELP}/how-to-request-tiktok-account-ad-delivery-permissions-in-business-center"
_UNLINKING = f"{_HELP}/how-to-unlink-a-tiktok-account-for-ad-delivery-from-ad-accounts-in-tiktok"
_MEMBERS = f"{_HELP}/how-to-grant-members-access-to-tiktok-accounts-in-business-center"
_GUIDE = "https://xyzlab.com/tiktok-ads/link-tiktok-account/"
_READ = "2026-11"

_OPEN = "Sign in to Business Center and open {organization}"
_OPEN_ACCOUNT = "Open 'Accounts' > 'TikTok accounts', and click 'View' in the row of {asset_id}"
_MEMBERS_TAB = (_OPEN, _OPEN_ACCOUNT, "Open the 'Members' tab")
_AD_ACCOUNTS_TAB = (_OPEN, _OPEN_ACCOUNT, "Open the 'Link accounts' tab, then 'Advertiser accounts'")
_IMPACT = "Campaigns that use the identity of {asset_id} are paused, and whoever runs them knows"
_NO_OTHER = "New campaigns have another linked account to use: since January 2026 most of them cannot start without one"
_SCAN = Party(
    actor=Actor.ACCOUNT_OWNER,
    title="Let the Business Center {organization} use the TikTok account {asset} in ads",
    preconditions=("You agreed on a time, and an Admin of {organization} is about to show you a code",),
    steps=(
        "Open the TikTok app, logged in as {asset_id}",
        "Scan the code",
        "Allow exactly these permissions: {permissions}",
        "Leave everything else off, even where it is ticked already: {left_off}",
        "Approve",
    ),
    done_when="The app says that the Business Center is authorized",
    note="You keep the account: you can end this at any time in the app, under 'Settings' > 'Privacy' > 'Authorised "
    "Apps'. Never approve a code that reached you unasked.",
    undo="End it in the app under 'Authorised Apps'",
    undone_by="links.revoke_owner_side",
)
_SHOW_CODE = (
    (
        "Agree on a time with the owner of {asset_id}, who needs the phone with the TikTok app at hand; the code is "
        "valid for a short time that is not published"
    ),
    _OPEN,
    "Open 'Accounts' > 'TikTok accounts' and click 'Add a TikTok Account'",
    "Choose 'Link an existing TikTok account', then 'Send a QR code', and click 'Next'",
    "Choose 'Deliver ads'",
    "Choose exactly these permissions: {permissions}",
    "Leave everything else off: {left_off}",
    "Click 'Next'",
    (
        "If you are logged in to TikTok as {asset_id} yourself, the page may offer to link it directly; then do that "
        "and skip the code"
    ),
    "Show the code to the owner. A picture of it works too if it is scanned at once",
)
_CODE = (
    "The code is as good as a key: send it to nobody but the owner, and never store it. If it has expired, repeat from "
    "the request; each time there is a new one."
)


def _one(key: str, party: Party, *, source: str, then: tuple[Party, ...] = (), certainty: str = "certain") -> Operation:
    return Operation(key=key, parties=(party, *then), source=source, date=_READ, certainty=certainty)


LINKS = (
    _one(
        "links.request",
        Party(
            actor=Actor.ADMIN,
            title="Link the TikTok account {asset} to {organization}",
            steps=_SHOW_CODE,
            done_when="'TikTok accounts' shows {asset_id} as linked; until the owner approves, nothing is granted",
            note=_CODE,
            undo="Disconnect the account",
            undone_by="links.disconnect",
        ),
        source=f"{_REQUESTING}, {_GUIDE}",
        then=(_SCAN,),
    ),
    _one(
        "links.change_permissions",
        Party(
            actor=Actor.ADMIN,
            title="Change what {organization} may do with the TikTok account {asset}: {permissions}",
            steps=_SHOW_CODE,
            done_when="'TikTok accounts' shows {asset_id} with {permissions}",
            note=f"{_CODE} The page describes the first request; another one replaces what was allowed before.",
            undo="Ask for the former permissions in the same way",
            undone_by="links.change_permissions",
        ),
        source=f"{_REQUESTING}, {_GUIDE}",
        then=(_SCAN,),
        certainty="inferred",
    ),
    _one("links.approve", _SCAN, source=f"{_REQUESTING}, {_GUIDE}"),
    _one(
        "links.disconnect",
        Party(
            actor=Actor.ADMIN,
            title="Disconnect the TikTok account {asset} from {organization}",
            preconditions=(_IMPACT, _NO_OTHER, "It is known that only the owner can allow it again"),
            steps=(
                _OPEN,
                "Open 'Accounts' > 'TikTok Accounts'",
                "Find {asset_id}",
                "Open its options menu",
                "Choose to disconnect it",
            ),
            done_when="'TikTok accounts' does not show {asset_id} any more",
            undo="Ask the owner again, with a new code",
            undone_by="links.request",
        ),
        source=_GUIDE,
        certainty="weak",
    ),
    _one(
        "links.revoke_owner_side",
        Party(
            actor=Actor.ACCOUNT_OWNER,
            title="End the use of your TikTok account {asset} by the Business Center {organization}",
            preconditions=("Whoever runs ads with it knows; running ones may break, and new ones cannot choose it",),
            steps=(
                "Open the TikTok app, logged in as {asset_id}",
                "Open 'Settings' > 'Privacy' > 'Authorised Apps'",
                "Choose {organization}, or the app it uses",
                "Tap 'Remove'",
            ),
            done_when="'Authorised Apps' does not list {organization} any more",
            undo="The Business Center asks again, and you scan a new code",
            undone_by="links.request",
        ),
        source=_GUIDE,
        certainty="weak",
    ),
    _one(
        "links.assign_to_ad_account",
        Party(
            actor=Actor.ADMIN,
            title="Let ad account {ad_account} use the TikTok account {asset}",
            preconditions=("The owner of {asset_id} has approved the link",),
            steps=(*_AD_ACCOUNTS_TAB, "Add {ad_account}", "Confirm"),
            done_when="'Advertiser accounts' of {asset_id} lists {ad_account}",
            undo="Take the ad account out again",
            undone_by="links.unassign_from_ad_account",
        ),
        source=f"{_UNLINKING}, {_GUIDE}",
    ),
    _one(
        "links.unassign_from_ad_account",
        Party(
            actor=Actor.ADMIN,
            title="Stop ad account {ad_account} from using the TikTok account {asset}",
            preconditions=(_IMPACT,),
            steps=(*_AD_ACCOUNTS_TAB, "Click 'Remove' in the row of {ad_account}", "Click 'Confirm'"),
            done_when="'Advertiser accounts' of {asset_id} does not list {ad_account} any more",
            undo="Add it again",
            undone_by="links.assign_to_ad_account",
        ),
        source=_UNLINKING,
    ),
    _one(
        "links.grant_member",
        Party(
            actor=Actor.ADMIN,
            title="Let {person} work on the TikTok account {asset}: {permissions}",
            preconditions=("The owner of {asset_id} has approved the link",),
            steps=(
                *_MEMBERS_TAB,
                "Click 'Assign new member'",
                "Choose {person}",
                "Choose exactly these permissions: {permissions}",
                "Click 'Assign' (older pages) or 'Confirm'",
            ),
            done_when="The 'Members' tab of {asset_id} shows {person} with {permissions}",
            undo="Remove them there",
            undone_by="links.revoke_member",
        ),
        source=_MEMBERS,
    ),
    _one(
        "links.change_member",
        Party(
            actor=Actor.ADMIN,
            title="Change what {person} may do on the TikTok account {asset}: {permissions}",
            steps=(*_MEMBERS_TAB, "Find {person}", "Set exactly these permissions: {permissions}", "Confirm"),
            done_when="The 'Members' tab of {asset_id} shows {person} with {permissions}",
            undo="Set the former permissions in the same place",
            undone_by="links.change_member",
        ),
        source=_MEMBERS,
        certainty="inferred",
    ),
    _one(
        "links.revoke_member",
        Party(
            actor=Actor.ADMIN,
            title="Take the TikTok account {asset} away from {person}",
            steps=(*_MEMBERS_TAB, "Find {person}", "Remove them, and confirm"),
            done_when="The 'Members' tab of {asset_id} does not show {person} any more",
            undo="Assign it again",
            undone_by="links.grant_member",
        ),
        source=_MEMBERS,
        certainty="inferred",
    ),
    _one(
        "links.use_pixel",
        Party(
            actor=Actor.ADMIN,
            title="Let ad account {ad_account} use the pixel {asset}",
            steps=(
                _OPEN,
                "Open {menu} and choose {asset_id}",
                "Choose to link an ad account",
                "Add {ad_account}",
                "Confirm",
            ),
            done_when="The pixel {asset_id} lists {ad_account}",
            note="No page was read that describes these clicks; write down what they were.",
            undo="Take the ad account out again",
            undone_by="links.stop_pixel",
        ),
        source=f"{_HELP}/tiktok-business-center",
        certainty="inferred",
    ),
    _one(
        "links.stop_pixel",
        Party(
            actor=Actor.ADMIN,
            title="Stop ad account {ad_account} from using the pixel {asset}",
            preconditions=("Campaigns of {ad_account} do not measure with it any more",),
            steps=(_OPEN, "Open {menu} and choose {asset_id}", "Find {ad_account}", "Remove it, and confirm"),
            done_when="The pixel {asset_id} does not list {ad_account} any more",
            note="No page was read that describes these clicks; write down what they were.",
            undo="Add it again",
            undone_by="links.use_pixel",
        ),
        source=f"{_HELP}/tiktok-business-center",
        certainty="inferred",
    ),
)
