"""A text of a document in one line of plain text."""

from __future__ import annotations

from reconciler.output.document import Inline, Look, spans
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible


def say(text: Inline, style: Style) -> str:
    """A text in one line: backticks stay as they were typed, and what is to be copied exactly stands in quotes."""
    if isinstance(text, str):
        return make_visible(text)
    return "".join(_say(span.text, span.look, style) for span in spans(text))


def _say(text: str, look: Look, style: Style) -> str:
    visible = make_visible(text)
    if look is Look.LITERAL:
        escaped = visible.replace('"', '\\"')
        return style.paint(f'"{escaped}"', Tone.STRONG)
    return style.paint(visible, Tone.STRONG) if look is Look.STRONG else visible
