"""What somebody has on a day is what the lines that hold on that day give together, whoever is asked.

Examples are manifests with overlapping lines: direct ones and those of groups, groups inside of groups, each with days
and flags of its own, and people with days of theirs. The judge reads the YAML by itself and expands it day by day; it
shares no code with the package. Plan, review, who, access, onboarding and policies have to agree with it on every day,
in whatever order and in however many files the lines are written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import hypothesis.strategies as st
import yaml
from hypothesis import HealthCheck, given, settings

from reconciler.editing.index import ManifestIndex
from reconciler.engine.holdings import AccessStatus, find_reaches, index_access
from reconciler.engine.planner import Worlds, make_contexts, plan
from reconciler.features.onboarding import Joiner, describe_proposal, propose, write_proposal
from reconciler.features.review.compare import compare
from reconciler.features.review.model import Effect
from reconciler.manifests.load import Manifests, load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Address,
    Desired,
    GuardSettings,
    Live,
    Plan,
    PolicySettings,
    Record,
    Resource,
    Severity,
    State,
    person_in,
)
from reconciler.policies.judging import RuleBook, judge
from reconciler.policies.rule import PolicyInput, PolicyObjection, Rule
from tests.engine.told import describe_plan
from tests.tiers import scaled

TODAY = date(2026, 11, 28)
DAYS = [TODAY + timedelta(days=offset) for offset in range(-2, 5)]
ORGANIZATION = "acme-bc"
PEOPLE = ("eve", "finn")
GROUPS = ("editors", "launch", "leads")
STRENGTH = {"standard": 1, "analyst": 1, "operator": 2, "admin": 3}
MONEY = {"analyst": 1, "manager": 2}

Manifest = dict[str, Any]
Access = Mapping[str, Mapping[str, Any]]
"""Address without its organization -> what it gives, as records have it."""

# --- the judge: YAML to access, one day at a time -------------------------------------------------------------------


def members_of(group: str, manifest: Manifest, seen: frozenset[str] = frozenset()) -> set[str]:
    found: set[str] = set()
    for item in manifest["groups"][group]["members"]:
        inner = item.removeprefix("group:")
        if inner == item:
            found.add(item)
        elif inner not in seen:
            found |= members_of(inner, manifest, seen | {group})
    return found


def named_by(key: str, manifest: Manifest) -> set[str]:
    return members_of(key.removeprefix("group:"), manifest) if key.startswith("group:") else {key}


def has_day(terms: Mapping[str, Any], day: date, end: str) -> bool:
    return str(terms.get("starts", "")) <= str(day) and (end not in terms or str(day) < str(terms[end]))


def lines_on(lines: Mapping[str, Any], who: str, day: date, manifest: Manifest) -> list[dict[str, Any]]:
    """The long form of all lines that give a person something on a day."""
    if not has_day(manifest["people"].get(who, {}), day, "ends"):
        return []
    found = []
    for key, said in lines.items():
        terms = said if isinstance(said, dict) else {"permissions" if isinstance(said, list) else "role": said}
        if who in named_by(key, manifest) and has_day(terms, day, "expires"):
            found.append({name: terms[name] for name in ("role", "finance", "permissions") if name in terms})
    return found


def together(lines: list[dict[str, Any]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, strength in (("role", STRENGTH), ("finance", MONEY)):
        words = [str(line[name]) for line in lines if name in line]
        if words:
            given[name] = max(words, key=strength.__getitem__)
    permissions = {word for line in lines for word in line.get("permissions", ())}
    return {**given, "permissions": tuple(sorted(permissions))} if permissions else given


def places(manifest: Manifest) -> Iterator[tuple[str, Mapping[str, Any]]]:
    organization = manifest["organizations"][ORGANIZATION]
    yield "member/{}", organization["members"]
    yield "ad_account_access/us/{}", organization["ad_accounts"]["us"]["access"]
    yield "tiktok_account_access/profile/{}", organization["tiktok_accounts"]["profile"]["access"]


def access_on(manifest: Manifest, day: date) -> Access:
    """What everybody has on a day; nothing without being a member."""
    found: dict[str, dict[str, Any]] = {}
    for who in ("ana", "bo", *PEOPLE, "new"):
        for address, lines in places(manifest):
            holding = lines_on(lines, who, day, manifest)
            if holding and (address == "member/{}" or f"member/{who}" in found):
                found[address.format(who)] = together(holding)
    return found


def quarrels(manifest: Manifest) -> bool:
    """Whether two lines give somebody different things on one day, today or later."""
    return any(
        len({repr(sorted(line.items())) for line in lines_on(lines, who, day, manifest)}) > 1
        for _, lines in places(manifest)
        for who in PEOPLE
        for day in DAYS
        if day >= TODAY
    )


# --- examples -------------------------------------------------------------------------------------------------------

SPANS: list[tuple[date | None, date | None]] = [
    (one, other) for one in (None, *DAYS) for other in (None, *DAYS) if one is None or other is None or one < other
]
spans = st.sampled_from(SPANS)


@st.composite
def terms(draw: st.DrawFn, given: st.SearchStrategy[dict[str, Any]], end: str = "expires") -> dict[str, Any]:
    starts, ends = draw(spans)
    return {**draw(given), **({"starts": starts} if starts else {}), **({end: ends} if ends else {})}


def lines(given: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    keys = st.sampled_from([*PEOPLE, *(f"group:{name}" for name in GROUPS)])
    flags = st.sampled_from([{}, {"protect": True}])
    flagged = st.builds(lambda said, flag: {**said, **flag}, terms(given), flags)
    return st.dictionaries(keys, flagged, max_size=5)


MEMBERSHIPS: list[dict[str, Any]] = [
    {"role": "standard"},
    {"role": "admin"},
    {"role": "standard", "finance": "analyst"},
    {"role": "admin", "finance": "manager"},
]
memberships = lines(st.sampled_from(MEMBERSHIPS))
ad_accounts = lines(st.sampled_from([{"role": "analyst"}, {"role": "operator"}, {"role": "admin"}]))
videos = lines(
    st.sets(st.sampled_from(["post", "live", "direct_message"]), min_size=1).map(
        lambda said: {"permissions": sorted(said)}
    )
)


@st.composite
def manifests(draw: st.DrawFn, on_conflict: str = "highest") -> Manifest:
    people = {who: {"email": f"{who}@acme.example", **draw(terms(st.just({}), "ends"))} for who in PEOPLE}
    inside = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2)
    groups = {name: {"members": draw(inside)} for name in GROUPS}
    if draw(st.booleans()):
        groups["launch"]["members"].append("group:editors")
    organization = {
        "system": "business_center",
        "id": "6900000000000000001",
        "mode": "authoritative",
        "on_conflict": on_conflict,
        "members": {"ana": "admin", "bo": "admin", **draw(memberships)},
        "ad_accounts": {"us": {"id": "7100000000000000001", "access": draw(ad_accounts)}},
        "tiktok_accounts": {"profile": {"handle": "@acme", "permissions": ["existing_posts"], "access": draw(videos)}},
    }
    known = {"ana": {"email": "ana@acme.example"}, "bo": {"email": "bo@acme.example"}, **people}
    return {"people": known, "groups": groups, "organizations": {ORGANIZATION: organization}}


def is_declared_member(manifest: Manifest, who: str) -> bool:
    return any(who in named_by(key, manifest) for key in manifest["organizations"][ORGANIZATION]["members"])


def has_members_only(manifest: Manifest) -> bool:
    """Access of somebody whom no line makes a member is an error, whatever the day."""
    return all(
        is_declared_member(manifest, who)
        for address, lines in places(manifest)
        if address != "member/{}"
        for key in lines
        for who in named_by(key, manifest)
    )


class _Plain(yaml.SafeDumper):
    """Writes every value out, because manifests refuse aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT002 - as in PyYAML
        """Lists stand below their key as people write them."""
        super().increase_indent(flow, indentless=False)


