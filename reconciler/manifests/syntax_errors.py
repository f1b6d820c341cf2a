"""What is wrong with a text that is not YAML, told alike whichever reader found it.

PyYAML has two readers, libyaml and its own. Each words its errors in its own way, and a release may change the words.
A finding therefore repeats none of them: only the sort of mistake is taken from them. A mistake that is not known here
still has its place.
"""

from __future__ import annotations

import re
import unicodedata

from yaml import MarkedYAMLError

from reconciler.model import Notes, Place

_ESCAPE = r"unknown escape character|hexa?decimal number.*quoted scalar"
_TAG = r"(scanning|parsing) a tag$"
_DIRECTIVE = r"directive"
_PLACED_AT_START = (_ESCAPE, _TAG, _DIRECTIVE)
"""Mistakes that are placed where the text begins: the two readers agree on no other place."""
_QUOTE_SIGN = "put a value that begins with such a sign in quotes"
_QUOTE_BRACKETS = "or put a value that contains one of `,:[]{}` in quotes"
_SLIPS = (
    (
        r"unexpected end of stream.* quoted scalar",
        "the quotes of a text are not closed",
        "close them; a text that contains quotes stands in quotes of the other sort",
    ),
    (r"unexpected document (indicator|separator)", "the quotes of a text are not closed before a new document", ""),
    (
        r"mapping values are not allowed",
        "a `:` is not allowed here",
        "put a value that contains a colon in quotes, or check the indentation",
    ),
    (
        r"could not find expected ':'",
        "a `:` is missing after a key",
        "write `key: value`, or check the indentation of a text over several lines",
    ),
    (r"cannot start any token", "a value cannot begin with this sign", _QUOTE_SIGN),
    (r"expected ',' or '}'", "a `,` or `}` is missing in a mapping in braces", f"close the braces, {_QUOTE_BRACKETS}"),
    (r"expected ',' or ']'", "a `,` or `]` is missing in a list in brackets", f"close the brackets, {_QUOTE_BRACKETS}"),
    (
        r"expected (key|'-' indicator|<block end>)",
        "this does not continue what stands above it",
        "check the indentation: keys of one mapping, and items of one list, stand below each other",
    ),
    (r"expected (the )?node content", "a value is missing here", "write it, or check the brackets"),
    (
        r"expected '?<document start>",
        "this stands behind the end of the value of the whole file",
        "check the indentation",
    ),
    (
        r"sequence entries are not allowed",
        "a list cannot begin here",
        "begin it on a line of its own, or put a value that begins with `- ` in quotes",
    ),
    (r"mapping keys are not allowed", "a `? ` is not allowed here", "put a value that begins with `? ` in quotes"),
    (
        r"unexpected ':'.*plain scalar",
        "a `:` is followed by a bracket",
        "write a space after the colon, or put the value in quotes",
    ),
    (
        _ESCAPE,
        "the text in double quotes contains a `\\` that says nothing",
        "write `\\\\`, or put the text in single quotes",
    ),
    (r"(scanning|parsing) a block scalar", "something wrong follows the `|` or `>`", _QUOTE_SIGN),
    (r"(scanning|parsing) an (alias|anchor)", "a name is missing after the `*` or `&`", _QUOTE_SIGN),
    (_TAG, "this is no tag", "put a value that begins with `!` in quotes"),
    (_DIRECTIVE, "a line that begins with `%` is no directive here", _QUOTE_SIGN),
)
"""A pattern that finds a mistake in `problem; context` of either reader, message, advice; the first match counts."""
_UNKNOWN = ("", "it cannot be read from here on", "check brackets, quotes and indentation")
_ODD_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
"""Looks like a space, as text that is copied from a page or a chat has them."""


def note_syntax_error(error: MarkedYAMLError, text: str, file: str, notes: Notes) -> None:
    """Add the finding about what a reader of YAML could not read."""
    said = "; ".join(part for part in (error.problem, error.context) if part)
    signs, message, advice = next((slip for slip in _SLIPS if re.search(slip[0], said, re.DOTALL)), _UNKNOWN)
    begun = error.context_mark
    mark = error.problem_mark or begun
    if signs in _PLACED_AT_START and begun is not None:
        mark = begun
    lines = text.split("\n")
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if line >= len(lines):  # behind the newline that the reader was given and the file lacks
        line, column = len(lines) - 1, len(lines[-1])
    place = Place(file, line + 1, column + 1)
    if lines[line][column:].startswith("\t"):
        notes.error("yaml-tab", "a tab is not allowed here", place, advice="indent with spaces")
        return
    since = f"; it begins in line {begun.line + 1}" if begun is not None and begun.line != line else ""
    for number in range(begun.line if begun is not None else line, line + 1):
        if odd := _ODD_SPACE.search(lines[number]):
            name = f"a {unicodedata.name(odd[0]).lower()} (U+{ord(odd[0]):04X})"
            advice = f"line {number + 1} has {name}, which YAML takes for a letter: type a space there; else {advice}"
            break
    notes.error("yaml-syntax", f"not YAML: {message}{since}", place, advice=advice)
