"""`reconciler policy list|test`."""

from __future__ import annotations

from datetime import date

import click

from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exits import code_of_findings
from reconciler.cli.options import document_option, now_option
from reconciler.cli.workspace import inspect_policies, read_rules
from reconciler.policies.judging import standing_rules


@click.group()
def policy() -> None:
    """List policies, and judge the manifests by them."""


@policy.command("list")
@document_option
@click.pass_obj
def list_(app: App, format_: str) -> None:
    """List all policies: what each asks, and how it is set here."""
    rules = standing_rules(app.config.policies, read_rules(app.root, app.config).rules)
    app.show(RENDERERS.policies, rules, format_=format_)


@policy.command()
@click.argument("rules", nargs=-1)
@now_option
@document_option
@click.pass_obj
def test(app: App, rules: tuple[str, ...], now: date | None, format_: str) -> int:
    """Judge the manifests by all policies, or by RULES alone.

    RULES are tried even where they are off, to see what they would say; those that are off then say it as warnings.
    Here policies also look at what is recorded, which `validate` never reads.
    Exits with 3 when one of severity error objects.
    """
    inspection = inspect_policies(
        app.root,
        app.config,
        rules,
        today=now or app.today,
        read_recorded=lambda key: read_state(app.store, key),
    )
    app.show(RENDERERS.findings, inspection, format_=format_)
    return code_of_findings(inspection.findings, policies=inspection.policies)
