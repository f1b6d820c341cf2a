"""The composition root: which provider, store and clock the configuration asks for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import click

from reconciler.core.declared import Organization
from reconciler.core.errors import ReconcilerError
from reconciler.core.redaction import SECRETS
from reconciler.ports import Clock, Explorer, Metered, Provider, StateStore

if TYPE_CHECKING:
    from reconciler.manifests.config import Config, ProviderSettings
    from reconciler.providers.sandbox.world import World
    from reconciler.stores.process import Holder


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)


@runtime_checkable
class Closing(Protocol):
    """A provider that holds connections."""

    def close(self) -> None:
        """Let go of them."""
        ...


@dataclass(slots=True, kw_only=True)
class Wiring:
    """Makes what the configuration names, each thing once and not before it is needed.

    Connections last as long as the command; without one, whoever wires closes.
    """

    root: Path
    config: Config
    codes_to: Path | None = None
    """A folder for QR codes; without one they are only drawn, where somebody sits at a terminal."""
    _providers: dict[str, Provider] = field(default_factory=dict)
    _world: World | None = None
    _held: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        """Close together with the command that is running."""
        context = click.get_current_context(silent=True)
        if context is not None:
            context.call_on_close(self.close)
        # Also of what this command will not read: older states and plans may hold what somebody else has let in.
        references = [str(value) for made in self.config.providers.values() for value in made.options.values()]
        for reference in (*references, self.config.state_key):
            if reference.startswith("env:"):
                SECRETS.learn(os.environ.get(reference.removeprefix("env:"), ""))

    def close(self) -> None:
        """Let go of the connections of all providers that were made."""
        self._held.close()

    def provider_for(self, organization: Organization) -> Provider:
        """The one that `settings_for` names, made once."""
        return self._provider(self._name_of_provider(organization))

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            settings = self.config.providers[name]
            made = self._providers[name] = PROVIDERS[settings.kind](self, settings)
            if isinstance(made, Closing):
                self._held.callback(made.close)
        return self._providers[name]

    def calls(self) -> int:
        """How many calls were made so far to systems that count them."""
        return sum(provider.calls for provider in self._providers.values() if isinstance(provider, Metered))

    def explorers(self) -> dict[str, Explorer]:
        """Every configured provider that can be asked what there is, by the name it is configured under."""
        made = {name: self._provider(name) for name in sorted(self.config.providers)}
        return {name: provider for name, provider in made.items() if isinstance(provider, Explorer)}

    def settings_for(self, organization: Organization) -> ProviderSettings:
        """The provider under the organization's key, else under its system's name, else under `default`."""
        return self.config.providers[self._name_of_provider(organization)]

    def _name_of_provider(self, organization: Organization) -> str:
        names = (organization.key, organization.system.name, "default")
        name = next((name for name in names if name in self.config.providers), None)
        if name is None:
            message = f"{organization.key} has no provider"
            advice = f"add `{organization.system.name}` or `default` under `providers:` in reconciler.yaml"
            raise ReconcilerError(message, advice=advice)
        return name

    def store(self) -> StateStore:
        """Where the state lives."""
        return open_store(self.config.state, root=self.root, key=self.config.state_key)

    def clock(self) -> Clock:
        """The sandbox's clock where there is a sandbox, so that its time passes for this tool too."""
        providers = self.config.providers.values()
        is_played = any(made.kind == "sandbox" or made.options.get("via") == "sandbox" for made in providers)
        return self.world() if is_played else SystemClock()

    def world(self) -> World:
        """The workspace's embedded platform."""
        if self._world is None:
            from reconciler.providers.sandbox.seed import open_world

            self._world = open_world(self.root)
        return self._world


def open_store(address: str, *, root: Path, key: str = "") -> StateStore:
    """The store at an address as `state:` has it; `key` is a reference to the key that it is sealed under, if any.

    A message never repeats an address: it may hold a password.
    """
    SECRETS.learn_address(address)
    scheme, separator, rest = address.partition(":")
    make = STORES.get(scheme)
    if not separator or make is None:
        message = f"state of kind {scheme!r} cannot be used" if separator else "the address of the state has no scheme"
        raise ReconcilerError(message, advice=f"write `state: PREFIX:...` with one of {_listed(STORES)}")
    return _open_sealed(make, root, rest, key) if key else make(root, rest)


