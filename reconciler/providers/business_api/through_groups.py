"""Access that an asset group gives, where it may be listed among the direct access of a member.

Whether it is listed there is not documented; only that the higher role counts where a member has one of both. Taken
for direct access it would be revoked in every run, and be there again in the next. So it is looked at what the groups
give: one member of a group who is not listed, or with less, shows that groups are not listed at all. A role above that
of the group is direct as well. What is left may come from either, and counts only where no less is declared.
"""

from __future__ import annotations

from reconciler.core.resource import Resource
from reconciler.providers.business_api.center import Center, Seen
from reconciler.providers.business_api.groups import read_group_contents, read_groups
from reconciler.providers.business_api.vocabulary import AD_ACCOUNT_ROLES

_ACCESS = "ad_account_access"
_RANK = {role: rank for rank, role in enumerate(reversed(AD_ACCOUNT_ROLES), 1)}
_WHY = "it may be what an asset group gives: whether such access is listed is not documented"


def hide_access_through_groups(center: Center, seen: Seen, *, is_whole: bool) -> Seen:
    """Say nothing of access to ad accounts that a group may give; only a `is_whole` reading tells what is listed."""
    if center.group_roles is None:
        read_groups(center)
        read_group_contents(center)
    through = center.group_roles or {}
    if is_whole:
        center.lists_group_access = not any(_is_not_listed(center, seen, *pair) for pair in through)
    if not center.lists_group_access:
        return seen
    for (asset, person), role in through.items():
        address = center.address(_ACCESS, asset, person)
        found = seen.resources.get(address)
        wanted = center.names.roles.get(address, "")
        if found is not None and _rank(found) <= _RANK.get(role, 0) and _RANK.get(wanted, 0) < _RANK.get(role, 0):
            del seen.resources[address]
            seen.unknown[str(address)] = _WHY
    return seen


def _is_not_listed(center: Center, seen: Seen, asset: str, person: str) -> bool:
    address = center.address(_ACCESS, asset, person)
    unread = {str(address), center.prefix(_ACCESS, asset)} & seen.unknown.keys()
    if unread or asset not in center.assets.get("ad_account", {}) or not center.roster.find_user_id(person):
        return False
    found = seen.resources.get(address)
    return found is None or _rank(found) < _RANK.get((center.group_roles or {})[asset, person], 0)


def _rank(found: Resource) -> int:
    return _RANK.get(str(found.attributes.get("role", "")), 0)
