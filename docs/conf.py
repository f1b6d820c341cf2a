"""The documentation as a site: `make site` builds it, and a warning is an error.

A page is Markdown that also reads well on a forge. What only a site has is made here: the order of the pages from the
lists of `index.md`, the reference of the schemas from `schemas/`, and links that leave `docs/`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = PROJECT.get("urls", {}).get("Repository", "")
BUILT = ("steps", "schemas/index")
"""Pages that are made from the code and are not in git."""

project = PROJECT["name"]
author = PROJECT["authors"][0]["name"]
extensions = ["myst_parser"]
exclude_patterns = ["conf.py"]
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_title = "reconciler"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
html_static_path = ["site.css", "site.js"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

_LEAVING = re.compile(r"\[([^\]]+)\]\(\.\./([^)#\s]*)[^)]*\)")
_LISTED = re.compile(r"^- \[[^\]]+\]\(([\w-]+)\.md\)", re.MULTILINE)


def setup(app: Any) -> None:
    """What Sphinx calls first."""
    app.connect("builder-inited", lambda _: write_schema_pages())
    app.connect("source-read", prepare)


def prepare(_app: Any, name: str, source: list[str]) -> None:
    """Turn what a forge shows into what the site shows."""
    source[0] = _LEAVING.sub(lambda link: lead_out(*link.groups()), source[0])
    if name == "index":
        source[0] += "".join(order_of(source[0]))


def lead_out(text: str, path: str) -> str:
    """A link to a file of the repository; only its name, as long as nobody knows where the repository will be."""
    if REPOSITORY:
        return f"[{text}]({REPOSITORY}/blob/main/{path})"
    return text if path in text or Path(path).name in text else f"{text} (`{path}` in the repository)"


def order_of(text: str) -> Iterator[str]:
    """One part of the navigation for each heading of `index.md`, with the pages that are listed below it."""
    for section in text.split("\n## ")[1:]:
        pages = [*_LISTED.findall(section), *(BUILT if section.startswith("Reference") else ())]
        yield "\n".join(["\n```{toctree}", ":hidden:", f":caption: '{section.splitlines()[0]}'", "", *pages, "```\n"])


def write_schema_pages() -> None:
    """`docs/schemas`: a page for each published schema, and their list."""
    folder = DOCS / "schemas"
    folder.mkdir(exist_ok=True)
    schemas = {
        path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "schemas").glob("*.schema.json"))
    }
    pages = {name: render_schema(name, schema) for name, schema in schemas.items()}
    rows = "".join(f"| [`{name}`]({name}.md) | {schema['title']} |\n" for name, schema in schemas.items())
    pages["index"] = (
        "# Schemas\n\nEvery document that people write, that is kept, or that a command writes with `--format json`; "
        "`reconciler schema` prints the schema itself.\n\n| schema | of |\n|---|---|\n"
        f"{rows}\n```{{toctree}}\n:hidden:\n\n" + "\n".join(schemas) + "\n```\n"
    )
    for name, page in pages.items():
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")
    for path in folder.glob("*.md"):
        if path.stem not in pages:
            path.unlink()


def render_schema(name: str, schema: Mapping[str, Any]) -> str:
    """What stands in one document: the whole, then each part that it is made of."""
    parts = {"The document": schema, **schema.get("$defs", {})}
    sections = (f"\n## {title}\n\n{render_part(part)}" for title, part in parts.items())
    return f"# `{name}`\n\n{schema['title']}.\n" + "".join(sections)


def render_part(part: Mapping[str, Any]) -> str:
    """One object as a table of its properties, or one value as what it may be."""
    told = cell(part.get("description", ""))
    head = f"{told}\n\n" if told else ""
    if "properties" not in part:
        return f"{head}Type: {type_of(part)}.\n"
    required = part.get("required", ())
    rows = (
        f"| `{key}` | {type_of(value)}{'' if key in required else ', optional'} | {meaning_of(value)} |\n"
        for key, value in part["properties"].items()
    )
    return f"{head}| property | type | meaning |\n|---|---|---|\n" + "".join(rows)


def meaning_of(value: Mapping[str, Any]) -> str:
    """The description, and what holds where nothing is said."""
    default = value.get("default")
    told = cell(value.get("description", ""))
    return f"{told} Default: `{json.dumps(default)}`.".lstrip() if default not in (None, "", [], {}) else told


def type_of(value: Mapping[str, Any]) -> str:
    """A type in a few words, with links to the parts of the document."""
    match value:
        case {"$ref": reference}:
            part = str(reference).rpartition("/")[2]
            return f"[{part}](#{part.lower()})"
        case {"anyOf": choices} | {"oneOf": choices}:
            return " or ".join(dict.fromkeys(type_of(choice) for choice in choices))
        case {"enum": words}:
            return ", ".join(f"`{word}`" for word in words)
        case {"const": word}:
            return f"`{word}`"
        case {"type": "array", "items": items}:
            return f"list of {type_of(items)}"
        case {"type": "object", "additionalProperties": {**below}} if below:
            return f"mapping to {type_of(below)}"
        case {"type": "string", "format": form}:
            return str(form)
        case {"type": [*kinds]}:
            return " or ".join(map(str, kinds))
        case {"type": kind}:
            return "text" if kind == "string" else str(kind)
    return "anything"


def cell(text: str) -> str:
    """Text that stays in its cell; between backticks only the bar of a table is not itself."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(re.sub(r"(\|)" if part[:1] == "`" else r"([|<>*\[\]])", r"\\\1", part) for part in parts)
