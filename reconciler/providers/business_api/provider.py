"""The provider: one Business Center after the other, as the rest of the tool sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.drift import ActivityEntry
from reconciler.model.errors import ProviderError
from reconciler.model.kinds import Action
from reconciler.model.live import Live
from reconciler.model.outcome import Failed, Outcome
from reconciler.model.ports import Ability, Can, Clock, FoundOrganization, LinkCode, Scope
from reconciler.model.resource import Status
from reconciler.providers.business_api.abilities import SYSTEM, ability_of
from reconciler.providers.business_api.acting import ACTIONS, carry_out
from reconciler.providers.business_api.batching import carry_out_together, count_together
from reconciler.providers.business_api.center import Center, Seen
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.estimate import estimate, seconds_for
from reconciler.providers.business_api.estimate_writing import estimate_writing
from reconciler.providers.business_api.exploring import list_centers, names_in
from reconciler.providers.business_api.instructions import give_up, hand_out
from reconciler.providers.business_api.names import CenterNames
from reconciler.providers.business_api.reading import read_a_few, read_everything
from reconciler.providers.business_api.witnessing import read_deeds
from reconciler.providers.business_api.writing import PartialRead, Stays, Task, failure_of, in_doubt
from reconciler.systems.drafting import draft_operation

_TAKES_AWAY = frozenset({Action.REMOVE, Action.REMOVE_AND_INVITE, Action.CHANGE_ROLE})


class BusinessApiProvider:
    """Reads and changes Business Centers with one token.

    `self_is` names the member the token belongs to, as person key or user id, for platforms that do not tell.
    `show_code` shows a QR code to whoever runs the tool; the code itself is kept nowhere.
    """

    name = "business_api"

    def __init__(
        self,
        client: Client,
        *,
        clock: Clock,
        self_is: str = "",
        show_code: Callable[[LinkCode], None] | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._self_is = self_is
        self._show_code = show_code
        self._centers: dict[str, tuple[Scope, Center]] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, scope: Scope) -> Live:
        """Everything of one Business Center; what was refused or cannot be told apart is unknown."""
        self._require_business_center(scope)
        center = self._new_center(scope)
        return self._live(scope, center, lambda: read_everything(center, configured_self=self._self_is))

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """Only the calls that these addresses need."""
        self._require_business_center(scope)
        center = self._center_of(scope)
        return self._live(scope, center, lambda: read_a_few(center, addresses))

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """Carry out one change and look until the platform shows it."""
        self._require_business_center(scope)
        center = self._center_of(scope)
        task = Task(center=center, change=change, show_code=self._screen_for(scope, change))
        if change.action is Action.GIVE_UP_ADMIN:
            return hand_out(give_up(change.address.key), change, scope)
        if change.action is Action.FORGET:
            return task.outcome()
        refusal = _refusal(center, change, is_self_known=bool(center.acting))
        return Failed(reason=refusal) if refusal else hand_out(_carry_out(task), change, scope)

    def together(self, scope: Scope, changes: Sequence[Change]) -> int:
        """How many of the first changes go into one call, or are only done with one another."""
        return count_together(changes) if scope.organization.system.name == SYSTEM else 1

    def apply_many(self, scope: Scope, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """Carry out what goes together, and look until the platform shows it."""
        self._require_business_center(scope)
        center = self._center_of(scope)
        outcomes: dict[Address, Outcome] = {}
        for change in changes:
            refusal = _refusal(center, change, is_self_known=bool(center.acting))
            if refusal:
                outcomes[change.address] = Failed(reason=refusal)
        allowed = [change for change in changes if change.address not in outcomes]
        tasks = [Task(center=center, change=change, show_code=None) for change in allowed]
        if tasks:
            outcomes |= carry_out_together(tasks)
        return tuple(hand_out(outcomes[change.address], change, scope) for change in changes)

    def ability(self, system: str, action: Action) -> Ability:
        """What the interface has a call for."""
        return ability_of(system, action)

    def read_deeds(self, scope: Scope, *, since: datetime, until: datetime) -> tuple[ActivityEntry, ...]:
        """What the activity log of one Business Center tells."""
        self._require_business_center(scope)
        return read_deeds(self._center_of(scope), since=since, until=until)

    def find_organizations(self) -> tuple[FoundOrganization, ...]:
        """The Business Centers that the token reaches as an admin."""
        return list_centers(self._client)

    def read_names(self, scope: Scope) -> Mapping[Address, str]:
        """What the last reading of this Business Center showed; no call is made for it."""
        return names_in(self._center_of(scope))

    @property
    def limit(self) -> str:
        """What the tier of the app allows."""
        return self._client.pace.tier.limit

    def count_calls(self, counts: Mapping[str, int], *, changes: Sequence[Change] = (), others: int = 0) -> int:
        """As reading and writing work, if nothing has to be repeated."""
        return estimate(counts, self._client.pace.tier, changes=others).calls + estimate_writing(changes, counts)

    @property
    def calls(self) -> int:
        """Those that went out so far, repeated ones included."""
        return self._client.calls

    def seconds_for(self, calls: int) -> int:
        """At the pace that the tier allows."""
        return seconds_for(calls, self._client.pace.tier)

    def _screen_for(self, scope: Scope, change: Change) -> Callable[[str, str], None] | None:
        """Shows a code for this change with what its owner does; a code never goes together with other changes."""
        show = self._show_code
        if show is None or change.action not in (Action.LINK, Action.CHANGE_LINK):
            return None
        (order,) = draft_operation("links.approve", change, scope)
        return lambda handle, text: show(LinkCode(handle=handle, text=text, order=order))

    def _live(self, scope: Scope, center: Center, read: Callable[[], Seen]) -> Live:
        key = scope.organization.key
        try:
            seen = read()
        except ApiError as error:
            seen = Seen(unknown={f"{key}/": str(error)})
        return Live(
            organization=key,
            resources=seen.resources,
            unknown=seen.unknown,
            acting=center.acting,
            observed_at=self._clock.now(),
        )

    def _center_of(self, scope: Scope) -> Center:
        """What was learnt in the last reading is kept: numbers of members and assets do not change."""
        known = self._centers.get(scope.organization.key)
        if known is None:
            return self._new_center(scope)
        if known[0] is not scope:
            known[1].names, known[1].told = CenterNames.of(scope), scope.told
            self._centers[scope.organization.key] = scope, known[1]
        return known[1]

    def _new_center(self, scope: Scope) -> Center:
        organization = scope.organization
        center = Center(
            client=self._client,
            bc_id=organization.identity,
            organization=organization.key,
            names=CenterNames.of(scope),
            kinds=organization.kinds,
            told=scope.told,
        )
        self._centers[organization.key] = scope, center
        return center

    @staticmethod
    def _require_business_center(scope: Scope) -> None:
        system = scope.organization.system.name
        if system != SYSTEM:
            message = f"{scope.organization.key} is on {system}, which the API for Business does not reach"
            raise ProviderError(message, advice="choose another provider for it in reconciler.yaml")


def _refusal(center: Center, change: Change, *, is_self_known: bool) -> str:
    """Why a change must not even be tried."""
    if change.action not in ACTIONS:
        ability = ability_of(SYSTEM, change.action)
        return "" if isinstance(ability, Can) else ability.reason
    if not change.actor:
        return "nobody was named to do it"
    if is_self_known and change.actor != center.acting:
        return f"the token belongs to {center.acting}; it cannot act as {change.actor}"
    before = change.before
    was_admin = before is not None and before.status is Status.ACTIVE and before.attributes.get("role") == "admin"
    stays_admin = change.attributes.get("role") == "admin" and change.action is Action.CHANGE_ROLE
    if change.address.kind != "member" or change.action not in _TAKES_AWAY or not was_admin or stays_admin:
        return ""
    if not is_self_known:
        return "whose token this is could not be told, so no admin is removed or demoted; set `self` of the provider"
    return "this is the member whose token is used" if change.address.key == center.acting else ""


def _carry_out(task: Task) -> Outcome:
    try:
        waits = carry_out(task)
    except (ApiError, KeyError) as error:
        return failure_of(error)
    except Stays as failure:
        return Failed(reason=str(failure))
    except PartialRead as doubt:
        return in_doubt(doubt)
    return waits or task.outcome()
