"""Things that must never stand in a reviewed file."""

from __future__ import annotations

import math
import re
from collections import Counter

MIN_LENGTH = 16
"""Shorter texts are never taken for a secret."""

# Public prefixes of tokens: GitHub, GitLab, Slack, AWS, Google, Stripe and the like, JSON web tokens, TikTok's access
# (act.), client (clt.) and refresh (rft.) tokens; and private keys.
_KNOWN = re.compile(
    r"(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|xapp-|AKIA|ASIA|AIza|sk[-_](?:live|test|proj|ant)?|npm_|pypi-|eyJ"
    r"|act\.|clt\.|rft\.)[A-Za-z0-9_\-.+/=!]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----",
)
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_.\-]{32,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
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
    if not _OPAQUE.fullmatch(text):
        return False
    kinds = (any(c.isdigit() for c in text), any(c.islower() for c in text), any(c.isupper() for c in text))
    if _HEX.fullmatch(text):
        return kinds[0] and (kinds[1] or kinds[2])
    return all(kinds) and _bits_per_character(text) > 4


def _bits_per_character(text: str) -> float:
    """Shannon entropy; English words with separators stay below 4, random base64 of this length lies above."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
