"""How many more images it takes to be sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

Array = NDArray[np.floating]
SURE = 0.95  # probability at which a question counts as settled
MOST = 20  # more images, beyond which they are not counted
_HALF, _LIKELY = 0.5, 0.9  # chances of being sure after "about" so many images, and after "most"
DRAWS = 2000
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
        so_far = "above 99.9%" if self.probability > 0.999 else f"{self.probability:.1%}"
        likely = f" ({self.most} with 9 chances in 10)" if self.about and self.most else ""
        return f"{so_far} so far, {more_words(self.about)}{likely}."


def more_words(about: float | None) -> str:
    """Say how many more images are needed.

    Parameters
    ----------
    about : float or None
        As of `Outlook`; NaN stands for None as well.

    Returns
    -------
    str
        Part of a sentence.
    """
    if about is None or np.isnan(about):
        return f"{MOST} more images may not make it {SURE:.0%}"
    if not about:
        return f"no more images needed for {SURE:.0%}"
    return f"about {about:.0f} more image{'' if about == 1 else 's'} for {SURE:.0%}"


def counted_up(probability: float, gains: Array) -> Outlook:
    """Count the images after which enough draws are sure.

    Parameters
    ----------
    probability : float
        Of the likeliest answer, so far.
    gains : ndarray, shape (n, MOST)
        What each further image adds to the logarithm of its odds, in each draw.

    Returns
    -------
    Outlook
        Of these draws.
    """
    odds = logit(max(probability, _NEVER)) + np.cumsum(gains, axis=1)
    sure = (np.abs(odds) >= logit(SURE)).mean(axis=0)
    about, most = (
        int(np.argmax(sure >= chance)) + 1 if (sure >= chance).any() else None
        for chance in (_HALF, _LIKELY)
    )
    return Outlook(probability, about, most)


def outlook_of_views(probability: float, views: Array, usual: float) -> Outlook:
    """Tell how many more images it takes from what a network has told of each so far.

    Gains of the logarithm of the odds are drawn from a normal distribution with their mean and
    their scatter, as uncertain as few images leave it. They are thought to scatter at least as
    widely as their mean, and less is not believed of fewer than three images.

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
    means = mean + spread / np.sqrt(count) * rng.normal(size=(DRAWS, 1))
    gains = means + spread * rng.normal(size=(DRAWS, MOST))
    return counted_up(probability, gains)
