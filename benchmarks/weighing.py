"""Simulated particles on the balance: are the error bars right, and is there a bias?

Shapes, sizes, poses, neighbours, film, noise and distortions are drawn anew for every scene. The
balance is wrong by as much as it says it may be, and differently for each particle: levels by 2 %,
cross section by 3 %, sampling by 0.5 %. Coverage is given with those errors, and with the exact
balance for what is left: counting, film and probe. The baseline is what is usually done: Otsu's
threshold, and the sum over the median grey value of the rest. It has the exact balance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from benchmarks.simulation import show
from numpy.typing import NDArray

from napari_stem3d.analysis.weighing import Balance
from napari_stem3d.analysis.weighing.subject import lay_out
from napari_stem3d.analysis.weighing.table import tabulate
from napari_stem3d.analysis.weighing.weight import weigh_particle
from napari_stem3d.simulation import PRESETS, CarbonFilm, Grid, Microscope, Sample, Scene

SCENES, EACH = 25, 8  # of every condition, and particles in a scene
SEGMENTED = 5  # of the scenes, which the network is shown too
ERRORS = {"level_error": 2.0, "cross_section_error": 3.0, "sampling_error": 0.5}  # %
SIDE = 256
MASKS = ("true masks", "masks of particle-unet")
DRAWS = 2000  # of the bootstrap


class Condition(NamedTuple):
    microscope: Microscope
    pixel: float  # nm
    radii: tuple[float, float]  # nm


ROUGH = CarbonFilm(10, roughness=30, correlation=4, gradient=20)
CONDITIONS = {
    "default": Condition(PRESETS["default"], 0.25, (4, 9)),
    "rough, thick film": Condition(replace(PRESETS["default"], film=ROUGH), 0.25, (4, 9)),
    "low dose": Condition(PRESETS["low dose"], 0.25, (4, 9)),
    "corrected, 200 kV": Condition(PRESETS["aberration-corrected 200 kV"], 0.25, (4, 9)),
    "saturating, 100 kV": Condition(PRESETS["tungsten-era"], 0.6, (6, 12)),
}


def main(seed: int) -> None:
    rows = []
    for number, (name, condition) in enumerate(CONDITIONS.items()):
        for index in range(SCENES):
            rng = np.random.default_rng([seed, 15, number, index])
            sample = draw(condition, rng)
            rows += [
                {"condition": name, "masks": masks, **row}
                for masks in MASKS[: 1 + (index < SEGMENTED)]
                for row in weigh_scene(sample, condition.microscope, masks, rng)
            ]
    table = pd.DataFrame(rows)
    for masks, own in table.groupby("masks", sort=False):
        print_coverage(str(masks), own)
    print_bias(table)


def draw(condition: Condition, rng: np.random.Generator) -> Sample:
    """Scene of particles of any shape, apart or touching, in pixels that need not be square."""
    from napari_stem3d.networks.contracts import SHAPES
    from napari_stem3d.simulation.scenes.placement import Placement, find_place
    from napari_stem3d.tasks.particles import random_particle

    grid = Grid((SIDE, SIDE), (condition.pixel, condition.pixel * rng.choice([1.0, 1.2])))
    placement = Placement.APART if rng.random() < 0.5 else Placement.TOUCHING
    particles: list[Any] = []
    for _ in range(EACH):
        particle = random_particle(rng, rng.uniform(*condition.radii), 1 / len(SHAPES))
        place = find_place(particle, particles, grid, placement, rng)
        particles.append(particle.posed(place))
    return Scene(particles, grid, condition.microscope).image(rng)


def weigh_scene(
    sample: Sample, microscope: Microscope, masks: str, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Rows for each particle that is seen whole, with its own mask or with the network's."""
    from napari_stem3d.tasks.scene_evaluation import found_pairs, threshold_labels

    truth, sampling = sample.labels, sample.grid.sampling
    labels = truth if masks == MASKS[0] else network_labels(sample.image)
    exact, simple = exact_balance(microscope), threshold_labels(sample.image)
    usual = dict(found_pairs(truth, simple).T.tolist())
    subject = lay_out(sample.image, labels, sampling, exact)
    places = dict(subject.places())
    rows = []
    for own, label in found_pairs(truth, labels).T.tolist():
        if not subject.is_whole(label):
            continue
        wrong, size = wrong_balance(exact, rng)
        ideal, told = (
            weighed(subject, balance, label, places[label], np.prod(sampling) * scale**2)
            for balance, scale in ((exact, 1.0), (wrong, size))
        )
        volume = sample.particles[own - 1].volume
        top = float(sample.thickness[truth == own].max())
        rows.append(
            {
                "error": ideal["volume_nm3"] / volume - 1,
                "exact": distance(ideal, "volume_nm3", volume),
                "told": distance(told, "volume_nm3", volume),
                "height": distance(ideal, "height_nm", top),
                "height_error": ideal["height_nm"] / top - 1,
                "baseline": baseline(sample.image, simple, usual.get(own), exact, sampling) / volume
                - 1,
            }
        )
    return rows