def dump(content: Manifest) -> str:
    return yaml.dump(content, Dumper=_Plain, sort_keys=False)


def as_files(manifest: Manifest, order: random.Random | None = None) -> list[SourceFile]:
    """As one file, or in any order and in several."""
    if order is None:
        return [SourceFile("access.yaml", dump({"version": 1, **manifest}).encode())]
    shuffled = shuffle(manifest, order)
    files: dict[str, Manifest] = {name: {"version": 1} for name in ("a.yaml", "b.yaml", "c.yaml")}
    for section, content in shuffled.items():
        for key, value in content.items():
            files[order.choice(list(files))].setdefault(section, {})[key] = value
    return [SourceFile(name, dump(content).encode()) for name, content in files.items()]


def shuffle(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: shuffle(inner, order) for key, inner in items}
    if isinstance(value, list):
        return order.sample(value, len(value))
    return value


def load(files: list[SourceFile], today: date = TODAY) -> Desired:
    loaded = load_manifests(files, today=today)
    assert loaded.desired is not None, [str(finding) for finding in loaded.findings]
    return loaded.desired


def address_of(text: str) -> Address:
    kind, _, key = text.partition("/")
    return Address(ORGANIZATION, kind, key)


def live_of(access: Access) -> Live:
    things = {
        "organization/acme-bc": Resource(address=address_of("organization/acme-bc"), identity="6900000000000000001"),
        "ad_account/us": Resource(address=address_of("ad_account/us"), identity="7100000000000000001"),
        "tiktok_account/profile": Resource(
            address=address_of("tiktok_account/profile"),
            identity="@acme",
            attributes={"permissions": ("existing_posts",)},
        ),
    }
    for text, attributes in access.items():
        kind, _, key = text.partition("/")
        identity = f"{key}@acme.example" if kind == "member" else ""
        things[text] = Resource(address=address_of(text), attributes=dict(attributes), identity=identity)
    return Live(organization=ORGANIZATION, resources={one.address: one for one in things.values()}, acting="ana")


