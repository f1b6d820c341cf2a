"""One comment, or one issue, that is written anew again and again instead of being followed by another one.

A pull request gets one comment for its whole life: the review, and above it, once it is merged, what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from functools import partial
from urllib.parse import quote

from reconciler.features.publishing.client import Denied, Missing, Unanswered
from reconciler.features.publishing.forges import Forge, Post
from reconciler.model import Change, Mark, Plan, UsageError, Waiting, dataclass

_OUTDATED = "_Outdated: a newer comment has taken the place of this one._"
_KEPT = "<!-- reconciler kept -->"
"""Begins what a comment said before; what stands above it is replaced."""
_MARKERS = "<!-- reconciler: "
LABELS: dict[str, frozenset[Mark]] = {
    "access:admin": frozenset({Mark.ADMIN}),
    "access:money": frozenset({Mark.MONEY}),
    "access:outside": frozenset({Mark.COMPANY, Mark.OUTSIDE_DOMAINS, Mark.OUTSIDE_DIRECTORY}),
}
"""Label of a pull request -> which marks of a step it stands for."""
_CREATE_ATTEMPTS = 3


class Done(StrEnum):
    """What became of a post."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    NOTHING = "nothing"
    """There was no issue to close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was done, and where it can be seen."""

    done: Done
    url: str = ""
    is_shared: bool = False
    """Whether there is a comment about another workspace too."""


def marker(name: str) -> str:
    """The hidden line that says which workspace a post is about; no name can end it early."""
    return f"{_MARKERS}{quote(name, safe='/.').replace('-', '%2D')} -->"


def publish_comment(forge: Forge, *, name: str, body: str, keep: bool = False) -> Published:
    """Write our comment of that name, or write it for the first time; with `keep` above what it says, which is folded.

    Of several the newest is kept; the others are emptied, so that nobody approves what an old one says.
    """
    text = _text(forge, name, body)
    posts = forge.comments()
    ours = _ours(posts, name)
    is_shared = any(post.body.startswith(_MARKERS) and not post.body.startswith(marker(name)) for post in posts)
    if keep and ours:
        before = ours[-1].body.removeprefix(marker(name))
        text = _fold(forge, text, before)
    for post in ours[:-1]:
        with suppress(Missing, Denied):
            forge.change_comment(post, _OUTDATED)
    if ours and _is_same(ours[-1].body, text):
        return Published(done=Done.UNCHANGED, url=ours[-1].url, is_shared=is_shared)
    if ours:
        with suppress(Missing, Denied):  # deleted meanwhile, or the post of another bot
            return Published(done=Done.UPDATED, url=forge.change_comment(ours[-1], text).url, is_shared=is_shared)
    url = _create(forge.add_comment, forge.comments, text).url
    return Published(done=Done.CREATED, url=url, is_shared=is_shared)


def publish_labels(forge: Forge, *, plan: Plan, is_shared: bool) -> tuple[str, ...]:
    """Set the labels of a pull request as its plan asks.

    One that it does not ask for is taken away, unless there is a comment about another workspace too: nobody knows
    which of them has set it, and a label too many warns where one too few does not.
    """
    steps: list[Change | Waiting] = [*plan.changes, *plan.asks, *(blocked.change for blocked in plan.blocked)]
    marks = frozenset(mark for step in steps for mark in step.marks)
    asked = tuple(label for label, about in LABELS.items() if about & marks)
    forge.change_labels(asked, () if is_shared else tuple(LABELS.keys() - asked))
    return asked


def publish_issue(forge: Forge, *, name: str, title: str, body: str, labels: Sequence[str] = ()) -> Published:
    """Write our open issue of that name, or open one."""
    text = _text(forge, name, body)
    ours = _ours(forge.issues(), name)
    if not ours:
        add = partial(forge.add_issue, title, labels=labels)
        return Published(done=Done.CREATED, url=_create(add, forge.issues, text).url)
    if _is_same(ours[-1].body, text):
        return Published(done=Done.UNCHANGED, url=ours[-1].url)
    return Published(done=Done.UPDATED, url=forge.change_issue(ours[-1], title, text).url)


def close_issue(forge: Forge, *, name: str, farewell: str) -> Published:
    """Close our open issues of that name, saying why."""
    ours = _ours(forge.issues(), name)
    for post in ours:
        forge.close_issue(post, farewell)
    return Published(done=Done.CLOSED, url=ours[-1].url) if ours else Published(done=Done.NOTHING)


def _text(forge: Forge, name: str, body: str) -> str:
    """The whole text; raises UsageError when it is too long, because half of a plan is worse than none."""
    text = f"{marker(name)}\n{body.strip()}\n"
    if (length := _length(text)) > forge.max_length:
        message = f"{length:,} characters are more than the {forge.max_length:,} that {forge.name} takes"
        raise UsageError(message, advice="make it shorter with --max-chars")
    return text


def _fold(forge: Forge, text: str, before: str) -> str:
    """The text, and folded below it what the comment said first; without that where there is not room for both."""
    kept = before.partition(_KEPT)[2].rpartition("</details>")[0] if _KEPT in before else before
    whole = f"{text}\n<details><summary>What was reviewed</summary>\n\n{_KEPT}\n{kept.strip()}\n\n</details>\n"
    if _length(whole) <= forge.max_length:
        return whole
    return f"{text}\nWhat was reviewed has no room here; the history of this comment shows it.\n"


def _length(text: str) -> int:
    """In UTF-16 units, as forges count."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _ours(posts: list[Post], name: str) -> list[Post]:
    return [post for post in posts if post.body.startswith(marker(name))]


def _is_same(one: str, other: str) -> bool:
    """Forges drop spaces at the end, and some write lines in their own way."""
    return one.replace("\r\n", "\n").strip() == other.strip()


def _create(add: Callable[[str], Post], posts: Callable[[], list[Post]], text: str) -> Post:
    """Write something new exactly once: when nobody answers, look whether it is there before trying again."""
    for attempt in range(1, _CREATE_ATTEMPTS + 1):
        try:
            return add(text)
        except Unanswered:
            written = [post for post in posts() if _is_same(post.body, text)]
            if written:
                return written[-1]
            if attempt == _CREATE_ATTEMPTS:
                raise
    raise AssertionError  # the last attempt returned or raised
