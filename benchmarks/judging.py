"""Classifiers that try to tell real patches of noise from simulated ones."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.stats import skew
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RINGS = (0.01, 0.18, 0.32, 0.45, 0.71)  # bands of the spectrum, in periods per pixel
FOLDS = 5


def squares(mask: np.ndarray, size: int) -> list[tuple[int, int]]:
    """Corners of squares that lie within a mask, none of which overlap."""
    free, corners = mask.copy(), []
    for y in range(mask.shape[0] - size + 1):
        for x in range(mask.shape[1] - size + 1):
            if free[y : y + size, x : x + size].all():
                free[y : y + size, x : x + size] = False
                corners.append((y, x))
    return corners


def cut(image: np.ndarray, corners: Sequence[tuple[int, int]], size: int) -> np.ndarray:
    return np.array([image[y : y + size, x : x + size] for y, x in corners], float)


def features(patch: np.ndarray) -> list[float]:
    """Mean, variance, skewness, correlation at lags 1 to 3 along both axes, spectrum."""
    mean, deviation = patch.mean(), patch.std() + 1e-12
    z = (patch - mean) / deviation
    numbers = [mean, np.log(deviation**2), skew(z.ravel())]
    for lag in (1, 2, 3):
        numbers += [(z[:, lag:] * z[:, :-lag]).mean(), (z[lag:] * z[:-lag]).mean()]
    power = abs(np.fft.fft2(z)) ** 2 / z.size + 1e-9
    k = np.hypot(np.fft.fftfreq(len(z))[:, None], np.fft.fftfreq(len(z)))
    bands = [power[(k >= low) & (k < high)].mean() for low, high in itertools.pairwise(RINGS)]
    return numbers + np.log([*bands, power[0, 1:].mean(), power[1:, 0].mean()]).tolist()


def judge(
    real: np.ndarray, simulated: np.ndarray, regions: np.ndarray, seed: int
) -> dict[str, tuple[float, float]]:
    """Accuracy of each classifier, mean and spread over independent draws of the simulation.

    Real and simulated patches of one region of the image are in one fold: no classifier is tested
    on places that it has seen.
    """
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    forest = RandomForestClassifier(200, random_state=seed)
    views = {
        "features": lambda patches: np.array([features(p) for p in patches]),
        "pixels": lambda patches: patches.reshape(len(patches), -1),
    }
    labels, groups = np.repeat([0, 1], len(real)), np.tile(regions, 2)
    folds = GroupKFold(min(FOLDS, len(np.unique(regions))))
    accuracies = {}
    for view, describe in views.items():
        for name, classifier in (("logistic", logistic), ("forest", forest)):
            shares = []
            for draw in simulated:
                table = np.concatenate([describe(real), describe(draw)])
                right = sum(
                    (
                        classifier.fit(table[train], labels[train]).predict(table[test])
                        == labels[test]
                    ).sum()
                    for train, test in folds.split(table, labels, groups)
                )
                shares.append(right / len(labels))
            accuracies[f"{name}, {view}"] = float(np.mean(shares)), float(np.std(shares))
    return accuracies
