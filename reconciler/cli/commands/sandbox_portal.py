"""`reconciler sandbox portal`: admins of the embedded platform at the site that has what no call has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Unpack

import click

from reconciler.cli.options import Limits, planning_options
from reconciler.cli.requests import Prepared, make_plan, prepare
from reconciler.cli.session import Session
from reconciler.core.change import Change, Waiting
from reconciler.core.errors import ExitCode
from reconciler.core.outcome import Applied, Outcome
from reconciler.core.plan import Plan
from reconciler.core.work_order import WorkOrder
from reconciler.providers.business_api.abilities import takes_a_person
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.workflows.scopes import Scopes
from reconciler.workflows.states import load_state


@click.command()
@planning_options
@click.pass_obj
def portal(session: Session, **limits: Unpack[Limits]) -> int:
    """As the admins, do by hand what the plan needs and no call does.

    Only where the platform is reached through its API. Exits with 1 when the platform refuses something.
    """
    prepared = prepare(session, limits)
    is_done = True
    for change, outcome in _work(prepared, make_plan(prepared, session)):
        what = f"{change.actor} by hand: {change.action.value.replace('_', ' ')} {change.address}"
        if isinstance(outcome, Applied):
            session.notify(what)
        else:
            is_done = False
            session.notify(f"{what}: the platform refuses: {getattr(outcome, 'reason', outcome)}", level="warning")
    return ExitCode.DONE if is_done else ExitCode.FAILED


def _work(prepared: Prepared, made: Plan) -> Iterator[tuple[Change, Outcome]]:
    """One change after the other, the way the platform itself carries it out."""
    wiring, desired = prepared.wiring, prepared.request.desired
    scopes, store = Scopes(desired), wiring.store()
    for part in made.organizations:
        settings = wiring.settings_for(desired.organizations[part.organization])
        if settings.kind != "business_api" or settings.options.get("via") != "sandbox":
            continue
        hands = SandboxProvider(wiring.world())
        state = load_state(store, part.organization).state
        scope = scopes.scope_of(part.organization, state)
        orders = state.orders
        waiting = [one for one in part.waiting if one.work_order in orders]
        asked = [_change_of(one, orders[one.work_order]) for one in waiting]
        for change in [*filter(takes_a_person, part.changes), *asked]:
            yield change, hands.apply(scope, change)


def _change_of(waiting: Waiting, order: WorkOrder) -> Change:
    """What somebody was asked to do, as if it were still to be planned."""
    return Change(
        address=waiting.address,
        action=waiting.action,
        before=waiting.before,
        after=waiting.after,
        fingerprint=order.fingerprint,
        why=order.reason,
        actor=order.actor,
    )
