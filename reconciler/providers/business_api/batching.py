"""Several changes in one call, and what became of each.

The answer to such a call tells of none of them: some may be done and some passed over in silence. So all are looked for
afterwards, by one look. A call that is refused as a whole is halved until whatever the platform does not like stands
alone, so that one person keeps nobody else waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.errors import ProviderError
from reconciler.model.kinds import Action
from reconciler.model.outcome import Applied, Failed, Outcome, Refused
from reconciler.providers.business_api import endpoints
from reconciler.providers.business_api.batch import Batch, Outcomes, has_come
from reconciler.providers.business_api.bundles import (
    GIVING,
    MAX_GROUP_ASSETS,
    MAX_GROUP_MEMBERS,
    Bundle,
    common_of,
    find_bundle,
    group_deletion,
)
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.writing import Task, failure_of

_ASSET, _MEMBER = "asset_group_asset", "asset_group_access"
_CONTENTS = (_ASSET, _MEMBER)
_HOPELESS = (Remedy.STOP, Remedy.WAIT)
"""Remedies of failures that have nothing to do with what a call says."""
_REFUSALS = (ApiError, KeyError, ProviderError)
"""What can be wrong with a change before anything is sent."""
_NOTHING_TO_PUT_IN = Failed(reason="none of its ad accounts, or none of its members, can be put into it")


def count_together(changes: Sequence[Change]) -> int:
    """How many of the first changes go together; a group comes and goes with everything that is in it."""
    first = changes[0]
    if first.action is Action.CREATE_GROUP:
        return _count_founding(changes)
    if dissolving := _count_dissolving(changes):
        return dissolving
    bundle, common = find_bundle(first), common_of(first)
    if bundle is None:
        return 1
    alike = takewhile(lambda change: find_bundle(change) is bundle and common_of(change) == common, changes)
    return min(bundle.most, sum(1 for _ in alike))


def carry_out_together(tasks: Sequence[Task]) -> dict[Address, Outcome]:
    """Do what `count_together` has counted. No refusal and no doubt is raised: every change has its outcome."""
    if tasks[0].change.action is Action.CREATE_GROUP:
        return dict(_found(tasks[0], tasks[1:]))
    if tasks[-1].change.action is Action.DELETE_GROUP:
        return dict(_dissolve(tasks))
    bundle = find_bundle(tasks[0].change)
    return {} if bundle is None else dict(_give(bundle, tasks))


def _count_founding(changes: Sequence[Change]) -> int:
    """No empty group can be created, so without an ad account and a member nothing goes along with it."""
    group = changes[0].address.key
    contents = list(takewhile(lambda change: _is_about(Action.GRANT, group, change), changes[1:]))
    return 1 + len(contents) if {change.address.kind for change in contents} == {_ASSET, _MEMBER} else 1


def _count_dissolving(changes: Sequence[Change]) -> int:
    """What leaves a group right before it is deleted goes with the deletion: the last of it might not be let go."""
    group = changes[0].address.parts[0]
    leaving = sum(1 for _ in takewhile(lambda change: _is_about(Action.REVOKE, group, change), changes))
    last = changes[leaving] if leaving < len(changes) else None
    is_deleted = last is not None and last.action is Action.DELETE_GROUP and last.address.key == group
    return leaving + 1 if leaving and is_deleted else 0


def _is_about(action: Action, group: str, change: Change) -> bool:
    return change.action is action and change.address.kind in _CONTENTS and change.address.parts[0] == group


def _give(bundle: Bundle, tasks: Sequence[Task]) -> Outcomes:
    """In as many calls as it takes; what cannot even be said fails alone."""
    if not tasks:
        return
    try:
        bundle.shared(tasks[0])
    except _REFUSALS as error:
        failure = failure_of(error)
        yield from ((task.address, failure) for task in tasks)
        return
    sayable, failures = _sort_out(tasks)
    yield from failures
    for start in range(0, len(sayable), bundle.most):
        yield from _send(bundle, sayable[start : start + bundle.most])


def _sort_out(tasks: Sequence[Task]) -> tuple[list[Task], list[tuple[Address, Outcome]]]:
    """Those that a call can name, and what keeps the others out of it."""
    sayable: list[Task] = []
    failures: list[tuple[Address, Outcome]] = []
    for task in tasks:
        bundle = find_bundle(task.change)
        try:
            if bundle is not None:
                bundle.item(task)
        except _REFUSALS as error:
            failures.append((task.address, failure_of(error)))
        else:
            sayable.append(task)
    return sayable, failures


def _send(bundle: Bundle, tasks: Sequence[Task]) -> Outcomes:
    batch = Batch(tasks)
    try:
        yield from batch.send(bundle.endpoint, bundle.body(tasks))
    except ApiError as error:
        yield from _divide(bundle, batch, error)
    except ProviderError as error:
        failure = failure_of(error)
        yield from batch.outcomes(lambda _: failure)


def _divide(bundle: Bundle, batch: Batch, error: ApiError) -> Outcomes:
    """Try the halves of what was refused as a whole, unless they would fare no better."""
    if len(batch.tasks) == 1 or error.remedy in _HOPELESS:
        yield from batch.outcomes(lambda _: failure_of(error))
        return
    batch.look()
    come, missing = batch.split()
    yield from ((task.address, task.outcome()) for task in come)
    middle = (len(missing) + 1) // 2
    for half in (missing[:middle], missing[middle:]):
        if half:
            yield from _send(bundle, half)


def _found(group: Task, contents: Sequence[Task]) -> Outcomes:
    """Create a group with as much as its call takes, and put the rest into it."""
    sayable, failures = _sort_out(contents)
    yield from failures
    assets = [task for task in sayable if task.address.kind == _ASSET]
    members = [task for task in sayable if task.address.kind == _MEMBER]
    outcomes = dict(_create(group, assets, members)) if assets and members else {group.address: _NOTHING_TO_PUT_IN}
    yield from outcomes.items()
    rest = [task for task in sayable if task.address not in outcomes]
    if not isinstance(outcomes[group.address], Applied):
        yield from ((task.address, Refused(reason=f"{group.address} was not created")) for task in rest)
        return
    for kind in _CONTENTS:
        yield from _give(GIVING[kind], [task for task in rest if task.address.kind == kind])


def _dissolve(tasks: Sequence[Task]) -> Outcomes:
    """Delete a group, and with it the access of everybody to everything in it."""
    batch = Batch(tasks)
    try:
        yield from batch.send(endpoints.DELETE_GROUP, group_deletion(tasks[-1]))
    except (ApiError, ProviderError) as error:
        failure = failure_of(error)
        yield from batch.outcomes(lambda _: failure)


def _create(group: Task, assets: Sequence[Task], members: Sequence[Task]) -> Outcomes:
    """What is refused is tried with the first ad account and the first member only: another may be the reason."""
    batch = Batch([group, *assets[:MAX_GROUP_ASSETS], *members[:MAX_GROUP_MEMBERS]])
    try:
        yield from batch.send(endpoints.CREATE_GROUP, _founding(group, batch.tasks[1:]))
    except ApiError as error:
        smallest, failure = Batch([group, assets[0], members[0]]), failure_of(error)
        smallest.look()
        if has_come(group):
            yield group.address, group.outcome()
        elif len(batch.tasks) > len(smallest.tasks) and error.remedy not in _HOPELESS:
            yield from _create(group, assets[:1], members[:1])
        else:
            yield from smallest.outcomes(lambda _: failure)
    except ProviderError as error:
        stopped = failure_of(error)
        yield from batch.outcomes(lambda _: stopped)


def _founding(group: Task, contents: Sequence[Task]) -> dict[str, Any]:
    lists = {
        GIVING[kind].items: [GIVING[kind].item(task) for task in contents if task.address.kind == kind]
        for kind in _CONTENTS
    }
    key, names = group.address.key, group.center.names
    return {"asset_group_name": names.group_names.get(key) or names.asset_id("asset_group", key), **lists}
