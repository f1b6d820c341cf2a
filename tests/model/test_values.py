"""A value behaves as the standard library's dataclass would; the original is the judge."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

import pytest

from reconciler.model import values

Maker = Callable[..., Callable[[type], Any]]
STORIES: dict[str, Callable[[Any], Any]] = {
    "a value of each field": lambda made: made(name="ana", tags=("a",)),
    "defaults": lambda made: made(name="ana"),
    "equal": lambda made: made(name="ana") == made(name="ana", number=1),
    "not equal": lambda made: made(name="ana") == made(name="bo"),
    "another class": lambda made: made(name="ana") == ("ana",),
    "a subclass": lambda made: made(name="ana") == type("Other", (made,), {"__slots__": ()})(name="ana"),
    "what is not compared": lambda made: made(name="ana", aside=1) == made(name="ana", aside=2),
    "in a set": lambda made: len({made(name="ana", aside=1), made(name="ana"), made(name="bo")}),
    "nothing given": lambda made: made(),
    "too much given": lambda made: made(name="ana", colour="red"),
    "by place": lambda made: made("ana"),
    "fields of its own": lambda made: made(name="ana").lists is made(name="ana").lists,
    "what is not given": lambda made: made(name="ana").counted,
    "set": lambda made: setattr(made(name="ana"), "name", "bo"),
    "set what is no field": lambda made: setattr(made(name="ana"), "colour", "red"),
    "deleted": lambda made: delattr(made(name="ana"), "name"),
    "replaced": lambda made: dataclasses.replace(made(name="ana"), number=7),
    "copied": lambda made: copy.deepcopy(made(name="ana", number=3)),
    "as a dictionary": lambda made: dataclasses.asdict(made(name="ana")),
    "fields": lambda made: [(each.name, each.kw_only, each.repr) for each in dataclasses.fields(made)],
    "slots": lambda made: (made.__slots__, hasattr(made(name="ana"), "__dict__")),
    "matched": lambda made: made.__match_args__,
}


def thing(maker: Maker, **how: bool) -> Any:
    @maker(**how)
    class Thing:
        """With one field of each sort."""

        kinds: ClassVar[int] = 2
        name: str
        number: int = 1
        tags: tuple[str, ...] = ()
        aside: int = field(default=0, compare=False)
        secret: str = field(default="hidden", repr=False)
        lists: list[int] = field(default_factory=list, hash=False)
        counted: list[int] = field(init=False, default_factory=lambda: [0], compare=False)

        def __post_init__(self) -> None:
            self.counted.append(len(self.name))

    return Thing


def below(maker: Maker, **how: bool) -> Any:
    @maker(**how)
    class Below(thing(maker, **how)):  # type: ignore[misc]  # made as it is needed
        """With one field more."""

        more: str = "more"

        def __repr__(self) -> str:
            return f"below {self.name} {self.more}"

    return Below


def what_comes(story: Callable[[Any], Any], made: Any) -> str:
    try:
        return repr(story(made))
    except (TypeError, AttributeError) as error:  # a frozen field raises one too
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "open"])
@pytest.mark.parametrize("kw_only", [True, False], ids=["by name", "by place"])
@pytest.mark.parametrize("make", [thing, below])
def test_a_value_does_what_a_dataclass_does(
    make: Callable[..., Any], kw_only: bool, frozen: bool, story: Callable[[Any], Any]
) -> None:
    how = {"frozen": frozen, "slots": True, "kw_only": kw_only}
    made = make(values.dataclass, **how)
    first, *_, told = (what_comes(story, made).replace("tests.model.test_values.", "") for _ in range(6))
    assert told == first, "what is compiled makes something else"
    expected = what_comes(story, make(dataclass, **how))
    if story is STORIES["set what is no field"]:
        # The original calls `super()` with the class that it had before the slots.
        assert told.partition(":")[0] in {"AttributeError", "FrozenInstanceError"}
    else:
        assert told == expected


def test_what_nobody_uses_is_not_compiled() -> None:
    """The reason for all this: a class costs a tenth. The first few values are made without."""
    made = thing(values.dataclass, frozen=True, slots=True)
    waiting = vars(made)["__init__"]
    few = [made(name="ana") for _ in range(3)]
    assert vars(made)["__init__"] is waiting
    assert few == [made(name="ana")] * 3
    assert vars(made)["__init__"] is not waiting
    assert type(vars(made)["__init__"]).__name__ == type(vars(made)["__eq__"]).__name__ == "function"
    assert type(vars(made)["__hash__"]).__name__ == "_Delayed"


@pytest.mark.parametrize("kw_only", [True, False])
def test_whoever_asks_what_it_takes_is_told(kw_only: bool) -> None:
    made, original = (thing(maker, frozen=True, slots=True, kw_only=kw_only) for maker in (values.dataclass, dataclass))
    assert list(inspect.signature(made).parameters) == list(inspect.signature(original).parameters)
    hints = get_type_hints(original.__init__)
    assert get_type_hints(made.__init__) == {name: hint for name, hint in hints.items() if name != "return"}


@values.dataclass(frozen=True, slots=True)
class Sent:
    """Goes from one process to another."""

    name: str
    tags: tuple[str, ...] = ()


def test_a_value_goes_to_another_process() -> None:
    sent = pickle.dumps(Sent("ana", ("a",)))
    assert pickle.loads(sent) == Sent("ana", ("a",))  # noqa: S301  # our own


def test_what_is_ordered_is_left_to_the_original() -> None:
    @values.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        number: int

    assert sorted([Ordered(2), Ordered(1)]) == [Ordered(1), Ordered(2)]


def test_every_value_is_made_by_it() -> None:
    """The original costs every run half a millisecond for each class that it loads; the sandbox shares nothing."""
    package = Path(values.__file__).parents[1]
    original = re.compile(r"^from dataclasses import .*\bdataclass\b|@dataclasses\.dataclass", re.MULTILINE)
    ours = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] != "sandbox"]
    others = [path.name for path in ours if original.search(path.read_text(encoding="utf-8"))]
    assert others == [], "import `dataclass` from reconciler.model"
