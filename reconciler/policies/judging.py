"""Judging what the manifests want by all rules that hold."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple, get_args

from reconciler.engine.entitlements import change_days, days_of, membership_of
from reconciler.model import (
    KINDS,
    OFF,
    POLICY_EXCEPTION,
    Address,
    AddressPatterns,
    CustomRule,
    Declared,
    Desired,
    Finding,
    Nearest,
    Parameter,
    Place,
    PolicySettings,
    RuleException,
    RuleSettings,
    Severity,
    StandingRule,
    State,
    dataclass,
    person_in,
)
from reconciler.policies import RULES, review_overdue
from reconciler.policies.custom import compile_rules
from reconciler.policies.rule import Employment, Parameters, PolicyInput, PolicyObjection, Rule, Scale, number
from reconciler.systems.catalogue import SYSTEMS

Rules = Mapping[str, Rule]
POLICIES = {rule.id: rule for rule in RULES}
"""The rules that come with the tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBook:
    """All rules there are in a workspace."""

    rules: Rules
    findings: tuple[Finding, ...] = ()
    """What is wrong with the files that rules of one's own are written in."""


BUILT_IN = RuleBook(rules=POLICIES)


def with_custom_rules(written: Sequence[CustomRule], findings: Sequence[Finding] = ()) -> RuleBook:
    """The rules that come with the tool and those of a workspace, with what is wrong with the latter."""
    rules, wrong = compile_rules(written, POLICIES)
    return RuleBook(rules={**POLICIES, **rules}, findings=(*findings, *wrong))


Found = tuple[Rule, Severity, PolicyObjection]


