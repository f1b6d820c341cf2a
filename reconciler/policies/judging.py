"""Judging what the manifests want by all rules that hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase

from reconciler.model.address import Address
from reconciler.model.declared import Desired
from reconciler.model.finding import Finding, Place, Severity
from reconciler.model.kinds import KINDS
from reconciler.model.settings import (
    OFF,
    CustomRule,
    Parameter,
    PolicySettings,
    RuleException,
    RuleSettings,
    StandingRule,
)
from reconciler.model.suggestions import Nearest
from reconciler.policies.catalogue import POLICIES
from reconciler.policies.custom import compile_rules
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule
from reconciler.systems import SYSTEMS

Rules = Mapping[str, Rule]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules there are in a workspace."""

    rules: Rules
    findings: tuple[Finding, ...] = ()
    """What is wrong with the files that rules of one's own are written in."""


COME_ALONG = RuleBook(rules=POLICIES)
"""The rules that come with the tool."""


def with_custom_rules(written: Sequence[CustomRule], findings: Sequence[Finding] = ()) -> RuleBook:
    """The rules that come with the tool and those of a workspace, with what is wrong with the latter."""
    rules, wrong = compile_rules(written, POLICIES)
    return RuleBook(rules={**POLICIES, **rules}, findings=(*findings, *wrong))


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """What came of looking at a workspace with all rules."""

    findings: tuple[Finding, ...] = ()
    """What the rules say, in reading order."""
    refusals: Mapping[Address, str] = field(default_factory=dict)
    """Access that a rule of severity error objects to, with its words."""
    doubts: tuple[Finding, ...] = ()
    """What is wrong with the settings of the rules."""


def judge(desired: Desired | None, settings: PolicySettings, *, today: date, rules: RuleBook = COME_ALONG) -> Judgment:
    """Look at what is wanted with all rules that hold; at nothing where the manifests cannot be read."""
    doubts = (*rules.findings, *check_settings(settings, today=today, rules=rules))
    said: list[_Said] = []
    later: list[_Said] = []
    if desired is not None:
        said = list(_objections(PolicyInput.of(desired, today), settings, rules.rules))
        later = _objections_later(desired, settings, rules.rules, today=today, said=said)
    found = [_finding(rule, objection, severity) for rule, severity, objection in (*said, *later)]
    return Judgment(
        findings=tuple(sorted(found, key=lambda finding: finding.sort_key)),
        refusals={
            address: f"{objection.message} [{rule.id}]"
            for rule, severity, objection in said
            if severity is Severity.ERROR
            for address in (objection.address, *objection.others)
        },
        doubts=doubts,
    )


_Said = tuple[Rule, Severity, PolicyObjection]


def _objections_later(
    desired: Desired, settings: PolicySettings, rules: Rules, *, today: date, said: Iterable[_Said]
) -> list[_Said]:
    """What the rules have against access that begins later, with the day; nothing is refused for it before."""
    known = {(rule.id, objection.address) for rule, _, objection in said}
    everything = (item for declared in desired.resources.values() for item in declared.values())
    days = {one.starts for item in everything for one in item.lines if one.starts and one.starts > today}
    found: list[_Said] = []
    for day in sorted(days):
        for rule, severity, objection in _objections(PolicyInput.of(desired, today, on=day), settings, rules):
            if (rule.id, objection.address) not in known:
                known.add((rule.id, objection.address))
                message = f"{objection.message}, from {day} on"
                found.append((rule, severity, replace(objection, message=message)))
    return found


def _objections(world: PolicyInput, settings: PolicySettings, rules: Rules) -> Iterator[_Said]:
    for rule in rules.values():
        severity = severity_of(rule, settings)
        if severity is None:
            continue
        for objection in rule.check(world, parameters_of(rule, settings)):
            if not _is_excepted(rule, objection, settings.exceptions, world.today):
                yield rule, severity, objection


def standing_rules(settings: PolicySettings, rules: Rules) -> list[StandingRule]:
    """All rules as they hold in a workspace."""
    return [
        StandingRule(
            id=rule.id,
            severity=severity.value if (severity := severity_of(rule, settings)) else OFF,
            asks=rule.asks,
            because=rule.because,
            parameters=parameters_of(rule, settings),
        )
        for rule in rules.values()
    ]


def only(settings: PolicySettings, chosen: Collection[str], known: Rules = POLICIES) -> PolicySettings:
    """The same settings with the chosen rules alone, and those on; raises KeyError for one that is not there."""
    severities = {name: severity_of(known[name], settings) or Severity.WARNING for name in chosen}
    rules = {
        name: replace(
            settings.rules.get(name, RuleSettings(place=_NOWHERE)),
            severity=severities[name].value if name in severities else OFF,
        )
        for name in known
    }
    return replace(settings, rules=rules)


