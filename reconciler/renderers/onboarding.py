"""An onboarding: what the newcomer gets and what not, the edit, and what they will hear from whom."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.onboarding import Given, Onboarding, Welcome
from reconciler.output.markdown_text import code, code_block, heading, inline
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.subjects.names import name_access


def _title(found: Onboarding) -> str:
    name = f"{found.name} ({found.person})" if found.name else found.person
    return f"Onboarding of {name}, like {found.like}"


def _say_given(given: Given) -> str:
    where = name_access(given.address) or "member"
    through = f", through {given.through}" if given.through else ", by name"
    return f"{given.what}: {where}{through}" if given.address.kind != "member" else f"member: {given.what}{through}"


def say_welcome(welcome: Welcome) -> str:
    """What to expect from one system, in sentences."""
    hours = welcome.hours
    valid = f"It is valid for {hours} hours." if hours else "How long it is valid is not published: answer it soon."
    first = f" Before that, register there with exactly {welcome.identifier}." if welcome.must_register else ""
    return (
        f"{welcome.title} {welcome.name}: an invitation as {welcome.role} to {welcome.identifier}.{first} {valid} "
        "Log in with that address or number and no other."
    )


def _next(found: Onboarding) -> str:
    if not found.edited:
        return "Nothing has to be edited: they have all of it."
    return "Have the edit reviewed, and apply it; `reconciler notices` then tells everybody what is theirs to do."


def render_onboarding(found: Onboarding, style: Style) -> str:
    """For a terminal."""
    lines = [style.paint(make_visible(_title(found)), Tone.STRONG), ""]
    for title, texts in _sections(found):
        lines += [style.paint(title, Tone.STRONG), *(f"  {make_visible(text)}" for text in texts), ""]
    if found.patch:
        lines += [style.paint("The edit of the manifests", Tone.STRONG)]
        lines += [*(f"  {make_visible(line)}" for line in found.patch.splitlines()), ""]
    lines.append(_next(found))
    return "".join(f"{line}\n" for line in lines)


def _sections(found: Onboarding) -> Iterator[tuple[str, list[str]]]:
    sections = {
        "Joins": [f"group:{name}" for name in found.groups],
        "Gets": [f"{one.address.organization}: {_say_given(one)}" for one in found.given],
        "Does not get": [f"{one.what}: {one.why}" for one in found.left_out],
        "Policies object": [f"{one.severity}: {one.message}" for one in found.objections],
        "What the newcomer will hear": [say_welcome(one) for one in found.welcomes],
    }
    for title, texts in sections.items():
        if texts:
            yield title, texts


def render_onboarding_markdown(found: Onboarding, _: Style) -> str:
    """For the description of the pull request."""
    blocks = [heading(1, _title(found))]
    for title, texts in _sections(found):
        blocks += [heading(2, title), "\n".join(f"- {inline(text)}" for text in texts)]
    if found.patch:
        blocks += [heading(2, "The edit of the manifests"), code_block(found.patch.rstrip("\n"), "diff").rstrip("\n")]
    blocks.append(_next(found).replace("`reconciler notices`", code("reconciler notices")))
    return "\n\n".join(blocks) + "\n"