@dataclass(frozen=True, kw_only=True)
class Judgment:
    """What came of looking at a workspace with all rules."""

    found: Sequence[Found] = ()
    """What the rules object to, rule by rule."""
    excepted: Sequence[Finding] = ()
    """Exceptions that hold: each is told for as long as it does."""
    refusals: Mapping[Address, str] = field(default_factory=dict)
    """Access that a rule of severity error objects to, with its words."""
    doubts: tuple[Finding, ...] = ()
    """What is wrong with the settings of the rules."""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the rules say, in reading order; a plan only counts most of it."""
        return _in_order((*self.excepted, *map(_to_finding, self.found)))

    @property
    def severities(self) -> Counter[str]:
        """How many findings there are of each severity."""
        of_rules = (severity.value for _, severity, _ in self.found)
        return Counter(of_rules) + Counter(one.severity.value for one in self.excepted)

    @property
    def told_by_plans(self) -> tuple[Finding, ...]:
        """What counts whether or not something changes: errors, exceptions, and reviews that are overdue.

        Time alone brings those about, and no change of a manifest shows them.
        """
        told = (one for one in self.found if one[1] is Severity.ERROR or one[0].id == review_overdue.RULE.id)
        return _in_order((*self.excepted, *map(_to_finding, told)))


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: finding.sort_key))


def _to_finding(found: Found) -> Finding:
    rule, severity, objection = found
    return Finding(
        id=rule.id,
        message=f"{objection.message}, from {objection.since} on" if objection.since else objection.message,
        severity=severity,
        place=objection.place,
        advice=objection.advice,
        related=objection.related,
        address=str(objection.address),
    )


def judge(
    desired: Desired | None,
    settings: PolicySettings,
    *,
    today: date,
    rules: RuleBook = BUILT_IN,
    recorded: Mapping[str, State] | None = None,
) -> Judgment:
    """Look at what is wanted with all rules that hold; at nothing where the manifests cannot be read.

    Rules that look at what is recorded are asked only where it was read.
    """
    now: list[Found] = []
    later: list[Found] = []
    used: dict[RuleException, int] = {}
    if desired is not None:
        held = _find_held(settings, rules.rules, (one for one in settings.exceptions if today <= one.until))
        held = [one for one in held if recorded is not None or not one.rule.needs_state]
        world = PolicyInput.of(desired, today, recorded=recorded)
        now = list(_objections(world, held, used))
        later = _objections_later(world, held, now=now)
    return Judgment(
        found=(*now, *later),
        excepted=[_describe_exception(one, count) for one, count in used.items()],
        refusals={
            address: f"{objection.message} [{rule.id}]"
            for rule, severity, objection in now
            if severity is Severity.ERROR and objection.since is None
            for address in (objection.address, *objection.others)
        },
        doubts=(*rules.findings, *check_settings(settings, today=today, rules=rules)),
    )


class _Held(NamedTuple):
    """A rule that is on, and how."""

    rule: Rule
    severity: Severity
    parameters: Parameters
    exceptions: list[RuleException]
    patterns: AddressPatterns
    """Of the exceptions."""


def _find_held(settings: PolicySettings, rules: Rules, exceptions: Iterable[RuleException] = ()) -> list[_Held]:
    """The rules that are on and have what they need, each with its exceptions."""
    excepted: dict[str, list[RuleException]] = defaultdict(list)
    for one in exceptions:
        excepted[one.rule].append(one)
    held = []
    for rule in rules.values():
        severity, parameters, ours = severity_of(rule, settings), parameters_of(rule, settings), excepted[rule.id]
        if severity is not None and all(parameters[name] for name in rule.needs):
            held.append(_Held(rule, severity, parameters, ours, AddressPatterns(one.address for one in ours)))
    return held


def _objections(world: PolicyInput, held: Iterable[_Held], used: dict[RuleException, int]) -> Iterator[Found]:
    """What no exception silences; `used` counts what each silences of today."""
    for rule, severity, parameters, exceptions, patterns in held:
        scope = rule.find_scope(world, parameters)
        for objection in rule.check(scope, parameters) if scope.overviews else ():
            silencing = patterns.find(str(objection.address)) if exceptions else []
            if not silencing:
                yield rule, severity, objection
            elif objection.since is None:
                first = exceptions[silencing[0]]
                used[first] = used.get(first, 0) + 1


def _describe_exception(one: RuleException, count: int) -> Finding:
    """An exception that holds is told for as long as it does."""
    times = f" ({count} times)" if count > 1 else ""
    message = f"`{one.rule}` is not applied to {one.address} until {one.until}{times}: {one.reason}"
    message = f"{message}; {one.owner} answers for it"
    return Finding(id=POLICY_EXCEPTION, message=message, severity=Severity.NOTE, place=one.place, address=one.address)


def _objections_later(world: PolicyInput, held: Sequence[_Held], *, now: Iterable[Found]) -> list[Found]:
    """What the rules have against access that begins later, with the day; nothing is refused for it before."""
    if not world.begins:
        return []
    known = {(rule.id, objection.address) for rule, _, objection in now}
    found: list[Found] = []
    rules = {scale: [one for one in held if one.rule.scale is scale] for scale in Scale}
    looked_at: dict[Scale, _Days] = {
        Scale.PERSON: _find_changing(_had_somewhere(world), world) if rules[Scale.PERSON] else {},
        Scale.PERSON_ANYWHERE: _find_changing(_had_anywhere(world), world) if rules[Scale.PERSON_ANYWHERE] else {},
        Scale.EVERYTHING: dict.fromkeys({day for days in world.begins.values() for day in days}),
    }
    for scale, days in looked_at.items():
        for day, changing in sorted(days.items()) if rules[scale] else ():
            then = world.on(day, world.desired.resources) if changing is None else world.with_things(changing)
            for rule, severity, objection in _objections(then, rules[scale], {}):
                if (rule.id, objection.address) not in known:
                    known.add((rule.id, objection.address))
                    found.append((rule, severity, objection._replace(since=day)))
    return found


_Resources = Mapping[str, Mapping[Address, Declared]]
"""Organization key -> some of what is declared in it."""
_Days = Mapping[date, _Resources | None]
"""A day on which something begins -> what to look at again on it; None for everything."""


def _find_changing(parts: Iterable[tuple[_Resources, Sequence[date]]], world: PolicyInput) -> _Days:
    """Each day on which something begins -> what may be otherwise there than on such a day before it, as it then is.

    `parts` are what has to be looked at together, each with the days on which something begins around it. It is there
    if a line in it has begun or ended since: looking at all that is declared on each of the days would take the square
    of it.
    """
    found: dict[date, dict[str, dict[Address, Declared]]] = defaultdict(lambda: defaultdict(dict))
    for part, days in parts:
        changes = change_days((one for things in part.values() for one in things.values()), world.today)
        looked = sorted({days[index] for day in changes if (index := bisect_left(days, day)) < len(days)})
        for key, things in part.items() if looked else ():
            told = {
                at: list(days_of(one, world.today, world.desired.organizations[key].system))
                for at, one in things.items()
            }
            for day in looked:
                there = {at: one for at, on_days in told.items() if (one := _on(day, on_days)) is not None}
                gone = things.keys() - there.keys()
                found[day][key].update({at: one for at, one in there.items() if membership_of(at) not in gone})
    return found


def _on(day: date, told: Sequence[tuple[date, Declared | None]]) -> Declared | None:
    """What something is on a day, of what is told day by day."""
    return told[bisect_right(told, day, key=itemgetter(0)) - 1][1]


def _had_somewhere(world: PolicyInput) -> Iterator[tuple[_Resources, Sequence[date]]]:
    """Everything that somebody has in one organization, as a grant goes with its membership."""
    for key, days in world.begins.items():
        whose: dict[str, dict[Address, Declared]] = defaultdict(dict)
        for address, one in world.desired.resources[key].items():
            whose[person_in(address) or str(address)][address] = one
        for part in whose.values():
            yield {key: part}, days


def _had_anywhere(world: PolicyInput) -> Iterator[tuple[_Resources, Sequence[date]]]:
    """Everything that somebody, or a partner of one organization, has in all of them."""
    days = sorted({day for days in world.begins.values() for day in days})
    whose: dict[object, dict[str, dict[Address, Declared]]] = defaultdict(lambda: defaultdict(dict))
    for key, resources in world.desired.resources.items():
        grouped: dict[str, dict[Address, Declared]] = defaultdict(dict)
        for address, one in resources.items():
            if address.kind == "asset_group_asset":
                grouped[address.parts[0]][address] = one
        for address, one in resources.items():
            who: object = person_in(address) or address
            if KINDS[address.kind].is_share:
                who = key, address.parts[0]
            part = whose[who][key]
            part[address] = one
            if address.kind == "asset_group_access":  # it leads to what is in the group
                part.update(grouped[address.parts[0]])
    return ((part, days) for part in whose.values())


def are_local(settings: PolicySettings, rules: Rules) -> bool:
    """Whether all rules that a plan asks judge each organization by itself."""
    return all(one.rule.is_local for one in _asked_by_plans(settings, rules))


def are_timeless(settings: PolicySettings, rules: Rules, desired: Desired, *, today: date) -> bool:
    """Whether all rules that a plan asks change their mind on declared days only; one that looks nowhere does."""
    changing = [one for one in _asked_by_plans(settings, rules) if not one.rule.is_timeless]
    if not all(one.rule.where for one in changing):
        return False
    world = PolicyInput.of(desired, today)
    return not any(one.rule.find_scope(world, one.parameters).overviews for one in changing)


def _asked_by_plans(settings: PolicySettings, rules: Rules) -> list[_Held]:
    """Of the rules that look at what is recorded those of severity error, and all others."""
    held = _find_held(settings, rules)
    return [one for one in held if one.severity is Severity.ERROR or not one.rule.needs_state]


def standing_rules(settings: PolicySettings, rules: Rules) -> list[StandingRule]:
    """All rules as they hold in a workspace."""
    return [
        StandingRule(
            id=rule.id,
            severity=severity.value if (severity := severity_of(rule, settings)) else OFF,
            asks=rule.asks,
            because=rule.because,
            parameters=parameters_of(rule, settings),
            needs_state=rule.needs_state,
            exceptions=tuple(one for one in settings.exceptions if one.rule == rule.id),
        )
        for rule in rules.values()
    ]


def looks_at_state(settings: PolicySettings, rules: Rules, *severities: Severity) -> bool:
    """Whether a rule that looks at what is recorded is on, with one of these severities."""
    return any(one.rule.needs_state and one.severity in severities for one in _find_held(settings, rules))


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
        return rule.sets.get(settings.set, rule.severity) or (Severity.WARNING if given else None)
    return None if given.severity == OFF else Severity(given.severity)


def parameters_of(rule: Rule, settings: PolicySettings) -> Parameters:
    """What a rule is told in a workspace."""
    given = settings.rules[rule.id].parameters if rule.id in settings.rules else {}
    return {
        name: given[name] if name in given and fits(given[name], usual) else usual
        for name, usual in rule.parameters.items()
    }


def number_told(rule: str, name: str, settings: PolicySettings) -> int:
    """A whole number that one of our rules is told in a workspace."""
    return int(number(parameters_of(POLICIES[rule], settings), name))


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
        elif one.until < today:
            message = f"this exception ended on {one.until}"
            yield Finding(
                id="ended-exception", message=message, severity=Severity.WARNING, place=one.place, advice="delete it"
            )
    for rule in known.values():
        asked_for = settings.rules.get(rule.id)
        is_asked = asked_for is not None or settings.set in rule.sets
        missing = [name for name in rule.needs if not parameters_of(rule, settings)[name]]
        if is_asked and missing and severity_of(rule, settings) is not None:
            message = f"policy `{rule.id}` looks at nothing: it has no `{missing[0]}`"
            advice = f'write `rules: {{{rule.id}: {{{missing[0]}: ...}}}}`, or `{rule.id}: "off"`'
            place = asked_for.place if asked_for else settings.place
            yield Finding(id="idle-policy", message=message, severity=Severity.WARNING, place=place, advice=advice)


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
        elif isinstance(value, tuple | Mapping) and (known := _words_of(name, rule)) is not None:
            # A misspelt word would make its rule look at less than was meant.
            for word in value:
                if word not in known:
                    message = f"`{word}` under `{name}` of policy `{rule.id}` is the name of nothing"
                    yield Finding(id="unknown-word", message=message, place=given.place, advice=_nearest(word, known))


def _words_of(parameter: str, rule: Rule) -> set[str] | None:
    """The words that mean something in a list; None where a list holds names of one's own."""
    more = {"any"} if isinstance(rule.parameters[parameter], Mapping) else set()
    systems = [system for variants in SYSTEMS.values() for system in variants.values()]
    if parameter == "kinds":
        return set(KINDS)
    if parameter == "systems":
        return set(SYSTEMS)
    if parameter == "employment":
        return set(get_args(Employment))
    if parameter == "permissions":
        return {role.name for system in systems for roles in system.permissions.values() for role in roles}
    if parameter in ("finance", "roles", *get_args(Employment)):
        return more | {
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
        case _ if value and all(isinstance(one, int) for one in value.values()):
            return "numbers by name"
    return "lists of words by name"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = Nearest(known).find(name)
    return f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
