"""Addresses made to be mistaken for others: letters of other alphabets, and domains one letter off a known one."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place

# Pairs of a letter and the Latin one it is drawn like, from the confusables data of Unicode (UTS #39), written as
# code points because the letters themselves cannot be told apart here.
_TWIN_LETTERS = """
a=430 e=435 o=43e p=440 c=441 x=445 y=443 i=456 j=458 s=455 h=4bb d=501 q=51b w=51d k=43a m=43c t=442 b=432 h=43d r=433
e=454 b=44c l=4cf a=3b1 b=3b2 e=3b5 i=3b9 k=3ba v=3bd o=3bf p=3c1 t=3c4 u=3c5 x=3c7 w=3c9 y=3b3 n=3b7 o=585 h=570 n=578
u=57d g=581 q=566 i=131 a=251 g=261 o=30 l=31
"""
_TWINS = {int(code, 16): latin for latin, _, code in (pair.partition("=") for pair in _TWIN_LETTERS.split())}
_PAIRS = (("rn", "m"), ("vv", "w"))
_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "GEORGIAN", "COPTIC"})
_MIN_LENGTH = 6
"""Domains shorter than this are one letter away from too many others."""


def has_mixed_scripts(text: str) -> bool:
    """Whether letters of several alphabets with similar letters stand in one word."""
    if text.isascii():
        return False
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in text if letter.isalpha()}
    return len(alphabets & _ALPHABETS) > 1


def note_lookalikes(emails: Mapping[str, Place], allowed_domains: Iterable[str], notes: Notes) -> None:
    """Findings for addresses whose domain looks like a known one.

    Known are the allowed domains and those that at least two addresses use; the latter are compared with the former.
    """
    allowed = {encoded_domain(domain) for domain in allowed_domains}
    domains = {email: email.rpartition("@")[2] for email in emails}
    counts = Counter(domains.values())
    popular = {domain for domain, count in counts.items() if count > 1} - allowed
    firmly, loosely = _Known(allowed), _Known(allowed | popular)
    told: set[str] = set()
    for email, place in emails.items():
        domain = domains[email]
        if _note_mixed(email, place, notes) or domain in allowed or domain in told:
            continue
        told.add(domain)
        _note_near(domain, firmly if domain in popular else loosely, place, notes)


def _note_mixed(email: str, place: Place, notes: Notes) -> bool:
    local, _, domain = email.rpartition("@")
    shown = readable_domain(domain)
    if not any(has_mixed_scripts(word) for word in (local, *shown.split("."))):
        return False
    message = f"`{local}@{shown}` ({ascii(local)[1:-1]}@{domain}) mixes letters of several alphabets"
    notes.error("look-alike", message, place, advice="type it anew")
    return True


def _note_near(domain: str, known: _Known, place: Place, notes: Notes) -> None:
    twin = known.find_twin(domain)
    if twin:
        shown = readable_domain(domain)
        encoded = f" ({domain})" if shown != domain else ""
        message = f"the domain `{shown}`{encoded} looks like `{twin}` but is another"
        notes.error("look-alike", message, place, advice=f"write `{twin}`, or add `{domain}` to allowed_domains")
        return
    near = known.find_near(domain)
    if near:
        message = f"the domain `{domain}` differs from `{near}` by one letter"
        notes.warning("near-domain", message, place, advice=f"write `{near}`, or add `{domain}` to allowed_domains")


class _Known:
    """Known domains, indexed by how they look and by what is left when one letter is dropped."""

    def __init__(self, domains: Iterable[str]) -> None:
        self._by_look = {_look_of(domain): domain for domain in sorted(domains)}
        self._by_variant = {variant: domain for domain in sorted(domains) for variant in _variants(domain)}

    def find_twin(self, domain: str) -> str:
        twin = self._by_look.get(_look_of(domain), "")
        return "" if twin == domain else twin

    def find_near(self, domain: str) -> str:
        if len(domain) < _MIN_LENGTH:
            return ""
        found = (self._by_variant.get(variant, "") for variant in _variants(domain))
        return next((near for near in found if near and near != domain), "")


def _variants(domain: str) -> Iterator[str]:
    """The domain itself and all ways to drop one letter: two domains one edit apart have one of these in common."""
    yield domain
    for index in range(len(domain)):
        yield domain[:index] + domain[index + 1 :]


def _look_of(domain: str) -> str:
    """What the domain looks like at a glance, in Latin letters."""
    plain = unicodedata.normalize("NFKD", readable_domain(domain).lower())
    look = "".join(letter for letter in plain if not unicodedata.combining(letter)).translate(_TWINS)
    for pair, letter in _PAIRS:
        look = look.replace(pair, letter)
    return look


def readable_domain(domain: str) -> str:
    """A domain as it is shown, its encoded labels decoded."""
    return ".".join(_decoded(label) for label in domain.split("."))


def encoded_domain(domain: str) -> str:
    """A domain as it is compared: in ASCII."""
    labels = unicodedata.normalize("NFC", domain.lower().strip("@.")).split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label
