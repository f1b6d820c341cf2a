"""The forms in which every document can be written: one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.output.csv import render_csv
from reconciler.output.document import Document
from reconciler.output.html import render_html
from reconciler.output.markdown import render_markdown
from reconciler.output.style import Style
from reconciler.output.text import render_text

FORMS: Mapping[str, Callable[[Document, Style], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": render_html,
    "csv": render_csv,
}
