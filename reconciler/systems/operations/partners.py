"""What people click in Business Center about partners: other Business Centers that ad accounts are shared with."""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_HELP = "https://ads.tiktok.com/help/article"
_ADDING = f"{_HELP}?aid=13989"
_PERMISSIONS = f"{_HELP}/change-the-permissions-for-your-tiktok-business-center-partner"
_REVOKING = f"{_HELP}/how-to-revoke-tiktok-account-access-from-a-partner"
_OPERATORS = "public code of programs that run the live interface"
_READ = "2026-11"

_OPEN = "Sign in to Business Center and open {organization}"
_PARTNERS = "Open 'Users' > 'Partner'"
_OPEN_SHARE = (
    "Open 'Assets' > 'Ad Account' and choose {ad_account}",
    "Open the 'Partner' tab",
    "Choose the partner {partner}",
)
_SHARE_STEPS = (
    "Click 'Add Partners'",
    "Type the partner's Business Center id, {partner_id}",
    "Click 'Next'",
    "Choose the ad account {ad_account} and {role}",
    "Click 'Confirm'",
)
_APPROVE = Party(
    actor=Actor.PARTNER_ADMIN,
    title="Approve the partnership with {organization}, if your Business Center asks for it",
    steps=("Open 'Partners' in your own Business Center", "Find the request of {organization}", "Approve it"),
    done_when="{organization} is listed among your partners, and what it shares can be opened",
    note="Whether this is needed differs; until it is done nothing that is shared works.",
    undo="Remove the partner",
    undone_by="business_center.remove_partner",
)


def _by_admin(key: str, party: Party, *, source: str, date: str = _READ, then: tuple[Party, ...] = ()) -> Operation:
    return Operation(key=key, parties=(party, *then), source=source, date=date)


PARTNERS = (
    _by_admin(
        "business_center.add_partner",
        Party(
            actor=Actor.ADMIN,
            title="Add the partner {partner} to {organization}",
            preconditions=("The id was read out by the partner or copied from their Business Center, not guessed",),
            steps=(
                _OPEN,
                _PARTNERS,
                "Click 'Add Partners'",
                "Type the partner's Business Center id, {partner_id}",
                "Click 'Next'",
                "Choose no more than what the work orders for shares ask for",
                "Click 'Confirm'",
            ),
            done_when="'Partner' lists {partner}",
            undo="Remove the partner",
            undone_by="business_center.remove_partner",
        ),
        source=f"{_ADDING}, {_OPERATORS}",
        then=(_APPROVE,),
    ),
    Operation(
        key="business_center.approve_partner",
        parties=(_APPROVE,),
        source=_OPERATORS,
        date=_READ,
        certainty="operator",
    ),
    _by_admin(
        "business_center.remove_partner",
        Party(
            actor=Actor.ADMIN,
            title="Remove the partner {partner} from {organization}",
            preconditions=(
                (
                    "The partner knows; everything shared in either direction is lost at once, and ads under a shared "
                    "identity pause"
                ),
                "The partner owns nothing that is still needed",
            ),
            steps=(_OPEN, _PARTNERS, "Find {partner}", "Remove it, and confirm"),
            done_when="'Partner' does not list {partner} any more",
            undo="Add the partner again, with everything shared",
            undone_by="business_center.add_partner",
        ),
        source=_ADDING,
    ),
    _by_admin(
        "business_center.share",
        Party(
            actor=Actor.ADMIN,
            title="Share ad account {ad_account} with the partner {partner} as {role}",
            preconditions=("{organization} owns the ad account; what it does not own it cannot share",),
            steps=(_OPEN, _PARTNERS, *_SHARE_STEPS),
            done_when="The 'Partner' tab of {ad_account} shows {partner} with {role}",
            undo="Take the share away",
            undone_by="business_center.unshare",
        ),
        source=_ADDING,
    ),
    _by_admin(
        "business_center.raise_partner_permission",
        Party(
            actor=Actor.ADMIN,
            title="Raise what the partner {partner} may do on ad account {ad_account}, to {role}",
            steps=(_OPEN, *_OPEN_SHARE, "Choose the higher permission {role}"),
            done_when="The 'Partner' tab of {ad_account} shows {partner} with {role}",
            undo="It can be lowered only by taking the share away and giving it again",
            undone_by="business_center.lower_partner_permission",
        ),
        source=_PERMISSIONS,
        date="2025-03",
    ),
    _by_admin(
        "business_center.lower_partner_permission",
        Party(
            actor=Actor.ADMIN,
            title="Lower what the partner {partner} may do on ad account {ad_account}, to {role}",
            preconditions=("The partner knows: between the two halves they have no access",),
            steps=(_OPEN, *_OPEN_SHARE, "Remove it, and confirm", _PARTNERS, *_SHARE_STEPS),
            done_when="The 'Partner' tab of {ad_account} shows {partner} with {role}",
            undo="Raise it in place",
            undone_by="business_center.raise_partner_permission",
        ),
        source=_PERMISSIONS,
        date="2025-03",
    ),
    _by_admin(
        "business_center.unshare",
        Party(
            actor=Actor.ADMIN,
            title="Take ad account {ad_account} away from the partner {partner}",
            steps=(_OPEN, *_OPEN_SHARE, "Remove it, and confirm"),
            done_when="The 'Partner' tab of {ad_account} does not show {partner} any more",
            undo="Share it again",
            undone_by="business_center.share",
        ),
        source=_PERMISSIONS,
        date="2025-03",
    ),
    _by_admin(
        "business_center.revoke_partner_tiktok_account",
        Party(
            actor=Actor.ADMIN,
            title="Take the TikTok account {asset} away from a partner",
            preconditions=("The partner knows: its running ads under this identity pause at once",),
            steps=(
                _OPEN,
                "Open 'Accounts' > 'TikTok accounts', and click 'View' in the row of {asset_id}",
                "Open the 'Partners' tab",
                "Choose the partner",
                "Click 'Remove'",
                "Click 'Confirm'",
            ),
            done_when="The 'Partners' tab of {asset_id} does not show the partner any more",
            undo="Share it with the partner again",
        ),
        source=_REVOKING,
    ),
)
