"""Which policies hold in a workspace, for a terminal and for programs."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.policy_settings import OFF, Parameter, StandingRule
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible

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