def recorded_of(live: Live) -> State:
    records = {
        address: Record(address=address, attributes=found.attributes, identity=found.identity)
        for address, found in live.resources.items()
    }
    return State(organization=ORGANIZATION, lineage="law", records=records)


def plan_on(desired: Desired, live: Live, day: date) -> Plan:
    worlds = Worlds(desired=desired, recorded={ORGANIZATION: recorded_of(live)}, live={ORGANIZATION: live}, today=day)
    return plan(worlds, GuardSettings(max_removal_ratio=1))


law = settings(
    max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow]
)
valid = manifests().filter(has_members_only)

# --- laws -----------------------------------------------------------------------------------------------------------


@law
@given(manifest=valid)
def test_on_every_day_the_plan_wants_what_the_lines_of_that_day_give(manifest: Manifest) -> None:
    desired = load(as_files(manifest))
    for day in DAYS:
        settled = plan_on(desired, live_of(access_on(manifest, day)), day)
        assert settled.is_settled, (day, describe_plan(settled))


@law
@given(manifest=valid, order=st.randoms(use_true_random=False), before=st.sampled_from(DAYS))
def test_the_order_of_lines_groups_and_files_means_nothing(
    manifest: Manifest, order: random.Random, before: date
) -> None:
    one, other = load(as_files(manifest)), load(as_files(manifest, order))
    live = live_of(access_on(manifest, before))
    for day in DAYS:
        assert describe_plan(plan_on(one, live, day)) == describe_plan(plan_on(other, live, day))
    assert compare(one, other, today=TODAY)["access"] == ()


def has_flag(said: object) -> bool:
    return isinstance(said, dict) and bool(said.get("protect"))


@law
@given(manifest=valid)
def test_protected_is_who_has_a_line_that_holds_and_says_so(manifest: Manifest) -> None:
    desired = load(as_files(manifest))
    live = live_of(access_on(manifest, TODAY))
    worlds = Worlds(desired=desired, recorded={}, live={ORGANIZATION: live}, today=TODAY)
    (situation,) = make_contexts(worlds, GuardSettings())
    protected = {str(address).partition("/")[2] for address, record in situation.records.items() if record.protect}
    flags = {
        address.format(who)
        for address, lines in places(manifest)
        for who in PEOPLE
        if lines_on({key: said for key, said in lines.items() if has_flag(said)}, who, TODAY, manifest)
    }
    assert protected == flags & access_on(manifest, TODAY).keys()


@law
@given(manifest=manifests("error").filter(has_members_only))
def test_two_roles_are_an_error_on_the_same_day_alone(manifest: Manifest) -> None:
    loaded: Manifests = load_manifests(as_files(manifest), today=TODAY)
    errors = {finding.id for finding in loaded.findings if finding.severity is Severity.ERROR}
    assert errors == ({"two-roles"} if quarrels(manifest) else set())


def is_somebodys(text: str) -> bool:
    return text.startswith("member/") or "_access/" in text


