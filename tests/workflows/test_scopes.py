"""Whose address is whose, when the manifests change and the state remembers."""

from __future__ import annotations

from reconciler.core.address import Address
from reconciler.core.state import Record, State
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.ports import Scope
from reconciler.workflows.scopes import Scopes

EVE = Address("bc", "member", "eve")


def scope(people: str, *, members: str = "{ana: admin, eve: standard}", remembered: str = "eve@old.example") -> Scope:
    """Of a Business Center in which Eve was recorded under the remembered address."""
    manifest = f"""
version: 1
people: {{ana: {{email: ana@acme.example}}, {people}}}
organizations: {{bc: {{system: business_center, id: "6900000000000000001", members: {members}}}}}
"""
    loaded = load_manifests([SourceFile("access.yaml", manifest.encode())])
    assert loaded.desired is not None, loaded.findings
    state = State(organization="bc", records={EVE: Record(address=EVE, identity=remembered)})
    return Scopes(loaded.desired).scope_of("bc", state)


def test_a_corrected_address_does_not_hide_the_account_that_was_given_access_before() -> None:
    found = scope("eve: {email: eve@new.example}")
    assert found.people["eve"] == ("eve@new.example", "eve@old.example")
    assert (found.keys["eve@old.example"], found.keys["eve@new.example"]) == ("eve", "eve")


def test_somebody_deleted_from_the_directory_is_still_found_under_the_remembered_address() -> None:
    found = scope("bo: {email: bo@acme.example}", members="{ana: admin, bo: admin}")
    assert (found.people["eve"], found.keys["eve@old.example"]) == (("eve@old.example",), "eve")


def test_an_address_that_is_somebody_elses_by_now_is_theirs() -> None:
    found = scope("eve: {email: eve@new.example}, finn: {email: eve@old.example}")
    assert found.people["eve"] == ("eve@new.example",)
    assert found.keys["eve@old.example"] == "finn"
