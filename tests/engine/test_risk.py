"""What marks come to, and in which order they are read."""

from __future__ import annotations

import pytest

from reconciler.model import Mark, Risk, reading_order, risk_of


@pytest.mark.parametrize(
    ("marks", "gains", "expected"),
    [
        ((), True, Risk.MEDIUM),
        ((), False, Risk.LOW),
        ((Mark.FIRST, Mark.OUTSIDE_DIRECTORY), True, Risk.MEDIUM),
        ((Mark.OUTSIDE_DOMAINS,), True, Risk.HIGH),
        ((Mark.OUTSIDE_DOMAINS,), False, Risk.LOW),
        ((Mark.MONEY,), True, Risk.HIGH),
        ((Mark.MONEY, Mark.MESSAGES, Mark.COMPANY), False, Risk.LOW),
        ((Mark.ADMIN,), True, Risk.HIGH),
        ((Mark.ADMIN, Mark.LAST), False, Risk.HIGH),
        ((Mark.ADMIN, Mark.OUTSIDE_DIRECTORY), True, Risk.CRITICAL),
        ((Mark.GUARD,), False, Risk.HIGH),
        ((Mark.DISRUPTIVE,), False, Risk.HIGH),
        ((Mark.IRREVERSIBLE, Mark.GUARD), False, Risk.CRITICAL),
    ],
)
def test_marks_come_to_a_risk(marks: tuple[Mark, ...], gains: bool, expected: Risk) -> None:
    assert risk_of(marks, gains=gains) is expected


def test_a_reviewer_reads_in_the_order_of_the_marks_and_then_gains_and_losses() -> None:
    read = [
        ((Mark.IRREVERSIBLE, Mark.GUARD), True),
        ((Mark.DISRUPTIVE,), True),
        ((Mark.GUARD, Mark.ADMIN), True),
        ((Mark.ADMIN, Mark.MONEY), False),
        ((Mark.COMPANY,), False),
        ((Mark.MESSAGES,), False),
        ((Mark.MONEY,), False),
        ((Mark.OUTSIDE_DOMAINS, Mark.FIRST), False),
        ((Mark.FIRST,), False),
        ((Mark.ADMIN,), True),
    ]
    numbers = [reading_order(marks, is_loss=is_loss) for marks, is_loss in read]
    assert numbers == sorted(set(numbers))
