"""Systems that only people can read and change: rosters come in, work orders go out. Nothing here does any I/O."""

from reconciler.providers.work_orders.provider import WorkOrdersProvider

__all__ = ["WorkOrdersProvider"]
