"""Permissions of TikTok accounts that go further than ads do have a reason."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, words


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    far = set(words(parameters, "permissions"))
    for _, declared in world.everything(["tiktok_account"]):
        asked = far.intersection(declared.attributes.get("permissions", ()))
        if asked and not declared.reason:
            yield PolicyObjection.to(
                declared,
                f"`{declared.address.key}` is asked for {', '.join(sorted(asked))} without a reason",
                advice="ask for `existing_posts` or `publish_ads_only`, or write a `reason`",
            )


RULE = Rule(
    id="permission-reason",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR, "agency": Severity.ERROR},
    asks="A link to a TikTok account with one of these permissions has a reason.",
    because="Owners are promised that a link for ads lets nobody post or read messages; these permissions do.",
    where={"permissions": "permissions"},
    parameters={"permissions": ("publish_to_profile", "direct_message")},
    check=_check,
    scale=Scale.PERSON,
    is_timeless=True,
)
