"""Addresses: what is quick must agree with what is thorough, and what looks alike is found."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.manifests import people
from reconciler.manifests.lint import note_lookalikes
from reconciler.manifests.nodes import has_mixed_scripts, is_secret_name, looks_like_secret
from reconciler.manifests.people import Contacts
from reconciler.model import Notes, Place

HERE = Place("a.yaml", 1, 1)
PLAIN = people._PLAIN_EMAIL  # noqa: SLF001 - the quick pattern is tested against the library it stands in for


@given(st.from_regex(PLAIN, fullmatch=True))
@example("ana@ab--c.example")
def test_whatever_is_accepted_quickly_is_accepted_by_the_library(email: str) -> None:
    from email_validator import validate_email

    if not PLAIN.fullmatch(email) or len(email) > 100 or len(email.partition("@")[0]) > 64:
        return  # these are always left to the library
    assert validate_email(email, check_deliverability=False).normalized == email


@given(st.emails())
def test_an_address_is_accepted_if_and_only_if_the_library_accepts_it(email: str) -> None:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        accepted = False
    else:
        accepted = True
    assert bool(Contacts(Notes()).read_email(email, HERE)) == accepted


def test_equal_addresses_compare_equal_whatever_their_form() -> None:
    reader = Contacts(Notes())
    forms = ["Ana@Bücher.example", "ana@xn--bcher-kva.example", "ANA@BÜCHER.example"]
    assert {reader.read_email(form, HERE) for form in forms} == {"ana@xn--bcher-kva.example"}


def findings_of(domains: Iterable[str], allowed: Iterable[str] = ()) -> list[str]:
    notes = Notes()
    contacts = Contacts(notes)
    for number, domain in enumerate(domains):
        contacts.domains[domain] = "" if domain in contacts.domains else f"person{number}@{domain}"
        contacts.telling[f"person{number}@{domain}"] = HERE
    note_lookalikes(contacts, allowed, notes)
    return [finding.id for finding in notes.findings]


@pytest.mark.parametrize("domain", ["acmee.example", "acm.example", "amce.example", "acne.example", "acme.exampel"])
def test_one_letter_away_is_near(domain: str) -> None:
    assert findings_of([domain], ["acme.example"]) == ["near-domain"]


@pytest.mark.parametrize("domain", ["acme.example", "other.example", "acmeshop.example", "emca.example"])
def test_the_same_or_another_domain_is_fine(domain: str) -> None:
    assert findings_of([domain], ["acme.example"]) == []


@pytest.mark.parametrize(("domain", "known"), [("c0rn.example", "com.example"), ("vvorks.example", "works.example")])
def test_what_looks_the_same_is_an_error(domain: str, known: str) -> None:
    assert findings_of([domain], [known]) == ["look-alike"]


def test_letters_of_one_other_alphabet_that_spell_a_known_domain_are_an_error() -> None:
    encoded = "xn--" + "\u0455\u0441\u043e\u0440\u0435".encode("punycode").decode()
    assert findings_of([f"{encoded}.example"], ["scope.example"]) == ["look-alike"]


def test_domains_that_several_people_use_are_known_but_not_above_allowed_ones() -> None:
    assert findings_of(["acme.example", "acme.example", "acne.example"]) == ["near-domain"]
    assert findings_of(["acme.example", "acme.example", "acne.example", "acne.example"]) == []
    assert findings_of(["acne.example", "acne.example"], ["acme.example"]) == ["near-domain"]


def test_short_domains_are_not_compared() -> None:
    assert findings_of(["a.co"], ["b.co"]) == []


@pytest.mark.parametrize(
    ("word", "mixed"), [("acme", False), ("Анна", False), ("\u0430cme", True), ("josé", False), ("東京tokyo", False)]
)
def test_words_of_two_alphabets_are_mixed(word: str, mixed: bool) -> None:
    assert has_mixed_scripts(word) == mixed


SECRETS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "act.example12345Example12345Example",
    "xoxb-123456789012-abcdefghijkl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN RSA PRIVATE KEY-----",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MEFCQ0RFRkdISQ==",
]
HARMLESS = [
    "6900000000000000001",
    "00000000000000000000000000000000000000000001",
    "north-america-brand-campaigns-2026-q4-extension",
    "somebody.with.a.long.name@agency.example",
    "https://tickets.example/browse/SEC-142-Something-Long",
    "env:TIKTOK_BUSINESS_CENTER_ACCESS_TOKEN",
    "CJ4Q3JBC77U8KNEHRQ20",
    "The quick brown fox jumps over the lazy dog 12 times",
    "skeleton-key-of-the-marketing-department",
]


@pytest.mark.parametrize("text", SECRETS)
def test_tokens_are_recognised(text: str) -> None:
    assert looks_like_secret(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_ids_names_and_references_are_no_tokens(text: str) -> None:
    assert not looks_like_secret(text)


@pytest.mark.parametrize(
    "key", ["password", "access_token", "client_secret", "API_KEY", "apikey", "db.password", "tokens"]
)
def test_names_of_secrets(key: str) -> None:
    assert is_secret_name(key)


@pytest.mark.parametrize("key", ["client_key", "secretary", "token_budget", "keys", "name", "tokenizer"])
def test_names_that_only_sound_like_secrets(key: str) -> None:
    assert not is_secret_name(key)
