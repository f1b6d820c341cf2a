"""Somebody new gets what somebody else has, and no more of it than they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from reconciler.model.address import Address
from reconciler.model.finding import Finding
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One access that the newcomer gets."""

    address: Address
    """Of the newcomer."""
    what: str
    """In words: `standard`, `operator`."""
    through: str = ""
    """The group that gives it, as `group:NAME`; empty for what is given to them by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spared:
    """Something the other one has, or is in, that the newcomer does not get."""

    what: str
    """`admin of acme-dev`, `group:leads`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """What the newcomer will hear from one system."""

    organization: str
    name: str
    """What the organization is called there."""
    title: str
    """What a person calls the system."""
    role: str
    """As the platform labels it."""
    identifier: str
    """The address or number that is invited, and has to be used."""
    hours: int | None
    """How long the invitation lasts; None where that is not published."""
    must_register: bool
    """Whether they need an account there with exactly this address before they can be invited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """The proposal: an edit of the manifests, to be reviewed like any other."""

    JSON_HIDDEN: ClassVar = ("edited",)

    person: str
    """Key."""
    name: str = ""
    like: str
    """Key of whose access it follows."""
    groups: tuple[str, ...] = ()
    """Groups that the newcomer joins."""
    given: tuple[Given, ...] = ()
    left_out: tuple[Spared, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What validation says of the manifests after the edit and did not say before."""
    objections: tuple[Finding, ...] = ()
    """What policies have against it."""
    welcomes: tuple[Welcome, ...] = ()
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its text with the edit."""
    patch: str = ""
    """The edit as a unified diff."""
