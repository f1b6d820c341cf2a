"""State without e-mail addresses and phone numbers in it, kept by any other store.

Each becomes a token: `sealed.`, its ciphertext in base64url, and a dot. Everything else stays as it is, so JSON stays
JSON. The cipher (AES-SIV, RFC 5297) needs no randomness: under one key the same address is always the same token, so
stored states can be compared and searched. It also notices any change of a token.

Digests go the same way: the fingerprint of a resource, the checksum of a record and the chain of the audit log are
computed over what is sealed here, and whoever suspects an address could use them to confirm it.

Sealed bytes begin with a mark that depends on the key, and the word `sealed.` in what comes in is sealed too. So what
goes out never has it by chance: whatever begins like a token either opens or was damaged.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from itertools import islice

from reconciler.model import (
    SEALED,
    Lock,
    MissingExtra,
    PastVersion,
    ReconcilerError,
    StateStore,
    StoredState,
    StoreError,
    TornAudit,
)
from reconciler.stores.rules import Holder

_AUDIT = "the audit log"

_KEY_BYTES = 64
_WORD = rb"[!#$%&'*+\-.0-9=?@A-Z^_`a-z{|}~\x80-\xff]"
"""What an address is made of, in JSON and in sentences. Without `/`, which joins the parts of the tool's addresses."""
_LOCAL = _WORD.replace(b"@", b"")
_EMAIL = rb"@*+" + _LOCAL + rb"++@(?:" + _WORD + rb"*[0-9A-Za-z\x80-\xff])?"
"""Wider than any standard: what is taken for an address and is none only costs a few bytes."""
_PERSONAL = (
    # An escape of JSON such as \n or \", whose letter is not the first of the address behind it.
    rb'(?P<escapes>(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))++)(?:' + _EMAIL + rb")?+"
    rb"|(?<!" + _WORD + rb")" + _EMAIL + rb"|\+[0-9]{5,}|" + re.escape(SEALED)
)
_DIGEST = rb'(?:\A|(?<="))(?![0-9]{17,}")[0-9a-f]{8,}+(?=[" ])'
"""A whole JSON string or the checksum in front of a record; more than sixteen digits are an id."""
_IN_NAMES = re.compile(_PERSONAL)
_IN_CONTENT = re.compile(_DIGEST + rb"|" + _PERSONAL)
_TOKEN = re.compile(re.escape(SEALED) + rb"(?:([0-9A-Za-z_-]+)\.)?")
_CACHED = 1 << 16


