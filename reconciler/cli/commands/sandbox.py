"""`reconciler sandbox`: the people, the portal and the clock of the embedded platform."""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Unpack

import click

from reconciler.cli.app import App
from reconciler.cli.options import Limits, NumberType, flag, planning_options
from reconciler.cli.streams import CONFIG_FILE
from reconciler.model import (
    Applied,
    Change,
    Desired,
    ExitCode,
    Outcome,
    Plan,
    ReconcilerError,
    UsageError,
    count,
    dataclass,
)
from reconciler.output.document import Row, Table, plain
from reconciler.output.text import table_lines
from reconciler.providers.business_api.vocabulary import is_done_by_hand
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.providers.sandbox.reading import show as look
from reconciler.providers.sandbox.rosters import render_roster
from reconciler.sandbox import SEED_FILE, WORLD_FILE, people
from reconciler.sandbox.people import Message, answer_all
from reconciler.sandbox.registry import (
    find_organizations,
    find_person,
    get_organization,
    get_person,
    list_organizations,
)
from reconciler.sandbox.seed import load_seed, open_world, read_seed
from reconciler.sandbox.world import Refusal, World, real_now


@dataclass(kw_only=True)
class _Sandbox:
    """An open world, and the way from what the user typed to what the world calls it.

    The world knows the keys of its seed; whatever it does not know is looked up in the workspace's manifests.
    """

    app: App
    world: World
    typed: dict[str, str] = field(default_factory=dict)
    """What the world calls something -> what was typed for it."""

    def person(self, typed: str) -> str:
        """A person key, e-mail, phone or handle as something the world knows."""
        declared = None if find_person(self.world, typed) is not None else self._desired
        if declared is None or typed not in declared.people:
            return typed
        identities = list(declared.people[typed].identities.values())
        known = (identity for identity in identities if find_person(self.world, identity) is not None)
        return next(known, [*identities, typed][0])

    def organization(self, typed: str) -> str:
        """An organization key, id, handle or name as something the world knows."""
        if found := find_organizations(self.world, typed):
            self.typed |= {one.identity: typed for one in found}
            return typed
        declared = self._desired.organizations.get(typed) if self._desired else None
        return declared.identity if declared else typed

    def subject(self, typed: str, organization: str) -> str:
        """An asset, app or partner key as the id the world knows; an id stays what it is."""
        resources = self._desired.resources.get(organization, {}) if self._desired else {}
        meant = [item for address, item in resources.items() if address.key == typed and address.kind != "member"]
        identity = next((item.identity for item in meant if item.identity), typed)
        self.typed[identity] = typed
        return identity

    def describe(self, refusal: Refusal) -> str:
        """What the platform says, with what was typed in place of numbers that mean nothing to people."""
        return re.sub(r"\d{9,}", lambda number: self.typed.get(number[0], number[0]), refusal.text)

    @cached_property
    def _desired(self) -> Desired | None:
        """The manifests; None when there are none that can be used, because acting as somebody needs none."""
        try:
            return self.app.read_workspace(today=self.world.now().date()).manifests.desired
        except ReconcilerError:
            return None


@contextmanager
def _open(app: App, clock: Callable[[], datetime] = real_now) -> Iterator[_Sandbox]:
    """The workspace's world, whose time never falls back; what the platform refuses ends the command."""
    if not any((app.root / name).exists() for name in (WORLD_FILE, SEED_FILE, CONFIG_FILE)):
        message = f"there is no sandbox in {app.root.resolve()}"
        raise ReconcilerError(message, advice=f"name the workspace with -C DIR, or write a {SEED_FILE} there")
    with open_world(app.root, clock=clock) as world:
        opened = _Sandbox(app=app, world=world)
        try:
            yield opened
        except Refusal as refusal:
            advice = "`reconciler sandbox show` tells who and what is there, `reconciler sandbox inbox` what to answer"
            advice = advice if refusal.word == "unknown" else ""
            if advice and not list_organizations(world) and not (app.root / SEED_FILE).exists():
                begin = "write one (docs/sandbox.md; `reconciler init` in an empty folder shows one)"
                advice = f"the sandbox is empty, because there is no {SEED_FILE} in {app.root.resolve()}: {begin}"
                advice += ", then `reconciler sandbox reset`"
            raise ReconcilerError(
                f"the platform refuses: {opened.describe(refusal)} [{refusal.word}]", advice=advice
            ) from refusal
        finally:
            if clock is not real_now:
                world.advance(max(clock() - real_now(), timedelta()))


