"""One access more, or one fewer: the smallest edit of the manifests, and what it gives and takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date, timedelta
from typing import Any, ClassVar

from reconciler.editing.edits import Drop, Edit, Leave, Put, Value, find_file
from reconciler.editing.entries import path_of
from reconciler.editing.person_edits import GroupLists, ManifestEdit, edit_all, read_group_lists
from reconciler.engine.access_paths import reach
from reconciler.manifests.people import PREFIX
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.access import is_downgrade
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired, Entitlement
from reconciler.model.errors import UsageError
from reconciler.model.finding import Finding
from reconciler.model.kinds import KINDS, person_in
from reconciler.model.suggestions import suggest_word
from reconciler.model.values import dataclass
from reconciler.output.document import Block, Code, Document, Inline, Item, Items, Section, plain
from reconciler.output.json import Output
from reconciler.output.words import name_access, name_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """What somebody asks for."""

    person: str
    """Key, or e-mail address."""
    target: Address
    """The organization itself, or an asset."""
    role: str
    """A role; for a TikTok account permissions with commas between them."""
    days: int
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


def propose_grant(
    request: AccessRequest, desired: Desired, files: Sequence[SourceFile], *, today: date
) -> ProposedEdit:
    """The edit that gives somebody an access until a day; raises UsageError where nothing has to or can be done."""
    address, expires = request.address, today + timedelta(days=request.days)
    if KINDS[address.kind].is_item:
        raise UsageError(f"access to a {KINDS[request.target.kind].title} has no end date", advice="declare it by hand")
    access = _read_access(request, desired)
    begins: dict[str, Value] = {"starts": today.isoformat()} if request.break_glass else {}
    mark: dict[str, Value] = {"break_glass": True} if request.break_glass else {}
    terms = {**access, **begins, "expires": expires.isoformat(), "reason": request.reason, **mark}
    path = path_of(address)
    place = desired.organizations[address.organization].place
    system = desired.organizations[address.organization].system
    asked = {name: tuple(value) if isinstance(value, list) else value for name, value in access.items()}

    def is_enough(line: Entitlement) -> bool:
        return not is_downgrade(system, address.kind, before=asked, after=line.attributes)  # type: ignore[arg-type]  # no other values are made above

    declared = desired.resources[address.organization].get(address)
    lines = [line for line in (declared.lines if declared else ()) if line.expires is None or line.expires > today]
    own = next((line for line in (declared.lines if declared else ()) if not line.through), None)
    if own is not None and own.break_glass and not own.reviewed_by:
        advice = "write `reviewed_by: WHO` first"
        raise UsageError(
            f"{request.person} had emergency access there, and nobody has reviewed it ({own.place})", advice=advice
        )
    person = desired.people.get(request.person)
    last = min(expires, person.ends) if person and person.ends else expires  # no line outlasts somebody's time
    for line in lines:
        if (line.starts or today) <= today and (line.expires or last) >= last and is_enough(line):
            until = f" until {line.expires}" if line.expires else ""
            raise UsageError(f"{request.person} has that{until} already, or more ({line.place})")
    stronger, notes = (
        _let_the_stronger_count(desired, address.organization, files)
        if any(line.attributes != asked for line in lines)
        else ([], ())
    )
    if own is None or own not in lines:
        edits = [Put(path=path, value=terms), *stronger]
        return ProposedEdit(edit=edit_all(files, {place.file: edits}), notes=notes)
    begins_later = own.starts is not None and own.starts > today  # an end of today's grant would cut it short
    if own.attributes == asked and not (request.break_glass or begins_later):
        edits = [Put(path=(*path, name), value=terms[name]) for name in ("expires", "reason")]
        return ProposedEdit(edit=edit_all(files, {place.file: edits}), notes=(f"it would have ended on {own.expires}",))
    more = _raise_for_a_while(request, terms, desired, files, expires=expires, stronger=stronger)
    return replace(more, notes=(*more.notes, *notes))


def _read_access(request: AccessRequest, desired: Desired) -> dict[str, Value]:
    """The role, or the permissions, as they are written; raises UsageError for words that are none here."""
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
    return {"permissions": sorted(set(asked))} if permissions else {"role": request.role}


def _raise_for_a_while(
    request: AccessRequest,
    terms: Mapping[str, Value],
    desired: Desired,
    files: Sequence[SourceFile],
    *,
    expires: date,
    stronger: Sequence[Edit],
) -> ProposedEdit:
    """Beside the line that they have, through a group of one: a name can stand under `members` only once."""
    address, key = request.address, request.address.organization
    name = f"{request.person.partition('@')[0]}-until-{expires}"
    path = (*path_of(address)[:-1], f"{PREFIX}{name}")
    if name in desired.groups:
        raise UsageError(f"there is a group `{name}` already", advice="choose another number of days, or edit by hand")
    edits: list[Edit] = [
        Put(path=("groups", name), value={"members": [request.person], "description": request.reason}),
        Put(path=path, value=terms),
        *stronger,
    ]
    note = f"their own line stays as it is; until {expires} a group of one gives this beside it"
    return ProposedEdit(edit=edit_all(files, {desired.organizations[key].place.file: edits}), notes=(note,))


def _let_the_stronger_count(
    desired: Desired, key: str, files: Sequence[SourceFile]
) -> tuple[list[Edit], tuple[str, ...]]:
    """What lets two roles of one person stand beside each other, where the organization does not say so yet."""
    path = desired.organizations[key].place.file
    node: Any = parse_file(next(file for file in files if file.path == path)).node
    if node["organizations"][key].get("on_conflict") == "highest":
        return [], ()
    note = f"{key} gets `on_conflict: highest`: of two roles of one person the stronger counts"
    return [Put(path=("organizations", key, "on_conflict"), value="highest")], (note,)


def propose_revoke(person: str, target: Address, desired: Desired, files: Sequence[SourceFile]) -> ProposedEdit:
    """The edit that takes an access away, with what hangs on it; raises UsageError where there is none."""
    first = access_address(target, person)
    resources = desired.resources[target.organization]
    if target.kind == "organization":
        affected = [one for address, one in resources.items() if person_in(address) == person]
    else:
        affected = [one for address, one in resources.items() if address == first]
    if not affected:
        raise UsageError(
            f"the manifests give {person} no access to {target}",
            advice=f"`reconciler who {person}` shows what they have",
        )
    place = desired.organizations[target.organization].place
    edits: dict[str, list[Edit]] = {}
    notes: list[str] = []
    for declared in sorted(affected, key=lambda one: one.address.kind == "member"):
        if any(not line.through for line in declared.lines):
            path = path_of(declared.address)
            # An asset stays, also when nobody has access to it any more, and so does an empty list of members.
            keep = 3 if declared.address.kind == "member" else len(path) - 2
            is_item = KINDS[declared.address.kind].is_item
            edits.setdefault(place.file, []).append(
                Leave(path=path, item=person) if is_item else Drop(path=path, keep=keep)
            )
    through = {line.through for declared in affected for line in declared.lines if line.through}
    for group in _groups_to_leave(person, through, read_group_lists(files)):
        file = find_file(files, ("groups", group, "members"))
        if file is not None:
            edits.setdefault(file.path, []).append(Leave(path=("groups", group, "members"), item=person))
            notes.append(f"they leave group:{group}, and lose all that it gives")
    return ProposedEdit(edit=edit_all(files, edits), notes=tuple(notes))


def _groups_to_leave(person: str, through: set[str], lists: GroupLists) -> Iterator[str]:
    return (name for name in lists.of(person) if lists.giving_through(name) & through)


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
    changes = tuple(_compare(before, after, today))
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
        target=organization.key if target.kind == "organization" else str(target),
        is_grant=is_grant,
        changes=changes,
        notes=tuple(dict.fromkeys(notes)),
        owners=tuple(dict.fromkeys(owners)),
        edited=proposed.edit.texts,
        patch=proposed.edit.patch,
    )


def _compare(before: Desired, after: Desired, today: date) -> Iterator[GrantedAccess]:
    old = {address: one for part in before.resources.values() for address, one in part.items()}
    new = {address: one for part in after.resources.values() for address, one in part.items()}
    for address in sorted(old.keys() | new.keys()):
        words = [_in_words(each.get(address), today) for each in (old, new)]
        if words[0] != words[1]:
            yield GrantedAccess(address=address, had=words[0], has=words[1])


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
    what = "Access to" if found.is_grant else "No more access to"
    return Document(
        title=plain(f"{what} {found.target} for {found.person}"),
        blocks=tuple(_blocks(found)),
        summary="Have the edit reviewed, and apply it." if found.edited else "Nothing has to be edited.",
        whole="proposal",
    )


def _blocks(found: AccessProposal) -> Iterator[Block]:
    given = [one for one in found.changes if one.has and not one.had]
    taken = [one for one in found.changes if one.had and not one.has]
    sections: dict[str, Sequence[Inline]] = {
        "Gives": [plain(f"{_where(one)}: {one.has}") for one in given],
        "Takes away": [plain(f"{_where(one)}: {one.had}") for one in taken],
        "Changes": [plain(f"{_where(one)}: {one.had} -> {one.has}") for one in found.changes if one.had and one.has],
        "Good to know": [plain(note) for note in found.notes],
        "Who decides": [plain(owner) for owner in found.owners],
        "Validation says": [_finding(one) for one in found.findings],
        "Policies object": [_finding(one) for one in found.objections],
    }
    for title, texts in sections.items():
        if texts:
            yield Section(title=title, blocks=(Items(items=tuple(Item(text=text) for text in texts)),))
    if found.patch:
        yield Section(title="The edit of the manifests", blocks=(Code(text=found.patch, language="diff"),))


def _where(one: GrantedAccess) -> str:
    return f"{person_in(one.address)} in {one.address.organization}: {name_access(one.address) or 'member'}"


def _finding(one: Finding) -> Inline:
    return plain(f"{one.severity}: {one.message}{f'; {one.advice}' if one.advice else ''}")
