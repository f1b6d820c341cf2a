"""The provider: one Business Center after the other, as the rest of the tool sees it, and how many calls a run takes.

Calls are counted from sizes and changes alone, without calling anybody. Changes that leave together are looked at and
sent together. Each call that writes stands between two looks, and a look asks what its changes hang on: a person, an
account, a group. Addresses are taken to be masked, as most are; then every person is searched for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.manifests.config import Option
from reconciler.model import (
    KINDS,
    SECRETS,
    Action,
    ActivityEntry,
    Address,
    Change,
    Clock,
    Failed,
    FoundOrganization,
    LinkCode,
    Live,
    Outcome,
    Part,
    ProviderError,
    ReconcilerError,
    Scope,
    Status,
    Waits,
)
from reconciler.providers.business_api.actions import ACTIONS, carry_out
from reconciler.providers.business_api.assets import choose_way, count_pages
from reconciler.providers.business_api.batches import carry_out_together, count_together
from reconciler.providers.business_api.client import (
    BASE_URL,
    DEFAULT_TIER,
    TIERS,
    Client,
    Connection,
    Tier,
    read_list,
    text_of,
)
from reconciler.providers.business_api.reading import (
    StillListed,
    Task,
    WriteInDoubt,
    Writer,
    failure_of,
    in_doubt,
    parts_by_kind,
    read_activity,
    read_everything,
)
from reconciler.providers.business_api.session import CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import (
    ACCOUNT_USERS,
    ASSET_TYPES,
    ASSETS,
    BY_ACCESS,
    BY_KIND,
    CENTERS,
    GROUPS,
    MEMBERS,
    NOT_OFFERED,
    PARTNERS,
    SYSTEM,
    USED_KINDS,
    ApiError,
    is_done_by_hand,
)
from reconciler.systems.drafting import draft_operation, draft_orders

if TYPE_CHECKING:
    from reconciler.sandbox.world import World

_TAKES_AWAY = frozenset({Action.REMOVE, Action.REMOVE_AND_INVITE, Action.CHANGE_ROLE})
_BY_AN_ADMIN = {
    *(Action.REQUEST_ACCESS, Action.GRANT, Action.CHANGE_GRANT, Action.REVOKE),
    *(Action.CHANGE_ROLE, Action.REINVITE, Action.CANCEL_INVITATION, Action.REMOVE, Action.GIVE_UP_ADMIN),
    *(Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE),
}
"""What a person does from beginning to end. A code that was shown is scanned now or never, and what the other side of
a partnership has to do is no admin's here: nobody is handed an order for these."""


