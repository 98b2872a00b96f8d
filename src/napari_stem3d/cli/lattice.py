"""`stem3d lattice`: atomic-resolution stacks of crystals with their defects and their truth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json, Workers
from ._options import DerivedCommand, Group, stage_groups
from ._output import check_out
from ._series import Series, check_memory, image_axes
from .simulate import ENDINGS

if TYPE_CHECKING:
    from napari_stem3d.simulation import Experiment, LatticeScene, Microscope

TRUTH = "atoms.csv"
PRESET = "80 kV"


class LatticeCommand(DerivedCommand):
    """A command with one option for each field of a lattice, its defects and its microscope."""

    def groups(self) -> list[Group]:
        """Return what there is to choose."""
        default = _default_scene()
        return [
            Group("lattice", default.lattice, "Crystal"),
            Group("defects", default.defects, "Defects"),
            Group(
                "images", _default_images(), "Images", only=("frames", "size", "sampling", "seed")
            ),
            *stage_groups(default.microscope),
        ]


def lattice(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="Stack to write: .hspy, .tif, .npz or .gif.")],
    random_pose: Annotated[
        bool, typer.Option("--random-pose", help="Turn and shift the crystal in each image.")
    ] = False,
    preset: Annotated[
        str | None,
        typer.Option(
            help=f"Microscope to start from; `stem3d presets` lists them.  [default: {PRESET}]"
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with the microscope, as `stem3d match` writes it."),
    ] = None,
    first: Annotated[
        int, typer.Option(min=0, help="First image, to go on with an interrupted stack.")
    ] = 0,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Make a synthetic atomic-resolution stack of a crystal.

    The truth about every column of atoms is written into the stack's metadata, and as atoms.csv
    into the folder of --out.
    """
    from napari_stem3d.simulation import Constant, Dataset, RandomLattices

    check_out(out, ENDINGS)
    typed = ctx.obj
    images = dataclasses.replace(_default_images(), **typed.pop("images"))
    scene = _build_scene(typed, images, _microscope(preset, config))
    draw: Any = RandomLattices([scene]) if random_pose else Constant(scene).draw
    check_memory(images.grid, images.frames - first)
    series = Series.draw(Dataset(draw, images.frames, images.seed), first, workers)
    series.write(
        {"images": out},
        out.with_name(TRUTH),
        image_axes(images.grid, first),
        _metadata(scene, images.seed, random_pose),
        json,
        of="site",
    )


def _default_scene() -> LatticeScene:
    from napari_stem3d.simulation import LatticeScene

    return LatticeScene()


def _default_images() -> Experiment:
    """Return an experiment for the sake of its images, which are those of a lattice by default."""
    from napari_stem3d.simulation import Experiment

    grid = _default_scene().grid
    return Experiment(frames=1, size=grid.gpts, sampling=grid.sampling)


def _microscope(preset: str | None, config: Path | None) -> Microscope:
    from napari_stem3d.simulation import PRESETS, read_experiment
    from napari_stem3d.simulation.lattices import ATOMIC

    if preset is not None and config is not None:
        raise InputError(f"--preset and --config exclude each other. Received: both, {config}")
    if config is not None:
        return read_experiment(config).microscope
    known = {**ATOMIC, **PRESETS}
    if preset is not None and preset not in known:
        raise InputError(f"--preset must be one of {', '.join(known)}. Received: {preset!r}")
    return known[preset or PRESET]


def _build_scene(
    typed: dict[str, dict[str, Any]], images: Experiment, microscope: Microscope
) -> LatticeScene:
    from napari_stem3d.simulation import microscope_from_dict

    default = _default_scene()
    return dataclasses.replace(
        default,
        lattice=dataclasses.replace(default.lattice, **typed.pop("lattice")),
        defects=dataclasses.replace(default.defects, **typed.pop("defects")),
        grid=images.grid,
        microscope=microscope_from_dict(typed, microscope),
    )


def _metadata(scene: LatticeScene, seed: int, random_pose: bool) -> dict[str, Any]:
    from napari_stem3d.simulation import metadata

    described = metadata(scene.microscope, scene.grid)
    described["General"] = {"title": f"simulated {scene.lattice.structure}"}
    described["Sample"] = {"elements": sorted(set(scene.lattice.unit_cell().symbols))}
    described["Stem3D"]["simulation"] = {
        "lattice": dataclasses.asdict(scene.lattice),
        "defects": dataclasses.asdict(scene.defects),
        "random_pose": random_pose,
        "seed": seed,
    }
    return described
