"""What a text means, and what it hides: unquoted words, invisible characters, secrets.

YAML 1.1, which most tools still read, takes `no` for false, `0123` for 83, `12:30` for 750 and `1_000` for 1000; YAML
1.2 takes them for text or other numbers. In a file about access such a value is never meant, so it is not read at all:
it is text plus a surprise, which becomes a finding. Dates stay text and are read where a date is wanted.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True)
class Surprise:
    """Text that some YAML reader takes for something else."""

    id: str
    reads: str
    """What some readers take it for."""
    otherwise: str = ""
    """What else may have been meant, for the advice."""


_TRUE = ("yes", "Yes", "YES", "on", "On", "ON", "y", "Y")
_FALSE = ("no", "No", "NO", "off", "Off", "OFF", "n", "N")
WORDS: dict[str, bool | Surprise | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(_TRUE, Surprise("yaml-boolean", "true", ", or true")),
    **dict.fromkeys(_FALSE, Surprise("yaml-boolean", "false", ", or false")),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,29})\.[0-9]{1,30}")
_SURPRISING_NUMBERS = (
    (re.compile(r"\+[0-9]+"), "a number, without its plus sign"),
    (re.compile(r"[-+]?0[0-7_]+"), "an octal number"),
    (re.compile(r"[-+]?0o[0-7_]+"), "an octal number"),
    (re.compile(r"[-+]?0x[0-9a-fA-F_]+"), "a hexadecimal number"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number to the base of 60"),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), "a number"),
    (re.compile(r"[-+]?(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"), "a number"),
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")


def is_date(text: str) -> bool:
    """Whether some readers take an unquoted word for a date; as a key it then is another one to them."""
    return _DATE.fullmatch(text) is not None


def read_plain(text: str) -> str | int | float | bool | Surprise | None:
    """The value of an unquoted scalar; a Surprise where YAML 1.1 would read what nobody means."""
    if not text or text[0] not in _NUMBER_STARTS:
        return WORDS.get(text, text)
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    for pattern, reads in _SURPRISING_NUMBERS:
        if pattern.fullmatch(text):
            return Surprise("yaml-number", reads)
    return text


MIN_LENGTH = 16
"""Shorter texts are never taken for a secret."""


# Public prefixes of tokens: GitHub, GitLab, Slack, AWS, Google, Stripe and the like, JSON web tokens, TikTok's access
# (act.), client (clt.) and refresh (rft.) tokens; and private keys.
_KNOWN = re.compile(
    r"(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|xapp-|AKIA|ASIA|AIza|sk[-_](?:live|test|proj|ant)?|npm_|pypi-|eyJ"
    r"|act\.|clt\.|rft\.)[A-Za-z0-9_\-.+/=!]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----",
)
_MIN_OPAQUE = 32
"""Shorter texts are only taken for a secret when they begin like one."""
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_.\-]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_SECRET_NAME = re.compile(
    r"(?:^|[_\-.])(?:password|passwd|pwd|passphrase|secret|token|api_?key|private_?key|credentials?|cookie|session_?id)s?$",
    re.IGNORECASE,
)


def is_secret_name(key: str) -> bool:
    """Whether a key of this name would hold a secret: `password`, `access_token`, `client_secret`."""
    return _SECRET_NAME.search(key) is not None


def looks_like_secret(text: str) -> bool:
    """Whether a value is probably a token or a key: a known prefix, or long and random."""
    if _KNOWN.match(text):
        return True
    if len(text) < _MIN_OPAQUE or not _OPAQUE.fullmatch(text):
        return False
    kinds = (any(c.isdigit() for c in text), any(c.islower() for c in text), any(c.isupper() for c in text))
    if _HEX.fullmatch(text):
        return kinds[0] and (kinds[1] or kinds[2])
    # Shannon entropy: English words with separators stay below 4 bits, random base64 of this length lies above.
    shares = [count / len(text) for count in Counter(text).values()]
    return all(kinds) and -sum(share * math.log2(share) for share in shares) > 4


CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|\r(?!\n)")


# Line breaks that only some programs honour, and marks that change the direction of what is shown: what a reviewer
# sees is then not what is read (CVE-2021-42574, "Trojan Source").
# The same holds for characters that are drawn as nothing at all. The joiners U+200C and U+200D are not among them:
# words of several languages, and many emoji, cannot be written without them.
HIDDEN = re.compile(
    "[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff"
    "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def find_hidden(text: str) -> str:
    """The first character of a value that nobody would see, such as an escape sequence can bring in; else empty."""
    found = CONTROL.search(text) or HIDDEN.search(text)
    return found[0] if found else ""