def _open_sealed(make: MakeStore, root: Path, rest: str, reference: str) -> StateStore:
    from reconciler.providers.business_api.credentials import read_secret
    from reconciler.stores.process import this_process
    from reconciler.stores.seal import Seal, parse_key
    from reconciler.stores.sealed import SealedStore, sealed_holder

    seal = Seal(parse_key(read_secret(reference, root=root)))
    return SealedStore(make(root, rest, holder=sealed_holder(this_process(), seal)), seal)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _make_sandbox(wiring: Wiring, settings: ProviderSettings) -> Provider:
    from reconciler.providers.sandbox.provider import SandboxProvider

    return SandboxProvider(wiring.world(), act_as=str(settings.options.get("act_as", "")))


def _make_business_api(wiring: Wiring, settings: ProviderSettings) -> Provider:
    """Over the network, or with `via: sandbox` over the workspace's embedded platform."""
    from reconciler.cli.business_center import make_provider, make_sandbox_provider
    from reconciler.cli.link_codes import CodeScreen

    clock = wiring.clock()
    show_code = CodeScreen(home=wiring.root / ".reconciler", clock=clock, folder=wiring.codes_to).find()
    via = settings.options.get("via", "")
    if via == "sandbox":
        return make_sandbox_provider(wiring.world(), settings.options, show_code=show_code)
    if via:
        raise ReconcilerError(f"via {via!r} leads nowhere", advice="write `via: sandbox`, or leave it out")
    return make_provider(wiring.root, settings.options, clock=clock, show_code=show_code)


def _make_work_orders(_: Wiring, settings: ProviderSettings) -> Provider:
    from reconciler.providers.work_orders.provider import WorkOrdersProvider

    exists = settings.options.get("exists", True)
    if not isinstance(exists, bool):
        message = "`exists` of a provider of kind work_orders is neither true nor false"
        raise ReconcilerError(message, advice="write `exists: false` for an organization that is to be created")
    return WorkOrdersProvider(exists=exists)


class MakeStore(Protocol):
    """Opens a store; without a `holder`, locks are taken in the name of this process."""

    def __call__(self, root: Path, rest: str, /, *, holder: Holder | None = None) -> StateStore:
        """`rest` is what stands behind the scheme; paths count from `root`."""
        ...


def _make_file_store(root: Path, rest: str, *, holder: Holder | None = None) -> StateStore:
    from reconciler.stores.local_file import LocalFileStore

    return LocalFileStore(root / rest, holder=holder)


def _make_sql_store(scheme: str, root: Path, rest: str, *, holder: Holder | None = None) -> StateStore:
    try:
        from reconciler.stores.sql import open_sql_store
    except ModuleNotFoundError as error:
        extra = "postgres" if scheme == "postgresql" else scheme
        message = f"state in a database needs the extra `{extra}`"
        raise ReconcilerError(message, advice=f"pip install 'access-reconciler[{extra}]'") from error
    return open_sql_store(f"{scheme}:{rest}", root=root, holder=holder)


def _make_object_store(scheme: str, _root: Path, rest: str, *, holder: Holder | None = None) -> StateStore:
    from reconciler.stores.object_store import open_object_store

    return open_object_store(f"{scheme}:{rest}", holder=holder)


PROVIDERS: dict[str, Callable[[Wiring, ProviderSettings], Provider]] = {
    "business_api": _make_business_api,
    "sandbox": _make_sandbox,
    "work_orders": _make_work_orders,
}
"""Kind -> how to make one."""

STORES: dict[str, MakeStore] = {
    "file": _make_file_store,
    "sqlite": partial(_make_sql_store, "sqlite"),
    "postgresql": partial(_make_sql_store, "postgresql"),
    "s3": partial(_make_object_store, "s3"),
    "gs": partial(_make_object_store, "gs"),
    "az": partial(_make_object_store, "az"),
}
"""What stands before the colon of `state:` -> how to make one from what stands behind it."""
