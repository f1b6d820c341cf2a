"""What a plan should warn about although no change is wrong: dates that lock out, consents nobody needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from reconciler.core.change import Change
from reconciler.core.declared import Desired, Mode
from reconciler.core.finding import Finding, Severity
from reconciler.core.plan import OrganizationPlan
from reconciler.core.planning.access import is_administrator
from reconciler.core.planning.diff import diff
from reconciler.core.planning.situation import Situation
from reconciler.core.state import State


def foresee(
    looked_at: Sequence[Situation],
    organizations: Sequence[OrganizationPlan],
    desired: Desired,
    *,
    recorded: Mapping[str, State],
) -> list[Finding]:
    """All findings of a plan, in no particular order."""
    findings = [finding for situation in looked_at for finding in _about(situation)]
    findings += _unused_consents(looked_at, organizations, desired)
    findings += _dropped(desired, recorded)
    return findings


def _about(situation: Situation) -> Iterator[Finding]:
    yield from _lockout_ahead(situation)
    if situation.organization.mode is Mode.OBSERVE:
        yield from _observed(situation)


def _lockout_ahead(situation: Situation) -> Iterator[Finding]:
    """The day on which the last declared admin's time ends, if it is near."""
    system = situation.organization.system
    admins = [
        item for address, item in situation.wanted.items() if is_administrator(system, address.kind, item.attributes)
    ]
    ends = [item.expires for item in admins if item.expires]
    if not admins or len(ends) < len(admins):
        return
    last = max(ends)
    if last <= situation.today + timedelta(days=situation.settings.lockout_notice_days):
        yield Finding(
            id="lockout-ahead",
            severity=Severity.WARNING,
            message=f"on {last} {situation.organization.key} has no admin left",
            place=situation.organization.place,
            advice="declare an admin without an end date",
            address=f"{situation.organization.key}/organization/{situation.organization.key}",
        )


def _observed(situation: Situation) -> Iterator[Finding]:
    """In observe mode nothing is planned, so what differs is said here."""
    readable = {
        a: d for a, d in situation.wanted.items() if a in situation.live.resources or situation.live.find(a) is None
    }
    live = {a: r for a, r in situation.live.resources.items() if a in situation.wanted}
    for difference in diff(desired=readable, live=live):
        is_there = "is different on the system" if difference.live else "is not there"
        yield Finding(
            id="observed-difference",
            severity=Severity.WARNING,
            message=f"{difference.address} is declared and {is_there}; the organization is only observed",
            place=situation.place_of(difference.address),
            address=str(difference.address),
        )


def _unused_consents(
    looked_at: Sequence[Situation], organizations: Sequence[OrganizationPlan], desired: Desired
) -> Iterator[Finding]:
    """Consents that let nothing through today: outdated ones, and ones whose change is done or was never blocked."""
    today = {situation.organization.key: situation.today for situation in looked_at}
    used = {(c.address, c.action) for c in _changes(organizations) if c.consent}
    for consent in desired.consents:
        day = today.get(consent.address.organization)
        if consent.place is None or day is None or (consent.address, consent.allow) in used:
            continue
        outdated = consent.until is not None and consent.until < day
        yield Finding(
            id="outdated-consent" if outdated else "unused-consent",
            severity=Severity.WARNING,
            message=f"the consent to {consent.allow} {consent.address} "
            + (f"ended on {consent.until}" if outdated else "lets nothing through"),
            place=consent.place,
            advice="remove it",
            address=str(consent.address),
        )


def _changes(organizations: Iterable[OrganizationPlan]) -> Iterator[Change]:
    for organization in organizations:
        yield from organization.changes


def _dropped(desired: Desired, recorded: Mapping[str, State]) -> Iterator[Finding]:
    """Organizations that were managed and that no manifest names any more; they are left alone."""
    for key in sorted(recorded.keys() - desired.organizations.keys()):
        if recorded[key].records:
            yield Finding(
                id="organization-dropped",
                severity=Severity.WARNING,
                message=f"{key} has a state but is not declared any more; its members keep their access",
                advice=f"declare it again, or run `reconciler state rm {key}` to stop managing it",
            )
