"""Vertices, inner corners and distances of polyhedra: by grey values, by fits, by plain ways.

Fresh objects of the reference conditions "corners-128": intact cuboids, cuboids with cut corners,
and intact polyhedra of all other kinds, each in 128 x 128 pixels. The truth is the polyhedron
itself: the convex hull of its projected vertices is the silhouette, and vertices inside it are
inner corners. All constants of the method were tuned on the seed 820001. Where a fit is not to
be believed, its place is taken by what the grey values tell, as `measure_frame` does it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from benchmarks.fitting import side_by_side
from scipy.ndimage import maximum_filter
from scipy.optimize import linear_sum_assignment
from scipy.spatial import ConvexHull
from skimage.measure import approximate_polygon

KINDS = ("cuboid", "cut cuboid", "other polyhedron")
COUNT = 100  # objects of each kind and dose
TOLERANCES = (1.0, 2.0, 3.0)  # pixels, of the polygons of the baseline
MARK = 0.5  # of the U-Net's corners, above which a maximum is one
NEAR, INNER, MATCHED = 2.0, 1.0, 4.0  # pixels
FAR = 10.0  # pixels that no match costs more than
SAMPLING = 0.2  # nm


@dataclass
class Tally:
    """What is counted over the objects of one kind."""

    counts: dict[str, list[int]] = field(default_factory=dict)
    misses: dict[str, list[float]] = field(default_factory=dict)
    inner: dict[str, np.ndarray] = field(default_factory=dict)
    distances: dict[str, list[float]] = field(default_factory=dict)

    def vertices(self, method: str, found: int, true: int) -> None:
        self.counts.setdefault(method, []).append(found - true)

    def corners(self, method: str, found: np.ndarray, true: np.ndarray) -> None:
        """Count corners told, true ones, and those within 2 pixels; keep how far they are off."""
        off = matched(found, true)[2]
        self.misses.setdefault(method, []).extend(off[off < MATCHED])
        told = np.array([len(found), len(true), np.sum(off <= NEAR)])
        self.inner[method] = self.inner.get(method, np.zeros(3, int)) + told

    def absorb(self, other: Tally) -> None:
        """Count what another one has counted as well."""
        for name in ("counts", "misses", "distances"):
            for method, values in getattr(other, name).items():
                getattr(self, name).setdefault(method, []).extend(values)
        for method, counts in other.inner.items():
            self.inner[method] = self.inner.get(method, np.zeros(3, int)) + counts


def main(seed: int) -> None:
    for dose in ("clean", "standard"):
        tallies = side_by_side(tallied, ((dose, kind, seed) for kind in KINDS))
        everything = Tally()
        for kind, tally in zip(KINDS, tallies):
            everything.absorb(tally)
            show(f"{dose}, {kind}", tally)
        show(f"{dose}, all", everything)


def tallied(item: tuple[str, str, int]) -> Tally:
    """Count what is told of the objects of one kind at one dose."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    dose, kind, seed = item
    tally = Tally()
    for image, corners, labels in objects(kind, dose, seed):
        judge(tally, image, corners, labels)
    return tally


def objects(kind: str, dose: str, seed: int) -> Iterator[tuple]:
    """Images of one particle each, its corners (n, 2) in pixels, and its label."""
    from napari_stem3d.analysis.features import FLAT_FACED
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.simulation import Dataset
    from napari_stem3d.simulation.scenes.creases import creases
    from napari_stem3d.tasks.corners128 import Corners128

    task = "shape-all" if kind == "other polyhedron" else "deformed"
    scenes = Dataset(Corners128(task, dose), 100 * COUNT, seed + 830_000)
    left, index = COUNT, 0
    while left:
        particle = scenes.scene(index).particles[0]
        name, cut = particle.shape.name, bool(particle.deformed_corners)
        fits = (
            name in FLAT_FACED and name != "cuboid"
            if task == "shape-all"
            else cut == (kind == "cut cuboid")
        )
        if fits:
            left -= 1
            image = scenes.images(index, index + 1)[0]
            turn = particle.rotation.as_matrix()[1::-1].T
            corners = (creases(particle).corners @ turn + particle.position) / SAMPLING
            found = segment_frame(image).labels
            sizes = np.bincount(found.ravel())
            sizes[0] = 0
            yield image, corners, (found == sizes.argmax()).astype(np.int32)
        index += 1


