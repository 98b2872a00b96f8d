"""Train all networks of a study, keeping what is finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from napari_stem3d._errors import InputError
from napari_stem3d.networks.evaluation import proportion
from napari_stem3d.tasks.studies.data import StudyData
from napari_stem3d.tasks.studies.learning_curve import LearningCurve, fit_learning_curve
from napari_stem3d.tasks.studies.plan import Job, Study
from napari_stem3d.tasks.studies.training import train_once

RUNS, ROUNDS, SUMMARY, ABOUT = "runs.csv", "rounds.csv", "summary.csv", "study.json"
_KEY = ["value", "rate", "run"]
_WORDS = {"value": str, "rate": str}
# A later call may add to these; everything else must stay for the runs to be compared.
_GROWING = ("values", "rates", "runs")


@dataclass(frozen=True, eq=False)
class Results:
    """What the runs of a study gave so far.

    Attributes
    ----------
    kind : str
        What was varied.
    about : dict
        Everything that was held, with the data.
    runs : pandas.DataFrame
        One row per run: ``value``, ``rate``, ``run``, ``images``, ``batch``, the number of
        ``rounds``, ``right`` in the best of them, and the median ``seconds_per_epoch``.
    rounds : pandas.DataFrame
        One row per round of every run, as `train_once` gives them.
    """

    kind: str
    about: dict[str, Any]
    runs: pd.DataFrame
    rounds: pd.DataFrame

    def summary(self) -> pd.DataFrame:
        """One row per value and learning rate, in percent of the validation images.

        ``accuracy`` is the mean over the ``runs``, ``low`` and ``high`` the ends of the Wilson
        95 % interval for so many images, ``worst`` and ``best`` those of single runs;
        ``rounds`` and ``seconds_per_epoch`` are means.
        """
        number, rows = self.about["validation"], []
        for (value, rate), own in self.runs.groupby(["value", "rate"], sort=False):
            mean = float(own["right"].mean())
            share = proportion(round(mean), number)
            percent = {"accuracy": mean / number, "low": share.low, "high": share.high}
            percent |= {"worst": own["right"].min() / number, "best": own["right"].max() / number}
            percent["baseline"] = self.about["baseline"]
            rows.append(
                {
                    self.kind: value,
                    "rate": rate or "default",
                    "runs": len(own),
                    **{name: round(100 * float(share), 2) for name, share in percent.items()},
                    "rounds": round(float(own["rounds"].mean()), 1),
                    "seconds_per_epoch": round(float(own["seconds_per_epoch"].mean()), 3),
                }
            )
        table = pd.DataFrame(rows)
        return table.iloc[np.argsort(_ranks(table[self.kind]), kind="stable")]

    @cached_property
    def curve(self) -> LearningCurve | None:
        """Learning curve of a study of sizes; None where the runs do not tell one."""
        if self.kind != "size":
            return None
        number = self.about["validation"]
        errors = 1 - self.runs["right"].to_numpy() / number
        chance = 1 - self.about["baseline"]
        try:
            return fit_learning_curve(self.runs["images"].to_numpy(), errors, number, chance)
        except InputError:  # too few sizes, or networks that did not learn
            return None


def run_study(
    study: Study,
    data: StudyData,
    folder: str | Path,
    progress: Callable[[float, int], None] | None = None,
) -> Results:
    """Train all networks of a study; what is finished stays, and is not done again.

    After every run, ``runs.csv``, ``rounds.csv`` and ``summary.csv`` in the folder are complete.

    Parameters
    ----------
    study : Study
        What to try.
    data : StudyData
        Images.
    folder : str or Path
        Where tables go, made if missing. A call with the same study goes on where the last one
        ended; one with more values, rates or runs adds them.
    progress : callable, optional
        Called with the number of runs done, fractions included, and their total.

    Returns
    -------
    Results
        Of all runs in the folder.

    Raises
    ------
    InputError
        If the folder holds another study.
    """
    folder = Path(folder)
    jobs = list(study.jobs(len(data.labels)))
    results = open_study(study, data, folder)
    done = set(results.runs[_KEY].itertuples(index=False, name=None))
    for number, job in enumerate(jobs):
        if job.key not in done:

            def tick(share: float, number: int = number) -> None:
                if progress:
                    progress(number + share, len(jobs))

            results = _add(results, job, train_once(job, study, data, tick))
            _write(results, folder)
        if progress:
            progress(number + 1, len(jobs))
    return results


def open_study(study: Study, data: StudyData, folder: Path) -> Results:
    """Read what a folder holds of a study, or make it the study's folder."""
    held = {k: v for k, v in asdict(study).items() if k not in (*_GROWING, study.kind)}
    about = held | {
        "data": data.name,
        "classes": list(data.classes),
        "side": data.images.shape[1],
        "training": len(data.labels),
        "validation": len(data.validation_labels),
        "baseline": data.baseline,
    }
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / ABOUT).is_file():
        _check_same(about, folder)
    elif any(folder.iterdir()):
        raise InputError(f"The folder must be empty or hold a study. Received: {folder}")
    else:
        _replace(folder / ABOUT, json.dumps(about, indent=1) + "\n")
    runs = pd.DataFrame(columns=[*_KEY, "right"])
    rounds = pd.DataFrame(columns=[*_KEY, "round"])
    if (folder / RUNS).is_file():
        runs = _read(folder / RUNS)
        # Rounds are written first: those of a run that is missing will be made again.
        rounds = _read(folder / ROUNDS).merge(runs[_KEY], on=_KEY)
    return Results(study.kind, about, runs, rounds)


def _check_same(about: Mapping[str, Any], folder: Path) -> None:
    try:
        before = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            f"{folder / ABOUT} must be written by a study. Received: {error}"
        ) from error
    for name, value in about.items():
        if before.get(name) != value:
            raise InputError(
                f"{folder} holds a study with {name} {before.get(name)}, to which runs with "
                f"another cannot be added. Received: {value}"
            )


def _add(results: Results, job: Job, rounds: pd.DataFrame) -> Results:
    value, rate, run = job.key
    steady = rounds["seconds"].iloc[1:] if len(rounds) > 1 else rounds["seconds"]
    row = {
        "value": value,
        "rate": rate,
        "run": run,
        "images": job.images,
        "batch": job.batch,
        "loss": job.loss,
        "optimizer": job.optimizer,
        "rounds": len(rounds),
        "right": int(rounds["right"].max()),
        "seconds_per_epoch": float(steady.median() * job.images / results.about["training"]),
    }
    rounds = rounds.assign(value=value, rate=rate, run=run)
    return Results(
        results.kind,
        results.about,
        pd.concat(
            [results.runs, pd.DataFrame([row])] if len(results.runs) else [pd.DataFrame([row])]
        ),
        pd.concat([results.rounds, rounds] if len(results.rounds) else [rounds]),
    )


def _write(results: Results, folder: Path) -> None:
    """Write the tables, the one that tells what is finished last but one."""
    for name, table in (
        (ROUNDS, results.rounds),
        (RUNS, results.runs),
        (SUMMARY, results.summary()),
    ):
        _replace(folder / name, table.to_csv(index=False))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=_WORDS, keep_default_na=False, na_values={"loss": [""]})


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _ranks(values: pd.Series) -> np.ndarray:
    """Numbers to sort by: numbers by their value, words as they came."""
    numbers = pd.to_numeric(values, errors="coerce")
    return np.zeros(len(values)) if numbers.isna().any() else numbers.to_numpy()
