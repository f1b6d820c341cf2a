"""What an import has written, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.core.imported import Import, ImportedOrganization
from reconciler.core.kinds import KINDS, Shape
from reconciler.output.visible import make_visible
from reconciler.output.words import count


def render_import(made: Import) -> str:
    """File by file what is in it, and what had to stay outside."""
    files = {one.file for one in made.organizations}
    lines = [f"{make_visible(path)}: {_people(made)}" for path in made.after if path not in files]
    for one in made.organizations:
        lines += _organization(one)
    return "".join(f"{line}\n" for line in lines)


def _people(made: Import) -> str:
    return count(len(made.people), "person", "people")


def _organization(one: ImportedOrganization) -> Iterator[str]:
    kinds = Counter(sorted((address.kind for address in one.declared), key=list(KINDS).index))
    parts = [
        count(number, KINDS[kind].title, f"{KINDS[kind].title}s")
        for kind, number in kinds.items()
        if KINDS[kind].shape is not Shape.GRANT
    ]
    grants = sum(number for kind, number in kinds.items() if KINDS[kind].shape is Shape.GRANT)
    parts += [count(grants, "grant", "grants")] if grants else []
    parts += [count(len(one.groups), "proposed group", "proposed groups")] if one.groups else []
    yield f"{make_visible(one.file)}: {', '.join(parts) or 'nothing'}"
    held = {it.resource.address for it in one.held_back}
    roots = [it for it in one.held_back if it.because_of not in held]
    if roots:
        more = f", and {len(held) - len(roots)} with them" if len(held) > len(roots) else ""
        yield f"  {len(roots)} not declared{more}; comments in the file tell all:"
        yield from (f"    {make_visible(str(it.resource.address))}: {make_visible(it.reason)}" for it in roots)
    if one.unknown:
        yield "  could not be read:"
        yield from (f"    {make_visible(prefix)}: {make_visible(why)}" for prefix, why in sorted(one.unknown.items()))
