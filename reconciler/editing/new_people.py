"""Keys and entries for people and things that no manifest names yet, as a person would have chosen them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass

from reconciler.editing.edits import Value
from reconciler.editing.entries import Unspeakable
from reconciler.manifests.characters import find_hidden
from reconciler.manifests.contacts import Contacts
from reconciler.manifests.keys import is_key
from reconciler.manifests.lookalikes import has_mixed_scripts
from reconciler.manifests.notes import Notes
from reconciler.manifests.secrets import looks_like_secret
from reconciler.model.finding import Place
from reconciler.model.system import System

_MAX_NAME = 100
_MAX_KEY = 60
_NOWHERE = Place("", 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Somebody who is to be added to the people of the manifests."""

    key: str
    entry: Value


def introduce(identity: str, system: System, *, shown: str, name: str, taken: Container[str]) -> NewPerson:
    """The person behind an identity; raises Unspeakable where that is no whole address or number.

    `shown` is what the system shows of it. Nothing is ever guessed: an address with stars in it is no address.
    """
    called = clean_name(name)
    if "*" in shown:
        who = f", and its name as {called!r}" if called else ""
        raise Unspeakable(f"its address is only shown as {shown.partition('#')[0]!r}{who}")
    notes = Notes()
    contacts = Contacts(notes)
    if "@" in identity.strip("@"):
        email = contacts.read_email(identity, _NOWHERE)
        if notes.has_errors or email != identity.lower() or "/" in email or has_mixed_scripts(email):
            raise Unspeakable(f"{identity!r} is no address that can be declared")
        return NewPerson(key=_choose(_keys_for_email(email), taken), entry=_entry(called, {"email": email}))
    if identity.startswith("+") and "phone" in system.identifiers:
        phone = contacts.read_phone(identity, _NOWHERE)
        if notes.has_errors or phone != identity:
            raise Unspeakable(f"{identity!r} is no phone number that can be declared")
        keys = _keys_for(called, f"phone-{phone.removeprefix('+')}")
        return NewPerson(key=_choose(keys, taken), entry=_entry(called, {"identities": {"phone": phone}}))
    raise Unspeakable("the system shows neither an e-mail address nor a phone number of it")


def key_for_thing(identity: str, name: str, taken: Container[str]) -> str:
    """A key for an asset, a partner or an organization, from its name if it has one."""
    plain = slug(identity.removeprefix("@")) or "unnamed"
    named = slug(clean_name(name))
    return _choose(iter([named, f"{named}-{plain[-4:]}", plain]) if named else iter([plain]), taken)


def clean_name(name: str) -> str:
    """A name from outside, if it can stand in a reviewed file; else nothing."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    is_fine = name.isprintable() and not find_hidden(name) and not looks_like_secret(name)
    return name if is_fine and len(name) <= _MAX_NAME else ""


def slug(text: str) -> str:
    """Words in lower case with dashes between them; empty when nothing is left that could be a key."""
    short = re.sub(r"[^\w.+-]+", "-", unicodedata.normalize("NFC", text).lower()).strip("-.+_")[:_MAX_KEY]
    short = short.strip("-.+_")
    return short if is_key(short) and not looks_like_secret(short) else ""


def _entry(name: str, rest: dict[str, Value]) -> Value:
    return {**({"name": name} if name else {}), **rest}


def _keys_for_email(email: str) -> Iterator[str]:
    """What stands before the @; then with the domain's own word, as it tells two Anas apart."""
    local, _, domain = email.partition("@")
    whose = domain.split(".")[-2] if "." in domain else domain
    short = slug(local.partition("+")[0]) or "person"
    return _keys_for(short, f"{short}-{slug(whose) or 'other'}")


def _keys_for(*wishes: str) -> Iterator[str]:
    return (key for key in map(slug, wishes) if key)


def _choose(wishes: Iterator[str], taken: Container[str]) -> str:
    """The first key that is free, else the last one with a number."""
    last = "unnamed"
    for last in wishes:
        if last not in taken:
            return last
    number = 2
    while f"{last}-{number}" in taken:
        number += 1
    return f"{last}-{number}"
