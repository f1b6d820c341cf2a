"""All that is shown, and what makes each of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib import import_module
from operator import attrgetter
from typing import Any

from reconciler.model.values import dataclass
from reconciler.output import FORMS
from reconciler.output.document import Style
from reconciler.output.findings import Annotations
from reconciler.output.json import Output

ANNOTATION_FORMS: Mapping[str, Callable[[Annotations, Style], Iterator[str]]] = {
    "github": lambda found, style: load("output.findings:write_workflow_commands")(
        [*found.remarks, *found.notes], style
    ),
    "sarif": lambda found, style: load("output.sarif:write_sarif")(
        [*found.remarks, *found.notes], style, category=found.category
    ),
    "junit": lambda found, _: load("output.findings:write_junit")(found.suites),
}
"""For forges and build servers, which know nothing but remarks on lines and test cases."""


def load(name: str) -> Any:
    """What `module:name` stands for."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"reconciler.{module}"), attribute)


def _first(*values: Any) -> Any:
    return values[0]


@dataclass(frozen=True, slots=True)
class Subject(Mapping[str, Callable[..., str]]):
    """Name of a form -> what renders it, given the values that are shown and the style.

    What tells a subject loads when it is used: a plan that is shown as text needs neither the writer of reviews nor
    pydantic.
    """

    module: str
    document: str
    """Name of a function in the module, as are the next two."""
    json: str
    """An `Output`, or a function that makes the text or its pieces; of another module as `module:function`."""
    annotations: str = ""
    content: Callable[..., Any] | str = _first
    """What of the values stands in JSON; a name is that of a function too."""

    def __getitem__(self, form: str) -> Callable[..., str]:
        if form not in self:
            raise KeyError(form)
        return lambda *values: "".join(self.write(form, *values))

    def write(self, form: str, *values: Any) -> Iterator[str]:
        """The same in pieces, so that no text is ever as large as what is shown."""
        if form == "json":
            return self._write_json(*values)
        is_document = form in FORMS
        write = load(FORMS[form]) if is_document else ANNOTATION_FORMS[form]
        describe = self._load(self.document if is_document else self.annotations)
        pieces: Iterator[str] = write(describe(*values[:-1]), values[-1])
        return pieces

    def __contains__(self, form: object) -> bool:
        return form in FORMS or form == "json" or (form in ANNOTATION_FORMS and bool(self.annotations))

    def __iter__(self) -> Iterator[str]:
        return filter(self.__contains__, (*FORMS, *ANNOTATION_FORMS, "json"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _write_json(self, *values: Any) -> Iterator[str]:
        made = self._load(self.json)
        content = self._load(self.content) if isinstance(self.content, str) else self.content
        text = (made.write if isinstance(made, Output) else made)(content(*values[:-1]))
        return iter([text.decode()]) if isinstance(text, bytes) else iter(text)

    def load_output(self) -> Output | None:
        """How its JSON is written; None for what is read back."""
        made = self._load(self.json)
        return made if isinstance(made, Output) else None

    def _load(self, name: str) -> Any:
        return load(name if ":" in name else f"{self.module}:{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renderers:
    """Every value that is shown."""

    findings: Subject = Subject(
        "output.findings",
        "document_of_findings",
        "FINDINGS",
        "annotations_of_findings",
        content=attrgetter("in_reading_order"),
    )
    plan: Subject = Subject(
        "features.planning.document", "document_of_plan", "model.json:write_plan", "annotations_of_plan"
    )
    state: Subject = Subject("features.records", "document_of_state", "model.json:state_to_json")
    state_list: Subject = Subject(
        "features.records",
        "document_of_state_list",
        "STATE_LIST",
        content=lambda states: [one.summary for one in states],
    )
    systems: Subject = Subject("features.listing", "document_of_systems", "SYSTEMS")
    history: Subject = Subject("features.records", "document_of_history", "HISTORY")
    audit_log: Subject = Subject("features.records", "document_of_audit_log", "AUDIT_LOG")
    who: Subject = Subject("features.queries.documents", "document_of_person", "WHO")
    access: Subject = Subject("features.queries.documents", "document_of_access", "ACCESS")
    who_all: Subject = Subject("features.queries.everything", "document_of_everybody", "EVERYBODY")
    access_all: Subject = Subject("features.queries.everything", "document_of_everything", "EVERYTHING")
    expiring: Subject = Subject("features.queries.expiring", "document_of_expiring", "EXPIRING")
    why: Subject = Subject("features.queries.reasons", "document_of_why", "WHY")
    review: Subject = Subject("features.review.document", "document_of_review", "REVIEW", "annotations_of_review")
    access_proposal: Subject = Subject("features.granting", "document_of_proposal", "PROPOSAL")
    policies: Subject = Subject("features.listing", "document_of_policies", "POLICIES")
    observation: Subject = Subject("features.rosters.observe", "document_of_observation", "OBSERVATION")
    report: Subject = Subject(
        "features.planning.report",
        "document_of_report",
        "REPORT",
        "annotations_of_report",
        content=lambda plan, report: report.about(plan),
    )
    drift: Subject = Subject("features.drift", "document_of_drift", "DRIFT", "annotations_of_drift")
    estimate: Subject = Subject("features.estimate", "document_of_forecast", "ESTIMATE")
    work_orders: Subject = Subject(
        "features.work_orders.document", "document_of_work_orders", "WORK_ORDERS", content=attrgetter("orders")
    )
    work_order: Subject = Subject(
        "features.work_orders.document", "document_of_work_order", "WORK_ORDERS", content=lambda order: (order,)
    )
    worksheet: Subject = Subject(
        "features.work_orders.document", "document_of_worksheet", "WORK_ORDERS", content=attrgetter("orders")
    )
    offboarding: Subject = Subject("features.offboarding.document", "document_of_offboarding", "OFFBOARDING")
    notices: Subject = Subject(
        "features.work_orders.document", "document_of_notices", "NOTICES", content="with_messages"
    )
    access_reviews: Subject = Subject("features.certification.model", "document_of_reviews", "CAMPAIGNS")
    access_review: Subject = Subject("features.certification.model", "document_of_closing", "CLOSING")
    doctor: Subject = Subject("cli.commands.doctor", "document_of_doctor", "DOCTOR")
    onboarding: Subject = Subject("features.onboarding", "document_of_onboarding", "ONBOARDING")


RENDERERS = Renderers()


def load_outputs() -> dict[str, Output]:
    """Every document that a command writes with `--format json` and that is not read back; loads all features."""
    subjects: list[Subject] = [getattr(RENDERERS, field.name) for field in fields(Renderers)]
    return {output.name: output for subject in subjects if (output := subject.load_output())}
