"""Rules of one's own, written as expressions in the Common Expression Language.

An expression sees one membership, grant, share or asset at a time and can reach nothing else: it has no loops without
end (the library stops them), no input and no output, so files of strangers do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model import (
    MISSING_EXTRA,
    OFF,
    CustomRule,
    Declared,
    Expression,
    Finding,
    Organization,
    Person,
    Severity,
)
from reconciler.policies.rule import Parameters, PolicyInput, PolicyObjection, Rule, Scale

_Facts = Mapping[str, object]
_TEXTS = ("address", "organization", "system", "kind", "key", "role", "finance", "group", "reason", "expires", "today")


def compile_rules(written: Sequence[CustomRule], taken: Mapping[str, Rule]) -> tuple[dict[str, Rule], list[Finding]]:
    """The rules by name, and what is wrong with those that make no sense; `taken` are names that are given away."""
    rules: dict[str, Rule] = {}
    findings: list[Finding] = []
    environment = _environment() if written else None
    if written and environment is None:
        message = "policies of one's own need the extra `policy`: nothing was judged by them"
        findings.append(Finding(id=MISSING_EXTRA, message=message, place=written[0].place))
    for rule in written:
        if rule.id in taken:
            message = f"there is a policy `{rule.id}` already"
            findings.append(Finding(id="duplicate-policy", message=message, place=rule.place))
            continue
        chosen, required = (_compile(environment, expression, findings) for expression in (rule.when, rule.require))
        if chosen is not None and required is not None:
            rules[rule.id] = _rule(rule, chosen, required)
    return rules, findings


def _environment() -> Any:
    """None where the library is not installed."""
    try:
        from cel_expr_python import cel
    except ModuleNotFoundError:
        return None
    texts = dict.fromkeys(_TEXTS, cel.Type.STRING)
    others = {
        "permissions": cel.Type.List(cel.Type.STRING),
        "protect": cel.Type.BOOL,
        "person": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    }
    return cel.NewEnv(variables={**texts, **others})


def _compile(environment: Any, expression: Expression, findings: list[Finding]) -> Callable[[_Facts], bool] | None:
    if environment is None:
        return lambda _: False
    try:
        program = environment.compile(expression.text or "true")
    except RuntimeError as error:
        # Without the words that the library puts around it.
        first = str(error).splitlines()[0].removeprefix("INVALID_ARGUMENT: ").removeprefix("ERROR: <input>:")
        findings.append(_bad(expression, first.partition(" (in container")[0]))
        return None
    returns = program.return_type().name().lower()
    if returns not in {"bool", "dyn"}:
        findings.append(_bad(expression, f"it is of type {returns} and not true or false"))
        return None

    def evaluate(facts: _Facts) -> bool:
        # A value of another type, or an error such as a key that is not there, is no yes.
        try:
            return program.eval(data=dict(facts)).value() is True
        except RuntimeError:
            return False

    return evaluate


def _bad(expression: Expression, why: str) -> Finding:
    message = f"`{expression.text}` is not an expression: {why}"
    return Finding(id="bad-expression", message=message, place=expression.place)


def _rule(written: CustomRule, chosen: Callable[[_Facts], bool], required: Callable[[_Facts], bool]) -> Rule:
    def check(world: PolicyInput, _: Parameters) -> Iterator[PolicyObjection]:
        for organization, declared in world.everything():
            facts = _facts(declared, organization, world)
            if chosen(facts) and not required(facts):
                yield PolicyObjection.to(declared, f"{declared.address}: {written.asks}", advice=written.because)

    return Rule(
        id=written.id,
        severity=None if written.severity == OFF else Severity(written.severity),
        asks=written.asks,
        because=written.because,
        check=check,
        scale=Scale.PERSON,
        is_timeless="today" not in written.when.text + written.require.text,
    )


def _facts(declared: Declared, organization: Organization, world: PolicyInput) -> dict[str, object]:
    address, attributes = declared.address, declared.attributes
    return {
        "address": str(address),
        "organization": organization.key,
        "system": organization.system.name,
        "kind": address.kind,
        "key": address.key,
        "role": attributes.get("role", ""),
        "finance": attributes.get("finance", ""),
        "permissions": list(attributes.get("permissions", ())),
        "group": declared.through.partition(":")[2],
        "reason": declared.reason,
        "expires": str(declared.expires or ""),
        "protect": declared.protect is True,
        "today": str(world.today),
        "person": _facts_of(world.find_person(address)),
    }


def _facts_of(person: Person | None) -> dict[str, object]:
    """About nobody in particular for what is no person's, and for somebody who is not in the directory."""
    return {
        "key": person.key if person else "",
        "is_declared": person is not None,
        "name": person.name if person else "",
        "email": person.identities.get("email", "") if person else "",
        "employment": person.employment if person else "",
        "ends": str(person.ends or "") if person else "",
    }
