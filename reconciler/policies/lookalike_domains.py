"""Addresses of domains that pass for one's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache, partial

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, number

_SECOND_LEVEL = frozenset({"ac", "co", "com", "edu", "gob", "gov", "net", "org"})
_ALIKE = str.maketrans("01", "ol")


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    find_twin = cache(partial(_find_twin, own=world.desired.own_domains, shortest=int(number(parameters, "from"))))
    for organization, member, person in world.every_member():
        # Handles and phone numbers have none.
        domain = member.identity.lower().rpartition("@")[2] if "@" in member.identity.lstrip("@") else ""
        if domain and (twin := find_twin(domain)):
            yield PolicyObjection.to(
                member,
                f"`{member.identity}` in `{organization.key}` passes for an address of `{twin}` and is of another "
                "domain",
                advice=f"write the address at `{twin}`; if the domain is yours, add it to `allowed_domains`",
                person=person,
            )


def _find_twin(domain: str, *, own: Collection[str], shortest: int) -> str:
    """The own domain whose name it has under another ending, with words added, or as its beginning; empty for none."""
    if any(domain == one or domain.endswith(f".{one}") for one in own):
        return ""
    name = _name_of(domain)
    pieces = {name, name.replace("-", ""), *re.split(r"[-\d]+", name)}
    for one in sorted(own):
        twin = _name_of(one)
        is_alike = len(twin) >= shortest and ({twin, twin.replace("-", "")} & pieces or name.translate(_ALIKE) == twin)
        if is_alike or domain.startswith(f"{one}.") or f".{one}." in domain:
            return one
    return ""


def _name_of(domain: str) -> str:
    """What somebody chose of it: `acme` of `mail.acme.co.uk`."""
    labels = domain.split(".")
    is_second_level = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return labels[-3 if is_second_level else -2] if len(labels) > 1 else domain


RULE = Rule(
    id="look-alike-domains",
    severity=None,
    sets={"baseline": Severity.WARNING, "strict": Severity.ERROR, "agency": Severity.ERROR},
    asks="No address is of a domain that has the name of one of yours, under another ending or with words added. Yours "
    "are `allowed_domains`, or, where none are given, domains of two employees or more; shorter names than `from` are "
    "not compared.",
    because="Such domains are bought to be taken for yours; validation only knows those that differ by a letter or are "
    "drawn alike.",
    parameters={"from": 4},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
