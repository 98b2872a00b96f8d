"""How many more images settle the number of cut corners, from what one more would tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

from napari_stem3d.analysis.fitting.likelihood import Explanation, Look
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.counting import Counted
from napari_stem3d.analysis.joint.outlook import DRAWS, MOST, SURE, Outlook, counted_up

Array = NDArray[np.floating]
_POSES = 16  # random ones in which bodies are compared
_MARGIN = 5  # pixels around a body in an image that is only thought of


def outlook_of(counted: Counted) -> Outlook:
    """Tell how many more images settle the number of cut corners.

    What one more image would tell of the likeliest number against the next likeliest is computed
    for random poses: the image that one body would make is explained by the other, whose lengths
    and cuts may change as far as the images so far allow, and whose pose and imaging may change
    freely. The squared residuals that are left, d, are twice the expected gain of the logarithm of
    the odds, whose variance is d (Wald's sequential test of two normal distributions).

    Parameters
    ----------
    counted : Counted
        What the images so far tell.

    Returns
    -------
    Outlook
        Of images like those so far.
    """
    chances = counted.probabilities
    best, next_ = np.argsort(-chances)[:2].tolist()
    probability = float(chances[best])
    if probability >= SURE or next_ not in counted.bundles:
        return Outlook(probability, 0 if probability >= SURE else None, None)
    one, other = counted.bundles[best], counted.bundles[next_]
    right, wrong = (_told_apart(*pair) for pair in ((one, other), (other, one)))
    rng = np.random.default_rng(0)
    first = rng.random(DRAWS) < probability
    tells = np.where(
        first[:, None], rng.choice(right, (DRAWS, MOST)), rng.choice(wrong, (DRAWS, MOST))
    )
    gains = tells / 2 + np.sqrt(tells) * rng.normal(size=tells.shape)
    return counted_up(probability, np.where(first[:, None], gains, -gains))


def _told_apart(true: Bundle, rival: Bundle) -> Array:
    """Squared residuals (n,) that a rival would leave of images of a body in random poses."""
    before = rival.arrow().body - rival.beliefs.precision  # the look below adds what was known
    found = []
    for k, turn in enumerate(Rotation.random(_POSES, np.random.default_rng(1))):
        look, other = true.looks[k % len(true.looks)], rival.looks[k % len(rival.looks)]
        there = turn * look.what.variable.particle.rotation
        thought = _thought_of(look, there)
        image = thought.model
        variance = np.interp(image, *_noise(look))
        patch = thought.patch._replace(image=image, variance=variance)
        rotation = turn * other.what.variable.particle.rotation
        place = look.what.variable.particle.position
        variable = replace(
            other.what.variable, particle=other.what.variable.particle.posed(place, rotation)
        )
        guess = Look(replace(thought.what, variable=variable), patch, other.prior)
        found.append(_left(guess, before))
    return np.array(found)


def _thought_of(look: Look, rotation: Rotation) -> Look:
    """Show the body of a look in another pose, all of it and on lines in their places."""
    particle = look.what.variable.particle
    reach = particle.body.radius
    place, pixel = np.array(particle.position), np.array(look.patch.pixel)
    counts = np.ceil(reach / pixel).astype(int) + _MARGIN
    y, x = (p + d * np.arange(-n, n + 1) for p, d, n in zip(place, pixel, counts))
    blank = np.zeros((len(y), len(x)))
    variable = replace(look.what.variable, particle=particle.posed(particle.position, rotation))
    what = Explanation(
        variable,
        look.what.probe,
        look.what.gain,
        look.what.ground,
        np.zeros(len(y)),
        look.what.kick,
    )
    return Look(what, Patch(blank, blank + 1, y, x), look.prior)


def _noise(look: Look) -> tuple[Array, Array]:
    """Grey values of a look, ascending, and the variances that go with them."""
    known = look.patch.known
    order = np.argsort(look.model[known])
    return look.model[known][order], look.patch.variance[known][order]


def _left(look: Look, before: Array) -> float:
    """Squared residuals that are left once all numbers suit best, in linear approximation."""
    equations = look.equations
    body = slice(POSE, POSE + len(before))
    curvature = equations.curvature.copy()
    curvature[body, body] += before
    pull = equations.slope.copy()
    pull -= look.beliefs.pull  # which is in balance with what the images so far have told
    lines = equations.pull @ solveh_banded(equations.lines, equations.pull)
    return max(float(look.chi2 - lines - pull @ np.linalg.solve(curvature, pull)), 0.0)
