"""Which policies hold in a workspace, and the catalogue of systems and roles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.model.settings import OFF, POLICY_SETS, Parameter, PolicySettings, StandingRule
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
    plain,
)
from reconciler.output.json import Output
from reconciler.output.style import Tone
from reconciler.output.words import count
from reconciler.policies.judging import POLICIES as RULES
from reconciler.policies.judging import severity_of
from reconciler.policies.rule import Rule
from reconciler.systems import get_system
from reconciler.systems.pages import OldSource, RoleRow, SystemTable

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
        yield Facts(pairs=tuple((name, plain(_written(value))) for name, value in rule.parameters.items()))
    for one in rule.exceptions:
        text = f"except {one.address} until {one.until}: {one.reason}; {one.owner} answers for it  [{one.place}]"
        yield Paragraph(text=plain(text), tone=Tone.WARN)
    if rule.needs_state and rule.severity != OFF:
        yield Paragraph(text="Looks at what is recorded: `reconciler policy test` asks it.", tone=Tone.QUIET)
    yield Detail(full=Paragraph(text=rule.because, tone=Tone.QUIET))


def _written(value: Parameter) -> str:
    """As it is written in reconciler.yaml."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    lists = (f"{name}: {_written(words)}" for name, words in value.items())
    return f"{{{', '.join(lists)}}}"


def render_policies() -> str:
    """docs/policy-rules.md: all policies that come with the tool, and what they are in each set."""
    header = "| policy | no set | " + " | ".join(POLICY_SETS) + " |\n" + "|---" * (len(POLICY_SETS) + 2) + "|\n"
    settings = [PolicySettings(), *(PolicySettings(set=name) for name in POLICY_SETS)]
    rows = (
        f"| [`{rule.id}`](#{rule.id}) | " + " | ".join(severity_of(rule, one) or OFF for one in settings) + " |\n"
        for rule in RULES.values()
    )
    return _HEAD + header + "".join(rows) + "".join(map(_section, RULES.values()))


_HEAD = """# The policies that come with the tool

<!-- Written by `make pages` from reconciler/policies; do not edit. -->

How policies are set, excepted and written is in [policies.md](policies.md). How much each matters, without a set and in
each set:

"""


def _section(rule: Rule) -> str:
    parameters = "; ".join(f"`{name}: {_written(value)}`" for name, value in rule.parameters.items())
    state = (
        "\n\nIt looks at what is recorded: `policy test` asks it always, `plan` and `apply` where it is an error, "
        "`validate` and `diff` never."
    )
    return (
        f"\n## {rule.id}\n\n{rule.asks}\n\nWhy: {rule.because}\n\nParameters: {parameters or 'none'}."
        f"{state if rule.needs_state else ''}\n"
    )


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
        old = [one for one in table.old_sources if (one.system, one.variant) == (system, variant)]
        kinds["older than a year; look whether it still holds"] = [_old(one) for one in old]
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


def _old(one: OldSource) -> Item:
    statements = count(one.statements, "statement", "statements")
    return Item(text=(plain(f"{one.source} ({one.date}): {statements}"),))
