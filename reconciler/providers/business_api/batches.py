"""Calls that take several things of one sort, and what became of each.

Where a thing goes alone it is a bundle of one, so that it is written down once how it is said. The limits are those of
the official documentation. The answer to such a call tells of none of its things: some may be done and some passed over
in silence. So all are looked for afterwards, by one look. A call that is refused as a whole is halved until whatever
the platform does not like stands alone, so that one person keeps nobody else waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

from reconciler.model import (
    Action,
    Address,
    Applied,
    Change,
    Failed,
    Outcome,
    ProviderError,
    Refused,
    Status,
    dataclass,
    role_in,
)
from reconciler.providers.business_api.reading import Task, WriteInDoubt, failure_of, in_doubt, look_at
from reconciler.providers.business_api.vocabulary import (
    AD_ACCOUNT_ROLES,
    ADD_PARTNER,
    CREATE_GROUP,
    DELETE_GROUP,
    DELETE_SHARE,
    FINANCE_ROLES,
    GROUP_ROLES,
    INVITE,
    MEMBER_ROLES,
    UPDATE_GROUP,
    UPDATE_PIXEL_LINK,
    ApiError,
    Remedy,
)

MAX_GROUP_ASSETS, MAX_GROUP_MEMBERS = 200, 50
_ASSET, _MEMBER = "asset_group_asset", "asset_group_access"
_CONTENTS = (_ASSET, _MEMBER)
_HOPELESS = (Remedy.STOP, Remedy.WAIT)
"""Remedies of failures that have nothing to do with what a call says."""
_REFUSALS = (ApiError, KeyError, ProviderError)
"""What can be wrong with a change before anything is sent."""
_NOTHING_TO_PUT_IN = Failed(reason="none of its ad accounts, or none of its members, can be put into it")

Outcomes = Iterator[tuple[Address, Outcome]]


@dataclass(frozen=True, slots=True)
class Bundle:
    """One sort of call. It only says what is known; the numbers it needs have been read before."""

    endpoint: str
    most: int
    """How many things it takes."""
    shared: Callable[[Task], Mapping[str, Any]]
    """What it says once."""
    items: str
    """The name of the list of things."""
    item: Callable[[Task], object]
    """What it says of each; raises ApiError or KeyError for one that cannot be said."""

    def body(self, tasks: Sequence[Task]) -> dict[str, Any]:
        """The call for these changes, which have in common what it says once."""
        return {**self.shared(tasks[0]), self.items: [self.item(task) for task in tasks]}


def _ad_account(task: Task) -> str:
    return task.writer.asset_id("ad_account", task.address.parts[-1])


def _invitation(task: Task) -> Mapping[str, Any]:
    role = {"user_role": MEMBER_ROLES[role_in(task.change.attributes)]}
    finance = str(task.change.attributes.get("finance", ""))
    return {**role, "ext_user_role": {"finance_role": FINANCE_ROLES[finance]}} if finance else role


def _invited(task: Task) -> str:
    after, key = task.change.after, task.address.key
    known = task.writer.session.names.emails(key)
    return (after.identity if after and "@" in after.identity else next(iter(known), key)).lower()


def _pixel_link(relation: str, task: Task) -> Mapping[str, Any]:
    pixel = task.address.parts[0]
    task.writer.asset_id("pixel", pixel)  # it has to be listed, because only the list tells its code
    return {"pixel_code": task.writer.known.assets["pixel"][pixel].code, "relation_status": relation}


def _group(entity: str, action: str, task: Task) -> Mapping[str, Any]:
    number = task.writer.group_id(task.address.parts[0])
    return {"asset_group_id": number, "action": action, "update_entity": entity}


def _group_asset(task: Task) -> Mapping[str, Any]:
    return {"asset_id": _ad_account(task), "asset_type": "ADVERTISER"}


def _group_member(task: Task) -> Mapping[str, Any]:
    """Always with a role: left out, the platform would make members admins."""
    before = task.change.before
    role = str(task.change.attributes.get("role") or (before.attributes.get("role", "") if before else ""))
    person = task.writer.member_id(task.address.parts[1])
    return {"member_id": person, "asset_roles": {"ADVERTISER": GROUP_ROLES[role]}}


def _shared_with(task: Task) -> Mapping[str, Any]:
    return {"partner_id": task.writer.asset_id("partner", task.address.parts[0]), "asset_type": "ADVERTISER"}


def _share(task: Task) -> Mapping[str, Any]:
    return {**_shared_with(task), "advertiser_role": AD_ACCOUNT_ROLES[role_in(task.change.attributes)]}


def _bundle_edges(relation: str, action: str) -> dict[str, Bundle]:
    """The calls about which ad accounts use a pixel, and about what is in a group."""
    return {
        "pixel_use": Bundle(UPDATE_PIXEL_LINK, 100, partial(_pixel_link, relation), "advertiser_ids", _ad_account),
        _ASSET: Bundle(UPDATE_GROUP, MAX_GROUP_ASSETS, partial(_group, "ASSET", action), "assets", _group_asset),
        _MEMBER: Bundle(UPDATE_GROUP, MAX_GROUP_MEMBERS, partial(_group, "MEMBER", action), "members", _group_member),
    }


GIVING: Mapping[str, Bundle] = {
    **_bundle_edges("LINK", "ADD"),
    "member": Bundle(INVITE, 50, _invitation, "emails", _invited),
    "partner_share": Bundle(ADD_PARTNER, 50, _share, "asset_ids", _ad_account),
}
"""Kind -> the call that creates such things."""
TAKING: Mapping[str, Bundle] = {
    **_bundle_edges("UNLINK", "DELETE"),
    "partner_share": Bundle(DELETE_SHARE, 50, _shared_with, "asset_ids", _ad_account),
}
"""Kind -> the call that takes such things away. How many shares it takes is not documented; as many as are given."""


def describe_group_deletion(task: Task) -> Mapping[str, Any]:
    """What the call that deletes a group says; one that is not listed goes by the number that it had."""
    before = task.change.before
    number = task.writer.known.groups.get(task.address.key, before.identity if before else "")
    return {"asset_group_ids": [number]}


def _find_bundle(change: Change) -> Bundle | None:
    """The call that takes a change together with others of its sort."""
    before = change.before
    match change.action:
        case Action.INVITE if before is not None and before.status is Status.DECLINED:
            return None  # its old row has to go first
        case Action.INVITE | Action.GRANT | Action.SHARE:
            return GIVING.get(change.address.kind)
        case Action.REVOKE | Action.UNSHARE:
            return TAKING.get(change.address.kind)
    return None


def _common_of(change: Change) -> tuple[object, ...]:
    """What changes have to agree in to leave in one call, besides its sort."""
    first = change.address.parts[:-1]
    if change.action in (Action.INVITE, Action.SHARE):
        return *first, change.attributes.get("role"), change.attributes.get("finance")
    return first


def count_together(changes: Sequence[Change]) -> int:
    """How many of the first changes go together; a group comes and goes with everything that is in it."""

    def is_about(action: Action, group: str, change: Change) -> bool:
        return change.action is action and change.address.kind in _CONTENTS and change.address.parts[0] == group

    first = changes[0]
    group = first.address.parts[0]
    if first.action is Action.CREATE_GROUP:
        # No empty group can be created, so without an ad account and a member nothing goes along with it.
        contents = list(takewhile(partial(is_about, Action.GRANT, group), changes[1:]))
        return 1 + len(contents) if {change.address.kind for change in contents} == {_ASSET, _MEMBER} else 1
    # What leaves a group right before it is deleted goes with the deletion: the last of it might not be let go.
    leaving = sum(1 for _ in takewhile(partial(is_about, Action.REVOKE, group), changes))
    last = changes[leaving] if leaving < len(changes) else first
    if leaving and last.action is Action.DELETE_GROUP and last.address.key == group:
        return leaving + 1
    bundle, common = _find_bundle(first), _common_of(first)
    if bundle is None:
        return 1
    alike = takewhile(lambda change: _find_bundle(change) is bundle and _common_of(change) == common, changes)
    return min(bundle.most, sum(1 for _ in alike))


def carry_out_together(tasks: Sequence[Task]) -> dict[Address, Outcome]:
    """Do what `count_together` has counted. No refusal and no doubt is raised: every change has its outcome."""
    is_deletion = tasks[-1].change.action is Action.DELETE_GROUP  # which names nothing that is in the group
    try:
        tasks[0].writer.learn_numbers([task.change for task in (tasks[-1:] if is_deletion else tasks)])
    except _REFUSALS as error:
        failure = failure_of(error)
        return {task.address: failure for task in tasks}
    if tasks[0].change.action is Action.CREATE_GROUP:
        return dict(_create_group(tasks[0], tasks[1:]))
    if is_deletion:
        return dict(_delete_group(tasks))
    bundle = _find_bundle(tasks[0].change)
    return {} if bundle is None else dict(_give(bundle, tasks))


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
    nameable, failures = _sort_out(tasks)
    yield from failures
    for start in range(0, len(nameable), bundle.most):
        yield from _send_or_halve(bundle, nameable[start : start + bundle.most])


def _sort_out(tasks: Sequence[Task]) -> tuple[list[Task], list[tuple[Address, Outcome]]]:
    """Those that a call can name, and what keeps the others out of it."""
    nameable: list[Task] = []
    failures: list[tuple[Address, Outcome]] = []
    for task in tasks:
        try:
            if bundle := _find_bundle(task.change):
                bundle.item(task)
        except _REFUSALS as error:
            failures.append((task.address, failure_of(error)))
        else:
            nameable.append(task)
    return nameable, failures


def _send_or_halve(bundle: Bundle, tasks: Sequence[Task]) -> Outcomes:
    """Try the halves of what was refused as a whole, unless they would fare no better."""
    try:
        yield from _send(tasks, bundle.endpoint, bundle.body(tasks))
    except ApiError as error:
        if len(tasks) == 1 or error.remedy in _HOPELESS:
            yield from _conclude(tasks, failure_of(error))
            return
        look_at(tasks)
        yield from ((task.address, task.outcome()) for task in tasks if task.is_reached)
        missing = [task for task in tasks if not task.is_reached]
        middle = (len(missing) + 1) // 2
        for half in (missing[:middle], missing[middle:]):
            if half:
                yield from _send_or_halve(bundle, half)


def _send(tasks: Sequence[Task], endpoint: str, body: Mapping[str, Any]) -> Outcomes:
    """Send the call once, look, and say what became of each; raises ApiError when the platform refuses it."""
    try:
        tasks[0].writer.send(endpoint, body, look=lambda: look_at(tasks), is_done=bool)
    except WriteInDoubt as doubt:
        return _conclude(tasks, in_doubt(doubt))
    except ProviderError as error:
        return _conclude(tasks, failure_of(error))
    return _conclude(tasks)


def _conclude(tasks: Sequence[Task], otherwise: Outcome | None = None) -> Outcomes:
    """What has arrived is applied, whatever was said about the call."""
    for task in tasks:
        yield task.address, task.outcome() if otherwise is None or task.is_reached else otherwise


def _create_group(group: Task, contents: Sequence[Task]) -> Outcomes:
    """Create a group with as much as its call takes, and put the rest into it."""
    nameable, failures = _sort_out(contents)
    yield from failures
    assets = [task for task in nameable if task.address.kind == _ASSET]
    members = [task for task in nameable if task.address.kind == _MEMBER]
    outcomes = (
        dict(_send_creation(group, assets, members)) if assets and members else {group.address: _NOTHING_TO_PUT_IN}
    )
    yield from outcomes.items()
    rest = [task for task in nameable if task.address not in outcomes]
    if not isinstance(outcomes[group.address], Applied):
        yield from ((task.address, Refused(reason=f"{group.address} was not created")) for task in rest)
        return
    for kind in _CONTENTS:
        yield from _give(GIVING[kind], [task for task in rest if task.address.kind == kind])


def _send_creation(group: Task, assets: Sequence[Task], members: Sequence[Task]) -> Outcomes:
    """What is refused is tried with the first ad account and the first member only: another may be the reason."""
    contents = [*assets[:MAX_GROUP_ASSETS], *members[:MAX_GROUP_MEMBERS]]
    key, names = group.address.key, group.writer.session.names
    body: dict[str, Any] = {"asset_group_name": names.group_names.get(key) or names.asset_id("asset_group", key)}
    for kind in _CONTENTS:
        body[GIVING[kind].items] = [GIVING[kind].item(task) for task in contents if task.address.kind == kind]
    try:
        yield from _send([group, *contents], CREATE_GROUP, body)
    except ApiError as error:
        smallest = [group, assets[0], members[0]]
        look_at(smallest)
        if group.is_reached:
            yield group.address, group.outcome()
        elif len(contents) > 2 and error.remedy not in _HOPELESS:
            yield from _send_creation(group, assets[:1], members[:1])
        else:
            yield from _conclude(smallest, failure_of(error))


def _delete_group(tasks: Sequence[Task]) -> Outcomes:
    """Delete a group, and with it the access of everybody to everything in it."""
    try:
        yield from _send(tasks, DELETE_GROUP, describe_group_deletion(tasks[-1]))
    except ApiError as error:
        yield from _conclude(tasks, failure_of(error))
