"""Rotation and drift during one scan: how often they are noticed, and how well they are measured.

Cuboids with 0 to 8 cut corners under the conditions corners-128, standard dose, with the unknown
jitter of the lines; axes of rotation and directions of drift are random. The fit of the body at
rest begins at the true body, in its pose in the middle of its rows: what is measured is how motion
is told, not how a body is found. The thresholds of 5 % false alarms come from still particles of
their own; false alarms are counted on others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial.transform import Rotation
from tqdm import tqdm

ROUNDS, REST = 20, 2  # rounds, of so many still particles of each kind, and of each motion one
SPINS = (2.0, 5.0, 10.0, 20.0)  # degrees per scan
WAYS = (0.2, 0.5, 1.0, 2.0)  # pixels of drift while the particle itself is scanned
KNOWN = 0.003  # relative standard deviation of edges that are known
MARGIN = 7  # pixels around a particle
RATES = slice(0, 2), slice(2, 5)


class Moved(NamedTuple):
    """A particle that moves, seen: as a patch, with its truth."""

    particle: object
    patch: object
    rates: np.ndarray  # drift [nm per scan], spin [rad per scan]
    rows: int  # of the particle


def main(seed: int) -> None:
    kinds = [("calibration", 0.0, 0.0), ("still", 0.0, 0.0)] * REST
    kinds += [("turns", spin, 0.0) for spin in SPINS] + [("drifts", 0.0, way) for way in WAYS]
    kinds *= ROUNDS
    rows = []
    try:
        for kind, rng in zip(tqdm(kinds), np.random.default_rng(seed).spawn(len(kinds))):
            rows += measured(rng, *kind)
    except KeyboardInterrupt:
        print("interrupted: figures of what is done")
    table = pd.DataFrame(rows)
    told(table)
    for what, known in (("turned", False), ("drifted", False), ("drifted", True)):
        detection(table[table.known == known], what, known)
    for what in ("turned", "drifted"):
        errors(table, what)


def draw(rng, spin=0.0, way=0.0):
    """Draw a particle that turns by `spin` [degrees per scan] and drifts by `way` [pixels]."""
    from napari_stem3d.analysis.fitting.patch import COUNTS, Patch, smoothed
    from napari_stem3d.simulation import Trajectory, project
    from napari_stem3d.tasks.corners128 import Corners128

    scene = Corners128("corners")(rng)
    (body,) = scene.particles
    (pixels, _), (dy, dx) = scene.grid.gpts, scene.grid.sampling
    rows = int(np.ptp(np.nonzero(project(body, scene.grid))[0])) + 1
    axis, angle = rng.normal(size=3), rng.uniform(0, 2 * np.pi)
    turn = np.radians(spin) * axis / np.linalg.norm(axis)
    drift = way * dy * pixels / rows * np.array([np.sin(angle), np.cos(angle)])
    middle = scene.microscope.scan.row_times(scene.grid)[0]
    middle += body.position[0] / dy * scene.frame_time / pixels
    times = np.array([0.0, 1.5 * scene.frame_time])
    since = ((times - middle) / scene.frame_time)[:, None]
    path = Trajectory(
        times,
        Rotation.from_rotvec(since * turn) * body.rotation,
        np.array(body.position) + since * drift,
    )
    moving = body.posed(body.position, motion=path)
    sample = replace(scene, particles=(moving,)).image(rng)
    y, x = (
        np.arange(max(0, k.min() - MARGIN), min(pixels, k.max() + 1 + MARGIN))
        for k in np.nonzero(sample.labels)
    )
    image = sample.image[np.ix_(y, x)].astype(float)
    patch = smoothed(Patch(image, np.ones_like(image), y * dy, x * dx), COUNTS)
    return Moved(body, patch, np.concatenate([drift, turn]), rows)


def at_rest(moved):
    """Fit of the body at rest, from the true one."""
    from napari_stem3d.analysis.fitting.patch import COUNTS
    from napari_stem3d.analysis.fitting.refinement import begin, refine
    from napari_stem3d.analysis.fitting.variable import Variable

    first = refine(begin(Variable(moved.particle), moved.patch))
    return refine(replace(first, patch=first.patch.weighted(COUNTS, first.model)))


def measured(rng, kind, spin, way):
    """Rows of the table that one particle makes: nothing known, and its edges known."""
    from napari_stem3d.analysis.fitting.motion import detect_motion
    from napari_stem3d.analysis.fitting.moving import MotionPrior
    from napari_stem3d.tasks.corners128 import SAMPLING, SIZE

    moved = draw(rng, spin, way)
    look = at_rest(moved)
    count = look.off.size
    edges = {name: getattr(moved.particle.shape, name) for name in "abc"}
    sizes = {n: (v * (1 + KNOWN * rng.normal()), v * KNOWN) for n, v in edges.items()}
    for known in (False,) if kind == "turns" else (False, True):
        fit = detect_motion(look, SIZE * SAMPLING, MotionPrior(sizes=sizes if known else {}))
        evidence = {
            name: np.logaddexp(*(-fit.looks[k].evidence / 2 for k in (own, "both")))
            - np.logaddexp(*(-fit.looks[k].evidence / 2 for k in ("still", other)))
            for name, own, other in (
                ("turned", "turns", "drifts"), ("drifted", "drifts", "turns"),
            )
        }  # fmt: skip
        yield {
            "kind": kind, "spin": spin, "way": way, "known": known, "rows": moved.rows,
            "misfit": (look.chi2 - count) / np.sqrt(2 * count),
            "turned": evidence["turned"], "drifted": evidence["drifted"],
            "p_turned": fit.turned_probability, "p_drifted": fit.drifted_probability,
            "off": fit.rates - moved.rates, "sigma": fit.sigmas,
            "told": fit.table()["told"].to_numpy(),
        }  # fmt: skip


def told(table):
    """Print how much of each rate the image tells, whatever the truth."""
    print("share of the variance of each rate that the image takes away, median (quartiles)")
    still = table[table.kind.isin(["calibration", "still"])]
    for known, rows in still.groupby("known"):
        values = np.stack(rows["told"].to_list())
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
        names = "drift y", "drift x", "spin x", "spin y", "spin z"
        text = ", ".join(
            f"{n} {m:.3f} ({a:.3f} to {b:.3f})" for n, a, m, b in zip(names, low, middle, high)
        )
        print(f"  edges {'known to 0.3 %' if known else 'unknown':14s} {text}")


def detection(table, what, known):
    """Print detection rates, beside those of the misfit of the body at rest."""
    from napari_stem3d.networks.evaluation import calibration

    kind, amount, unit = {
        "turned": ("turns", "spin", "° per scan"),
        "drifted": ("drifts", "way", "px"),
    }[what]
    print(f"{what}{', edges known to 0.3 %' if known else ''}: detected at 5 % false alarms")
    first, fresh = table[table.kind == "calibration"], table[table.kind == "still"]
    moving = table[table.kind == kind]
    limits = {score: np.quantile(first[score], 0.95) for score in (what, "misfit")}
    groups = [("still", fresh), *((f"{k:g} {unit}", own) for k, own in moving.groupby(amount))]
    for label, own in groups:
        texts = [label.ljust(16)]
        for score, limit in limits.items():
            name = "evidence" if score == what else "misfit"
            texts.append(f"{name} {share(own[score] > limit)}")
            if label != "still":
                texts.append(f"area {area(fresh[score], own[score])}")
        texts.append(f"probability above 0.5 {share(own['p_' + what] > 0.5)}")
        print("  " + "  ".join(texts))
    every = pd.concat([fresh, moving])
    sure, true = every["p_" + what].to_numpy(), (every.kind == kind).to_numpy()
    bins, error = calibration(np.maximum(sure, 1 - sure), (sure > 0.5) == true, 10)
    print(f"  expected calibration error of the probability {error:.3f}")
    for row in bins.itertuples():
        print(
            f"    sure by {row.confidence:.2f}: right {100 * row.accuracy:.0f} % "
            f"({100 * row.low:.0f} to {100 * row.high:.0f}) of {row.answers}"
        )


def errors(table, what):
    """Print errors of the rates of particles that move, and how often intervals hold them."""
    kind, amount, own = {
        "turned": ("turns", "spin", RATES[1]),
        "drifted": ("drifts", "way", RATES[0]),
    }[what]
    unit = ("°", np.degrees(1)) if what == "turned" else ("nm", 1.0)
    print(f"{what}: errors of the components per scan, and 68 % intervals that hold the truth")
    moving = table[table.kind.isin([kind, "still"])]
    moving = moving.assign(size=moving["spin"] if what == "turned" else moving["way"])
    for (known, size), rows in moving.groupby(["known", "size"]):
        if what == "turned" and known:
            continue
        off, sigma = (np.stack(rows[k].to_list())[:, own] for k in ("off", "sigma"))
        inside = np.abs(off) < sigma
        rms = ", ".join(f"{v:.3g}" for v in unit[1] * np.median(np.abs(off), axis=0))
        mean = ", ".join(f"{v:.3g}" for v in unit[1] * np.median(sigma, axis=0))
        each = " and ".join(share(k) for k in inside.T)
        print(
            f"  {amount} {size:<4g} {'edges known, ' if known else ''}median error {rms} {unit[0]},"
            f" median sigma {mean} {unit[0]}; inside {each}"
        )


def share(hits):
    from napari_stem3d.networks.evaluation import proportion

    hits = np.asarray(hits, bool)
    value, low, high = (100 * k for k in proportion(int(hits.sum()), len(hits)))
    return f"{value:.0f} % ({low:.0f} to {high:.0f})"


def area(still, moving, draws=500):
    """Area under the receiver operating characteristic with its bootstrap 95 % interval."""
    wins = np.asarray(moving)[:, None] - np.asarray(still)
    wins = (wins > 0) + 0.5 * (wins == 0)
    rng = np.random.default_rng(0)
    again = [
        wins[np.ix_(*(rng.integers(size, size=size) for size in wins.shape))].mean()
        for _ in range(draws)
    ]
    low, high = np.quantile(again, [0.025, 0.975])
    return f"{wins.mean():.2f} ({low:.2f} to {high:.2f})"
