"""A series is the same in any order, in any process, and says what is true of it."""

from __future__ import annotations

import hashlib
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_stem3d._errors import InputError
from napari_stem3d.simulation import (
    Choice,
    Cuboid,
    Dataset,
    Grid,
    Microscope,
    Particle,
    Probe,
    Random,
    RoundedCorners,
    Sample,
    Scene,
    Sphere,
    TruncatedCorners,
    Uniform,
    project,
    simulate,
)

GRID = Grid((48, 60), (0.5, 0.4))


def fingerprint(sample: Sample) -> str:
    arrays = (sample.image, sample.thickness, sample.labels)
    return hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()


@pytest.fixture
def series() -> Dataset:
    return simulate(Cuboid(8, 9, 10), deformed_corners=3, frames=6, particles=2, grid=GRID, seed=4)


def test_a_sample_is_an_image_with_its_truth(series: Dataset) -> None:
    sample = series[0]
    assert sample.image.shape == sample.thickness.shape == sample.labels.shape == (48, 60)
    assert [a.dtype for a in (sample.image, sample.thickness, sample.labels)] == [
        np.float32, np.float32, np.int32,
    ]  # fmt: skip
    assert set(np.unique(sample.labels)) == {0, 1, 2}
    np.testing.assert_allclose(sample.thickness, project(sample.particles, GRID), atol=1e-5)
    assert [row["particle"] for row in sample.truth()] == [1, 2]
    assert [row["corners"] for row in sample.truth()] == [3, 3]


def test_a_sample_is_the_same_in_any_order(series: Dataset) -> None:
    """P-10."""
    forwards = [fingerprint(sample) for sample in series]
    backwards = [fingerprint(series[i]) for i in reversed(range(6))]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == 6
    assert fingerprint(series[-1]) == forwards[5]
    assert len(series) == 6


def test_a_longer_series_begins_with_the_shorter_one(series: Dataset) -> None:
    longer = Dataset(series.draw, 20, seed=4)
    assert fingerprint(longer[5]) == fingerprint(series[5])


def test_no_two_seeds_share_a_sample(series: Dataset) -> None:
    others = {fingerprint(sample) for sample in Dataset(series.draw, 6, seed=5)}
    assert not others & {fingerprint(sample) for sample in series}


def test_another_process_makes_the_same_bytes(series: Dataset) -> None:
    # The series travels to the process as a pickle, whose code comes with the package alone.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        there = [pool.submit(series.__getitem__, i).result() for i in (3, 1)]
    for i, sample in zip((3, 1), there):
        assert fingerprint(sample) == fingerprint(series[i])
        assert sample.truth() == series[i].truth()


def test_a_series_pickles(series: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(series))
    assert copy.draw == series.draw
    assert fingerprint(copy[2]) == fingerprint(series[2])


@pytest.mark.parametrize("index", [6, -7, 1000])
def test_there_is_nothing_beyond_the_ends(series: Dataset, index: int) -> None:
    with pytest.raises(IndexError, match=f"series of 6. Received: {index}"):
        series[index]


def test_slices_are_lists_of_samples(series: Dataset) -> None:
    assert [fingerprint(s) for s in series[1:5:2]] == [fingerprint(series[i]) for i in (1, 3)]
    assert [fingerprint(s) for s in series[-2:]] == [fingerprint(series[i]) for i in (4, 5)]
    assert series[6:] == []


@pytest.mark.parametrize("size", [(100, 100), (128, 128), (256, 256), (96, 130)])
def test_images_of_any_size(size: tuple[int, int]) -> None:
    """SIM-21."""
    series = simulate(Cuboid(), frames=2, grid=Grid(size, (20 / size[0], 20 / size[1])))
    sample = series[1]
    assert sample.image.shape == sample.boundaries.shape == size
    assert sample.boundaries.any() and not sample.boundaries[sample.labels == 0].any()
    volume = sample.thickness.sum() * sample.grid.sampling[0] * sample.grid.sampling[1]
    assert volume == pytest.approx(1000, rel=0.01)
    np.testing.assert_array_equal(series.images()[1], sample.image)


def test_images_alone_are_those_of_the_samples() -> None:
    """P-10: bit for bit, across the ends of batches."""
    series = simulate(Cuboid(5, 6, 7), deformed_corners=2, frames=140, particles=2, grid=GRID)
    images = series.images(60, 135)
    assert images.shape == (75, 48, 60) and images.dtype == np.float32
    for i in (60, 63, 64, 100, 134):
        np.testing.assert_array_equal(images[i - 60], series[i].image)


