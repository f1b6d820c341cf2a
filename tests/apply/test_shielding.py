"""A bug in a provider hurts the organization it happens in, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.apply.planning import ProviderBroke, shielded
from reconciler.apply.states import read_state
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Applied, Change, InDoubt, Live, Outcome, ProviderError, Refused, Scope
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from tests.apply.given import EVE, NOW
from tests.apply.test_applying import ACCESS, SEED, Company, Fickle


class Buggy(Fickle):
    """Handles one organization as nobody meant it to."""

    breaks: str = ""
    """The name of the method that goes wrong."""
    takes_effect = False

    def _break(self, method: str, scope: Scope) -> None:
        if self.breaks == method and scope.organization.key == "bc":
            row: dict[str, str] = {}
            _ = row["user_id"]

    def read(self, scope: Scope) -> Live:
        self._break("read", scope)
        return super().read(scope)

    def read_some(self, scope: Scope, addresses: object) -> Live:
        self._break("read_some", scope)
        return super().read_some(scope, addresses)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        if not self.takes_effect:
            self._break("apply", scope)
        outcome = super().apply(scope, change)
        self._break("apply", scope)
        return outcome


@pytest.fixture
def world() -> Iterator[World]:
    with World.in_memory(clock=lambda: NOW) as made:
        load_seed(made, SEED)
        yield made


@pytest.fixture
def buggy(world: World) -> Buggy:
    return Buggy(world)


@pytest.fixture
def company(buggy: Buggy, world: World, tmp_path: Path) -> Company:
    loaded = load_manifests([SourceFile("access.yaml", ACCESS)])
    assert loaded.desired is not None, loaded.findings
    return Company(buggy, world, LocalFileStore(tmp_path), loaded.desired)


def test_an_organization_that_cannot_be_read_for_a_bug_is_unknown_and_the_others_are_planned(
    company: Company, buggy: Buggy
) -> None:
    buggy.breaks = "read"
    plan = company.plan()
    assert [change.address.organization for change in plan.changes] == ["studio"]
    (left_out,) = [item for part in plan.organizations for item in part.left_out if part.organization == "bc"][:1]
    assert left_out.reason.startswith("this is a bug in the provider sandbox: KeyError at test_shielding.py:")
    assert [change.address.organization for change, _ in company.apply(plan).results] == ["studio"]


@pytest.mark.parametrize("takes_effect", [True, False])
def test_a_bug_in_the_middle_of_a_change_leaves_it_in_doubt_until_it_is_looked_at(
    company: Company, buggy: Buggy, *, takes_effect: bool
) -> None:
    plan = company.plan()
    buggy.breaks, buggy.takes_effect = "apply", takes_effect
    results = company.apply(plan).results
    outcomes = {change.address.organization: type(outcome).__name__ for change, outcome in results}
    assert outcomes == {"bc": "Applied" if takes_effect else "Failed", "studio": "Applied"}
    assert sum(event.verb == "invite" for event in company.world.events()) == (2 if takes_effect else 1)
    assert read_state(company.store, "bc").in_doubt == {}


def test_a_change_that_cannot_be_looked_at_for_a_bug_is_refused_before_anything_is_sent(
    company: Company, buggy: Buggy
) -> None:
    plan = company.plan()
    buggy.breaks = "read_some"
    report = company.apply(plan)
    assert [change.address for change, _ in report.of(Refused)] == [EVE]
    assert len(report.of(Applied)) == 1
    assert len(report.of(InDoubt)) == 0


@pytest.mark.parametrize("bug", [TypeError("'NoneType'\nis not iterable"), RecursionError(), ValueError("x" * 999)])
def test_a_bug_is_told_in_one_short_line_with_its_place(bug: Exception, company: Company) -> None:
    with pytest.raises(ProviderBroke) as caught, shielded(company.provider):
        raise bug
    message = caught.value.message
    assert message.startswith(f"this is a bug in the provider sandbox: {type(bug).__name__} at test_shielding.py:")
    assert "\n" not in message
    assert len(message) < 300


@pytest.mark.parametrize("error", [ProviderError("503"), KeyboardInterrupt()])
def test_what_a_provider_says_on_purpose_and_what_a_person_does_pass_as_they_are(
    error: BaseException, company: Company
) -> None:
    with pytest.raises(type(error)) as caught, shielded(company.provider):
        raise error
    assert caught.value is error
