"""Playing a workflow of GitHub on this machine: conditions are judged, scripts run in a real shell, artifacts stay.

What a step `uses:` is imitated as far as jobs see it. A test tells the contexts; what it does not tell fails the test,
so that nothing is empty by mistake.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
ACTION = ROOT / ".github" / "actions" / "reconciler" / "action.yml"
HERE = "$/.github/"
"""Where `uses:` finds what this repository has itself."""

Value = str | bool
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_TOKEN = re.compile(r"'[^']*'|[\w.-]+|&&|\|\||==|!=|[!(),]")
_STATUS = re.compile(r"\b(success|failure|cancelled|always)\(\)")


def read(path: Path) -> dict[Any, Any]:
    made: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return made


def triggers(workflow: Mapping[Any, Any]) -> dict[str, Any]:
    made: dict[str, Any] = workflow[True]  # YAML 1.1 reads the key `on` as true
    return made


def needs(job: Mapping[str, Any]) -> list[str]:
    wanted: str | list[str] = job.get("needs", [])
    return [wanted] if isinstance(wanted, str) else wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a step left behind."""

    code: int
    output: str
    outputs: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Runner:
    """Machines of one forge: every job begins with nothing but the checkout; artifacts lie beside it."""

    checkout: Path
    environment: dict[str, str]
    """What GitHub sets, and what an earlier step of the real thing would have set."""
    tools: Path
    """Commands that stand in for those of the machine."""
    inputs: dict[str, Value] = field(default_factory=dict)
    """What the caller gives."""
    told: dict[str, Value] = field(default_factory=dict)
    """Name in a context -> value."""
    is_private: bool = False
    """A private repository, without a licence for code scanning."""
    scanned: list[str] = field(default_factory=list)
    """Categories that were uploaded to code scanning."""

    @property
    def pages(self) -> Path:
        return self.checkout.parent / "pages"

    @property
    def artifacts(self) -> Path:
        return self.checkout.parent / "artifacts"

    def run(self, caller: str, *, failing: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, str]:
        """A whole run, as an event starts it: job -> success, failure or skipped."""
        (call,) = read(WORKFLOWS / caller)["jobs"].values()
        name = call["uses"].removeprefix(f"{HERE}workflows/")
        called = read(WORKFLOWS / name)
        given = {key: self._text(str(value)) for key, value in call["with"].items()}
        self.inputs = {**given, **self.inputs}
        assert call.get("secrets", {}).keys() == triggers(called)["workflow_call"].get("secrets", {}).keys()
        results: dict[str, str] = {}
        for key, job in called["jobs"].items():
            before = [results[each] for each in needs(job)]
            self._told_inputs(called)
            if not self._judge(str(job.get("if", "success()")), is_well=all(one == "success" for one in before)):
                results[key] = "skipped"
            else:
                wanted = (failing or {}).get(key, ())
                self.play(name, key, failing=wanted)
                results[key] = "failure" if wanted else "success"
            self.told[f"needs.{key}.result"] = results[key]
        return results

    def play(
        self, workflow: str, job: str, *, failing: tuple[str, ...] = (), cancelled: bool = False
    ) -> dict[str, Done]:
        """One job on a machine of its own; the scripts in `failing`, and no others, do not exit with 0."""
        content = read(WORKFLOWS / workflow)
        made = content["jobs"][job]
        shutil.rmtree(self.pages, ignore_errors=True)
        self._told_inputs(content)
        ids = {step["id"] for step in made["steps"] if "id" in step}
        self.told = {name: value for name, value in self.told.items() if not name.startswith("steps.")}
        done: dict[str, Done] = {}
        is_well = True
        for step in made["steps"]:
            if not self._judge(
                str(step.get("if", "success()")), is_well=is_well and not cancelled, cancelled=cancelled
            ):
                continue
            if "uses" in step:
                self._use(step, made["permissions"])
                continue
            environment = {**content.get("env", {}), **step.get("env", {})}
            result = self._script(step["run"], environment)
            assert (result.code != 0) == (step["name"] in failing), f"{step['name']}: {result.code}\n{result.output}"
            is_well = is_well and result.code == 0
            self.told |= {f"steps.{step.get('id')}.outputs.{name}": text for name, text in result.outputs.items()}
            done[step["name"]] = result
        for name, value in made.get("outputs", {}).items():
            assert value.split(".")[1] in ids, value
            self.told[f"needs.{job}.outputs.{name}"] = self._text(value)
        return done

    def install(self, **inputs: str) -> dict[str, Done]:
        """The scripts of the action that installs the tool."""
        action = read(ACTION)
        self.told |= {f"inputs.{name}": inputs.get(name, one["default"]) for name, one in action["inputs"].items()}
        done: dict[str, Done] = {}
        for step in action["runs"]["steps"]:
            if "run" in step:
                done[step["id"]] = result = self._script(step["run"], step["env"])
                assert result.code == 0, result.output
                self.told |= {f"steps.{step['id']}.outputs.{name}": text for name, text in result.outputs.items()}
        return done

    def _told_inputs(self, workflow: Mapping[Any, Any]) -> None:
        declared = (triggers(workflow).get("workflow_call") or {"inputs": {}})["inputs"]
        self.told |= {f"inputs.{name}": self.inputs.get(name, one["default"]) for name, one in declared.items()}

    def _use(self, step: Mapping[str, Any], permissions: Mapping[str, str]) -> None:
        given = {name: self._text(str(value)) for name, value in step.get("with", {}).items()}
        match step["uses"].partition("@")[0].rpartition("/")[2]:
            case "upload-artifact":
                source, target = Path(given["path"]), self.artifacts / given["name"]
                if given.get("if-no-files-found") == "ignore" and not source.exists():
                    return
                shutil.rmtree(target, ignore_errors=True)
                target.mkdir(parents=True)
                for file in source.iterdir() if source.is_dir() else [source]:
                    if file.is_file():
                        shutil.copy(file, target)
            case "download-artifact":
                assert "pattern" in given or (self.artifacts / given["name"]).is_dir(), given
                for found in sorted(self.artifacts.glob(given.get("pattern") or given["name"])):
                    shutil.copytree(found, given["path"], dirs_exist_ok=True)
            case "upload-sarif":
                assert not self.is_private, "code scanning is not enabled for this repository"
                assert permissions["security-events"] == "write"
                assert permissions["actions"] == "read"
                assert json.loads(Path(given["sarif_file"]).read_text(encoding="utf-8"))["version"] == "2.1.0"
                self.scanned.append(given["category"])
            case "reconciler":
                assert given.keys() <= read(ACTION)["inputs"].keys()
            case other:
                assert other in {"checkout", "configure-aws-credentials"}, other

    def _script(self, script: str, environment: Mapping[str, Any]) -> Done:
        assert "${{" not in script, "what comes from outside reaches a script as a variable"
        outputs = self.checkout.parent / "outputs"
        outputs.write_text("", encoding="utf-8")
        told = {name: self._text(str(value)) for name, value in environment.items()}
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

    def _text(self, value: str) -> str:
        return _EXPRESSION.sub(lambda found: str(evaluate(found[1], self._look_up, {})), value)

    def _judge(self, condition: str, *, is_well: bool, cancelled: bool = False) -> bool:
        """Without a word about the status, a condition holds only where all went well before."""
        found = _EXPRESSION.fullmatch(condition.strip())
        expression = found[1] if found else condition
        if not _STATUS.search(expression):
            expression = f"success() && ({expression})"
        status = {"success": is_well, "failure": not is_well and not cancelled, "cancelled": cancelled, "always": True}
        return bool(evaluate(expression, self._look_up, status))

    def _look_up(self, name: str) -> Value:
        if name in self.told or not re.match(r"(steps|needs)\.\w+\.outputs\.", name):
            return self.told[name]
        return ""  # a step that did not come to it


