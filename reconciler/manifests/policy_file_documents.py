"""Policies of one's own, as files write them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.manifests.fields import OneOf, Text, Version
from reconciler.manifests.terms import StrictDocument


class CustomRuleDocument(StrictDocument):
    """One policy, told in expressions of the Common Expression Language (CEL)."""

    asks: Text
    """What has to be so, in one line; the message of its findings."""
    because: Text = ""
    """Why."""
    severity: Annotated[str, OneOf(("off", "note", "warning", "error"))] = "warning"
    """off, note, warning or error; reconciler.yaml may say otherwise."""
    when: Text = ""
    """Expression that chooses what is looked at; without it everything is."""
    require: Text
    """Expression that has to be true for whatever was chosen."""


class PolicyFileDocument(StrictDocument):
    """A file with policies."""

    version: Version = 1
    """Version of the format."""
    policies: dict[str, CustomRuleDocument] = Field(default_factory=dict)
    """Name -> policy."""
