"""Every action has a sign and a verb, and direction follows what a change does to access."""

from __future__ import annotations

import pytest

from reconciler.features.planning.document import VERB_ORDER, VERBS, Direction, terms_of
from reconciler.model import KINDS, Action, Address, Attributes, Change, Resource, Status, name_subject
from reconciler.output.rows import ADD, ALL_SIGNS, FORGET, REMOVE, SIGNS, TRANSFER


def test_every_action_has_a_sign_and_a_verb_that_the_closing_line_counts() -> None:
    assert set(SIGNS) == set(Action)
    assert set(VERBS.values()) == set(VERB_ORDER)


def test_what_creates_and_deletes_a_kind_has_the_sign_for_it() -> None:
    for kind in KINDS.values():
        assert SIGNS[kind.create] in {ADD, TRANSFER}
        assert SIGNS[kind.delete] in {REMOVE, FORGET}


def test_no_two_signs_look_alike() -> None:
    assert len({sign.mark for sign in ALL_SIGNS}) == len(ALL_SIGNS)


def change(address: Address, action: Action, *, before: Resource | None, after: Resource | None) -> Change:
    return Change(address=address, action=action, before=before, after=after, fingerprint="", why="declared")


Sides = tuple[Attributes | None, Attributes | None]


def told(system: str, address: str, action: Action, sides: Sides) -> Direction:
    def side(attributes: Attributes | None) -> Resource | None:
        return None if attributes is None else Resource(address=Address.parse(address), attributes=attributes)

    before, after = map(side, sides)
    terms = terms_of(system, change(Address.parse(address), action, before=before, after=after))
    return terms.direction


MEMBER = "o/member/eve"


@pytest.mark.parametrize(
    ("system", "address", "action", "sides", "expected"),
    [
        ("business_center", MEMBER, Action.INVITE, (None, {"role": "admin"}), Direction.GAIN),
        ("business_center", MEMBER, Action.REMOVE, ({"role": "standard"}, None), Direction.LOSS),
        ("business_center", MEMBER, Action.GIVE_UP_ADMIN, ({"role": "admin"}, {"role": "standard"}), Direction.LOSS),
        ("developers", MEMBER, Action.CHANGE_ROLE, ({"role": "member"}, {"role": "admin"}), Direction.GAIN),
        ("developers", MEMBER, Action.CHANGE_ROLE, ({"role": "admin"}, {"role": "owner"}), Direction.GAIN),
        (
            "business_center",
            MEMBER,
            Action.CHANGE_ROLE,
            ({"role": "standard"}, {"role": "standard", "finance": "analyst"}),
            Direction.GAIN,
        ),
        (
            "business_center",
            MEMBER,
            Action.CHANGE_ROLE,
            ({"role": "admin"}, {"role": "standard", "finance": "analyst"}),
            Direction.LOSS,
        ),
        ("nowhere", MEMBER, Action.CHANGE_ROLE, ({"role": "a"}, {"role": "b"}), Direction.OTHER),
        (
            "business_center",
            "o/tiktok_account_access/acme/eve",
            Action.CHANGE_GRANT,
            ({"permissions": ("live",)}, {"permissions": ("post",)}),
            Direction.OTHER,
        ),
        (
            "business_center",
            "o/ad_account_access/us/eve",
            Action.CHANGE_GRANT,
            ({"role": "admin"}, {"role": "analyst"}),
            Direction.LOSS,
        ),
    ],
)
def test_a_change_is_told_as_gain_or_loss(
    system: str, address: str, action: Action, sides: Sides, expected: Direction
) -> None:
    assert told(system, address, action, sides) == expected


def test_an_invitation_after_a_declined_one_is_no_change_of_role() -> None:
    address = Address.parse(MEMBER)
    declined = Resource(address=address, attributes={"role": "admin"}, status=Status.DECLINED)
    wanted = Resource(address=address, attributes={"role": "standard"}, status=Status.INVITED)
    terms = terms_of("business_center", change(address, Action.INVITE, before=declined, after=wanted))
    assert terms.access == "standard"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_named(kind: str) -> None:
    address = Address("o", kind, "/".join(f"k{n}" for n in range(max(1, len(KINDS[kind].parents)))))
    assert name_subject(address).split()[-1].startswith("k")


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_with_too_few_parts_is_told_rather_than_crashed_on(kind: str) -> None:
    assert name_subject(Address("o", kind, "lonely")).endswith("lonely")
