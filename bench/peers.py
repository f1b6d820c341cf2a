"""The same number of memberships for octoDNS and Terraform, which plan declared things against recorded ones too.

octoDNS compares zones of 100 records in YAML with a copy in YAML. Terraform gets one module for every 100 members, with
resources that need no provider, and a local state. octoDNS is installed into an environment of its own when it is not
there; Terraform takes part where it is installed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

OCTODNS = "octodns==1.22.0"
_HOME = Path(__file__).parents[1] / ".venv" / ".octodns"
_SIZE = 100
_ZONES = """providers:
  declared: {class: octodns.provider.yaml.YamlProvider, directory: ./declared}
  live: {class: octodns.provider.yaml.YamlProvider, directory: ./live}
zones:
  '*': {sources: [declared], targets: [live]}
"""
_MODULE = """variable "members" {
  type = map(object({ role = string, expires = optional(string), reason = optional(string) }))
}
resource "terraform_data" "member" {
  for_each = var.members
  input    = each.value
}
"""


def find_octodns() -> Path:
    """Its command, installed on first use."""
    command = _HOME / "bin" / "octodns-sync"
    if not command.exists():
        venv.create(_HOME, with_pip=True)
        words = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([str(_HOME / "bin" / "python"), *words, OCTODNS], check=True)
    return command


def prepare_octodns(root: Path, memberships: int, *, changed: float = 0.0) -> list[str]:
    """Zones, and the command that compares them."""
    every = int(1 / changed) if changed else 0
    for folder in ("declared", "live"):
        (root / folder).mkdir(parents=True)
        for number in range(memberships // _SIZE):
            records = ["---"]
            for member in range(_SIZE):
                is_other = folder == "live" and every and (number * _SIZE + member) % every == 2
                role = "admin" if is_other else "standard"
                records += [f"person-{member:03}:", "  type: TXT"]
                dated = f"  values: [expires=2099-12-31, reason=SEC-{member}, role={role}]"
                records.append(dated if member % 5 == 4 else f"  value: {role}")
            (root / folder / f"org-{number:06}.test.yaml").write_text("\n".join([*records, ""]))
    (root / "config.yaml").write_text(_ZONES)
    return [str(find_octodns()), "--config-file", "config.yaml", "--quiet"]


def prepare_terraform(root: Path, memberships: int, *, changed: float = 0.0) -> list[str] | None:
    """Modules with their state, and the command that plans them; None where there is no Terraform."""
    command = shutil.which("terraform")
    if command is None:
        return None
    (root / "organization").mkdir(parents=True)
    (root / "organization" / "main.tf").write_text(_MODULE)
    # One module is applied, and the rest of the state made from it: applying all of them takes minutes.
    for size, words in ((_SIZE, ["init"]), (_SIZE, ["apply", "-auto-approve"]), (memberships, ["init"])):
        _write_modules(root, size, every=0)
        done = subprocess.run([command, *words, "-input=false"], cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"terraform {words[0]} failed:\n{done.stderr}")
    state = json.loads((root / "terraform.tfstate").read_text())
    (resource,) = state["resources"]
    state["resources"] = [{**resource, "module": f"module.org_{number:06}"} for number in range(memberships // _SIZE)]
    (root / "terraform.tfstate").write_text(json.dumps(state))
    _write_modules(root, memberships, every=int(1 / changed) if changed else 0)
    return [command, "plan", "-input=false", "-lock=false", "-no-color"]


def _write_modules(root: Path, memberships: int, *, every: int) -> None:
    lines = []
    for number in range(memberships // _SIZE):
        lines += [f'module "org_{number:06}" {{', '  source  = "./organization"', "  members = {"]
        for member in range(_SIZE):
            is_other = every and (number * _SIZE + member) % every == 2
            more = f', expires = "2099-12-31", reason = "SEC-{member}"' if member % 5 == 4 else ""
            lines.append(f'    "person-{member:03}" = {{ role = "{"admin" if is_other else "standard"}"{more} }}')
        lines += ["  }", "}"]
    (root / "main.tf").write_text("\n".join([*lines, ""]))
