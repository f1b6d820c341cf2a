"""`who`, `access` and `why` say what is so, judged by what shares nothing with them.

What is declared is judged by an expansion of the YAML by hand, line by line and day by day (`test_entitlements`), with
asset groups besides. What was on a past day is judged by the sandbox's own tables, copied at the end of each day of a
story of answers, applies, changes by hand and audits, while its clock goes on.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, event, given, settings

from reconciler.engine.holdings import Holding, PersonReport, WhyReport
from reconciler.features.queries.access import access, who
from reconciler.features.queries.directory import Sources
from reconciler.features.queries.everything import parse_ability, read_everybody, read_everything
from reconciler.features.queries.expiring import ExpirySort, find_expiring
from reconciler.features.queries.reasons import why
from reconciler.manifests.source import SourceFile
from reconciler.model import GuardSettings, PastVersion, ReconcilerError
from reconciler.sandbox import people
from reconciler.sandbox.world import Refusal, World
from reconciler.stores.local_file import LocalFileStore
from tests.laws import test_entitlements as declared
from tests.laws.neighbourhood import ADMIN, ADMINISTERS, OTHER, PEOPLE, SYSTEMS, Wishes, grants, make_world, seats
from tests.laws.test_drift import Act, Neighbourhood, things_done
from tests.tiers import scaled

# --- what is declared -----------------------------------------------------------------------------------------------

BC = declared.ORGANIZATION


@st.composite
def workspaces(draw: st.DrawFn) -> declared.Manifest:
    """Those of the law of entitlements, with an asset group through which the ad account is reached too."""
    manifest = draw(declared.manifests())
    group = {
        "ad_accounts": ["us"],
        "access": draw(declared.lines(st.sampled_from([{"role": "analyst"}, {"role": "admin"}]))),
    }
    manifest["organizations"][BC]["asset_groups"] = {"emea": group}
    return manifest


def is_sound(manifest: declared.Manifest) -> bool:
    grouped = manifest["organizations"][BC]["asset_groups"]["emea"]["access"]
    everybody = (who for key in grouped for who in declared.named_by(key, manifest))
    return declared.has_members_only(manifest) and all(declared.is_declared_member(manifest, one) for one in everybody)


def places(manifest: declared.Manifest) -> dict[str, Mapping[str, Any]]:
    """Address of access without its organization -> the lines that give it."""
    grouped = manifest["organizations"][BC]["asset_groups"]["emea"]["access"]
    return {**dict(declared.places(manifest)), "asset_group_access/emea/{}": grouped}


def given_on(manifest: declared.Manifest, person: str, day: date) -> dict[str, list[dict[str, Any]]]:
    """Address -> what each line that holds on a day gives somebody; nothing without being a member."""
    found = {at: declared.lines_on(lines, person, day, manifest) for at, lines in places(manifest).items()}
    return {at.format(person): lines for at, lines in found.items() if lines and found["member/{}"]}


THINGS = {
    BC: ("member/{}",),
    f"{BC}/ad_account/us": ("ad_account_access/us/{}", "asset_group_access/emea/{}"),
    f"{BC}/tiktok_account/profile": ("tiktok_account_access/profile/{}",),
}
"""What can be asked about -> the addresses that lead there."""


def plainly(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if attributes is None else dict(attributes)


def lines_told(holding: Holding, day: date) -> list[dict[str, Any]]:
    assert holding.declared is not None
    return sorted((dict(line.attributes) for line in holding.declared.lines if line.holds_on(day)), key=repr)


@settings(
    max_examples=scaled(60),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(manifest=workspaces().filter(is_sound), day=st.sampled_from(declared.DAYS))
def test_what_is_declared_is_what_the_lines_of_the_day_give(
    tmp_path: Path, manifest: declared.Manifest, day: date
) -> None:
    files, store = declared.as_files(manifest), LocalFileStore(tmp_path)
    reached: dict[str, dict[str, Any]] = {}
    for person in ("ana", *declared.PEOPLE):
        expected = given_on(manifest, person, day)
        report = who(person, Sources(files=files, store=store, today=day))
        told = {str(one.address).partition("/")[2]: one for part in report.organizations for one in part.holdings}
        assert {at: plainly(one.declared.attributes) for at, one in told.items() if one.declared and one.is_wanted} == {
            at: declared.together(lines) for at, lines in expected.items()
        }
        in_groups = {name for name in declared.GROUPS if person in declared.members_of(name, manifest)}
        assert set(report.groups) == in_groups
        for about, ways in THINGS.items():
            lines = {at.format(person): expected.get(at.format(person), []) for at in ways}
            answer = why(person, about, Sources(files=files, store=store, today=day))
            has = [line for given in lines.values() for line in given]
            assert plainly(answer.reach.intended) == (declared.together(has) if has else None), (person, about)
            for path in answer.paths:
                wanted = lines[str(path.holding.address).partition("/")[2]] if path.holding.is_wanted else []
                plain = [
                    {**one, **({"permissions": tuple(one["permissions"])} if "permissions" in one else {})}
                    for one in wanted
                ]
                assert not wanted or lines_told(path.holding, day) == sorted(plain, key=repr)
            assert {str(path.holding.address).partition("/")[2] for path in answer.paths} >= {
                at for at, has in lines.items() if has
            }
            if has:
                reached.setdefault(about, {})[person] = declared.together(has)
    for about in THINGS:
        matrix = access(about, Sources(files=files, store=store, today=day))
        asked = str(matrix.address) if matrix.address.kind != "organization" else BC
        told_here = {
            one.subject.key: plainly(one.intended)
            for one in matrix.reaches
            if one.intended is not None and (str(one.on) == asked or (one.on.kind == "organization" and asked == BC))
        }
        assert {key: one for key, one in told_here.items() if key != "bo"} == reached.get(about, {})


CAN: dict[str, set[tuple[str, Any]]] = {
    "admin": {("role", "admin")},
    "operator": {("role", "operator"), ("role", "admin")},
    "finance manager": {("finance", "manager")},
    "finance": {("finance", "manager"), ("finance", "analyst")},
    "live": {("permissions", "live")},
}
"""What is asked for -> what somebody has who can do it; an admin of the Business Center operates nothing by that."""


def able_on(manifest: declared.Manifest, ability: str, day: date) -> set[tuple[str, str]]:
    found = set()
    for person in declared.PEOPLE:
        expected = given_on(manifest, person, day)
        for about, ways in THINGS.items():
            for line in (one for at in ways for one in expected.get(at.format(person), [])):
                has = {
                    (name, word) for name, said in line.items() for word in ([said] if isinstance(said, str) else said)
                }
                if has & CAN[ability] and not (ability == "operator" and about == BC):
                    found.add((person, about))
    return found


@settings(
    max_examples=scaled(60),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(manifest=workspaces().filter(is_sound), day=st.sampled_from(declared.DAYS))
def test_the_lists_of_everything_hold_what_the_lines_of_the_day_give(
    tmp_path: Path, manifest: declared.Manifest, day: date
) -> None:
    files, store = declared.as_files(manifest), LocalFileStore(tmp_path)
    everybody = {one.key: one for one in read_everybody(Sources(files=files, store=store, today=day))}
    for person in ("ana", *declared.PEOPLE):
        holdings = [one for part in everybody[person].organizations for one in part.holdings if one.is_wanted]
        assert {str(one.address).partition("/")[2] for one in holdings} == given_on(manifest, person, day).keys()
    for word in CAN:
        (matrix,) = read_everything(Sources(files=files, store=store, today=day), ability=parse_ability(word))
        told = {
            (one.subject.key, BC if one.on.kind == "organization" else str(one.on))
            for one in matrix.reaches
            if one.subject.key in declared.PEOPLE and one.on.kind != "asset_group"
        }
        assert told == able_on(manifest, word, day), word


@settings(
    max_examples=scaled(60),
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(manifest=workspaces().filter(is_sound), days=st.integers(0, 6))
def test_every_line_that_ends_in_time_is_told_with_what_is_left(
    tmp_path: Path, manifest: declared.Manifest, days: int
) -> None:
    today, within, one_day = declared.TODAY, timedelta(days=days), timedelta(days=1)
    expected, ends = set(), set()
    for person in declared.PEOPLE:
        last = manifest["people"][person].get("ends", date.max)
        if today < last <= today + within:
            ends.add((last, person))
        for at, lines in places(manifest).items():
            for key, said in lines.items():
                end = said.get("expires", date.max) if isinstance(said, dict) else date.max
                is_had = end < last and declared.lines_on({key: said}, person, end - one_day, manifest)
                if is_had and today < end <= today + within:
                    left = declared.together(declared.lines_on(lines, person, end, manifest))
                    expected.add((end, f"{BC}/{at.format(person)}", bool(left)))
    found = find_expiring(
        Sources(files=declared.as_files(manifest), store=LocalFileStore(tmp_path), today=today),
        settings=GuardSettings(),
        exceptions=(),
        within=within,
    )
    lines_told = {(one.day, one.about, one.then != "nothing") for one in found if one.sort is ExpirySort.ENTITLEMENT}
    assert lines_told == expected
    assert {(one.day, one.about) for one in found if one.sort is ExpirySort.PERSON} == ends


# --- what was on past days ------------------------------------------------------------------------------------------

Truth = Mapping[str, tuple[str, str]]
"""Address -> status, and what is allowed; of everybody in the neighbourhood, as the sandbox's tables have it."""