class BusinessApiProvider:
    """Reads and changes Business Centers with one token.

    `self_is` names the member the token belongs to, as person key or user id, for platforms that do not tell.
    `show_code` shows a QR code to whoever runs the tool; the code itself is kept nowhere.
    """

    name = "business_api"

    def __init__(
        self, client: Client, *, clock: Clock, self_is: str = "", show_code: Callable[[LinkCode], None] | None = None
    ) -> None:
        self._client = client
        self._clock = clock
        self._self_is = self_is
        self._show_code = show_code
        self._writers: dict[str, Writer] = {}
        """Organization -> what was learnt in the last reading: numbers of members and assets do not change."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(self, scope: Scope) -> Live:
        """Everything of one Business Center; what was refused or cannot be told apart is unknown."""
        writer = self._open(scope)
        writer.known = CenterSnapshot()
        try:
            writer.known = read_everything(writer.session, configured_self=self._self_is)
        except ApiError as error:
            return self._nothing(writer, error)
        return replace(writer.live(), observed_at=self._clock.now())

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """Only the calls that these addresses need."""
        writer = self._open(scope)
        try:
            return replace(writer.look(addresses), observed_at=self._clock.now())
        except ApiError as error:
            return self._nothing(writer, error)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """Carry out one change and look until the platform shows it."""
        writer = self._open(scope)
        task = Task(writer=writer, change=change, show_code=self._screen_for(scope, change))
        if change.action is Action.FORGET:
            return task.outcome()
        if change.action is Action.GIVE_UP_ADMIN:
            waits = Waits(on=change.address.key, why="only the admins themselves can give up their rights")
            return _hand_out(waits, change, scope)
        refusal = _refusal(writer, change)
        return Failed(reason=refusal) if refusal else _hand_out(_carry_out(task), change, scope)

    def together(self, scope: Scope, changes: Sequence[Change]) -> int:
        """How many of the first changes go into one call, or are only done with one another."""
        return count_together(changes) if scope.organization.system.name == SYSTEM else 1

    def apply_many(self, scope: Scope, changes: Sequence[Change]) -> tuple[Outcome, ...]:
        """Carry out what goes together, and look until the platform shows it."""
        writer = self._open(scope)
        refusals = {change.address: refusal for change in changes if (refusal := _refusal(writer, change))}
        outcomes: dict[Address, Outcome] = {address: Failed(reason=why) for address, why in refusals.items()}
        tasks = [Task(writer=writer, change=change) for change in changes if change.address not in refusals]
        if tasks:
            outcomes |= carry_out_together(tasks)
        return tuple(_hand_out(outcomes[change.address], change, scope) for change in changes)

    def read_activity(self, scope: Scope, *, since: datetime, until: datetime) -> tuple[ActivityEntry, ...]:
        """What the activity log of one Business Center tells."""
        writer = self._open(scope)
        return read_activity(writer.session, writer.known, since=since, until=until)

    def find_organizations(self) -> tuple[FoundOrganization, ...]:
        """The Business Centers that the token's owner administers; of others nothing could be read."""
        try:
            rows = read_list(self._client, CENTERS, {})
        except ApiError as error:
            advice = "" if error.code else "look at the network and at `base_url`; nothing was written"
            raise ProviderError(str(error), advice=advice) from error
        centers = [row["bc_info"] for row in rows if row.get("bc_info") and text_of(row, "user_role") == "ADMIN"]
        return tuple(
            FoundOrganization(system=SYSTEM, identity=text_of(info, "bc_id"), name=text_of(info, "name"))
            for info in centers
        )

    def read_names(self, scope: Scope) -> Mapping[Address, str]:
        """What the last reading of this Business Center showed; no call is made for it."""
        writer = self._open(scope)
        session, known = writer.session, writer.known
        named = {session.address("member", seat.key): seat.name for seat in known.roster.seats.values()}
        for kind, assets in known.assets.items():
            named |= {session.address(kind, key): asset.name for key, asset in assets.items()}
        return {address: name for address, name in named.items() if name}

    @property
    def limit(self) -> str:
        """What the tier of the app allows."""
        return self._client.pace.tier.limit

    def count_calls(self, counts: Mapping[str, int], *, changes: Sequence[Change] = (), others: int = 0) -> int:
        """As reading and writing work, if nothing has to be repeated."""
        return estimate_reading(counts) + estimate_writing(changes, counts) + others * CALLS_PER_WRITE

    @property
    def calls(self) -> int:
        """Those that went out so far, repeated ones included."""
        return self._client.calls

    def seconds_for(self, calls: int) -> int:
        """At the pace that the tier allows."""
        return self._client.pace.tier.seconds_for(calls)

    def _open(self, scope: Scope) -> Writer:
        """The writer of a Business Center, named as this scope names things; raises ProviderError for other systems."""
        organization = scope.organization
        if organization.system.name != SYSTEM:
            message = f"{organization.key} is on {organization.system.name}, which the API for Business does not reach"
            raise ProviderError(message, advice="choose another provider for it in reconciler.yaml")
        writer = self._writers.get(organization.key)
        if writer is None:
            writer = self._writers[organization.key] = Writer(Session(self._client, scope))
        elif writer.session.scope is not scope:
            writer.session = Session(self._client, scope)
        return writer

    def _nothing(self, writer: Writer, error: ApiError) -> Live:
        """An organization of which nothing could be read."""
        key = writer.session.organization
        return Live(
            organization=key,
            unknown={Part.everything(key): str(error)},
            acting=writer.known.acting,
            observed_at=self._clock.now(),
        )

    def _screen_for(self, scope: Scope, change: Change) -> Callable[[str, str], None] | None:
        """Shows a code for this change with what its owner does; a code never goes together with other changes."""
        show = self._show_code
        if show is None or change.action not in (Action.LINK, Action.CHANGE_LINK):
            return None
        (order,) = draft_operation("links.approve", change, scope)
        return lambda handle, text: show(LinkCode(handle=handle, text=text, order=order))


