"""One access more, or one fewer: the smallest edit of the manifests, and what it gives and takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from reconciler.editing.index import ManifestEdit, ManifestIndex, Written, path_of
from reconciler.editing.writer import Drop, Edit, Put, Value
from reconciler.engine.entitlements import reach
from reconciler.manifests.people import PREFIX
from reconciler.model import (
    KINDS,
    Action,
    Address,
    Attributes,
    Change,
    Declared,
    Desired,
    Finding,
    Mark,
    Plan,
    Risk,
    UsageError,
    Waiting,
    count,
    dataclass,
    is_downgrade,
    name_access,
    name_attributes,
    name_subject,
    person_in,
    suggest_names,
    suggest_word,
)
from reconciler.output.document import (
    Block,
    Document,
    Inline,
    Item,
    Items,
    Row,
    Section,
    bullets,
    edit_section,
    explain_approval,
    plain,
    word_finding,
    words_of,
)
from reconciler.output.json import Output
from reconciler.output.rows import BLOCKED, LEFT_OUT, SIGNS, WAITING, describe_risk, name_some, row_of, rows_section

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """What somebody asks for."""

    person: str
    """Key, or e-mail address."""
    target: Address
    """The organization itself, or an asset."""
    role: str
    """A role; for a TikTok account permissions with commas between them."""
    days: timedelta
    reason: str
    break_glass: bool = False

    @property
    def address(self) -> Address:
        """Of the membership, or of the access to the asset; raises UsageError where people have none there."""
        return access_address(self.target, self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedAccess:
    """One access that an edit gives, takes or changes."""

    address: Address
    had: str = ""
    """In words, with its last day; empty where there is none."""
    has: str = ""


class StepFate(StrEnum):
    """What a plan does with a step."""

    DONE = "done"
    WAITING = "waiting"
    BLOCKED = "blocked"
    LEFT_OUT = "left_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """What a plan would say of one access that the edit changes."""

    address: Address
    action: Action | None
    """None for what is left out."""
    access: str
    """In words: `standard -> admin`."""
    fate: StepFate
    why: str = ""
    """Which guard or policy blocks it, on whom it waits, or why it is left out."""
    approval: str = ""
    """The manifest line that would allow it."""
    risk: Risk
    marks: tuple[Mark, ...] = ()
    expires: date | None = None
    """The UTC day on which what it gives is gone again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessProposal:
    """The edit of the manifests, to be reviewed like any other."""

    JSON_HIDDEN: ClassVar = ("edited",)

    person: str
    target: str
    """Address of what it is about."""
    is_grant: bool
    changes: tuple[GrantedAccess, ...] = ()
    notes: tuple[str, ...] = ()
    """What a reviewer would not expect."""
    owners: tuple[str, ...] = ()
    """Who decides about it, as the manifests say it."""
    findings: tuple[Finding, ...] = ()
    """What validation says after the edit and did not say before."""
    objections: tuple[Finding, ...] = ()
    """What policies have against it."""
    steps: tuple[ForeseenStep, ...] = ()
    """What a plan would do about the accesses that change, by what is recorded."""
    unforeseen: str = ""
    """Why nobody can tell what a plan would do; empty where that is known."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its text with the edit."""
    patch: str = ""
    """The edit as a unified diff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedEdit:
    """What to write, and what is to be said of it."""

    edit: ManifestEdit
    notes: tuple[str, ...] = ()


def access_address(target: Address, person: str) -> Address:
    """Where somebody's access to an organization or an asset is declared; raises UsageError where people have none."""
    if target.kind == "organization":
        return Address(target.organization, "member", person)
    kind = next((one.name for one in KINDS.values() if one.parents == (target.kind, "member")), "")
    if not kind:
        advice = "name an organization, or an asset such as acme-bc/ad_account/us"
        raise UsageError(f"nobody is given access to {target} itself", advice=advice)
    return Address(target.organization, kind, f"{target.key}/{person}")


