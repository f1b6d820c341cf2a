"""Which policies hold in a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.settings import OFF, Parameter, StandingRule
from reconciler.output.document import Block, Detail, Document, Facts, Paragraph, Section, plain
from reconciler.output.json import Output
from reconciler.output.style import Tone

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
