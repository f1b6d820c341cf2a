"""What an unquoted YAML word means, and where YAML versions disagree about it.

YAML 1.1, which most tools still read, takes `no` for false, `0123` for 83, `12:30` for 750 and `1_000` for 1000; YAML
1.2 takes them for text or other numbers. In a file about access such a value is never meant, so it is not read at all:
it is text plus a surprise, which becomes a finding. Dates stay text and are read where a date is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


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
_WORDS: dict[str, bool | Surprise | None] = {
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
    if text[:1] in _NUMBER_STARTS and text:
        return _read_number(text)
    return _WORDS.get(text, text)


def _read_number(text: str) -> str | int | float | Surprise:
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    for pattern, reads in _SURPRISING_NUMBERS:
        if pattern.fullmatch(text):
            return Surprise("yaml-number", reads)
    return text
