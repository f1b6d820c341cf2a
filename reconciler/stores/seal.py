"""Taking e-mail addresses and phone numbers out of bytes that are stored, and putting them back.

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
from functools import lru_cache

from reconciler.model.errors import ReconcilerError, StoreError
from reconciler.model.json import SEALED

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
            message = "`personal_data: sealed` needs the extra `sealed`"
            raise ReconcilerError(message, advice="pip install 'access-reconciler[sealed]'") from error
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
