"""What an import has written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.features.importing.model import Import, ImportedOrganization
from reconciler.model.kinds import KINDS, Shape
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Section, code, plain
from reconciler.output.words import count


def document_of_import(made: Import) -> Document:
    """File by file what is in it, and what had to stay outside."""
    files = {one.file for one in made.organizations}
    people = count(len(made.people), "person", "people")
    blocks: list[Block] = [
        Section(title=plain(path), blocks=(Paragraph(text=people),)) for path in made.after if path not in files
    ]
    blocks += [Section(title=plain(one.file), blocks=tuple(_blocks(one))) for one in made.organizations]
    return Document(title="Import", is_title_needless=True, blocks=tuple(blocks))


def _blocks(one: ImportedOrganization) -> Iterator[Block]:
    kinds = Counter(sorted((address.kind for address in one.declared), key=list(KINDS).index))
    parts = [
        count(number, KINDS[kind].title, KINDS[kind].plural)
        for kind, number in kinds.items()
        if KINDS[kind].shape is not Shape.GRANT
    ]
    grants = sum(number for kind, number in kinds.items() if KINDS[kind].shape is Shape.GRANT)
    parts += [count(grants, "grant", "grants")] if grants else []
    parts += [count(len(one.groups), "proposed group", "proposed groups")] if one.groups else []
    yield Paragraph(text=", ".join(parts) or "nothing")
    held = {it.resource.address for it in one.held_back}
    roots = [it for it in one.held_back if it.because_of not in held]
    if roots:
        more = f", and {len(held) - len(roots)} with them" if len(held) > len(roots) else ""
        yield Paragraph(text=f"{len(roots)} not declared{more}; comments in the file tell all:")
        yield _list([(str(it.resource.address), it.reason) for it in roots])
    if one.unknown:
        yield Paragraph(text="could not be read:")
        yield _list(sorted(one.unknown.items()))


def _list(reasons: list[tuple[str, str]]) -> Items:
    """What, and why not."""
    return Items(items=tuple(Item(text=(code(what), plain(f": {why}"))) for what, why in reasons))