def propose_grant(request: AccessRequest, desired: Desired, index: ManifestIndex, *, today: date) -> ProposedEdit:
    """The edit that gives somebody an access until a day; raises UsageError where nothing has to or can be done."""
    address, expires = request.address, today + request.days
    if KINDS[address.kind].is_item:
        raise UsageError(f"access to a {KINDS[request.target.kind].title} has no end date", advice="declare it by hand")
    asked = _read_access(request, desired)
    terms: dict[str, Value] = {**asked, "expires": expires.isoformat(), "reason": request.reason}
    if request.break_glass:
        terms = {**asked, "starts": today.isoformat(), **terms, "break_glass": True}
    organization = desired.organizations[address.organization]
    declared = desired.resources[address.organization].get(address)
    lines = [line for line in (declared.lines if declared else ()) if line.expires is None or line.expires > today]
    own = next((line for line in (declared.lines if declared else ()) if not line.through), None)
    if own is not None and own.break_glass and not own.reviewed_by:
        why = f"{request.person} had emergency access there, and nobody has reviewed it ({own.place})"
        raise UsageError(why, advice="write `reviewed_by: WHO` first")
    person = desired.people.get(request.person)
    last = min(expires, person.ends) if person and person.ends else expires  # no line outlasts somebody's time
    if person and last <= max(today, person.starts or today):
        raise UsageError(f"by their own days {person.key} is not here from {today} until {expires} ({person.place})")
    for line in lines:
        is_less = is_downgrade(organization.system, address.kind, before=asked, after=line.attributes)
        if (line.starts or today) <= today and (line.expires or last) >= last and not is_less:
            until = f" until {line.expires}" if line.expires else ""
            raise UsageError(f"{request.person} has that{until} already, or more ({line.place})")
    file, notes = organization.place.file, list[str]()
    written = index.find(path_of(address))
    if own is None or own not in lines:
        edits = _write_again(written, terms, notes)
    # Another end for a line that begins later would cut that one short.
    elif own.attributes == asked and not request.break_glass and (own.starts or today) <= today:
        edits = [Put(path=(*written.path, name), value=terms[name]) for name in ("expires", "reason")]
        return ProposedEdit(
            edit=index.edit((file, edit) for edit in edits), notes=(f"it would have ended on {own.expires}",)
        )
    else:
        edits = _give_beside(request, terms, desired, notes)
    conflict = ("organizations", organization.key, "on_conflict")
    if any(line.attributes != asked for line in lines) and index.find(conflict).value != "highest":
        edits.append(Put(path=conflict, value="highest"))
        notes.append(f"{organization.key} gets `on_conflict: highest`: of two roles of one person the stronger counts")
    return ProposedEdit(edit=index.edit((file, edit) for edit in edits), notes=tuple(notes))


_OF_AN_EMERGENCY = ("break_glass", "reviewed_by")
"""What is said of one emergency, and of no later access."""


def _write_again(written: Written, terms: Mapping[str, Value], notes: list[str]) -> list[Edit]:
    """The line that gives access from now on; what else stands on one that has ended stays, and is noted."""
    path, present = written.path, written.value
    if not isinstance(present, dict):
        return [Put(path=path, value=terms)]
    over = [name for name in _OF_AN_EMERGENCY if name in present and name not in terms]
    others = {name: value for name, value in present.items() if name not in {*terms, *over, "starts"}}
    kept = [f"{name}: {str(value).lower() if value is True else value}" for name, value in others.items()]
    if kept:
        notes.append(f"of the line that has ended this stays, and holds again: {', '.join(kept)}")
    puts = (Put(path=(*path, name), value=value) for name, value in terms.items())
    return [*puts, *(Drop(path=(*path, name), keep=len(path)) for name in over)]


def _give_beside(request: AccessRequest, terms: Mapping[str, Value], desired: Desired, notes: list[str]) -> list[Edit]:
    """A group of one beside the line that they have: a name can stand under `members` only once."""
    name = f"{request.person.partition('@')[0]}-until-{terms['expires']}"
    if name in desired.groups:
        raise UsageError(f"there is a group `{name}` already", advice="choose another number of days, or edit by hand")
    notes.append(f"their own line stays as it is; until {terms['expires']} a group of one gives this beside it")
    return [
        Put(path=("groups", name), value={"members": [request.person], "description": request.reason}),
        Put(path=(*path_of(request.address)[:-1], f"{PREFIX}{name}"), value=terms),
    ]


def _read_access(request: AccessRequest, desired: Desired) -> Attributes:
    """The role, or the permissions; raises UsageError for words that are none here."""
    address = request.address
    system = desired.organizations[address.organization].system
    permissions = system.permissions.get(address.kind, ())
    known = [one.name for one in permissions or system.roles.get(address.kind, ())]
    if not known:
        raise UsageError(f"{system.title} has no access of people to a {KINDS[request.target.kind].title}")
    asked = request.role.split(",") if permissions else [request.role]
    for word in asked:
        if word not in known:
            advice = suggest_word(word, known) or f"there are: {', '.join(known)}"
            raise UsageError(f"{word!r} is no {'permission' if permissions else 'role'} here", advice=advice)
    return {"permissions": tuple(sorted(set(asked)))} if permissions else {"role": request.role}


