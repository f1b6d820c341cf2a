"""How a text renderer may write: in colour or not, in brief or in full."""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.finding import Place
from reconciler.model.values import dataclass


class Tone(StrEnum):
    """What a piece of text is, as the SGR code that shows it; never the only carrier of a meaning."""

    ADD = "32"
    CHANGE = "33"
    REMOVE = "31"
    TRANSFER = "36"
    ALARM = "1;31"
    WARN = "1;33"
    STRONG = "1"
    QUIET = "2"


COMMENT_BUDGET = 65_000
"""GitHub takes 65,536 characters; the rest is for the hidden marker, and for what a workflow puts around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Choices of the reader, not of the content."""

    color: bool = False
    verbose: bool = False
    """Also list what is only counted otherwise, and say who acts in which order."""
    width: int = 0
    """Columns of the terminal that shows it; 0 where lines may be of any length, such as in a file or a pipe."""
    max_chars: int = 0
    """How long Markdown may become, in UTF-8 bytes; 0 where it may be of any length."""
    prefix: str = ""
    """Where the workspace is in its repository, such as `access/`: annotations count their paths from the top."""
    job: str = ""
    """Address of the CI job that shows this, where a reader finds the rest."""
    source: str = ""
    """Address under which a forge shows the repository's files as of the commit that is shown; empty where nobody
    knows it."""

    def link_to(self, place: Place | None) -> str:
        """Address of a line on the forge; empty where there is none."""
        if place is None or not self.source.startswith("https://"):
            return ""
        from urllib.parse import quote  # takes longer than a whole terminal page

        path = quote(f"{self.prefix}{place.file}".encode("utf-8", "surrogateescape"), safe="/")
        return f"{self.source.rstrip('/')}/{path}#L{place.line}"

    def paint(self, text: str, tone: Tone | None) -> str:
        """The text in that tone; unchanged without colour."""
        if not self.color or tone is None or not text:
            return text
        return f"\x1b[{tone.value}m{text}\x1b[0m"


PLAIN = Style()
