"""Laws that hold for every case: one test a case checks them all, and names each that is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Law = Callable[[Path], None]


class Lawbook:
    """The laws of a module of cases, in the order in which they are written down."""

    def __init__(self) -> None:
        self._laws: list[Law] = []

    def law(self, law: Law) -> Law:
        """Write one down."""
        self._laws.append(law)
        return law

    def check(self, case: Path) -> None:
        """Fails with every law that the case breaks, and how."""
        broken = []
        for law in self._laws:
            try:
                law(case)
            except (AssertionError, pytest.fail.Exception) as error:
                broken.append(f"{law.__name__.replace('_', ' ')}:\n{error}")
        if broken:
            pytest.fail("\n\n".join(broken), pytrace=False)
