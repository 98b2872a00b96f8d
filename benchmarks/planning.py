"""Planned doses, beside those that simulated images need.

Each question is planned; then images of new particles are drawn by the whole simulator at doses
around the planned one, explained with either number of cut corners by the fit, and the better
evidence decides. The planned curve, shifted along the logarithm of the dose until it suits the
right and wrong answers best, gives the dose at which the wanted part is right, with a 95 % interval
from drawing the images again. The baseline is the formula for
two known images, Φ(d'/2), of a particle with and without one of its cuts, all else being known.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
from benchmarks.fitting import side_by_side
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_ndtr, logsumexp, ndtr, ndtri

FACTORS = (0.7, 1.0, 1.4)  # of the planned dose
PARTICLES = 200  # with either number of corners, at each dose
PLANNED = 300  # with either number of corners, of the plan
SETS, FAR = 12, 25.0  # of corners that an image is explained with, and their squared distance
ACROSS = 28  # pixels across a particle
REPEATS = 500


def questions():
    from napari_stem3d.analysis.planning import Question
    from napari_stem3d.simulation import Cuboid

    cube, box = Cuboid(10.0, 10.0, 10.0), Cuboid(8.0, 10.0, 14.0)
    return (
        ("2 or 3, Pd cube, 10 nm", Question(2, 3, material="Pd", shape=cube), 1),
        ("0 or 1, Pd cube, 10 nm", Question(0, 1, material="Pd", shape=cube), 1),
        ("1 or 2, Au box, 8 x 10 x 14 nm", Question(1, 2, material="Au", shape=box), 1),
        ("the same, small cuts, 80 %", Question(2, 3, 0.15, 0.2, 0.8, "Pd", cube), 1),
        ("2 or 3, Pd cube, two views", Question(2, 3, material="Pd", shape=cube), 2),
    )


def main(seed: int) -> None:
    heads = "question", "views", "pixel nm", "planned", "needed e/nm²", "planned/needed", "baseline"
    print("{:32s}{:>6s}{:>9s}{:>9s}{:>26s}{:>24s}{:>10s}".format(*heads))
    asked, ratios = questions(), []
    each = ((question, views, seed + k) for k, (_, question, views) in enumerate(asked))
    plans = side_by_side(planned, each)
    for number, ((name, _, _), (sight, found)) in enumerate(zip(asked, plans)):
        right = [answers(sight, found.options[-1], f, [seed, number]) for f in FACTORS]
        ratios.append(compare(name, sight, found, right, [seed, number]))
    summarize(ratios)


def planned(item):
    """Plan with so many views: how particles are seen, and the plan."""
    from napari_stem3d.analysis.planning import Limits, plan
    from napari_stem3d.analysis.planning.sight import Sight
    from napari_stem3d.simulation import get_preset

    question, views, seed = item
    limits = Limits(most_views=views, pixel=round(question.side / ACROSS, 2))
    found = plan(question, get_preset("default"), limits, particles=PLANNED, seed=seed)
    return Sight(question, found.microscope, found.grid.sampling[0]), found


def answers(sight, option, factor: float, seed):
    """Whether the right number wins, of new particles at a factor of the planned dose."""
    electrons, own = factor * option.electrons, [*seed, round(100 * factor)]
    counts = [sight.question.few, sight.question.many] * PARTICLES
    items = ((sight, cut, electrons, option.views, [*own, k]) for k, cut in enumerate(counts))
    return side_by_side(right_number, items)


def right_number(item) -> bool:
    """Whether the right number wins in images of one particle."""
    sight, cut, electrons, views, seed = item
    rng = np.random.default_rng(seed)
    return bool(sum(images_say(sight, rng, cut, electrons, views)) < 0)


def compare(name: str, sight, found, right, seed):
    """Print planned and needed doses; returns their ratio and ratios of repeated draws."""
    rng, option = np.random.default_rng(seed), found.options[-1]
    flat = np.concatenate(right)
    doses = np.log(np.repeat(np.multiply(FACTORS, option.dose), len(flat) // len(FACTORS)))
    curve = np.log(found.doses), ndtri(found.chances[option.views].clip(1e-3, 1 - 1e-3))
    needed = option.total_dose * shift(curve, doses, flat)
    again = rng.integers(len(flat), size=(REPEATS, len(flat)))
    repeats = option.total_dose * np.array([shift(curve, doses[k], flat[k]) for k in again])
    low, high = np.quantile(repeats, [0.025, 0.975])
    ratios = option.total_dose / np.array([needed, high, low])
    simple = known_otherwise(sight, rng, option) / needed
    print(
        f"{name:32s}{option.views:6d}{sight.pixel:9.2f}{option.total_dose:9.0f}"
        f"{needed:10.0f} ({low:.0f} to {high:.0f})"
        f"{ratios[0]:10.2f} ({ratios[1]:.2f} to {ratios[2]:.2f}){simple:10.2f}"
    )
    shares = ", ".join(f"{np.mean(part):.3f}" for part in right)
    print(f"    right at {FACTORS} times the planned dose: {shares}", flush=True)
    return ratios[0], option.total_dose / repeats


def summarize(ratios) -> None:
    """Print the geometric mean of planned over needed doses."""
    mean = np.exp(np.mean([np.log(ratio) for ratio, _ in ratios]))
    repeats = np.exp(np.mean([np.log(repeated) for _, repeated in ratios], axis=0))
    low, high = np.quantile(repeats, [0.025, 0.975])
    print(f"geometric mean of planned/needed: {mean:.2f} ({low:.2f} to {high:.2f})")


def images_say(sight, rng, cut: int, electrons: float, views: int):
    """Evidence for the wrong number in images of a particle in new poses."""
    from napari_stem3d.simulation import random_rotation

    particle = sight.question.draw(rng, cut)
    for _ in range(views):
        posed = replace(particle, rotation=random_rotation(rng))
        yield evidence_against(sight, posed, electrons, image_of(sight, rng, posed, electrons))


def image_of(sight, rng, particle, electrons: float):
    """Simulated image in detected electrons."""
    from napari_stem3d.simulation import Scene

    placed = particle.shifted(*sight.grid.centre)
    microscope = sight.microscope.at_dose(electrons)
    image = Scene((placed,), sight.grid, microscope).image(rng).image.astype(float)
    return (image - microscope.detector.offset) / microscope.detector.gain


def evidence_against(sight, particle, electrons: float, image) -> float:
    """Logarithm of the evidence of the other number of corners over that of the right one.

    The truth and the sets of corners nearest to it are fitted, from the best fit of the truth.
    """
    from napari_stem3d.analysis.fitting.refinement import refine
    from napari_stem3d.analysis.planning.explanations import Explanations
    from napari_stem3d.analysis.planning.sight import cut_at

    own = refine(sight.look(particle, electrons, image), learn=False)
    told = Explanations.of(particle, sight, electrons)
    found = {told.own: own.evidence}
    near = told.near()[:SETS]
    for corners, square in zip(near, told.squares(near)):
        if corners != told.own and square < FAR:
            start = cut_at(own, corners, sight.question)
            found[corners] = refine(start, learn=False).evidence
    sums = []
    for count in told.counts:
        each = [-evidence / 2 for corners, evidence in found.items() if len(corners) == count]
        sums.append(logsumexp(each or [-np.inf]) - np.log(comb(sight.question.places, count)))
    return sums[1] - sums[0]


def shift(curve, doses, right) -> float:
    """Factor of all doses by which a planned curve suits right and wrong answers best."""

    def cost(offset: float) -> float:
        at = np.interp(doses - offset, *curve)
        return -np.where(right, log_ndtr(at), log_ndtr(-at)).sum()

    return float(np.exp(minimize_scalar(cost, bounds=(-2.0, 2.0), method="bounded").x))


def known_otherwise(sight, rng, option) -> float:
    """Total dose at which Φ(d'/2) of a known particle with and without one cut is enough.

    The distance is that of the ideal observer who knows all else (`detect_deformation`).
    """
    from napari_stem3d.simulation import CutCorners, detect_deformation

    question, squares = sight.question, []
    for _ in range(40):
        particle = question.draw(rng, question.many).shifted(*sight.grid.centre)
        (cuts,) = particle.deformations
        rest = CutCorners(cuts.corners[1:], cuts.fractions[1:])
        other = replace(particle, deformations=(rest,) if rest.corners else ())
        microscope = sight.microscope.at_dose(option.electrons)
        found = detect_deformation(particle, microscope, sight.grid, reference=other)
        squares.append(found.index**2)
    pairs = np.array(squares) * option.views

    def off(log_factor):
        return ndtr(np.sqrt(np.exp(log_factor) * pairs) / 2).mean() - question.probability

    return option.total_dose * float(np.exp(brentq(off, -12, 5, xtol=1e-3)))
