"""Why a value does not fit, in words of our own: those of pydantic change with its releases, the types do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "frozen_set_type": "a list",
    "set_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "none_required": "null",
    "date_type": "a date",
    "date_parsing": "a date",
    "date_from_datetime_parsing": "a date",
    "datetime_type": "a time",
    "datetime_parsing": "a time",
    "datetime_from_date_parsing": "a time",
    "timezone_aware": "a time with its zone",
}
"""The type of an error -> what should have been there."""

_LIMITS = {
    "greater_than_equal": "be at least {ge}",
    "greater_than": "be more than {gt}",
    "less_than_equal": "be at most {le}",
    "less_than": "be less than {lt}",
    "too_short": "have at least {min_length} entries",
    "too_long": "have at most {max_length} entries",
    "string_too_short": "have at least {min_length} characters",
    "string_too_long": "have at most {max_length} characters",
    "literal_error": "be {expected}",
    "enum": "be {expected}",
    "missing": "not be missing",
    "missing_argument": "not be missing",
    "extra_forbidden": "not be there",
    "unexpected_keyword_argument": "not be there",
}


def describe_misfit(error: Mapping[str, Any]) -> str:
    """What is wrong, to be read after the name of the value, from one of pydantic's `errors()`."""
    kind = error["type"]
    context = {name: _plain(one) for name, one in error.get("ctx", {}).items()}
    if kind in EXPECTED:
        return f"must be {EXPECTED[kind]}"
    if kind in {"value_error", "assertion_error"}:
        return f"cannot be used: {context['error']}"
    try:
        return f"must {_LIMITS[kind].format_map(context)}"
    except KeyError:
        return "has a value that cannot be used"


def _plain(limit: object) -> object:
    """1 rather than 1.0, which is how people write it."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit
