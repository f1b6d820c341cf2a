"""Whom nobody declared makes up for no admin who goes, whatever else is planned.

Everybody is drawn as they are declared, recorded and live; the plan is then carried out on a dictionary here, step by
step. Making `membership_counts.tenure_of` say LASTING of everybody makes this fail, and so does counting whoever has
departed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engine.planner import Worlds, plan
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Desired, GuardSettings, Live, Plan, Record, Resource, State, Status
from tests.tiers import scaled

TODAY = date(2026, 11, 22)
MIN_ADMINS = 2
NAMES = tuple("abcdefg")


@dataclass(frozen=True, slots=True)
class One:
    """Somebody in the three worlds."""

    declared: str = ""
    """`admin`, `standard`, `admin until`, or nothing."""
    live: str = ""
    is_recorded: bool = False
    """As live."""
    is_listed: bool = True
    """Whether `people` names them although nothing is declared of them; whoever it does not name has left."""

    @property
    def is_in_directory(self) -> bool:
        return bool(self.declared) or self.is_listed

    @property
    def is_ours(self) -> bool:
        return self.declared.startswith("admin") or (self.is_recorded and self.live == "admin")

    @property
    def counts(self) -> bool:
        """Whether they are to be relied on, if they are an active admin."""
        if self.declared.startswith("admin"):
            return self.declared == "admin"
        return self.is_ours and self.is_in_directory


people = st.builds(
    One,
    declared=st.sampled_from(["", "", "admin", "admin until", "standard"]),
    live=st.sampled_from(["", "admin", "admin", "admin", "standard"]),
    is_recorded=st.booleans(),
    is_listed=st.booleans(),
)


def desired_of(everybody: dict[str, One]) -> Desired:
    lines: dict[str, Any] = {
        name: {"role": "admin", "expires": TODAY + timedelta(days=40)} if "until" in one.declared else one.declared
        for name, one in everybody.items()
        if one.declared
    }
    content = {
        "version": 1,
        "people": {name: {"email": f"{name}@acme.example"} for name, one in everybody.items() if one.is_in_directory},
        "organizations": {
            "bc": {"system": "business_center", "id": "6900000000000000001", "mode": "authoritative", "members": lines}
        },
    }
    desired = load_manifests([SourceFile("bc.yaml", yaml.safe_dump(content).encode())], today=TODAY).desired
    assert desired is not None
    return desired


def made(everybody: dict[str, One]) -> Plan:
    there = {Address("bc", "member", name): one for name, one in everybody.items() if one.live}
    live = {at: Resource(address=at, attributes={"role": one.live}) for at, one in there.items()}
    records = {at: Record(address=at, attributes={"role": one.live}) for at, one in there.items() if one.is_recorded}
    whole = Address("bc", "organization", "bc")
    live[whole] = Resource(address=whole, identity="6900000000000000001")
    worlds = Worlds(
        desired=desired_of(everybody),
        recorded={"bc": State(organization="bc", lineage="l1", serial=1, records=records)},
        live={"bc": Live(organization="bc", resources=live)},
        today=TODAY,
    )
    return plan(worlds, GuardSettings(min_admins=MIN_ADMINS, max_removal_ratio=1.0))


@settings(max_examples=scaled(600), deadline=None)
@given(first=st.sampled_from(["", "admin"]), drawn=st.lists(people, min_size=2, max_size=len(NAMES) - 1))
def test_nobody_undeclared_makes_up_for_an_admin_who_goes(first: str, drawn: list[One]) -> None:
    everybody = dict(zip(NAMES, [One(declared="admin", live=first, is_recorded=bool(first)), *drawn], strict=False))
    admins = {name for name, one in everybody.items() if one.live == "admin"}
    relied_on = [name for name in admins if everybody[name].is_ours and everybody[name].declared != "admin until"]
    floor = min(MIN_ADMINS, len(relied_on))
    for change in made(everybody).changes:
        name, after = change.address.key, change.after
        if change.address.kind != "member":
            continue
        if after is not None and after.status is Status.ACTIVE and after.attributes["role"] == "admin":
            admins.add(name)
        elif name in admins:
            admins.discard(name)
            assert any(everybody[other].declared.startswith("admin") for other in admins), f"nobody declared but {name}"
            left = sum(everybody[other].counts for other in admins)
            assert not everybody[name].is_ours or left >= floor or floor <= 1, f"{left} remain after {name}, of {floor}"
