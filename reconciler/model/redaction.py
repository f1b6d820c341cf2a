"""One redactor for everything that leaves the process: it knows every secret that was read, in every usual spelling.

Whoever reads a secret tells it (`SECRETS.learn`). What comes back from a server is cleaned before it is looked at, and
what goes to a terminal, a file, a log or a store is cleaned once more where the bytes leave.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

HIDDEN = "***"
_MIN_LENGTH = 5
_MIN_FREE_LENGTH = 12
"""A shorter secret is hidden only where it stands alone, and not at all if it is a plain word or number: that would
tear words and numbers of others apart and hide nothing that is worth hiding."""
_MIN_BASE64 = 8
_MAX_DEPTH = 3
"""So many times more than once a URL may be in a URL, or HTML in HTML."""
_MAX_ESCAPES = 15
"""Backslashes before a character of JSON that is in JSON as deep."""
_MAX_FOLD = 64
"""More than what any form writes in place of one character, or before a line that goes on."""

ENVIRONMENT = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "CI_JOB_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "PGPASSWORD",
)
"""Variables that libraries read by themselves, or that a build server sets for us."""
_ADDRESSES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "AWS_ENDPOINT_URL", "AZURE_STORAGE_ENDPOINT")
_SECRET_PARAMETERS = re.compile(r"(?i)pass|secret|token|key|sig|credential")


class Redactor:
    """Knows secrets and takes them out of texts."""

    def __init__(self) -> None:
        self._secrets: dict[str, None] = {}
        self._cores: dict[str, None] = {}

    def learn(self, secret: str) -> str:
        """Remember a secret, and return it without the white space around it."""
        bare = secret.strip()
        if bare not in self._secrets and _is_worth_hiding(bare):
            self._cores.update(dict.fromkeys(_cores_of(bare)))
            self._secrets[bare] = None  # last: another thread that learns the same takes it for known from here on
        return bare

    def learn_address(self, address: str) -> str:
        """Remember what an address says of itself and nobody else may see: its password and parameters like one."""
        try:
            parts = urlsplit(address)
            password = parts.netloc.rpartition("@")[0].partition(":")[2]
            parameters = parse_qsl(parts.query)
        except ValueError:
            # Not an address that anything could be reached at; what stands before the @ may be a password all the same.
            password, parameters = address.rpartition("@")[0].rpartition(":")[2], []
        secrets = [password, *(value for name, value in parameters if _SECRET_PARAMETERS.search(name))]
        for secret in secrets:
            self.learn(secret)
            self.learn(unquote(secret))
        return address

    def learn_environment(self, environment: Mapping[str, str]) -> None:
        """Remember what libraries will read by themselves."""
        for name in ENVIRONMENT:
            self.learn(environment.get(name, ""))
        for name in _ADDRESSES:
            self.learn_address(environment.get(name, "") or environment.get(name.lower(), ""))

    @property
    def reach(self) -> int:
        """How long a text may be that holds one secret in more than one line; 0 where none goes over lines."""
        return max((len(secret) * _MAX_FOLD for secret in tuple(self._secrets) if {" ", "\n"} & set(secret)), default=0)

    def hide(self, text: str) -> str:
        """The text with `***` for every secret. JSON stays JSON."""
        if not any(core in text for core in tuple(self._cores)):  # another thread may learn meanwhile
            return text
        return _pattern_for(tuple(self._secrets)).sub(HIDDEN, text)

    def hide_in_json(self, value: object) -> object:
        """A value that JSON was read into, without secrets: an escape of JSON may have hidden one in the text."""
        if not self._secrets:
            return value
        text = json.dumps(value, ensure_ascii=False)
        clean = self.hide(text)
        return value if clean == text else json.loads(clean)


def _is_worth_hiding(secret: str) -> bool:
    if len(secret) >= _MIN_FREE_LENGTH:
        return True
    is_plain = secret.isalpha() or secret.isdecimal()
    return len(secret) >= _MIN_LENGTH and not is_plain


@lru_cache(maxsize=1)  # made when a text first needs it: nothing else that is done with a secret costs as much
def _pattern_for(secrets: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_pattern_of, sorted(secrets, key=len, reverse=True))))


def _pattern_of(secret: str) -> str:
    """Matches a secret as it is, in JSON, in a URL, in HTML and Markdown, escaped, in hexadecimal and in base64.

    Each of them may have been written by the same kind once more, and base64 in any of them: a URL in a URL, for one.
    """
    forms = f"(?:{re.escape(json.dumps(secret)[1:-1])}|{_written(secret)})"
    if len(secret) < _MIN_FREE_LENGTH:
        forms = rf"(?<![^\W_]){forms}(?![^\W_])"
    return "|".join([forms, *(f"(?i:{digits})" for digits in _in_hex(secret)[:1]), *map(_written, _in_base64(secret))])


_PERCENT = f"%(?:25){{0,{_MAX_DEPTH}}}"
_AMPERSAND = f"&(?:amp;){{0,{_MAX_DEPTH}}}"
_BACKSLASH = rf"(?:\\|(?i:{_PERCENT}5c|{_AMPERSAND}#(?:0*92|x0*5c);))"


def _written(text: str) -> str:
    """A text as any of our forms or anybody's server may write it. Nothing in it is tried in two ways: it is linear."""
    parts = re.findall(r"\\+|.", text, re.DOTALL)
    return "".join(_written_part(part, is_first=not index) for index, part in enumerate(parts))


