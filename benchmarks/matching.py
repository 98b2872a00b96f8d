"""Real noise against simulated noise: can classifiers tell them apart?

A microscope is matched to the real image of SiO2 spheres, once to the whole of it and once to
what lies below the edge between its thin and its thick film. Patches of empty film are compared
with patches of independent simulations from the same places. All sizes, classifiers and parts
are printed, whichever way they come out; the interval is that of the number of real and
simulated patches, however many draws the mean is taken over. Two controls show what the judges
can do: white noise of the same mean and variance, and a second draw in the place of the real image.
"""

from __future__ import annotations

import numpy as np
from benchmarks.judging import cut, judge, squares
from benchmarks.spheres import IMAGE, ROOT, SPHERES

SIZES, DRAWS, TILE = (6, 8), 8, 43  # pixels, simulations, pixels of a region's edge
LIMIT = 0.65
PICTURE = ROOT / "docs" / "images" / "matched.png"
MATERIAL = "SiO2@2.2"
DWELL, FLYBACK = 5e4, 1e6  # µs; the dwell time is that of the file, the fly-back is not in it


def main(seed: int) -> None:
    from napari_stem3d.analysis.matching import match_microscope
    from napari_stem3d.signals import load
    from napari_stem3d.simulation import Microscope, Scan

    if not IMAGE.is_file():
        print("The folder of real images, shared/data beside the repository, is missing.")
        return
    stack = load(IMAGE)[0]
    image = np.asarray(next(stack.frames), float)
    known = Microscope(scan=Scan(dwell=DWELL, flyback=FLYBACK))
    whole = match_microscope(image, stack.sampling_nm, material=MATERIAL, known=known)
    edge = film_edge(image, whole.film)
    lower = match_microscope(image[edge:], stack.sampling_nm, material=MATERIAL, known=known)
    print(f"the film changes at row {edge}")
    for name, estimate in lower.estimates.items():
        print(f"  {name:12s} {estimate}")
    for note in lower.notes:
        print(f"  {note}")
    for part, match, seen, first in (
        ("whole image", whole, image, 0), (f"rows from {edge}", lower, image[edge:], edge),
    ):  # fmt: skip
        for size in SIZES:
            compare(part, match, seen, first, size, seed)
    show(image[edge:], edge, lower, seed)


def film_edge(image, film):
    """Row that parts the image in two, each of which has rows as alike as can be."""
    rows = [np.median(line[empty]) if empty.any() else np.nan for line, empty in zip(image, film)]
    rows = np.where(np.isfinite(rows), rows, np.nanmedian(rows))
    return min(
        range(8, len(rows) - 8), key=lambda y: y * rows[:y].var() + (len(rows) - y) * rows[y:].var()
    )


def compare(part, match, image, first, size, seed):
    from napari_stem3d.networks.evaluation import proportion

    corners = squares(match.film, size)
    regions = np.array([(first + y) // TILE * 100 + x // TILE for y, x in corners])
    rng = np.random.default_rng(seed)
    empty = np.zeros(image.shape, np.float32)
    draws = np.array([cut(match.simulate(empty, rng), corners, size) for _ in range(DRAWS + 1)])
    real = cut(image, corners, size)
    white = rng.normal(real.mean(), real.std(), (DRAWS, *real.shape))
    patches = 2 * len(corners)
    print(f"{part}, {len(corners)} patches of {size} x {size}, {len(np.unique(regions))} regions")
    results = judge(real, draws[1:], regions, seed)
    for name, (mean, spread) in results.items():
        print(f"  {name:19s} {100 * mean:5.1f} % ± {100 * spread:.1f} over {DRAWS} draws")
    controls = (
        judge(real, white[:2], regions, seed),
        judge(draws[0], draws[1:3], regions, seed),
    )
    for label, control in zip(("white noise instead", "two simulations"), controls):
        print(f"  {label:19s} {100 * max(mean for mean, _ in control.values()):5.1f} % at most")
    highest = max(mean for mean, _ in results.values())
    _, low, high = proportion(round(highest * patches), patches)
    verdict = "within" if highest <= LIMIT else "ABOVE"
    print(
        f"  highest {100 * highest:.1f} % ({100 * low:.1f} to {100 * high:.1f}), "
        f"{verdict} {100 * LIMIT:.0f} %"
    )


def show(image, edge, match, seed):
    """Save the image beside a simulation of its spheres, on one grey scale.

    The spheres counted by eye are spheres; piles, which were not counted, are given the thickness
    that their brightness tells, smoothed as the noise demands.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt
    from scipy.ndimage import gaussian_filter

    from napari_stem3d.simulation import Particle, Sphere, project

    dy, dx = match.grid.sampling
    centres = np.loadtxt(SPHERES, delimiter=",", skiprows=1) - [edge, 0]
    centres = centres[centres[:, 0] > -4]

    def thickness(radius):
        spheres = [Particle(Sphere(2 * radius * dx), (y * dy, x * dx)) for y, x in centres]
        return project(spheres, match.grid)

    level = np.mean(image[match.film])
    near = thickness(3.4) > 0
    signal = image[near] - level

    def misfit(radius):
        model = thickness(radius)[near]
        return np.sum((signal - model * (model @ signal) / (model @ model)) ** 2)

    radius = min(np.arange(2.4, 3.4, 0.05), key=misfit)
    spheres = thickness(radius)
    piles = ~match.film & (thickness(radius + 1) == 0)
    bright = gaussian_filter(image - level, 0.7) / match.estimates["signal"].value
    scene = np.where(piles, np.maximum(bright, 0), spheres)
    simulated = match.simulate(scene, np.random.default_rng(seed))
    on = spheres > radius * dx
    print(f"spheres of {radius * dx:.1f} nm radius ({radius:.2f} pixels)")
    for label, picture in (("real", image), ("simulated", simulated)):
        film, spheres = picture[match.film], picture[on]
        print(
            f"  {label:9s} film {film.mean():.4g} ± {film.std():.2g}, "
            f"spheres {np.median(spheres) - film.mean():.4g} above it"
        )
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.2), layout="constrained")
    low, high = np.percentile(image, [0.1, 99])
    for axis, picture, title in zip(axes, (image, simulated), ("real", "simulated")):
        axis.imshow(picture, cmap="gray", vmin=low, vmax=high)
        axis.set(title=title, xticks=[], yticks=[])
    figure.savefig(PICTURE, dpi=80)
    print(f"side by side: {PICTURE.relative_to(ROOT)}")
