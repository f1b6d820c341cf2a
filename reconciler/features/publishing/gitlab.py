"""GitLab, on gitlab.com or on a server of one's own: notes of a merge request, and issues."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from reconciler.features.publishing.client import Content, ForgeClient
from reconciler.features.publishing.forge import Post

MAX_LENGTH = 1_000_000


class GitLab:
    """One project, by number or by path."""

    name = "GitLab"
    longest = MAX_LENGTH

    def __init__(self, client: ForgeClient, *, repository: str, number: int = 0) -> None:
        self._client = client
        self._project = f"projects/{quote(repository, safe='')}"
        self._notes = f"{self._project}/merge_requests/{number}/notes"
        self._user = 0

    def comments(self) -> list[Post]:
        """Our own notes on the merge request, oldest first; what GitLab itself notes is not ours."""
        rows = self._client.get_all(self._notes, sort="asc", order_by="created_at")
        return [_post(row) for row in rows if not row.get("system") and self._is_ours(row)]

    def add_comment(self, body: str) -> Post:
        """Write a note on the merge request."""
        return _post(self._client.create(self._notes, {"body": body}))

    def change_comment(self, post: Post, body: str) -> Post:
        """Write a note anew."""
        return _post(self._client.put("PUT", f"{self._notes}/{post.id}", {"body": body}))

    def issues(self) -> list[Post]:
        """Our own open issues, oldest first."""
        rows = self._client.get_all(
            f"{self._project}/issues", state="opened", scope="created_by_me", order_by="created_at", sort="asc"
        )
        return [_issue(row) for row in rows]

    def add_issue(self, title: str, body: str, labels: Sequence[str]) -> Post:
        """Open an issue."""
        content = {"title": title, "description": body, "labels": ",".join(labels)}
        return _issue(self._client.create(f"{self._project}/issues", content))

    def change_issue(self, post: Post, title: str, body: str) -> Post:
        """Give an issue another title and text."""
        content = {"title": title, "description": body}
        return _issue(self._client.put("PUT", f"{self._project}/issues/{post.id}", content))

    def close_issue(self, post: Post, farewell: str) -> None:
        """Say why, and close the issue."""
        self._client.create(f"{self._project}/issues/{post.id}/notes", {"body": farewell})
        self._client.put("PUT", f"{self._project}/issues/{post.id}", {"state_event": "close"})

    def _is_ours(self, row: Content) -> bool:
        if not self._user:
            self._user = int(self._client.get("user")["id"])
        return bool((row.get("author") or {}).get("id") == self._user)


def _post(row: Content) -> Post:
    return Post(id=str(row["id"]), body=str(row.get("body") or ""), url=str(row.get("web_url", "")))


def _issue(row: Content) -> Post:
    return Post(id=str(row["iid"]), body=str(row.get("description") or ""), url=str(row.get("web_url", "")))
