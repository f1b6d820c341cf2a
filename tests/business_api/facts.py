"""What the world of a story holds, by the addresses that its manifests give it; told without the provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from reconciler.sandbox.world import World

_QUERIES = tuple(
    query.replace("IN_CENTER", "organization bc ON bc.identity = :center AND bc.id")
    for query in (
        """SELECT 'member', membership.identity, '', trim(status || ' ' || role || ' ' || finance) FROM membership
        JOIN IN_CENTER = membership.organization WHERE status IN ('active', 'invited')""",
        """SELECT asset.kind || '_access', asset.identity, membership.identity, asset_grant.roles FROM asset_grant
        JOIN membership ON membership.id = asset_grant.membership JOIN holding ON holding.id = asset_grant.holding
        JOIN asset ON asset.id = holding.asset JOIN IN_CENTER = holding.organization""",
        """SELECT asset.kind, asset.identity, '', holding.permissions FROM holding
        JOIN asset ON asset.id = holding.asset JOIN IN_CENTER = holding.organization
        WHERE asset.kind = 'tiktok_account' AND holding.status = 'active'""",
        """SELECT used.kind || '_use', used.identity, user.identity, '' FROM asset_use
        JOIN holding a ON a.id = asset_use.holding JOIN asset used ON used.id = a.asset
        JOIN holding b ON b.id = asset_use.ad_account JOIN asset user ON user.id = b.asset
        JOIN IN_CENTER = a.organization""",
        "SELECT 'asset_group', asset_group.name, '', '' FROM asset_group JOIN IN_CENTER = asset_group.organization",
        """SELECT 'asset_group_asset', asset_group.name, asset.identity, '' FROM group_asset
        JOIN asset_group ON asset_group.id = group_asset.asset_group JOIN holding ON holding.id = group_asset.holding
        JOIN asset ON asset.id = holding.asset JOIN IN_CENTER = asset_group.organization""",
        """SELECT 'asset_group_access', asset_group.name, membership.identity, group_member.role FROM group_member
        JOIN asset_group ON asset_group.id = group_member.asset_group
        JOIN membership ON membership.id = group_member.membership JOIN IN_CENTER = asset_group.organization""",
        """SELECT 'partner', organization.identity, '', partnership.status FROM partnership
        JOIN organization ON organization.id = partnership.partner JOIN IN_CENTER = partnership.organization""",
        """SELECT 'partner_share', organization.identity, asset.identity, share.role FROM share
        JOIN partnership ON partnership.id = share.partnership
        JOIN organization ON organization.id = partnership.partner JOIN holding ON holding.id = share.holding
        JOIN asset ON asset.id = holding.asset JOIN IN_CENTER = partnership.organization""",
    )
)


def facts(world: World, center: str, keys: Mapping[str, str]) -> dict[str, str]:
    """Address without the organization -> role or whatever else there is to say; `keys` are those of the manifests.

    Links of pixels and the like have nothing more to say than that they are there.
    """
    rows = [row for query in _QUERIES for row in world.rows(query, {"center": center})]
    return {"/".join([kind, *(keys.get(name, name) for name in names if name)]): value for kind, *names, value in rows}


def invitations(world: World, people: Mapping[str, str]) -> Counter[str]:
    """How often each person was invited, according to the world's own log."""
    texts = [row["text"] for row in world.rows("SELECT text FROM event WHERE verb = 'invite'", {})]
    return Counter(person for text in texts for person, email in people.items() if email in text)
