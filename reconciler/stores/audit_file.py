"""An append-only log in one file, a record per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.stores.files import append_line, guard, make_folder
from reconciler.stores.leases import audit_moved

_BLOCK = 1 << 20


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
            if self.count() != after:
                raise audit_moved()
            append_line(self._path, record)

    def read(self, *, after: int) -> Iterator[bytes]:
        """Complete lines behind number `after`; one that a crash cut off was never acknowledged."""
        try:
            with self._path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if number > after and line.endswith(b"\n"):
                        yield line[:-1]
        except FileNotFoundError:
            return
