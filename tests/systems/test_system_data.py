"""Rules that the data of every system keep, so that planner and renderers need no special cases."""

from __future__ import annotations

import re

import pytest

from reconciler.model import KINDS, Action, Shape, System
from reconciler.systems.catalogue import SYSTEMS, facts_of, get_system

ALL = [system for variants in SYSTEMS.values() for system in variants.values()]
ADMINISTERING_STEPS = {Action.CANCEL_INVITATION, Action.REINVITE, Action.REMOVE_AND_INVITE, Action.GIVE_UP_ADMIN}
"""Actions on members that no kind lists, because the planner puts them in place of the listed ones."""

every_system = pytest.mark.parametrize("system", ALL, ids=lambda system: f"{system.name}-{system.variant or 'default'}")


def _actions_of(system: System) -> set[Action]:
    kinds = [KINDS[name] for name in system.kinds]
    listed = {action for kind in kinds for action in (kind.create, kind.change, kind.delete) if action}
    return listed | ADMINISTERING_STEPS


@every_system
def test_a_system_is_found_under_its_own_name_and_variant(system: System) -> None:
    assert get_system(system.name, system.variant) is system


@pytest.mark.parametrize(
    ("name", "variant"), [("developer", ""), ("developers", "legacy"), ("business_center", "owner")]
)
def test_a_system_or_variant_that_does_not_exist_is_a_key_error(name: str, variant: str) -> None:
    with pytest.raises(KeyError):
        get_system(name, variant)


@every_system
def test_kinds_are_known_and_stand_after_their_parents(system: System) -> None:
    for position, name in enumerate(system.kinds):
        assert set(KINDS[name].parents) <= set(system.kinds[:position]), name
    assert len(set(system.kinds)) == len(system.kinds)


@every_system
def test_roles_and_permissions_are_given_for_kinds_the_system_has(system: System) -> None:
    assert {kind.partition(".")[0] for kind in (*system.roles, *system.permissions)} <= set(system.kinds)
    assert not set(system.roles) & set(system.permissions)


@every_system
def test_roles_of_a_kind_stand_strongest_first_and_no_two_are_equal(system: System) -> None:
    for kind, roles in (*system.roles.items(), *system.permissions.items()):
        ranks = [role.rank for role in roles]
        assert ranks == sorted(set(ranks), reverse=True), kind


@every_system
def test_a_role_is_one_lower_case_word_and_a_suggestion_leads_to_one_role_only(system: System) -> None:
    for kind, roles in (*system.roles.items(), *system.permissions.items()):
        words = [word for role in roles for word in (role.name, *role.aliases)]
        assert len(set(words)) == len(words), kind
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", role.name) for role in roles), kind


@every_system
def test_the_strongest_members_administer_and_the_weakest_do_not(system: System) -> None:
    members = system.roles["member"]
    assert system.administers(members[0].name)
    assert not system.administers(members[-1].name)
    flags = [role.administers for role in members]
    assert flags == sorted(flags, reverse=True), "no weaker role may administer where a stronger one may not"


@every_system
def test_every_fact_says_where_and_when_it_was_published_or_read(system: System) -> None:
    facts = facts_of(system)
    assert facts
    for fact in facts:
        assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])(-\d\d)?", fact.date), fact
        assert fact.certainty in {"certain", "operator", "inferred", "weak"}, fact
        assert fact.source, fact
        assert fact.text.endswith("."), fact
    assert len({fact.text for fact in facts}) == len(facts)


@every_system
def test_what_is_certain_comes_from_the_vendor(system: System) -> None:
    vendor = ("https://developers.tiktok.com/", "https://ads.tiktok.com/", "https://seller-us.tiktok.com/")
    sdk = "https://github.com/tiktok/"
    for fact in facts_of(system):
        if fact.certainty == "certain":
            assert fact.source.startswith((*vendor, sdk)), fact


@every_system
def test_special_actions_are_ones_the_system_has_and_are_told_once(system: System) -> None:
    told = [*system.irreversible, *system.disruptive, *system.cannot]
    assert len(set(told)) == len(told)
    assert set(told) <= _actions_of(system)


@every_system
def test_reasons_are_fragments_that_fit_into_a_sentence(system: System) -> None:
    reasons = [*system.irreversible.values(), *system.disruptive.values(), *system.cannot.values(), system.creatable]
    assert not [reason for reason in reasons if reason.endswith(".")]


@every_system
def test_whatever_is_given_to_a_person_or_partner_can_be_taken_back(system: System) -> None:
    for kind in (KINDS[name] for name in system.kinds):
        if kind.shape in {Shape.GRANT, Shape.MEMBERSHIP}:
            assert kind.delete is not Action.FORGET, kind.name
            assert kind.delete not in {*system.cannot, *system.irreversible}, kind.name


@every_system
def test_an_app_that_changes_hands_for_good_needs_a_approval(system: System) -> None:
    assert ("app" in system.kinds) == (Action.TRANSFER_APP in system.irreversible)
