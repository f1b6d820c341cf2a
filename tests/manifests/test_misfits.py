"""Why a value does not fit, whatever words the library has for it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError  # noqa: TID253  # whose errors they are

from reconciler.model import describe_misfit


def refuse(_: object) -> object:
    raise ValueError("two people have it")


@pytest.mark.parametrize(
    ("wanted", "value", "misfit"),
    [
        (Annotated[int, Field(ge=1)], 0, "must be at least 1"),
        (Annotated[float, Field(gt=0)], 0.0, "must be more than 0"),
        (Annotated[float, Field(le=1)], 25.0, "must be at most 1"),
        (Annotated[int, Field(lt=5)], 5, "must be less than 5"),
        (Annotated[str, Field(min_length=2)], "a", "must have at least 2 characters"),
        (Annotated[str, Field(max_length=2)], "abc", "must have at most 2 characters"),
        (Annotated[list[str], Field(min_length=1)], [], "must have at least 1 entries"),
        (Literal["a", "b"], "c", "must be 'a' or 'b'"),
        (int, "x", "must be a whole number"),
        (int, 1.5, "must be a whole number"),
        (str, 1, "must be text"),
        (bool, "maybe", "must be true or false"),
        (date, "soon", "must be a date"),
        (tuple[str, ...], 1, "must be a list"),
        (dict[str, str], 1, "must be a mapping"),
        (Annotated[str, AfterValidator(refuse)], "x", "cannot be used: two people have it"),
        (Annotated[str, Field(pattern="^a$")], "b", "has a value that cannot be used"),
    ],
)
def test_a_misfit_is_told_by_its_type(wanted: Any, value: object, misfit: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(wanted).validate_python(value)
    (error,) = caught.value.errors()
    assert describe_misfit({**error, "msg": "other words"}) == misfit
