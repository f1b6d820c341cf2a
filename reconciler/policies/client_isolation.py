"""Clients of an agency are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from reconciler.engine.entitlements import reach
from reconciler.model import KINDS, AccessPath, Address, Severity
from reconciler.policies.rule import Overview, Parameters, PolicyInput, PolicyObjection, Rule, Scale, by_name, words

Clients = Mapping[str, tuple[str, ...]]


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    clients = by_name(parameters, "clients", tuple)
    spared = set(words(parameters, "except"))
    held: dict[str, dict[str, list[AccessPath]]] = {}
    for key, there in world.overviews.items():
        yield from _mixed_edges(there, clients)
        system = there.organization.system
        for (subject, on), access in reach(key, there.resources, system=system, today=world.today).items():
            if subject.key in spared:
                continue
            who = subject.key if subject.kind == "member" else str(subject)
            for client in _clients_of(on, clients):
                held.setdefault(who, {}).setdefault(client, []).extend(access.ways)
    for who, by_client in sorted(held.items()):
        if len(by_client) < 2:
            continue
        by_address = {way.address: way for found in by_client.values() for way in found}
        ways = sorted(by_address.values(), key=lambda one: one.place)
        yield PolicyObjection(
            address=ways[-1].address,
            message=f"`{who}` has access to several clients: {', '.join(sorted(by_client))}",
            place=ways[-1].place,
            others=tuple(way.address for way in ways),
            advice="give each client's access to other people, or name them under `except`",
            related=tuple(dict.fromkeys(way.place for way in ways[:-1])),
        )


def _mixed_edges(there: Overview, clients: Clients) -> Iterator[PolicyObjection]:
    """A TikTok account or a pixel of one client that is used in the ad account of another."""
    for address, declared in there.resources.items():
        if not KINDS[address.kind].parents or KINDS[address.kind].person_part is not None:
            continue
        ends = zip(KINDS[address.kind].parents, address.parts, strict=True)
        belongs = [_clients_of(Address(address.organization, kind, key), clients) for kind, key in ends]
        if all(belongs) and not set.intersection(*belongs):
            named = " and ".join(", ".join(sorted(one)) for one in belongs)
            message = f"{address} connects what belongs to {named}"
            yield PolicyObjection.to(declared, message, advice="link each brand once, to its own ad account")


def _clients_of(thing: Address, clients: Clients) -> set[str]:
    """The clients to whom an asset, or an organization as a whole, belongs."""
    return {
        client for client, patterns in clients.items() if any(fnmatchcase(str(thing), pattern) for pattern in patterns)
    }


RULE = Rule(
    id="client-isolation",
    severity=Severity.WARNING,
    sets={"agency": Severity.ERROR},
    needs=("clients",),
    asks="Nobody has access to assets of two clients, and nothing connects them; `clients` lists the assets of each as "
    "address patterns, `except` the people who may.",
    because="An agency that serves several brands keeps rights apart for each, and links each brand once, to the right "
    "ad account.",
    parameters={"clients": {}, "except": ()},
    check=_check,
    scale=Scale.PERSON_ANYWHERE,
    is_timeless=True,
)
