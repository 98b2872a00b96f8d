"""Plan how to tell two from three cut corners, with the microscope of an image or the usual one.

``python plan_an_experiment.py [IMAGE]`` reads voltage, convergence and dwell time from any file
that HyperSpy opens.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from napari_stem3d.analysis.planning import Limits, Question, plan
from napari_stem3d.simulation import Cuboid, get_preset, microscope_of_metadata


def main() -> None:
    """Print the table of doses, and how the plan changes where the specimen bears little."""
    microscope = get_preset("default")
    if len(sys.argv) > 1:
        import hyperspy.api as hs

        signal = hs.load(sys.argv[1])
        microscope, notes = microscope_of_metadata(signal.metadata.as_dictionary())
        print(*notes, sep="\n")
    question = Question(corners=2, against=3, depth=0.3, material="Pd", shape=Cuboid(10, 10, 10))
    found = plan(question, microscope, Limits(pixel=0.7), particles=12)
    print(found.views_table().round(3).to_string(index=False))
    print(found.advice)

    tender = Limits(pixel=0.7, most_dose=found.recommended.total_dose / 2)
    print(plan(question, microscope, tender, particles=12).advice)

    sure = replace(question, probability=0.95)
    print(plan(sure, microscope, Limits(pixel=0.7), particles=12).advice)


if __name__ == "__main__":
    main()