class Seal:
    """Seals and opens under one key."""

    def __init__(self, key: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESSIV
        except ModuleNotFoundError as error:
            raise MissingExtra("`personal_data: sealed`", "sealed") from error
        self._cipher = AESSIV(key)
        self._mark = _token_of(self._cipher.encrypt(b"reconciler 1", [b"mark"]))
        self._seal_one = lru_cache(_CACHED)(self._make_token)
        self._open_one = lru_cache(_CACHED)(self._read_token)

    def close(self, data: bytes) -> bytes:
        """The bytes as they are stored."""
        return self._mark + _IN_CONTENT.sub(self._replace, data)

    def require(self, data: bytes, what: str) -> None:
        """Raises StoreError unless the bytes were sealed under this key; `what` they are, for the message."""
        if data.startswith(self._mark):
            return
        if data.startswith(SEALED):
            message = f"{what} is sealed under another key"
            raise StoreError(message, advice="give the key that it was sealed under; nothing was changed")
        message = f"{what} is not sealed"
        advice = "it was written without `personal_data: sealed`; take that out, then run `reconciler state migrate`"
        raise StoreError(message, advice=advice)

    def find_opened(self, data: bytes) -> bytes | None:
        """What was sealed; None when something in it does not open any more. `require` comes first."""
        from cryptography.exceptions import InvalidTag

        try:
            return _TOKEN.sub(lambda token: self._open_one(token[1]), data.removeprefix(self._mark))
        except (InvalidTag, ValueError):
            return None

    def close_name(self, name: str) -> str:
        """A name of something, which only says who it is about when it holds an address."""
        return _IN_NAMES.sub(self._replace, name.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def open_names(self, text: str) -> str:
        """The names, or a sentence about them, as they were; raises StoreError when one is not ours."""
        opened = self.find_opened(text.encode("utf-8", "surrogatepass"))
        if opened is None:
            message = "the name of an organization is sealed under another key"
            raise StoreError(message, advice="give the key that it was sealed under; nothing was changed")
        return opened.decode("utf-8", "surrogatepass")

    def _replace(self, found: re.Match[bytes]) -> bytes:
        escapes = found["escapes"] or b""
        rest = found[0][len(escapes) :]
        return escapes + self._seal_one(rest) if rest else escapes

    def _make_token(self, text: bytes) -> bytes:
        return _token_of(self._cipher.encrypt(text, [b"text"]))

    def _read_token(self, body: bytes | None) -> bytes:
        if body is None:
            raise ValueError("a token without an end")
        return self._cipher.decrypt(urlsafe_b64decode(body + b"=" * (-len(body) % 4)), [b"text"])


def _token_of(ciphertext: bytes) -> bytes:
    return SEALED + urlsafe_b64encode(ciphertext).rstrip(b"=") + b"."


def new_key() -> str:
    """A key as `parse_key` reads it."""
    return b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def parse_key(text: str) -> bytes:
    """The key in a text; raises ReconcilerError, which does not repeat it, when it is none."""
    try:
        key = b64decode(text.strip(), validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"the key of the state is not {_KEY_BYTES} bytes in base64"
        raise ReconcilerError(message, advice="make one with `reconciler state new-key`")
    return key


class SealedStore:
    """Seals what goes into `inner` and opens what comes out; whoever uses it sees no difference.

    Keys of organizations, and who holds a lock, are sealed only when they hold an address or a number themselves:
    names of files and messages of other machines stay readable.
    """

    def __init__(self, inner: StateStore, seal: Seal) -> None:
        self._inner = inner
        self._seal = seal
        self._name = seal.close_name
        self._is_ours = False

    def organizations(self) -> list[str]:
        """Keys of all organizations that have a snapshot or a journal."""
        return sorted(self._seal.open_names(name) for name in self._inner.organizations())

    def read(self, organization: str) -> StoredState:
        """The last snapshot and its journal. The last record may be damaged by a crash, and then counts as torn."""
        with self._names_in_clear():
            stored = self._inner.read(self._name(organization))
        if stored.snapshot is not None:
            stored = replace(stored, snapshot=self._open(stored.snapshot, f"the state of {organization}"))
        if not stored.journal:
            return stored
        what, (*before, last) = f"the journal of {organization}", stored.journal
        records = tuple(self._open(record, what) for record in before)
        self._seal.require(last, what)
        opened = self._seal.find_opened(last)
        if opened is None:
            return replace(stored, journal=records, torn=last)
        return replace(stored, journal=(*records, opened))

    def write(self, organization: str, data: bytes, *, replacing: str | None, token: int) -> str:
        """Replace the snapshot and empty the journal."""
        with self._names_in_clear():
            sealed = self._seal.close(data)
            return self._inner.write(self._name(organization), sealed, replacing=replacing, token=token)

    def append(self, organization: str, record: bytes, *, token: int) -> None:
        """Add one record to the journal."""
        with self._names_in_clear():
            self._inner.append(self._name(organization), self._seal.close(record), token=token)

    def stamps(self, organization: str | None = None) -> dict[str, str]:
        """As `inner` has them: they tell nothing of what is sealed."""
        found = self._inner.stamps(None if organization is None else self._name(organization))
        return {self._seal.open_names(name): stamp for name, stamp in found.items()}

    def read_settled(self) -> bytes | None:
        """What was written; None when it cannot be opened, because it can be made anew."""
        data = self._inner.read_settled()
        return data if data is None else self._seal.find_opened(data)

    def write_settled(self, data: bytes) -> None:
        """Keep it sealed: it names people."""
        self._inner.write_settled(self._seal.close(data))

    def history(self, organization: str) -> list[PastVersion]:
        """All snapshots ever written."""
        with self._names_in_clear():
            return self._inner.history(self._name(organization))

    def read_past(self, organization: str, version: str) -> bytes:
        """A snapshot of the history."""
        with self._names_in_clear():
            data = self._inner.read_past(self._name(organization), version)
        return self._open(data, f"the state of {organization}")

    def find_lock(self, organization: str) -> Lock | None:
        """The present lock, expired or not."""
        lock = self._inner.find_lock(self._name(organization))
        return lock and self._lock_in_clear(lock)

    def locks(self) -> list[Lock]:
        """All present locks."""
        return sorted(map(self._lock_in_clear, self._inner.locks()), key=lambda lock: lock.organization)

    def acquire(self, organization: str, *, purpose: str, ttl: timedelta) -> Lock:
        """Take the lock, unless what is stored was sealed under another key: nothing is to be written beside that."""
        self._require_our_key()
        with self._names_in_clear():
            return self._lock_in_clear(self._inner.acquire(self._name(organization), purpose=purpose, ttl=ttl))

    def renew(self, lock: Lock, *, ttl: timedelta) -> Lock:
        """Keep the lock for longer."""
        with self._names_in_clear():
            return self._lock_in_clear(self._inner.renew(_renamed(lock, self._name), ttl=ttl))

    def release(self, lock: Lock) -> None:
        """Give the lock up."""
        self._inner.release(_renamed(lock, self._name))

    def break_lock(self, organization: str, lock_id: str) -> None:
        """Take the lock away from its holder."""
        with self._names_in_clear():
            self._inner.break_lock(self._name(organization), lock_id)

    def count_audit(self) -> int:
        """How many records the audit log has."""
        return self._inner.count_audit()

    def append_audit(self, record: bytes, *, after: int) -> None:
        """Add a record to the audit log."""
        self._require_our_key()
        self._inner.append_audit(self._seal.close(record), after=after)

    def read_audit(self, *, after: int = 0) -> Iterator[bytes]:
        """The records behind number `after`. Their chain is that of the records in clear: it survives a migration."""
        for record in self._inner.read_audit(after=after):
            yield self._open(record, _AUDIT)

    def torn_audit(self) -> TornAudit:
        """As it is stored: a part of something sealed cannot be opened."""
        return self._inner.torn_audit()

    def _open(self, data: bytes, what: str) -> bytes:
        self._seal.require(data, what)
        opened = self._seal.find_opened(data)
        if opened is None:
            message = f"{what} is damaged: something in it was sealed and does not open"
            raise StoreError(message, advice="restore it from a copy; `reconciler state verify` says what is damaged")
        return opened

    def _lock_in_clear(self, lock: Lock) -> Lock:
        return _renamed(lock, self._seal.open_names)

    def _require_our_key(self) -> None:
        """Look once at something that is stored. Every apply that changes anything leaves an audit record."""
        if self._is_ours:
            return
        end = self._inner.count_audit()
        for record in islice(self._inner.read_audit(after=max(end - 1, 0)), 1):
            self._seal.require(record, _AUDIT)
        if not end:
            for name in self._inner.organizations()[:1]:
                self.read(self._seal.open_names(name))
        self._is_ours = True

    @contextmanager
    def _names_in_clear(self) -> Iterator[None]:
        """What the inner store says of names, with the names as they are known outside."""
        try:
            yield
        except StoreError as error:
            with suppress(StoreError):
                error.message = self._seal.open_names(error.message)
                error.args = (error.message,)
            raise


def _renamed(lock: Lock, name: Callable[[str], str]) -> Lock:
    return replace(lock, organization=name(lock.organization), who=name(lock.who), host=name(lock.host))


def sealed_holder(holder: Holder, seal: Seal) -> Holder:
    """The holder as locks may name it: some logins are e-mail addresses."""
    return replace(holder, who=seal.close_name(holder.who), host=seal.close_name(holder.host))
