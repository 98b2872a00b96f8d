"""The dose, pixel size and number of views that answer a question, and the beam for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from napari_stem3d._errors import InputError
from napari_stem3d.analysis.planning.beams import beam_settings, most_electrons
from napari_stem3d.analysis.planning.chances import LESS, MORE, Chances
from napari_stem3d.analysis.planning.explanations import Explanations
from napari_stem3d.analysis.planning.plan import Plan, Views
from napari_stem3d.analysis.planning.question import Limits, Question
from napari_stem3d.analysis.planning.sight import Sight
from napari_stem3d.simulation import Microscope, Particle
from napari_stem3d.simulation.fields import is_whole

#: Called with steps done and steps in all; the latter grow where the first guess lies far off.
Report = Callable[[int, int], None]
_GUESS = 4.0  # squared distance that an average cut has at the first guess of the dose
_FEW = 12  # particles with either number of corners that choose the pixel
_ACROSS = (16, 24, 36, 54)  # pixels across the particle, the fewest of which that suffice are taken
_SUFFICES = 1.1  # factor of the least dose at which a pixel suffices
_WORTH = 1.2  # factor of the least total dose at which more views are not worth their while
_TRIES = 6  # doses that are tried
_NEAR = (0.4, 2.0)  # factors of the dose tried between which what it needs is believed
_MANY = 600.0  # detected electrons per pixel from which on more is amiss than shot noise
_VIEWS = (1, 2, 3, 5, 7, 10)


def plan(
    question: Question,
    microscope: Microscope,
    limits: Limits | None = None,
    *,
    particles: int = 60,
    seed: int = 0,
    report: Report | None = None,
) -> Plan:
    """Plan the experiment that answers a question.

    Parameters
    ----------
    question : Question
        What is to be told, and how surely.
    microscope : Microscope
        How images are made; its current is the usual one. Its material is the question's.
    limits : Limits, optional
        What instrument and specimen allow.
    particles : int
        With either number of corners, over which the probability is averaged.
    seed : int
        Of all that is drawn; the same seed gives the same plan.
    report : callable, optional
        Called with the number of particles compared so far, and of all.

    Returns
    -------
    Plan
        Tables, chances and advice.

    Raises
    ------
    InputError
        If the microscope has no noise, or is no microscope, or the numbers make no sense.
    """
    limits = limits or Limits()
    if not is_whole(particles, 10, 10_000):
        raise InputError(
            f"particles must be a whole number from 10 to 10000. Received: {particles!r}"
        )
    if not microscope.detector.shot_noise:
        raise InputError(
            "Detector.shot_noise must be on, for without it any dose tells everything. "
            "Received: a microscope without"
        )
    contrast = replace(microscope.contrast, material=question.material, density=0.0)
    microscope = replace(microscope, contrast=contrast)
    pixels = [limits.pixel] if limits.pixel else _pixels(question)
    survey = _Survey(question, microscope, limits, seed, report)
    survey.total = 2 * (_FEW * len(pixels) + particles)
    with threadpool_limits(1, "blas"):  # for small matrices more threads wait for each other
        pixel, electrons = survey.best_pixel(pixels)
        chances = survey.chances(pixel, electrons, particles)
    sight = survey.sight(pixel)
    options = _recommend(
        [_views(v, chances, survey, sight) for v in _VIEWS if v <= limits.most_views]
    )
    best = next(option for option in options if option.recommended)
    return Plan(
        question,
        microscope,
        sight.grid,
        options,
        chances.electrons / pixel**2,
        {option.views: chances.right(option.views) for option in options},
        tuple(_notes(question, microscope, best.electrons * sight.per_nm * question.edge)),
    )


@dataclass
class _Survey:
    """Compares the same particles at pixels and doses, and counts them."""

    question: Question
    microscope: Microscope
    limits: Limits
    seed: int
    report: Report | None
    total: int = 0
    done: int = 0

    def best_pixel(self, pixels: list[float]) -> tuple[float, float]:
        """Widest pixel that needs hardly more dose than the best, and its electrons."""
        electrons = self._guess(pixels[0])
        found: dict[float, float] = {}
        for pixel in pixels:
            chances = self.chances(pixel, electrons, _FEW)
            needed = chances.needed(self.question.probability)
            found[pixel] = needed
            if np.isfinite(needed):
                electrons = needed
            following = pixels[len(found)] if len(found) < len(pixels) else pixel
            electrons *= (following / pixel) ** 2
        doses = {pixel: needed / pixel**2 for pixel, needed in found.items()}
        least = min(doses.values())
        best = next(p for p in pixels if doses[p] <= _SUFFICES * least)
        if not np.isfinite(least):  # as much dose per area as there is
            best = pixels[-1]
        return best, min(found[best], self.most(self.sight(best)))

    def chances(self, pixel: float, electrons: float, count: int) -> Chances:
        """Chances at doses around the one that a single view needs."""
        own, sight = self.question, self.sight(pixel)
        most = self.most(sight)
        electrons = min(electrons, most)
        for trial in range(_TRIES):
            self.total += 2 * count if trial else 0
            told = Chances.of(self._compared(sight, electrons, count), electrons, self._random())
            needed = told.needed(own.probability)
            if _NEAR[0] <= needed / electrons <= _NEAR[1]:
                break
            wanted = min(max(needed, LESS * electrons), MORE * electrons, most)
            if wanted == electrons:
                break
            electrons = wanted
        return told

    def sight(self, pixel: float) -> Sight:
        """How particles are seen with a pixel."""
        return Sight(self.question, self.microscope, pixel)

    def most(self, sight: Sight) -> float:
        """Electrons per pixel beyond which the instrument does not go."""
        return most_electrons(self.microscope, self.limits, sight.per_nm, self.question.side)

    def _guess(self, pixel: float) -> float:
        """Electrons per pixel that show a cut half as thick as it is deep, on half its square."""
        own = self.question
        depth = own.depth * own.edge
        counts = _GUESS * own.side / 2 / ((depth / 2) ** 2 * depth**2 / 2)
        return counts * pixel**2 / self.sight(pixel).per_nm

    def _random(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def _compared(
        self, sight: Sight, electrons: float, count: int
    ) -> tuple[list[Explanations], list[Explanations]]:
        """Particles with either number of corners, the same ones at every call."""
        rng, own = self._random(), self.question

        def one(particle: Particle) -> Explanations:
            found = Explanations.of(particle, sight, electrons)
            self.done += 1
            if self.report is not None:
                self.report(self.done, max(self.done, self.total))
            return found

        few, many = ([one(own.draw(rng, k)) for _ in range(count)] for k in (own.few, own.many))
        return few, many


def _pixels(question: Question) -> list[float]:
    """Pixels to choose from [nm], the widest first, with two digits."""
    return [float(f"{question.side / across:.2g}") for across in _ACROSS]


def _views(views: int, chances: Chances, survey: _Survey, sight: Sight) -> Views:
    """Tell what a number of views needs within the limits."""
    wanted, limits, area = survey.question.probability, survey.limits, sight.pixel**2
    needed = max(chances.needed(wanted, views), float(chances.electrons[0]))
    most = min(survey.most(sight), (limits.most_dose or np.inf) * area / views)
    enough = needed <= most
    electrons = needed if enough else most
    interval = (np.nan, np.nan)
    if enough:
        low, high = chances.interval(wanted, views, np.random.default_rng(survey.seed))
        interval = low * views / area, high * views / area
    return Views(
        views,
        electrons,
        electrons / area,
        electrons * views / area,
        chances.at(electrons, views),
        *interval,
        enough,
        beam_settings(electrons, survey.microscope, limits, sight.grid),
    )


def _recommend(options: list[Views]) -> tuple[Views, ...]:
    """Mark the fewest views that need hardly more dose than the best, or else the surest."""
    good = [option for option in options if option.enough and option.beams]
    if good:
        least = min(option.total_dose for option in good)
        best = next(option for option in good if option.total_dose <= _WORTH * least)
    else:
        best = max(options, key=lambda option: option.probability)
    return tuple(replace(option, recommended=option is best) for option in options)


def _notes(question: Question, microscope: Microscope, counts: float) -> list[str]:
    """Tell what there is that the plan does not count, or must take on trust."""
    notes = []
    if counts > _MANY:
        notes.append(
            f"Shot noise is only {100 / counts**0.5:.1f} % at this dose, so that distortions of "
            "the scan and the film matter, of which the plan counts a part: it is a lower bound."
        )
    if microscope.contrast.saturating:
        error = float(microscope.linear_error(question.side))
        notes.append(f"The signal saturates by up to {error:.0f} %, which the plan does not count.")
    depth = question.side / 2
    beam, probe = microscope.beam, microscope.probe
    if probe.slabs > 1 and probe.width(beam, depth) > 1.5 * probe.width(beam):
        notes.append(
            f"The probe is {probe.width(beam, depth):.2g} nm wide at a depth of {depth:.2g} nm and "
            f"{probe.width(beam):.2g} nm in the middle; the plan counts the latter."
        )
    return notes
