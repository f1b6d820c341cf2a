"""From bytes to text that a person and a parser see alike."""

from __future__ import annotations

import re
import unicodedata

from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place

_PLAIN_ASCII = bytes([9, 10, 13, *range(32, 127)])
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]|\r(?!\n)")
# Line breaks that only some programs honour, and marks that change the direction of what is shown: what a reviewer
# sees is then not what is read (CVE-2021-42574, "Trojan Source").
# The same holds for characters that are drawn as nothing at all. The joiners U+200C and U+200D are not among them:
# words of several languages, and many emoji, cannot be written without them.
_HIDDEN = re.compile(
    "[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\ufeff"
    "\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def decode(data: bytes, file: str, notes: Notes) -> str | None:
    """The text without a byte order mark; None after a finding when it cannot be read safely."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[start : error.start].decode(errors="replace")) + 1
        message = f"byte {error.start} ({data[error.start]:#04x}) is not UTF-8"
        notes.error("not-utf8", message, Place(file, line, column), advice="save the file as UTF-8")
        return None
    # Deleting every harmless byte is ten times faster than searching for a harmful one.
    if text.isascii() and not data.translate(None, _PLAIN_ASCII) and (b"\r" not in data):
        return text
    return text if _is_honest(text, file, notes) else None


def _is_honest(text: str, file: str, notes: Notes) -> bool:
    if match := _CONTROL.search(text):
        message = f"control character U+{ord(match[0]):04X} in the file"
        notes.error("control-character", message, place_at(text, match.start(), file), advice="delete it")
        return False
    for match in _HIDDEN.finditer(text):
        name = unicodedata.name(match[0], "unnamed character")
        message = f"invisible character U+{ord(match[0]):04X} ({name.lower()}): the file does not say what it shows"
        notes.error("hidden-character", message, place_at(text, match.start(), file), advice="delete it")
        return False
    return True


def find_hidden(text: str) -> str:
    """The first character of a value that nobody would see, such as an escape sequence can bring in; else empty."""
    found = _CONTROL.search(text) or _HIDDEN.search(text)
    return found[0] if found else ""


def place_at(text: str, index: int, file: str) -> Place:
    """The place of a character, by its index."""
    return Place(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))
