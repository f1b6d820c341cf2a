"""How a world begins: `sandbox.yaml` in the workspace, applied once, when there is no world yet."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.model.errors import ProviderError
from reconciler.sandbox.api.seeding import plant_business_api
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.knobs import Knobs
from reconciler.sandbox.planting import plant_apps, plant_assets, plant_organizations, plant_people
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import World, real_now

WORLD_FILE = Path(".reconciler") / "sandbox.db"
SEED_FILE = Path("sandbox.yaml")
_MAX_CHARACTERS = 16 << 20


def open_world(root: Path, *, clock: Callable[[], datetime] = real_now) -> World:
    """The world of a workspace; a new one begins as `sandbox.yaml` says, or empty if there is no such file."""
    world = World.open(root / WORLD_FILE, clock=clock)
    try:
        with world.transaction():
            if not world.has_begun:
                load_seed(world, read_seed(root))
                world.begin()
    except BaseException:
        world.close()
        raise
    return world


def read_seed(root: Path) -> Mapping[str, Any]:
    """The seed document of a workspace; empty when there is none."""
    import yaml

    path = root / SEED_FILE
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_MAX_CHARACTERS + 1)
        if len(text) > _MAX_CHARACTERS:
            raise ProviderError(f"{path} cannot be read: it is longer than {_MAX_CHARACTERS >> 20} MiB")
        document = yaml.safe_load(text)
    except FileNotFoundError:
        return {}
    except RecursionError as error:
        raise ProviderError(f"{path} cannot be read: it is nested too deeply") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        # A date that no calendar has is a ValueError of the YAML reader.
        said = error.strerror if isinstance(error, OSError) else str(error)
        advice = "the format is described in docs/sandbox.md"
        raise ProviderError(f"{path} cannot be read: {said}", advice=advice) from error
    return document or {}


def load_seed(world: World, document: Mapping[str, Any]) -> None:
    """Bring everything a seed document names into being, or nothing; a mistake in it is a ProviderError."""
    seed = Fields(document, "the seed")
    try:
        with world.transaction():
            seed.expect("version", 1)
            world.knobs = Knobs.from_mapping(dict(seed.fields("knobs").each()))
            plant_people(world, seed)
            plant_organizations(world, seed)
            plant_apps(world, seed)
            plant_assets(world, seed)
            plant_business_api(world, seed)
            seed.finish()
    except (Refusal, ValueError, OverflowError, sqlite3.Error) as error:
        raise ProviderError(f"sandbox.yaml: {error}", advice="the format is described in docs/sandbox.md") from error