def judge(tally: Tally, image: np.ndarray, corners: np.ndarray, labels: np.ndarray) -> None:
    """Compare what is told of a particle, with and without a fit, and what is plain."""
    from napari_stem3d.analysis.features import (
        FLAT_FACED,
        corners_of,
        find_features,
        seen_of,
        trace_outline,
    )
    from napari_stem3d.analysis.fitting.frame import fit_frame
    from napari_stem3d.analysis.frames import checked_frame

    image = checked_frame(image)
    (seen,) = find_features(image, labels)
    silhouette = corners[ConvexHull(corners).vertices]
    inside = depth(silhouette, corners) > INNER
    told = {"grey values": (seen.polygon, corners_of(image, labels, seen))}
    told["fit"] = told["grey values"]
    fit = next(fit_frame(image, labels, (SAMPLING, SAMPLING)), None)
    if fit is not None and fit.believable and fit.particle.shape.name in FLAT_FACED:
        told["fit"] = seen_of(fit.look, (SAMPLING, SAMPLING))
    for method, (polygon, found) in told.items():
        tally.vertices(method, len(polygon.vertices), len(silhouette))
        tally.corners(method, found.places[~found.on_outline], corners[inside])
        tally.distances.setdefault(method, []).extend(missed(found, corners))
    rough = trace_outline(labels > 0).points
    for tolerance in TOLERANCES:
        plain = approximate_polygon(np.vstack([rough, rough[:1]]), tolerance)
        tally.vertices(f"approximate_polygon {tolerance:g} px", len(plain) - 1, len(silhouette))
    marks = marked(image)
    tally.corners("U-Net's marks", marks[depth(silhouette, marks) > INNER], corners[inside])


def missed(found, corners: np.ndarray) -> list[float]:
    """Errors of the distances between corners that are found [pixels]."""
    from napari_stem3d.analysis.features import distances_between

    first, second, off = matched(found.places, corners)
    first, second = first[off < MATCHED], second[off < MATCHED]
    true = np.linalg.norm(corners[second][:, None] - corners[second], axis=-1)
    told = distances_between(found).values[np.ix_(first, first)]
    return np.abs(told - true)[np.triu_indices(len(first), 1)].tolist()


def marked(image: np.ndarray) -> np.ndarray:
    """Maxima of the U-Net's map of corners."""
    from napari_stem3d.networks import store
    from napari_stem3d.networks.normalization import normalize_frame
    from napari_stem3d.networks.prediction import predict_maps

    model = store.load("particle-unet").model
    marks = predict_maps(model.predict_on_batch, normalize_frame(image), marks=True).corners / 255
    return np.argwhere((marks == maximum_filter(marks, 5)) & (marks > MARK)).astype(float)


def matched(found: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, ...]:
    """Pair places by the least sum of distances: indices of both, and their distances."""
    if not len(found) or not len(true):
        return np.empty(0, int), np.empty(0, int), np.empty(0)
    away = np.linalg.norm(found[:, None] - true, axis=-1)
    first, second = linear_sum_assignment(np.minimum(away, FAR))
    return first, second, away[first, second]


def depth(polygon: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How deep places lie within a convex polygon [pixels]; negative outside."""
    if not len(places):
        return np.empty(0)
    sides = ConvexHull(polygon).equations
    return -(places @ sides[:, :2].T + sides[:, 2]).max(axis=1)


def show(title: str, tally: Tally) -> None:
    from napari_stem3d.networks.evaluation import proportion

    def percent(hits: int, trials: int) -> str:
        if not trials:
            return "–"
        share, low, high = (100 * value for value in proportion(int(hits), int(trials)))
        return f"{share:5.1f} % ({low:.1f} to {high:.1f})"

    print(f"\n{title}")
    for method, errors in tally.counts.items():
        off, count = np.abs(errors), len(errors)
        print(
            f"  vertices, {method:26s} within 1: {percent(np.sum(off <= 1), count)}, "
            f"exact: {percent(np.sum(off == 0), count)}"
        )
    for method, (told, true, right) in tally.inner.items():
        off = np.array(tally.misses[method])
        print(
            f"  inner corners, {method:14s} found within 2 px: {percent(right, true)}, "
            f"right: {percent(right, told)}; median {np.median(off):.2f} px, "
            f"of those within 4 px, within 2: {percent(np.sum(off <= NEAR), len(off))}"
        )
    for method, values in tally.distances.items():
        errors = np.array(values)
        print(
            f"  distances of corners, {method}: median error {np.median(errors):.2f} px, "
            f"at most 1 px: {percent(np.sum(errors <= 1), len(errors))}",
            flush=True,
        )
