"""`dataclass` of the standard library, but methods are made when they are first used.

The original compiles six methods for each class while its module loads, half a millisecond each time, and a run uses
a few of its two hundred classes. Here printing and freezing is one function for all; constructing, comparing and
hashing, which have to be quick, are compiled when they are first called. Type checkers see the original.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from dataclasses import MISSING, FrozenInstanceError
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_Writer = Callable[[type, dict[str, Any]], str]
"""Gives the text of a method, and adds the values that it uses by name."""
_NEW = object()
"""Stands for what a default factory makes."""


def _prepare(cls: type, **how: bool) -> type:
    """Slotted values are made here; the few others, with an order or without slots, the original makes."""
    frozen = how.pop("frozen", False)
    if not how.get("slots") or how.keys() - {"slots", "kw_only"}:
        return dataclasses.dataclass(frozen=frozen, **how)(cls)
    own = cls.__dict__
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, **how)(cls)
    methods: dict[str, Any] = {"__repr__": _repr, "__hash__": None}
    methods |= {name: _Delayed(made, name, write) for name, write in _WRITERS.items() if frozen or name != "__hash__"}
    if frozen:
        # The slots are set past this, by the constructor as by whoever restores a copy.
        methods |= {"__init__": _Delayed(made, "__init__", _write_frozen_init)}
        methods |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made


class _Delayed:
    """Stands for a method until somebody asks for it."""

    def __init__(self, cls: type, name: str, write: _Writer) -> None:
        self._cls, self._name, self._write = cls, name, write

    def __get__(self, instance: object, owner: type) -> Any:
        cls, name = self._cls, self._name
        names: dict[str, Any] = {}
        text = self._write(cls, names).replace("\n", "\n ")
        made: dict[str, Any] = {}
        # The text holds nothing but names of fields. Annotations are read in the module of the class.
        outer = f"def make({', '.join(names)}):\n {text}\n return {name}"
        exec(outer, vars(sys.modules[cls.__module__]), made)  # noqa: S102  # see above
        method = made["make"](**names)
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        if name == "__init__":
            method.__annotations__ = {field.name: field.type for field in dataclasses.fields(cls) if field.init}
        setattr(cls, name, method)
        return method.__get__(instance, owner)


def _write_init(
    cls: type,
    names: dict[str, Any],
    assign: str = "self.{0} = {1}",
    *,
    before: Sequence[str] = (),
    after: Sequence[str] = (),
) -> str:
    names["_NEW"] = _NEW
    by_place: list[str] = []
    by_name: list[str] = []
    body = [*before]
    for field in dataclasses.fields(cls):
        name, value = field.name, field.name
        has_default, has_factory = field.default is not MISSING, field.default_factory is not MISSING
        names[f"_default_{name}"] = field.default_factory if has_factory else field.default
        names[f"_set_{name}"] = getattr(cls, name).__set__
        if field.init:
            default = "=_NEW" if has_factory else f"=_default_{name}" if has_default else ""
            (by_name if field.kw_only else by_place).append(name + default)
            value = f"_default_{name}() if {name} is _NEW else {name}" if has_factory else name
        elif has_default or has_factory:
            value = f"_default_{name}()" if has_factory else f"_default_{name}"
        else:
            continue
        body.append(assign.format(name, value))
    body += after
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
    return f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"])


_MANY = 8
"""Slots from which on opening a value costs less than it saves."""


def _write_frozen_init(cls: type, names: dict[str, Any]) -> str:
    if len(dataclasses.fields(cls)) < _MANY:
        return _write_init(cls, names, "_set_{0}(self, {1})")
    # To set a slot of a class that refuses it is a call; to assign to one of an open class is one instruction. So a
    # value with many slots belongs to a class that has the same ones and is open, until they are filled.
    own = {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    names["_Open"], names["_set_class"] = type(f"Open{cls.__name__}", (cls,), own), object.__setattr__
    opened = "_own_class = self.__class__", "_set_class(self, '__class__', _Open)"
    return _write_init(cls, names, before=opened, after=("self.__class__ = _own_class",))


def _write_eq(cls: type, _: dict[str, Any]) -> str:
    same = " and ".join(
        f"self.{field.name} == other.{field.name}" for field in dataclasses.fields(cls) if field.compare
    )
    return f"def __eq__(self, other):\n return {same or True} if other.__class__ is self.__class__ else NotImplemented"


def _write_hash(cls: type, _: dict[str, Any]) -> str:
    hashed = (field for field in dataclasses.fields(cls) if (field.compare if field.hash is None else field.hash))
    content = "".join(f"self.{field.name}, " for field in hashed)
    return f"def __hash__(self):\n return hash(({content}))"


_WRITERS: dict[str, _Writer] = {
    "__init__": _write_init,
    "__eq__": _write_eq,
    "__hash__": _write_hash,
}


def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(_: Any, name: str, __: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _dataclass(cls: type | None = None, /, **how: bool) -> Any:
    return _prepare(cls, **how) if cls is not None else lambda wrapped: _prepare(wrapped, **how)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