def truth(world: World) -> Truth:
    found = {
        f"{key}/member/{person}": (status, role)
        for key in SYSTEMS
        for person, (status, role) in seats(world, key).items()
        if status in {"active", "invited"} and person in PEOPLE
    }
    for row in world.rows("SELECT identity FROM membership WHERE finance = 'manager'", {}):
        at = f"bc/member/{row['identity'].split('@')[0]}"
        if found.get(at, ("",))[0] == "active":
            found[at] = ("active", f"{found[at][1]} manager")
    kinds = {"us": "ad_account", "eu": "ad_account", "web": "pixel"}
    for (asset, person), role in grants(world).items():
        found[f"bc/{kinds[asset]}_access/{asset}/{person}"] = ("active", role)
    return found


def said(holding: Holding) -> tuple[str, str] | None:
    record = holding.recorded
    if record is None or record.status.is_gone:
        return None
    words = [record.attributes.get(name, "") for name in ("role", "finance")]
    return record.status.value, " ".join(str(word) for word in words if word)


@dataclass
class Story(Neighbourhood):
    """A neighbourhood whose days go by."""

    days: dict[date, Truth] = field(default_factory=dict)
    is_moved: bool = False

    @property
    def store(self) -> LocalFileStore:
        return (Moved if self.is_moved else LocalFileStore)(self.folder, dating=self.world.now)

    @property
    def today(self) -> date:
        return self.world.now().date()

    def files(self) -> list[SourceFile]:
        return [SourceFile("access/all.yaml", self.wishes.text.encode())]

    def about(self, person: str, day: date | None) -> PersonReport | None:
        try:
            return who(person, Sources(files=self.files(), store=self.store, today=self.today, as_of=day))
        except ReconcilerError as error:
            if "nobody is known" not in error.message:
                raise
            return None

    def reason(self, person: str, about: str, day: date | None) -> WhyReport:
        return why(person, about, Sources(files=self.files(), store=self.store, today=self.today, as_of=day))


