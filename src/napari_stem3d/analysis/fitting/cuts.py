"""Which corners are cut: cuts are left out one by one, and evidence decides between them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.refinement import refine

T = TypeVar("T", bound=Any)  # with `cost`, `evidence` and `variable`
_NOTHING, _TOO_MUCH = 2.0, 800.0  # costs: of what needs no new fit, and of what needs no trial
_CANDIDATES = 2  # cuts that are tried to be left out
_HOPELESS = 60.0  # evidence above the least at which to stop
_STEPS = 8  # of a refinement with one cut less


def fewer_cuts(look: Look) -> Iterator[Look]:
    """Leave cuts of a body that explains one image out; see `leave_out`."""

    def without(one: Look, corner: int) -> Look:
        return replace(one, what=replace(one.what, variable=one.variable.without(corner)))

    return leave_out(look, without, lambda one: refine(one, _STEPS, learn=False), _HOPELESS)


def leave_out(
    fit: T, without: Callable[[T, int], T], refined: Callable[[T], T], hopeless: float
) -> Iterator[T]:
    """Leave out the cut that is missed least, again and again.

    Parameters
    ----------
    fit : Look or Bundle
        Fit with more cuts than there may be.
    without : callable
        Gives a fit with the cut of one corner less, not yet refined.
    refined : callable
        Refines a fit.
    hopeless : float
        Evidence above the least at which to stop.

    Yields
    ------
    Look or Bundle
        The fit itself, and fits with ever fewer cuts, as long as they are worth a thought.
    """
    least = fit.evidence
    yield fit
    while (cuts := fit.variable.cuts) is not None:
        trials = sorted((without(fit, corner) for corner in cuts.corners), key=lambda t: t.cost)
        options: list[T] = []
        for trial in trials[:_CANDIDATES]:
            worse = trial.cost - fit.cost
            if worse > _TOO_MUCH:
                break
            options.append(refined(trial) if worse > _NOTHING else trial)
            if options[0].evidence < fit.evidence:
                break
        if not options:
            return
        fit = min(options, key=lambda option: option.evidence)
        yield fit
        least = min(least, fit.evidence)
        if fit.evidence > least + hopeless:
            return
