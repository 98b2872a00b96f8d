"""Measure the networks that ship and write the figures into their cards.

``python -m napari_stem3d.tasks.figures`` prints every figure that the documentation tells of.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Sequence

import pandas as pd

from napari_stem3d.networks import store
from napari_stem3d.plugins import get_network
from napari_stem3d.tasks.corners128 import DOSES, TASKS
from napari_stem3d.tasks.evaluation import CHANGES, evaluate
from napari_stem3d.tasks.scene_evaluation import evaluate_scenes

_LOG = logging.getLogger(__name__)


def measure_classes(count: int) -> pd.DataFrame:
    """Accuracy of ``particle-classes``: every task at every dose and with every change.

    Parameters
    ----------
    count : int
        Objects per row at the standard dose; a quarter of them, the same ones, where the grey
        values are changed, an eighth at other doses.

    Returns
    -------
    pandas.DataFrame
        Rows of `evaluate`.
    """
    conditions = [("standard", c, count if c == "none" else count // 4) for c in CHANGES]
    conditions += [(dose, "none", count // 8) for dose in DOSES if dose != "standard"]
    tables = []
    for dose, change, number in conditions:
        for task in TASKS:
            tables.append(evaluate(task=task, dose=dose, change=change, count=number))
            _LOG.info(tables[-1].to_string(index=False, header=len(tables) == 1))
    return pd.concat(tables)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one network or both, print the rows, and renew the cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=["particle-unet", "particle-classes"])
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--scenes", type=int, default=200)
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for name in options.networks:
        path = get_network(name).weights_path
        if name == "particle-unet":
            table = evaluate_scenes(name, count=options.scenes)
            _LOG.info(table.to_string(index=False))
        else:
            table = measure_classes(options.objects)
        if path is not None:
            card = store.read_card(path) | {"figures": table.to_dict("records")}
            store.write_card(path, card)


if __name__ == "__main__":
    main()
