"""The audit log as numbered objects without a gap."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from reconciler.model.errors import StoreError
from reconciler.stores.bucket import Bucket
from reconciler.stores.leases import audit_moved

_FOLDER = "audit"
_NONCE = 16
_PAGE = 128


class ObjectAudit:
    """Remembers how far it has counted: the end can only move on."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._counted = 0

    def count(self) -> int:
        """The highest number. Found by doubling and halving, because listing a long log takes long."""
        step = 1
        while self._bucket.exists(_key(self._counted + step)):
            self._counted += step
            step *= 2
        while step > 1:
            step //= 2
            if self._bucket.exists(_key(self._counted + step)):
                self._counted += step
        return self._counted

    def append(self, record: bytes, *, after: int) -> None:
        """Take the number behind `after`, which must be the last; raises StateConflict."""
        is_last = after == self._counted or after == self.count()
        if not is_last or not self._bucket.create(_key(after + 1), secrets.token_hex(_NONCE // 2).encode() + record):
            raise audit_moved()
        self._counted = after + 1

    def read(self, *, after: int) -> Iterator[bytes]:
        """All records behind number `after`."""
        end = self.count()
        for start in range(after + 1, end + 1, _PAGE):
            numbers = range(start, min(start + _PAGE, end + 1))
            for number, blob in zip(numbers, self._bucket.find_many([_key(number) for number in numbers]), strict=True):
                if blob is None:
                    message = f"record {number} of the audit log is missing"
                    raise StoreError(message, advice="restore the object from its older version or a copy")
                yield blob.data[_NONCE:]


def _key(number: int) -> str:
    return f"{_FOLDER}/{number:010}"
