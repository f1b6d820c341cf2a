"""Which operation carries a change out by hand."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.change import Change
from reconciler.core.kinds import KINDS, Action, person_in
from reconciler.core.planning.access import is_downgrade
from reconciler.core.system import System

_Choices = dict[tuple[str, Action], dict[str, str]]
"""(kind, action) -> case -> operation; the case `` is for everything that no other case fits."""

_NOBODY = ""
"""The platform does it by itself."""
_DEVELOPERS: _Choices = {
    ("organization", Action.CREATE_ORGANIZATION): {"research": _NOBODY, "": "create_organization"},
    ("organization", Action.DELETE_ORGANIZATION): {"": "delete_organization"},
    ("member", Action.INVITE): {"answer": "answer_invitation", "": "invite"},
    ("member", Action.REINVITE): {"": "reinvite"},
    ("member", Action.CANCEL_INVITATION): {"": "cancel_invitation"},
    ("member", Action.CHANGE_ROLE): {"handover": "hand_over", "lower": "change_role", "": "promote_member"},
    ("member", Action.REMOVE): {"self": "leave", "": "remove_member"},
    ("member", Action.REMOVE_AND_INVITE): {"": "demote_other_admin"},
    ("member", Action.GIVE_UP_ADMIN): {"": "give_up_admin"},
    ("app", Action.TRANSFER_APP): {"answer": "accept_transfer", "missing": "register_app", "": "transfer_app"},
    ("app_access", Action.GRANT): {"": "grant_app_role"},
    ("app_access", Action.CHANGE_GRANT): {"": "grant_app_role"},
    ("app_access", Action.REVOKE): {"": "revoke_app_role"},
}
_ORGANIZATION_ACCOUNT: _Choices = {
    ("organization", Action.CREATE_ORGANIZATION): {"": "create"},
    ("member", Action.INVITE): {"answer": "accept", "phone": "invite_by_phone", "": "invite_by_email"},
    ("member", Action.REINVITE): {"phone": "reinvite_by_phone", "": "reinvite_by_email"},
    ("member", Action.CANCEL_INVITATION): {"": "cancel_invitation"},
    ("member", Action.CHANGE_ROLE): {"": "change_role"},
    ("member", Action.REMOVE): {"": "remove_member"},
}
_BUSINESS_ACCOUNT: _Choices = {
    ("organization", Action.CREATE_ORGANIZATION): {"": "convert"},
    ("member", Action.INVITE): {"answer": "accept", "": "invite"},
    ("member", Action.REINVITE): {"": "reinvite"},
    ("member", Action.CANCEL_INVITATION): {"": "cancel_invitation"},
    ("member", Action.CHANGE_ROLE): {"": "change_role"},
    ("member", Action.REMOVE): {"": "remove_member"},
}


def _asset(kind: str, *, request: str, grant: str = "assign_asset_by_asset") -> _Choices:
    """An asset that is asked for, and people's access to it."""
    access = f"{kind}_access"
    return {
        (kind, Action.REQUEST_ACCESS): {"answer": "answer_request", "": request},
        (access, Action.GRANT): {"": grant},
        (access, Action.CHANGE_GRANT): {"": "change_asset_role"},
        (access, Action.REVOKE): {"": "unassign_asset"},
    }