@click.group()
def sandbox() -> None:
    """Act as people on the sandbox, and move its clock.

    People are named by key, e-mail, phone or handle; organizations by key, id, handle or name.
    """


def _step(name: str, step: Callable[..., None], done: str) -> None:
    """A command for one step of `people`: its arguments and help are the step's, and which admin acts is an option."""
    _, *names = inspect.signature(step).parameters

    def command(app: App, admin: str | None = None, **typed: str) -> None:
        with _open(app) as opened:
            place = opened.organization(typed["organization"])
            values = {**typed, "organization": place}
            if "person" in typed:
                values["person"] = opened.person(typed["person"])
            if "what" in typed:
                values["what"] = opened.subject(typed["what"], typed["organization"])
            if "admin" in names:
                actor = opened.person(admin) if admin else people.get_admin_of(opened.world, place)
                values["admin"] = typed["admin"] = actor
            step(opened.world, **values)
        app.notify(done.format(**typed))

    decorated: Callable[..., None] = click.pass_obj(command)
    for argument in reversed(names):
        if argument == "admin":
            help_ = "Which admin acts; the longest-standing by default."
            decorated = click.option("--as", "admin", metavar="ADMIN", help=help_)(decorated)
        else:
            metavar = "HANDLE|ASSET|PARTNER" if argument == "what" else None
            decorated = click.argument(argument, metavar=metavar)(decorated)
    sandbox.command(name, help=inspect.getdoc(step))(decorated)


_step("accept", people.accept, "{person} is now in {organization}")
_step("decline", people.decline, "{person} declined {organization}")
_step("leave", people.leave, "{person} left {organization}")
_step("give-up-admin", people.give_up_admin, "{person} is no longer an admin of {organization}")
_step("approve", people.approve, "approved {what} for {organization}")
_step("refuse", people.refuse, "refused {what} for {organization}")
_step("revoke", people.revoke, "took back {what} for {organization}")
_step("invite", people.invite_by_hand, "{admin} by hand: invite {person} {organization} {role}")
_step("remove", people.remove_by_hand, "{admin} by hand: remove {person} {organization}")
_step("promote", people.promote_by_hand, "{admin} by hand: promote {person} {organization}")
_step("role", people.set_role_by_hand, "{admin} by hand: role {person} {organization} {role}")


@sandbox.command()
@click.argument("handle")
@click.argument("organization")
@click.option("--allow", "allowed", multiple=True, metavar="PERMISSION", help="What the owner allows. Repeatable.")
@flag("--refuse", "Say no instead.")
@click.pass_obj
def scan(app: App, handle: str, organization: str, *, allowed: tuple[str, ...], refuse: bool) -> None:
    """As the owner of a TikTok account, scan the code that a Business Center shows.

    The owner decides what for, whatever was asked: existing posts only, unless --allow says otherwise.
    """
    with _open(app) as opened:
        subject, place = opened.subject(handle, organization), opened.organization(organization)
        people.scan(opened.world, subject, place, "refuse" if refuse else "approve", ",".join(allowed))
    app.notify(f"{handle} {'refused' if refuse else 'scanned'} the code of {organization}")


@sandbox.command()
@click.argument("person", required=False)
@click.pass_obj
def inbox(app: App, person: str | None) -> None:
    """List what waits for an answer, of one person or of everybody."""
    with _open(app) as opened:
        messages = people.inbox(opened.world, opened.person(person) if person else None)
    _print_messages(app, messages)


@sandbox.group("people")
def people_group() -> None:
    """Act as many people at once."""


