"""The access matrix, for a terminal and for programs."""

from __future__ import annotations

from itertools import groupby

from reconciler.core.holding import AccessMatrix, Holding, Reach
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.table import render_table
from reconciler.subjects.access_terms import name_access, name_attributes, name_subject
from reconciler.subjects.holdings import (
    NOTHING,
    name_address,
    say_declared,
    say_origin,
    say_recorded,
    say_standing,
)


def render_access(matrix: AccessMatrix, style: Style) -> str:
    """Thing by thing everybody who reaches it, with which role and how; then who could take access."""
    title = f" ({matrix.title})" if matrix.title else ""
    name = matrix.address.key if matrix.address.kind == "organization" else str(matrix.address)
    day = f", as recorded at the end of {matrix.as_of}" if matrix.as_of else ""
    blocks = [f"{style.paint(make_visible(name), Tone.STRONG)}{title}{day}\n"]
    for on, reaches in groupby(matrix.reaches, key=lambda reach: reach.on):
        heading = style.paint(make_visible(name_address(on)), Tone.STRONG)
        blocks.append(f"{heading}\n{_table(list(reaches), matrix, style)}")
    if matrix.connections:
        blocks.append(_connections(matrix, style))
    return "\n".join([*blocks, f"{_closing(matrix)}\n"])


def _table(reaches: list[Reach], matrix: AccessMatrix, style: Style) -> str:
    if matrix.as_of:
        past = [(_who(reach), _can(reach), _how(reach)) for reach in reaches]
        return render_table(("who", "can", "how"), past, style)
    rows = [(_who(reach), _can(reach), _how(reach), _declared(reach), _origins(reach)) for reach in reaches]
    return render_table(("who", "can", "how", "declared", "from"), rows, style)


def _who(reach: Reach) -> str:
    return name_subject(reach.subject)


def _can(reach: Reach) -> str:
    """What they can do now; an admin without access still has it within reach."""
    if reach.effective is not None:
        return name_attributes(reach.effective) or "yes"
    return "could take it" if reach.can_take else NOTHING


def _how(reach: Reach) -> str:
    """Every way that leads there; several ways are told with what each gives, because the strongest counts."""
    told = [_tell_way(way, with_values=len(reach.ways) > 1 or not way.is_active) for way in reach.ways]
    if reach.can_take:
        told.append(f"admin of {reach.on.organization}, can give themselves access")
    return "; ".join(told)


def _tell_way(way: Holding, *, with_values: bool) -> str:
    address = way.address
    if address.kind == "asset_group_access":
        name = f"asset group {address.parts[0]}"
    elif address.kind == "partner_share":
        name = "shared with the partner"
    elif address.kind == "member":
        name = "member"
    else:
        name = "directly"
    through = f" through {way.declared.through}" if way.declared and way.declared.through else ""
    values = f": {say_recorded(way)}" if with_values and way.recorded else ""
    return f"{name}{through}{values}"


def _declared(reach: Reach) -> str:
    """The values that are declared where they are not those one has, and what else does not fit."""
    if not reach.ways:
        return NOTHING
    if len(reach.ways) == 1:
        (way,) = reach.ways
        return f"{say_declared(way)} ({say_standing(way)})" if way.declared else say_standing(way)
    return NOTHING if reach.intended is None else name_attributes(reach.intended) or "yes"


def _origins(reach: Reach) -> str:
    """Reasons and manifest lines; the groups are told under how."""
    return "; ".join(origin for way in reach.ways if (origin := say_origin(way, with_group=False)))


def _connections(matrix: AccessMatrix, style: Style) -> str:
    rows = [(name_subject(one.address), name_access(one.address), say_standing(one)) for one in matrix.connections]
    if matrix.as_of:
        rows = [(subject, what, "") for subject, what, _ in rows]
    return render_table(("connected", "with", ""), rows, style)


def _closing(matrix: AccessMatrix) -> str:
    reaching = {reach.subject for reach in matrix.reaches if reach.effective is not None}
    people = sum(subject.kind == "member" for subject in reaching)
    partners = len(reaching) - people
    could = {reach.subject for reach in matrix.reaches if reach.can_take}
    told = [count(people, "person has access", "people have access")]
    if partners:
        told.append(f"{count(partners, 'partner', 'partners')} beside, whose admins decide who of their people")
    if could:
        told.append(f"{count(len(could), 'admin', 'admins')} could take more")
    return f"{'; '.join(told)}."
