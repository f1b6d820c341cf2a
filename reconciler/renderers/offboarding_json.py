"""An offboarding for programs, such as a job that asks every day whether anything is left."""

from __future__ import annotations

import json
from dataclasses import asdict

from reconciler.core.offboarding import Hurdle, Item, Offboarding, Surface
from reconciler.manifests.departure_documents import HurdleOutput, ItemOutput, OffboardingOutput, SurfaceOutput
from reconciler.renderers.outputs import place_of
from reconciler.renderers.style import Style

OFFBOARDING_FORMAT = "1.0"


def render_offboarding_json(found: Offboarding, _: Style) -> str:
    """`OffboardingOutput` as JSON; ASCII only, so that nothing invisible hides."""
    document = OffboardingOutput(
        format_version=OFFBOARDING_FORMAT,
        person=found.key,
        name=found.name,
        today=found.today.isoformat(),
        leaves=found.leaves.isoformat() if found.leaves else None,
        complete=found.is_complete,
        groups=list(found.groups),
        first=list(map(_hurdle, found.hurdles)),
        items=list(map(_item, found.items)),
        surfaces=list(map(_surface, found.surfaces)),
        patch=found.patch,
    )
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def _hurdle(one: Hurdle) -> HurdleOutput:
    return HurdleOutput(what=one.what, first=one.first, address=str(one.address) if one.address else None)


def _item(one: Item) -> ItemOutput:
    place = one.place
    return ItemOutput(
        matter=one.matter.value,
        address=str(one.address),
        what=one.what,
        progress=one.progress.value,
        why=one.why,
        on=one.on,
        since=one.since.isoformat() if one.since else None,
        work_order=one.order,
        place=place_of(place) if place else None,
    )


def _surface(one: Surface) -> SurfaceOutput:
    return SurfaceOutput(
        organization=one.organization,
        system=one.title,
        progress=one.progress.value,
        why=one.why,
        seen=one.seen.isoformat() if one.seen else None,
    )
