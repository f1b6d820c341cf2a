"""The catalogue that people read is the data that the code uses."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reconciler.systems.catalogue import SYSTEMS, facts_of, get_system, list_operations, system_table
from tests.pages import render_systems

TABLE = system_table(date(2026, 11, 28))
ROOT = Path(__file__).parents[2]


def test_the_written_role_catalogue_is_the_one_in_the_code() -> None:
    assert (ROOT / "docs" / "systems.md").read_text(encoding="utf-8") == render_systems()


def test_every_role_and_permission_has_exactly_one_row() -> None:
    rows = [(row.system, row.variant, row.kind, row.role) for row in TABLE.roles]
    known = {
        (system.name, system.variant, kind, role.name)
        for variants in SYSTEMS.values()
        for system in variants.values()
        for kind, roles in (*system.roles.items(), *system.permissions.items())
        for role in roles
    }
    assert set(rows) == known
    assert len(rows) == len(known)


def test_a_row_carries_what_the_role_may_do_and_how_many_can_have_it() -> None:
    (row,) = [row for row in TABLE.roles if (row.system, row.kind, row.role) == ("business_center", "member", "admin")]
    assert (row.label, row.cap) == ("Admin", 20)
    assert row.may.startswith("Manage members")
    assert "not assigned" in row.may_not


def test_every_row_says_what_the_role_allows_and_fits_into_a_table_cell() -> None:
    for row in TABLE.roles:
        assert row.may
        assert not {"|", "\n"} & set(row.may + row.may_not + row.label)


def test_the_page_gives_every_fact_with_source_and_date() -> None:
    page = render_systems()
    for variants in SYSTEMS.values():
        for system in variants.values():
            for fact in facts_of(system):
                assert f"- {fact.text} *({fact.certainty}; {fact.source}, {fact.date})*" in page


@pytest.mark.parametrize(
    ("today", "is_old"), [(date(2025, 8, 1), False), (date(2025, 8, 31), False), (date(2025, 9, 2), True)]
)
def test_what_was_read_in_a_month_is_old_when_all_of_it_is_a_year_ago(today: date, is_old: bool) -> None:
    old = {(one.source, one.date, one.statements) for one in system_table(today, "business_center").old_sources}
    (limit,) = [fact for fact in facts_of(get_system("business_center")) if "holds 4,000 members" in fact.text]
    assert limit.date == "2024-08"
    assert ((limit.source, "2024-08", 5) in old) is is_old


def test_operations_that_rest_on_old_pages_are_counted_once_for_all_variants() -> None:
    old = system_table(date(2030, 1, 1), "developers").old_sources
    counted = sum(one.statements for one in old if not one.variant)
    assert counted == len(facts_of(get_system("developers"))) + len(list_operations("developers"))
    assert sum(one.statements for one in old if one.variant == "research") == len(
        facts_of(get_system("developers", "research"))
    )