def _hand_out(outcome: Outcome, change: Change, scope: Scope) -> Outcome:
    """The same with the orders that tell people what to do, where the outcome is that one of ours has to act."""
    if not isinstance(outcome, Waits) or change.action not in _BY_AN_ADMIN:
        return outcome
    orders = draft_orders(change, scope)
    return replace(outcome, on=orders[0].actor or orders[0].actor_role, orders=orders) if orders else outcome


def _refusal(writer: Writer, change: Change) -> str:
    """Why a change must not even be tried."""
    acting = writer.known.acting
    if change.action not in ACTIONS:
        return NOT_OFFERED.get(change.action, "")
    if not change.actor:
        return "nobody was named to do it"
    if acting and change.actor != acting:
        return f"the token belongs to {acting}; it cannot act as {change.actor}"
    before = change.before
    was_admin = before is not None and before.status is Status.ACTIVE and before.attributes.get("role") == "admin"
    stays_admin = change.attributes.get("role") == "admin" and change.action is Action.CHANGE_ROLE
    if change.address.kind != "member" or change.action not in _TAKES_AWAY or not was_admin or stays_admin:
        return ""
    if not acting:
        return "whose token this is could not be told, so no admin is removed or demoted; set `self` of the provider"
    return "this is the member whose token is used" if change.address.key == acting else ""


def _carry_out(task: Task) -> Outcome:
    try:
        waits = carry_out(task)
    except (ApiError, KeyError) as error:
        return failure_of(error)
    except StillListed as failure:
        return Failed(reason=str(failure))
    except WriteInDoubt as doubt:
        return in_doubt(doubt)
    return waits or task.outcome()


# How many calls a run takes.

CALLS_PER_WRITE = 3
"""Look, write, look again: what a change takes of which nothing else is known."""
_TWO_WRITES = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE})


def estimate_reading(counts: Mapping[str, int]) -> int:
    """Calls of one reading of everything, from how many resources of each kind there are."""
    of = {**dict.fromkeys(KINDS, 0), **counts}
    itself = 2  # the Business Center, and whose token it is
    assets = sum(count_pages(ASSETS, of[one.kind]) + choose_way(one, counts).calls for one in ASSET_TYPES)
    uses = sum(of[kind] for kind in USED_KINDS) * count_pages(ACCOUNT_USERS, 1)
    uses += min(of["tiktok_account"], of["ad_account"], of["tiktok_account_use"])
    groups = count_pages(GROUPS, of["asset_group"]) + 2 * of["asset_group"]
    partners = count_pages(PARTNERS, of["partner"]) + (4 if of["catalog"] else 3) * of["partner"]
    return itself + count_pages(MEMBERS, of["member"]) + assets + uses + groups + partners


def estimate_writing(changes: Sequence[Change], counts: Mapping[str, int]) -> int:
    """Calls that carry out these changes, in this order, if nothing is refused or late."""
    calls = int(any(change.address.kind == "member" for change in changes))  # whether a search finds masked ones
    start = 0
    while start < len(changes):
        end = start + count_together(changes[start:])
        calls += _calls_of(changes[start:end], counts)
        start = end
    return calls


def _calls_of(group: Sequence[Change], counts: Mapping[str, int]) -> int:
    """Calls for changes that leave together."""
    first, wanted = group[0], parts_by_kind(change.address for change in group)
    look = sum(_count_look(kind, parts, counts) for kind, parts in wanted.items())
    if is_done_by_hand(first):
        return look
    if first.action is Action.FORGET:
        return 2 * look
    had_declined = first.action is Action.INVITE and first.before is not None and first.before.status is Status.DECLINED
    writes = 2 if first.action in _TWO_WRITES or had_declined else 1
    return look + writes * (1 + look)