def network_labels(image: NDArray) -> NDArray:
    from napari_stem3d.analysis.segmentation import segment_frame

    return segment_frame(image).labels


def weighed(subject: Any, balance: Balance, label: int, place: Any, area: float) -> pd.Series:
    """Row of one particle, as `weigh_frame` gives it, without what is not asked for."""
    weight = weigh_particle(subject, balance, label, place)
    return tabulate([label], [True], [weight], balance, area, "nm").iloc[0]


def distance(row: pd.Series, column: str, truth: float) -> float:
    """Distance from the truth, in standard errors."""
    return float((row[column] - truth) / row[f"{column}_sigma"])


def exact_balance(microscope: Microscope) -> Balance:
    """Balance that knows everything, but not how the current wandered while it scanned."""
    detector = microscope.detector
    span = detector.gain * detector.efficiency * microscope.electrons_per_pixel
    return Balance(
        microscope.contrast,
        microscope.beam,
        vacuum=detector.offset,
        full_beam=detector.offset + span,
        level_error=microscope.beam.flicker,
        cross_section_error=0.0,
        sampling_error=0.0,
    )


def wrong_balance(exact: Balance, rng: np.random.Generator) -> tuple[Balance, float]:
    """Balance, and factor on the sampling, that are off by as much as they say they may be."""
    level, cross, size = (1 + error / 100 * rng.standard_normal() for error in ERRORS.values())
    balance = replace(
        exact,
        full_beam=exact.vacuum + exact.span * level,
        contrast=replace(exact.contrast, calibration=cross),
        **{**ERRORS, "level_error": float(np.hypot(ERRORS["level_error"], exact.level_error))},
    )
    return balance, size


def baseline(
    image: NDArray, labels: NDArray, label: int | None, balance: Balance, sampling: Any
) -> float:
    """Volume by a threshold and one background for all, in the linear model; NaN if not found."""
    if label is None:
        return np.nan
    signal = (image[labels == label] - np.median(image[labels == 0])).sum()
    return float(balance.fraction(signal) * np.prod(sampling) / balance.per_length)


def print_coverage(masks: str, table: pd.DataFrame) -> None:
    rows = []
    for name, own in [*table.groupby("condition", sort=False), ("all", table)]:
        rows.append(
            (
                str(name),
                f"{len(own)}",
                share(own["told"]),
                share(own["exact"]),
                share(own["height"]),
                f"{100 * own['height_error'].abs().median():.1f}",
                f"{100 * own['error'].abs().median():.2f}",
                f"{100 * own['baseline'].abs().median():.2f}",
            )
        )
    columns = ("condition", "particles", "volume", "exact balance", "height", "its error",
               "error", "baseline")  # fmt: skip
    show(f"In one σ with {masks}, % (68 is right), and median errors", columns, rows)


def print_bias(table: pd.DataFrame) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for name, own in [*table.groupby("condition", sort=False), ("all", table)]:
        cells = [str(name)]
        for masks in MASKS:
            for key in ("error", "baseline"):
                errors = 100 * own.loc[own["masks"] == masks, key].dropna().to_numpy()
                drawn = rng.choice(errors, (DRAWS, len(errors))).mean(axis=1)
                low, high = np.percentile(drawn, (2.5, 97.5))
                if key == "error" or masks == MASKS[0]:
                    cells.append(f"{errors.mean():+.2f} ({low:+.2f} to {high:+.2f})")
        rows.append(tuple(cells))
    columns = ("condition", "true masks", "baseline", "masks of particle-unet")
    show("Mean error of the volume, %", columns, rows)


def share(z: pd.Series) -> str:
    from napari_stem3d.networks.evaluation import proportion

    value, low, high = (100 * v for v in proportion(int((z.abs() < 1).sum()), len(z)))
    return f"{value:.0f} ({low:.0f}–{high:.0f})"
