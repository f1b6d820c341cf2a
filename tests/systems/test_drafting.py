"""Work orders from changes: every change that a plan can hold has one, addressed to whoever can do it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Attributes,
    Change,
    Organization,
    Place,
    Resource,
    Roster,
    Scope,
    Shape,
    Status,
    System,
    Waiting,
    WorkOrder,
    fingerprint_of,
)
from reconciler.systems.catalogue import SYSTEMS, Operation, get_system, list_operations, strip_marks
from reconciler.systems.drafting import describe_wait, draft_orders, fill_placeholders
from tests.pages import PLACEHOLDERS, render_steps

OPERATIONS = list_operations()
PLACE = Place(file="access/acme.yaml", line=7, column=3)
VARIANTS = [system for variants in SYSTEMS.values() for system in variants.values()]
MEMBER_STEPS = {
    Action.INVITE: (None, Status.INVITED),
    Action.REINVITE: (Status.INVITED, Status.INVITED),
    Action.CANCEL_INVITATION: (Status.INVITED, None),
    Action.CHANGE_ROLE: (Status.ACTIVE, Status.ACTIVE),
    Action.REMOVE: (Status.ACTIVE, None),
}
"""What a plan does to memberships: status before and after."""


def scope(system: System, *, rosters: Mapping[str, Roster] | None = None) -> Scope:
    organization = Organization(key="acme", system=system, identity="@acme", name="Acme Inc.", place=PLACE)
    return Scope(
        organization=organization,
        people={"eve": ("eve@acme.example",), "ana": ("ana@acme.example",)},
        keys={"eve@acme.example": "eve", "ana@acme.example": "ana", "@brand": "dee"},
        names={"eve": "Eve Adams"},
        assets={("ad_account", "us"): "7100", ("tiktok_account", "brand"): "@brand", ("app", "login"): "awx1"},
        rosters=rosters or {},
    )


def key_of(kind: str) -> str:
    """A key with as many parts as the kind needs, people being eve."""
    keys = {"member": "eve", "ad_account": "us", "tiktok_account": "brand", "app": "login", "organization": "acme"}
    return "/".join(keys.get(part, "thing") for part in KINDS[kind].parents or (kind,))


def values_of(system: System, kind: str, *, strongest: bool = False) -> Attributes:
    """Some attributes of this kind."""
    roles, permissions = system.roles.get(kind, ()), system.permissions.get(kind, ())
    ordinary = [role for role in roles if not role.handed_over]
    if ordinary:
        return {"role": ordinary[0 if strongest else -1].name}
    return {"permissions": (permissions[-1].name,)} if permissions else {}


def change_of(
    system: System,
    kind: str,
    action: Action,
    *,
    before: Status | None = None,
    after: Status | None = None,
    actor: str = "ana",
    **wanted: str,
) -> Change:
    address = Address("acme", kind, key_of(kind))
    sides = [
        None if status is None else Resource(address=address, attributes=attributes, status=status)
        for status, attributes in (
            (before, values_of(system, kind, strongest=True)),
            (after, {**values_of(system, kind), **wanted}),
        )
    ]
    return Change(
        address=address,
        action=action,
        before=sides[0],
        after=sides[1],
        fingerprint=fingerprint_of(sides[0]),
        why="declared",
        place=PLACE,
        actor=actor,
    )


def possible_changes() -> list[tuple[System, Change]]:
    """Everything that a plan can ask a person to do, over all systems, variants, kinds and actions."""
    found = []
    for system in VARIANTS:
        for kind in map(KINDS.__getitem__, system.kinds):
            statuses = {kind.create: (None, Status.ACTIVE), kind.delete: (Status.ACTIVE, None)}
            if kind.change and (
                kind.name in system.roles or kind.name in system.permissions or kind.name in {"app", "asset_group"}
            ):
                statuses[kind.change] = (Status.ACTIVE, Status.ACTIVE)
            if kind.shape is Shape.MEMBERSHIP:
                statuses = dict(MEMBER_STEPS)
                if not system.demotes_admins:
                    statuses[Action.REMOVE_AND_INVITE] = (Status.ACTIVE, Status.INVITED)
                    statuses[Action.GIVE_UP_ADMIN] = (Status.ACTIVE, Status.ACTIVE)
            found += [
                (system, change_of(system, kind.name, action, before=before, after=after))
                for action, (before, after) in statuses.items()
                if action not in system.cannot
                and action is not Action.FORGET
                and (action is not Action.CREATE_ORGANIZATION or system.variant != "research")
            ]
    return found


POSSIBLE = possible_changes()
IDS = [f"{system.name} {system.variant} {change.address.kind} {change.action}" for system, change in POSSIBLE]


@pytest.mark.parametrize(("system", "change"), POSSIBLE, ids=IDS)
def test_every_change_that_a_plan_can_hold_has_orders_without_gaps(system: System, change: Change) -> None:
    orders = draft_orders(change, scope(system))
    assert orders
    assert [order.party for order in orders] == list(range(1, len(orders) + 1))
    for order in orders:
        assert order.parties == len(orders)
        assert (order.address, order.action, order.system) == (change.address, change.action, system.name)
        assert order.title
        assert order.steps
        assert order.done_when
        assert order.actor_role
        assert not any("{" in text or "``" in text or "  " in text or "''" in text for text in texts(order))


@pytest.mark.parametrize(("system", "change"), POSSIBLE, ids=IDS)
def test_the_first_part_is_for_somebody_who_can_act(system: System, change: Change) -> None:
    first = draft_orders(change, scope(system))[0]
    expected = {Action.GIVE_UP_ADMIN: "eve"}.get(change.action, "ana")
    uncreatable = change.action is Action.CREATE_ORGANIZATION and system.name.endswith("_account")
    missing_app = change.action is Action.TRANSFER_APP and change.before is None
    assert first.actor == ("" if uncreatable or missing_app else expected)


def test_a_research_organization_is_created_by_nobody() -> None:
    system = get_system("developers", "research")
    change = change_of(system, "organization", Action.CREATE_ORGANIZATION, after=Status.ACTIVE)
    assert draft_orders(change, scope(system)) == ()


def texts(order: WorkOrder) -> tuple[str, ...]:
    return (
        order.title,
        *order.preconditions,
        *order.steps,
        order.done_when,
        order.undo,
        order.irreversible,
        order.note,
    )


def test_every_action_of_a_plan_is_among_the_possible_changes() -> None:
    drafted = {change.action for _, change in POSSIBLE}
    assert set(Action) - drafted == {Action.FORGET}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.key)
def test_an_operation_uses_blanks_that_exist_and_names_its_source(operation: Operation) -> None:
    text = repr(operation)
    assert set(re.findall(r"\{(\w+)\}", text)) <= set(PLACEHOLDERS)
    assert operation.source
    assert re.fullmatch(r"20\d\d(-\d\d){0,2}", operation.date)
    assert operation.certainty in {"certain", "operator", "inferred", "weak"}


def test_every_blank_has_a_value_or_says_that_there_is_none() -> None:
    system, change = POSSIBLE[0]
    assert set(fill_placeholders(change, scope(system))) == set(PLACEHOLDERS)


def test_what_takes_something_back_exists_and_is_said_in_words() -> None:
    parties = [party for operation in OPERATIONS.values() for party in operation.parties]
    assert {party.undone_by for party in parties if party.undone_by} <= set(OPERATIONS)
    assert not [party.title for party in parties if party.undone_by and not party.undo]


def test_whoever_gives_up_admin_rights_is_asked_themselves() -> None:
    system = get_system("developers")
    step = change_of(system, "member", Action.GIVE_UP_ADMIN, before=Status.ACTIVE, after=Status.ACTIVE)
    waiting = Waiting(address=step.address, action=step.action, on="eve", why="w", before=step.before, after=step.after)
    (order,) = draft_orders(waiting, scope(system))
    assert (order.actor, order.operation) == ("eve", "developers.give_up_admin")


@pytest.mark.parametrize("name", ["developers", "business_center"])
def test_whoever_acts_on_their_own_membership_leaves(name: str) -> None:
    system = get_system(name)
    change = change_of(system, "member", Action.REMOVE, before=Status.ACTIVE, actor="eve")
    (order,) = draft_orders(change, scope(system))
    assert (order.actor, order.operation) == ("eve", f"{name}.leave")


def test_an_identifier_that_is_a_phone_number_is_typed_as_one() -> None:
    system = get_system("organization_account")
    change = change_of(system, "member", Action.INVITE, after=Status.INVITED)
    assert change.after is not None
    by_phone = replace(change, after=replace(change.after, identity="+34600111222"))
    assert draft_orders(by_phone, scope(system))[0].operation == "organization_account.invite_by_phone"
    assert draft_orders(change, scope(system))[0].operation == "organization_account.invite_by_email"


def test_the_invitees_part_lasts_as_long_as_the_invitation() -> None:
    for system in VARIANTS:
        change = change_of(system, "member", Action.INVITE, after=Status.INVITED)
        sent, accept = draft_orders(change, scope(system))
        hours = system.invitation_hours
        assert accept.lasts == (timedelta(hours=hours) if hours else None)
        assert sent.lasts is None


def test_several_people_are_several_orders() -> None:
    system = get_system("developers")
    changes = [
        replace(
            change_of(system, "member", Action.INVITE, after=Status.INVITED), address=Address("acme", "member", key)
        )
        for key in ("eve", "finn@acme.example", "gil@acme.example")
    ]
    titles = [draft_orders(change, scope(system))[0].title for change in changes]
    assert [strip_marks(title) for title in titles] == [
        "Invite Eve Adams (eve@acme.example) to Acme Inc. as 'Member'",
        "Invite finn@acme.example to Acme Inc. as 'Member'",
        "Invite gil@acme.example to Acme Inc. as 'Member'",
    ]


def roster(*members: tuple[str, str, Status]) -> Roster:
    resources = tuple(
        Resource(address=Address("acme", "member", key), attributes={"role": role}, status=status)
        for key, role, status in members
    )
    return Roster(kind="member", taken=datetime(2026, 11, 22, tzinfo=UTC), resources=resources)


def test_an_app_is_accepted_by_an_admin_whom_the_roster_shows_as_active() -> None:
    system = get_system("developers")
    change = change_of(system, "app", Action.TRANSFER_APP, before=Status.ACTIVE, after=Status.AWAITING_ACCEPTANCE)
    assert change.before is not None
    owned = replace(change, before=replace(change.before, attributes={"owner": "person:eve"}))
    members = roster(("abe", "member", Status.ACTIVE), ("bea", "admin", Status.INVITED), ("cy", "admin", Status.ACTIVE))
    initiate, accept = draft_orders(owned, scope(system, rosters={"member": members}))
    assert (initiate.actor, accept.actor) == ("eve", "cy")
    assert "Eve Adams" in strip_marks(accept.steps[1])


def test_an_app_is_registered_by_somebody_who_has_accepted() -> None:
    system = get_system("developers")
    step = change_of(system, "app", Action.TRANSFER_APP, after=Status.AWAITING_ACCEPTANCE)
    waiting = Waiting(address=step.address, action=step.action, on="x", why="no app was found", after=step.after)
    members = roster(("abe", "member", Status.INVITED), ("bea", "member", Status.ACTIVE))
    (order,) = draft_orders(waiting, scope(system, rosters={"member": members}))
    assert (order.operation, order.actor) == ("developers.register_app", "bea")


def test_the_owner_of_an_account_is_found_by_its_handle() -> None:
    system = get_system("business_center")
    change = change_of(system, "tiktok_account", Action.LINK, after=Status.REQUESTED)
    _, owner = draft_orders(change, scope(system))
    assert (owner.actor, owner.actor_role) == ("dee", "the owner of @brand")


def test_a_lower_share_is_taken_away_and_given_again() -> None:
    system = get_system("business_center")
    change = change_of(system, "partner_share", Action.CHANGE_SHARE, before=Status.ACTIVE, after=Status.ACTIVE)
    assert draft_orders(change, scope(system))[0].operation == "business_center.lower_partner_permission"
    raised = replace(change, before=change.after, after=change.before)
    assert draft_orders(raised, scope(system))[0].operation == "business_center.raise_partner_permission"


def test_a_finance_role_is_a_step_only_where_there_is_one() -> None:
    system = get_system("business_center")
    plain = change_of(system, "member", Action.INVITE, after=Status.INVITED)
    money = change_of(system, "member", Action.INVITE, after=Status.INVITED, finance="manager")
    steps = {False: draft_orders(plain, scope(system))[0].steps, True: draft_orders(money, scope(system))[0].steps}
    assert not [step for step in steps[False] if "Advanced" in step]
    assert [step for step in steps[True] if "Advanced" in step] == [
        "Under 'Advanced Permissions' choose 'Finance Manager'"
    ]


def test_what_waits_for_time_or_for_another_step_asks_nobody() -> None:
    system = get_system("business_center")
    for kind, action in (("member", Action.INVITE), ("ad_account_access", Action.GRANT)):
        step = change_of(system, kind, action, after=Status.ACTIVE)
        waiting = Waiting(address=step.address, action=action, on="time", why="later", after=step.after)
        assert draft_orders(waiting, scope(system)) == ()


def test_an_invitation_that_waits_for_its_answer_is_the_invitees() -> None:
    for system in VARIANTS:
        step = change_of(system, "member", Action.INVITE, before=Status.INVITED, after=Status.INVITED)
        waiting = Waiting(address=step.address, action=step.action, on="eve", why="w", before=step.before)
        (order,) = draft_orders(waiting, scope(system))
        assert order.actor == "eve"


def test_a_wait_says_who_and_what_in_one_line() -> None:
    system = get_system("developers")
    orders = draft_orders(change_of(system, "member", Action.REMOVE, before=Status.ACTIVE), scope(system))
    waits = describe_wait(orders)
    assert (waits.on, waits.why) == ("ana", 'Remove Eve Adams ("eve@acme.example") from "Acme Inc."')
    assert waits.orders == orders


def test_the_page_has_a_section_for_every_operation() -> None:
    assert re.findall(r"^### `(.+)`$", render_steps(), re.MULTILINE) == list(OPERATIONS)
