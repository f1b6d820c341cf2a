"""Values in the form in which a person would write them into a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.manifests.scalars import is_date, read_plain

_PLAIN = re.compile(r"[\w./+][\w./+@ -]*(?::[\w./+@-]+)*")
"""Words that every YAML reader takes for the same text, also inside of brackets."""
_SHORT = 80
"""Characters; a mapping that is longer gets a line for each of its keys."""


def is_plain(text: str) -> bool:
    """Whether a text can stand without quotes."""
    return bool(_PLAIN.fullmatch(text)) and not text.endswith(" ") and read_plain(text) == text


def is_plain_key(text: str) -> bool:
    """Whether a text can stand without quotes as a key."""
    return is_plain(text) and not is_date(text)


def yaml_key(text: str) -> Any:
    """A key for yaml-edit, in quotes only where it needs them."""
    return text if is_plain_key(text) else _quoted(text)


def yaml_value(value: object) -> Any:
    """A value for yaml-edit: small mappings and all lists in brackets, as they are easiest to read in a review."""
    from yaml_edit import Mapping as YamlMapping
    from yaml_edit import Sequence as YamlSequence

    match value:
        case str():
            return value if is_plain(value) else _quoted(value)
        case Mapping():
            mapping = YamlMapping(flow=_fits_in_a_line(value))
            for key, item in value.items():
                mapping.set(yaml_key(key), yaml_value(item))
            return mapping
        case Sequence():
            sequence = YamlSequence(flow=True)
            for item in value:
                sequence.append(yaml_value(item))
            return sequence
        case _:
            return value


def _quoted(text: str) -> Any:
    from yaml_edit import ScalarValue

    # In double quotes yaml-edit writes everything beyond ASCII as escapes, which nobody can review.
    return ScalarValue(text, style="double-quoted" if text.isascii() else "single-quoted")


def _fits_in_a_line(value: Mapping[str, object]) -> bool:
    """Whether a mapping holds words only and few of them."""
    if not value or not all(isinstance(item, str | bool | None) for item in value.values()):
        return False
    return sum(len(key) + len(str(item)) + 4 for key, item in value.items()) <= _SHORT
