"""Runs in a process of its own: reconciles once, and falls asleep at a chosen moment until somebody wakes it.

Arguments: the folder, and the number of the moment. Prints `{"error": ..., "moments": [...]}`.
"""

from __future__ import annotations

import json
import signal
import sys
from datetime import timedelta
from pathlib import Path

from reconciler.model import LeaseLost
from tests.crash.saboteur import Fate, MortalProvider, MortalStore
from tests.crash.scenario import AFTER, Files, reconcile

TTL = timedelta(seconds=3)
"""Long enough to be asleep before the first heartbeat, which would sleep with the store's guard in its hands."""


def main() -> None:
    folder, sleep_at = Path(sys.argv[1]), int(sys.argv[2])
    fate = Fate(sleep_at, by=signal.SIGSTOP)
    error = ""
    with Files(folder).world() as world:
        try:
            reconcile(AFTER, MortalProvider(world, fate), MortalStore(folder / "state", fate), ttl=TTL)
        except LeaseLost as lost:
            error = lost.message
    sys.stdout.write(json.dumps({"error": error, "moments": fate.moments}))


if __name__ == "__main__":
    main()
