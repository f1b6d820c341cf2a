"""`reconciler shards`."""

from __future__ import annotations

import json
from datetime import date

import click

from reconciler.cli.session import Session
from reconciler.cli.upkeep import format_option
from reconciler.cli.wiring import SystemClock
from reconciler.cli.workspace import read_config, read_workspace
from reconciler.workflows.sharding import shards_of


@click.command()
@click.argument("count", metavar="N", type=click.IntRange(min=1))
@format_option
@click.pass_obj
def shards(session: Session, count: int, format_: str) -> None:
    """Divide the organizations among several runners.

    Each of the N parts is for one `plan` and `apply --shard K/N`. JSON is the matrix of a CI job. Parts without an
    organization are left out.
    """
    today: date = SystemClock().now().date()
    desired = read_workspace(session.root, read_config(session.root), today=today).desired
    parts = {
        str(shard): sorted(key for key in desired.organizations if shard.covers(key)) for shard in shards_of(count)
    }
    if format_ == "json":
        include = [{"shard": shard, "organizations": len(keys)} for shard, keys in parts.items() if keys]
        click.echo(json.dumps({"include": include}))
        return
    for shard, keys in parts.items():
        click.echo(f"{shard}  {len(keys)}  {' '.join(keys)}".rstrip())