def propose_revoke(
    person: str, target: Address, desired: Desired, index: ManifestIndex, *, today: date
) -> ProposedEdit:
    """The edit that takes an access away, with what hangs on it; raises UsageError where there is none."""
    first = access_address(target, person)
    resources = desired.resources[target.organization]
    if target.kind == "organization":
        affected = [one for address, one in resources.items() if person_in(address) == person]
    else:
        affected = [one for address, one in resources.items() if address == first]
    if not affected:
        advice = _advise_on_holders(person, target, desired, today)
        raise UsageError(f"the manifests give {person} no access to {_name(target)}", advice=advice)
    affected.sort(key=lambda one: one.address.kind == "member")
    edits = [index.take_out(one.address) for one in affected if not all(line.through for line in one.lines)]
    through = {line.through for declared in affected for line in declared.lines if line.through}
    left = [group for group in index.groups.of(person) if index.groups.giving_through(group) & through]
    edits += [index.leave_group(group, person) for group in left]
    notes = tuple(f"they leave group:{group}, and lose all that it gives" for group in left)
    return ProposedEdit(edit=index.edit(edits), notes=notes)


def _advise_on_holders(person: str, target: Address, desired: Desired, today: date) -> str:
    """By which other way they reach it, else who has access to it, and who of them may have been meant."""
    organization, resources = desired.organizations[target.organization], desired.resources[target.organization]
    cells = reach(organization.key, resources, system=organization.system, today=today)
    held = cells.get((Address(organization.key, "member", person), target))
    for way in held.ways if held else ():
        thing = Address(organization.key, KINDS[way.address.kind].parents[0], way.address.parts[0])
        return f"they reach it by {thing}: `reconciler revoke {person} {thing}`"
    names = sorted({one for at in resources if (one := person_in(at)) and access_address(target, one) == at})
    some = words_of(name_some(names, _MAX_NAMED))
    who = f"{some} {'has' if len(names) == 1 else 'have'} access to it" if names else "nobody has access to it"
    return "; ".join(filter(None, [suggest_names(person, names), who]))


def _name(target: Address) -> str:
    """As people type it."""
    return target.organization if target.kind == "organization" else str(target)


def describe_access(
    proposed: ProposedEdit,
    person: str,
    target: Address,
    *,
    before: Desired,
    after: Desired,
    today: date,
    is_grant: bool,
) -> AccessProposal:
    """What changes, for everybody, and whether somebody who loses an access still reaches the thing another way.

    Raises UsageError where the very access that was to go is still declared.
    """
    kept = after.resources[target.organization].get(access_address(target, person))
    if not is_grant and kept is not None:
        for line in kept.lines:
            if line.expires is None or line.expires > today:
                advice = "take that line out by hand, then try again"
                raise UsageError(f"{person} would still have that by another line ({line.place})", advice=advice)
    changes, old, new = list[GrantedAccess](), before.everything, after.everything
    for address in sorted(old.keys() | new.keys()):
        had, has = _in_words(old.get(address), today), _in_words(new.get(address), today)
        if had != has:
            changes.append(GrantedAccess(address=address, had=had, has=has))
    organization = after.organizations[target.organization]
    notes = list(proposed.notes)
    if not is_grant:
        cells = reach(organization.key, after.resources[organization.key], system=organization.system, today=today)
        left = cells.get((Address(organization.key, "member", person), target))
        notes += [f"they still reach it by {way.address}  [{way.place}]" for way in (left.ways if left else ())]
    asset = after.resources[organization.key].get(target)
    owners = (asset.owners if asset else ()) or organization.owners
    return AccessProposal(
        person=person,
        target=_name(target),
        is_grant=is_grant,
        changes=tuple(changes),
        notes=tuple(dict.fromkeys(notes)),
        owners=tuple(owner for owner in dict.fromkeys(owners) if owner != person),  # nobody decides about themselves
        edited=proposed.edit.texts,
        patch=proposed.edit.patch,
    )


def foresee(plan: Plan, proposal: AccessProposal) -> AccessProposal:
    """The proposal with what a plan of the edited manifests says of the accesses that it changes."""
    changed = {one.address for one in proposal.changes}
    touched = {address.organization for address in changed}
    unknown = [part.organization for part in plan.organizations if part.is_first and part.organization in touched]
    steps = tuple(one for one in _foreseen(plan) if one.address in changed)
    why = f"nothing is recorded of {', '.join(unknown)}: it was never applied, or its state is lost" if unknown else ""
    return replace(proposal, steps=steps, unforeseen=why)


