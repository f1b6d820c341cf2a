"""The same story over a real connection: resets that are resets, answers that come too late, pages from a gateway."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.providers.business_api.client import TIERS, Client, Connection
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.server import Server, Site
from tests.business_api.stage import WorldTicker
from tests.business_api.story import TOKEN, Story
from tests.business_api.test_convergence import BROKEN, FAULTS, KNOBS, OPTIONS, WRITES
from tests.tiers import scaled

PATIENCE, TOO_LATE = 0.5, 0.8
"""Seconds that the client waits for an answer, and that one comes late."""


@contextmanager
def told(options: Mapping[str, Any], knobs: Mapping[str, Any]) -> Iterator[Story]:
    """A story whose emulator listens on a port of this machine; its time still is that of the world."""
    servers: list[Server] = []

    def over_a_port(emulator: Emulator, ticker: WorldTicker) -> Client:
        server = Server(Site(emulator))
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        connection = Connection(
            access_token=TOKEN, base_url=server.url, answer_seconds=PATIENCE, tier=TIERS["unlimited"], workers=4
        )
        return Client(connection, ticker=ticker)

    folder = Path(tempfile.mkdtemp(prefix="story-"))
    story = Story(folder, over_a_port, options={"tier": "unlimited", **options}, knobs=knobs)
    try:
        yield story
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
        story.close()
        shutil.rmtree(folder)


def late_for_real(fault: Fault) -> Fault:
    """In the world time passes by waiting; on a connection it passes by itself."""
    return replace(fault, seconds=TOO_LATE, times=min(2, fault.times)) if fault.kind == "slow" else fault


@pytest.mark.parametrize(
    ("name", "after"),
    [
        pytest.param(name, after, marks=[] if after is (number % 2 == 0) and name != "slow" else pytest.mark.full)
        for number, name in enumerate(["reset", "html", "slow", "stale"])
        for after in (True, False)
    ],
)
def test_every_broken_connection_leads_to_the_same_access(name: str, *, after: bool) -> None:
    fault = late_for_real(replace(BROKEN[name], after=after))
    first = [replace(fault, path=path, method="POST") for path in WRITES]
    with told({}, {}) as story:
        story.play([first, [replace(fault, method="GET", skip=7)]])
        story.conclude()


@pytest.mark.full
@settings(max_examples=scaled(4))
@given(
    options=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in OPTIONS.items()}),
    knobs=st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in KNOBS.items()}),
    faults=st.lists(FAULTS, max_size=3),
)
def test_all_of_it_together_over_a_real_connection_leads_to_the_same_access(
    options: dict[str, Any], knobs: dict[str, Any], faults: Sequence[Sequence[Fault]]
) -> None:
    unlimited: Sequence[Sequence[Fault]] = [[late_for_real(fault) for fault in each] for each in faults]
    with told({**options, "tier": "unlimited"}, knobs) as story:
        story.play(unlimited)
        story.conclude()
