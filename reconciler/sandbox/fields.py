"""Reading the seed document key by key, so that a mistake in it is named instead of passed over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from reconciler.model.errors import ProviderError


class Fields:
    """One mapping of the document, and where it stands. Every key has to be taken before `finish`."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise _mistake(where, f"is {value!r}, not a mapping")
        self._left: dict[Any, Any] = dict(value)
        self.where = where

    @classmethod
    def of(cls, value: object, where: str, *, short: str) -> Self:
        """A mapping, or the one value that matters most in its place."""
        return cls(value if isinstance(value, Mapping) else {short: value}, where)

    def text(self, name: str, default: str | None = None) -> str:
        """A text; without a default it has to be there."""
        value = self._left.pop(name, default)
        if value is None:
            raise _mistake(f"{self.where}.{name}", "is missing")
        return text_of(value, f"{self.where}.{name}")

    def expect(self, name: str, value: object) -> None:
        """A key that can only have one value, and may be left out."""
        found = self._left.pop(name, value)
        if found != value:
            raise _mistake(f"{self.where}.{name}", f"is {found!r}; this version reads {value!r}")

    def texts(self, name: str, default: list[str]) -> list[str]:
        """A list of texts."""
        return texts_of(self._left.pop(name, default), f"{self.where}.{name}")

    def fields(self, name: str) -> Fields:
        """A mapping inside this one; empty when it is not there."""
        return Fields(self._left.pop(name, {}), f"{self.where}.{name}")

    def each(self) -> Iterator[tuple[str, object]]:
        """All that is left: for mappings whose keys are names."""
        for name, value in list(self._left.items()):
            if not isinstance(name, str):
                raise _mistake(self.where, f"has the key {name!r}; write it in quotes")
            del self._left[name]
            yield name, value

    def finish(self) -> None:
        """Refuse whatever nobody has asked for."""
        if self._left:
            raise _mistake(self.where, f"has unknown keys: {', '.join(map(str, self._left))}")


def texts_of(value: object, where: str) -> list[str]:
    """A value that has to be a list of texts."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _mistake(where, f"is {value!r}, not a list of texts")
    return value


def text_of(value: object, where: str) -> str:
    """A value that has to be a text."""
    if not isinstance(value, str):
        raise _mistake(where, f"is {value!r}; write a text, in quotes if it looks like a number")
    return value


def _mistake(where: str, problem: str) -> ProviderError:
    return ProviderError(f"sandbox.yaml: {where} {problem}", advice="the format is described in docs/sandbox.md")
