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
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_Writer = Callable[[type, dict[str, Any]], str]
"""Gives the text of a method, and adds the values that it uses by name."""
_FEW = 3
_NEW = object()
"""Stands for what a default factory makes."""


class _Example:
    """What is common to the fields, and to the classes, that the standard library takes for its own."""

    example: int


_EXAMPLE: Any = dataclasses.dataclass(_Example)


def _prepare(cls: type, **how: bool) -> type:
    """Slotted values are made here; the few others, with an order or without slots, the original makes."""
    frozen, kw_only = how.pop("frozen", False), how.get("kw_only", False)
    if not how.get("slots") or how.keys() - {"slots", "kw_only"}:
        return dataclasses.dataclass(frozen=frozen, **how)(cls)
    own = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
    kinds = {name: kind for name, kind in own.get("__annotations__", {}).items() if not kind.startswith("ClassVar")}
    fields = {name: _make_field(name, kind, own.pop(name, MISSING), kw_only=kw_only) for name, kind in kinds.items()}
    inherited = getattr(cls, "__dataclass_fields__", {})
    by_place = (name for name, field in fields.items() if field.init and not field.kw_only)
    content: dict[str, Any] = {
        "__slots__": tuple(name for name in fields if name not in inherited),
        "__match_args__": (*getattr(cls, "__match_args__", ()), *by_place),
        "__dataclass_fields__": {**inherited, **fields},
        "__dataclass_params__": _EXAMPLE.__dataclass_params__,
        "__init__": _DelayedInit(_write_init),
        "__eq__": _Delayed(_write_eq),
        "__hash__": None,
        "__repr__": _repr,
    }
    if frozen:
        # The slots are set past this, by the constructor as by whoever restores a copy.
        content |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        content |= {"__getstate__": _getstate, "__setstate__": _setstate}
        content |= {"__init__": _DelayedInit(_write_frozen_init), "__hash__": _Delayed(_write_hash)}
    made: type = type(cls)(cls.__name__, cls.__bases__, content | own)
    made.__qualname__ = cls.__qualname__
    return made


def _make_field(name: str, kind: str, default: Any, *, kw_only: bool) -> Any:
    """As the original makes one, which looks at each for what nobody here writes."""
    field: Any = default if isinstance(default, dataclasses.Field) else dataclasses.field(default=default)
    field.name, field.type = name, kind
    field._field_type = _EXAMPLE.__dataclass_fields__["example"]._field_type  # noqa: SLF001  # see above
    if field.kw_only is MISSING:
        field.kw_only = kw_only
    return field


class _Delayed:
    """Stands for a method until somebody asks for it."""

    _cls: type
    _name: str

    def __init__(self, write: _Writer) -> None:
        self._write = write

    def __set_name__(self, cls: type, name: str) -> None:
        self._cls, self._name = cls, name

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


class _DelayedInit(_Delayed):
    """Makes the first values of a class field by field: most classes have no more of them in a run."""

    _left = _FEW

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None or not self._left:
            return super().__get__(instance, owner)
        self._left -= 1
        return partial(self._construct, instance, owner)

    def _construct(self, instance: object, owner: type, /, *by_place: Any, **by_name: Any) -> None:
        given = dict(zip(owner.__match_args__, by_place, strict=False)) | by_name  # type: ignore[attr-defined]  # see `_prepare`
        left = len(by_place) + len(by_name)
        values = {}
        for field in dataclasses.fields(self._cls):
            if field.init and field.name in given:
                values[field.name] = given[field.name]
                left -= 1
            elif field.default_factory is not MISSING:
                values[field.name] = field.default_factory()
            elif field.default is not MISSING:
                values[field.name] = field.default
            elif field.init:
                left += 1
        if left:  # something is missing, or too much or twice: let Python say what
            super().__get__(instance, owner)(*by_place, **by_name)
        for name, value in values.items():
            object.__setattr__(instance, name, value)
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


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
