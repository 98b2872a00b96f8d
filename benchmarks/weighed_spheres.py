"""Real SiO2 spheres on the balance: do volumes follow the projected radii as spheres' do?

The single-layer spheres are those of `spheres`. The image has no calibration of grey values, so
that one scale is common to all: that of the median sphere. The radius is that of the circle of the
mask's area, and its error that of a disc drawn in pixels: each pixel along the rim is rounded, with
the variance 1/12.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from benchmarks.spheres import AREA, IMAGE, SPHERES
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

DRAWS = 2000  # of the bootstrap
Numbers = NDArray[np.float64]


class Weighed(NamedTuple):
    """Single-layer spheres: radii [nm], volumes over that of a sphere, and standard errors."""

    radius: Numbers
    radius_error: Numbers
    volume: Numbers
    volume_error: Numbers

    @property
    def law(self) -> Numbers:
        """Volumes of spheres of these radii [nm³]."""
        return 4 / 3 * np.pi * self.radius**3

    @property
    def misfit(self) -> Numbers:
        """Logarithm of the volume over the law's, in standard errors of both."""
        error = np.hypot(self.volume_error / self.volume, 3 * self.radius_error / self.radius)
        return np.log(self.volume / self.law) / error


def main(seed: int) -> None:
    from napari_stem3d.networks.evaluation import proportion

    if not IMAGE.is_file():
        print("The folder of real images, shared/data beside the repository, is missing.")
        return
    spheres = weigh_spheres()
    misfit, count = spheres.misfit, len(spheres.radius)
    share, low, high = (100 * value for value in proportion(int((abs(misfit) < 1).sum()), count))
    print(f"{count} single-layer spheres, {np.mean(spheres.radius):.1f} nm in radius")
    print(f"their radii scatter by {relative(spheres.radius):.1f} %, volumes by "
          f"{relative(spheres.volume):.1f} %, volume over R³ by "
          f"{relative(spheres.volume / spheres.law):.1f} %")  # fmt: skip
    print(f"stated errors, median: radius {middle(spheres.radius_error / spheres.radius):.1f} %, "
          f"volume {middle(spheres.volume_error / spheres.volume):.1f} %")  # fmt: skip
    print(f"within one standard error of the law: {share:.1f} % ({low:.1f} to {high:.1f})")
    print(f"chi² per sphere: {np.mean(misfit**2):.2f}")
    rng = np.random.default_rng(seed)
    slopes = [slope(resampled(spheres, rng)) for _ in range(DRAWS)]
    low, high = np.percentile(slopes, (2.5, 97.5))
    print(
        f"exponent of the radius: {slope(spheres):.2f} ({low:.2f} to {high:.2f}), a sphere's is 3"
    )


def weigh_spheres() -> Weighed:
    """Weigh the real image's single-layer spheres that the network finds as one label each."""
    from napari_stem3d.analysis.segmentation import segment_frame
    from napari_stem3d.analysis.weighing import Balance, balance_from_particles, weigh_frame
    from napari_stem3d.signals import load

    stack = load(IMAGE)[0]
    image, sampling = next(stack.frames), stack.sampling_nm
    labels = segment_frame(image).labels
    rows, columns = np.rint(np.loadtxt(SPHERES, delimiter=",", skiprows=1)).astype(int).T
    own = labels[rows, columns]
    area, claims = np.bincount(labels.ravel())[own], np.bincount(own)[own]
    chosen = (own > 0) & (claims == 1) & (area > AREA / 2) & (area < 2 * AREA)
    radius = np.sqrt(area[chosen] / np.pi)  # px
    radius_error = np.sqrt(2 * np.pi * radius / 12) / (2 * np.pi * radius)
    pixel = float(np.sqrt(np.prod(sampling)))
    told = weigh_frame(image, labels, sampling).table.set_index("particle").loc[own[chosen]]
    ratio = told["volume_relative"].to_numpy() / radius**3
    usual = int(np.argsort(ratio)[len(ratio) // 2])  # the sphere that calibrates all others
    balance = balance_from_particles(
        image,
        labels,
        int(own[chosen][usual]),
        diameter=2 * pixel * float(radius[usual]),
        error=0.0,
        sampling=sampling,
        balance=Balance(),
    )
    # The error of the scale is common to all, and no part of what scatters them.
    table = weigh_frame(image, labels, sampling, balance).table.set_index("particle")
    volumes = table.loc[own[chosen], "volume_nm3"].to_numpy()
    errors = told["volume_relative_sigma"].to_numpy() / told["volume_relative"].to_numpy()
    return Weighed(pixel * radius, pixel * radius_error, volumes, errors * volumes)


def slope(spheres: Weighed) -> float:
    """Exponent of the radius, with errors of both (York, Can. J. Phys. 44 (1966) 1079)."""
    x, y = np.log(spheres.radius), np.log(spheres.volume)
    dx, dy = spheres.radius_error / spheres.radius, spheres.volume_error / spheres.volume

    def misfit(exponent: float) -> float:
        weights = 1 / (dy**2 + exponent**2 * dx**2)
        rest = y - exponent * x
        rest -= np.average(rest, weights=weights)
        return float((weights * rest**2).sum())

    return float(minimize_scalar(misfit, bounds=(0, 8), method="bounded").x)


def resampled(spheres: Weighed, rng: np.random.Generator) -> Weighed:
    chosen = rng.integers(len(spheres.radius), size=len(spheres.radius))
    return Weighed(*(values[chosen] for values in spheres))


def relative(values: Numbers) -> float:
    return float(100 * np.std(np.log(values)))


def middle(values: Numbers) -> float:
    return float(100 * np.median(values))
