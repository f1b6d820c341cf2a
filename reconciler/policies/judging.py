"""Judging what the manifests want by all rules that hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
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
    RuleSettings,
    StandingRule,
)
from reconciler.model.suggestions import Nearest
from reconciler.model.values import dataclass
from reconciler.policies import (
    admin_may_act,
    admin_reason,
    admin_share,
    client_isolation,
    named_members,
    permission_reason,
    review_overdue,
    role_by_employment,
    second_factor,
    separate_money,
    strongest_role,
    temporary_outsiders,
)
from reconciler.policies.custom import compile_rules
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule
from reconciler.systems import SYSTEMS

Rules = Mapping[str, Rule]

_MODULES = (
    named_members,
    temporary_outsiders,
    admin_share,
    admin_reason,
    role_by_employment,
    strongest_role,
    separate_money,
    permission_reason,
    client_isolation,
    second_factor,
    admin_may_act,
    review_overdue,
)
POLICIES: dict[str, Rule] = {module.RULE.id: module.RULE for module in _MODULES}
"""All rules that come with the tool: one line to add one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules there are in a workspace."""

    rules: Rules
    findings: tuple[Finding, ...] = ()
    """What is wrong with the files that rules of one's own are written in."""


BUILT_IN = RuleBook(rules=POLICIES)
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


def judge(desired: Desired | None, settings: PolicySettings, *, today: date, rules: RuleBook = BUILT_IN) -> Judgment:
    """Look at what is wanted with all rules that hold; at nothing where the manifests cannot be read."""
    now: list[_Found] = []
    later: list[_Found] = []
    if desired is not None:
        now = list(_objections(PolicyInput.of(desired, today), settings, rules.rules))
        later = _objections_later(desired, settings, rules.rules, today=today, now=now)
    findings = [
        Finding(
            id=rule.id,
            message=objection.message,
            severity=severity,
            place=objection.place,
            advice=objection.advice,
            related=objection.related,
            address=str(objection.address),
        )
        for rule, severity, objection in (*now, *later)
    ]
    return Judgment(
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        refusals={
            address: f"{objection.message} [{rule.id}]"
            for rule, severity, objection in now
            if severity is Severity.ERROR
            for address in (objection.address, *objection.others)
        },
        doubts=(*rules.findings, *check_settings(settings, today=today, rules=rules)),
    )


_Found = tuple[Rule, Severity, PolicyObjection]


def _objections(world: PolicyInput, settings: PolicySettings, rules: Rules) -> Iterator[_Found]:
    for rule in rules.values():
        severity = severity_of(rule, settings)
        if severity is None:
            continue
        exceptions = [one for one in settings.exceptions if one.rule == rule.id and one.holds(world.today)]
        for objection in rule.check(world, parameters_of(rule, settings)):
            if not any(fnmatchcase(str(objection.address), one.address) for one in exceptions):
                yield rule, severity, objection


def _objections_later(
    desired: Desired, settings: PolicySettings, rules: Rules, *, today: date, now: Iterable[_Found]
) -> list[_Found]:
    """What the rules have against access that begins later, with the day; nothing is refused for it before."""
    known = {(rule.id, objection.address) for rule, _, objection in now}
    everything = (item for declared in desired.resources.values() for item in declared.values())
    days = {one.starts for item in everything for one in item.lines if one.starts and one.starts > today}
    found: list[_Found] = []
    for day in sorted(days):
        for rule, severity, objection in _objections(PolicyInput.of(desired, today, on=day), settings, rules):
            if (rule.id, objection.address) not in known:
                known.add((rule.id, objection.address))
                message = f"{objection.message}, from {day} on"
                found.append((rule, severity, replace(objection, message=message)))
    return found


def scope_of_rules(settings: PolicySettings, rules: Rules) -> tuple[bool, bool]:
    """Whether all rules that are on judge each organization by itself, and change their mind on declared days only."""
    held = [rule for rule in rules.values() if severity_of(rule, settings) is not None]
    are_local = all(rule.is_local(parameters_of(rule, settings)) for rule in held)
    return are_local, all(rule.is_timeless for rule in held)


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
    severities: dict[str, str] = dict.fromkeys(known, OFF)
    severities |= {name: (severity_of(known[name], settings) or Severity.WARNING).value for name in chosen}
    unset = RuleSettings(place=Place("reconciler.yaml", 1, 1))
    rules = {name: replace(settings.rules.get(name, unset), severity=severities[name]) for name in known}
    return replace(settings, rules=rules)


def severity_of(rule: Rule, settings: PolicySettings) -> Severity | None:
    """How much a rule matters in a workspace; None where it is off."""
    given = settings.rules.get(rule.id)
    if given is None or not given.severity:
        # Whoever gives parameters to a rule that is off wants it.
        return rule.severity or (Severity.WARNING if given else None)
    return None if given.severity == OFF else Severity(given.severity)


def parameters_of(rule: Rule, settings: PolicySettings) -> Parameters:
    """What a rule is told in a workspace."""
    given = settings.rules[rule.id].parameters if rule.id in settings.rules else {}
    return {
        name: given[name] if name in given and fits(given[name], usual) else usual
        for name, usual in rule.parameters.items()
    }


def check_settings(settings: PolicySettings, *, today: date, rules: RuleBook) -> Iterator[Finding]:
    """What is wrong with the settings themselves."""
    known = rules.rules
    for name, given in settings.rules.items():
        if name in known:
            yield from _check_parameters(known[name], given)
        elif not rules.findings:  # a name may be missing because its file cannot be read
            yield _unknown_policy(name, known, given.place)
    for one in settings.exceptions:
        if one.rule not in known:
            yield _unknown_policy(one.rule, known, one.place)
        elif not one.holds(today):
            message = f"this exception ended on {one.until}"
            yield Finding(
                id="ended-exception", message=message, severity=Severity.WARNING, place=one.place, advice="delete it"
            )


def _unknown_policy(name: str, known: Rules, place: Place) -> Finding:
    message = f"there is no policy `{name}`"
    return Finding(id="unknown-policy", message=message, place=place, advice=_nearest(name, known))


def _check_parameters(rule: Rule, given: RuleSettings) -> Iterator[Finding]:
    for name, value in given.parameters.items():
        if name not in rule.parameters:
            message = f"policy `{rule.id}` has no parameter `{name}`"
            advice = _nearest(name, rule.parameters)
            yield Finding(id="unknown-parameter", message=message, place=given.place, advice=advice)
        elif not fits(value, rule.parameters[name]):
            message = f"`{name}` of policy `{rule.id}` must be {_sort_of(rule.parameters[name])}"
            yield Finding(id="wrong-parameter", message=message, place=given.place)
        elif isinstance(value, tuple) and (known := _words_of(name)) is not None:
            # A misspelt word would make its rule look at less than was meant.
            for word in value:
                if word not in known:
                    message = f"`{word}` under `{name}` of policy `{rule.id}` is the name of nothing"
                    yield Finding(id="unknown-word", message=message, place=given.place, advice=_nearest(word, known))


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
