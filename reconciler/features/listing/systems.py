"""The catalogue of systems and roles."""

from __future__ import annotations

from itertools import groupby

from reconciler.output.document import Document, Item, Items, Look, Section, Span, plain
from reconciler.output.json import Output
from reconciler.output.words import count
from reconciler.systems import get_system
from reconciler.systems.pages import OldSource, RoleRow, SystemTable

SYSTEMS = Output(name="systems", title="Systems, roles and permissions", value=SystemTable)


def document_of_systems(table: SystemTable) -> Document:
    """Every system with its roles, grouped by what they are held on; the word for manifests comes first."""
    sections = []
    for (system, variant), of_system in groupby(table.roles, key=lambda row: (row.system, row.variant)):
        kinds = {kind: [_item(row) for row in of_kind] for kind, of_kind in groupby(of_system, lambda row: row.kind)}
        unseen = get_system(system, variant).unseen.items()
        kinds["not seen by any reading"] = [Item(text=(plain(f"{thing}: {why}"),)) for thing, why in unseen]
        old = [one for one in table.old_sources if (one.system, one.variant) == (system, variant)]
        kinds["older than a year; look whether it still holds"] = [_old(one) for one in old]
        blocks = tuple(
            Section(title=title, blocks=(Items(items=tuple(items)),)) for title, items in kinds.items() if items
        )
        sections.append(Section(title=f"{system} ({variant})" if variant else system, blocks=blocks))
    return Document(title="Systems and roles", is_title_needless=True, blocks=tuple(sections))


def _item(row: RoleRow) -> Item:
    cap = f", at most {row.cap:,}" if row.cap is not None else ""
    may_not = (f"may not: {row.may_not}",) if row.may_not else ()
    role = (Span(row.role, Look.STRONG), Span(f" ({row.label}{cap})"))
    return Item(text=role, details=(f"may: {row.may}", *may_not))


def _old(one: OldSource) -> Item:
    statements = count(one.statements, "statement", "statements")
    return Item(text=(plain(f"{one.source} ({one.date}): {statements}"),))
