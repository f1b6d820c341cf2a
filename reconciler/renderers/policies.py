"""Which policies hold in a workspace, for a terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from reconciler.core.policy_settings import OFF, Parameter, StandingRule
from reconciler.manifests.policy_documents import PoliciesOutput, PolicyOutput
from reconciler.renderers.style import Style, Tone
from reconciler.renderers.visible import make_visible

POLICIES_FORMAT = "1.0"
_TONES = {"error": Tone.ALARM, "warning": Tone.WARN, OFF: Tone.QUIET}


def render_policies(rules: Sequence[StandingRule], style: Style) -> str:
    """Rule by rule: severity, what it asks and its parameters; why with `-v`."""
    return "\n".join(_block(rule, style) for rule in rules)


def _block(rule: StandingRule, style: Style) -> str:
    name = style.paint(make_visible(rule.id), Tone.STRONG)
    lines = [f"{name}  {style.paint(rule.severity, _TONES.get(rule.severity))}", f"  {make_visible(rule.asks)}"]
    lines += [f"    {name}: {make_visible(_say(value))}" for name, value in rule.parameters.items()]
    if style.verbose:
        lines.append(f"  {style.paint(make_visible(rule.because), Tone.QUIET)}")
    return "".join(f"{line}\n" for line in lines)


def _say(value: Parameter) -> str:
    """As it is written in reconciler.yaml."""
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    lists = (f"{name}: {_say(words)}" for name, words in value.items())
    return f"{{{', '.join(lists)}}}"


def render_policies_json(rules: Sequence[StandingRule], _: Style) -> str:
    """`PoliciesOutput` as JSON, in ASCII."""
    document = PoliciesOutput(
        format_version=POLICIES_FORMAT,
        policies=[
            PolicyOutput(
                id=rule.id,
                severity=rule.severity,
                asks=rule.asks,
                because=rule.because,
                parameters={name: _plain(value) for name, value in rule.parameters.items()},
            )
            for rule in rules
        ],
    )
    return json.dumps(asdict(document), indent=2, ensure_ascii=True) + "\n"


def _plain(value: Parameter) -> str | float | list[str] | dict[str, list[str]]:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (str, int, float)):
        return value
    return {name: list(words) for name, words in value.items()}