def _written_part(part: str, *, is_first: bool) -> str:
    """One character, or all backslashes in a row: of those nobody knows which of them escapes which."""
    if part.isascii() and part.isalnum():
        return part
    if part.startswith("\\"):
        return f"{_BACKSLASH}{{1,{_MAX_ESCAPES}}}+"
    from html.entities import codepoint2name  # most runs learn no secret

    code = ord(part)
    in_url = "".join(f"{_PERCENT}{byte:02x}" for byte in part.encode(errors="replace"))
    forms = [re.escape(part), f"(?i:{in_url})", f"(?i:{_AMPERSAND}#0*{code};)", f"(?i:{_AMPERSAND}#x0*{code:x};)"]
    if code in codepoint2name:
        forms.append(f"{_AMPERSAND}{codepoint2name[code]};")
    if part in " \n":
        forms += [r"\+", r"\r?\n *"]  # a text for a terminal is folded there
    letters = [f"u{code:04x}"] if code <= 0xFFFF else []
    letters += [f"x{code:02x}"] if code <= 0xFF else []
    letters += ["n"] if part == "\n" else []
    escaped = f"{_BACKSLASH}{{1,{_MAX_ESCAPES}}}+(?i:{'|'.join(letters)})|" if letters else ""
    # A backslash before the first one may belong to what stands before it.
    before = "" if is_first else f"{_BACKSLASH}{{0,{_MAX_ESCAPES}}}+"
    return f"(?:{escaped}{before}(?:{'|'.join(forms)}))"


def _in_hex(secret: str) -> list[str]:
    data = secret.encode(errors="replace").hex()
    return [data, data.upper()] if len(data) >= 2 * _MIN_BASE64 else []


def _in_base64(secret: str) -> list[str]:
    """What every base64 text holds that was made of something with the secret in it, wherever in it that stands."""
    data = secret.encode(errors="replace")
    if len(data) < _MIN_BASE64:
        return []
    found: list[str] = []
    encoders: tuple[Callable[[bytes], bytes], ...] = (base64.b64encode, base64.urlsafe_b64encode)
    for encode in encoders:
        for before in range(3):
            text = encode(b"\0" * before + data).decode().rstrip("=")
            # Characters that also depend on what stands around the secret are left out of it.
            is_whole = (before + len(data)) % 3 == 0
            found.append(text[(0, 2, 3)[before] : None if is_whole else -1])
    return list(dict.fromkeys(found))


def _cores_of(secret: str) -> list[str]:
    """Short texts of which one is in every text that may hold the secret: looking for them is quick."""
    runs = (re.findall(r"[0-9A-Za-z]+", text) for text in (secret, *_in_base64(secret)))
    return [*(max(found, key=len, default="") for found in runs), *_in_hex(secret)]


SECRETS = Redactor()
"""Of this process. A secret does not stop being one when the function that read it returns."""