def _count_look(kind: str, parts: set[tuple[str, ...]], counts: Mapping[str, int]) -> int:
    firsts = {key[0] for key in parts}
    if kind in BY_KIND:
        return count_pages(ASSETS, counts.get(kind, 0))
    if kind in BY_ACCESS:
        way = choose_way(BY_ACCESS[kind], counts)
        return len({key[way.by_person] for key in parts}) * way.each
    match kind:
        case "asset_group_asset" | "asset_group_access":
            return 1 + 2 * len(firsts)
        case "asset_group" | "partner" | "organization":
            return 1
    return 0 if KINDS[kind].is_told else len(firsts)


SHARED_LIMIT = "The limit counts for all runs of the app: where several call at a time, write `runners:` with how many"


def make_sandbox_client(world: World, options: Mapping[str, Option]) -> Client:
    """Calls of the embedded platform, in this process and without a pace; `act_as` says as whom."""
    from reconciler.sandbox.api.transport import find_access

    name = _text(options, "act_as")
    found = find_access(world, name)
    if found is None:
        message = f"nobody in the sandbox goes by {name!r}" if name else "a token belongs to a person; none is named"
        raise ReconcilerError(message, advice="write `act_as:` with the key of an admin of the Business Center")
    token, transport = found
    # One world is one database connection, which serves one call after the other.
    return Client(Connection(access_token=token, tier=TIERS["unlimited"], workers=1), transport=transport)


def make_client(
    options: Mapping[str, Option],
    *,
    read_secret: Callable[[str], str],
    notify: Callable[..., None],
    token: str | None = None,
) -> Client:
    """Calls as the options say; raises ReconcilerError when they make no sense or the token is not there.

    `read_secret` gives what a reference stands for, `notify` takes words for the user and a `level`. `token` is used in
    place of the one that the options refer to; an empty one is none.
    """

    def announce(seconds: float) -> None:
        message = f"TikTok's limit of calls per minute was exceeded: no call for {seconds / 60:.0f} minutes"
        notify(f"{message}. {SHARED_LIMIT}", level="warning")

    tier, reference = tier_of(options), _text(options, "access_token")
    if token is None and not reference:
        advice = "write `access_token: env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"
        raise ReconcilerError("the business_api provider has no access_token", advice=advice)
    seconds = options.get("timeout", 60)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise ReconcilerError(f"timeout {seconds!r} is no number of seconds")
    connection = Connection(
        access_token=read_secret(reference) if token is None else token,
        base_url=_check_url(_text(options, "base_url") or BASE_URL),
        tier=tier,
        answer_seconds=float(seconds),
    )
    client = Client(connection)
    client.pace.on_rest = announce
    return client


def tier_of(options: Mapping[str, Option]) -> Tier:
    """The part of the limits that is for this run; raises ReconcilerError where none is left for it."""
    name = _text(options, "api_tier") or DEFAULT_TIER
    if name not in TIERS:
        raise ReconcilerError(f"there is no api_tier {name!r}", advice=f"there are: {', '.join(TIERS)}")
    most, runners = TIERS[name].calls_per_second, options.get("runners", 1)
    if isinstance(runners, bool) or not isinstance(runners, int) or not 1 <= runners <= most:
        message = f"runners {runners!r} is no number of runs that can share a limit"
        raise ReconcilerError(message, advice=f"at api_tier {name} it is 1 to {most}: each has to call once a second")
    return replace(TIERS[name], runners=runners)


def describe_pace(options: Mapping[str, Option]) -> Iterator[str]:
    """How fast a run may call, and what would make that right; raises ReconcilerError as `tier_of`."""
    tier, name = tier_of(options), options.get("api_tier") or DEFAULT_TIER
    part = f"its part as one of {tier.runners} runners" if tier.runners > 1 else "for this run alone"
    yield f"rate tier {name}: {tier.limit or 'no limit'}, {part}"
    if tier.runners == 1:
        yield SHARED_LIMIT
    if not options.get("api_tier"):
        yield "TikTok does not tell which tier the app has: write `api_tier:` if it is a faster one"


def _check_url(url: str) -> str:
    """A token must not travel in the clear, except to this very machine."""
    parts = urlsplit(SECRETS.learn_address(url))
    is_local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ReconcilerError(f"base_url {url!r} would show the token to others", advice="use https")
    return url


def _text(options: Mapping[str, Option], name: str) -> str:
    return str(options.get(name, ""))
