"""What the code repeats of other parts must stay in step with them, and old documents must stay readable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.manifests.config import load_config
from reconciler.manifests.documents import BusinessCenterDocument, DevelopersDocument, IdentitiesDocument, system_of
from reconciler.manifests.fields import developers_variant, keys_of
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import KINDS
from reconciler.systems.catalogue import SYSTEMS

ROOT = Path(__file__).parents[2]
ROOMS = [ROOT / "reconciler" / room for room in ("editing", "manifests")]
SOURCES = sorted(path for room in ROOMS for path in room.glob("*.py"))
FINDINGS_PAGE = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8").partition("## Plans, reviews")[0]
MANIFEST_PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
POLICIES_PAGE = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
"""What can be wrong with policies of one's own stands here."""


def ids_in_code() -> set[str]:
    """First arguments of `notes.error(...)` and the like, and ids that fields and surprises carry."""
    found: set[str] = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in {"error", "warning", "note", "_error", "Surprise", "OneOf", "Matching", "Sort"}:
                found |= _ids_among(node.args)
            found |= _ids_among([keyword.value for keyword in node.keywords if keyword.arg == "finding"])
    return found | {
        "unknown-value",
        "wrong-type",
        "missing-extra",
    }  # defaults of OneOf and Sort; the command line's own


def _ids_among(arguments: Iterable[ast.expr]) -> set[str]:
    texts = {one.value for one in arguments if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {text for text in texts if text == "secret" or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", text)}


def ids_on_page(page: str = FINDINGS_PAGE) -> list[str]:
    return re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)


def test_every_finding_is_documented_once() -> None:
    """That none is missing is said in tests/cli/test_documented.py."""
    assert len(ids_on_page()) == len(set(ids_on_page()))
    assert "duplicate-policy" in ids_on_page(POLICIES_PAGE)


def ids_outside_manifests() -> set[str]:
    """Ids that plans, reviews and reports give their findings."""
    found: set[str] = set()
    for room in ("model", "engine", "apply", "features", "cli", "output"):
        for path in sorted((ROOT / "reconciler" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                values: list[ast.expr] = []
                if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Finding", "remark_on"}:
                    values = [keyword.value for keyword in node.keywords if keyword.arg in {"id", "id_"}]
                elif isinstance(node, ast.Call) and ast.unparse(node.func) == "_warning":
                    values = node.args[:1]
                elif path.stem == "plan_warnings" and isinstance(node, ast.Tuple):
                    values = node.elts[:1]
                elif path.name == "plan.py" and room == "model" and isinstance(node, ast.Assign):
                    values = [node.value]
                found |= _ids_among(values)
    return found


def test_every_finding_is_shown_by_a_case_or_a_test() -> None:
    shown = "".join(
        path.read_text(encoding="utf-8")
        for path in [*(ROOT / "tests/cases/manifests").glob("*.yaml"), *(ROOT / "tests/manifests").glob("test_*.py")]
    )
    assert [one for one in ids_on_page() if f"[{one}]" not in shown and f'"{one}"' not in shown] == []


def test_findings_are_documented_with_their_severity() -> None:
    severities = {
        (name, id_)
        for path in SOURCES
        for name, id_ in re.findall(r'\.(error|warning|note)\(\s*"([a-z0-9-]+)"', path.read_text(encoding="utf-8"))
    }
    documented = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \|", FINDINGS_PAGE + POLICIES_PAGE, re.MULTILINE))
    assert {(documented[id_], id_) for _, id_ in severities} == severities


def test_a_person_can_have_an_identity_for_every_system() -> None:
    assert set(keys_of(IdentitiesDocument)) == {*SYSTEMS, "phone", "tiktok", "business_center_id"}


def test_every_kind_of_asset_of_a_business_center_has_its_section() -> None:
    (system,) = SYSTEMS["business_center"].values()
    assets = {kind for kind in system.kinds if not KINDS[kind].parents} - {"organization", "member"}
    plural = {kind: "lead_libraries" if kind == "lead_library" else f"{kind}s" for kind in assets}
    assert set(plural.values()) <= set(keys_of(BusinessCenterDocument))


@pytest.mark.parametrize("kind", ["company", "research"])
@pytest.mark.parametrize("role_system", ["legacy", "owner"])
def test_every_choice_leads_to_a_variant_of_the_system(kind: str, role_system: str) -> None:
    document = DevelopersDocument(system="developers", name="Acme", kind=kind, role_system=role_system)
    assert system_of(document) is SYSTEMS["developers"][developers_variant(kind, role_system)]


def blocks(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_manifest_in_the_documentation_has_no_findings() -> None:
    manifests = load_manifests([SourceFile("access/acme.yaml", blocks(MANIFEST_PAGE)[0].encode())])
    assert manifests.findings == ()


def test_the_workspace_file_in_the_documentation_has_no_findings() -> None:
    assert load_config(SourceFile("reconciler.yaml", blocks(MANIFEST_PAGE)[1].encode())).findings == ()


def test_every_key_of_the_format_is_in_the_documentation() -> None:
    from reconciler.manifests import config as config_documents
    from reconciler.manifests import documents
    from reconciler.manifests.fields import StrictDocument

    modules = (config_documents, documents)
    models = [one for module in modules for one in vars(module).values() if _is_document(one, StrictDocument)]
    of_policies = {config_documents.CustomRuleDocument, config_documents.PolicyFileDocument}
    keys = {
        (key, POLICIES_PAGE if model in of_policies else MANIFEST_PAGE) for model in models for key in keys_of(model)
    }
    assert [key for key, page in sorted(keys) if not re.search(rf"\b{key}\b", page)] == []


def _is_document(one: object, base: type) -> bool:
    return isinstance(one, type) and issubclass(one, base)
