"""What the tests let other processes do to a store: `python other_process.py DEED ADDRESS ROOT KEY ...`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from reconciler.apply.journal import LeaseTerms, hold
from reconciler.cli.app import App
from reconciler.model import StateConflict, StateLocked, StateStore, StoreError
from reconciler.stores.rules import SystemTimer

MINUTE = timedelta(minutes=1)
ROUNDS = 5


def race(store: StateStore, name: str, *, token: int) -> dict[str, list[str]]:
    """Do what everybody else does at the same time; says what was won."""
    won: dict[str, list[str]] = {"create": [], "lock": []}
    for number in range(ROUNDS):
        try:
            store.acquire(f"lock-{number}", purpose=name, ttl=timedelta(hours=1))  # longer than any race
            won["lock"].append(f"lock-{number}")
        except StateLocked:
            pass
        try:
            store.write(f"create-{number}", name.encode(), replacing=None, token=token)
            won["create"].append(f"create-{number}")
        except StateConflict:
            pass
        _count_up(store, token=token)
        _sign(store, f"{name} {number}".encode())
    return won


def _count_up(store: StateStore, *, token: int) -> None:
    """Replace a number by the next one; whoever lost the race looks again."""
    while True:
        stored = store.read("counter")
        assert stored.snapshot is not None
        try:
            store.write("counter", b"%d" % (int(stored.snapshot) + 1), replacing=stored.version, token=token)
        except StateConflict:
            continue
        return


def _sign(store: StateStore, record: bytes) -> None:
    while True:
        try:
            store.append_audit(record, after=store.count_audit())
        except StateConflict:
            continue
        return


def run_race(store: StateStore, name: str, token: str, go: str) -> None:
    """Race once the file `go` is there."""
    say("ready")
    while not Path(go).exists():
        time.sleep(0.001)
    say(json.dumps(race(store, name, token=int(token))))
    sys.stdin.readline()  # the locks of a process that is gone are free, and the others may still be racing


def run_holder(store: StateStore, ttl: str) -> None:
    """Hold the lock of `acme`, write, and try to go on when told to."""
    terms = LeaseTerms(timer=SystemTimer(), ttl=timedelta(seconds=float(ttl)))
    with hold(store, "acme", purpose="holding", terms=terms) as lease:
        store.append("acme", b"before", token=lease.token)
        say("ready")
        sys.stdin.readline()
        deeds: dict[str, Callable[[], object]] = {
            "check": lease.check,
            "append": lambda: store.append("acme", b"after", token=lease.token),
            "write": lambda: store.write("acme", b"after", replacing=None, token=lease.token),
        }
        say(json.dumps({name: _try(deed) for name, deed in deeds.items()}))


def _try(deed: Callable[[], object]) -> str:
    try:
        deed()
    except StoreError as error:
        return type(error).__name__
    return "done"


def say(line: str) -> None:
    """Tell the test."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


DEEDS: dict[str, Callable[..., None]] = {"race": run_race, "hold": run_holder}

if __name__ == "__main__":
    deed, address, root, key, *arguments = sys.argv[1:]
    DEEDS[deed](App(root=Path(root)).open_store(address, key=key), *arguments)
