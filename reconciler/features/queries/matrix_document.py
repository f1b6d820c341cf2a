"""The access matrix: who reaches what, with which role, and how."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from reconciler.model.holding import AccessMatrix, Holding, Reach
from reconciler.model.kinds import KINDS
from reconciler.model.live import ask_about_states
from reconciler.output.document import Block, Document, Paragraph, Row, Section, Table, plain, table
from reconciler.output.holdings import (
    NOT_KNOWN,
    NOTHING,
    name_address,
    say_declared,
    say_last_read,
    say_origin,
    say_recorded,
    say_standing,
)
from reconciler.output.json import Output
from reconciler.output.words import count, name_access, name_attributes, name_subject

ACCESS = Output(name="access", title="Access matrix of an organization or of one thing in it", value=AccessMatrix)


def document_of_access(matrix: AccessMatrix) -> Document:
    """Thing by thing everybody who reaches it; then what is connected with it, and who could take access."""
    title = f" ({matrix.title})" if matrix.title else ""
    name = matrix.address.key if matrix.address.kind == "organization" else str(matrix.address)
    day = (
        f", as recorded at the end of {matrix.as_of}" if matrix.as_of else say_last_read(matrix.last_read, matrix.today)
    )
    blocks: list[Block] = [
        Section(title=plain(name_address(on)), blocks=(_table(list(reaches), matrix),), is_folded=True)
        for on, reaches in groupby(matrix.reaches, key=lambda reach: reach.on)
    ]
    blocks += [
        Section(title=plain(name_address(one.address)), blocks=(Paragraph(text=plain(_say_owner(one))),))
        for one in matrix.owned_elsewhere
    ]
    connections = _connections(matrix)
    if connections:
        blocks.append(Section(title="Connections", blocks=(connections,)))
    return Document(
        title=plain(f"{name}{title}{day}"), blocks=tuple(blocks), summary=_summary(matrix), whole="access matrix"
    )


def _say_owner(app: Holding) -> str:
    owner = str(app.recorded.attributes["owner"]) if app.recorded else ""
    kind, _, name = owner.partition(":")
    whose = f"owned by {name} in person" if kind == "person" else f"owned by organization {name}"
    return f"{whose}; nobody here has it until the transfer is accepted"


def _table(reaches: Sequence[Reach], matrix: AccessMatrix) -> Table:
    """On a past day nothing is declared: the manifests of that day are in their own history."""
    declared = partial(_declared, is_known=not matrix.has_no_state)
    words = (_who, _can, _how) if matrix.as_of else (_who, _can, _how, declared, _origins)
    rows = (Row(cells=tuple(plain(word(reach)) for word in words)) for reach in reaches)
    return Table(header=("who", "can", "how", "declared", "from")[: len(words)], rows=tuple(rows))


def _who(reach: Reach) -> str:
    return name_subject(reach.subject)


def _can(reach: Reach) -> str:
    """What they can do now; an admin without access still has it within reach."""
    if reach.effective is not None:
        return name_attributes(reach.effective) or "yes"
    return "could take it" if reach.can_take else NOTHING


def _how(reach: Reach) -> str:
    """Every way that leads there; several ways are told with what each gives, because the strongest counts."""
    told = [_describe_way(way, with_values=len(reach.ways) > 1 or not way.is_active) for way in reach.ways]
    if reach.can_take:
        what = "access" if reach.effective is None else "more"
        told.append(f"admin of {reach.on.organization}, can give themselves {what}")
    return "; ".join(told)


def _describe_way(way: Holding, *, with_values: bool) -> str:
    address = way.address
    if address.kind == "asset_group_access":
        name = f"asset group {address.parts[0]}"
    elif KINDS[address.kind].is_share:
        name = "shared with the partner"
    elif address.kind == "member":
        name = "member"
    else:
        name = "directly"
    through = f" through {way.declared.through}" if way.declared and way.declared.through else ""
    if way.recorded is None:
        return f"{name}{through}, not given yet"
    values = f": {say_recorded(way)}" if with_values else ""
    return f"{name}{through}{values}"


def _declared(reach: Reach, *, is_known: bool) -> str:
    """The values that are declared where they are not those one has, and what else does not fit."""
    if not reach.ways:
        return NOTHING
    if len(reach.ways) == 1:
        (way,) = reach.ways
        standing = say_standing(way) if is_known or way.recorded else NOT_KNOWN
        return f"{say_declared(way)} ({standing})" if way.declared else standing
    return NOTHING if reach.intended is None else name_attributes(reach.intended) or "yes"


def _origins(reach: Reach) -> str:
    """Reasons and manifest lines; the groups are told under how."""
    return "; ".join(origin for way in reach.ways if (origin := say_origin(way, with_group=False)))


def _connections(matrix: AccessMatrix) -> Table | None:
    words = [
        (
            name_subject(one.address),
            name_access(one.address),
            "" if matrix.as_of else NOT_KNOWN if matrix.has_no_state and not one.recorded else say_standing(one),
        )
        for one in matrix.connections
    ]
    return table(
        ("connected", "with", "" if matrix.as_of else "standing"),
        [Row(cells=tuple(map(plain, cells))) for cells in words],
    )


def _summary(matrix: AccessMatrix) -> str:
    if matrix.has_no_state:
        return f"Nobody can tell who has access. {ask_about_states([matrix.address.organization])}"
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
