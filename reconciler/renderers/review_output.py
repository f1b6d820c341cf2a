"""From a review to the shape of its JSON output."""

from __future__ import annotations

from datetime import date

from reconciler.core.declared import Consent
from reconciler.core.finding import Place, Severity
from reconciler.core.review import (
    Access,
    AccessChange,
    DangerousStep,
    Effect,
    Mark,
    PersonChange,
    Review,
    Side,
    ThingChange,
    ValueChange,
    Way,
)
from reconciler.manifests.output_documents import PlaceOutput
from reconciler.manifests.review_documents import (
    AccessChangeOutput,
    AccessSideOutput,
    ConsentOutput,
    PersonChangeOutput,
    RenameOutput,
    ReviewOutput,
    ReviewSummaryOutput,
    SideOutput,
    StepOutput,
    ThingChangeOutput,
    ValueChangeOutput,
    WayOutput,
)
from reconciler.renderers.outputs import finding_of, place_of, values_of


def describe_review(review: Review) -> ReviewOutput:
    """The whole review."""
    return ReviewOutput(
        format_version=review.format_version,
        tool_version=review.tool_version,
        today=str(review.today),
        base=_side(review.base),
        head=_side(review.head),
        summary=_summary(review),
        access=[_access_change(change) for change in review.access],
        things=[_thing(change) for change in review.things],
        people=[_person(change) for change in review.people],
        settings=_values(review.settings),
        renames=[RenameOutput(before=str(one.before), after=str(one.after)) for one in review.renames],
        steps=[_step(step) for step in review.steps],
        consents_given=[_consent(consent) for consent in review.consents_given],
        consents_withdrawn=[_consent(consent) for consent in review.consents_withdrawn],
        findings=[finding_of(finding) for finding in review.findings],
        policy_findings=[finding_of(finding) for finding in review.policy_findings],
        resolved=[finding_of(finding) for finding in review.resolved],
        notices=list(review.notices),
    )


def _summary(review: Review) -> ReviewSummaryOutput:
    effects = [change.effect for change in review.access]
    marks = [mark for change in review.access for mark in change.marks]
    new = (*review.findings, *review.policy_findings)
    return ReviewSummaryOutput(
        is_empty=review.is_empty,
        gains=effects.count(Effect.GAIN) + effects.count(Effect.BOTH),
        losses=effects.count(Effect.LOSS) + effects.count(Effect.BOTH),
        admins=marks.count(Mark.ADMIN),
        money=marks.count(Mark.MONEY),
        steps_without_consent=sum(step.consent is None for step in review.steps),
        new_errors=sum(finding.severity is Severity.ERROR for finding in new),
    )


def _side(side: Side) -> SideOutput:
    problems = [finding_of(finding) for finding in side.problems]
    return SideOutput(name=side.name, commit=side.commit, digest=side.digest, problems=problems)


def _access_change(change: AccessChange) -> AccessChangeOutput:
    return AccessChangeOutput(
        organization=change.organization,
        subject=str(change.subject),
        on=str(change.on),
        effect=change.effect.value,
        marks=[mark.value for mark in change.marks],
        before=_access(change.before),
        after=_access(change.after),
    )


def _access(access: Access | None) -> AccessSideOutput | None:
    if access is None:
        return None
    return AccessSideOutput(
        values=values_of(access.attributes),
        starts=_day(access.starts),
        ends=_day(access.ends),
        identity=access.identity,
        ways=[_way(way) for way in access.ways],
    )


def _way(way: Way) -> WayOutput:
    return WayOutput(
        address=str(way.address),
        values=values_of(way.attributes),
        through=way.through,
        starts=_day(way.starts),
        ends=_day(way.ends),
        protect=way.protect,
        reason=way.reason,
        place=place_of(way.place),
    )


def _thing(change: ThingChange) -> ThingChangeOutput:
    return ThingChangeOutput(
        address=str(change.address),
        before=_find_place(change.before),
        after=_find_place(change.after),
        values=_values(change.values),
    )


def _person(change: PersonChange) -> PersonChangeOutput:
    return PersonChangeOutput(
        key=change.key,
        before=_find_place(change.before),
        after=_find_place(change.after),
        values=_values(change.values),
        organizations=list(change.organizations),
    )


def _step(step: DangerousStep) -> StepOutput:
    return StepOutput(
        action=step.action.value,
        address=str(step.address),
        why=step.why,
        irreversible=step.irreversible,
        consent=_consent(step.consent) if step.consent else None,
        place=_find_place(step.place),
    )


def _consent(consent: Consent) -> ConsentOutput:
    return ConsentOutput(
        allow=consent.allow.value,
        address=str(consent.address),
        reason=consent.reason,
        until=_day(consent.until),
        place=_find_place(consent.place),
    )


def _values(values: tuple[ValueChange, ...]) -> list[ValueChangeOutput]:
    return [ValueChangeOutput(name=one.name, before=one.before, after=one.after) for one in values]


def _day(day: date | None) -> str | None:
    return str(day) if day else None


def _find_place(place: Place | None) -> PlaceOutput | None:
    return None if place is None else place_of(place)
