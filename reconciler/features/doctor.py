"""What was found out about an installation, as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from reconciler.model import count, dataclass
from reconciler.output.document import Document, Legend, Paragraph, Row, Sign, Table, Tone, plain
from reconciler.output.json import Output


class Health(StrEnum):
    """What came of a check."""

    FINE = "fine"
    WARNING = "warning"
    ERROR = "error"
    """Nothing can be planned or applied like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """One thing that was tried."""

    name: str
    health: Health = Health.FINE
    found: str
    details: tuple[str, ...] = ()
    advice: str = ""
    """What to do; empty where there is nothing to do."""


DOCTOR = Output(
    name="doctor", title="What was found out about an installation", value=Sequence[HealthCheck], under="checks"
)

_SIGN_OF = {
    Health.FINE: Sign("+", Tone.ADD, "fine"),
    Health.WARNING: Sign("?", Tone.WARN, "warning"),
    Health.ERROR: Sign("!", Tone.ALARM, "error"),
}


def document_of_doctor(checks: Sequence[HealthCheck]) -> Document:
    """A row for each check, and below it what to do; last how much is wrong."""
    rows = tuple(
        Row(
            sign=_SIGN_OF[one.health],
            cells=(plain(one.name), plain(one.found)),
            details=(*map(plain, one.details), *([f"advice: {one.advice}"] if one.advice else [])),
        )
        for one in checks
    )
    found = Counter(one.health for one in checks)
    wrong = [count(found[one], one.value, f"{one}s") for one in (Health.ERROR, Health.WARNING) if found[one]]
    verdict = Paragraph(text=f"{', '.join(wrong)}." if wrong else "Everything is fine.")
    return Document(
        title="What works here",
        is_title_needless=True,
        blocks=(Legend(signs=tuple(_SIGN_OF.values())), Table(header=("check", "found"), rows=rows), verdict),
    )
