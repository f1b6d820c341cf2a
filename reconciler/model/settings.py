"""The numbers of the guards, as the workspace file gives them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """Limits that stop a dangerous change; each can be lifted for one change only, by an approval."""

    max_removal_ratio: float = 0.25
    """Share of an organization's access that one plan, and any seven days, may take away."""
    removal_ratio_from: int = 10
    """The ratio speaks only in organizations with at least this many counted things; in smaller ones a single
    removal would always exceed it, and the admin guards protect what matters."""
    min_admins: int = 2
    """Active admins an organization keeps; where it has fewer already, it keeps those."""
    required_admins: tuple[str, ...] = ()
    """Person keys that are never removed or demoted anywhere they are admin."""
    max_invitations: int | None = None
    """Invitations per organization in any seven days; None for no limit of our own."""
    pending_days: int = 30
    """After how many days without an answer an invitation is cancelled and sent again, and a work order that nobody has
    done is asked for again; whatever else waits is overdue then."""
    max_approval_days: int = 90
    """How far ahead an approval may end."""
    max_expired_invitations: int = 3
    """How often an invitation that expired unanswered is sent again, or a work order that was not done asked for again,
    before it is only reported."""
    lockout_notice_days: int = 30
    """How long ahead a plan warns that dates leave an organization without an admin."""
    max_roster_age: int = 30
    """Days after which a plan warns that what people read off a system is old."""
