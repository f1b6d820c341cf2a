"""The lock of one organization as an object that is only ever replaced by who has seen it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.model.errors import StoreError
from reconciler.model.json import load_json
from reconciler.stores.bucket import Blob, Bucket
from reconciler.stores.leases import LeaseRecord

_RESOLUTION = timedelta(seconds=1)
"""Servers write down whole seconds."""


def read_lease(bucket: Bucket, key: str, organization: str) -> tuple[LeaseRecord, Blob | None]:
    """The record and the object it came from; the lock expires by the server's clock, not by its holder's."""
    blob = bucket.find(key)
    if blob is None:
        return LeaseRecord(organization=organization), None
    record, ttl = _parse(blob.data)
    if record.lock is not None:
        expires = blob.modified + ttl + _RESOLUTION
        record = replace(record, lock=replace(record.lock, expires=expires))
    return record, blob


def change_lease(
    bucket: Bucket,
    key: str,
    organization: str,
    change: Callable[[LeaseRecord, datetime], LeaseRecord],
    *,
    ttl: timedelta = timedelta(),
) -> LeaseRecord:
    """Replace the record by what `change` makes of it and of the server's time; again, when somebody was faster.

    The server is asked for the time only when somebody has the lock and the answer depends on it.
    """
    while True:
        record, blob = read_lease(bucket, key, organization)
        now = bucket.now() if record.lock is not None and ttl else datetime.now(UTC)
        changed = change(record, now)
        if changed == record:
            return record
        if bucket.replace(key, _encode(changed, ttl), seen=blob):
            return changed


def _encode(record: LeaseRecord, ttl: timedelta) -> bytes:
    body = {"lease": record.to_json().decode(), "nonce": secrets.token_hex(8), "ttl": ttl.total_seconds()}
    return json.dumps(body, sort_keys=True, ensure_ascii=False).encode()


def _parse(data: bytes) -> tuple[LeaseRecord, timedelta]:
    try:
        body = load_json(data)
        return LeaseRecord.parse(body["lease"].encode()), timedelta(seconds=body["ttl"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        message = f"the lock of an organization cannot be read: {error}"
        raise StoreError(message, advice="restore the object from its older version or a copy") from error
