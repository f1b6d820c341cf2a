"""A drift report in one line."""

from __future__ import annotations

from collections import Counter

from reconciler.model.drift import DriftReport, DriftStatus
from reconciler.model.live import ask_about_states, summarize_unread
from reconciler.output.words import count


def summary_of_drift(report: DriftReport) -> str:
    """`Drift: 1 new, 2 known, 1 accepted.`, or that there is none."""
    first = f"{summarize_unread(report.unread)} " if report.unread else ""
    doubts = sum(len(part.doubts) for part in report.organizations)
    unseen = f" {count(doubts, 'thing', 'things')} cannot be told apart." if doubts else ""
    resolved = sum(len(part.resolved) for part in report.organizations)
    standings = Counter(item.standing for item in report.items)
    counted = [f"{standings[standing]:,} {standing}" for standing in DriftStatus if standings[standing]]
    counted += [f"{resolved:,} resolved"] if resolved else []
    question = ask_about_states(report.first_runs)
    if counted:
        told = f"Drift: {', '.join(counted)}."
    elif first or unseen:
        told = "No drift in what could be seen."
    else:
        told = "No drift that could be told." if question else "No drift. Everything is as recorded."
    return " ".join(filter(None, (f"{first}{told}{unseen}", question)))
