"""Which corners are cut: cuts are left out one by one, and evidence decides between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from napari_stem3d.analysis.fitting.likelihood import Look
from napari_stem3d.analysis.fitting.refinement import refine

_NOTHING, _TOO_MUCH = 2.0, 800.0  # costs: of what needs no new fit, and of what needs no trial
_CANDIDATES = 2  # cuts that are tried to be left out
_HOPELESS = 60.0  # evidence above the least at which to stop
_STEPS = 8  # of a refinement with one cut less


def fewer_cuts(look: Look) -> Iterator[Look]:
    """Leave out the cut that is missed least, again and again.

    Parameters
    ----------
    look : Look
        Fit with more cuts than there may be.

    Yields
    ------
    Look
        The fit itself, and fits with ever fewer cuts, as long as they are worth a thought.
    """
    least = look.evidence
    yield look
    while (cuts := look.what.variable.cuts) is not None:
        trials = sorted((_without(look, corner) for corner in cuts.corners), key=lambda t: t.cost)
        options: list[Look] = []
        for trial in trials[:_CANDIDATES]:
            worse = trial.cost - look.cost
            if worse > _TOO_MUCH:
                break
            options.append(refine(trial, _STEPS, learn=False) if worse > _NOTHING else trial)
            if options[0].evidence < look.evidence:
                break
        if not options:
            return
        look = min(options, key=lambda option: option.evidence)
        yield look
        least = min(least, look.evidence)
        if look.evidence > least + _HOPELESS:
            return


def _without(look: Look, corner: int) -> Look:
    return replace(look, what=replace(look.what, variable=look.what.variable.without(corner)))
