"""Somebody who gets a page of work orders as Markdown and does what it says, knowing nothing but what is written there.

They read the steps of the file, click accordingly on the embedded platform, and run the command at the end of each
order to say that it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.sandbox.apps import add_manager, answer_transfer, get_app, initiate_transfer
from reconciler.sandbox.members import answer_invitation, invite
from reconciler.sandbox.registry import SandboxOrganization, get_organization_by_id, get_person, list_organizations
from reconciler.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One order as it can be read in the file."""

    reader: str
    """The person whom the file is for."""
    title: str
    steps: tuple[str, ...]
    part: int
    report: str
    """The command that says that it is done."""

    @property
    def text(self) -> str:
        return "\n".join(self.steps)

    def copied(self, pattern: str) -> str:
        """What stands in a box behind these words."""
        match = re.search(pattern + r"[^`\n]*`([^`]+)`", self.text)
        assert match, (pattern, self.text)
        return match[1]

    def chosen(self) -> str:
        """The role that is to be chosen."""
        match = re.search(r"Choose (?:the role )?'([^']+)'", self.text)
        assert match, self.text
        return match[1]


def read_pages(path: Path) -> list[Page]:
    """The orders in one exported file."""
    head, *sections = path.read_text(encoding="utf-8").split("\n#### ")
    reader = re.search(r"\((\S+)\)$", head.splitlines()[0])
    assert reader, head
    return [_page(reader[1], section) for section in sections]


def _page(reader: str, section: str) -> Page:
    report = re.search(r"`reconciler (work-orders done \S+)", section)
    part = re.search(r"part: (\d) of \d", section)
    assert report, section
    return Page(
        reader=reader,
        title=section.splitlines()[0],
        steps=tuple(re.findall(r"^\d+\. \[ \] (.+)$", section, re.MULTILINE)),
        part=int(part[1]) if part else 1,
        report=report[1],
    )


ROLES = {"organization admin": "admin"}
"""Where what a page shows is not the platform's word."""


def act(world: World, page: Page) -> None:
    """Do what an order says; a step that nobody understands fails the test."""
    for words, do in _DEEDS.items():
        if re.search(words, page.text):
            do(world, page)
            return
    message = f"nobody understands: {page.title}\n{page.text}"
    raise AssertionError(message)


def do_all(world: World, pages: list[Page]) -> Iterator[str]:
    """First parts before second ones, as people would wait for each other; yields the commands that report back."""
    for page in sorted(pages, key=lambda page: page.part):
        act(world, page)
        yield page.report


def _organization(world: World, page: Page) -> SandboxOrganization:
    """The one that the order names in a box, among those of the systems where people click."""
    named = set(re.findall(r"`([^`]+)`", f"{page.title}\n{page.text}"))
    places = [one for one in list_organizations(world) if one.system != "business_center"]
    (found,) = [one for one in places if {one.identity, one.name} & named]
    return found


def _invite(world: World, page: Page) -> None:
    address = page.copied(r"(?:Enter|Type|phone number|type)")
    role = page.chosen().casefold()
    actor = get_person(world, page.reader)
    invite(_organization(world, page), actor=actor, address=address, role=ROLES.get(role, role))


def _accept(world: World, page: Page) -> None:
    answer_invitation(_organization(world, page), person=get_person(world, page.reader), agree=True)


def _offer_app(world: World, page: Page) -> None:
    key = page.copied(r"Select the app")
    initiate_transfer(world, key, to=_organization(world, page), actor=get_person(world, page.reader))


def _take_app(world: World, page: Page) -> None:
    answer_transfer(world, page.copied(r"the app is"), actor=get_person(world, page.reader), agree=True)


def _give_app(world: World, page: Page) -> None:
    key = page.copied(r"and the app")
    owner = get_organization_by_id(world, get_app(world, key)["owner_organization"])
    actor = get_person(world, page.reader)
    add_manager(owner, actor=actor, client_key=key, address=page.copied(r", by"))


_DEEDS: dict[str, Callable[[World, Page], None]] = {
    r"Initiate Transfer": _offer_app,
    r"people of the app": _give_app,
    r"mail about the transfer": _take_app,
    r"(?m)^(Accept$|Open its link)": _accept,
    r"Click 'Send invitation'|Tap 'Invite'|Send the invitation": _invite,
}
