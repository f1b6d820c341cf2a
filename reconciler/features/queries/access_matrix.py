"""Who can reach an organization or one thing in it, with which role, and how they come to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from reconciler.apply.states import read_state
from reconciler.engine.holdings import AccessIndex, find_reaches, index_access, is_owned_elsewhere
from reconciler.features.queries.directory import load_about, read_one_state, read_states_from_log
from reconciler.manifests.source import SourceFile
from reconciler.model.address import Address
from reconciler.model.errors import ReconcilerError
from reconciler.model.holding import AccessMatrix, Reach
from reconciler.model.kinds import KINDS, Shape, parents_of, person_in
from reconciler.model.ports import StateStore
from reconciler.model.state import State
from reconciler.model.suggestions import suggest_names

_MAX_SHOWN = 12
"""As many names as anybody reads."""
_TOPICS = (Shape.MEMBERSHIP, Shape.ASSET)
"""What can be asked about."""


def access(
    text: str, *, files: Sequence[SourceFile], store: StateStore, today: date, as_of: date | None = None
) -> AccessMatrix:
    """The access matrix of an organization (its key), or its part about one asset, partner or member (an address).

    Raises ReconcilerError, naming what there is, when nothing has that address.
    """
    organization = text.partition("/")[0]
    index = read_index(organization, files=files, store=store, today=today, as_of=as_of)
    try:
        about = find_topic(text, index)
    except ReconcilerError as error:
        if not index.is_from_log:
            raise
        advice = (
            f"no state of {organization} is kept from then; `reconciler access {organization} --as-of {as_of}` shows"
        )
        message = f"the audit log knows nothing of {text!r} by the end of {as_of}"
        raise ReconcilerError(message, advice=f"{advice} what it knows") from error
    is_whole = about.kind == "organization"
    reaches = tuple(one for one in find_reaches(index) if is_whole or about in (one.on, one.subject))
    has_no_state = as_of is None and read_state(store, organization).tells_nothing
    return matrix_of(index, about, reaches, today=today, as_of=as_of, has_no_state=has_no_state)


def matrix_of(
    index: AccessIndex,
    about: Address,
    reaches: tuple[Reach, ...],
    *,
    today: date,
    as_of: date | None,
    has_no_state: bool,
) -> AccessMatrix:
    """The cells with what belongs to them."""
    is_whole = about.kind == "organization"
    edges = [one for one in index.holdings.values() if len(one.address.parts) > 1 and not person_in(one.address)]
    return AccessMatrix(
        address=about,
        system=index.system.name if index.system else "",
        title=index.system.title if index.system else "",
        today=today,
        as_of=as_of,
        reaches=reaches,
        has_no_state=has_no_state,
        is_from_log=index.is_from_log,
        last_read=index.last_read,
        owned_elsewhere=tuple(
            one for one in index.holdings.values() if is_owned_elsewhere(one) and (is_whole or about == one.address)
        ),
        connections=tuple(
            one
            for one in edges
            if not KINDS[one.address.kind].is_share and (is_whole or about in parents_of(one.address))
        ),
    )


def read_index(
    organization: str,
    *,
    files: Sequence[SourceFile],
    store: StateStore,
    today: date,
    as_of: date | None,
    is_patient: bool = False,
) -> AccessIndex:
    """Everything declared and recorded of one organization; raises ReconcilerError when there is no such.

    Of a past day of which no state is kept, what the audit log had by then; raises StoreError where that is nothing,
    unless `is_patient`: then nothing is recorded.
    """
    known = store.organizations()
    desired = load_about(files, [organization], today=today)
    if organization not in known and organization not in desired.organizations:
        everything = {*known, *load_about(files, [""], today=today).organizations}
        listed = f"there are: {', '.join(sorted(everything))}" if len(everything) <= _MAX_SHOWN else ""
        message = f"there is no organization {organization!r}: not in the manifests, and without a recorded state"
        advice = suggest_names(organization, everything) or _find_elsewhere(organization, files, everything, today)
        raise ReconcilerError(message, advice=advice or listed)
    state, told, has_state = State(organization=organization), None, is_kept(store, organization, as_of)
    if as_of is not None and not has_state:
        told = read_states_from_log(store, [organization], as_of=as_of).get(organization)
    if told is None and organization in known and (has_state or not is_patient):
        state = read_one_state(store, organization, as_of=as_of)
    index = index_access(organization, desired=desired, state=told or state, today=today, as_of=as_of)
    return replace(index, is_from_log=told is not None)


def _find_elsewhere(key: str, files: Sequence[SourceFile], organizations: Iterable[str], today: date) -> str:
    """Advice with the whole addresses of assets and members that have this key, where its organization was left out."""
    desired = load_about(files, list(organizations), today=today)
    found = [str(one) for one in desired.everything if one.key == key and KINDS[one.kind].shape in _TOPICS]
    return suggest_names(key, found)


def is_kept(store: StateStore, organization: str, as_of: date | None) -> bool:
    """Whether there is a state of an organization that tells of a day, or of now."""
    return as_of is None or any(past.at.date() <= as_of for past in store.history(organization))


def find_topic(text: str, index: AccessIndex) -> Address:
    """The address that is asked about; that of the organization for its mere key."""
    whole = Address.whole(index.organization)
    if text in (index.organization, str(whole)):
        return whole
    topics = {str(address): address for address in index.holdings if KINDS[address.kind].shape in _TOPICS}
    if text in topics:
        return topics[text]
    former = {str(before): now for before, now in index.former.items()}
    if text in former:
        return former[text]
    near = "" if "*" in text else suggest_names(text, topics)
    advice = near or f"ask for {index.organization} to see everything that is in it"
    raise ReconcilerError(f"nothing in {index.organization} is called {text!r}", advice=advice)
