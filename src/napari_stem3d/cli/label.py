"""`stem3d label`: the class of whole images, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_stem3d._errors import InputError

from ._arguments import Json
from ._console import counted, import_keras, note, progress, report
from ._frames import resumable
from ._output import check_out

if TYPE_CHECKING:
    import pandas as pd

    from napari_stem3d.analysis.labelling import ImageClassifier


def label(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IN...", help="Images or stacks, or folders of them."),
    ],
    network: Annotated[
        str,
        typer.Option(help="Network for images: a name, or the .keras file of stem3d transfer."),
    ],
    out: Annotated[Path, typer.Option(help="Table to write: .csv.")],
    json: Json = False,
) -> None:
    """Name the class of every image: one row per frame, with the probability of every class."""
    from napari_stem3d.analysis.labelling import load_classifier
    from napari_stem3d.networks.store import sha256
    from napari_stem3d.signals import write_beside

    check_out(out, (".csv",))
    files = _files(images)
    import_keras()
    classifier = load_classifier(network)
    job = {
        "files": [[str(p.resolve()), p.stat().st_size, p.stat().st_mtime] for p in files],
        "network": sha256(Path(network)) if network.endswith(".keras") else network,
    }
    with resumable(out, job, _write, _read) as run, progress("Label", len(files)) as advance:
        for path in files[len(run.results) :]:
            table = _rows(path, classifier)
            run.add(table, len(table))
            advance(len(run.results))
        with write_beside(out) as beside:
            _write(run.results, beside)
    facts = {"out": str(out), "files": len(files), "images": run.particles}
    named = f"{counted(run.particles, 'image')} in {counted(len(files), 'file')}"
    report(facts, f"{out}: {named}", json)


def _files(paths: list[Path]) -> list[Path]:
    """Return all files, those of folders in the order of their names."""
    from napari_stem3d.tasks.folders import files_in

    files: list[Path] = []
    for path in paths:
        found = files_in(path) if path.is_dir() else [path]
        if not found:
            raise InputError(f"{path} must hold images. Received: an empty folder")
        files += found
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise InputError(f"{missing[0]} must be an image or a folder. Received: nothing there")
    return files


def _rows(path: Path, classifier: ImageClassifier) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from napari_stem3d.analysis.labelling import label_images
    from napari_stem3d.signals import load

    stack = load(path)[0]
    for sentence in stack.notes:
        note(sentence)
    try:
        told = np.stack(list(label_images(stack.frames, classifier)))
    except InputError as error:
        raise InputError(f"{path.name} holds no image that can be used. {error}") from error
    best = told.argmax(axis=1)
    table = pd.DataFrame(
        {
            "file": str(path),
            "frame": np.arange(len(told)),
            "label": [classifier.classes[k] for k in best],
            "probability": told.max(axis=1),
        }
    )
    return table.assign(**{f"p_{name}": p for name, p in zip(classifier.classes, told.T)})


def _write(tables: list[pd.DataFrame], path: Path) -> None:
    import pandas as pd

    pd.concat(tables).to_csv(path, index=False)


def _read(path: Path, files: int) -> list[pd.DataFrame]:
    """Return the tables of the first files, a list that may be shorter than promised."""
    import pandas as pd

    # Words all through: what is written again shall not differ in its last digit.
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return [rows for _, rows in table.groupby("file", sort=False)][:files]