_BUSINESS_CENTER: _Choices = {
    ("organization", Action.CREATE_ORGANIZATION): {"": "create"},
    ("member", Action.INVITE): {"answer": "accept", "": "invite_member"},
    ("member", Action.REINVITE): {"": "reinvite"},
    ("member", Action.CANCEL_INVITATION): {"": "cancel_invitation"},
    ("member", Action.CHANGE_ROLE): {"": "change_member_role"},
    ("member", Action.REMOVE): {"self": "leave", "": "remove_member"},
    **_asset("ad_account", request="request_ad_account_access", grant="assign_asset_by_person"),
    **_asset("catalog", request="request_asset_access"),
    **_asset("pixel", request="request_asset_access"),
    **_asset("shop", request="request_asset_access"),
    **_asset("lead_library", request="request_asset_access"),
    **_asset("managed_account", request="request_asset_access"),
    ("asset_group", Action.CREATE_GROUP): {"": "create_group"},
    ("asset_group", Action.RENAME_GROUP): {"": "rename_group"},
    ("asset_group", Action.DELETE_GROUP): {"": "delete_group"},
    ("asset_group_asset", Action.GRANT): {"": "add_to_group"},
    ("asset_group_asset", Action.REVOKE): {"": "take_from_group"},
    ("asset_group_access", Action.GRANT): {"": "assign_account_group"},
    ("asset_group_access", Action.CHANGE_GRANT): {"": "assign_account_group"},
    ("asset_group_access", Action.REVOKE): {"": "take_group_away"},
    ("partner", Action.ADD_PARTNER): {"answer": "approve_partner", "": "add_partner"},
    ("partner", Action.REMOVE_PARTNER): {"": "remove_partner"},
    ("partner_share", Action.SHARE): {"": "share"},
    ("partner_share", Action.CHANGE_SHARE): {"lower": "lower_partner_permission", "": "raise_partner_permission"},
    ("partner_share", Action.UNSHARE): {"": "unshare"},
}
_LINKS: _Choices = {
    ("tiktok_account", Action.LINK): {"": "request"},
    ("tiktok_account", Action.CHANGE_LINK): {"": "change_permissions"},
    ("tiktok_account", Action.UNLINK): {"": "disconnect"},
    ("tiktok_account_access", Action.GRANT): {"": "grant_member"},
    ("tiktok_account_access", Action.CHANGE_GRANT): {"": "change_member"},
    ("tiktok_account_access", Action.REVOKE): {"": "revoke_member"},
    ("tiktok_account_use", Action.GRANT): {"": "assign_to_ad_account"},
    ("tiktok_account_use", Action.REVOKE): {"": "unassign_from_ad_account"},
    ("managed_account_use", Action.GRANT): {"": "assign_to_ad_account"},
    ("managed_account_use", Action.REVOKE): {"": "unassign_from_ad_account"},
    ("pixel_use", Action.GRANT): {"": "use_pixel"},
    ("pixel_use", Action.REVOKE): {"": "stop_pixel"},
}
_CHOICES: dict[str, tuple[tuple[str, _Choices], ...]] = {
    "developers": (("developers", _DEVELOPERS),),
    "organization_account": (("organization_account", _ORGANIZATION_ACCOUNT),),
    "business_account": (("business_account", _BUSINESS_ACCOUNT),),
    "business_center": (("business_center", _BUSINESS_CENTER), ("links", _LINKS)),
}


def choose(change: Change, system: System) -> str:
    """Key of the operation; empty where no person on this system can carry the change out, or nobody needs to."""
    for prefix, choices in _CHOICES[system.name]:
        by_case = choices.get((change.address.kind, change.action))
        if by_case:
            name = next(by_case[case] for case in _cases(change, system) if case in by_case)
            return f"{prefix}.{name}" if name else ""
    return ""


def _cases(change: Change, system: System) -> Iterator[str]:
    """What is special about a change, the most telling first; always ends with the ordinary case."""
    before, after = change.before, change.after
    had = before.attributes if before else {}
    wanted = after.attributes if after else {}
    if system.variant:
        yield system.variant
    if change.action is KINDS[change.address.kind].create and before is not None and before.status.is_pending:
        yield "answer"
    if before is None:
        yield "missing"
    if change.actor and change.actor == person_in(change.address):
        yield "self"
    if system.is_handed_over(wanted.get("role")) or system.is_handed_over(had.get("role")):
        yield "handover"
    if is_downgrade(system, change.address.kind, before=had, after=wanted):
        yield "lower"
    if after is not None and after.identity.startswith("+"):
        yield "phone"
    yield ""
