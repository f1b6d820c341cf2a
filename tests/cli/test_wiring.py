"""Which provider, store and clock a configuration leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.wiring import SystemClock, Wiring
from reconciler.core.declared import Organization
from reconciler.core.errors import ReconcilerError
from reconciler.core.finding import Place
from reconciler.manifests.config import Config, ProviderSettings
from reconciler.systems import get_system

PLACE = Place("reconciler.yaml", 1, 1)


def wiring(root: Path, **kinds: str) -> Wiring:
    providers = {name.replace("_dev", "-dev"): ProviderSettings(kind=kind, place=PLACE) for name, kind in kinds.items()}
    return Wiring(root=root, config=Config(manifests=("access",), state="file:state", providers=providers))


def organization(key: str, system: str) -> Organization:
    return Organization(key=key, system=get_system(system), place=PLACE)


def kind_that_is_asked_for(wired: Wiring, key: str, system: str) -> str:
    with pytest.raises(ReconcilerError) as caught:
        wired.provider_for(organization(key, system))
    return caught.value.message


def test_the_organization_comes_before_its_system_and_that_before_the_default(tmp_path: Path) -> None:
    wired = wiring(tmp_path, acme_dev="one", developers="two", default="three")
    assert "'one'" in kind_that_is_asked_for(wired, "acme-dev", "developers")
    assert "'two'" in kind_that_is_asked_for(wired, "other-dev", "developers")
    assert "'three'" in kind_that_is_asked_for(wired, "acme", "organization_account")


def test_a_provider_is_made_once(tmp_path: Path) -> None:
    wired = wiring(tmp_path, default="sandbox")
    first = wired.provider_for(organization("a", "developers"))
    assert wired.provider_for(organization("b", "business_center")) is first


def test_the_clock_is_the_machines_own_without_a_sandbox(tmp_path: Path) -> None:
    assert isinstance(wiring(tmp_path, default="business_api").clock(), SystemClock)
    assert list(tmp_path.iterdir()) == []


def test_the_clock_is_the_sandboxs_as_soon_as_one_system_is_played(tmp_path: Path) -> None:
    wired = wiring(tmp_path, default="business_api", developers="sandbox")
    assert wired.clock() is wired.world()
