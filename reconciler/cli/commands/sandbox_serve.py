"""`reconciler sandbox serve`: the embedded platform as HTTP, for other programs and for people with a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import click

from reconciler.cli.session import CONFIG_FILE, Session
from reconciler.core.errors import ReconcilerError
from reconciler.providers.sandbox.api.emulator import Emulator
from reconciler.providers.sandbox.api.server import Server
from reconciler.providers.sandbox.api.site import Site
from reconciler.providers.sandbox.seed import SEED_FILE, WORLD_FILE, open_world
from reconciler.providers.sandbox.world import World, real_now


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; there are no passwords.")
@click.option("--port", default=8321, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--tier",
    type=click.Choice(["unlimited", "basic", "advanced", "premium", "ultimate"]),
    help="How many calls an app may make; by default what the world says, at first basic.",
)
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(1, 100_000), help="How fast time passes."
)
@click.pass_obj
def serve(session: Session, host: str, port: int, tier: str | None, speed: float) -> None:
    """Serve the API for Business and a page for people on a port, until interrupted."""
    with _open_world(session, speed) as world:
        emulator = Emulator(world)
        if tier is not None:
            emulator.options = emulator.options.changed({"tier": tier})
        try:
            server = Server(Site(emulator, names=[host]), host=host, port=port)
        except OSError as error:
            raise ReconcilerError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        with server:
            session.notify(f"the sandbox is at {server.url}/ (API: {server.url}/open_api/v1.3/)")
            server.serve_forever()


@contextmanager
def _open_world(session: Session, speed: float) -> Iterator[World]:
    """The workspace's world, whose time runs faster and does not fall back afterwards."""
    if not any((session.root / name).exists() for name in (WORLD_FILE, SEED_FILE, CONFIG_FILE)):
        message = f"there is no sandbox in {session.root.resolve()}"
        raise ReconcilerError(message, advice="name the workspace with -C DIR, or write a sandbox.yaml there")
    clock = _faster(real_now, speed)
    with open_world(session.root, clock=clock) as world:
        try:
            yield world
        finally:
            world.advance(max(clock() - real_now(), timedelta()))


def _faster(now: Callable[[], datetime], speed: float) -> Callable[[], datetime]:
    begun, started = now(), time.monotonic()
    return lambda: begun + timedelta(seconds=(time.monotonic() - started) * speed)