@st.composite
def wishes_of_a_day(draw: st.DrawFn) -> tuple[str, str, str, str]:
    key = draw(st.sampled_from(sorted(SYSTEMS)))
    role = draw(st.sampled_from([ADMIN[key], *OTHER[key], ""]))
    return draw(st.sampled_from(["member", "grant", "gone", "nothing"])), key, draw(st.sampled_from(PEOPLE[2:])), role


@dataclass(frozen=True)
class Day:
    wish: tuple[str, str, str, str]
    is_answered: bool
    act: Act | None
    is_quiet: bool


days = st.builds(
    Day, wishes_of_a_day(), st.booleans(), st.none() | things_done(), st.sampled_from([False, False, True])
)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    wishes = Wishes()
    wishes.grants |= {("us", "p3"): "operator", ("us", "p4"): "analyst"}
    made = Story(world=make_world(), folder=tmp_path_factory.mktemp("begun"), wishes=wishes)
    made.settle()
    made.days[made.today] = truth(made.world)
    yield made
    made.world.close()


def live_through(story: Story, day: Day) -> None:
    """One day: wishes, answers, an apply, something by hand, an audit; on a quiet day nothing at all."""
    story.world.advance(timedelta(days=1))
    if not day.is_quiet:
        what, key, person, role = day.wish
        if what == "member":
            story.wishes.members[key].pop(person, None)
            if role:
                story.wishes.members[key][person] = role
        elif what == "grant":
            story.wishes.grants[("eu", person)] = "operator"
        elif what == "gone":
            story.wishes.gone.add(person)
        members = story.wishes.members["bc"]
        story.wishes.grants = {at: role for at, role in story.wishes.grants.items() if at[1] in members}
        if day.is_answered:
            people.answer_all(story.world, [], agree=True)
        story.apply()
        if day.act:
            try:
                day.act.do(story.world)
            except Refusal:
                event("refused")
        story.audit()
    before = story.days[story.today - timedelta(days=1)]
    # Where nobody looks, an invitation that ran out is told as it was last seen.
    still = {at: what for at, what in before.items() if day.is_quiet and what[0] == "invited"}
    story.days[story.today] = {**still, **truth(story.world)}


