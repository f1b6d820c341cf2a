"""GitHub, on github.com or on a server of one's own: comments of a pull request, and issues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.features.publishing.client import Content, ForgeClient
from reconciler.features.publishing.forge import Denied, ForgeError, Post

MAX_LENGTH = 65_536


class GitHub:
    """One repository. Whoever may write in it can see which posts are its own by their author.

    The token that a workflow is given belongs to an app and cannot ask who it is; then every post of a bot with our
    marker is taken for our own, and GitHub itself refuses to let one bot change what another wrote.
    """

    name = "GitHub"
    longest = MAX_LENGTH

    def __init__(self, client: ForgeClient, *, repository: str, number: int = 0) -> None:
        self._client = client
        self._repository = f"repos/{repository}"
        self._number = number
        self._login: str | None = None

    def comments(self) -> list[Post]:
        """Our own comments on the pull request, oldest first."""
        path = f"{self._repository}/issues/{self._number}/comments"
        return [_post(row) for row in self._client.get_all(path) if self._is_ours(row)]

    def add_comment(self, body: str) -> Post:
        """Write a comment on the pull request."""
        return _post(self._client.create(f"{self._repository}/issues/{self._number}/comments", {"body": body}))

    def change_comment(self, post: Post, body: str) -> Post:
        """Write a comment anew."""
        return _post(self._client.put("PATCH", f"{self._repository}/issues/comments/{post.id}", {"body": body}))

    def issues(self) -> list[Post]:
        """Our own open issues, oldest first; for GitHub a pull request is an issue too."""
        rows = self._client.get_all(f"{self._repository}/issues", state="open", sort="created", direction="asc")
        return [_issue(row) for row in rows if "pull_request" not in row and self._is_ours(row)]

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> Post:
        """Open an issue."""
        content = {"title": title, "body": body, "labels": list(labels)}
        return _issue(self._client.create(f"{self._repository}/issues", content))

    def change_issue(self, post: Post, title: str, body: str) -> Post:
        """Give an issue another title and text."""
        return _issue(self._client.put("PATCH", f"{self._repository}/issues/{post.id}", {"title": title, "body": body}))

    def close_issue(self, post: Post, farewell: str) -> None:
        """Say why, and close the issue."""
        self._client.create(f"{self._repository}/issues/{post.id}/comments", {"body": farewell})
        content: dict[str, Any] = {"state": "closed", "state_reason": "completed"}
        self._client.put("PATCH", f"{self._repository}/issues/{post.id}", content)

    def _is_ours(self, row: Content) -> bool:
        user = row.get("user") or {}
        login = self._who()
        return user.get("type") == "Bot" if not login else user.get("login") == login

    def _who(self) -> str:
        """Our login; empty for the token of an app, which may not ask."""
        if self._login is None:
            try:
                self._login = str(self._client.get("user")["login"])
            except Denied as error:
                if "401" in error.message.partition(" to ")[0]:
                    raise
                self._login = ""
            except KeyError:
                raise ForgeError("GitHub does not say whose token this is") from None
        return self._login


def _post(row: Content) -> Post:
    return Post(id=str(row["id"]), body=str(row.get("body") or ""), url=str(row.get("html_url", "")))


def _issue(row: Content) -> Post:
    return Post(id=str(row["number"]), body=str(row.get("body") or ""), url=str(row.get("html_url", "")))
