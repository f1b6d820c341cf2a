"""Reading the cases in tests/cases/diff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from reconciler.features.review.model import Revision
from reconciler.manifests.config import load_config
from reconciler.manifests.source import SourceFile

PATHS = sorted((Path(__file__).parents[2] / "cases" / "diff").glob("*.yaml"))
CONFIG = "reconciler.yaml"
TODAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two revisions of a workspace and the review of what lies between them."""

    base: Revision
    head: Revision
    today: date
    want: str


def read_case(path: Path) -> Case:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"given", "want"}, path
    given = content["given"]
    assert given.keys() <= {"base", "head", "today"}, path
    return Case(
        base=revision("main", given["base"]),
        head=revision("the change", given["head"]),
        today=given.get("today", TODAY),
        want=content["want"],
    )


def revision(name: str, files: Mapping[str, str]) -> Revision:
    """A workspace that holds these files; one without reconciler.yaml has an empty one."""
    config = files.get(CONFIG, "version: 1\n")
    manifests = [SourceFile(path, text.encode()) for path, text in files.items() if path != CONFIG]
    loaded = load_config(SourceFile(CONFIG, config.encode())) if config else None
    return Revision(name=name, config=loaded, files=manifests if loaded else [])