@pytest.mark.timeout(900 + 20 * scaled(100))
@settings(max_examples=scaled(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lived=st.lists(days, min_size=1, max_size=5))
def test_every_past_day_is_told_as_it_was(begun: Story, tmp_path: Path, lived: list[Day]) -> None:
    shutil.rmtree(tmp_path)
    shutil.copytree(begun.folder, tmp_path)
    with begun.world.copy() as world:
        wishes = Wishes(
            members={key: dict(one) for key, one in begun.wishes.members.items()}, grants=dict(begun.wishes.grants)
        )
        story = Story(world=world, folder=tmp_path, wishes=wishes, days=dict(begun.days))
        for one in lived:
            live_through(story, one)
        for day, was in story.days.items():
            for asked in {day, None if day == story.today else day}:
                compare(story, was, asked)
        compare_beginnings(story)
        compare_with_the_log_alone(story)


def compare_with_the_log_alone(story: Story) -> None:
    """Where no past state is kept any more, the audit log tells of the same days."""
    story.is_moved = True
    for day, was in story.days.items():
        if day != story.today:
            report = story.about(PEOPLE[0], day)
            assert report is not None
            assert set(report.from_log) == set(SYSTEMS)
            compare(story, was, day)


class Moved(LocalFileStore):
    """A store into which the present states were moved today, with the audit log and nothing older."""

    def history(self, organization: str) -> list[PastVersion]:
        return [replace(one, at=datetime.max.replace(tzinfo=UTC)) for one in super().history(organization)[-1:]]


def compare(story: Story, was: Truth, day: date | None) -> None:
    for person in PEOPLE:
        report = story.about(person, day)
        parts = report.organizations if report else ()
        told = {str(one.address): what for part in parts for one in part.holdings if (what := said(one))}
        assert told == {at: what for at, what in was.items() if at.endswith(f"/{person}")}, (person, day)
    for key in SYSTEMS:
        matrix = access(key, Sources(files=story.files(), store=story.store, today=story.today, as_of=day))
        active = {
            one.subject.key: one.effective["role"]
            for one in matrix.reaches
            if one.on.kind == "organization" and one.effective and one.subject.key in PEOPLE
        }
        assert active == {
            at.rpartition("/")[2]: what.split()[0]
            for at, (status, what) in was.items()
            if at.startswith(f"{key}/member/") and status == "active"
        }
    listed = read_everybody(Sources(files=story.files(), store=story.store, today=story.today, as_of=day))
    everything = [one for report in listed for part in report.organizations for one in part.holdings]
    told = {str(one.address): what for one in everything if (what := said(one))}
    assert {at: what for at, what in told.items() if at.rpartition("/")[2] in PEOPLE and "/app/" not in at} == was
    able = read_everything(
        Sources(files=story.files(), store=story.store, today=story.today, as_of=day), ability=parse_ability("admin")
    )
    cells = [(part.address.key, one) for part in able for one in part.reaches if one.on.kind == "organization"]
    # Who is to administer and does not yet, or not any more, is listed too.
    assert all({(has or {}).get("role") for has in (one.effective, one.intended)} & ADMINISTERS for _, one in cells)
    assert {
        (key, one.subject.key)
        for key, one in cells
        if (one.effective or {}).get("role") in ADMINISTERS and one.subject.key in PEOPLE
    } == {
        (at.partition("/")[0], at.rpartition("/")[2])
        for at, (status, what) in was.items()
        if "/member/" in at and status == "active" and what.split()[0] in ADMINISTERS
    }
    for person in PEOPLE[2:5]:
        if f"bc/member/{person}" not in was:
            continue
        answer = story.reason(person, "bc/ad_account/us", day)
        role = was.get(f"bc/ad_account_access/us/{person}", ("", None))[1]
        is_in = was[f"bc/member/{person}"][0] == "active"
        assert (plainly(answer.reach.effective) or {}).get("role") == (role if is_in else None)


def compare_beginnings(story: Story) -> None:
    """Since when somebody is in is the first of the days, up to today, on whose ends they were."""
    for at, (status, _) in story.days[story.today].items():
        if status != "active" or "/member/" not in at:
            continue
        key, _, person = at.split("/")
        begun = story.today
        for day in sorted(story.days, reverse=True):
            if story.days[day].get(at, ("",))[0] != "active":
                break
            begun = day
        (path,) = story.reason(person, key, None).paths
        assert path.history.began is not None, at
        was_interrupted = path.history.began.time.date() > begun and any(
            entry.time.date() == path.history.began.time.date() and (entry.action == "remove" or "gone" in entry.detail)
            for entry in path.history.entries
        )
        assert was_interrupted or path.history.began.time.date() == begun, (at, path.history)
