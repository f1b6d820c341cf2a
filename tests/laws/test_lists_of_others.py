"""A list of another organization is never taken for this one's, whatever both have in common; one's own is.

Who is in which list is judged here by counting names. Taking `_judge_origin` out makes the first two laws fail.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reconciler.features.rosters.observe import Sighting, look
from reconciler.manifests.source import SourceFile
from reconciler.model import Observation, State
from tests.laws.test_parts import NAMES, desired, page
from tests.tiers import scaled

Names = frozenset[str]

some_people = st.frozensets(st.sampled_from(NAMES), min_size=3, max_size=8)
two_lots = st.permutations(NAMES).map(lambda names: (frozenset(names[:4]), frozenset(names[4:])))


def text_of(names: Names, system: tuple[str, str] = ("Admin", "Member")) -> str:
    first, other = system
    text = page(tuple(sorted(names)), "", layout="tabs")
    return text.replace("\tAdmin\t", f"\t{first}\t").replace("\tMember\t", f"\t{other}\t")


def hand_in(
    text: str, *, known: Names = frozenset(), elsewhere: Names = frozenset(), vouched: bool = False
) -> Observation:
    """A whole list for `acme`, where some people were known here and others in another organization."""
    sighting = Sighting(
        organization="acme",
        files=(SourceFile(path="roster", data=text.encode()),),
        taken=datetime(2026, 11, 22, tzinfo=UTC),
        is_whole=True,
        is_vouched_for=vouched,
    )
    others = {"other": state_of(elsewhere)} if elsewhere else {}
    return look(sighting, desired=desired(), state=state_of(known), elsewhere=others)


def state_of(names: Names) -> State:
    state = State(organization="acme")
    if not names:
        return state
    earlier = replace(hand_in(text_of(names)).rosters[0], taken=datetime(2026, 11, 1, tzinfo=UTC))
    return replace(state, rosters={"member": earlier})


def likeness(some: Names, others: Names) -> float:
    return len(some & others) / len(some | others)


def nearly(names: Names, *, joins: str, leaves: bool) -> Names:
    """The same organization a week later."""
    return (names - ({min(names)} if leaves else set())) | {joins}


@settings(max_examples=scaled(200), deadline=None)
@given(here=some_people, there=some_people, joins=st.sampled_from(NAMES), leaves=st.booleans())
def test_what_is_more_like_another_organization_is_not_taken(
    here: Names, there: Names, joins: str, leaves: bool
) -> None:
    assert not hand_in(text_of(there), known=here, elsewhere=there).is_usable, "the very same file"
    newer = nearly(there, joins=joins, leaves=leaves)
    assume(likeness(newer, here) < 1 / 2 < likeness(newer, there))
    assert not hand_in(text_of(newer), known=here, elsewhere=there).is_usable
    assert hand_in(text_of(newer), known=here, elsewhere=there, vouched=True).is_usable, "somebody's word is enough"


@settings(max_examples=scaled(100), deadline=None)
@given(lots=two_lots)
def test_a_list_of_nobody_who_was_known_is_not_taken(lots: tuple[Names, Names]) -> None:
    here, there = lots
    assert not hand_in(text_of(there), known=here).is_usable
    foreign = text_of(here | there, ("Administrator", "Analyst"))
    assert not hand_in(foreign, known=here).is_usable, "its roles are another system's"


@settings(max_examples=scaled(100), deadline=None)
@given(here=some_people, there=some_people, joins=st.sampled_from(NAMES), leaves=st.booleans())
def test_an_organizations_own_list_is_taken(here: Names, there: Names, joins: str, leaves: bool) -> None:
    """Else nothing above would mean anything."""
    newer = nearly(here, joins=joins, leaves=leaves)
    assume(newer != there and likeness(newer, here) >= 1 / 2)
    assert hand_in(text_of(newer), known=here, elsewhere=there).is_usable