def test_a_lazy_array_is_made_block_by_block() -> None:
    """P-10: the blocks of a Dask array are the images, whatever their size."""
    series = simulate(Cuboid(5, 6, 7), frames=21, grid=GRID)
    images = series.images()
    for chunk in (1, 8, 21, 64):
        lazy = series.to_dask(chunk)
        assert lazy.shape == (21, 48, 60) and lazy.dtype == np.float32
        assert lazy.chunks[0][0] == min(chunk, 21)
        np.testing.assert_array_equal(lazy.compute(), images)
    np.testing.assert_array_equal(series.to_dask(8)[13, 5:9].compute(), images[13, 5:9])


def test_a_lazy_array_may_be_larger_than_memory(tmp_path: Path) -> None:
    series = simulate(Cuboid(5, 6, 7), frames=2_000_000, grid=Grid((256, 256), (0.2, 0.2)))
    lazy = series.to_dask(1000)
    assert lazy.nbytes > 400e9
    np.testing.assert_array_equal(lazy[1_234_500], series[1_234_500].image)


def test_a_lazy_array_is_written_chunk_by_chunk(tmp_path: Path) -> None:
    import h5py

    series = simulate(Cuboid(5, 6, 7), frames=21, grid=GRID)
    series.to_dask(8).to_hdf5(tmp_path / "stack.h5", "images", chunks=(8, 48, 60))
    with h5py.File(tmp_path / "stack.h5") as file:
        assert file["images"].chunks == (8, 48, 60)
        np.testing.assert_array_equal(file["images"], series.images())


@pytest.mark.slow
def test_a_cluster_of_two_processes_makes_the_same_images() -> None:
    """P-10: on dask.distributed."""
    distributed = pytest.importorskip("distributed")
    series = simulate(Cuboid(5, 6, 7), frames=24, grid=GRID)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        images = client.compute(series.to_dask(4)).result(timeout=500)
        assert len(client.has_what()) == 2
    np.testing.assert_array_equal(images, series.images())


def test_threads_do_not_get_into_each_others_way(series: Dataset) -> None:
    """Not every threading layer of Numba takes two callers; a window and a job are two."""
    with ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda k: series.images() if k % 2 else series[3].image, range(16)))
    for k, image in enumerate(images):
        np.testing.assert_array_equal(image, series.images() if k % 2 else series[3].image)


def test_the_number_of_particles_may_be_drawn() -> None:
    series = simulate(Sphere(4.0), particles=Choice([0, 1, 3], [1, 1, 2]), frames=60, grid=GRID)
    counts = [len(series.scene(i).particles) for i in range(60)]
    assert set(counts) == {0, 1, 3} and counts.count(3) > counts.count(1)


def test_scenes_of_mixed_shapes_and_materials() -> None:
    """SIM-04, SIM-05."""
    shapes = Choice([Sphere(5.0), Cuboid(4, 4, 4)], weights=[3, 1])
    series = simulate(shapes, particles=4, frames=60, material=Choice([None, "Ag"]), grid=GRID)
    particles = [p for i in range(60) for p in series.scene(i).particles]
    share = np.mean([p.shape.name == "sphere" for p in particles])
    assert share == pytest.approx(0.75, abs=0.08)
    assert {p.material for p in particles} == {None, "Ag"}
    listed = simulate([Sphere(5.0), Cuboid(4, 4, 4)], frames=30)
    assert {listed.scene(i).particles[0].shape.name for i in range(30)} == {"sphere", "cuboid"}


def test_deformations_are_drawn_anew_for_each_particle() -> None:
    """SIM-07."""
    shape = Cuboid(8, 9, 10)
    same = TruncatedCorners.random(shape, 2, np.random.default_rng(0))
    items = ["bevelled_edges", ("dented_faces", 2), (RoundedCorners, 3), same]
    series = simulate(shape, deformations=items, frames=3)
    drawn = [series.scene(i).particles[0].deformations for i in range(3)]
    for edges, faces, corners, fixed in drawn:
        assert [len(edges.edges), len(faces.faces), len(corners.corners)] == [1, 2, 3]
        assert fixed is same
    assert len({d[:3] for d in drawn}) == 3
    (row,) = series[0].truth()
    assert [word.split()[0] for word in row["deformations"].split("; ")] == [
        "bevelled_edges", "dented_faces", "rounded_corners", "truncated_corners",
    ]  # fmt: skip


