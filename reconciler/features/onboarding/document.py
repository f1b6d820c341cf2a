"""An onboarding: what the newcomer gets and what not, the edit, and what they will hear from whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.features.onboarding.model import Given, Onboarding, Welcome
from reconciler.output.document import Block, Code, Document, Inline, Item, Items, Section, code, plain
from reconciler.output.json import Output
from reconciler.output.words import name_access

ONBOARDING = Output(
    name="onboarding", title="Onboarding: what somebody new is given to work like somebody else", value=Onboarding
)


def document_of_onboarding(found: Onboarding) -> Document:
    """The proposal, as the description of a pull request may hold it."""
    name = f"{found.name} ({found.person})" if found.name else found.person
    then = "Have the edit reviewed, and apply it; `reconciler notices` then tells everybody what is theirs to do."
    return Document(
        title=plain(f"Onboarding of {name}, like {found.like}"),
        blocks=tuple(_blocks(found)),
        summary=then if found.edited else "Nothing has to be edited: they have all of it.",
        whole="proposal",
    )


def _blocks(found: Onboarding) -> Iterator[Block]:
    sections: dict[str, Sequence[Inline]] = {
        "Joins": [code(f"group:{name}") for name in found.groups],
        "Gets": [plain(f"{one.address.organization}: {_describe_given(one)}") for one in found.given],
        "Does not get": [plain(f"{one.what}: {one.why}") for one in found.left_out],
        "Validation says": [
            plain(f"{one.severity}: {one.message}" + (f"; {one.advice}" if one.advice else ""))
            for one in found.findings
        ],
        "Policies object": [plain(f"{one.severity}: {one.message}") for one in found.objections],
        "What the newcomer will hear": [plain(_describe_welcome(one)) for one in found.welcomes],
    }
    for title, texts in sections.items():
        if texts:
            yield Section(title=title, blocks=(Items(items=tuple(Item(text=text) for text in texts)),))
    if found.patch:
        yield Section(title="The edit of the manifests", blocks=(Code(text=found.patch, language="diff"),))


def _describe_given(given: Given) -> str:
    where = name_access(given.address) or "member"
    through = f", through {given.through}" if given.through else ", by name"
    return f"{given.what}: {where}{through}" if given.address.kind != "member" else f"member: {given.what}{through}"


def _describe_welcome(welcome: Welcome) -> str:
    """What to expect from one system, in sentences."""
    hours = welcome.hours
    valid = f"It is valid for {hours} hours." if hours else "How long it is valid is not published: answer it soon."
    first = f" Before that, register there with exactly {welcome.identifier}." if welcome.must_register else ""
    return (
        f"{welcome.title} {welcome.name}: an invitation as {welcome.role} to {welcome.identifier}.{first} {valid} "
        "Log in with that address or number and no other."
    )
