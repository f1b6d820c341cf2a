"""The quick reader of states and the one that explains damage say the same of every text."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import (
    SECRETS,
    STATE_FORMAT,
    Address,
    AuditMark,
    ReconcilerError,
    Record,
    State,
    Status,
    adapter_of,
    state_from_json,
    state_to_json,
)
from reconciler.model import json as model_json
from reconciler.model.json import find_plain_records, find_plain_state
from tests.manifests.test_saved import ATTRIBUTES, DAYS, NAMES, STATES, TEXTS, addresses

_PLAIN = st.text("abc09@.:-,{}[] ", max_size=8)
_TUPLES = st.lists(_PLAIN, max_size=2).map(tuple)


def _records(address: Address) -> st.SearchStrategy[Record]:
    few = st.dictionaries(_PLAIN, _PLAIN | _TUPLES, max_size=2) | st.just({"role": "admin"})
    return st.builds(
        Record,
        address=st.just(address),
        attributes=few,
        status=st.sampled_from(Status),
        identity=_PLAIN | st.just(address.key),
        platform_id=_PLAIN,
        formerly=_TUPLES,
        unread=_TUPLES,
        confirmed=few,
        since=st.none() | DAYS,
        asked=st.integers(-1, 3),
        asked_on=st.none() | DAYS,
        protect=st.booleans(),
        granted=st.none() | few,
        implied_by=_PLAIN,
        implied=few | ATTRIBUTES,
        ends=st.none() | DAYS,
    )


def _states(organization: str) -> st.SearchStrategy[State]:
    return st.builds(
        State,
        organization=st.just(organization),
        lineage=TEXTS,
        serial=st.integers(0, 10**12),
        records=st.lists(addresses(organization).flatmap(_records), min_size=1, max_size=4).map(
            lambda found: {one.address: one for one in found}
        ),
        removals=st.dictionaries(DAYS, st.integers(0, 99), max_size=2),
        looked=st.dictionaries(_PLAIN, DAYS, max_size=2),
        audit=st.none() | st.builds(AuditMark, number=st.integers(0, 9), digest=_PLAIN),
    )


_ANY = NAMES.flatmap(_states) | STATES
_PIECES = st.sampled_from(
    [
        *(
            '"',
            "\\",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            " ",
            "\n",
            "0",
            "-1",
            "1.0",
            "1e1",
            "null",
            "true",
            "NaN",
            '""',
            "[]",
        ),
        *(
            "{}",
            '"a"',
            "\\ud800",
            "\ud800",
            "\x00",
            "/",
            "{,",
            '"x":1,',
            '"asked":0,',
            '"identity":"x",',
            '{"role":"a"}',
        ),
        *('"2026-01-01"', '"2026-02-30"', '"20260101"', '"status":"gone",', '"address":"x",', ',"records":{}'),
        '},"removals":{',
    ]
)


def _read_slowly(data: bytes) -> State:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_json, "find_plain_records", lambda *_, **__: None)
        return state_from_json(data)


def _told(read: Callable[[bytes], State], data: bytes) -> object:
    try:
        return read(data)
    except ReconcilerError as error:
        return error.message, error.advice


@given(_ANY)
def test_both_read_every_state_alike(state: State) -> None:
    data = state_to_json(state)
    assert _told(state_from_json, data) == _told(_read_slowly, data)


@given(_ANY)
def test_a_state_is_written_as_pydantic_and_json_write_it(state: State) -> None:
    content = {"format_version": STATE_FORMAT, **adapter_of(State).dump_python(state, mode="json")}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert state_to_json(state) == f"{SECRETS.hide(text)}\n".encode()


@given(_ANY, st.data())
def test_both_say_the_same_of_a_text_that_was_changed(state: State, draw: st.DataObject) -> None:
    text = state_to_json(state).decode()
    for _ in range(draw.draw(st.integers(1, 2))):
        # Where something begins or ends there is more to break than inside of a word.
        edges = [place for place, character in enumerate(text) if character in '":,{}[]'] or [0]
        begin = draw.draw(st.sampled_from(edges)) + draw.draw(st.integers(0, 1))
        end = begin + draw.draw(st.sampled_from([0, 0, 1, 2, 5, 30]))
        other = draw.draw(st.sampled_from(edges))
        piece = draw.draw(_PIECES | st.just(text[other : other + draw.draw(st.integers(1, 40))]))
        text = text[:begin] + piece + text[end:]
    data = text.encode(errors="surrogatepass")
    assert _told(state_from_json, data) == _told(_read_slowly, data)


_ODD: tuple[object, ...] = (
    *(None, True, 0, -1, 1, 1.0, 10**30, "", "1", "x", "active", "gone", "2026-01-01", "2026-02-30", "20260101"),
    *("acme/member/eve", "acme/member/", "acme/crown/eve", "acme/pixel_access/eve", "other/member/eve", "/member/eve"),
    *("acme/member/a/b", "acme/member/a\nb", "acme", [], ["a"], [1], [["a"]], {}, {"a": "b"}, {"a": 1}, {"a": ["b"]}),
    *({"a": [1]}, {"a": {}}, {"2026-01-01": 1}, {"2026-01-01": -1}, {"2026-01-01": True}, {"x": "2026-01-01"}),
    *(
        {"number": 1, "digest": "d"},
        {"number": 1},
        {"number": "1", "digest": "d"},
        {"number": 1, "digest": "d", "x": 1},
    ),
)


@pytest.mark.parametrize("name", [*Record.__dataclass_fields__, *State.__dataclass_fields__, "x", "format_version"])
def test_both_say_the_same_of_every_odd_value(name: str) -> None:
    eve = Address("acme", "member", "eve")
    plain = state_to_json(State(organization="acme", records={eve: Record(address=eve)}))
    for odd in _ODD:
        content = json.loads(plain)
        texts = [json.dumps(content | {name: odd}, sort_keys=True, separators=(",", ":"))]
        record = content["records"].pop(str(eve))
        places = [str(eve), odd] if name == "address" and isinstance(odd, str) else [str(eve)]
        for place in places:
            content["records"] = {place: record | {name: odd}}
            texts.append(json.dumps(content, sort_keys=True, separators=(",", ":")))
        content["records"] = {str(eve): {key: value for key, value in record.items() if key != name}}
        texts.append(json.dumps(content, sort_keys=True, separators=(",", ":")))
        for data in map(str.encode, texts):
            assert _told(state_from_json, data) == _told(_read_slowly, data), data


def test_what_most_states_are_like_is_read_quickly_and_shared() -> None:
    """Else the two would agree because the quick one never says anything."""
    names = [Address("acme", "member", key) for key in ("ana@acme.example", "bo@acme.example")]
    known = {
        at: Record(address=at, identity=at.key, attributes={"role": "admin"}, since=date(2026, 1, 1)) for at in names
    }
    state = State(organization="acme", lineage="l", serial=3, records=known, audit=AuditMark(number=1, digest="d"))
    found = find_plain_records(state_to_json(state))
    assert found is not None
    records, rest = found
    assert find_plain_state(rest) == replace(state, records={})
    assert records == state.records
    ana, bo = records.values()
    assert ana.attributes is bo.attributes
    assert ana.identity is ana.address.key


@pytest.mark.parametrize("moved", ["drift", "waits"])
def test_records_that_stand_somewhere_else_are_no_records(moved: str) -> None:
    content = json.loads(state_to_json(State(organization="a", records={})))
    content[moved] = {"x": {"a": 1, "records": {}, "removals": {}}}
    del content["records"]
    data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    assert _told(state_from_json, data) == _told(_read_slowly, data)
