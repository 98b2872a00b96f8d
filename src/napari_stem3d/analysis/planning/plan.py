"""What a plan says: doses, beams, chances, and one sentence of advice."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_stem3d.analysis.planning.beams import BeamSetting
from napari_stem3d.analysis.planning.question import Question
from napari_stem3d.simulation import (
    Experiment,
    Grid,
    Microscope,
    RandomDeformation,
)

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Views:
    """What a number of views needs.

    Attributes
    ----------
    views : int
        Images of one particle, in poses that nobody knows.
    electrons : float
        Electrons per pixel of each.
    dose : float
        Electrons per area of each [e⁻/nm²].
    total_dose : float
        Of all of them [e⁻/nm²].
    probability : float
        Of the right answer.
    low, high : float
        95 % interval of the total dose, from the particles that were drawn; NaN where limits and
        not the probability set the dose.
    enough : bool
        Whether the wanted probability is reached within the limits.
    beams : tuple of BeamSetting
        Pairs of beam current and dwell time.
    recommended : bool
        Whether it is the one to begin with.
    """

    views: int
    electrons: float
    dose: float
    total_dose: float
    probability: float
    low: float
    high: float
    enough: bool
    beams: tuple[BeamSetting, ...]
    recommended: bool = False


@dataclass(frozen=True)
class Plan:
    """Answer to a question.

    Attributes
    ----------
    question : Question
        What is to be told.
    microscope : Microscope
        How images are made, with the usual current and dwell time.
    grid : Grid
        Smallest image that holds the particle.
    options : tuple of Views
        By number of views.
    doses : ndarray, shape (D,)
        Electrons per area of each view [e⁻/nm²].
    chances : dict of int to ndarray, shape (D,)
        Probability of the right answer at these doses, by number of views.
    notes : tuple of str
        What the plan does not count.
    """

    question: Question
    microscope: Microscope
    grid: Grid
    options: tuple[Views, ...]
    doses: Array
    chances: dict[int, Array]
    notes: tuple[str, ...] = ()

    @property
    def recommended(self) -> Views:
        """The number of views to begin with."""
        return next(option for option in self.options if option.recommended)

    @property
    def beam(self) -> BeamSetting | None:
        """The beam to begin with; None where the instrument has none for the dose."""
        return next((b for b in self.recommended.beams if b.recommended), None)

    @property
    def experiment(self) -> Experiment:
        """Images as planned, of particles with the larger number of cut corners."""
        own, microscope = self.question, self.microscope
        if self.beam is not None:
            microscope = replace(
                microscope,
                beam=replace(microscope.beam, current=self.beam.current),
                scan=replace(microscope.scan, dwell=self.beam.dwell),
            )
        leg = {"leg": own.depth * own.edge}
        return Experiment(
            own.shape.name,
            own.shape.lengths,
            deformations=(RandomDeformation("truncated_corners", own.many, leg),),
            frames=self.recommended.views,
            size=self.grid.gpts,
            sampling=self.grid.sampling,
            microscope=microscope,
        )

    @property
    def advice(self) -> str:
        """One sentence for the notebook beside the microscope."""
        own, best, beam = self.question, self.recommended, self.beam
        what = f"tell {own.corners} from {own.against} cut corners of a {own.body}"
        images = "1 image" if best.views == 1 else f"{best.views} images in other poses"
        way = f"{images} with pixels of {self.grid.sampling[0]:.2g} nm"
        if beam is None:
            return (
                f"The instrument has no beam current and dwell time that bring "
                f"{best.electrons:.3g} electrons to each pixel, which it takes to {what}."
            )
        way += f", {beam.current:.3g} pA and {beam.dwell:.3g} µs per pixel"
        dose = f"{best.electrons:.3g} e⁻/pixel, {best.total_dose:.3g} e⁻/nm² in all"
        chance = f"in {100 * best.probability:.0f} % of cases"
        if best.enough:
            return f"Take {way} ({dose}), to {what} {chance}."
        return f"The limits do not allow to {what} as surely as wanted: {way} ({dose}) do {chance}."

    def views_table(self) -> pd.DataFrame:
        """One row per number of views, with the beam to begin with."""
        rows = []
        for option in self.options:
            row = {key: value for key, value in asdict(option).items() if key != "beams"}
            beam = next((b for b in option.beams if b.recommended), None)
            row["current"], row["dwell"], row["frame_time"] = (
                (beam.current, beam.dwell, beam.frame_time) if beam else (np.nan,) * 3
            )
            rows.append(row)
        return _with_units(pd.DataFrame(rows).assign(pixel=self.grid.sampling[0]), _VIEWS)

    def beams_table(self) -> pd.DataFrame:
        """One row per pair of beam current and dwell time for the recommended number of views."""
        rows = [asdict(beam) for beam in self.recommended.beams]
        return _with_units(pd.DataFrame(rows, columns=list(_BEAMS)), _BEAMS)

    def table(self) -> pd.DataFrame:
        """One row per number of views and pair of beam current and dwell time."""
        views = self.views_table().drop(columns=["current_pA", "dwell_us", "image_s"])
        parts = []
        for (_, row), option in zip(views.iterrows(), self.options):
            beams = _with_units(
                pd.DataFrame([asdict(b) for b in option.beams], columns=list(_BEAMS)), _BEAMS
            )
            own = pd.DataFrame([row] * max(len(beams), 1)).reset_index(drop=True)
            best = beams.pop("recommended").reindex(own.index, fill_value=False).astype(bool)
            joined = own.join(beams)
            joined["recommended"] = joined["recommended"].astype(bool) & best
            parts.append(joined)
        return pd.concat(parts, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """All of it in plain numbers and words."""
        own = self.question
        asked = {
            "shape": own.shape.name,
            "material": own.material,
            "corners": own.corners,
            "against": own.against,
            "depth": own.depth,
            "probability": own.probability,
        }
        return {
            "question": asked,
            "pixel_nm": self.grid.sampling[0],
            "image_pixels": list(self.grid.gpts),
            "views": self.views_table().to_dict("records"),
            "beams": self.beams_table().to_dict("records"),
            "curve": {
                "dose_e_nm2": self.doses.tolist(),
                "probability": {str(k): v.tolist() for k, v in self.chances.items()},
            },
            "advice": self.advice,
            "notes": list(self.notes),
        }


#: What the columns of the tables are called for readers.
HEADINGS = {
    "pixel_nm": "pixel nm",
    "e_per_pixel": "e⁻/pixel",
    "dose_e_nm2": "e⁻/nm² each",
    "total_dose_e_nm2": "e⁻/nm² in all",
    "total_low": "from",
    "total_high": "to",
    "current_pA": "pA",
    "dwell_us": "µs",
    "image_s": "s per image",
    "probability": "right",
    "recommended": "take",
}
# Columns of the tables: what each holds, and its name with its unit.
_VIEWS = {
    "views": "views",
    "pixel": "pixel_nm",
    "electrons": "e_per_pixel",
    "dose": "dose_e_nm2",
    "total_dose": "total_dose_e_nm2",
    "low": "total_low",
    "high": "total_high",
    "current": "current_pA",
    "dwell": "dwell_us",
    "frame_time": "image_s",
    "probability": "probability",
    "enough": "enough",
    "recommended": "recommended",
}
_BEAMS = {
    "current": "current_pA",
    "dwell": "dwell_us",
    "frame_time": "image_s",
    "recommended": "recommended",
}


def _with_units(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    return table[list(names)].rename(columns=names)
