"""The catalogue of systems and roles."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reconciler.output.document import Document, Item, Items, Look, Section, Span, plain
from reconciler.output.json import Output
from reconciler.systems import get_system
from reconciler.systems.table import RoleRow

SYSTEMS = Output(name="systems", title="Systems, roles and permissions", value=Sequence[RoleRow], under="roles")


def document_of_systems(rows: Sequence[RoleRow]) -> Document:
    """Every system with its roles, grouped by what they are held on; the word for manifests comes first."""
    sections = []
    for (system, variant), of_system in groupby(rows, key=lambda row: (row.system, row.variant)):
        kinds = tuple(
            Section(title=kind, blocks=(Items(items=tuple(map(_item, of_kind))),))
            for kind, of_kind in groupby(of_system, key=lambda row: row.kind)
        )
        unseen = tuple(
            Item(text=(plain(f"{thing}: {why}"),)) for thing, why in get_system(system, variant).unseen.items()
        )
        if unseen:
            kinds = (*kinds, Section(title="not seen by any reading", blocks=(Items(items=unseen),)))
        sections.append(Section(title=f"{system} ({variant})" if variant else system, blocks=kinds))
    return Document(title="Systems and roles", is_title_needless=True, blocks=tuple(sections))


def _item(row: RoleRow) -> Item:
    cap = f", at most {row.cap:,}" if row.cap is not None else ""
    may_not = (f"may not: {row.may_not}",) if row.may_not else ()
    role = (Span(row.role, Look.STRONG), Span(f" ({row.label}{cap})"))
    return Item(text=role, details=(f"may: {row.may}", *may_not))
