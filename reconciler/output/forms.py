"""The forms in which documents and findings can be written: one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.output.annotations import Annotations, render_junit, render_workflow_commands
from reconciler.output.csv import render_csv
from reconciler.output.document import Document
from reconciler.output.html import render_html
from reconciler.output.markdown import render_markdown
from reconciler.output.sarif import render_sarif
from reconciler.output.style import Style
from reconciler.output.text import render_text

FORMS: Mapping[str, Callable[[Document, Style], str]] = {
    "text": render_text,
    "markdown": render_markdown,
    "html": render_html,
    "csv": render_csv,
}
ANNOTATION_FORMS: Mapping[str, Callable[[Annotations, Style], str]] = {
    "github": lambda found, style: render_workflow_commands([*found.remarks, *found.notes], style),
    "sarif": lambda found, style: render_sarif(found.remarks, style, category=found.category),
    "junit": lambda found, _: render_junit(found.suites),
}
"""For forges and build servers, which know nothing but remarks on lines and test cases."""
