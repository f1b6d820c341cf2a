"""What waits for people, and answering it."""

from __future__ import annotations

from reconciler.sandbox.apps import initiate_transfer
from reconciler.sandbox.assets import request_access, request_link
from reconciler.sandbox.partners import add_partner
from reconciler.sandbox.people import answer_all, inbox, invite_by_hand, promote_by_hand, transfer
from tests.sandbox.stage import EU, NORTH, OF_DEE, Stage, new_world, refused


def _ask_everybody(stage: Stage) -> None:
    ana, bc, world = stage.person("ana"), stage["bc"], stage.world
    invite_by_hand(world, "ana", "dee", "bc", "standard")
    promote_by_hand(world, "ana", "bo", "dev")
    initiate_transfer(world, "awx-game", to=stage["dev"], actor=stage.person("bo"))
    request_link(bc, actor=ana, handle="@dee", permissions=["existing_posts"])
    request_access(bc, actor=ana, kind="ad_account", identity=OF_DEE)
    request_access(stage["north"], actor=stage.person("gus"), kind="ad_account", identity=EU)
    add_partner(bc, actor=ana, partner=NORTH)


def test_everybody_finds_what_waits_for_them() -> None:
    with new_world(partner_must_approve=True) as world:
        _ask_everybody(Stage(world))
        told = {(message.person, message.kind, message.subject) for message in inbox(world)}
        assert told == {
            ("dee", "invitation", "dee@creator.example"),
            ("dee", "link", "@dee"),
            ("dee", "access", OF_DEE),
            ("ana", "transfer", "awx-game"),
            ("bo", "transfer", "awx-game"),
            ("ana", "access", EU),
            ("gus", "partnership", NORTH),
        }
        assert {message.kind for message in inbox(world, "dee@creator.example")} == {"invitation", "link", "access"}


def test_when_everybody_agrees_nothing_waits_any_more() -> None:
    with new_world(partner_must_approve=True) as world:
        stage = Stage(world)
        _ask_everybody(stage)
        answered = answer_all(world, [], agree=True)
        assert len(answered) == 6  # two admins share the transfer
        assert inbox(world) == []
        assert not [value for key, value in stage.look("bc").items() if value.startswith(("invited", "requested"))]
        assert stage.look("dev")["app/awx-game"] == "organization:Acme Inc."


def test_when_everybody_declines_nothing_waits_and_nothing_is_given() -> None:
    with new_world(partner_must_approve=True) as world:
        stage = Stage(world)
        before = set(stage.look("bc"))
        _ask_everybody(stage)
        answer_all(world, [], agree=False)
        assert inbox(world) == []
        gained = {key: value for key, value in stage.look("bc").items() if key not in before}
        assert {value.split(" ")[0] for value in gained.values()} == {"declined"}


def test_one_person_answers_only_for_themselves(stage: Stage) -> None:
    _ask_everybody(stage)
    answer_all(stage.world, ["dee"], agree=True)
    assert {message.person for message in inbox(stage.world)} == {"ana", "bo"}
    with refused("unknown"):
        answer_all(stage.world, ["nobody"], agree=True)


def test_a_refused_answer_does_not_undo_the_others(stage: Stage) -> None:
    invite_by_hand(stage.world, "ana", "+34600333444", "brand", "operator")
    invite_by_hand(stage.world, "ana", "dee@creator.example", "brand", "operator")
    answered = answer_all(stage.world, ["dee"], agree=True)
    assert len(answered) == 1
    assert sorted(stage.members("brand").values()) == ["admin", "invited operator", "operator", "operator"]


def test_a_transfer_that_nobody_offered_cannot_be_answered(stage: Stage) -> None:
    with refused("unknown"):
        transfer(stage.world, "awx-game", "ana", "accept")
