"""GitHub and GitLab on this machine, as far as comments, labels and issues go: real HTTP, bad days on request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Row = dict[str, Any]
TOKEN = "t0ken-of-the-job"
ME = {"login": "access-bot", "type": "User", "id": 7}
GITHUB_APP = {"login": "github-actions[bot]", "type": "Bot", "id": 41898282}
STRANGER = {"login": "mallory", "type": "User", "id": 8}


@dataclass(kw_only=True)
class Answer:
    """What to answer instead, once, to the first request that fits."""

    method: str
    path: str
    """A regular expression that is found in the path."""
    status: int
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    done_anyway: bool = False
    """The forge does what it was asked for and only its answer is lost."""


@dataclass(kw_only=True)
class Forge:
    """What is stored, who asks, and which answers go wrong. `comments` and `issues` are oldest first."""

    me: dict[str, Any] = field(default_factory=lambda: dict(ME))
    knows_itself: bool = True
    """False for the token of an app, which may not ask who it is."""
    comments: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    """Of the pull request."""
    merged: str = "c0ffee"
    """The commit that it was merged with."""
    answers: list[Answer] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[Row] = field(default_factory=list)
    url: str = ""
    _last: int = 100

    def comment(self, body: str, *, by: dict[str, Any] | None = None, **more: Any) -> Row:
        return self._add(self.comments, {"body": body, "user": by or self.me, "author": by or self.me, **more})

    def issue(self, body: str, *, by: dict[str, Any] | None = None, **more: Any) -> Row:
        user = by or self.me
        row = {"body": body, "description": body, "user": user, "author": user, "state": "open", **more}
        added = self._add(self.issues, row)
        return added | {"number": added["id"]}

    def _add(self, rows: list[Row], row: Row) -> Row:
        self._last += 1
        row |= {"id": self._last, "number": self._last, "iid": self._last}
        row |= {"html_url": f"https://forge.example/{self._last}", "web_url": f"https://forge.example/{self._last}"}
        rows.append(row)
        return row

    def fail(self, method: str, path: str, status: int, **more: Any) -> None:
        self.answers.append(Answer(method=method, path=path, status=status, **more))

    def answer(self, method: str, target: str, body: Row, headers: Any) -> tuple[int, Any, dict[str, str]]:
        """Status, JSON and headers."""
        parts = urlsplit(target)
        self.requests.append(f"{method} {parts.path}")
        if TOKEN not in {headers.get("Authorization", "")[7:], headers.get("PRIVATE-TOKEN"), headers.get("JOB-TOKEN")}:
            return 401, {"message": "Bad credentials"}, {}
        for planned in self.answers:
            if planned.method == method and re.search(planned.path, parts.path):
                self.answers.remove(planned)
                if planned.done_anyway:
                    self._route(method, parts.path, {}, body)
                return planned.status, planned.body, planned.headers
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        return self._route(method, parts.path, query, body)

    def _requests_of(self, commit: str) -> tuple[int, Any, dict[str, str]]:
        merged = {"number": 5, "iid": 5, "merged_at": "2026-11-29T06:00:00Z", "state": "merged"}
        not_merged = {"number": 4, "iid": 4, "merged_at": None, "state": "opened"}
        return 200, [not_merged, merged][: 1 + (commit == self.merged)], {}

    def _route(  # noqa: C901  # one line for each thing that a forge has
        self, method: str, path: str, query: dict[str, str], body: Row
    ) -> tuple[int, Any, dict[str, str]]:
        if path.endswith("/user"):
            if not self.knows_itself:
                return 403, {"message": "Resource not accessible by integration"}, {}
            return 200, self.me, {}
        if found := re.search(r"/commits/(\w+)/(?:pulls|merge_requests)$", path):
            return self._requests_of(found[1])
        if found := re.search(r"/(?:issues/5/labels(?:/(.+))?|merge_requests/5)$", path):
            return self._label(method, unquote(found[1] or ""), body)
        for pattern, rows in (
            (r"/issues/comments/(\d+)$|/merge_requests/\d+/notes/(\d+)$", self.comments),
            (r"/issues/(\d+)$", self.issues),
        ):
            if found := re.search(pattern, path):
                number = int(next(filter(None, found.groups())))
                return self._change(rows, number, body)
        if re.search(r"/issues/5/comments$|/merge_requests/5/notes$", path):
            return self._list(self.comments, query) if method == "GET" else (201, self.comment(**body), {})
        if re.search(r"/issues/\d+/(?:comments|notes)$", path):
            self.bodies.append(body)
            return 201, self._add([], dict(body)), {}
        if path.endswith("/issues"):
            rows = [row for row in self.issues if row["state"] == "open"]
            if method == "GET":
                return self._list(rows, query)
            self.bodies.append(body)
            return 201, self.issue(body.get("body") or body.get("description") or "", title=body["title"]), {}
        return 404, {"message": "Not Found"}, {}

    def _change(self, rows: list[Row], number: int, body: Row) -> tuple[int, Any, dict[str, str]]:
        row = next((row for row in rows if row["id"] == number), None)
        if row is None:
            return 404, {"message": "Not Found"}, {}
        if row["user"]["id"] != self.me["id"]:
            return 403, {"message": "Must have admin rights to Repository."}, {}
        row |= body
        if body.get("state_event") == "close":
            row["state"] = "closed"
        return 200, row, {}

    def _label(self, method: str, named: str, body: Row) -> tuple[int, Any, dict[str, str]]:
        if method == "DELETE" and named not in self.labels:
            return 404, {"message": "Label does not exist"}, {}
        add = [*body.get("labels", ()), *filter(None, body.get("add_labels", "").split(","))]
        self.labels = (self.labels | set(add)) - {named, *body.get("remove_labels", "").split(",")}
        return 200, [{"name": label} for label in sorted(self.labels)], {}

    def _list(self, rows: list[Row], query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        size, page = int(query["per_page"]), int(query["page"])
        shown = rows[(page - 1) * size : page * size]
        more = {"Link": f'<https://evil.example/?page={page + 1}>; rel="next"'} if page * size < len(rows) else {}
        return 200, shown, more


@contextmanager
def running(forge: Forge) -> Iterator[Forge]:
    """The forge on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(forge.answer))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(answer: Callable[..., tuple[int, Any, dict[str, str]]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content, headers = answer(self.command, self.path, json.loads(body or b"{}"), self.headers)
            if status == 0:
                self.close_connection = True
                return
            data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815  # the names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the signature that it overrides
            """Tests are quiet."""

    return Handler