@people_group.command("answer")
@click.argument("answer", type=click.Choice(["accept", "decline"]))
@click.argument("people", nargs=-1)
@flag("--all", "everybody", "Everybody who has something to answer.")
@click.pass_obj
def answer_messages(app: App, answer: str, people: tuple[str, ...], everybody: bool) -> None:
    """Answer everything that waits for these people; print what was answered."""
    if bool(people) is everybody:
        raise UsageError("name the people who answer, or say --all")
    with _open(app) as opened:
        named = [opened.person(person) for person in people]
        answered = answer_all(opened.world, named, agree=answer == "accept")
    app.notify(f"{count(len(answered), 'message', 'messages')} {'accepted' if answer == 'accept' else 'declined'}")
    if answered:
        _print_messages(app, answered)


@sandbox.command()
@click.argument("answer", type=click.Choice(["accept", "decline"]))
@click.argument("client_key", metavar="APP")
@click.option("--as", "admin", metavar="ADMIN", help="Which admin of the receiving organization answers.")
@click.pass_obj
def transfer(app: App, answer: str, client_key: str, admin: str | None) -> None:
    """Answer an app transfer, as an admin of the receiving organization. APP is a client key."""
    with _open(app) as opened:
        actor = opened.person(admin) if admin else people.get_receiver_of(opened.world, client_key)
        people.transfer(opened.world, client_key, actor, answer)
    app.notify(f"{actor} answered the transfer of {client_key}: {answer}")


@sandbox.command()
@click.argument("duration", required=False, metavar="[+2d|+6h|+30m]")
@click.pass_obj
def clock(app: App, duration: str | None) -> None:
    """Print the platform's time, or let time pass first. It never goes back."""
    with _open(app) as opened:
        if duration is not None:
            match = re.fullmatch(r"\+?(\d+)([dhm])", duration)
            if match is None:
                raise UsageError(f"{duration!r} is not a duration: write +2d, +6h or +30m")
            unit = {"d": "days", "h": "hours", "m": "minutes"}[match[2]]
            opened.world.advance(timedelta(**{unit: int(match[1])}))
        click.echo(opened.world.now().isoformat())


@sandbox.command()
@click.argument("organization", required=False)
@click.pass_obj
def show(app: App, organization: str | None) -> None:
    """Show what is on the platform, in one organization or in all."""
    rows = []
    with _open(app) as opened:
        world, shown = opened.world, list_organizations(opened.world)
        if organization:
            shown = [get_organization(world, opened.organization(organization))]
        for identity, one in ((each.identity, resource) for each in shown for resource in look(world, each)):
            values = {**one.attributes, **{f"pending {name}": value for name, value in one.pending.items()}}
            told = [f"{name} {v if isinstance(v, str) else '+'.join(v)}" for name, v in sorted(values.items())]
            since = one.since.isoformat() if one.since else ""
            rows.append((identity, one.address.kind, one.address.key, one.status, ", ".join(told), since))
    _print_table(app, ("organization", "kind", "name", "status", "what", "since"), rows)


@sandbox.command()
@click.argument("organization")
@click.option("--kind", type=click.Choice(["member", "app"]), default="member", help="What to list.")
@click.option("--as", "form", type=click.Choice(["csv", "json", "page"]), default="page", help="Form of the list.")
@click.option("--labels", type=click.Choice(["old", "new"]), default="new", help="Words of the page, before and after.")
@click.option("--layout", type=click.Choice(["table", "lines"]), default="table", help="How a browser copies the page.")
@click.option("--seen-by", metavar="PERSON", help="Whose list of apps, with those of their own; an admin's by default.")
@click.pass_obj
def roster(app: App, organization: str, *, kind: str, form: str, labels: str, layout: str, seen_by: str | None) -> None:
    """Print the members or apps of an organization as somebody would copy or export them, for `observe`."""
    with _open(app) as opened:
        found = get_organization(opened.world, opened.organization(organization))
        person = get_person(opened.world, opened.person(seen_by)) if seen_by else None
        text = render_roster(opened.world, found, kind=kind, form=form, labels=labels, layout=layout, seen_by=person)
    click.echo(text, nl=False)


@sandbox.command()
@click.argument("organization", required=False)
@click.pass_obj
def events(app: App, organization: str | None) -> None:
    """List what has happened, oldest first."""
    with _open(app) as opened:
        world = opened.world
        number = get_organization(world, opened.organization(organization)).id if organization else None
        rows = [(event.at.isoformat(), event.actor, event.verb, event.text) for event in world.events(number)]
    _print_table(app, ("at", "who", "did", "what"), rows)


