"""Findings in the forms that forges and build servers read: remarks on lines, and test cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.finding import Finding
from reconciler.output.junit import Case, render_junit
from reconciler.output.sarif import render_sarif
from reconciler.output.style import Style
from reconciler.output.workflow_commands import render_workflow_commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What is to be remarked on a subject."""

    category: str
    """Which command found it: keeps the runs of different commands apart."""
    remarks: Sequence[Finding]
    notes: Sequence[Finding] = ()
    """Nothing is wrong with these; only a reviewer who reads the lines is told."""
    suites: Mapping[str, Sequence[Case]]
    """Organization or file -> its test cases."""


ANNOTATION_FORMS: Mapping[str, Callable[[Annotations, Style], str]] = {
    "github": lambda found, style: render_workflow_commands([*found.remarks, *found.notes], style),
    "sarif": lambda found, style: render_sarif(found.remarks, style, category=found.category),
    "junit": lambda found, _: render_junit(found.suites),
}