def _foreseen(plan: Plan) -> Iterator[ForeseenStep]:
    for change in plan.changes:
        yield _foreseen_step(change, StepFate.DONE)
    for waiting in plan.waiting:
        yield _foreseen_step(waiting, StepFate.WAITING, f"waits for {waiting.on}: {waiting.reason}")
    for one in plan.blocked:
        why = f"{one.guard}: {one.message}"
        yield replace(_foreseen_step(one.change, StepFate.BLOCKED, why), approval=one.approval)
    for part in plan.organizations:
        for item in part.left_out:
            yield ForeseenStep(
                address=item.address,
                action=None,
                access=name_access(item.address),
                fate=StepFate.LEFT_OUT,
                why=item.reason,
                risk=Risk.LOW,
            )


def _foreseen_step(step: Change | Waiting, fate: StepFate, why: str = "") -> ForeseenStep:
    sides = [side.attributes for side in (step.before, step.after) if side is not None and not side.status.is_gone]
    return ForeseenStep(
        address=step.address,
        action=step.action,
        access=name_access(step.address, *sides),
        fate=fate,
        why=why,
        risk=step.risk,
        marks=step.marks,
        expires=step.expires,
    )


def _in_words(declared: Declared | None, today: date) -> str:
    """The lines that hold today or later: `standard, then admin ...`."""
    lines = [one for one in (declared.lines if declared else ()) if one.expires is None or one.expires > today]
    said = []
    for line in lines:
        starts = f" from {line.starts}" if line.starts and line.starts > today else ""
        said.append(
            f"{name_attributes(line.attributes) or 'yes'}{starts}{f' until {line.expires}' if line.expires else ''}"
        )
    return ", ".join(dict.fromkeys(said))


PROPOSAL = Output(
    name="access-proposal", title="One access more or fewer: the edit, and what it changes", value=AccessProposal
)


def document_of_proposal(found: AccessProposal) -> Document:
    """The proposal, as the description of a pull request may hold it."""
    blocked = sum(one.fate is StepFate.BLOCKED for one in found.steps)
    held = f" As it is, a plan blocks {count(blocked, 'step', 'steps')} of it." if blocked else ""
    then = f"Have the edit reviewed, and apply it.{held}"
    return Document(
        title=plain(f"{'Access' if found.is_grant else 'No more access'} to {found.target} for {found.person}"),
        blocks=tuple(filter(None, _blocks(found))),
        summary=then if found.edited else "Nothing has to be edited.",
        whole="proposal",
    )


def _blocks(found: AccessProposal) -> Iterator[Block | None]:
    given = [one for one in found.changes if one.has and not one.had]
    taken = [one for one in found.changes if one.had and not one.has]
    sections: dict[str, Iterable[Inline]] = {
        "Gives": [plain(f"{_where(one)}: {one.has}") for one in given],
        "Takes away": [plain(f"{_where(one)}: {one.had}") for one in taken],
        "Changes": [plain(f"{_where(one)}: {one.had} -> {one.has}") for one in found.changes if one.had and one.has],
        "Good to know": map(plain, found.notes),
        "Who decides": map(plain, found.owners),
        "Validation says": map(word_finding, found.findings),
        "Policies object": map(word_finding, found.objections),
    }
    yield from (bullets(title, texts) for title, texts in sections.items())
    yield edit_section(found.patch)
    if found.edited:
        title = "What a plan would do then, by what is recorded"
        nothing = found.unforeseen or "nothing today: what is recorded is as it shall be"
        rows = rows_section(title, map(_foreseen_row, found.steps))
        said = () if rows and not found.unforeseen else (Items(items=(Item(text=plain(nothing)),)),)
        yield Section(title=title, blocks=(*(rows.blocks if rows else ()), *said))


_FATES = {StepFate.WAITING: WAITING, StepFate.BLOCKED: BLOCKED, StepFate.LEFT_OUT: LEFT_OUT}


def _foreseen_row(one: ForeseenStep) -> Row:
    says = [describe_risk(one.risk, one.marks).strip(" ()")] if one.action else []
    says = [one.action.replace("_", " "), *says] if one.action else says
    says += [f"until {one.expires}"] if one.expires else []
    details = [f"blocked by {one.why}" if one.fate is StepFate.BLOCKED else one.why] if one.why else []
    if one.fate is StepFate.BLOCKED:
        details.append(explain_approval(one.approval))
    sign = _FATES.get(one.fate) or SIGNS[one.action or Action.FORGET]
    where = f"{one.access or 'access'} in {one.address.organization}"
    return row_of(sign, name_subject(one.address), where, "; ".join(says), details=details, snippet=one.approval)


def _where(one: GrantedAccess) -> str:
    return f"{person_in(one.address)} in {one.address.organization}: {name_access(one.address) or 'member'}"
