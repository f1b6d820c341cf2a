"""A document as one page that needs nothing but itself: no network, no script, light and dark, wide and narrow.

The template escapes all texts. On a narrow screen each row of a table is a block of labelled values.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

from reconciler.output.document import Document, Style, Tone, in_full, line_at, make_visible, merged, words_of

if TYPE_CHECKING:
    from jinja2 import Template

_CLASSES = {
    Tone.ADD: "add",
    Tone.CHANGE: "change",
    Tone.TRANSFER: "change",
    Tone.WARN: "change",
    Tone.REMOVE: "remove",
    Tone.ALARM: "remove",
    Tone.QUIET: "quiet",
    Tone.STRONG: "strong",
}


def write_html(document: Document, style: Style) -> Iterator[str]:
    """The page with everything there is, in pieces, the largest of which is a chapter, such as one organization."""
    job = style.job if style.job.startswith("https://") else ""
    blocks = [below for block in document.blocks for below in in_full(block, by_file=True)]
    return _template().generate(document=document, blocks=blocks, job=job, numbers=count(1), link_to=style.link_to)


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reconciler.output"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "visible": make_visible,
        "spans": merged,
        "words": words_of,
        "kind": lambda block: type(block).__name__.lower(),
        "tone": lambda tone: _CLASSES[tone] if tone else "",
        "in_full": in_full,
        "line_at": line_at,
        "next": next,
    }
    return environment.get_template("page.html.j2")