@sandbox.command()
@click.pass_obj
def reset(app: App) -> None:
    """Forget the platform; the next command begins a new one from sandbox.yaml."""
    with World.in_memory() as world:
        load_seed(world, read_seed(app.root))  # with a mistake in it nothing could begin anew
    path = app.root / WORLD_FILE
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    advice = "to forget both, delete .reconciler, where the state is unless `state:` in reconciler.yaml says otherwise"
    app.notify("the sandbox begins anew; the tool's own state still remembers the old one", advice=advice)


def _print_messages(app: App, messages: list[Message]) -> None:
    rows = [(each.person, each.kind, each.organization, each.subject, each.text, each.since[:10]) for each in messages]
    _print_table(app, ("who", "kind", "asked by", "about", "what", "since"), rows)


def _print_table(app: App, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        table = Table(header=header, rows=tuple(Row(cells=tuple(map(plain, cells))) for cells in rows))
        for line in table_lines(table, app.style(sys.stdout), ""):
            click.echo(line, color=True)
    else:
        app.notify("nothing")


@sandbox.command()
@planning_options
@click.pass_obj
def portal(app: App, **limits: Unpack[Limits]) -> int:
    """As the admins, do by hand what the plan needs and no call does.

    Only where the platform is reached through its API. Exits with 1 when the platform refuses something.
    """
    from reconciler.cli.planning import make_plan, read_request  # the other commands do without planning

    request = read_request(app, **limits)
    is_done = True
    for change, outcome in _work_by_hand(app, request.desired, make_plan(app, request)):
        what = f"{change.actor} by hand: {change.action.value.replace('_', ' ')} {change.address}"
        if isinstance(outcome, Applied):
            app.notify(what)
        else:
            is_done = False
            app.notify(f"{what}: the platform refuses: {getattr(outcome, 'reason', outcome)}", level="warning")
    return ExitCode.DONE if is_done else ExitCode.FAILED


def _work_by_hand(app: App, desired: Desired, made: Plan) -> Iterator[tuple[Change, Outcome]]:
    """One change after the other, the way the platform itself carries it out."""
    from reconciler.apply.planning import Scopes

    scopes = Scopes(desired)
    for part in made.organizations:
        settings = app.settings_for(desired.organizations[part.organization])
        if settings.kind != "business_api" or settings.options.get("via") != "sandbox":
            continue
        hands = SandboxProvider(app.world)
        state = app.read_state(part.organization)
        scope = scopes.scope_of(part.organization, state)
        asked = [  # as if it were still to be planned
            replace(one.as_change(), fingerprint=order.fingerprint, why=order.reason, actor=order.actor)
            for one in part.waiting
            if (order := state.orders.get(one.work_order))
        ]
        for change in [*filter(is_done_by_hand, part.changes), *asked]:
            yield change, hands.apply(scope, change)


@sandbox.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; there are no passwords.")
@click.option("--port", default=8321, show_default=True, type=NumberType(0, 65535), help="0 picks a free port.")
@click.option(
    "--tier",
    type=click.Choice(["unlimited", "basic", "advanced", "premium", "ultimate"]),
    help="How many calls an app may make; by default what the world says, at first basic.",
)
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(1, 100_000), help="How fast time passes."
)
@click.pass_obj
def serve(app: App, host: str, port: int, tier: str | None, speed: float) -> None:
    """Serve the API for Business and a page for people on a port, until interrupted."""
    from reconciler.sandbox.api.emulator import Emulator
    from reconciler.sandbox.api.server import Server, Site

    begun, started = real_now(), time.monotonic()
    with _open(app, lambda: begun + timedelta(seconds=(time.monotonic() - started) * speed)) as opened:
        emulator = Emulator(opened.world)
        if tier is not None:
            emulator.options = emulator.options.changed({"tier": tier})
        try:
            server = Server(Site(emulator, names=[host]), host=host, port=port)
        except OSError as error:
            raise ReconcilerError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        with server:
            app.notify(f"the sandbox is at {server.url}/ (API: {server.url}/open_api/v1.3/)")
            server.serve_forever()
