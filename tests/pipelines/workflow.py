"""Playing a workflow of GitHub on this machine: its `run:` steps in a real shell; a test tells the expressions.

Steps with `uses:` are passed over: what they bring is there already. `if:` is not judged; the test says what is played.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a step left behind."""

    code: int
    output: str
    outputs: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Runner:
    """A machine with one checkout; pages and files of the forge lie beside it."""

    checkout: Path
    environment: dict[str, str]
    """What GitHub sets, and what an earlier step of the real thing would have set."""
    tools: Path
    """Commands that stand in for those of the machine."""
    workspace: str
    told: dict[str, str] = field(default_factory=dict)
    """Expression -> value. One that is not told fails the test, so that nothing is empty by mistake."""

    @property
    def pages(self) -> Path:
        return self.checkout.parent / "pages"

    def play(self, workflow: str, job: str, *, failing: tuple[str, ...] = ()) -> dict[str, Done]:
        """All `run:` steps of a job, by name; those in `failing`, and no others, do not exit with 0."""
        read: dict[str, Any] = yaml.safe_load((WORKFLOWS / workflow).read_text(encoding="utf-8"))
        done: dict[str, Done] = {}
        for step in read["jobs"][job]["steps"]:
            if "run" not in step:
                continue
            environment = {**read.get("env", {}), "WORKSPACE": self.workspace, **step.get("env", {})}
            result = self._run(step["run"], environment)
            assert (result.code != 0) == (step["name"] in failing), f"{step['name']}: {result.code}\n{result.output}"
            self.told |= {f"steps.{step.get('id')}.outputs.{name}": text for name, text in result.outputs.items()}
            done[step["name"]] = result
        return done

    def _run(self, script: str, environment: Mapping[str, str]) -> Done:
        assert "${{" not in script, "what comes from outside reaches a script as a variable"
        outputs = self.checkout.parent / "outputs"
        outputs.write_text("", encoding="utf-8")
        told = {name: self._evaluate(value) for name, value in environment.items()}
        base = {
            "PATH": f"{self.tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.checkout.parent),
        }
        run = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.checkout,
            env={**base, **self.environment, **told, "GITHUB_OUTPUT": str(outputs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Done(code=run.returncode, output=run.stdout, outputs=read_outputs(outputs.read_text(encoding="utf-8")))

    def _evaluate(self, value: str) -> str:
        return _EXPRESSION.sub(lambda found: self.told[found[1]], value)


def read_outputs(text: str) -> dict[str, str]:
    """Outputs as GitHub reads them: `name=value`, and `name<<DELIMITER` for several lines."""
    outputs: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, heredoc, delimiter = line.partition("<<")
        if heredoc:
            value: list[str] = []
            while (below := next(lines)) != delimiter:
                value.append(below)
            outputs[name] = "\n".join(value)
        else:
            name, _, outputs[name] = line.partition("=")  # evaluated from the left: the name is there when it is used
    return outputs
