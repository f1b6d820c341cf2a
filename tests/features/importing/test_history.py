"""Every organization of four recorded years is imported, and its first plan is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.editing.format import format_manifest
from reconciler.manifests.source import SourceFile
from tests.features.importing.worlds import Stage, declared_grants, declared_seats
from tests.history.convert import Quarter, ad_account_id, email, read_quarters
from tests.history.replay import Replay


@pytest.fixture(scope="module")
def quarters() -> list[Quarter]:
    return read_quarters()


@pytest.mark.full
def test_the_first_quarter_is_imported_as_it_is(quarters: list[Quarter], tmp_path: Path) -> None:
    import_after(quarters[:1], tmp_path)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_four_years_later_it_is_imported_as_it_is(quarters: list[Quarter], tmp_path: Path) -> None:
    import_after(quarters, tmp_path)


def import_after(quarters: list[Quarter], folder: Path) -> None:
    """Replay, then import everything into an empty workspace with an empty state."""
    replay = Replay.begin(quarters, folder / "replayed")
    for quarter in quarters:
        replay.play(quarter)
    stage = Stage(world=replay.world, folder=folder / "imported")
    made = stage.import_all()
    assert [one.held_back for one in made.organizations if one.held_back] == []
    desired, last = stage.desired(), quarters[-1]
    assert {seat[:3] for seat in declared_seats(desired)} == {
        (name, email(person), role) for name, center in last.centers.items() for person, role in center.members.items()
    }
    assert declared_grants(desired) == {
        (ad_account_id(name, key), email(person), role)
        for name, center in last.centers.items()
        for key, roles in center.ad_accounts.items()
        for person, role in roles.items()
    }
    assert stage.plan().is_settled
    for path, text in stage.files.items():
        assert format_manifest(SourceFile(path=path, data=text.encode())) == (text, ())
