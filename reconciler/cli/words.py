"""What people type, as text that can be stored: a shell passes on any bytes."""

from __future__ import annotations

import click


def spell_out(typed: str) -> str:
    """The same text, with hexadecimal numbers in place of bytes that are no character."""
    return typed.encode("utf-8", "backslashreplace").decode()


class WordsType(click.ParamType[str]):
    """A sentence, a name, a link."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Never fails."""
        del param, ctx
        return spell_out(value)
