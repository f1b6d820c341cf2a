"""The catalogue that people read is the data that the code uses."""

from __future__ import annotations

from pathlib import Path

from reconciler.systems import SYSTEMS, facts_of
from reconciler.systems.page import render_systems
from reconciler.systems.table import system_table

ROOT = Path(__file__).parents[2]


def test_the_written_role_catalogue_is_the_one_in_the_code() -> None:
    assert (ROOT / "docs" / "systems.md").read_text(encoding="utf-8") == render_systems()


def test_every_role_and_permission_has_exactly_one_row() -> None:
    rows = [(row.system, row.variant, row.kind, row.role) for row in system_table()]
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
    (row,) = [
        row for row in system_table() if (row.system, row.kind, row.role) == ("business_center", "member", "admin")
    ]
    assert (row.label, row.cap) == ("Admin", 20)
    assert row.may.startswith("Manage members")
    assert "not assigned" in row.may_not


def test_every_row_says_what_the_role_allows_and_fits_into_a_table_cell() -> None:
    for row in system_table():
        assert row.may
        assert not {"|", "\n"} & set(row.may + row.may_not + row.label)


def test_the_page_gives_every_fact_with_source_and_date() -> None:
    page = render_systems()
    for variants in SYSTEMS.values():
        for system in variants.values():
            for fact in facts_of(system):
                assert f"- {fact.text} *({fact.certainty}; {fact.source}, {fact.date})*" in page
