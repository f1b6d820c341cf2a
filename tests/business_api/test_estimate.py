"""What `plan --estimate` tells, and the calls that are really made."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path

import pytest

from reconciler.features.estimate import estimate_run
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Action, Address, Change, Desired, Resource, Status
from reconciler.providers.business_api.batches import GIVING, count_together
from reconciler.providers.business_api.provider import BusinessApiProvider, estimate_writing
from tests.business_api.story import TODAY, WANTED, Story
from tests.business_api.test_convergence import in_process

MARGIN = 0.1


def invitations(number: int) -> list[Change]:
    """So many people who shall be asked in, all with the same role."""
    addresses = [Address("bc", "member", f"p{one:03}") for one in range(number)]
    invited = [Resource(address=at, attributes={"role": "standard"}, status=Status.INVITED) for at in addresses]
    return [
        Change(
            address=one.address, action=Action.INVITE, before=None, after=one, fingerprint="absent", why="x", actor="a"
        )
        for one in invited
    ]


def test_invitations_that_leave_together_are_counted_once() -> None:
    changes = invitations(120)
    assert count_together(changes) == GIVING["member"].most == 50
    # A search for each before and after, three calls that invite, and one look whether searches work.
    assert estimate_writing(changes, {"member": 10}) == 2 * 120 + 3 + 1


def more_than_before() -> Desired:
    """Sixty newcomers, more access and less of it, and a second group."""
    document = deepcopy(WANTED)
    newcomers = [f"n{number:02}" for number in range(60)]
    document["people"] |= {person: {"email": f"{person}@acme.example"} for person in newcomers}
    center = document["organizations"]["bc"]
    center["members"] |= dict.fromkeys(newcomers, "standard")
    center["ad_accounts"]["us"]["access"] = {"gil": "admin", "hal": "analyst", "iva": "analyst"}
    center["ad_accounts"]["eu"]["access"] |= {"gil": "operator", "hal": "analyst"}
    center["catalogs"]["shoes"]["access"] = {}
    center["pixels"]["web"]["ad_accounts"] = ["us", "eu"]
    center["asset_groups"]["Third"] = {"ad_accounts": ["us", "eu"], "access": {"hal": "analyst", "iva": "operator"}}
    center["partners"]["north"]["shares"]["eu"] = "analyst"
    loaded = load_manifests([SourceFile("access/all.yaml", json.dumps(document).encode())], today=TODAY)
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


@pytest.mark.parametrize("masking", ["all", "none"])
def test_the_estimate_is_what_an_apply_really_takes(masking: str, tmp_path: Path) -> None:
    story = Story(tmp_path, in_process, options={"tier": "unlimited", "mask_emails": masking}, knobs={})
    try:
        story.play()
        story.desired = more_than_before()
        provider = BusinessApiProvider(story.client, clock=story.world)
        forecast = estimate_run(story.request(), provider_for=lambda _: provider, store=story.store)
        (foreseen,) = forecast.organizations
        plan = story.plan(provider)
        assert foreseen.changes == len(plan.changes) > 70
        before = story.client.calls
        story.apply(plan, provider)
        made = story.client.calls - before
        print(f"{made} calls for {foreseen.changes} changes, {foreseen.apply_calls} foreseen")  # noqa: T201  # for -s
        assert made - MARGIN * made <= foreseen.apply_calls
        assert masking == "none" or foreseen.apply_calls <= made + MARGIN * made
    finally:
        story.close()
