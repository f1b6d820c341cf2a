"""Access that was given in an emergency is short, and somebody looks at it afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import Severity, count, person_in
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale, number


def _check(world: PolicyInput, parameters: Parameters) -> Iterator[PolicyObjection]:
    most, told = number(parameters, "days"), set()
    # All of it, whatever the day: what has ended without anybody looking is what the rule is for.
    given = (one for there in world.overviews.values() for one in there.emergencies)
    for declared in sorted(given, key=lambda one: one.address):
        who = person_in(declared.address)
        for line in declared.lines:
            if not line.break_glass or line.place in told:
                continue
            told.add(line.place)
            where = f"`{who}` at {declared.address}"
            if line.starts and line.expires and (days := (line.expires - line.starts).days) > most:
                yield PolicyObjection(
                    address=declared.address,
                    message=f"the emergency access of {where} lasts {count(days, 'day', 'days')}, "
                    f"and {count(int(most), 'is', 'are')} the most",
                    place=line.place,
                    advice="let it end earlier; what is needed for longer is reviewed like everything else",
                )
            elif line.reviewed_by in ("", who) and line.starts is not None and line.starts < world.today:
                by = "only they themselves have reviewed it" if line.reviewed_by else "nobody has reviewed it"
                yield PolicyObjection(
                    address=declared.address,
                    message=f"the emergency access of {where} began on {line.starts} ({line.reason}), and {by}",
                    place=line.place,
                    advice="look at what was done with it, write `reviewed_by: WHO`, and take the line out once it "
                    "has ended",
                )


RULE = Rule(
    id="break-glass",
    severity=Severity.WARNING,
    sets={"strict": Severity.ERROR, "agency": Severity.WARNING},
    asks="What `reconciler grant --break-glass` gave lasts at most so many days, and from its second day on somebody "
    "else has reviewed it.",
    because="In an emergency nobody waits for a review, so it comes afterwards; what nobody reviews becomes the usual "
    "way in.",
    where={"keys": ("break_glass",)},
    parameters={"days": 7},
    check=_check,
    scale=Scale.ORGANIZATION,
)
