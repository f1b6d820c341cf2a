"""Everything one person has: found by any name, whole, and told beside what is declared."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.audit.log import AuditLog
from reconciler.cli.options import RENDERERS
from reconciler.engine.holdings import AccessStatus, Holding, PersonReport, index_access
from reconciler.features.queries import access as knowing
from reconciler.features.queries import directory
from reconciler.features.queries.directory import Sources, may_mention
from reconciler.features.queries.documents import describe_declared
from reconciler.features.queries.everything import read_everybody
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Action,
    Address,
    AuditEntry,
    AuditRecord,
    Deferral,
    ManifestError,
    PastVersion,
    ReconcilerError,
    Record,
    State,
    Status,
    WorkOrder,
    state_to_json,
)
from reconciler.output.document import Style
from reconciler.stores.local_file import LocalFileStore

TODAY = date(2026, 11, 22)
AGENCY = Path(__file__).parents[3] / "examples" / "agency" / "access"

PEOPLE = """
version: 1
people:
  ana: {name: Ana Lopez, email: ana@acme.example, identities: {developers: ana.dev@acme.example, phone: "+34600111222",
        tiktok: "@ana"}}
  bo: {email: bo@acme.example, ends: 2026-12-05}
  eve: {email: eve@acme.example}
groups:
  buyers: {members: [eve, "group:interns"]}
  interns: {members: [bo]}
"""
CENTER = """
version: 1
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members:
      ana: {role: admin, finance: manager}
      group:buyers: standard
    ad_accounts:
      us-brand: {id: "7100000000000000001", access: {eve: {role: operator, reason: SEC-1, expires: 2026-12-01}}}
      de-brand: {id: "7100000000000000002"}
    asset_groups:
      emea: {ad_accounts: [de-brand], access: {eve: analyst}}
"""
BRAND = """
version: 1
organizations:
  acme-brand:
    system: organization_account
    handle: "@acme"
    members: {ana: {role: admin, via: phone}, eve: operator}
"""


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path)


def files(**texts: str) -> list[SourceFile]:
    return [SourceFile(f"access/{name}.yaml", text.encode()) for name, text in texts.items()]


ALL = files(people=PEOPLE, center=CENTER, brand=BRAND)


def keep(store: LocalFileStore, organization: str, records: Iterable[Record], **more: object) -> None:
    found = {record.address: record for record in records}
    state = State(organization=organization, lineage="l1", serial=1, records=found, **more)  # type: ignore[arg-type]  # tests name fields
    token = store.acquire(organization, purpose="test", ttl=timedelta(minutes=1)).token
    store.write(organization, state_to_json(state), replacing=store.read(organization).version, token=token)
    store.release(store.find_lock(organization) or pytest.fail("the lock is gone"))


def record(address: str, *, status: Status = Status.ACTIVE, identity: str = "", **attributes: str) -> Record:
    return Record(address=Address.parse(address), attributes=attributes, status=status, identity=identity)


def ask(text: str, store: LocalFileStore, manifests: list[SourceFile] = ALL, as_of: date | None = None) -> PersonReport:
    return knowing.who(text, Sources(files=manifests, store=store, today=TODAY, as_of=as_of))


def holdings(report: PersonReport) -> dict[str, Holding]:
    return {str(one.address): one for part in report.organizations for one in part.holdings}


@pytest.mark.parametrize(
    "text",
    ["ana", "Ana", " ANA", "ana@acme.example", "ANA.dev@acme.example", "+34600111222", "+34 600 111-222", "@ana"],
)
def test_a_person_is_found_by_every_name(text: str, store: LocalFileStore) -> None:
    report = ask(text, store)
    assert report.key == "ana"
    assert [part.organization for part in report.organizations] == ["acme-bc", "acme-brand"]


def test_what_is_declared_stands_with_line_reason_group_and_end(store: LocalFileStore) -> None:
    report = ask("eve", store)
    assert report.groups == ("buyers",)
    found = holdings(report)
    assert set(found) == {
        "acme-bc/member/eve",
        "acme-bc/ad_account_access/us-brand/eve",
        "acme-bc/asset_group_access/emea/eve",
        "acme-brand/member/eve",
    }
    grant = found["acme-bc/ad_account_access/us-brand/eve"].declared
    assert grant is not None
    assert (grant.reason, grant.expires, str(grant.place)) == ("SEC-1", date(2026, 12, 1), "access/center.yaml:11:54")
    membership = found["acme-bc/member/eve"].declared
    assert membership is not None
    assert membership.through == "group:buyers"
    assert found["acme-bc/asset_group_access/emea/eve"].reaches == ("de-brand",)


def test_what_changes_by_time_alone_is_told_with_its_day() -> None:
    files = [
        SourceFile(
            "a.yaml",
            b"""
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eve: {email: eve@acme.example}}
groups: {leads: {members: [eve]}, past: {members: [eve]}}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members:
      ana: admin
      bo: admin
      eve: {role: standard, expires: 2027-02-01}
      group:past: {role: standard, expires: 2026-12-01}
      group:leads: {role: admin, starts: 2027-02-01}
