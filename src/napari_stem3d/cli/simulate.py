"""`stem3d simulate`: synthetic stacks with their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._arguments import Json, Workers
from ._options import DerivedCommand, Group, stage_groups
from ._output import check_different, check_out
from ._series import Series, check_memory, image_axes
from ._words import parse_deformation, parse_dimensions

if TYPE_CHECKING:
    from napari_stem3d.simulation import Experiment

ENDINGS = (".hspy", ".tif", ".tiff", ".npz", ".gif")
MAPS = (".hspy", ".tif", ".tiff", ".npz")
TRUTH = "truth.csv"


class SimulateCommand(DerivedCommand):
    """A command with one option for each field of an experiment."""

    def groups(self) -> list[Group]:
        """Return what there is to choose: the experiment, its motion and its microscope."""
        from napari_stem3d.simulation import Experiment

        default = Experiment()
        return [
            Group("experiment", default, "Particles and images"),
            Group("motion", default.motion, "Motion", "motion"),
            *stage_groups(default.microscope),
        ]


def simulate(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="Stack to write: .hspy, .tif, .npz or .gif.")],
    dimension: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A dimension of the shape, in nm if it is a length; may be repeated.",
        ),
    ] = None,
    deformation: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:FIELD=VALUE,…",
            help="What else is wrong with each particle, as in rounded_corners:leg=1.5,count=3; "
            "fields that are not told are drawn; may be repeated. "
            "`stem3d deformations` lists them with their fields.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="Microscope to start from; `stem3d presets` lists them."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with any of these options, which those typed here beat."),
    ] = None,
    save_config: Annotated[
        Path | None, typer.Option(help="TOML file to write all options to, for --config.")
    ] = None,
    first: Annotated[
        int, typer.Option(min=0, help="First image, to go on with an interrupted stack.")
    ] = 0,
    workers: Workers = None,
    labels: Annotated[
        Path | None, typer.Option(help="Also write which particle each pixel shows.")
    ] = None,
    thickness: Annotated[
        Path | None, typer.Option(help="Also write the thickness of the particles in nm.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a synthetic ADF-STEM stack of particles of one shape.

    The truth about every particle is written into the stack's metadata, and as truth.csv into
    the folder of --out.
    """
    maps = {name: path for name, path in (("labels", labels), ("thickness", thickness)) if path}
    check_out(out, ENDINGS)
    for name, path in maps.items():
        check_out(path, MAPS, f"--{name}")
    check_different({"--out": out, **{f"--{name}": path for name, path in maps.items()}})
    if save_config is not None:
        check_out(save_config, (".toml",), "--save-config")
    experiment = build_experiment(ctx.obj, config, preset, dimension or [], deformation or [])
    check_memory(experiment.grid, experiment.frames - first, len(maps))
    series = Series.draw(experiment.dataset(), first, workers, tuple(maps))
    if save_config is not None:
        from napari_stem3d.simulation import write_experiment

        write_experiment(experiment, save_config)
    grid, microscope = experiment.grid, experiment.microscope
    frame_time = grid.gpts[0] * microscope.scan.line_time(grid) if experiment.movie else None
    series.write(
        {"images": out, **maps},
        out.with_name(TRUTH),
        image_axes(grid, first, frame_time),
        _metadata(experiment),
        json,
        of="particle",
    )


def build_experiment(
    typed: Mapping[str, Mapping[str, Any]],
    config: Path | None = None,
    preset: str | None = None,
    dimensions: Sequence[str] = (),
    deformations: Sequence[str] = (),
) -> Experiment:
    """Return the experiment that a command line describes.

    Parameters
    ----------
    typed : mapping of str to mapping
        Values by field, of the ``experiment``, its ``motion`` and each stage.
    config : Path, optional
        File that all this changes.
    preset : str, optional
        Microscope in place of the file's.
    dimensions : sequence of str
        As in ``a=5``. Those of the file count as long as the shape is the file's.
    deformations : sequence of str
        As in ``twist:angle=20``; in place of the file's, if there are any.
    """
    from napari_stem3d import simulation

    base = simulation.read_experiment(config) if config else simulation.Experiment()
    if preset is not None:
        base = replace(base, microscope=simulation.get_preset(preset))
    tables = {**simulation.experiment_to_dict(base), **typed["experiment"]}
    if tables["shape"] != base.shape:
        tables["dimension"] = {}
    tables["dimension"] |= parse_dimensions(tables["shape"], dimensions)
    if deformations:
        tables["deformation"] = [parse_deformation(text) for text in deformations]
    for name, values in typed.items():
        if name != "experiment":
            tables[name] |= values
    return simulation.experiment_from_dict(tables)


def _metadata(experiment: Experiment) -> dict[str, Any]:
    """Return what HyperSpy has names for, and the experiment, without the stages beside it."""
    from napari_stem3d import simulation

    described = simulation.metadata(experiment.microscope, experiment.grid)
    described["General"] = {"title": f"simulated {experiment.shape}"}
    stages = described["Stem3D"]["microscope"]
    described["Stem3D"]["simulation"] = {
        key: value
        for key, value in simulation.experiment_to_dict(experiment).items()
        if key not in stages
    }
    return described