@law
@given(manifest=valid)
def test_who_and_access_find_everything_as_declared_once_it_is_there(manifest: Manifest) -> None:
    for day in DAYS:
        desired, expected = load(as_files(manifest), day), access_on(manifest, day)
        state = recorded_of(live_of(expected))
        ledger = index_access(ORGANIZATION, desired=desired, state=state, today=day, as_of=None)
        statuses = {str(address).partition("/")[2]: one.status for address, one in ledger.holdings.items()}
        assert {statuses[address] for address in expected} == {AccessStatus.HELD}
        assert {statuses[text] for text in statuses.keys() - expected.keys() if is_somebodys(text)} <= {
            AccessStatus.ABSENT
        }
        intended = {
            (str(reach.on.kind), reach.subject.key): dict(reach.intended)
            for reach in find_reaches(ledger)
            if reach.intended is not None and reach.subject.kind == "member" and reach.ways
        }
        kinds = {"member": "organization", "ad_account_access": "ad_account", "tiktok_account_access": "tiktok_account"}
        assert intended == {
            (kinds[address.partition("/")[0]], address.rpartition("/")[2]): dict(attributes)
            for address, attributes in expected.items()
        }


@law
@given(manifest=valid)
def test_the_review_tells_the_access_of_every_day(manifest: Manifest) -> None:
    nobody = {
        **manifest,
        "organizations": {
            ORGANIZATION: {
                **manifest["organizations"][ORGANIZATION],
                "members": {"ana": "admin", "bo": "admin"},
                "ad_accounts": {"us": {"id": "7100000000000000001"}},
                "tiktok_accounts": {"profile": {"handle": "@acme", "permissions": ["existing_posts"]}},
            }
        },
    }
    changes = compare(load(as_files(nobody)), load(as_files(manifest)), today=TODAY)["access"]
    assert {change.effect for change in changes} <= {Effect.GAIN}
    for day in DAYS:
        if day < TODAY:
            continue
        told = {
            (change.on.kind, change.subject.key): dict(span.attributes)
            for change in changes
            for span in (change.after.spans if change.after else ())
            if (span.starts is None or span.starts <= day) and (span.ends is None or day < span.ends)
        }
        kinds = {"member": "organization", "ad_account_access": "ad_account", "tiktok_account_access": "tiktok_account"}
        assert told == {
            (kinds[address.partition("/")[0]], address.rpartition("/")[2]): dict(attributes)
            for address, attributes in access_on(manifest, day).items()
            if address not in ("member/ana", "member/bo")
        }


def _object_to_everybody(world: PolicyInput, _: object) -> Iterator[PolicyObjection]:
    for _organization, declared in world.everything():
        if person_in(declared.address):
            text = repr((str(declared.address).partition("/")[2], sorted(declared.attributes.items())))
            yield PolicyObjection(address=declared.address, message=text, place=declared.place)


@law
@given(manifest=valid)
def test_policies_judge_today_and_every_day_on_which_something_begins(manifest: Manifest) -> None:
    rule = Rule(id="tell", severity=Severity.WARNING, asks="", because="", check=_object_to_everybody)
    made = judge(load(as_files(manifest)), PolicySettings(), today=TODAY, rules=RuleBook(rules={"tell": rule}))
    said = {finding.message for finding in made.findings}
    expected = {repr((address, sorted(given.items()))) for address, given in access_on(manifest, TODAY).items()}
    assert {message for message in said if " on" not in message[-12:] and ", from " not in message} == expected
    named = {message.split("'")[1] for message in said}
    later = {address for day in DAYS if day > TODAY for address in access_on(manifest, day)}
    assert named == access_on(manifest, TODAY).keys() | later


@law
@given(manifest=valid, like=st.sampled_from(PEOPLE))
def test_a_newcomer_never_gets_more_than_the_other_one_on_that_day(manifest: Manifest, like: str) -> None:
    files = as_files(manifest)
    desired = load(files)
    newcomer = Joiner(key="new", entry={"email": "new@acme.example"}, like=like, with_admin=True)
    index = ManifestIndex(files)
    proposal = propose(newcomer, desired, index.groups, today=TODAY)
    edit = write_proposal(proposal, index, beside="access.yaml")
    text = edit.texts.get("access.yaml", dump({"version": 1, **manifest}))
    after = load([SourceFile("access.yaml", text.encode())])
    describe_proposal(newcomer, proposal, edit, after)
    has = access_on(yaml.safe_load(text), TODAY)
    for address, gets in has.items():
        if address.endswith("/new"):
            theirs = has.get(address.removesuffix("new") + like)
            assert theirs is not None, address
            assert together([dict(theirs), dict(gets)]) == dict(theirs)
