"""GitHub and GitLab, in the cloud or on a server of one's own: comments on one pull request, and issues.

The CI system tells which of them, which repository and which pull request, and has the token, unless they are given.
Both classes have the same methods. Writing something new raises Unanswered when it may have been written; changing
something raises Missing when it was deleted, Denied when it is not ours after all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from reconciler.features.publishing.client import Content, Denied, ForgeClient, Missing, TokenAccess, require_token
from reconciler.model import UsageError, dataclass

_GITHUB_NEEDS = (
    "the token needs `pull-requests: write` for comments and `issues: write` for issues;"
    " in a pull request from a fork it never has them"
)
_GITLAB_NEEDS = "set GITLAB_TOKEN to a project access token with the scope `api`; CI_JOB_TOKEN may not write notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A comment or an issue that we wrote."""

    id: str
    body: str
    url: str


class GitHub:
    """One repository. Whoever may write in it can see which posts are its own by their author.

    The token that a workflow is given belongs to an app and cannot ask who it is; then every post of a bot with our
    marker is taken for our own, and GitHub itself refuses to let one bot change what another wrote.
    """

    name = "GitHub"
    max_length = 65_536
    """Characters of a comment or issue, in UTF-16 units."""

    def __init__(self, client: ForgeClient, *, repository: str, number: int = 0) -> None:
        self._client = client
        self._issues = f"repos/{repository}/issues"
        self._comments = f"{self._issues}/{number}/comments"
        self._labels = f"{self._issues}/{number}/labels"
        self._login: str | None = None

    @staticmethod
    def find_merged(client: ForgeClient, repository: str, commit: str) -> int:
        """Number of the pull request that was merged with a commit; 0 where it came otherwise."""
        found = client.get_all(f"repos/{repository}/commits/{quote(commit, safe='')}/pulls")
        return next((row.number("number") for row in found if row.get("merged_at")), 0)

    def comments(self) -> list[Post]:
        """Our own comments on the pull request, oldest first."""
        return [_post(row, "id", "body") for row in self._client.get_all(self._comments) if self._is_ours(row)]

    def add_comment(self, body: str) -> Post:
        """Write a comment on the pull request."""
        return _post(self._client.write("POST", self._comments, {"body": body}), "id", "body")

    def change_comment(self, post: Post, body: str) -> Post:
        """Write a comment anew."""
        row = self._client.write("PATCH", f"{self._issues}/comments/{post.id}", {"body": body})
        return _post(row, "id", "body")

    def change_labels(self, add: Sequence[str], remove: Sequence[str]) -> None:
        """Give the pull request some labels and take others away, where it has them; the rest are none of ours."""
        has = {str(row["name"]) for row in self._client.get_all(self._labels)}
        if missing := [label for label in add if label not in has]:
            self._client.write("POST", self._labels, {"labels": missing})
        for label in has.intersection(remove):
            with suppress(Missing):  # somebody else took it away
                self._client.write("DELETE", f"{self._labels}/{quote(label, safe='')}", {})

    def issues(self) -> list[Post]:
        """Our own open issues, oldest first; for GitHub a pull request is an issue too."""
        rows = self._client.get_all(self._issues, state="open", sort="created", direction="asc")
        return [_post(row, "number", "body") for row in rows if "pull_request" not in row and self._is_ours(row)]

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> Post:
        """Open an issue."""
        content = {"title": title, "body": body, "labels": list(labels)}
        return _post(self._client.write("POST", self._issues, content), "number", "body")

    def change_issue(self, post: Post, title: str, body: str) -> Post:
        """Give an issue another title and text."""
        row = self._client.write("PATCH", f"{self._issues}/{post.id}", {"title": title, "body": body})
        return _post(row, "number", "body")

    def close_issue(self, post: Post, farewell: str) -> None:
        """Say why, and close the issue."""
        self._client.write("POST", f"{self._issues}/{post.id}/comments", {"body": farewell})
        self._client.write("PATCH", f"{self._issues}/{post.id}", {"state": "closed", "state_reason": "completed"})

    def _is_ours(self, row: Content) -> bool:
        if self._login is None:
            try:
                self._login = str(self._client.get("user")["login"])
            except Denied as error:
                if "401" in error.message.partition(" to ")[0]:
                    raise
                self._login = ""
        user = row.part("user")
        return user.get("login") == self._login if self._login else user.get("type") == "Bot"


