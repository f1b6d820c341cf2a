"""`reconciler shards`."""

from __future__ import annotations

import json

import click

from reconciler.apply.sharding import shards_of
from reconciler.cli.app import App, SystemClock
from reconciler.cli.options import format_option
from reconciler.cli.workspace import read_workspace


@click.command()
@click.argument("count", metavar="N", type=click.IntRange(min=1))
@format_option("text", "json")
@click.pass_obj
def shards(app: App, count: int, format_: str) -> None:
    """Divide the organizations among several runners.

    Each of the N parts is for one `plan` and `apply --shard K/N`. JSON is the matrix of a CI job. Parts without an
    organization are left out.
    """
    desired = read_workspace(app.root, app.config, today=SystemClock().today()).desired
    parts = {
        str(shard): sorted(key for key in desired.organizations if shard.covers(key)) for shard in shards_of(count)
    }
    if format_ == "json":
        include = [{"shard": shard, "organizations": len(keys)} for shard, keys in parts.items() if keys]
        click.echo(json.dumps({"include": include}))
        return
    for shard, keys in parts.items():
        click.echo(f"{shard}  {len(keys)}  {' '.join(keys)}".rstrip())
