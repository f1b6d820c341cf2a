"""A real git repository with a workspace in it, and what people do there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from reconciler.cli.main import cli

WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@acme.example")


@dataclass(frozen=True, slots=True)
class Repository:
    """A clone; the workspace is its folder `tiktok`."""

    root: Path

    @property
    def workspace(self) -> Path:
        return self.root / "tiktok"

    @property
    def manifest(self) -> Path:
        return self.workspace / "access" / "example.yaml"

    def git(self, *words: str) -> str:
        run = subprocess.run(["git", *WHO, *words], cwd=self.root, capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", subject)
        return self.git("rev-parse", "HEAD")

    def call(self, *words: str, code: int = 0) -> Result:
        """Run the tool in the workspace; an unexpected exit code shows everything that was said."""
        result = CliRunner().invoke(cli, ["-C", str(self.workspace), *words])
        assert result.exit_code == code, result.output
        return result

    def edit(self, old: str, new: str) -> None:
        text = self.manifest.read_text(encoding="utf-8")
        assert text.count(old) == 1
        self.manifest.write_text(text.replace(old, new), encoding="utf-8")

    def settle(self) -> None:
        """Carry out what main declares, and let everybody accept."""
        for _ in range(3):
            self.call("apply", "--auto-approve")
            self.call("sandbox", "people", "answer", "accept", "--all")
        assert "No changes" in self.call("plan").stdout

    @contextmanager
    def pull_request(self, branch: str) -> Iterator[None]:
        """On the branch while the block runs; then at the merge that a forge would make, as its pipelines see it."""
        self.git("switch", "--quiet", "--create", branch, "main")
        yield
        self.commit(f"Change access: {branch}")
        self.git("switch", "--quiet", "--detach", "main")
        self.git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)

    def merge(self) -> None:
        """What the pull request showed becomes main."""
        merged = self.git("rev-parse", "HEAD")
        self.git("restore", ".")
        self.git("switch", "--quiet", "main")
        self.git("merge", "--quiet", "--ff-only", merged)


def make_repository(root: Path) -> Repository:
    """A repository whose main branch is settled."""
    repository = Repository(root)
    repository.workspace.mkdir(parents=True)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.call("init")
    repository.commit("Begin")
    repository.settle()
    return repository


def copy_repository(source: Repository, root: Path) -> Repository:
    """The same once more, with state and sandbox."""
    shutil.copytree(source.root, root)
    return Repository(root)


def make_unreadable(repository: Repository) -> None:
    """From now on nobody sees anything of acme-bc."""
    config = repository.workspace / "reconciler.yaml"
    text = config.read_text(encoding="utf-8")
    default = "default: {kind: sandbox}"
    assert default in text
    config.write_text(text.replace(default, f"{default}\n  acme-bc: {{kind: work_orders}}"), encoding="utf-8")
    repository.commit("Ask people about acme-bc")