""",
        )
    ]
    desired = load_manifests(files, today=TODAY).desired
    assert desired is not None
    ledger = index_access("bc", desired=desired, state=State(organization="bc"), today=TODAY, as_of=None)
    found = ledger.holdings[Address("bc", "member", "eve")]
    assert (found.changes_on, found.becomes, found.ends) == (date(2027, 2, 1), {"role": "admin"}, None)
    assert describe_declared(found) == "standard; from 2027-02-01 on admin"


def test_groups_inside_groups_count(store: LocalFileStore) -> None:
    report = ask("bo", store)
    assert report.groups == ("buyers", "interns")
    assert list(holdings(report)) == ["acme-bc/member/bo"]


def test_what_ends_soon_comes_with_the_nearest_first(store: LocalFileStore) -> None:
    assert [str(one.address) for one in ask("eve", store).ends_soon] == ["acme-bc/ad_account_access/us-brand/eve"]
    assert [one.ends for one in ask("bo", store).ends_soon] == [date(2026, 12, 5)]
    assert ask("ana", store).ends_soon == ()


@pytest.mark.parametrize(
    ("given_record", "status"),
    [
        (None, AccessStatus.MISSING),
        (record("acme-brand/member/eve", role="operator"), AccessStatus.HELD),
        (record("acme-brand/member/eve", role="admin"), AccessStatus.DIFFERENT),
        (record("acme-brand/member/eve", role="operator", status=Status.INVITED), AccessStatus.PENDING),
        (record("acme-brand/member/eve", role="operator", status=Status.DECLINED), AccessStatus.MISSING),
    ],
)
def test_declared_and_recorded_are_compared(
    given_record: Record | None, status: AccessStatus, store: LocalFileStore
) -> None:
    keep(store, "acme-brand", [given_record] if given_record else [])
    assert holdings(ask("eve", store))["acme-brand/member/eve"].status is status


def test_what_has_ended_should_be_gone(store: LocalFileStore) -> None:
    ended = files(people=PEOPLE.replace("2026-12-05", "2026-11-22"), center=CENTER, brand=BRAND)
    assert holdings(ask("bo", store, ended))["acme-bc/member/bo"].status is AccessStatus.ABSENT
    keep(store, "acme-bc", [record("acme-bc/member/bo", role="standard")])
    told = holdings(ask("bo", store, ended))["acme-bc/member/bo"]
    assert (told.status, told.excuse) == (AccessStatus.OVER, "ends 2026-11-22")


def test_somebody_who_was_deleted_from_the_directory_is_found_in_the_records(store: LocalFileStore) -> None:
    keep(
        store,
        "acme-bc",
        [
            record("acme-bc/member/gil", role="standard", identity="Gil@acme.example"),
            record("acme-bc/ad_account_access/us-brand/gil", role="analyst"),
        ],
    )
    keep(store, "old-dev", [record("old-dev/app/game", owner="person:gil"), record("old-dev/member/gil", role="admin")])
    by_key = ask("gil", store)
    assert by_key.person is None
    assert list(holdings(by_key)) == [
        "acme-bc/member/gil",
        "acme-bc/ad_account_access/us-brand/gil",
        "old-dev/member/gil",
        "old-dev/app/game",
    ]
    assert all(one.status is AccessStatus.UNDECLARED for one in holdings(by_key).values())
    by_mail = ask("gil@ACME.example", store)
    assert by_mail.key == "gil"
    assert list(holdings(by_mail)) == ["acme-bc/member/gil", "acme-bc/ad_account_access/us-brand/gil"]


def test_a_handle_is_not_the_key_of_somebody_else(store: LocalFileStore) -> None:
    people = PEOPLE.replace('"@ana"', '"@eve"')
    assert "acme-brand/member/eve" not in holdings(ask("ana", store, files(people=people, center=CENTER, brand=BRAND)))


def test_nobody_is_taken_for_one_of_two_whose_keys_differ_in_capitals_alone(store: LocalFileStore) -> None:
    keep(store, "acme-brand", [record("acme-brand/member/eve", role="operator")])
    people = PEOPLE.replace("  eve:", "  Eve: {email: another.eve@acme.example}\n  eve:")
    both = files(people=people, center=CENTER, brand=BRAND)
    assert [ask(key, store, both).key for key in ("Eve", "eve")] == ["Eve", "eve"]
    with pytest.raises(ReconcilerError, match="nobody is known as 'EVE'"):
        ask("EVE", store, both)


def test_a_record_follows_its_person_under_a_new_key(store: LocalFileStore) -> None:
    keep(store, "acme-brand", [record("acme-brand/member/eva", role="operator")])
    moved = BRAND + "moved: [{from: acme-brand/member/eva, to: acme-brand/member/eve}]\n"
    found = holdings(ask("eve", store, files(people=PEOPLE, center=CENTER, brand=moved)))
    assert found["acme-brand/member/eve"].status is AccessStatus.HELD


def test_what_went_wrong_is_told(store: LocalFileStore) -> None:
    eve = Address.parse("acme-brand/member/eve")
    put_aside = Deferral(reason="two accounts match", since=date(2026, 11, 20), tried=TODAY)
    keep(store, "acme-brand", [], deferred={eve: put_aside})
    found = holdings(ask("eve", store))["acme-brand/member/eve"]
    assert found.trouble == "deferred since 2026-11-20: two accounts match"


def test_what_somebody_was_asked_to_give_is_told_as_asked_for(store: LocalFileStore) -> None:
    order = WorkOrder(
        id="wo-1",
        operation="organization_account.invite_by_email",
        address=Address.parse("acme-brand/member/eve"),
        action=Action.INVITE,
        system="organization_account",
        actor="ana",
        actor_role="an admin of acme-brand",
        title="Invite",
        steps=("Do it",),
        reason="declared",
        issued=datetime(2026, 11, 20, tzinfo=UTC),
    )
    keep(store, "acme-brand", [], orders={"wo-1": order})
    assert "declared, not there; work order wo-1 is open" in RENDERERS.who["text"](ask("eve", store), Style())


def test_admins_are_told_from_others_by_what_is_recorded(store: LocalFileStore) -> None:
    keep(store, "acme-bc", [record("acme-bc/member/ana", role="admin")])
    assert [(part.organization, part.administers) for part in ask("ana", store).organizations] == [
        ("acme-bc", True),
        ("acme-brand", False),
    ]


def test_nobody_of_that_name_is_an_error_with_names_that_are_near(store: LocalFileStore) -> None:
    keep(store, "acme-bc", [record("acme-bc/member/grit", role="standard")])
    with pytest.raises(ReconcilerError, match="nobody is known as 'evee'") as raised:
        ask("evee", store)
    assert raised.value.advice == "did you mean `eve`?"
    with pytest.raises(ReconcilerError) as raised:
        ask("griet", store)
    assert "`grit`" in raised.value.advice
    with pytest.raises(ReconcilerError) as raised:
        ask("zzzzzz", store)
    assert "`people:`" in raised.value.advice


def test_an_error_in_a_file_that_is_not_asked_about_does_no_harm(store: LocalFileStore) -> None:
    broken = files(people=PEOPLE, brand=BRAND, other="version: 1\norganizations: {x: {system: nothing}}\n")
    assert list(holdings(ask("eve", store, broken))) == ["acme-brand/member/eve"]
    hit = files(people=PEOPLE, brand=BRAND.replace("eve: operator", "eve: operatr"))
    with pytest.raises(ManifestError):
        ask("eve", store, hit)


class Aged(LocalFileStore):
    """A store whose snapshots were written on the first days of a month, one after the other."""

    def history(self, organization: str) -> list[PastVersion]:
        kept = super().history(organization)
        return [PastVersion(one.version, datetime(2026, 11, day, tzinfo=UTC)) for day, one in enumerate(kept, start=1)]


def test_a_past_day_shows_what_was_recorded_then_and_nothing_declared(tmp_path: Path) -> None:
    store = Aged(tmp_path)
    keep(store, "acme-brand", [record("acme-brand/member/eve", role="admin")])
    keep(store, "acme-brand", [])
    keep(store, "acme-brand", [record("acme-brand/member/eve", role="operator")])

    def roles(day: int) -> list[str | tuple[str, ...]]:
        found = holdings(ask("eve", store, as_of=date(2026, 11, day))).values()
        assert all(one.declared is None for one in found)
        return [one.recorded.attributes["role"] for one in found if one.recorded]

    assert [roles(day) for day in (1, 2, 3, 20)] == [["admin"], [], ["operator"], ["operator"]]
    before = ask("eve", store, as_of=date(2026, 10, 31))
    assert (before.organizations, before.not_kept) == ((), ("acme-brand",))


OLD_KEYS = {
    "moved": record("acme-brand/member/eva", identity="eva@old.example", role="operator"),
    "moved twice": record("acme-brand/member/evi", identity="eva@old.example", role="operator"),
    "known by the address": record("acme-brand/member/evelyn", identity="EVE@acme.example", role="operator"),
    "the address itself": record("acme-brand/member/eve@acme.example", role="operator"),
}


@pytest.mark.parametrize("known", OLD_KEYS.values(), ids=OLD_KEYS)
def test_what_was_recorded_under_an_old_key_is_theirs_on_a_past_day_whoever_asks(known: Record, tmp_path: Path) -> None:
    """By the old key, by the key of today, and in the list of everybody."""
    store, key = Aged(tmp_path), known.address.key
    step = "  - {{from: acme-brand/member/{}, to: acme-brand/member/{}}}\n"
    moved = f"{BRAND}moved:\n{step.format('evi', 'eva')}{step.format('eva', 'eve')}"
    manifests = files(people=PEOPLE, center=CENTER, brand=moved)
    keep(store, "acme-brand", [known])
    then = Sources(files=manifests, store=store, today=TODAY, as_of=date(2026, 11, 1))
    everybody = {one.key: one for one in read_everybody(then)}
    for asked in (ask("eve", store, manifests, then.as_of), ask(key, store, manifests, then.as_of), everybody["eve"]):
        assert (asked.key, [*holdings(asked)]) == ("eve", [str(known.address)])
    assert everybody.keys() == {"ana", "bo", "eve"}


def test_what_was_recorded_of_somebody_stays_theirs_whoever_has_their_address_now(tmp_path: Path) -> None:
    store = Aged(tmp_path)
    keep(store, "acme-brand", [record("acme-brand/member/bo", identity="eve@acme.example", role="operator")])
    for as_of in (None, date(2026, 11, 1)):
        everybody = {one.key: one for one in read_everybody(Sources(files=ALL, store=store, today=TODAY, as_of=as_of))}
        for key, told in everybody.items():
            assert holdings(ask(key, store, as_of=as_of)).keys() == holdings(told).keys(), key
        assert "acme-brand/member/bo" in holdings(everybody["bo"])


def agency() -> list[SourceFile]:
    return [SourceFile(path.name, path.read_bytes()) for path in sorted(AGENCY.glob("*.yaml"))]


def test_reading_only_what_mentions_a_person_finds_what_reading_everything_finds(
    store: LocalFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    desired = load_manifests(agency(), today=TODAY).desired
    assert desired is not None
    for organization, declared in desired.resources.items():
        keep(
            store,
            organization,
            (
                Record(address=address, attributes=item.attributes, identity=item.identity)
                for address, item in declared.items()
            ),
        )
    asked = [*desired.people, "hannah@harbour-tea.example"]
    quick = {name: ask(name, store, agency()) for name in asked}
    monkeypatch.setattr(directory, "may_mention", lambda _data, _words: True)
    whole = {name: ask(name, store, agency()) for name in asked}
    assert sum(len(report.organizations) for report in quick.values()) > len(asked)
    for name in asked:
        assert holdings(quick[name]) == holdings(whole[name])
        assert quick[name].groups == whole[name].groups


def test_only_states_that_mention_the_person_are_read(store: LocalFileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        keep(store, f"org-{number}", [record(f"org-{number}/member/p{number}", role="standard")])
    read: list[str] = []
    real = Sources.read_state

    def read_state(sources: Sources, organization: str) -> State:
        read.append(organization)
        return real(sources, organization)

    monkeypatch.setattr(Sources, "read_state", read_state)
    ask("p3", store)
    assert read == ["org-3"]


def test_an_apply_that_is_not_over_is_seen_too(store: LocalFileStore) -> None:
    """What only the journal has counts as much as what the snapshot has."""
    sources = Sources(files=(), store=store, today=TODAY)
    assert directory.read_states(sources, words=["eve"]).kept == set()
    keep(store, "acme-bc", [])
    token = store.acquire("acme-bc", purpose="test", ttl=timedelta(minutes=1)).token
    store.append("acme-bc", b'00000000 {"about": "acme-bc/member/eve"}', token=token)
    assert directory.read_states(sources, words=["eve"]).kept == {"acme-bc"}
    assert directory.read_states(sources, words=["zed"]).kept == set()


WORDS = st.text(min_size=1, max_size=30)


@given(WORDS, st.booleans(), st.sampled_from(["'", '"', None, "|"]))
def test_no_way_to_write_a_word_hides_it(word: str, ascii_only: bool, quotes: str | None) -> None:
    as_json = json.dumps({"a": [word], word.upper(): 1}, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    assert may_mention(as_json, [word])
    as_yaml = yaml.safe_dump(
        {"a": [f"x {word}"], "b": word}, default_style=quotes, width=10, allow_unicode=not ascii_only
    )
    assert may_mention(as_yaml.encode(), [word])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("members: {'o''brien@acme.example': admin}", "o'brien@acme.example"),
        ("members: {ANA@acme.example: admin}", "ana@acme.example"),
        ("reason: ana\n  lopez", "ana lopez"),
        ('{"a": "\\u0061na"}', "ana"),
        ("members: {josé: admin}", "jose"),
    ],
)
def test_what_may_be_somebody_in_another_spelling_is_read(text: str, word: str) -> None:
    assert may_mention(text.encode(), [word])


def test_what_cannot_be_read_may_mention_anybody_and_plain_text_only_whom_it_names() -> None:
    assert may_mention(None, ["ana"])
    assert not may_mention(b"members: {bo: admin}", ["ana", "josé"])


class Moved(LocalFileStore):
    """A store to which a state came long after everything that is in the audit log."""

    def history(self, organization: str) -> list[PastVersion]:
        return [
            PastVersion(one.version, datetime.max.replace(tzinfo=UTC)) for one in super().history(organization)[-1:]
        ]


def logged(*entries: tuple[str, str, str, dict[str, str]]) -> tuple[AuditEntry, ...]:
    """Address, action and outcome, one a day from the first of November on."""
    return tuple(
        AuditEntry(
            time=datetime(2026, 11, day, 12, tzinfo=UTC),
            serial=day,
            address=f"acme-brand/{address}",
            action=action,
            cause="declared",
            outcome=outcome,
            **more,  # type: ignore[arg-type]  # tests name fields
        )
        for day, (address, action, outcome, more) in enumerate(entries, start=1)
    )


OPERATOR, EDITOR = "role=operator status=active", "role=admin status=active"
TOLD = {
    "a work order counts when a look shows it": (
        logged(
            ("member/eve", "seen", "adopted", {"after": OPERATOR}),
            ("member/eve", "change_role", "waits", {"before": OPERATOR, "after": EDITOR, "order": "wo-1"}),
            ("member/eve", "work_order", "done", {"order": "wo-1"}),
            ("member/eve", "work_order", "verified", {"order": "wo-1"}),
            ("member/eve", "remove", "waits", {"before": EDITOR, "order": "wo-2"}),
            ("member/eve", "work_order", "failed", {"order": "wo-2"}),
            ("member/eve", "remove", "waits", {"before": EDITOR, "order": "wo-3"}),
            ("member/eve", "work_order", "verified", {"order": "wo-3"}),
        ),
        ["operator", "operator", "operator", "admin", "admin", "admin", "admin", None],
    ),
    "what others did counts from the audit that saw it until one sees it no more": (
        logged(
            ("member/eve", "drift", "applied", {"detail": "added outside, critical: x", "after": OPERATOR}),
            ("member/eve", "drift", "applied", {"detail": "changed outside, high: x", "after": EDITOR}),
            ("member/eve", "drift_reverted", "applied", {"before": EDITOR}),
            ("member/eve", "drift", "applied", {"detail": "added outside, critical: x"}),
        ),
        ["operator", "admin", None, "unknown"],
    ),
    "what was refused or failed changes nothing": (
        logged(
            ("member/eve", "invite", "requested", {"after": "role=operator status=invited"}),
            ("member/eve", "remove", "failed", {"before": OPERATOR}),
            ("member/eve", "seen", "declined", {"after": "role=operator status=declined"}),
        ),
        ["operator, invited", "operator, invited", None],
    ),
}


@pytest.mark.parametrize(("entries", "wanted"), TOLD.values(), ids=TOLD.keys())
def test_where_no_state_is_kept_each_day_is_as_the_audit_log_has_it(
    tmp_path: Path, entries: tuple[AuditEntry, ...], wanted: list[str | None]
) -> None:
    store = Moved(tmp_path)
    keep(store, "acme-brand", [record("acme-brand/member/bo", role="admin")])
    AuditLog(store).append(AuditRecord(organization="acme-brand", lineage="x", entries=entries))

    def told(day: int) -> str | None:
        report = ask("eve", store, as_of=date(2026, 11, day))
        assert (report.from_log, report.not_kept) == (("acme-brand",), ())
        found = [one.recorded for one in holdings(report).values() if one.recorded]
        words = [
            f"{one.attributes.get('role', 'unknown')}{'' if one.status is Status.ACTIVE else f', {one.status}'}"
            for one in found
        ]
        return words[0] if words else None

    assert [told(day) for day in range(1, len(wanted) + 1)] == wanted


@pytest.mark.parametrize("action", ["state_push", "state_restore"])
def test_a_state_that_was_put_in_place_of_another_is_not_guessed(tmp_path: Path, action: str) -> None:
    store = Moved(tmp_path)
    keep(store, "acme-brand", [record("acme-brand/member/eve", role="admin")])
    told = logged(
        ("member/eve", "seen", "adopted", {"after": OPERATOR}), ("organization/acme-brand", action, "applied", {})
    )
    AuditLog(store).append(AuditRecord(organization="acme-brand", lineage="x", entries=told))
    day_before, then = (ask("eve", store, as_of=date(2026, 11, day)) for day in (1, 2))
    assert (day_before.from_log, then.from_log, then.not_kept) == (("acme-brand",), (), ("acme-brand",))
    assert holdings(then) == {}