def test_a_microscope_may_be_drawn_for_each_image() -> None:
    microscopes = Random(Microscope(), probe=Random(Probe, sigma=Uniform(0.1, 2.0)))
    series = simulate(Sphere(5.0), microscope=microscopes, frames=6, grid=GRID)
    assert len({series.scene(i).microscope.probe.sigma for i in range(6)}) == 6
    for i, image in enumerate(series.images()):
        np.testing.assert_array_equal(image, series[i].image)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda s: s.samples(workers=0), "workers must be a whole number from 1 on. Received: 0"),
        (lambda s: s.samples(workers=1.5), "workers must be a whole number from 1 on."),
        (lambda s: s.samples(5, 3), "start and stop must be a span of a series of 6."),
        (lambda s: s.images(0, 7), "start and stop must be a span of a series of 6."),
        (lambda s: s.images(-1), "start and stop must be a span of a series of 6."),
        (lambda s: s.to_dask(0), "chunk must be a whole number from 1 on. Received: 0"),
        (lambda s: s.to_dask(True), "chunk must be a whole number from 1 on. Received: True"),
        (lambda s: s["first"], "index must be a whole number or a slice. Received: 'first'"),
        (lambda s: s[1.0], "index must be a whole number or a slice. Received: 1.0"),
    ],
)
def test_spans_that_make_no_sense_are_refused(
    series: Dataset, call: Callable[[Dataset], Any], sentence: str
) -> None:
    with pytest.raises(InputError) as error:
        call(series)
    assert str(error.value).startswith(sentence)


def test_images_of_different_sizes_do_not_stack() -> None:
    sizes = Dataset(lambda rng: Scene([], Grid((4, int(rng.integers(4, 60))))), 200)
    assert sizes[3].image.shape[0] == 4
    with pytest.raises(InputError, match=r"The images of a stack must have one shape\. Received"):
        sizes.images()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"frames": 0}, "length must be a whole number from 1 on. Received: 0"),
        ({"frames": -3}, "length must be a whole number from 1 on. Received: -3"),
        ({"frames": 2.5}, "length must be a whole number from 1 on. Received: 2.5"),
        ({"seed": -1}, "seed must be a whole number from 0 on. Received: -1"),
        ({"seed": 1.5}, "seed must be a whole number from 0 on. Received: 1.5"),
        ({"seed": True}, "seed must be a whole number from 0 on. Received: True"),
        ({"deformed_corners": 9}, "A cuboid has 8 corners to deform. Received: 9"),
        ({"deformed_corners": -1}, "must be whole numbers from 0 on. Received: -1 and 1"),
        ({"deformed_corners": 1.5}, "must be whole numbers from 0 on. Received: 1.5 and 1"),
        ({"particles": -1}, "must be whole numbers from 0 on. Received: 0 and -1"),
        ({"particles": True}, "must be whole numbers from 0 on. Received: 0 and True"),
        ({"shape": "cube"}, "several, or a distribution of them. Received: 'cube'"),
        ({"shape": []}, "A Choice must have values to choose from. Received: []"),
        ({"shape": Uniform(1, 2)}, "a distribution of them. Received: 1."),
        ({"deformations": "twist"}, "deformations must be a sequence. Received: 'twist'"),
        ({"deformations": [3]}, "a name, a number of places and fields. Received: 3"),
        ({"deformations": ["no such"]}, "Received: 'no such'"),
        ({"material": 7}, "material must be the formula of a material. Received: 7"),
        ({"microscope": "good"}, "microscope must be a Microscope. Received: 'good'"),
    ],
)
def test_series_that_make_no_sense_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        simulate(**{"shape": Cuboid(), **options})
    assert sentence in str(error.value) and "Received: " in str(error.value)


def test_a_sphere_has_no_corners_to_deform() -> None:
    with pytest.raises(InputError, match="Only a polyhedron has corners to deform"):
        simulate(Sphere(), deformed_corners=1)


def test_an_image_without_particles_shows_the_film() -> None:
    sample = simulate(Sphere(), particles=0, frames=1, grid=GRID)[0]
    assert not sample.thickness.any()
    assert sample.truth() == []
    assert sample.image.any()


def test_anything_that_draws_scenes_makes_a_series() -> None:
    draw: Callable[[np.random.Generator], Scene] = lambda rng: Scene(  # noqa: E731
        [Particle(Sphere(float(rng.uniform(2, 8))), GRID.centre)], GRID, Microscope()
    )
    diameters = {sample.particles[0].shape.diameter for sample in Dataset(draw, 5)}
    assert len(diameters) == 5
