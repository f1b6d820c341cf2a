"""What is taken out of stored bytes, and that it all comes back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import ReconcilerError, StoreError
from reconciler.stores.sealed import Seal, new_key, parse_key

KEY = bytes(range(64))
SEAL, OTHER = Seal(KEY), Seal(bytes(64))
TOKEN = re.compile(rb"sealed\.[0-9A-Za-z_-]+\.")

_ATOM = st.text(st.sampled_from("abyzAZ09!#$%&'*+-=?^_`{|}~éß例"), min_size=1, max_size=8)
EMAILS = st.builds(
    "{}@{}.{}".format,
    st.lists(_ATOM, min_size=1, max_size=3).map(".".join),
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True),
    st.sampled_from(["example", "co.example", "xn--fiqs8s", "中国"]),
)
PHONES = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
PERSONAL = EMAILS | PHONES
PIECES = st.sampled_from(
    [
        *(b"sealed.", b"sealed", b"AAAA", b".", b"@", b"+", b"/", b" ", b'"', b"\\", b'\\"', b"\\n", b"\\u0041"),
        *(b"ana@x.de", b"+34600111222", b"deadbeef", b'"0123456789abcdef"'),
        *(SEAL.close(b"bo@x.de"), OTHER.close(b"+4915112345678")),
    ]
)
ANY_BYTES = st.binary(max_size=60) | st.lists(PIECES | st.binary(max_size=3), max_size=12).map(b"".join)
WORDS = st.text(st.sampled_from('abn\\"/:, \n\t{}()<>éA1'), max_size=6)


def opened(data: bytes, seal: Seal = SEAL) -> bytes | None:
    seal.require(data, "it")
    return seal.find_opened(data)


def leaves(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, item in value.items():
                yield from (key, *leaves(item))
        case list():
            for item in value:
                yield from leaves(item)
        case _:
            yield str(value)


@given(ANY_BYTES)
def test_any_bytes_come_back_as_they_were(data: bytes) -> None:
    assert opened(SEAL.close(data)) == data


@given(ANY_BYTES)
def test_sealed_bytes_can_be_sealed_again(data: bytes) -> None:
    once = SEAL.close(data)
    assert opened(SEAL.close(once)) == once


@given(PERSONAL, WORDS, WORDS)
def test_no_address_and_no_number_stays_in_json(personal: str, before: str, after: str) -> None:
    document = {
        "identity": personal,
        f"acme/member/{personal}": [f"acme/ad_account_access/us/{personal}", f"person:{personal}"],
        "note": f"{before} {personal} {after}",
        "list": f"{before},{personal};{after}",
        "quoted": json.dumps({"deep": f"{before}\n{personal}"}, ensure_ascii=False),
    }
    data = json.dumps(document, ensure_ascii=False).encode()
    sealed = SEAL.close(data)
    assert personal.encode() not in sealed
    assert b"@" not in sealed
    assert opened(sealed) == data
    rest = json.loads(sealed[TOKEN.match(sealed).end() :])  # type: ignore[union-attr]  # the mark is a token
    assert [personal in leaf for leaf in leaves(rest)] == [False] * 11


@given(st.text(max_size=40))
def test_names_come_back_as_they_were(name: str) -> None:
    name = name.encode("utf-8", "replace").decode()
    assert SEAL.open_names(SEAL.close_name(name)) == name


def test_a_name_without_an_address_stays_readable() -> None:
    for name in ("acme-bc", "20261122", "deadbeef", "株式会社", "@acme", "a/b"):
        assert SEAL.close_name(name) == name
    assert "ana" not in SEAL.close_name("ana@acme.example")


def test_the_same_address_is_the_same_token_wherever_it_stands() -> None:
    texts = [
        b'"ana@x.de"',
        b'"bc/member/ana@x.de"',
        b'"person:ana@x.de"',
        b"to ana@x.de.",
        rb'"a\nana@x.de\n"',
        b"ana@x.de, ",
    ]
    tokens = {TOKEN.findall(SEAL.close(text))[1] for text in texts}
    assert len(tokens) == 1
    assert tokens.isdisjoint(TOKEN.findall(OTHER.close(b"ana@x.de")))


@pytest.mark.parametrize(
    "data",
    [
        b'{"identity":"@acme","id":"6900000000000000001","since":"2026-11-22","at":"2026-11-22T06:24:00+00:00"}',
        b'{"serial":123456789,"key":"shop-login","client":"awx1","word":"facade"}',
        b"5 + 3 = 8, about +1234, @b",
    ],
)
def test_what_is_nobodys_address_stays_as_it_is(data: bytes) -> None:
    assert SEAL.close(data).endswith(data)


@pytest.mark.parametrize(
    "data",
    [b'{"fingerprint":"0011223344556677"}', b'{"previous":"' + b"ab" * 32 + b'"}', b'89abcdef {"record":"run"}'],
)
def test_a_digest_by_which_a_guess_could_be_confirmed_is_sealed(data: bytes) -> None:
    sealed = SEAL.close(data)
    (digest,) = re.findall(rb"[0-9a-f]{8,}", data)
    assert (digest in sealed, opened(sealed)) == (False, data)


def test_another_key_is_told_apart_from_damage_and_from_no_seal_at_all() -> None:
    sealed = SEAL.close(b'{"identity":"ana@x.de"}')
    with pytest.raises(StoreError, match="it is sealed under another key"):
        opened(sealed, OTHER)
    with pytest.raises(StoreError, match="it is not sealed"):
        opened(b'{"identity":"ana@x.de"}')
    with pytest.raises(StoreError, match="it is not sealed"):
        opened(b"")


def test_bytes_without_anything_personal_show_their_key_too() -> None:
    with pytest.raises(StoreError, match="another key"):
        opened(SEAL.close(b"{}"), OTHER)


def test_every_change_of_a_ciphertext_is_noticed() -> None:
    sealed = SEAL.close(b"ana@x.de")
    begin = sealed.rindex(b"sealed.") + len(b"sealed.")
    for place in range(begin, len(sealed) - 2):  # not all bits of the last letter mean something
        for changed in (b"A", b"_", b".", b"!", b""):
            damaged = sealed[:place] + changed + sealed[place + 1 :]
            assert damaged == sealed or opened(damaged) is None
    assert opened(sealed[:-1]) is None


def test_names_of_another_key_are_refused() -> None:
    with pytest.raises(StoreError, match="another key"):
        OTHER.open_names(SEAL.close_name("ana@x.de"))


@pytest.mark.parametrize("key", ["", "hunter2", "A" * 88, "QUJD", "é" * 64])
def test_what_is_no_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ReconcilerError, match="64 bytes in base64") as caught:
        parse_key(key)
    assert not key or key not in caught.value.message + caught.value.advice


def test_a_new_key_is_a_key_and_never_the_same() -> None:
    assert len({parse_key(f"{new_key()}\n") for _ in range(20)}) == 20
