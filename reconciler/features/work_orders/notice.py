"""What one person has to do now, in one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from reconciler.model.work_order import WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. Who sends it, and how, is left to whoever reads this."""

    JSON_PROPERTIES: ClassVar = ("deadline",)

    person: str
    """Key; empty when it is nobody in the directory."""
    name: str = ""
    """What they are called; for somebody who is not in the directory, who that is."""
    email: str = ""
    phone: str = ""
    """Where the directory says that they can be reached; either may be empty."""
    orders: tuple[WorkOrder, ...]
    """What can be done now, the first deadline first; what has no id is asked for by a system, not by a work order."""
    subject: str = ""
    markdown: str = ""
    """The message, ready to be sent; what strangers wrote is escaped in it. Empty while nobody has written it."""

    @property
    def deadline(self) -> datetime | None:
        """When the first of it stops making sense; None when nothing does."""
        return min((order.expires for order in self.orders if order.expires is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """Everybody who has to act, people of the directory first."""

    at: datetime
    person: str = ""
    """Key of the one person whose message was asked for; empty for everybody's."""
    notices: tuple[Notice, ...] = ()
