"""How the embedded platform says no."""

from __future__ import annotations

from typing import Final

_BUSINESS_CENTER_CODES: Final = {"not-an-admin": 40001, "unknown": 40007, "not-supported": 40008}
_BUSINESS_CENTER_OTHERWISE: Final = 40002
"""No code is published for most refusals of Business Center; 40002 with a text is what its gateway is seen to use."""


class Refusal(Exception):
    """The platform did not do what it was asked to; nothing changed.

    `word` is stable (`not-an-admin`, `cap`, `last-admin`, ...), `text` is what the person sees.
    """

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.word = word
        self.text = text

    def code(self, system: str) -> str:
        """The system's own code: a number in Business Center, which has an API, and the word everywhere else."""
        if system != "business_center":
            return self.word
        return str(_BUSINESS_CENTER_CODES.get(self.word, _BUSINESS_CENTER_OTHERWISE))
