"""`reconciler validate`, `policy`, `systems` and `shards`: what the manifests may say, and what is wrong with them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

import click

from reconciler.cli.app import App, SystemClock
from reconciler.cli.options import RENDERERS, NumberType, document_option, format_option, now_option, page_options
from reconciler.cli.workspace import inspect_policies, inspect_workspace, read_rules
from reconciler.engine.context import shards_of
from reconciler.model import Inspection, Severity, code_of_findings
from reconciler.output.findings import summary_of_findings
from reconciler.policies.judging import standing_rules
from reconciler.systems.catalogue import SYSTEMS, system_table


@click.command()
@page_options
@now_option
@click.pass_obj
def validate(app: App, now: date | None) -> int:
    """Check the manifests, without any network.

    All findings of a run are shown at once. Errors give exit code 1, those of policies alone 3; warnings and
    notes do not.
    """
    with app.stage("manifests"):
        workspace = app.read_workspace(today=now) if app.loaded.config else None
        inspection = inspect_workspace(app.root, app.loaded, workspace)
    app.show(RENDERERS.findings, inspection, outputs=_outputs)
    return code_of_findings(inspection.findings, policies=inspection.policies)


def _outputs(inspection: Inspection) -> dict[str, str]:
    """`errors`, `warnings`, `notes`, `summary`."""
    found = Counter(finding.severity for finding in inspection.findings)
    return {**{f"{one}s": str(found[one]) for one in Severity}, "summary": summary_of_findings(inspection)}


@click.command()
@click.argument("count", metavar="N", type=NumberType(min=1))
@format_option("text", "json")
@click.pass_obj
def shards(app: App, count: int) -> None:
    """Divide the organizations among several runners.

    Each of the N parts is for one `plan` and `apply --shard K/N`. JSON is the matrix of a CI job. Parts without an
    organization are left out.
    """
    organizations = sorted(app.desired.organizations)
    parts = {str(shard): list(filter(shard.covers, organizations)) for shard in shards_of(count)}
    if app.form == "json":
        include = [{"shard": shard, "organizations": len(keys)} for shard, keys in parts.items() if keys]
        click.echo(json.dumps({"include": include}))
        return
    for shard, keys in parts.items():
        click.echo(f"{shard}  {len(keys)}  {' '.join(keys)}".rstrip())


@click.group()
def policy() -> None:
    """List policies, and judge the manifests by them."""


@policy.command("list")
@document_option
@click.pass_obj
def list_(app: App) -> None:
    """List all policies: what each asks, and how it is set here."""
    rules = standing_rules(app.config.policies, read_rules(app.root, app.config).rules)
    app.show(RENDERERS.policies, rules)


@policy.command()
@click.argument("rules", nargs=-1)
@now_option
@document_option
@click.pass_obj
def test(app: App, rules: tuple[str, ...], now: date | None) -> int:
    """Judge the manifests by all policies, or by RULES alone.

    RULES are tried even where they are off, to see what they would say; those that are off then say it as warnings.
    Here policies also look at what is recorded, which `validate` never reads.
    Exits with 3 when one of severity error objects.
    """
    day, read = now or app.today, app.read_state
    inspection = inspect_policies(app.root, app.config, rules, today=day, read_recorded=read)
    app.show(RENDERERS.findings, inspection)
    return code_of_findings(inspection.findings, policies=inspection.policies)


@click.command()
@click.argument("system", required=False)
@document_option
@click.pass_obj
def systems(app: App, system: str | None) -> None:
    """List systems, roles and what they may do.

    Role words are those that manifests use; the same word can mean different things in different systems. With
    SYSTEM, only that one. Pages that were read more than a year ago are listed: they may say something else by now.
    """
    if system is not None and system not in SYSTEMS:
        message = f"there is no system {system!r}; there are {', '.join(SYSTEMS)}"
        raise click.BadParameter(message, param_hint="SYSTEM")
    # A page that was read is as old as it is for this machine: no sandbox makes it older.
    app.show(RENDERERS.systems, system_table(SystemClock().now().date(), system or ""))
