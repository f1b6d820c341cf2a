"""Plans, reports and findings in the forms that forges and build servers read; one function for each pair."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.core.outcome import Report
from reconciler.core.plan import Plan
from reconciler.output.sarif import render_sarif
from reconciler.output.style import Style
from reconciler.output.workflow_commands import render_workflow_commands
from reconciler.renderers.html import render_html
from reconciler.renderers.junit import render_plan_junit, render_report_junit
from reconciler.renderers.markdown import render_markdown
from reconciler.renderers.remarks import remarks_on_admins, remarks_on_plan, remarks_on_report
from reconciler.renderers.sheet_of_plan import sheet_of_plan
from reconciler.renderers.sheet_of_report import sheet_of_report

PLAN_PAGES: Mapping[str, Callable[[Plan, Style], str]] = {
    "markdown": lambda plan, style: render_markdown(sheet_of_plan(plan), style),
    "html": lambda plan, style: render_html(sheet_of_plan(plan), style),
    "github": lambda plan, style: render_workflow_commands([*remarks_on_plan(plan), *remarks_on_admins(plan)], style),
    "sarif": lambda plan, style: render_sarif(remarks_on_plan(plan), style, category="plan"),
    "junit": render_plan_junit,
}

REPORT_PAGES: Mapping[str, Callable[[Plan, Report, Style], str]] = {
    "markdown": lambda plan, report, style: render_markdown(sheet_of_report(plan, report), style),
    "html": lambda plan, report, style: render_html(sheet_of_report(plan, report), style),
    "github": lambda plan, report, style: render_workflow_commands(remarks_on_report(plan, report), style),
    "sarif": lambda plan, report, style: render_sarif(remarks_on_report(plan, report), style, category="apply"),
    "junit": render_report_junit,
}
