"""TikTok accounts: the code, the owner's answer, and what hangs on it."""

from __future__ import annotations

from reconciler.sandbox.assets import allow_use, grant, request_link, unlink
from reconciler.sandbox.people import approve, refuse, revoke
from tests.sandbox.stage import US, Stage, refused


def ask(stage: Stage, *permissions: str, handle: str = "@dee", actor: str = "ana") -> None:
    request_link(stage["bc"], actor=stage.person(actor), handle=handle, permissions=permissions)


def use(stage: Stage, handle: str) -> None:
    allow_use(stage["bc"], actor=stage.person("ana"), kind="tiktok_account", identity=handle, ad_account=US)


def let_post(stage: Stage, handle: str) -> None:
    grant(
        stage["bc"],
        actor=stage.person("ana"),
        kind="tiktok_account",
        identity=handle,
        address="bo@acme.example",
        roles=["post"],
    )


def test_a_link_stands_once_the_owner_has_scanned_the_code(stage: Stage) -> None:
    ask(stage, "existing_posts")
    assert stage.look("bc")["tiktok_account/@dee"] == "requested existing_posts"
    with refused("no-permission"):
        use(stage, "@dee")
    approve(stage.world, "@DEE", "bc")
    use(stage, "@dee")
    let_post(stage, "@dee")
    assert stage.look("bc")["tiktok_account/@dee"] == "existing_posts"


def test_only_an_admin_asks_for_accounts_and_permissions_that_exist(stage: Stage) -> None:
    with refused("not-an-admin"):
        ask(stage, "existing_posts", actor="bo")
    for permissions in ((), ("everything",)):
        with refused("invalid"):
            ask(stage, *permissions)
    with refused("unknown"):
        ask(stage, "existing_posts", handle="@nobody")


def test_a_code_lapses_and_can_be_shown_again(stage: Stage) -> None:
    ask(stage, "existing_posts")
    stage.pass_time(hours=24)
    assert stage.look("bc")["tiktok_account/@dee"] == "lapsed existing_posts"
    with refused("unknown"):
        approve(stage.world, "@dee", "bc")
    ask(stage, "existing_posts")
    approve(stage.world, "@dee", "bc")


def test_more_permissions_take_the_owner_again_and_less_do_not(stage: Stage) -> None:
    ask(stage, "existing_posts", "live", handle="@acme")
    assert stage.look("bc")["tiktok_account/@acme"] == "existing_posts pending existing_posts+live"
    refuse(stage.world, "@acme", "bc")
    assert stage.look("bc")["tiktok_account/@acme"] == "existing_posts"
    ask(stage, "existing_posts", "live", handle="@acme")
    stage.pass_time(hours=24)
    assert stage.look("bc")["tiktok_account/@acme"] == "existing_posts"
    ask(stage, "existing_posts", "live", handle="@acme")
    approve(stage.world, "@acme", "bc")
    assert stage.look("bc")["tiktok_account/@acme"] == "existing_posts+live"
    ask(stage, "live", handle="@acme")
    assert stage.look("bc")["tiktok_account/@acme"] == "live"


def test_a_refused_code_shows_as_declined(stage: Stage) -> None:
    ask(stage, "existing_posts")
    refuse(stage.world, "@dee", "bc")
    assert stage.look("bc")["tiktok_account/@dee"] == "declined existing_posts"


def test_when_the_owner_revokes_access_and_use_end_with_the_link(stage: Stage) -> None:
    use(stage, "@acme")
    let_post(stage, "@acme")
    revoke(stage.world, "@acme", "bc")
    about = {key: value for key, value in stage.look("bc").items() if "@acme" in key}
    assert about == {"tiktok_account/@acme": "revoked_by_owner existing_posts"}
    with refused("unknown"):
        revoke(stage.world, "@acme", "bc")


def test_an_admin_disconnects_an_account_and_everything_that_hung_on_it(stage: Stage) -> None:
    use(stage, "@acme")
    let_post(stage, "@acme")
    with refused("not-an-admin"):
        unlink(stage["bc"], actor=stage.person("bo"), handle="@acme")
    unlink(stage["bc"], actor=stage.person("ana"), handle="@acme")
    assert not [key for key in stage.look("bc") if "@acme" in key]
    with refused("unknown"):
        unlink(stage["bc"], actor=stage.person("ana"), handle="@acme")
