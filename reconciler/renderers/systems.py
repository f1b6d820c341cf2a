"""The role catalogue for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from reconciler.output.style import Style, Tone
from reconciler.systems.table import RoleRow


def render_systems(rows: Sequence[RoleRow], style: Style) -> str:
    """Every system with its roles, grouped by what they are held on; the word for manifests comes first."""
    blocks = []
    for (system, variant), of_system in groupby(rows, key=lambda row: (row.system, row.variant)):
        title = f"{system} ({variant})" if variant else system
        lines = [style.paint(title, Tone.STRONG)]
        for kind, of_kind in groupby(of_system, key=lambda row: row.kind):
            lines.append(f"  {kind}")
            lines += [line for row in of_kind for line in _show(row, style)]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _show(row: RoleRow, style: Style) -> list[str]:
    cap = f", at most {row.cap:,}" if row.cap is not None else ""
    label = f" ({row.label}{cap})"
    lines = [f"    {style.paint(row.role, Tone.STRONG)}{label}", f"      may: {row.may}"]
    return [*lines, f"      may not: {row.may_not}"] if row.may_not else lines