def evaluate(expression: str, look_up: Callable[[str], Value], status: Mapping[str, bool]) -> Value:
    """An expression of GitHub's, as far as these workflows use them; both sides of an operator are evaluated."""
    return _Reader(expression, look_up, status).read()


class _Reader:
    def __init__(self, expression: str, look_up: Callable[[str], Value], status: Mapping[str, bool]) -> None:
        self._expression, self._look_up, self._status = expression, look_up, status
        self._tokens: list[str] = [*_TOKEN.findall(expression), ""]
        assert sum(map(len, self._tokens)) == len(re.sub(r"'[^']*'|\s", lambda found: found[0].strip(), expression))

    def read(self) -> Value:
        value = self._either()
        assert self._tokens == [""], self._expression
        return value

    def _next(self, wanted: str = "") -> str:
        token = self._tokens.pop(0)
        assert wanted in ("", token), self._expression
        return token

    def _either(self) -> Value:
        value = self._both()
        while self._tokens[0] == "||":
            self._next()
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Value:
        value = self._equal()
        while self._tokens[0] == "&&":
            self._next()
            other = self._equal()
            value = value and other
        return value

    def _equal(self) -> Value:
        value = self._one()
        if self._tokens[0] not in ("==", "!="):
            return value
        is_wanted = self._next() == "=="
        return (str(value).lower() == str(self._one()).lower()) == is_wanted

    def _one(self) -> Value:
        token = self._next()
        if token == "!":
            return not self._one()
        if token == "(":
            value = self._either()
            self._next(")")
            return value
        if token.startswith("'"):
            return token[1:-1]
        if self._tokens[0] != "(":
            return self._look_up(token)
        self._next("(")
        given = []
        while self._tokens[0] != ")":
            given.append(str(self._either()))
            if self._tokens[0] == ",":
                self._next()
        self._next(")")
        if token == "startsWith":
            text, beginning = given
            return text.lower().startswith(beginning.lower())
        return self._status[token]


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
