"""How the error falls with the number of training images, and how many more are needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_stem3d._errors import InputError

Floats = NDArray[np.float64]
REPEATS = 1000  # of the fit, to curves with other noise
_EXPONENTS = np.geomspace(0.05, 3, 200)
_LEAST = 3  # sizes


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Error a + b N^-c of networks trained with N images, but never above that of guessing.

    Hestness et al. 2017 found this form for many networks and tasks.

    Attributes
    ----------
    a, b, c : float
        Error that no number of images removes, scale and exponent.
    chance : float
        Error of guessing.
    draws : ndarray, shape (repeats, 3)
        The same three, fitted to curves with other noise: what the intervals come from.
    """

    a: float
    b: float
    c: float
    chance: float
    draws: Floats

    def error(self, images: ArrayLike) -> Floats:
        """Return the error expected with so many images, between 0 and 1."""
        return _error(np.array([self.a, self.b, self.c]), np.asarray(images, float), self.chance)

    def error_interval(self, images: ArrayLike) -> tuple[Floats, Floats]:
        """Return the ends of the 95 % interval of `error`."""
        size = np.asarray(images, float)
        low, high = np.quantile(
            [_error(draw, size, self.chance) for draw in self.draws], (0.025, 0.975), axis=0
        )
        return low, high

    def interval(self, name: str) -> tuple[float, float]:
        """Return the ends of the 95 % interval of ``"a"``, ``"b"`` or ``"c"``."""
        low, high = np.quantile(self.draws[:, "abc".index(name)], (0.025, 0.975))
        return float(low), float(high)

    def images_for(self, accuracy: float) -> tuple[float, float, float]:
        """Return the number of training images for an accuracy.

        Parameters
        ----------
        accuracy : float
            Between that of guessing and 1.

        Returns
        -------
        images, low, high : float
            Number, and the ends of its 95 % interval; infinite where more images do not help.
        """
        if not 1 - self.chance < accuracy < 1:
            raise InputError(
                f"accuracy must lie between that of guessing, {1 - self.chance:.3g}, and 1. "
                f"Received: {accuracy!r}"
            )
        numbers = _needed(np.vstack([[self.a, self.b, self.c], self.draws]), 1 - accuracy)
        # Not interpolated: between a number and infinity lies nothing.
        low, high = np.quantile(numbers[1:], (0.025, 0.975), method="nearest")
        return float(numbers[0]), float(low), float(high)


def fit_learning_curve(
    images: Sequence[int] | NDArray,
    errors: Sequence[float] | NDArray,
    validation: int,
    chance: float,
    seed: int = 0,
) -> LearningCurve:
    """Fit a power law to the errors of networks trained with more and more images.

    Sizes at which networks do no better than guessing, by two standard errors of their mean, tell
    nothing of the law and are left out.

    Parameters
    ----------
    images : sequence of int
        Number of training images of each network.
    errors : sequence of float
        Its share of wrong answers.
    validation : int
        Number of images that the errors were counted on.
    chance : float
        Error of guessing.
    seed : int
        Seed of the intervals' noise.

    Returns
    -------
    LearningCurve
        Least squares, each error weighed by its noise: that of counting (binomial) and the
        spread between networks with the same number of images. The intervals come from fits to
        the curve with new noise of this size; they hold if the curve has this form.

    Raises
    ------
    InputError
        If networks are better than guessing at fewer than three sizes.
    """
    size, error = np.asarray(images, float), np.asarray(errors, float)
    own = {n: error[size == n] for n in np.unique(size)}
    spread = np.mean([group.var(ddof=1) if len(group) > 1 else 0.0 for group in own.values()])
    # Networks of one size are judged on the same images: counting noise does not average out.
    counting = chance * (1 - chance) / validation
    learnt = [
        n for n, e in own.items() if e.mean() < chance - 2 * np.sqrt(counting + spread / len(e))
    ]
    if len(learnt) < _LEAST:
        raise InputError(
            "A learning curve must have at least three sizes of training set at which networks "
            f"are better than guessing. Received: {len(learnt)}"
        )
    used = np.isin(size, learnt)
    size, error = size[used], error[used]
    share = np.clip(error, 0.5 / validation, 1 - 0.5 / validation)
    noise = np.sqrt(share * (1 - share) / validation + spread)
    a, b, c = _fit(size, error[None], noise)[0].tolist()
    curve = a + b * size**-c
    again = np.random.default_rng(seed).normal(curve, noise, (REPEATS, len(size)))
    return LearningCurve(a, b, c, chance, _fit(size, again, noise))


def _error(parameters: Floats, size: Floats, chance: float) -> Floats:
    a, b, c = parameters
    return np.minimum(chance, a + b * size**-c)


def _needed(parameters: Floats, error: float) -> Floats:
    a, b, c = parameters.T
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        numbers = (b / (error - a)) ** (1 / c)
    return np.where(error > a, numbers, np.inf)


def _fit(size: Floats, errors: Floats, noise: Floats) -> Floats:
    """Fit many curves (n, points) at once: a, b, c (n, 3).

    The law is linear in a and b, which are neither negative, so that only c has to be searched.
    """
    weight = noise**-2.0
    total, sum_y = weight.sum(), errors @ weight
    best = np.zeros((len(errors), 3))
    least = np.full(len(errors), np.inf)
    for c in _EXPONENTS:
        x = size**-c
        sum_x, sum_xx, sum_xy = weight @ x, weight @ x**2, errors @ (weight * x)
        b = (total * sum_xy - sum_x * sum_y) / (total * sum_xx - sum_x**2)
        b = np.where(b * sum_x > sum_y, sum_xy / sum_xx, np.maximum(b, 0))  # a would be negative
        a = np.maximum((sum_y - b * sum_x) / total, 0)
        cost = ((errors - a[:, None] - b[:, None] * x) ** 2) @ weight
        better = cost < least
        least = np.where(better, cost, least)
        best[better] = np.stack([a, b, np.full_like(a, c)], axis=1)[better]
    return best
