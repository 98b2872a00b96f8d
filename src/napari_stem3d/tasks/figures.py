"""Measure the networks that ship and write the figures into their cards.

``python -m napari_stem3d.tasks.figures --page docs/networks.md`` prints every figure that this page
tells of, and writes the tables that it shows.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from napari_stem3d._errors import InputError
from napari_stem3d.networks import store
from napari_stem3d.plugins import get_network
from napari_stem3d.tasks.corners128 import DOSES, TASKS, Corners128
from napari_stem3d.tasks.evaluation import CHANGES, COUNT, SEED, judge, row_of
from napari_stem3d.tasks.figure_tables import renewed
from napari_stem3d.tasks.pixel_evaluation import evaluate_pixels
from napari_stem3d.tasks.scene_evaluation import evaluate_scenes
from napari_stem3d.tasks.views import evaluate_views
from napari_stem3d.tasks.weak import evaluate_images

_LOG = logging.getLogger(__name__)
_CHANGED = ("deformed", "corners", "shape")  # tasks that are tried on changed grey values
NETWORKS = ("particle-unet", "particle-classes", "same-particle", "particle-images")


def conditions(count: int) -> Iterator[tuple[Corners128, str, int]]:
    """Yield what ``particle-classes`` is asked: conditions, change of grey values, objects.

    Every task at every dose, the number of corners with small cuts as well; and at the standard
    dose some tasks with changed grey values and twice magnified, on a quarter of the same objects.
    """
    for dose in DOSES:
        for task in TASKS:
            yield Corners128(task, dose), "none", count
        yield Corners128("corners", dose, "small"), "none", count
    part = max(1, count // 4)
    for change in CHANGES:
        for task in _CHANGED:
            if change != "none":
                yield Corners128(task), change, part
    for task in _CHANGED:
        yield Corners128(task, magnification=2), "none", part


def measure_classes(count: int = COUNT, network: str = "particle-classes") -> pd.DataFrame:
    """Accuracy of a network for classification under all `conditions`.

    Parameters
    ----------
    count : int
        Objects per row.
    network : str
        Network for classification.

    Returns
    -------
    pandas.DataFrame
        Rows of `evaluate`.
    """
    tables: list[pd.DataFrame] = []
    for scenes, change, number in conditions(count):
        verdicts = judge(scenes, network, change=change, count=number)
        tables.append(row_of(verdicts, scenes, network, change, SEED))
        _LOG.info(tables[-1].to_string(index=False, header=len(tables) == 1))
    return pd.concat(tables)


def _measure(name: str, objects: int, scenes: int) -> list[pd.DataFrame]:
    if name == "particle-classes":
        return [measure_classes(objects)]
    if name == "same-particle":
        return [evaluate_views(name, count=max(1, objects // 4))]
    if name == "particle-images":
        return [evaluate_images(name, count=objects)]
    pixels = [evaluate_pixels(name, d, count=max(1, scenes // 2)) for d in ("standard", "low")]
    return [evaluate_scenes(name, count=scenes), pd.concat(pixels)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure networks, print the rows, and renew cards and tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=NETWORKS, help=", ".join(NETWORKS))
    parser.add_argument("--objects", type=int, default=COUNT)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--page", type=Path, help="page whose tables are renewed")
    parser.add_argument("--csv", type=Path, help="folder to write all columns to, as NAME.csv")
    options = parser.parse_args(arguments)
    if unknown := set(options.networks) - set(NETWORKS):
        parser.error(f"there are no figures of {', '.join(sorted(unknown))}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in options.networks:
        path = get_network(name).weights_path
        if path is None:
            raise InputError(f"The network {name!r} must have weights. Received: none")
        tables = _measure(name, options.objects, options.scenes)
        for table in tables:
            _LOG.info(table.to_string(index=False))
        card = store.read_card(path) | {"figures": [row for t in tables for row in _rows(t)]}
        store.write_card(path, card)
        if options.page:
            text = options.page.read_text(encoding="utf-8")
            options.page.write_text(renewed(text, name, card["figures"]), encoding="utf-8")
        if options.csv:
            pd.concat(tables).to_csv(options.csv / f"{name}.csv", index=False)


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a card; what a row has no number for is left out, as JSON knows no NaN."""
    return [{k: v for k, v in row.items() if v == v} for row in table.to_dict("records")]


if __name__ == "__main__":
    main()