_NOWHERE = Place("reconciler.yaml", 1, 1)


def severity_of(rule: Rule, settings: PolicySettings) -> Severity | None:
    """How much a rule matters in a workspace; None where it is off."""
    said = settings.rules[rule.id].severity if rule.id in settings.rules else ""
    if not said:
        # Whoever gives parameters to a rule that is off wants it.
        is_asked_for = rule.id in settings.rules
        return rule.severity or (Severity.WARNING if is_asked_for else None)
    return None if said == OFF else Severity(said)


def parameters_of(rule: Rule, settings: PolicySettings) -> Parameters:
    """What a rule is told in a workspace."""
    said = settings.rules[rule.id].parameters if rule.id in settings.rules else {}
    return {
        name: said[name] if name in said and fits(said[name], usual) else usual
        for name, usual in rule.parameters.items()
    }


def _finding(rule: Rule, objection: PolicyObjection, severity: Severity) -> Finding:
    return Finding(
        id=rule.id,
        message=objection.message,
        severity=severity,
        place=objection.place,
        advice=objection.advice,
        related=objection.related,
        address=str(objection.address),
    )


def _is_excepted(rule: Rule, objection: PolicyObjection, exceptions: Iterable[RuleException], today: date) -> bool:
    return any(
        one.rule == rule.id and one.holds(today) and fnmatchcase(str(objection.address), one.address)
        for one in exceptions
    )


def check_settings(settings: PolicySettings, *, today: date, rules: RuleBook) -> Iterator[Finding]:
    """What is wrong with the settings themselves."""
    known = rules.rules
    for name, said in settings.rules.items():
        if name in known:
            yield from _check_parameters(known[name], said)
        elif not rules.findings:  # a name may be missing because its file cannot be read
            yield _unknown(name, known, said)
    for one in settings.exceptions:
        if one.rule not in known:
            message = f"there is no policy `{one.rule}`"
            yield Finding(id="unknown-policy", message=message, place=one.place, advice=_nearest(one.rule, known))
        elif not one.holds(today):
            message = f"this exception ended on {one.until}"
            yield Finding(
                id="ended-exception", message=message, severity=Severity.WARNING, place=one.place, advice="delete it"
            )


def _unknown(name: str, rules: Rules, said: RuleSettings) -> Finding:
    message = f"there is no policy `{name}`"
    return Finding(id="unknown-policy", message=message, place=said.place, advice=_nearest(name, rules))


def _check_parameters(rule: Rule, said: RuleSettings) -> Iterator[Finding]:
    for name, value in said.parameters.items():
        if name not in rule.parameters:
            message = f"policy `{rule.id}` has no parameter `{name}`"
            yield Finding(
                id="unknown-parameter", message=message, place=said.place, advice=_nearest(name, rule.parameters)
            )
        elif not fits(value, rule.parameters[name]):
            expected = _sort_of(rule.parameters[name])
            message = f"`{name}` of policy `{rule.id}` must be {expected}"
            yield Finding(id="wrong-parameter", message=message, place=said.place)
        else:
            yield from _check_words(rule, name, value, said)


_EMPLOYMENTS = ("employee", "contractor", "agency", "creator")


def _words_of(parameter: str) -> set[str] | None:
    """The words that mean something in a list; None where a list holds names of one's own."""
    systems = [system for variants in SYSTEMS.values() for system in variants.values()]
    if parameter == "kinds":
        return set(KINDS)
    if parameter == "systems":
        return set(SYSTEMS)
    if parameter == "employment":
        return set(_EMPLOYMENTS)
    if parameter == "permissions":
        return {role.name for system in systems for roles in system.permissions.values() for role in roles}
    if parameter == "finance" or parameter in _EMPLOYMENTS:
        return {
            role.name
            for system in systems
            for kind, roles in system.roles.items()
            for role in roles
            if kind.endswith(".finance") == (parameter == "finance")
        }
    return None


def _check_words(rule: Rule, name: str, value: Parameter, said: RuleSettings) -> Iterator[Finding]:
    """A misspelt word would make its rule look at less than was meant."""
    known = _words_of(name) if isinstance(value, tuple) else None
    for word in value if known is not None and isinstance(value, tuple) else ():
        if known is not None and word not in known:
            message = f"`{word}` under `{name}` of policy `{rule.id}` is the name of nothing"
            yield Finding(id="unknown-word", message=message, place=said.place, advice=_nearest(word, known))


def fits(value: Parameter, usual: Parameter) -> bool:
    """Whether a value is of the same sort as the usual one."""
    return _sort_of(value) == _sort_of(usual)


def _sort_of(value: Parameter) -> str:
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a word"
        case tuple():
            return "a list of words"
    return "lists of words by name"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = Nearest(known).find(name)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
