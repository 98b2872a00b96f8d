"""Levenberg's and Marquardt's method, for whatever has a cost and knows how to step downhill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

_TRIES = 6  # steps, each shorter than the last, before a point counts as the best
_FIRST, _LEAST = 1e-3, 1e-5  # damping to begin with, and the least after a step that failed
_LONGER, _SHORTER = 6.0, 8.0  # factors of the damping after steps that helped and that failed
_SETTLED = 30.0  # gain of a step below which what hangs on the rest may be learnt


class Costly(Protocol):
    """An explanation of images, such as a `Look`."""

    @property
    def cost(self) -> float:
        """Minus twice the logarithm of its posterior probability, but for constants."""


T = TypeVar("T", bound=Costly)


def descend(
    point: T,
    stepped: Callable[[T, float], T],
    steps: int,
    enough: float,
    settled: Callable[[T, T], T] | None = None,
    tries: int = _TRIES,
) -> T:
    """Lower the cost as far as it goes downhill.

    Parameters
    ----------
    point : Costly
        Where to begin.
    stepped : callable
        Takes one step from a point, shorter with more damping.
    steps : int
        Steps at most.
    enough : float
        Gain of a step after which it ends.
    settled : callable, optional
        Called once, when a step has gained little, with the points before and after it; gives the
        point to go on from.
    tries : int
        Steps, each shorter than the last, before a point counts as the best.

    Returns
    -------
    Costly
        With the lowest cost.
    """
    damping = _FIRST
    for _ in range(steps):
        for _ in range(tries):
            trial = stepped(point, damping)
            if trial.cost < point.cost:
                break
            damping = max(damping * _SHORTER, _LEAST)
        else:
            return point
        gain, damping = point.cost - trial.cost, damping / _LONGER
        before, point = point, trial
        if settled is not None and gain < _SETTLED:
            point, settled = settled(before, point), None
        elif gain < enough:
            return point
    return point
