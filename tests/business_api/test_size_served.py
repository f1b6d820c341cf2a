"""A large Business Center over a real connection, at the lowest tier: read, planned, applied, and settled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Action, Applied, GuardSettings
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.seed import open_world
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.apply.given import Still
from tests.business_api.service import TOKEN, FastTicker, Service, serving

SEATS, ADMINS, AD_ACCOUNTS, ON_EACH = 4000, 20, 300, 12
"""All the members that a Business Center may have, invited ones included; and access per ad account."""
INVITED = {"": 80, "analyst": 40}
"""Finance role -> joiners: two sorts, which no call mixes."""
MEMBERS = SEATS - sum(INVITED.values())
REMOVED, PROMOTED, GRANTED, REGRANTED, REVOKED = 80, 30, 40, 20, 10
SPEED = 10.0
TODAY = date(2026, 11, 22)
CENTER = "6900000000000000001"


def asset(number: int) -> str:
    return str(7_100_000_000_000_000_000 + number)


def holders(number: int) -> list[int]:
    """Members with access to an ad account, none of whom goes."""
    return [(number * 7 + offset) % (MEMBERS - REMOVED) for offset in range(ON_EACH)]


def seed() -> dict[str, Any]:
    people = {f"p{number}": f"p{number}@acme.example" for number in range(MEMBERS)}
    center = {
        "system": "business_center",
        "id": CENTER,
        "members": {person: "admin" if index < ADMINS else "standard" for index, person in enumerate(people)},
        "ad_accounts": {asset(number): f"a{number}" for number in range(AD_ACCOUNTS)},
    }
    api = {"options": {"mask_emails": "none", "tier": "basic"}, "tokens": {TOKEN: "p0"}}
    return {"version": 1, "people": people, "organizations": {"bc": center}, "business_api": api}


def plant_grants(folder: Path) -> None:
    """Put where the sandbox keeps them, because 3,600 grants one by one are slow."""
    with open_world(folder) as world, world.transaction() as db:
        holdings = [row["id"] for row in db.execute("SELECT id FROM holding ORDER BY id")]
        seats = [row["id"] for row in db.execute("SELECT id FROM membership ORDER BY id")]
        rows = [
            (holding, seats[member], "operator", world.timestamp())
            for index, holding in enumerate(holdings)
            for member in holders(index)
        ]
        db.executemany("INSERT INTO asset_grant (holding, membership, roles, since) VALUES (?, ?, ?, ?)", rows)


def wanted() -> dict[str, Any]:
    """The seed, with 300 changes: joiners, leavers, finance roles, and access given, changed and taken."""
    members: dict[str, Any] = {
        f"p{number}": "admin" if number < ADMINS else "standard" for number in range(MEMBERS - REMOVED)
    }
    for number in range(ADMINS, ADMINS + PROMOTED):
        members[f"p{number}"] = {"role": "standard", "finance": "analyst"}
    people = {person: {"email": f"{person}@acme.example"} for person in members}
    for finance, count in INVITED.items():
        for number in range(count):
            joiner = f"new{finance}{number}"
            members[joiner] = {"role": "standard", **({"finance": finance} if finance else {})}
            people[joiner] = {"email": f"{joiner}@acme.example"}
    access = [{f"p{member}": "operator" for member in holders(number)} for number in range(AD_ACCOUNTS)]
    for number in range(GRANTED):
        access[number][f"p{MEMBERS - REMOVED - 1 - number}"] = "analyst"
    for number in range(REGRANTED):
        access[100 + number][f"p{holders(100 + number)[0]}"] = "analyst"
    for number in range(REVOKED):
        del access[200 + number][f"p{holders(200 + number)[0]}"]
    ad_accounts = {f"a{number}": {"id": asset(number), "access": granted} for number, granted in enumerate(access)}
    center = {
        "system": "business_center",
        "id": CENTER,
        "mode": "authoritative",
        "members": members,
        "ad_accounts": ad_accounts,
    }
    return {"version": 1, "people": people, "organizations": {"bc": center}}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "sandbox.yaml").write_text(json.dumps(seed()), encoding="utf-8")
    plant_grants(tmp_path)
    with serving(tmp_path, "--speed", str(SPEED)) as made:
        yield made


def fewest_for_reading() -> int:
    """Pages of the sizes that the documentation allows, of every list that there is.

    Whose token it is, the Business Center, six kinds of assets, access by ad account because those are fewer than
    members, partners and asset groups.
    """
    other_kinds = 5
    members, ad_accounts = ceil(MEMBERS / 20), ceil(AD_ACCOUNTS / 50)
    return 2 + members + ad_accounts + other_kinds + AD_ACCOUNTS * ceil(ON_EACH / 20) + 2


def fewest_for_changes() -> int:
    """What is touched is read before, as nothing locks it, and after, as no answer says what became of it.

    Up to 50 people are invited by one call. They are searched for one by one before, which is cheaper than the whole
    list, and are in the list of invitations after.
    """
    alone = REMOVED + PROMOTED + GRANTED + REGRANTED + REVOKED
    calls, pending = 3 * alone, 0
    for count in INVITED.values():
        for batch in [50] * (count // 50) + [count % 50] * bool(count % 50):
            pending += batch
            calls += batch + 1 + ceil(pending / 20)
    return calls


def seats(service: Service) -> dict[str, tuple[str, str, str]]:
    query = "SELECT identity, status, role, finance FROM membership WHERE status IN ('active', 'invited')"
    return {identity.split("@")[0]: (status, role, finance) for identity, status, role, finance in service.rows(query)}


def grants(service: Service) -> dict[tuple[str, str], str]:
    rows = service.rows(
        "SELECT asset.name, membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership"
        " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset"
    )
    return {(name, identity.split("@")[0]): roles for name, identity, roles in rows}


def expected_seats() -> dict[str, tuple[str, str, str]]:
    members = wanted()["organizations"]["bc"]["members"]
    full = {person: said if isinstance(said, dict) else {"role": said} for person, said in members.items()}
    return {
        person: ("invited" if person.startswith("new") else "active", said["role"], said.get("finance", ""))
        for person, said in full.items()
    }


def expected_grants() -> dict[tuple[str, str], str]:
    ad_accounts = wanted()["organizations"]["bc"]["ad_accounts"]
    return {(name, person): role for name, made in ad_accounts.items() for person, role in made["access"].items()}


@pytest.mark.full
def test_a_large_business_center_takes_hardly_more_calls_than_the_contract_asks_for(
    service: Service, tmp_path: Path
) -> None:
    loaded = load_manifests([SourceFile("all.yaml", json.dumps(wanted()).encode())], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    store = LocalFileStore(tmp_path / "state")
    request = PlanRequest(desired=loaded.desired, settings=GuardSettings(), today=TODAY)
    with Client(Connection(access_token=TOKEN, base_url=service.url), ticker=FastTicker(SPEED)) as client:
        provider = BusinessApiProvider(client, clock=Still())
        began = client.ticker.now()
        plan = make_plan(request, provider_for=lambda _: provider, store=store)
        assert Counter(change.action for change in plan.changes) == {
            Action.INVITE: sum(INVITED.values()),
            Action.REMOVE: REMOVED,
            Action.CHANGE_ROLE: PROMOTED,
            Action.GRANT: GRANTED,
            Action.CHANGE_GRANT: REGRANTED,
            Action.REVOKE: REVOKED,
        }
        run = Run(clock=Still(), terms=LeaseTerms(timer=SystemTimer()))
        report = apply_plan(plan, request, provider_for=lambda _: provider, store=store, run=run)
        seconds = client.ticker.now() - began
        calls, fewest = service.calls(), 2 * fewest_for_reading() + fewest_for_changes()
        total = sum(calls.values())
        told = f"{total} calls in {seconds:.0f} seconds of the platform; the contract needs {fewest}"
        print(told)  # noqa: T201  # asked for by -s
        assert len(report.of(Applied)) == len(report.results) == len(plan.changes)
        assert seats(service) == expected_seats()
        assert grants(service) == expected_grants()
        assert calls["POST bc/member/invite/"] == sum(ceil(count / 50) for count in INVITED.values())
        assert fewest <= total == client.calls <= 1.1 * fewest
        again = make_plan(request, provider_for=lambda _: provider, store=store)
    assert not again.changes
    assert [part.left_out for part in again.organizations] == [()]
    assert service.rows("SELECT count(*) FROM event WHERE verb = 'invite'") == [(sum(INVITED.values()),)]
