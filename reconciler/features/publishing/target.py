"""Which forge, which repository and which pull request, and the token for it: told by the CI system, or given."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.features.publishing.client import ForgeClient, TokenAccess, require_token
from reconciler.features.publishing.forge import Forge
from reconciler.features.publishing.github import GitHub
from reconciler.features.publishing.gitlab import GitLab
from reconciler.model.errors import UsageError

_GITHUB_NEEDS = (
    "the token needs `pull-requests: write` for comments and `issues: write` for issues;"
    " in a pull request from a fork it never has them"
)
_GITLAB_NEEDS = "set GITLAB_TOKEN to a project access token with the scope `api`; CI_JOB_TOKEN may not write notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChoice:
    """What was given on the command line; whatever is empty is found in the environment."""

    forge: str = ""
    repository: str = ""
    number: int = 0
    """Of the pull request or merge request."""
    api: str = ""


@contextmanager
def open_forge(choice: TargetChoice, environment: Mapping[str, str], *, for_comment: bool) -> Iterator[Forge]:
    """The forge, as long as it is needed; raises UsageError, naming what is missing."""
    is_github = (choice.forge or detect_forge(environment)) == "github"
    variable = "GITHUB_REPOSITORY" if is_github else "CI_PROJECT_ID"
    repository = choice.repository or environment.get(variable, "")
    if not repository:
        raise UsageError("which repository?", advice=f"give --repository, or set {variable}")
    find = find_pull_request if is_github else find_merge_request
    number = choice.number or (find(environment) if for_comment else 0)
    if for_comment and not number:
        raise UsageError("this runs for no pull request", advice="give --number, or --summary for the job summary")
    client = ForgeClient(_github_access(choice, environment) if is_github else _gitlab_access(choice, environment))
    try:
        make = GitHub if is_github else GitLab
        yield make(client, repository=repository, number=number)
    finally:
        client.close()


def detect_forge(environment: Mapping[str, str]) -> str:
    """The forge whose pipeline this is; raises UsageError outside of both."""
    if environment.get("GITHUB_ACTIONS"):
        return "github"
    if environment.get("GITLAB_CI"):
        return "gitlab"
    raise UsageError("publish to which forge?", advice="give --to github or --to gitlab")


def find_pull_request(environment: Mapping[str, str]) -> int:
    """Number of the pull request that a workflow runs for; 0 when it runs for none."""
    found = re.fullmatch(r"refs/pull/(\d+)/(?:merge|head)", environment.get("GITHUB_REF", ""))
    if found:
        return int(found[1])
    path = environment.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        return int(event["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def find_merge_request(environment: Mapping[str, str]) -> int:
    """Number of the merge request that a pipeline runs for; 0 when it runs for none."""
    number = environment.get("CI_MERGE_REQUEST_IID", "")
    return int(number) if number.isdecimal() else 0


def _github_access(choice: TargetChoice, environment: Mapping[str, str]) -> TokenAccess:
    return TokenAccess(
        name="GitHub",
        base_url=choice.api or environment.get("GITHUB_API_URL") or "https://api.github.com",
        token=require_token(environment.get("GITHUB_TOKEN", ""), "GITHUB_TOKEN"),
        needed=_GITHUB_NEEDS,
    )


def _gitlab_access(choice: TargetChoice, environment: Mapping[str, str]) -> TokenAccess:
    own = environment.get("GITLAB_TOKEN", "").strip()
    return TokenAccess(
        name="GitLab",
        base_url=choice.api or environment.get("CI_API_V4_URL") or "https://gitlab.com/api/v4",
        token=require_token(own or environment.get("CI_JOB_TOKEN", ""), "GITLAB_TOKEN" if own else "CI_JOB_TOKEN"),
        header="PRIVATE-TOKEN" if own else "JOB-TOKEN",
        needed=_GITLAB_NEEDS,
    )
