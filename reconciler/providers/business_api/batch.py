"""Changes that leave in one call, and what one look shows of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reconciler.model.address import Address
from reconciler.model.errors import ProviderError
from reconciler.model.live import Live, Unknown
from reconciler.model.outcome import Outcome
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.reading import read_a_few
from reconciler.providers.business_api.verifying import has_arrived
from reconciler.providers.business_api.writing import PartialRead, Task, in_doubt, send

Outcomes = Iterator[tuple[Address, Outcome]]


class Batch:
    """Some changes of one Business Center."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tasks

    def look(self) -> bool:
        """Whether all of them have arrived; each task remembers what was seen of it."""
        center = self.tasks[0].center
        try:
            seen = read_a_few(center, [task.address for task in self.tasks])
        except (ApiError, ProviderError) as error:
            for task in self.tasks:
                task.seen, task.is_seen = Unknown(str(error)), True
            return False
        live = Live(organization=center.organization, resources=seen.resources, unknown=seen.unknown)
        for task in self.tasks:
            task.seen, task.is_seen = live.find(task.address), True
        return all(map(has_come, self.tasks))

    def send(self, endpoint: str, body: Mapping[str, Any]) -> Outcomes:
        """Send the call once, look, and say what became of each; raises ApiError when the platform refuses it."""
        try:
            send(self.tasks[0].center, endpoint, body, look=self.look, is_done=bool)
        except PartialRead as doubt:
            outcome = in_doubt(doubt)
            return self.outcomes(lambda _: outcome)
        return self.outcomes(lambda task: task.outcome())

    def outcomes(self, otherwise: Callable[[Task], Outcome]) -> Outcomes:
        """What has arrived is applied, whatever was said about the call."""
        for task in self.tasks:
            yield task.address, task.outcome() if has_come(task) else otherwise(task)

    def split(self) -> tuple[list[Task], list[Task]]:
        """What has arrived, and what has not."""
        come = [task for task in self.tasks if has_come(task)]
        return come, [task for task in self.tasks if not has_come(task)]


def has_come(task: Task) -> bool:
    """Whether a look since the call showed what the change leads to; nobody looks after a call that was refused."""
    return task.is_seen and has_arrived(task.change, task.seen)
