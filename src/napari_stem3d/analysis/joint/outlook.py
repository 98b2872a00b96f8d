"""How many more images it takes to be sure, from what one more would tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation
from scipy.special import logit

from napari_stem3d.analysis.fitting.likelihood import Explanation, Look
from napari_stem3d.analysis.fitting.patch import Patch
from napari_stem3d.analysis.fitting.variable import POSE
from napari_stem3d.analysis.joint.bundle import Bundle
from napari_stem3d.analysis.joint.counting import Counted

Array = NDArray[np.floating]
SURE = 0.95  # probability at which a question counts as settled
MOST = 20  # more images, beyond which they are not counted
_HALF, _LIKELY = 0.5, 0.9  # chances of being sure after "about" so many images, and after "most"
_POSES, _DRAWS = 16, 2000
_MARGIN = 5  # pixels around a body in an image that is only thought of
_NEVER = 1e-9


@dataclass(frozen=True)
class Outlook:
    """How many more images it takes to be sure.

    Attributes
    ----------
    probability : float
        Of the likeliest answer, so far.
    about, most : int or None
        More images after which it is as likely as not, and with 9 chances in 10, that one answer
        has 95 %; None if 20 do not suffice.
    """

    probability: float
    about: int | None
    most: int | None

    def __str__(self) -> str:
        """Say it in one sentence."""
        if self.about == 0:
            return f"{_percent(self.probability)}, no more images are needed."
        if self.about is None:
            return f"{_percent(self.probability)} so far, {MOST} more images may not make it {SURE:.0%}."
        images = "image" if self.about == 1 else "images"
        most = f"{self.most} with 9 chances in 10" if self.most else "perhaps many more"
        so_far = _percent(self.probability)
        return f"{so_far} so far, about {self.about} more {images} for {SURE:.0%} ({most})."


def _percent(share: float) -> str:
    return "above 99.9%" if share > 0.999 else f"{share:.1%}"


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
    first = rng.random(_DRAWS) < probability
    tells = np.where(
        first[:, None], rng.choice(right, (_DRAWS, MOST)), rng.choice(wrong, (_DRAWS, MOST))
    )
    gains = tells / 2 + np.sqrt(tells) * rng.normal(size=tells.shape)
    return _counted_up(probability, np.where(first[:, None], gains, -gains))


def outlook_of_views(probability: float, views: Array, usual: float) -> Outlook:
    """Tell how many more images it takes from what a network has told of each so far.

    Gains of the logarithm of the odds are drawn from a normal distribution with their mean and
    their scatter, and as uncertain as few images leave both. Of less than three images, they are
    thought to scatter as widely as their mean.

    Parameters
    ----------
    probability : float
        Of the likeliest answer from all images together.
    views : ndarray, shape (n,)
        Its probability from each image alone.
    usual : float
        Its probability before any image.

    Returns
    -------
    Outlook
        Of images like those so far.
    """
    if probability >= SURE:
        return Outlook(probability, 0, None)
    count = len(views)
    mean = (logit(np.clip(probability, _NEVER, 1 - _NEVER)) - logit(usual)) / count
    own = logit(np.clip(views, _NEVER, 1 - _NEVER)) - logit(usual)
    spread = max(float(np.std(own, ddof=1)) if count > 2 else 0.0, abs(mean), 0.1)
    rng = np.random.default_rng(0)
    means = mean + spread / np.sqrt(count) * rng.normal(size=(_DRAWS, 1))
    gains = means + spread * rng.normal(size=(_DRAWS, MOST))
    return _counted_up(probability, gains)


def _counted_up(probability: float, gains: Array) -> Outlook:
    """Count the images after which enough of the draws (n, MOST) of gains are sure."""
    odds = logit(max(probability, _NEVER)) + np.cumsum(gains, axis=1)
    sure = (np.abs(odds) >= logit(SURE)).mean(axis=0)
    about, most = (
        int(np.argmax(sure >= chance)) + 1 if (sure >= chance).any() else None
        for chance in (_HALF, _LIKELY)
    )
    return Outlook(probability, about, most)


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
