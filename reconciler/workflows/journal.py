"""What is written around every call: the intent before it, the outcome after it.

One JSON object per record. An intent without an outcome means that the process died in between; the next run reads
the live system before it plans, so the question whether the call took effect answers itself, and it is never repeated
blindly.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.core.address import Address
from reconciler.core.change import Change
from reconciler.core.errors import StoreError
from reconciler.core.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A state brought up to date from its journal."""

    state: State
    in_doubt: tuple[Address, ...] = ()
    """Changes that were begun and whose outcome is not known."""


def intent_record(change: Change, serial: int) -> bytes:
    """Written, durably, before a call leaves; `serial` is the state's serial at this moment."""
    return _encode({"record": "intent", "serial": serial, "address": str(change.address), "action": str(change.action)})


def outcome_record(address: Address, part: State) -> bytes:
    """Written after a call: `part` is everything the state now says about this address and about the day."""
    from pydantic import TypeAdapter

    body = TypeAdapter(State).dump_python(part, mode="json")
    return _encode({"record": "outcome", "serial": part.serial, "address": str(address), "state": body})


def replay(state: State, journal: list[bytes]) -> Replayed:
    """Bring a snapshot up to its journal; records that the snapshot already contains are passed over.

    Raises StoreError when a record cannot be read: a journal is never repaired by guessing.
    """
    open_intents: dict[Address, None] = {}
    parts: dict[Address, dict[str, Any]] = {}
    for number, line in enumerate(journal, start=1):
        record = _decode(state.organization, number, line)
        if record["serial"] < state.serial or (record["record"] == "outcome" and record["serial"] == state.serial):
            continue
        address = Address.parse(record["address"])
        if record["record"] == "intent":
            open_intents[address] = None
        else:
            open_intents.pop(address, None)
            parts.pop(address, None)
            parts[address] = record["state"]
    return Replayed(state=_merge(state, parts) if parts else state, in_doubt=tuple(open_intents))


def _merge(state: State, parts: Mapping[Address, dict[str, Any]]) -> State:
    """The state with what the parts, oldest first, say of their addresses and the last one of everything else."""
    from pydantic import TypeAdapter

    read = TypeAdapter(State).validate_python
    records, quarantined = dict(state.records), dict(state.quarantined)
    latest = state
    for address, body in parts.items():
        latest = read(body)
        records.pop(address, None)
        quarantined.pop(address, None)
        records.update(latest.records)
        quarantined.update(latest.quarantined)
    return replace(latest, records=records, quarantined=quarantined)


def _encode(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _decode(organization: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
        if isinstance(record, dict) and {"record", "serial", "address"} <= record.keys():
            return record
    except ValueError:
        pass
    message = f"record {number} in the journal of {organization} cannot be read"
    raise StoreError(message, advice="restore the state from a copy; the journal is never repaired by guessing")
