"""Access belongs to people, and not to mailboxes that several people read."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, mailbox_of, words

_NAMES = (
    "account accounts ad ads admin administrator agency billing contact dev devs finance group hello help hi hr info "
    "it marketing media noreply no-reply office people postmaster press root sales security service social staff "
    "studio support team tiktok webmaster"
)


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    names = set(words(parameters, "names"))
    for organization, member, person in world.every_member():
        email = member.identity.lower()
        if "@" in email and mailbox_of(email) in names:
            yield PolicyObjection.to(
                member,
                f"`{email}` in `{organization.key}` looks like a mailbox that several people read",
                advice="invite each person by their own address",
                person=person,
            )


RULE = Rule(
    id="role-mailboxes",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR},
    asks="Nobody is invited by an address that several people read; `names` are what stands before the @ of such ones.",
    because="Nobody knows who of them did something, and whoever leaves keeps the access that the mailbox has.",
    where={"mailboxes": "names"},
    parameters={"names": tuple(_NAMES.split())},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
