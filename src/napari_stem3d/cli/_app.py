"""The commands, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import os
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from napari_stem3d._errors import InputError

from . import (
    classify,
    demo,
    doctor,
    evaluate,
    fit,
    hand,
    label,
    lattice,
    listing,
    match,
    measure,
    plan,
    segment,
    simulate,
    study,
    tilts,
    train,
    transfer,
    view,
)

#: Set to anything to see the traceback of an error that is nobody's input.
TRACEBACK = "STEM3D_TRACEBACK"


class OneLineErrors(TyperGroup):
    """A group whose commands end in one line on stderr where other programs show a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            _stop(str(error))
        except BrokenPipeError:
            # The reader of our pipe, `head` for one, has seen enough.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(1) from None
        except OSError as error:
            _stop(_os_sentence(error))
        except MemoryError:
            _stop("There is not enough memory for this.")
        except Exception as error:
            # What typer itself raises, to end the program or about wrong usage, is not for us.
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise
            if TRACEBACK in os.environ:
                raise
            _stop(
                f"{type(error).__name__}: {error}. This should not have happened; "
                f"with {TRACEBACK}=1 in the environment it shows where."
            )


def _stop(sentence: str) -> NoReturn:
    typer.echo(" ".join(f"stem3d: {sentence}".split()), err=True)
    raise typer.Exit(1)


def _os_sentence(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def _print_version(wanted: bool) -> None:
    if wanted:
        from napari_stem3d._version import __version__

        typer.echo(f"stem3d {__version__}")
        raise typer.Exit


def prepare() -> None:
    """Keep TensorFlow's log and Python's warnings from burying the one line that matters."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
        warnings.simplefilter("ignore", category)
    warnings.formatwarning = lambda message, *_, **__: f"note: {message}\n"


app = typer.Typer(
    cls=OneLineErrors,
    name="stem3d",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def stem3d(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Three-dimensional particles from flat ADF-STEM images: simulate, segment, classify."""


app.command()(demo.demo)
app.command()(view.view)
app.command(cls=simulate.SimulateCommand)(simulate.simulate)
app.command(cls=lattice.LatticeCommand)(lattice.lattice)
app.command(cls=match.MatchCommand)(match.match)
app.command(cls=plan.PlanCommand)(plan.plan)
app.command()(segment.segment)
app.command()(classify.classify)
app.command()(fit.fit)
app.command()(hand.hand)
app.command()(tilts.tilts)
app.command(cls=measure.MeasureCommand)(measure.measure)
app.command()(label.label)
app.command()(train.train)
app.command()(transfer.transfer)
app.command()(study.study)
app.command()(evaluate.evaluate)
app.command()(listing.shapes)
app.command()(listing.deformations)
app.command()(listing.presets)
app.command()(listing.networks)
app.command()(listing.plugins)
app.command()(doctor.doctor)
