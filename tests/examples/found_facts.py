"""What the world file of a workspace holds, in the same tuples; read with nothing but SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.examples.declared_facts import Fact

# What is invited, requested, declined or lapsed shows its status in place of the kind, so that it equals nothing
# that a manifest declares.
_FACTS = """
WITH
    own AS (SELECT id, identity FROM organization),
    seat AS (SELECT id, identity FROM membership WHERE status = 'active'),
    held AS (
        SELECT holding.id, holding.organization, own.identity AS own, asset.kind, asset.identity, status, permissions
        FROM holding JOIN asset ON asset.id = holding.asset JOIN own ON own.id = holding.organization
    ),
    grouped AS (
        SELECT asset_group.id, own.identity AS own, asset_group.name
        FROM asset_group JOIN own ON own.id = asset_group.organization
    ),
    partnered AS (
        SELECT partnership.id, own.identity AS own, other.identity AS other, status
        FROM partnership JOIN own ON own.id = partnership.organization JOIN own AS other ON other.id = partner
    )
SELECT iif(status = 'active', 'member', status), own.identity, membership.identity, role, finance
    FROM membership JOIN own ON own.id = organization
UNION ALL
SELECT 'app', own.identity, client_key, NULL, NULL
    FROM app JOIN own ON own.id = owner_organization
UNION ALL
SELECT 'app_access', own.identity, client_key, seat.identity, 'app_manager'
    FROM app_manager JOIN app ON client_key = app JOIN own ON own.id = owner_organization
    JOIN seat ON seat.id = membership
UNION ALL
SELECT iif(status = 'active', kind, status), own, identity, permissions, NULL
    FROM held
UNION ALL
SELECT held.kind || '_access', own, held.identity, seat.identity, roles
    FROM asset_grant JOIN held ON held.id = holding JOIN seat ON seat.id = membership
UNION ALL
SELECT held.kind || '_use', held.own, held.identity, user.identity, NULL
    FROM asset_use JOIN held ON held.id = holding JOIN held AS user ON user.id = ad_account
UNION ALL
SELECT 'asset_group', own, name, NULL, NULL
    FROM grouped
UNION ALL
SELECT 'asset_group_asset', grouped.own, name, held.identity, NULL
    FROM group_asset JOIN grouped ON grouped.id = asset_group JOIN held ON held.id = holding
UNION ALL
SELECT 'asset_group_access', own, name, seat.identity, role
    FROM group_member JOIN grouped ON grouped.id = asset_group JOIN seat ON seat.id = membership
UNION ALL
SELECT iif(status = 'active', 'partner', status), own, other, NULL, NULL
    FROM partnered
UNION ALL
SELECT 'partner_share', partnered.own, other, held.identity, role
    FROM share JOIN partnered ON partnered.id = partnership JOIN held ON held.id = holding
"""


def found_facts(workspace: Path, *, organizations: set[str]) -> set[Fact]:
    """Everything that is so in these organizations, named by id, handle or name."""
    world = workspace / ".reconciler" / "sandbox.db"
    with closing(sqlite3.connect(f"file:{world}?mode=ro", uri=True)) as connection:
        rows = [tuple(value for value in row if value is not None) for row in connection.execute(_FACTS)]
    return {row for row in rows if row[1] in organizations}
