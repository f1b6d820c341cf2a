"""Reading a workspace into a request for the planner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from reconciler.cli.link_codes import clear_codes
from reconciler.cli.options import Limits
from reconciler.cli.session import Session
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import read_config, read_workspace
from reconciler.core.finding import Finding
from reconciler.core.planning.targets import Targets

if TYPE_CHECKING:
    from reconciler.cli.strays import Stray
    from reconciler.core.address import Address
    from reconciler.core.forecast import Forecast
    from reconciler.core.plan import Plan
    from reconciler.ports import StateStore
    from reconciler.workflows.planning import PlanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A workspace ready to be planned."""

    wiring: Wiring
    request: PlanRequest


def prepare(session: Session, limits: Limits, *, today: date | None = None) -> Prepared:
    """Read the workspace as of a day, by default today by the workspace's clock; raises ManifestError."""
    from reconciler.workflows.planning import PlanRequest

    config = read_config(session.root)
    wiring = Wiring(root=session.root, config=config)
    moment = None if today else wiring.clock().now()
    today = today or wiring.clock().now().date()
    workspace = read_workspace(session.root, config, today=today)
    desired = workspace.desired
    request = PlanRequest(
        desired=replace(desired, consents=(*desired.consents, *limits["consents"])),
        settings=config.guards,
        today=today,
        moment=moment,
        targets=Targets(include=limits["targets"], exclude=limits["excludes"]),
        refresh=limits["refresh"],
        retry=limits["retry"],
        shard=limits["shard"],
    )
    clear_codes(session.home, now=wiring.clock().now())
    _mention((*workspace.findings, *workspace.policies.findings), session)
    return Prepared(wiring=wiring, request=request)


def make_plan(prepared: Prepared, session: Session) -> Plan:
    """Plan with the parts that the workspace is wired to."""
    from reconciler.cli.strays import find_strays, refuse_strays
    from reconciler.workflows import planning

    wiring = prepared.wiring
    store = wiring.store()
    given = [str(one.address) for one in prepared.request.desired.consents if one.place is None]
    strays = list(find_strays(prepared.request, store, given))
    refuse_strays(strays)
    made = planning.make_plan(prepared.request, provider_for=wiring.provider_for, store=store, on_notice=session.notify)
    if any(part.left_out for part in made.organizations):
        _mention_strays(strays, session)
    else:
        refuse_strays(strays, live=_addresses_in(made))
    return made


def refuse_or_mention_strays(prepared: Prepared, store: StateStore, session: Session) -> None:
    """Of limits that match nothing: refuse what cannot be live either, and warn of the rest."""
    from reconciler.cli.strays import find_strays, refuse_strays

    strays = list(find_strays(prepared.request, store))
    refuse_strays(strays)
    _mention_strays(strays, session)


def _mention_strays(strays: Iterable[Stray], session: Session) -> None:
    for stray in strays:
        session.notify(stray.message, level="warning", advice=stray.advice)


def _addresses_in(plan: Plan) -> set[Address]:
    """Everything that a plan speaks of."""
    parts = plan.organizations
    return {
        *(change.address for change in plan.changes),
        *(waiting.address for waiting in plan.waiting),
        *(blocked.change.address for blocked in plan.blocked),
        *(drift.address for part in parts for drift in part.drift),
    }


def estimate_run(prepared: Prepared) -> Forecast:
    """What planning and applying take, as far as that can be told without asking any system."""
    from reconciler.workflows import estimating

    wiring = prepared.wiring
    return estimating.estimate_run(prepared.request, provider_for=wiring.provider_for, store=wiring.store())


def _mention(findings: tuple[Finding, ...], session: Session) -> None:
    """Warnings do not stop a plan, but nobody should have to guess that there are some."""
    counted = Counter(finding.severity for finding in findings)
    if counted:
        said = ", ".join(f"{number} {severity}{'s' if number > 1 else ''}" for severity, number in counted.items())
        session.notify(f"{said} in the manifests: `reconciler validate` shows them")
