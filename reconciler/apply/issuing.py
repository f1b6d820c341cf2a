"""Giving work orders what only the moment of storing can give: an id and a time."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, islice

from reconciler.engine.orders import request_of
from reconciler.model.change import Change
from reconciler.model.work_order import WorkOrder

_DIGITS = 6
"""Of base 32: short enough to be read aloud, and a billion of them."""


def issue_orders(
    drafts: Sequence[WorkOrder],
    change: Change,
    *,
    lineage: str,
    serial: int,
    taken: Collection[str],
    at: datetime,
    patience: timedelta | None = None,
) -> tuple[WorkOrder, ...]:
    """The orders to store for a change. The same state at the same serial gives the same ids.

    What they ask for is written on them from the change itself, so that whoever drafts them cannot make the planner ask
    for the same thing twice. What does not end by itself is to be done within our `patience`.
    """
    names = list(islice(new_ids(lineage, serial, taken), len(drafts)))
    request = request_of(change)
    drafts = [replace(draft, lasts=draft.lasts or patience) for draft in drafts]
    return tuple(
        replace(
            draft,
            id=name,
            after=before,
            issued=at,
            address=change.address,
            action=change.action,
            wanted=change.attributes,
            identity=request.identity,
            fingerprint=change.fingerprint,
            expires=at + draft.lasts if draft.lasts is not None and draft.party == 1 else None,
        )
        for draft, name, before in zip(drafts, names, ["", *names][: len(names)], strict=True)
    )


def new_ids(lineage: str, serial: int, taken: Collection[str]) -> Iterator[str]:
    """Names for orders that begin at a serial of a state; the same every time, and none that is taken."""
    for number in count():
        digest = hashlib.sha256(f"{lineage}:{serial}:{number}".encode()).digest()
        name = f"wo-{b32encode(digest).decode()[:_DIGITS].lower()}"
        if name not in taken:
            yield name
