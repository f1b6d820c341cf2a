"""Whether rows that were cut out of a stream of pieces really end where they seem to.

Anybody can choose a display name such as "Pending" or "Finance Manager". Where a page is copied piece by piece, such a
name looks like the end of the row before it, and would say something about somebody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import and_

from reconciler.features.rosters.entries import SORTS
from reconciler.features.rosters.sheet import Cell, SheetRow
from reconciler.features.rosters.vocabulary import Reading, Sort, Vocabulary, split_person
from reconciler.model.resource import Status
from reconciler.systems.roster_pages import Column

_TELLING = frozenset(SORTS.values())
_Piece = frozenset[Reading]


def doubt_borders(rows: Sequence[SheetRow], columns: Sequence[Column | None], vocabulary: Vocabulary) -> list[SheetRow]:
    """The rows, those with a doubt that may have taken a piece of the next one, or given one away."""
    heard = [[frozenset(_hear(cell, vocabulary)) for cell in row.cells] for row in rows]
    named = [any(said.sort is Sort.TEXT for piece in pieces for said in piece) for pieces in heard]
    has_names = any(named)
    order = [SORTS[column] for column in columns if column in SORTS]
    nameless_next = [has_names and not is_named for is_named in [*named[1:], True]]
    judged = zip(rows, heard, nameless_next, _odd_labels(rows), strict=True) if rows else ()
    return [
        replace(row, doubt=odd or _doubt(pieces, order, is_next_nameless=is_nameless))
        for row, pieces, is_nameless, odd in judged
    ]


def _odd_labels(rows: Sequence[SheetRow]) -> list[str]:
    """For each row, what is odd about pieces such as `Role: Admin`: a page has them in all rows, a name can be one."""
    labels = [Counter(cell.column for cell in row.cells if cell.column is not None) for row in rows]
    everywhere = reduce(and_, labels, labels[0]) if labels else Counter()
    return ["it says what a piece is, and other rows do not" if one - everywhere else "" for one in labels]


def _hear(cell: Cell, vocabulary: Vocabulary) -> list[Reading]:
    if cell.column is not None:
        return []  # it says itself what it is
    return [said for piece in split_person(cell.text) for said in vocabulary.hear(piece)]


def _doubt(pieces: Sequence[_Piece], order: Sequence[Sort], *, is_next_nameless: bool) -> str:
    telling = [piece for piece in pieces if {said.sort for said in piece} & _TELLING]
    if order and not _is_in_order(telling, order):
        return "what it says is not in the order of the columns"
    if telling and is_next_nameless and _changes_much(telling[-1], telling[:-1]):
        return "its last piece may be the name of whoever is next"
    return ""


def _is_in_order(pieces: Sequence[_Piece], order: Sequence[Sort]) -> bool:
    """Whether every piece fits a column behind that of the piece before it; empty cells leave no piece."""
    at = 0
    for piece in pieces:
        sorts = {said.sort for said in piece}
        at = next((number + 1 for number in range(at, len(order)) if order[number] in sorts), -1)
        if at < 0:
            return False
    return True


def _changes_much(last: _Piece, others: Sequence[_Piece]) -> bool:
    """Whether a row that is whole without its last piece says something else with it."""
    before = {said for piece in others for said in piece}
    if not any(said.sort is Sort.ROLE for said in before):
        return False
    harmless = Reading(Sort.STATUS, Status.ACTIVE.value)
    return any(said.sort in {Sort.STATUS, Sort.FINANCE} and said not in {*before, harmless} for said in last)
