"""Twice as many bytes are at most a little more than twice the work, and twice the memory: counted, and by no clock.

Manifests have a test of their own with everything that can be wrong in them (`tests/manifests/test_growth.py`).
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest

from reconciler.apply.journal import intent_record, replay
from reconciler.apply.settled import SettledIndex
from reconciler.audit.log import verify
from reconciler.features.rosters.parse import parse_roster
from reconciler.model import Action, Address, StoredState, plan_from_json, plan_to_json, state_from_json, state_to_json
from reconciler.systems.catalogue import get_system
from tests.apply.given import INVITE, state
from tests.audit.test_log import chain
from tests.fuzz.targets import _settled_index, _write_settled
from tests.manifests.test_growth import count_lines
from tests.output.plans import change, part, plan

MAX_GROWTH = 2.3
SIZES = (200, 400, 800)
FEWER = (20, 40, 80)
"""For the quick tier."""
DEVELOPERS = get_system("developers")


def _rows(count: int, form: str) -> bytes:
    people = [(f"p{number}@acme.example", "Member", "Active") for number in range(1000, 1000 + count)]
    match form:
        case "json":
            return json.dumps([{"email": one, "role": role, "status": status} for one, role, status in people]).encode()
        case "page":
            return "\n".join(["Members", *("\n".join(one) for one in people)]).encode()
        case _:
            return "\n".join(["email,role,status", *(",".join(one) for one in people)]).encode()


def _roster(form: str) -> Callable[[int], Callable[[], object]]:
    return lambda count: partial(parse_roster, _rows(count, form), file="r", system=DEVELOPERS, form=form)


def _journal(count: int) -> Callable[[], object]:
    lines = tuple(intent_record(INVITE, serial=8 + number) for number in range(count))
    return lambda: replay(state(), StoredState(journal=lines))


def _plan(count: int) -> Callable[[], object]:
    steps = [change(f"acme-bc/member/p{number}", Action.INVITE, after={"role": "standard"}) for number in range(count)]
    return partial(plan_from_json, plan_to_json(plan(part(*steps))))


def _state(count: int) -> Callable[[], object]:
    return partial(
        state_from_json, state_to_json(state(*(Address("bc", "member", f"p{number}") for number in range(count))))
    )


def _settled(count: int) -> Callable[[], object]:
    content = json.loads(_settled_index().to_bytes().partition(b"\n")[2])
    (one,) = content["files"].values()
    content["files"] = {f"access/{number}.yaml": one for number in range(count)}
    return partial(SettledIndex.parse, _write_settled(content))


READERS: dict[str, Callable[[int], Callable[[], object]]] = {
    "csv": _roster("csv"),
    "json": _roster("json"),
    "page": _roster("page"),
    "journal": _journal,
    "audit": lambda count: partial(verify, chain(count)),
    "plan": _plan,
    "state": _state,
    "settled": _settled,
}


def _peak(run: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("sizes", [FEWER, pytest.param(SIZES, marks=pytest.mark.full)], ids=["few", "many"])
def test_twice_as_much_is_twice_the_work_and_twice_the_memory(reader: str, sizes: tuple[int, ...]) -> None:
    runs = [READERS[reader](size) for size in sizes]
    runs[0]()  # what is only done once
    for measure in (count_lines, _peak):
        found = [measure(run) for run in runs]
        assert all(after <= MAX_GROWTH * before for before, after in pairwise(found)), (measure.__name__, found)
