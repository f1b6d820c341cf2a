"""An append-only log in one file, a record per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from reconciler.model.ports import TornAudit
from reconciler.stores.files import append_bytes, append_line, cut_off, guard, make_folder
from reconciler.stores.leases import audit_moved

_BLOCK = 1 << 20


def _is_whole(record: bytes) -> bool:
    """Whether it is one JSON object, sealed or not: no beginning of one is."""
    try:
        return isinstance(json.loads(record[record.find(b"{") :]), dict)
    except (ValueError, RecursionError):
        return False


class AuditFile:
    """Knows how far it has counted, so that the next record costs the same however long the log is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counted = 0
        self._offset = 0

    def count(self) -> int:
        """How many complete lines there are."""
        try:
            with self._path.open("rb") as file:
                if file.seek(0, 2) < self._offset:  # somebody cut the file: whoever verifies it shall see that
                    self._counted = self._offset = 0
                file.seek(self._offset)
                while block := file.read(_BLOCK):
                    end = block.rfind(b"\n") + 1
                    self._counted += block.count(b"\n")
                    if not end and len(block) < _BLOCK:
                        break
                    self._offset += end or len(block)
                    file.seek(self._offset)
        except FileNotFoundError:
            self._counted = self._offset = 0
        return self._counted

    def append(self, record: bytes, *, after: int) -> None:
        """Add a line if `after` is the number of the last one; raises StateConflict."""
        make_folder(self._path.parent)
        with guard(self._path.with_suffix(".guard")):
            if self.count() != after or self._complete():
                raise audit_moved()
            append_line(self._path, record)

    def torn(self) -> TornAudit:
        """What stands behind the last line end, and what was put aside from there."""
        kept = self._path.with_suffix(".torn")
        return TornAudit(self._tail(), kept.read_bytes() if kept.exists() else b"")

    def _tail(self) -> bytes:
        self.count()
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                return file.read()
        except FileNotFoundError:
            return b""

    def _complete(self) -> bool:
        """Whether the last record lacked its line end and nothing else: it has one now, and counts.

        A part of a record is not deleted, because nobody can tell a crash from an edit: it is kept beside the log.
        """
        torn = self._tail()
        if not torn:
            return False
        if _is_whole(torn):
            append_bytes(self._path, b"\n")
            return True
        append_bytes(self._path.with_suffix(".torn"), torn + b"\n")
        cut_off(self._path, at=self._offset)
        return False

    def read(self, *, after: int) -> Iterator[bytes]:
        """Complete lines behind number `after`; one that a crash cut off was never acknowledged."""
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if number > after and line.endswith(b"\n"):
                        yield line[:-1]
        except FileNotFoundError:
            return
