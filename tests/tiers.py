"""How much of everything is tried: the same laws and the same cases in every tier, with more or fewer examples.

`quick` is what every change runs (`make test`), `full` tries everything (`make test-all`), `long` has ten times as many
random worlds (`make laws`), `mutants` is for tools that are broken on purpose. The tier is the profile of hypothesis:
`pytest --hypothesis-profile=full`.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

HUNDRED = 100
"""The examples of a law in the full tier."""


def register() -> None:
    """Let hypothesis know the tiers. No clock decides a law: a shared machine is slow now and then."""
    calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("quick", calm, max_examples=HUNDRED // 25)
    settings.register_profile("full", calm, max_examples=HUNDRED)
    settings.register_profile("long", calm, max_examples=10 * HUNDRED)
    # Whether a law notices at all is asked here; the smallest world in which it does takes minutes to find.
    settings.register_profile(
        "mutants", calm, max_examples=10 * HUNDRED, phases=[Phase.generate], report_multiple_bugs=False
    )
    settings.load_profile("quick")


def is_quick() -> bool:
    """Whether only what every change needs is run; to be asked when a test module is imported, or later."""
    return settings().max_examples < HUNDRED


def scaled(examples: int) -> int:
    """How many examples this tier tries of a law that tries so many in the full one."""
    return max(min(examples, 3), examples * settings().max_examples // HUNDRED)
