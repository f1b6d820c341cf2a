"""The section `business_api` of a seed document: apps, tokens, and the answers of the API that are not known."""

from __future__ import annotations

from reconciler.sandbox.api.access import DEFAULT_APP, add_app, add_token
from reconciler.sandbox.api.options import Options, write_options
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World


def plant_business_api(world: World, seed: Fields) -> None:
    """Bring it into being; tokens act as people of the seed."""
    section = seed.fields("business_api")
    options = dict(section.fields("options").each())
    if options:
        write_options(world, Options.from_mapping(options))
    for app, value in section.fields("apps").each():
        fields = Fields.of(value, f"{section.where}.apps.{app}", short="secret")
        add_app(world, app, secret=fields.text("secret"), scopes=_scopes(fields))
        fields.finish()
    for token, value in section.fields("tokens").each():
        fields = Fields.of(value, f"{section.where}.tokens.{token}", short="person")
        person = get_person(world, fields.text("person"))
        add_token(world, token, person=person, app=fields.text("app", DEFAULT_APP), scopes=_scopes(fields))
        fields.finish()
    section.finish()


def _scopes(fields: Fields) -> str:
    numbers = fields.texts("scopes", [])
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"{fields.where}.scopes are numbers in quotes, not {numbers}")
    return ",".join(numbers)
