"""A part of a list is never taken for the whole: cut anywhere, and whatever says that there is more.

The lists are written here, in the forms that pages and interfaces have; nothing of the reader is used to make them.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.features.rosters.observe import Sighting, look
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, Observation, State
from tests.features.rosters.given import desired_of

NAMES = ("ana", "bo", "cy", "dee", "eve", "finn", "gil", "hal", "ida", "jo", "kai", "lou")

FOOTERS = (
    "Load more",
    "Show more",
    "View all",
    "Show {left} more",
    "+{left} more",
    "and {left} others",
    "< 1 2 3 >",
    "\u2039 1 2 \u2026 {pages} \u203a",
    "1\n2\n3\n...\n{pages}",
    "Previous\n1\n2\nNext",
    "Previous 1 2 Next",
    "1/{pages}",
    "1 / {pages}",
    "Page 1 of {pages}",
    "page 1/{pages}",
    "{pages} pages",
    "Showing page 1 of {pages}",
    "Total: {all}",
    "Total {all} items",
    "Total members: {all}",
    "{all} members",
    "Members ({all})",
    "All ({all})",
    "{all} results found",
    "1-{here} of {all}",
    "1\u2013{here} of {all} members",
    "Showing 1 to {here} of {all} entries",
    "{here} of {all}",
    "{here}/{all}",
    "Rows per page: {here} 1-{here} of {all}",
    "<\t1\t2\t3\t>",
    "Next >",
    "Next",
)
ENVELOPES: tuple[dict[str, object], ...] = (
    {"total": "{all}"},
    {"totalCount": "{all}"},
    {"count": "{all}", "next": None},
    {"total_results": "{all}"},
    {"page_info": {"page": 1, "page_size": "{here}", "total_number": "{all}", "total_page": "{pages}"}},
    {"pagination": {"currentPage": 1, "totalPages": "{pages}"}},
    {"meta": {"page": {"number": 1, "total_pages": "{pages}"}}},
    {"page": 2},
    {"has_more": True},
    {"hasNextPage": True},
    {"pageInfo": {"hasNextPage": True, "endCursor": "abc"}},
    {"is_last": False},
    {"complete": False},
    {"truncated": True},
    {"next": "https://people.acme.example/members?page=2"},
    {"links": {"next": "/members?page=2", "prev": None}},
    {"@odata.nextLink": "https://people.acme.example/members?skip=2"},
    {"nextPageToken": "abc"},
    {"next_cursor": "abc"},
    {"cursor": "abc"},
    {"response_metadata": {"next_cursor": "abc"}},
    {"offset": "{here}", "limit": "{here}"},
    {"remaining_members_there": "{left}"},
    {"_links": {"self": {"href": "/members"}, "next": {"href": "/members?page=2"}}},
    {"link": '<https://people.acme.example/?page=2>; rel="next"'},
    {"message": "showing the first of 23 members"},
    {"is_complete": "no"},
    {"warnings": ["truncated"]},
    {"previous": "https://people.acme.example/members?page=1"},
)


@cache
def desired() -> Desired:
    people = {name: {"name": f"{name.title()} Acme", "email": f"{name}@acme.example"} for name in NAMES}
    return desired_of({"system": "developers", "people": people})


def look_at(text: str) -> Observation:
    sighting = Sighting(
        organization="acme",
        files=(SourceFile(path="roster", data=text.encode()),),
        taken=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return look(sighting, desired=desired(), state=State(organization="acme"))


def takes_for_whole(seen: Observation) -> bool:
    """Whether somebody who is not listed would count as absent."""
    return seen.is_usable and "acme/member/" not in seen.unknown


def page(names: tuple[str, ...], footer: str, *, layout: str) -> str:
    rows = [
        ("Name", "Email", "Role", "Status"),
        *(
            (f"{name.title()} Acme", f"{name}@acme.example", "Member" if at else "Admin", "Active")
            for at, name in enumerate(names)
        ),
    ]
    join = {"tabs": "\t", "gaps": "   ", "pieces": "\n"}[layout]
    return "\n".join(["Members", *(join.join(row) for row in rows), *([footer] if footer else []), ""])


def document(names: tuple[str, ...], envelope: dict[str, object], *, key: str) -> str:
    rows = [
        {"email": f"{name}@acme.example", "role": "member" if at else "admin", "status": "active"}
        for at, name in enumerate(names)
    ]
    return json.dumps({**envelope, key: rows})


def fill(value: object, numbers: dict[str, int]) -> object:
    """`"{all}"` becomes a number."""
    if isinstance(value, dict):
        return {key: fill(below, numbers) for key, below in value.items()}
    if isinstance(value, str) and value.startswith("{"):
        return numbers[value.strip("{}")]
    return value


@st.composite
def cuts(draw: st.DrawFn) -> tuple[tuple[str, ...], dict[str, int]]:
    """The people before the cut, and what a page would say of all."""
    whole = draw(st.integers(2, len(NAMES)))
    here = draw(st.integers(1, whole - 1))
    pages = max(2, -(-whole // here))
    return NAMES[:here], {"all": whole, "here": here, "left": whole - here, "pages": pages}


@settings(max_examples=400, deadline=None)
@given(cut=cuts(), footer=st.sampled_from(FOOTERS), layout=st.sampled_from(["tabs", "gaps", "pieces"]))
def test_a_page_that_was_cut_is_no_whole(cut: tuple[tuple[str, ...], dict[str, int]], footer: str, layout: str) -> None:
    names, numbers = cut
    text = page(names, footer.format(**numbers), layout=layout)
    assert not takes_for_whole(look_at(text)), text


@settings(max_examples=400, deadline=None)
@given(
    cut=cuts(), envelope=st.sampled_from(ENVELOPES), key=st.sampled_from(["members", "list", "data", "items", "value"])
)
def test_a_document_that_was_cut_is_no_whole(
    cut: tuple[tuple[str, ...], dict[str, int]], envelope: dict[str, object], key: str
) -> None:
    names, numbers = cut
    filled = fill(envelope, numbers)
    assert isinstance(filled, dict)
    for text in (
        document(names, filled, key=key),
        json.dumps({"code": 0, "data": json.loads(document(names, filled, key=key))}),
    ):
        assert not takes_for_whole(look_at(text)), text


@settings(max_examples=60, deadline=None)
@given(here=st.integers(1, len(NAMES)), layout=st.sampled_from(["tabs", "gaps", "pieces"]))
def test_a_whole_list_is_taken_as_one(here: int, layout: str) -> None:
    """Else nothing above would mean anything."""
    names = NAMES[:here]
    for footer in ("", f"Members ({here})", f"1-{here} of {here}", "Page 1 of 1", "1/1", "< 1 >", "Rows per page: 50"):
        assert takes_for_whole(look_at(page(names, footer, layout=layout))), footer
    info = {"page": 1, "page_size": 50, "total_page": 1, "total_number": here}
    envelopes: tuple[dict[str, object], ...] = (
        {},
        {"total": here},
        {"page_info": info, "code": 0, "message": "OK", "request_id": "r7"},
        {"has_more": False, "cursor": "abc"},
        {"next": None, "previous": None, "count": here},
        {"exported_at": "2026-11-22", "organization": "Acme"},
    )
    for envelope in envelopes:
        assert takes_for_whole(look_at(document(names, envelope, key="members"))), envelope
