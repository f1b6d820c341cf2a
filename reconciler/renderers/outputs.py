"""From values to the shapes of JSON output that are published."""

from __future__ import annotations

from reconciler.core.finding import Place
from reconciler.core.resource import Attributes
from reconciler.manifests.output_documents import PlaceOutput, Values


def values_of(attributes: Attributes) -> Values:
    """Sets as lists."""
    return {name: value if isinstance(value, str) else list(value) for name, value in attributes.items()}


def place_of(place: Place) -> PlaceOutput:
    """A place in a manifest."""
    return PlaceOutput(file=place.file, line=place.line, column=place.column)
