"""One comment for each pull request and workspace, whatever the forge and other people do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest
import stamina  # noqa: TID253  # repeats at once here

from reconciler.features.publishing.client import Busy, Denied, ForgeError, Missing, Unanswered
from reconciler.features.publishing.forges import Forge
from reconciler.features.publishing.sticky import (
    Done,
    close_issue,
    marker,
    publish_comment,
    publish_issue,
    publish_labels,
)
from reconciler.model import Action, Address, Change, Mark, Mode, OrganizationPlan, Plan, UsageError
from tests.features.publishing import double as forge_double
from tests.features.publishing.double import GITHUB_APP, STRANGER, TOKEN

Double = forge_double.Forge
MARK = marker("access")


@pytest.fixture
def quick() -> Iterator[None]:
    """Repeat at once."""
    stamina.set_testing(True, attempts=6)
    yield
    stamina.set_testing(False)


def texts(double: Double) -> list[str]:
    return [row["body"] for row in double.comments]


def test_the_first_run_writes_a_comment(double: Double, forge: Forge) -> None:
    published = publish_comment(forge, name="access", body="### Plan\n")
    assert published.done is Done.CREATED
    assert texts(double) == [f"{MARK}\n### Plan\n"]


def test_the_next_run_writes_it_anew(double: Double, forge: Forge) -> None:
    publish_comment(forge, name="access", body="one")
    published = publish_comment(forge, name="access", body="two")
    assert published.done is Done.UPDATED
    assert texts(double) == [f"{MARK}\ntwo\n"]


def test_the_same_text_is_not_written_twice(double: Double, forge: Forge) -> None:
    publish_comment(forge, name="access", body="one")
    double.comments[0]["body"] = f"{MARK}\r\none"  # as a forge may give it back
    assert publish_comment(forge, name="access", body="one").done is Done.UNCHANGED
    assert not [request for request in double.requests if request.startswith(("PATCH", "PUT"))]


def test_two_workspaces_have_a_comment_each(double: Double, forge: Forge) -> None:
    publish_comment(forge, name="access", body="one")
    publish_comment(forge, name="access/eu", body="two")
    publish_comment(forge, name="access", body="three")
    assert texts(double) == [f"{MARK}\nthree\n", f"{marker('access/eu')}\ntwo\n"]


def test_what_somebody_else_wrote_is_left_alone(double: Double, forge: Forge) -> None:
    double.comment(f"{MARK}\napproved by the security team", by=STRANGER)
    assert publish_comment(forge, name="access", body="one").done is Done.CREATED
    assert texts(double) == [f"{MARK}\napproved by the security team", f"{MARK}\none\n"]


def test_a_comment_that_only_quotes_the_marker_is_left_alone(double: Double, forge: Forge) -> None:
    double.comment(f"> {MARK}\nwhat is this?")
    assert publish_comment(forge, name="access", body="one").done is Done.CREATED


def test_of_several_the_newest_is_kept_and_no_other_can_be_mistaken_for_it(double: Double, forge: Forge) -> None:
    for text in ("old", "older still", "new"):
        double.comment(f"{MARK}\n{text}\n")
    assert publish_comment(forge, name="access", body="now").done is Done.UPDATED
    assert texts(double)[2] == f"{MARK}\nnow\n"
    assert all(text.startswith("_Outdated") for text in texts(double)[:2])


def test_a_comment_on_a_later_page_is_found(double: Double, forge: Forge) -> None:
    for number in range(250):
        double.comment(f"talk {number}", by=STRANGER)
    double.comment(f"{MARK}\none\n")
    assert publish_comment(forge, name="access", body="two").done is Done.UPDATED
    assert len(double.comments) == 251


def test_a_comment_that_was_deleted_meanwhile_is_written_again(double: Double, forge: Forge) -> None:
    double.comment(f"{MARK}\none\n")
    double.fail("PATCH", "/comments/", 404)
    double.fail("PUT", "/notes/", 404)
    assert publish_comment(forge, name="access", body="two").done is Done.CREATED


def test_what_gitlab_notes_by_itself_is_no_comment(double: Double, gitlab: Forge) -> None:
    double.comment(f"{MARK}\none\n", system=True)
    assert publish_comment(gitlab, name="access", body="two").done is Done.CREATED


def test_an_app_that_cannot_ask_who_it_is_finds_its_comment_among_those_of_bots(double: Double, github: Forge) -> None:
    double.me, double.knows_itself = dict(GITHUB_APP), False
    double.comment(f"{MARK}\nnot mine", by=STRANGER)
    publish_comment(github, name="access", body="one")
    assert publish_comment(github, name="access", body="two").done is Done.UPDATED
    assert texts(double) == [f"{MARK}\nnot mine", f"{MARK}\ntwo\n"]


def test_an_app_does_not_insist_on_the_comment_of_another_one(double: Double, github: Forge) -> None:
    double.me, double.knows_itself = dict(GITHUB_APP), False
    double.comment(f"{MARK}\none\n", by={"login": "other[bot]", "type": "Bot", "id": 9})
    assert publish_comment(github, name="access", body="two").done is Done.CREATED
    assert texts(double) == [f"{MARK}\none\n", f"{MARK}\ntwo\n"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (403, {"Retry-After": "1"}, {"message": "You have exceeded a secondary rate limit."}),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, {"message": "API rate limit exceeded"}),
        (403, {}, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, {}),
    ],
)
def test_a_limit_is_waited_for(
    double: Double, forge: Forge, status: int, headers: dict[str, str], body: dict[str, str]
) -> None:
    for _ in range(2):
        double.fail("POST", "/(comments|notes)$", status, headers=headers, body=body)
    assert publish_comment(forge, name="access", body="one").done is Done.CREATED
    assert len(double.comments) == 1


def test_the_forge_says_how_long_to_wait(double: Double, github: Forge) -> None:
    waits: list[float] = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: waits.append(details.wait_for)])
    try:
        double.fail("GET", "/comments$", 429, headers={"Retry-After": "1"})
        publish_comment(github, name="access", body="one")
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert [1 <= wait < 1.5 for wait in waits] == [True]


def test_a_forge_that_wants_too_much_patience_is_an_error_that_says_so(double: Double, github: Forge) -> None:
    double.fail("GET", "/comments$", 429, headers={"Retry-After": "3600"})
    with pytest.raises(Busy, match="429"):
        publish_comment(github, name="access", body="one")
    assert len(double.requests) == 1


@pytest.mark.usefixtures("quick")
def test_reading_survives_a_bad_gateway(double: Double, forge: Forge) -> None:
    double.fail("GET", "/(comments|notes)$", 502, body="<html>Bad gateway</html>")
    double.fail("GET", "/(comments|notes)$", 0)
    assert publish_comment(forge, name="access", body="one").done is Done.CREATED


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("status", [502, 0], ids=["bad gateway", "connection closed"])
def test_a_comment_that_was_written_without_an_answer_is_not_written_twice(
    double: Double, forge: Forge, status: int
) -> None:
    double.fail("POST", "/(comments|notes)$", status, done_anyway=True)
    assert publish_comment(forge, name="access", body="one").done is Done.CREATED
    assert texts(double) == [f"{MARK}\none\n"]


@pytest.mark.usefixtures("quick")
def test_a_comment_that_was_not_written_is_tried_again(double: Double, forge: Forge) -> None:
    double.fail("POST", "/(comments|notes)$", 502)
    publish_comment(forge, name="access", body="one")
    assert texts(double) == [f"{MARK}\none\n"]


@pytest.mark.usefixtures("quick")
def test_a_forge_that_never_answers_is_an_error(double: Double, forge: Forge) -> None:
    for _ in range(3):
        double.fail("POST", "/(comments|notes)$", 502)
    with pytest.raises(Unanswered):
        publish_comment(forge, name="access", body="one")


def test_a_missing_permission_is_told_with_what_is_needed(double: Double, github: Forge) -> None:
    double.fail("POST", "/comments$", 403, body={"message": "Resource not accessible by integration"})
    with pytest.raises(Denied, match="not accessible") as raised:
        publish_comment(github, name="access", body="one")
    assert raised.value.advice == "needs pull-requests: write"


def test_a_pull_request_that_is_not_there_is_told(double: Double, forge: Forge) -> None:
    double.fail("GET", "/(comments|notes)$", 404, body={"message": "Not Found"})
    with pytest.raises(Missing, match="404"):
        publish_comment(forge, name="access", body="one")


def test_no_message_shows_the_token(double: Double, forge: Forge) -> None:
    double.fail("GET", "/(comments|notes)$", 422, body={"message": f"your token {TOKEN} is odd"})
    with pytest.raises(ForgeError) as raised:
        publish_comment(forge, name="access", body="one")
    assert TOKEN not in f"{raised.value.message} {raised.value.advice} {raised.value!r}"
    assert "***" in raised.value.message


def test_a_page_of_html_is_no_answer(double: Double, forge: Forge) -> None:
    double.fail("GET", "/(comments|notes)$", 200, body="<html>Sign in</html>")
    with pytest.raises(ForgeError, match="not in JSON"):
        publish_comment(forge, name="access", body="one")


ODD: list[object] = [
    {},
    {"a": 1},
    [1],
    ["x"],
    [[]],
    [{}],
    [{"id": {}, "user": 1, "author": "x", "name": []}],
    "[" * 9_999,
]


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("path", ["/user$", "/(comments|notes)$", "/pulls$|/merge_requests$", "/labels$"])
def test_json_that_says_something_else_is_an_error_or_nothing(
    double: Double, forge: Forge, path: str, body: object
) -> None:
    for method in ("GET", "POST"):
        double.fail(method, path, 200, body=body)
    with suppress(ForgeError):
        publish_comment(forge, name="access", body="one")
    with suppress(ForgeError):
        publish_labels(forge, plan=Plan(today=date(2026, 11, 29), organizations=()), is_shared=False)
    with suppress(ForgeError):
        type(forge).find_merged(forge._client, "acme/access", "c0ffee")  # noqa: SLF001  # the one that forge has


def test_a_redirect_is_not_followed_with_the_token(double: Double, forge: Forge) -> None:
    double.fail("GET", "/(comments|notes)$", 301, headers={"Location": "https://evil.example/"})
    with pytest.raises(ForgeError, match="301"):
        publish_comment(forge, name="access", body="one")


def test_a_text_that_is_too_long_is_refused_whole(double: Double, github: Forge) -> None:
    with pytest.raises(UsageError, match="65,536"):
        publish_comment(github, name="access", body="\U0001f511" * 33_000)
    assert double.requests == []


@pytest.mark.parametrize("name", ["--> <b>", "a--b", "né", "x" * 300, "\n"])
def test_no_name_ends_the_marker(name: str) -> None:
    assert marker(name).count("--") == 2
    assert "\n" not in marker(name)
    assert marker(name).isascii()


def test_an_issue_is_opened_kept_up_to_date_and_closed(double: Double, forge: Forge) -> None:
    assert publish_issue(forge, name="drift", title="Drift", body="one", labels=("access",)).done is Done.CREATED
    assert double.bodies[0]["labels"] in (["access"], "access")
    assert publish_issue(forge, name="drift", title="Drift", body="one").done is Done.UNCHANGED
    assert publish_issue(forge, name="drift", title="More drift", body="two").done is Done.UPDATED
    assert [row["title"] for row in double.issues] == ["More drift"]
    assert close_issue(forge, name="drift", farewell="Settled.").done is Done.CLOSED
    assert double.bodies[-1] == {"body": "Settled."}
    assert [row["state"] for row in double.issues] == ["closed"]
    assert close_issue(forge, name="drift", farewell="Settled.").done is Done.NOTHING
    assert publish_issue(forge, name="drift", title="Drift", body="three").done is Done.CREATED


def test_pull_requests_and_issues_of_others_are_no_issues_of_ours(double: Double, github: Forge) -> None:
    double.issue(f"{marker('drift')}\n", pull_request={"url": "x"})
    double.issue(f"{marker('drift')}\n", by=STRANGER)
    assert close_issue(github, name="drift", farewell="x").done is Done.NOTHING


def test_what_became_of_a_change_stands_above_its_review_however_often_it_is_told(double: Double, forge: Forge) -> None:
    publish_comment(forge, name="access", body="The review.")
    for told in ("Applied 1.", "Applied 2."):
        assert publish_comment(forge, name="access", body=told, keep=True).done is Done.UPDATED
    assert publish_comment(forge, name="access", body="Applied 2.", keep=True).done is Done.UNCHANGED
    (text,) = texts(double)
    assert text.startswith(f"{MARK}\nApplied 2.\n")
    assert (text.count("The review."), text.count("<details>"), "Applied 1." in text) == (1, 1, False)


def test_a_review_that_folds_parts_of_its_own_is_kept_whole(double: Double, forge: Forge) -> None:
    review = "Before.\n<details><summary>acme-bc</summary>\n\n- eve\n\n</details>\nAfter."
    publish_comment(forge, name="access", body=review)
    for _ in range(2):
        publish_comment(forge, name="access", body="Applied.", keep=True)
    assert review in texts(double)[0]


def test_where_there_is_not_room_for_both_the_outcome_stands_alone(double: Double, github: Forge) -> None:
    publish_comment(github, name="access", body="r" * 40_000)
    publish_comment(github, name="access", body="o" * 40_000, keep=True)
    (text,) = texts(double)
    assert ("r" * 40_000 in text, "o" * 40_000 in text, "has no room here" in text) == (False, True, True)


def plan_marked(*marks: Mark) -> Plan:
    change = Change(
        address=Address.parse("acme-bc/member/eve"),
        action=Action.INVITE,
        before=None,
        after=None,
        fingerprint="",
        why="declared",
        marks=marks,
    )
    part = OrganizationPlan(
        organization="acme-bc",
        system="business_center",
        mode=Mode.ADDITIVE,
        lineage="",
        serial=0,
        changes=(change,),
    )
    return Plan(today=date(2026, 11, 29), manifests="", organizations=(part,))


def test_labels_follow_the_plan_and_leave_those_of_people_alone(double: Double, forge: Forge) -> None:
    double.labels = {"bug", "access:money"}
    asked = publish_labels(forge, plan=plan_marked(Mark.ADMIN, Mark.OUTSIDE_DIRECTORY), is_shared=False)
    assert asked == ("access:admin", "access:outside")
    assert double.labels == {"bug", *asked}
    publish_labels(forge, plan=plan_marked(Mark.FIRST), is_shared=False)
    assert double.labels == {"bug"}


def test_no_workspace_takes_away_what_the_plan_of_another_one_asked_for(double: Double, forge: Forge) -> None:
    publish_comment(forge, name="elsewhere", body="Another workspace.")
    double.labels = {"access:money"}
    published = publish_comment(forge, name="access", body="This one.")
    publish_labels(forge, plan=plan_marked(Mark.ADMIN), is_shared=published.is_shared)
    assert double.labels == {"access:admin", "access:money"}
