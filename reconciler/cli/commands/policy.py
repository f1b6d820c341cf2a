"""`reconciler policy`."""

from __future__ import annotations

import sys
from datetime import date

import click

from reconciler.cli.exit_codes import code_of_findings
from reconciler.cli.options import DateType
from reconciler.cli.outlet import print_page
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option
from reconciler.cli.wiring import SystemClock
from reconciler.cli.workspace import inspect_policies, read_config, read_rules
from reconciler.policies.judging import standing_rules
from reconciler.subjects.catalogue import RENDERERS


@click.group()
def policy() -> None:
    """See which policies hold, and what they object to."""


@policy.command("list")
@document_option
@click.pass_obj
def list_(session: Session, format_: str) -> None:
    """List all policies: what each asks, and how it is set here."""
    config = read_config(session.root)
    rules = standing_rules(config.policies, read_rules(session.root, config).rules)
    click.echo(RENDERERS.policies[format_](rules, session.style(sys.stdout)), nl=False, color=True)


@policy.command()
@click.argument("rules", nargs=-1)
@click.option("--now", type=DateType(), metavar="DATE", help="Judge dates as of this UTC day.")
@document_option
@click.pass_obj
def test(session: Session, rules: tuple[str, ...], now: date | None, format_: str) -> int:
    """Judge the manifests by all policies, or by RULES alone.

    RULES are tried even where they are off, to see what they would say; those that are off then say it as warnings.
    Exits with 3 when one of severity error objects.
    """
    today = now or SystemClock().now().date()
    inspection = inspect_policies(session.root, rules, today=today)
    print_page(RENDERERS.findings[format_](inspection, session.style(sys.stdout)), form=format_)
    return code_of_findings(inspection.findings, policies=inspection.policies)
