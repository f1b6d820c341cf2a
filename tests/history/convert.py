"""A quarter of the recorded history as manifests, and the world it begins in.

An organization becomes a Business Center (its admins `admin`, its members `standard`), a team an ad account of it (the
team's admins `admin`, its members `operator`), a pseudonym an e-mail address. The data hold nobody who is in a team but
not in its organization; `read_quarters` insists on it, so that nothing has to be made up or left out.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

HISTORY = Path(__file__).parents[1] / "data" / "access-history-2018-2022.jsonl.gz"

Roles = Mapping[str, str]
"""Person -> role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Center:
    """One organization of one quarter in the words of Business Centers."""

    members: Roles
    ad_accounts: Mapping[str, Roles]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """The whole community on one day."""

    day: date
    centers: Mapping[str, Center]

    @property
    def people(self) -> list[str]:
        """Everybody who is in any organization, sorted."""
        return sorted({person for center in self.centers.values() for person in center.members})


def read_quarters() -> list[Quarter]:
    """All quarters, oldest first."""
    with gzip.open(HISTORY, "rt", encoding="utf-8") as lines:
        return [_quarter(json.loads(line)) for line in lines]


def render_manifests(quarter: Quarter) -> dict[str, str]:
    """File name -> text: one file of people, and one for each organization.

    The organizations are authoritative because the recorded files were: whoever was not in them was taken out.
    """
    people = [f"  {person}: {{email: {email(person)}}}\n" for person in quarter.people]
    texts = {"people.yaml": "".join(["version: 1\npeople:\n", *people])}
    for name, center in quarter.centers.items():
        texts[f"{name}.yaml"] = "".join(_center_lines(name, center))
    return texts


def seed_of(quarters: Sequence[Quarter]) -> dict[str, Any]:
    """The world before the first quarter: every organization with one admin of its first quarter and all its teams.

    Ad accounts are there from the start because no plan creates or deletes one.
    """
    organizations: dict[str, Any] = {}
    for quarter in quarters:
        for name, center in quarter.centers.items():
            founder = min(person for person, role in center.members.items() if role == "admin")
            planted = organizations.setdefault(
                name,
                {
                    "system": "business_center",
                    "id": center_id(name),
                    "members": {email(founder): "admin"},
                    "ad_accounts": {},
                },
            )
            planted["ad_accounts"] |= {ad_account_id(name, key): key for key in center.ad_accounts}
    return {"version": 1, "organizations": organizations}


def email(person: str) -> str:
    """The address a pseudonym goes by."""
    return f"{person}@history.example"


def center_id(name: str) -> str:
    """A number of the usual length, made from the name."""
    return f"69{_digits(name)}"


def ad_account_id(organization: str, key: str) -> str:
    """As `center_id`; teams of one name in two organizations are two ad accounts."""
    return f"71{_digits(f'{organization}/{key}')}"


def _digits(text: str) -> str:
    return f"{int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % 10**17:017}"


def _quarter(document: Mapping[str, Any]) -> Quarter:
    centers = {name: _center(name, found) for name, found in document["organizations"].items()}
    return Quarter(day=date.fromisoformat(document["date"]), centers=centers)


def _center(name: str, found: Mapping[str, Any]) -> Center:
    members = _roles(admin=found["admins"], standard=found["members"])
    ad_accounts: dict[str, Roles] = {}
    for team, people in found["teams"].items():
        key = team.replace("/", "-")  # a slash separates the parts of an address
        if key in ad_accounts:
            message = f"{name} has two teams called {key}"
            raise ValueError(message)
        ad_accounts[key] = _roles(admin=people["admins"], operator=people["members"])
        if strangers := ad_accounts[key].keys() - members.keys():
            message = f"{name}: {sorted(strangers)} are in {team} but not in the organization"
            raise ValueError(message)
    return Center(members=members, ad_accounts=ad_accounts)


def _roles(**people: Iterable[str]) -> Roles:
    """Role -> people the other way round."""
    listed = [(person, role) for role, named in people.items() for person in named]
    roles = dict(listed)
    if len(roles) != len(listed):
        message = "somebody is listed with two roles in one place"
        raise ValueError(message)
    return roles


def _center_lines(name: str, center: Center) -> Iterable[str]:
    yield f"version: 1\norganizations:\n  {name}:\n    system: business_center\n    id: '{center_id(name)}'\n"
    yield "    mode: authoritative\n    members:\n"
    yield from _role_lines(center.members, "      ")
    if center.ad_accounts:
        yield "    ad_accounts:\n"
    for key, roles in sorted(center.ad_accounts.items()):
        yield f"      {json.dumps(key)}:\n        id: '{ad_account_id(name, key)}'\n"
        if roles:
            yield "        access:\n"
            yield from _role_lines(roles, "          ")


def _role_lines(roles: Roles, indent: str) -> Iterable[str]:
    return (f"{indent}{person}: {role}\n" for person, role in sorted(roles.items()))
