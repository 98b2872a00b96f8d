"""What a microscopist wants to know before the images are made, in a few lines."""

import math
from collections.abc import Iterator

from napari_stem3d.simulation import Experiment, Grid, Microscope, Sample, detect_deformation

TIMES = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"))


def experiment_facts(experiment: Experiment, sample: Sample) -> str:
    """Tell dose, times, how wrong the linear model is, and whether deformations can be seen."""
    lines = [*dose_facts(experiment.microscope, experiment.grid)]
    lines += _model_facts(experiment.microscope, float(sample.thickness.max(initial=0.0)))
    lines += _deformation_facts(experiment, sample)
    return "\n".join(lines)


def dose_facts(microscope: Microscope, grid: Grid) -> Iterator[str]:
    """Yield what the beam does to the specimen, and how long it takes."""
    electrons, line_time = microscope.electrons_per_pixel, microscope.scan.line_time(grid)
    yield f"{electrons:.4g} electrons per pixel, {microscope.dose(grid):.3g} e/Å²"
    yield f"{duration(line_time)} per line, {duration(grid.gpts[0] * line_time)} per image"


def duration(seconds: float) -> str:
    """Return a time with the unit that suits it."""
    factor, unit = next((t for t in reversed(TIMES) if seconds >= t[0]), TIMES[0])
    return f"{seconds / factor:.3g} {unit}"


def _model_facts(microscope: Microscope, thickness: float) -> Iterator[str]:
    if thickness > 0:
        error = float(microscope.linear_error(thickness))
        would = "would be" if microscope.contrast.saturating else "is"
        yield f"{thickness:.3g} nm at most, where the linear model {would} wrong by {error:.2g} %"


def _deformation_facts(experiment: Experiment, sample: Sample) -> Iterator[str]:
    particle = next((p for p in sample.particles if p.deformations), None)
    if particle is None:
        return
    seen = detect_deformation(particle, experiment.microscope, experiment.grid)
    verdict = "can be seen" if seen.detectable else "cannot be seen"
    needed = f"{_rounded(seen.electrons)} electrons per pixel are needed"
    if math.isinf(seen.electrons):
        needed = "no dose shows them"
    yield f"Deformations {verdict}: d′ = {_rounded(seen.index)}; {needed}"


def _rounded(number: float) -> str:
    """Return two digits, without an exponent where there need be none."""
    return f"{float(f'{number:.2g}'):g}"
