"""Which policies hold in a workspace, and the catalogue of systems and roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.model import OFF, Parameter, StandingRule, count
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Facts,
    Item,
    Items,
    Paragraph,
    Section,
    Span,
    SpanStyle,
    Tone,
    plain,
)
from reconciler.output.json import Output
from reconciler.systems.catalogue import RoleRow, SystemTable, get_system

POLICIES = Output(
    name="policies", title="Policies as they are set in a workspace", value=Sequence[StandingRule], under="policies"
)


def document_of_policies(rules: Sequence[StandingRule]) -> Document:
    """Rule by rule: severity, what it asks and its parameters; and why, for whoever wants everything."""
    sections = (Section(title=plain(rule.id), about=rule.severity, blocks=tuple(_blocks(rule))) for rule in rules)
    return Document(title="Policies", is_title_needless=True, blocks=tuple(sections))


def _blocks(rule: StandingRule) -> Iterator[Block]:
    yield Paragraph(text=rule.asks, tone=Tone.QUIET if rule.severity == OFF else None)
    if rule.parameters:
        yield Facts(pairs=tuple((name, plain(as_written(value))) for name, value in rule.parameters.items()))
    for one in rule.exceptions:
        text = f"except {one.address} until {one.until}: {one.reason}; {one.owner} answers for it  [{one.place}]"
        yield Paragraph(text=plain(text), tone=Tone.WARN)
    if rule.needs_state and rule.severity != OFF:
        yield Paragraph(text="Looks at what is recorded: `reconciler policy test` asks it.", tone=Tone.QUIET)
    yield Detail(full=Paragraph(text=rule.because, tone=Tone.QUIET))


def as_written(value: Parameter) -> str:
    """As it is written in reconciler.yaml."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    lists = (f"{name}: {as_written(words)}" for name, words in value.items())
    return f"{{{', '.join(lists)}}}"


SYSTEMS = Output(name="systems", title="Systems, roles and permissions", value=SystemTable)


def document_of_systems(table: SystemTable) -> Document:
    """Every system with its roles, grouped by what they are held on; the word for manifests comes first."""
    sections = []
    for (system, variant), of_system in groupby(table.roles, key=lambda row: (row.system, row.variant)):
        kinds = {
            kind: [_role_item(row) for row in of_kind] for kind, of_kind in groupby(of_system, lambda row: row.kind)
        }
        unseen = get_system(system, variant).unseen.items()
        kinds["not seen by any reading"] = [Item(text=(plain(f"{thing}: {why}"),)) for thing, why in unseen]
        old = (one for one in table.old_sources if (one.system, one.variant) == (system, variant))
        told = (f"{one.source} ({one.date}): {count(one.statements, 'statement', 'statements')}" for one in old)
        kinds["older than a year; look whether it still holds"] = [Item(text=(plain(text),)) for text in told]
        blocks = tuple(
            Section(title=title, blocks=(Items(items=tuple(items)),)) for title, items in kinds.items() if items
        )
        sections.append(Section(title=f"{system} ({variant})" if variant else system, blocks=blocks))
    return Document(title="Systems and roles", is_title_needless=True, blocks=tuple(sections))


def _role_item(row: RoleRow) -> Item:
    cap = f", at most {row.cap:,}" if row.cap is not None else ""
    may_not = (f"may not: {row.may_not}",) if row.may_not else ()
    role = (Span(row.role, SpanStyle.STRONG), Span(f" ({row.label}{cap})"))
    return Item(text=role, details=(f"may: {row.may}", *may_not))
