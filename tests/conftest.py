"""Fixtures shared by all tests, and a process of its own for the tests that load TensorFlow.

TensorFlow and the software OpenGL of Mesa crash each other in one process, whichever comes first.
Tests marked ``tensorflow`` therefore run in one child pytest, whose reports this one passes on:
``pytest`` needs no options for it, and a failure reads as ever.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
REPORTS = "STEM3D_TEST_REPORTS"  # set in the child alone: the file into which its reports go
CHILD = pytest.StashKey["Child"]()
LEAK = pytest.StashKey[str]()  # which test loaded TensorFlow where it must not be


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real microscope files beside the repository; skips where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real images, shared/data beside the repository, is missing")
    return SHARED


@pytest.fixture(scope="session")
def alive() -> Callable[[int], bool]:
    """Tells whether a process runs; one that ended but was not yet collected does not."""

    def runs(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        status = Path(f"/proc/{pid}/stat")
        return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")

    return runs


@pytest.fixture(scope="session")
def unlearned(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Files of networks for ground truth and for classification that have learnt nothing."""
    from napari_stem3d.networks.classifiers import build_particle_classifier
    from napari_stem3d.networks.sets import build_set_classifier
    from napari_stem3d.networks.store import write

    folder = tmp_path_factory.mktemp("networks")
    files = folder / "sets.keras", folder / "classes.keras"
    write(build_set_classifier(8), files[0], {"name": "sets"})
    write(build_particle_classifier((8, 8, 8)), files[1], {"name": "classes"})
    return str(files[0]), str(files[1])


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts the tests in the background has them ignore Ctrl-C, and all they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "tensorflow: loads TensorFlow; runs in a child process")
    if REPORTS in os.environ:
        config.pluginmanager.register(Sender(config))


class Sender:
    """Writes the child's reports for its parent to read."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        with open(os.environ[REPORTS], "a", encoding="utf-8") as file:
            file.write(json.dumps(data) + "\n")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    if REPORTS not in os.environ and "tensorflow" in sys.modules and LEAK not in item.session.stash:
        item.session.stash[LEAK] = item.nodeid
        pytest.fail("This test loads TensorFlow, so it must be marked `tensorflow`.")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if REPORTS in os.environ or not item.get_closest_marker("tensorflow"):
        return None
    stash = item.session.stash
    if CHILD not in stash:
        marked = [i.nodeid for i in item.session.items if i.get_closest_marker("tensorflow")]
        stash[CHILD] = Child(item.config, marked)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in stash[CHILD].reports_of(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What an earlier test here left set up for this one must not wait for the next one.
    item.session._setupstate.teardown_exact(nextitem)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail what loads TensorFlow unmarked, before a window of a later test crashes."""
    loaded = "tensorflow" in sys.modules
    result = yield
    if REPORTS not in os.environ and "tensorflow" in sys.modules and not loaded:
        pytest.fail("This test loads TensorFlow and must be marked `tensorflow`.", pytrace=False)
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    if CHILD in session.stash:
        session.stash[CHILD].close()


class Child:
    """A pytest of its own for some tests, in their order."""

    def __init__(self, config: pytest.Config, nodeids: list[str]) -> None:
        self.config = config
        self.folder = Path(tempfile.mkdtemp(prefix="stem3d-tests-"))
        names, self.reports, self.output = (self.folder / n for n in ("tests", "reports", "output"))
        names.write_text("\n".join(nodeids), encoding="utf-8")
        self.reports.touch()
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"@{names}"],
                cwd=config.rootpath,
                env={**os.environ, REPORTS: str(self.reports)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.lines = self._follow()

    def _follow(self) -> Iterator[str]:
        """Lines of the reports, as they come, until the process ends."""
        with self.reports.open(encoding="utf-8") as file:
            line = ""
            while True:
                ended = self.process.poll() is not None  # asked first: its last words count too
                line += file.readline()
                if line.endswith("\n"):
                    yield line
                    line = ""
                elif ended:
                    return
                else:
                    time.sleep(0.05)

    def reports_of(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """Reports of the next test; a single failure where the process ended before it did."""
        for line in self.lines:
            report = self.config.hook.pytest_report_from_serializable(
                config=self.config, data=json.loads(line)
            )
            if isinstance(report.longrepr, list):  # JSON has no tuples
                report.longrepr = tuple(report.longrepr)
            yield report
            if report.when == "teardown":
                return
        said = self.output.read_text(encoding="utf-8", errors="replace")[-5000:]
        text = f"The process of the TensorFlow tests has ended. It said:\n{said}"
        yield pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)
