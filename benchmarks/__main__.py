"""Print the documentation's figures: ``python -m benchmarks`` in the root of the repository."""

from __future__ import annotations

import argparse
import os
import platform
from importlib import import_module
from importlib.metadata import version

BENCHMARKS = {
    "simulation": "images per second, beside a voxel body that is rotated and summed",
    "series": "samples per second of one worker and of two",
    "samplers": "random numbers, beside NumPy's",
    "abtem_reference": "thickness and elements, beside stored numbers of an exact simulation",
    "prediction": "speed of the networks that ship, beside plain ones of the field",
    "robustness": "answers on changed images, and how surely bright field is noticed",
    "second_simulator": "corners counted on images of an independent simulator, 1 in 9 by chance",
    "fitting": "cuts, dimensions and poses of fitted bodies, and wrong shapes noticed",
    "transfer": "the last layer alone on our features, beside networks from scratch",
    "weak": "learning from labels of images alone, with and without pixel-wise maps",
    "layers": "corners counted with and without the layer of second differences",
    "features": "vertices, inner corners and distances of polyhedra, with Wilson 95 % intervals",
    "matching": "real noise told from simulated noise by classifiers, 65 % at most",
    "motion": "rotation and drift during a scan noticed and measured, at 5 % false alarms",
    "many_images": "one body fitted to several images in unknown poses, beside the networks alone",
    "handedness": "the hand of helices from two signed tilts, 50 % by guessing, with intervals",
    "next_tilt": "the hand after the advised second tilt, beside a random one and the smallest",
    "spheres": "real SiO2 spheres found apart and called spheres, with Wilson 95 % intervals",
    "weighing": "volumes of 1,000 simulated particles: error bars that hold, and bias",
    "weighed_spheres": "volumes of real SiO2 spheres against their projected radii",
    "planning": "planned doses, beside those that simulated images need, within 20 % of each other",
}
LIBRARIES = ("napari-stem3d", "numpy", "scipy", "numba")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--seed", type=int, default=2024, help="seed of all that is random")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    print(f"Python {platform.python_version()}, {versions}")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, seed {options.seed}")
    for name in options.names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name]}")
        import_module(f"benchmarks.{name}").main(options.seed)


if __name__ == "__main__":
    main()