class GitLab:
    """One project, by number or by path."""

    name = "GitLab"
    max_length = 1_000_000

    def __init__(self, client: ForgeClient, *, repository: str, number: int = 0) -> None:
        self._client = client
        project = f"projects/{quote(repository, safe='')}"
        self._issues = f"{project}/issues"
        self._request = f"{project}/merge_requests/{number}"
        self._notes = f"{self._request}/notes"
        self._user = 0

    @staticmethod
    def find_merged(client: ForgeClient, repository: str, commit: str) -> int:
        """Number of the merge request that was merged with a commit; 0 where it came otherwise."""
        commits = f"projects/{quote(repository, safe='')}/repository/commits"
        found = client.get_all(f"{commits}/{quote(commit, safe='')}/merge_requests")
        return next((row.number("iid") for row in found if row.get("state") == "merged"), 0)

    def comments(self) -> list[Post]:
        """Our own notes on the merge request, oldest first; what GitLab itself notes is not ours."""
        if not self._user:
            self._user = self._client.get("user").number("id")
        rows = self._client.get_all(self._notes, sort="asc", order_by="created_at")
        own = (row for row in rows if not row.get("system") and row.part("author").get("id") == self._user)
        return [_post(row, "id", "body") for row in own]

    def add_comment(self, body: str) -> Post:
        """Write a note on the merge request."""
        return _post(self._client.write("POST", self._notes, {"body": body}), "id", "body")

    def change_comment(self, post: Post, body: str) -> Post:
        """Write a note anew."""
        return _post(self._client.write("PUT", f"{self._notes}/{post.id}", {"body": body}), "id", "body")

    def change_labels(self, add: Sequence[str], remove: Sequence[str]) -> None:
        """Give the merge request some labels and take others away; the rest are none of ours."""
        self._client.write("PUT", self._request, {"add_labels": ",".join(add), "remove_labels": ",".join(remove)})

    def issues(self) -> list[Post]:
        """Our own open issues, oldest first."""
        query = {"state": "opened", "scope": "created_by_me", "order_by": "created_at", "sort": "asc"}
        return [_post(row, "iid", "description") for row in self._client.get_all(self._issues, **query)]

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> Post:
        """Open an issue."""
        content = {"title": title, "description": body, "labels": ",".join(labels)}
        return _post(self._client.write("POST", self._issues, content), "iid", "description")

    def change_issue(self, post: Post, title: str, body: str) -> Post:
        """Give an issue another title and text."""
        row = self._client.write("PUT", f"{self._issues}/{post.id}", {"title": title, "description": body})
        return _post(row, "iid", "description")

    def close_issue(self, post: Post, farewell: str) -> None:
        """Say why, and close the issue."""
        self._client.write("POST", f"{self._issues}/{post.id}/notes", {"body": farewell})
        self._client.write("PUT", f"{self._issues}/{post.id}", {"state_event": "close"})


Forge = GitHub | GitLab


def _post(row: Content, id_field: str, body_field: str) -> Post:
    url = row.get("html_url", row.get("web_url", ""))
    return Post(id=str(row[id_field]), body=str(row.get(body_field) or ""), url=str(url))


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """What was given on the command line; whatever is empty is found in the environment."""

    forge: str = ""
    repository: str = ""
    number: int = 0
    """Of the pull request or merge request."""
    merged_with: str = ""
    """A commit; the pull request is the one that was merged with it."""
    api: str = ""


@contextmanager
def open_forge(choice: TargetChoice, environment: Mapping[str, str], *, for_comment: bool) -> Iterator[Forge | None]:
    """The forge, as long as it is needed, or None where no pull request was merged with the commit.

    Raises UsageError, naming what is missing.
    """
    is_github = (choice.forge or detect_forge(environment)) == "github"
    variable = "GITHUB_REPOSITORY" if is_github else "CI_PROJECT_ID"
    repository, number = choice.repository or environment.get(variable, ""), choice.number
    if not repository:
        raise UsageError("which repository?", advice=f"give --repository, or set {variable}")
    if for_comment and not number and not choice.merged_with:
        number = (find_pull_request if is_github else find_merge_request)(environment)
        if not number:
            raise UsageError("this runs for no pull request", advice="give --number, or --summary for the job summary")
    client = ForgeClient((_github_access if is_github else _gitlab_access)(choice.api, environment))
    try:
        make = GitHub if is_github else GitLab
        if choice.merged_with:
            number = make.find_merged(client, repository, choice.merged_with)
        yield make(client, repository=repository, number=number) if number or not for_comment else None
    finally:
        client.close()


def detect_forge(environment: Mapping[str, str]) -> str:
    """The forge whose pipeline this is; raises UsageError outside of both."""
    if environment.get("GITHUB_ACTIONS"):
        return "github"
    if environment.get("GITLAB_CI"):
        return "gitlab"
    raise UsageError("publish to which forge?", advice="give --to github or --to gitlab")


def find_pull_request(environment: Mapping[str, str]) -> int:
    """Number of the pull request that a workflow runs for; 0 when it runs for none."""
    found = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", environment.get("GITHUB_REF", ""))
    if found:
        return int(found[1])
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        return int(event["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def find_merge_request(environment: Mapping[str, str]) -> int:
    """Number of the merge request that a pipeline runs for; 0 when it runs for none."""
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    return int(number) if number.isdecimal() else 0


def _github_access(api: str, environment: Mapping[str, str]) -> TokenAccess:
    token = require_token(environment.get("GITHUB_TOKEN", ""), "GITHUB_TOKEN")
    api = api or environment.get("GITHUB_API_URL") or "https://api.github.com"
    return TokenAccess(name="GitHub", base_url=api, token=token, needed=_GITHUB_NEEDS)


def _gitlab_access(api: str, environment: Mapping[str, str]) -> TokenAccess:
    own = environment.get("GITLAB_TOKEN", "").strip()
    header, variable = ("PRIVATE-TOKEN", "GITLAB_TOKEN") if own else ("JOB-TOKEN", "CI_JOB_TOKEN")
    token = require_token(own or environment.get("CI_JOB_TOKEN", ""), variable)
    api = api or environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4"
    return TokenAccess(name="GitLab", base_url=api, token=token, header=header, needed=_GITLAB_NEEDS)
