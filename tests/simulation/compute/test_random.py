"""The generator against NumPy's and SciPy's distributions, with seeds that are fixed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numba
import numpy as np
import pytest
from scipy import special, stats

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.compute._random import (
    BLOCK,
    _expand,
    derive,
    draw_keys,
    normals,
    poisson,
    uniforms,
)

RATES = (0.01, 0.1, 1.0, 5.0, 9.9, 10.1, 30.0, 100.0, 1e3, 1e4, 1e5, 1e6)
SHAPE = (256, 256)
KEYS = draw_keys(np.random.default_rng(7), 48)
DRAWS = len(KEYS) * SHAPE[0] * SHAPE[1]
UNLIKELY = 1e-4  # p-value; about 60 of them are taken here


def drawn(rate: float, keys: np.ndarray = KEYS) -> np.ndarray:
    return poisson(keys, np.full((len(keys), *SHAPE), rate, np.float32))


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation in its standard errors."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1] * np.sqrt(a.size))


@pytest.mark.parametrize("rate", RATES)
def test_mean_and_variance_are_the_expectation(rate: float) -> None:
    """SIM-17: variance equals the mean, at every dose."""
    counts = drawn(rate).astype(float)
    rate = float(np.float32(rate))
    assert np.array_equal(counts, np.floor(counts))
    assert counts.min() >= 0
    assert abs(counts.mean() - rate) < 5 * np.sqrt(rate / DRAWS)
    assert counts.var() / rate == pytest.approx(1, abs=0.02)
    assert abs(counts.var() / rate - 1) < 5 * np.sqrt((2 + 1 / rate) / DRAWS)


@pytest.mark.parametrize("rate", RATES)
def test_counts_follow_poissons_law_into_the_tails(rate: float) -> None:
    """SIM-17: chi-squared of all counts, in bins that reach as far as 20 draws do."""
    rate = float(np.float32(rate))
    law = stats.poisson(rate)
    edges = np.unique(law.ppf(np.r_[20 / DRAWS, np.linspace(1e-3, 0.999, 200), 1 - 20 / DRAWS]))
    expected = DRAWS * np.diff(law.cdf(edges), prepend=0, append=1)
    # Counts up to and with an edge belong below it.
    counts = np.searchsorted(edges, drawn(rate).ravel(), side="left")
    found = np.bincount(counts, minlength=len(edges) + 1)
    filled = expected > 5
    expected = np.append(expected[filled], expected[~filled].sum())
    found = np.append(found[filled], found[~filled].sum())
    if expected[-1] == 0:
        expected, found = expected[:-1], found[:-1]
    assert stats.chisquare(found, expected).pvalue > UNLIKELY


@pytest.mark.parametrize(("rate", "distance"), ((10.0, 1.5e-4), (30.0, 2e-5), (100.0, 6e-6)))
def test_the_expansion_stays_as_close_to_poissons_law_as_it_says(
    rate: float, distance: float
) -> None:
    """SIM-17: total variation distance, from the count of evenly spaced probabilities."""
    blocks = 2**16
    levels = (np.arange(blocks * BLOCK) + 0.5) / (blocks * BLOCK)
    w = special.ndtri(levels).astype(np.float32).reshape(blocks, BLOCK)
    rates, counts = np.full(BLOCK, rate, np.float32), np.empty_like(w)
    for line, out in zip(w, counts):
        _expand(line, rates, out)
    found = np.bincount(counts.astype(int).ravel()) / levels.size
    wanted = stats.poisson(rate).pmf(np.arange(len(found)))
    assert np.abs(found - wanted).sum() / 2 < distance


@pytest.mark.parametrize("rate", (0.1, 1.0, 9.9, 10.1, 100.0, 1e4))
def test_counts_are_those_of_numpys_sampler(rate: float) -> None:
    """SIM-17: two samples that no test of homogeneity tells apart."""
    ours = drawn(rate, KEYS[:16]).ravel().astype(np.int64)
    theirs = np.random.default_rng(3).poisson(np.float32(rate), ours.size)
    edges = np.unique(np.quantile(theirs, np.linspace(0, 1, 60)))
    tables = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) for x in
              (ours, theirs)]  # fmt: skip
    table = np.array(tables)[:, np.sum(tables, axis=0) > 20]
    assert stats.chi2_contingency(table).pvalue > UNLIKELY


@pytest.mark.parametrize("rate", RATES)
def test_randomised_probabilities_are_even(rate: float) -> None:
    """SIM-17: F(n - 1) + V P(n) of a count n is uniform between 0 and 1."""
    counts = drawn(rate, KEYS[:2]).ravel().astype(float)
    law = stats.poisson(float(np.float32(rate)))
    share = np.random.default_rng(1).random(counts.size)
    levels = law.cdf(counts - 1) + share * law.pmf(counts)
    assert stats.kstest(levels, "uniform").pvalue > UNLIKELY


@pytest.mark.parametrize("rate", (0.1, 1.0, 9.9, 10.1, 1e4))
def test_counts_know_nothing_of_their_neighbours(rate: float) -> None:
    """SIM-17: shot noise is white, within an image and from image to image."""
    counts = drawn(rate)
    for a, b in (
        (counts[:, 1:], counts[:, :-1]),
        (counts[:, :, 1:], counts[:, :, :-1]),
        (counts[:, 1:, 1:], counts[:, :-1, :-1]),
        (counts[:, :, 64:], counts[:, :, :-64]),  # the two numbers of one hash
        (counts[1:], counts[:-1]),
    ):
        assert abs(correlation(a, b)) < 4.5
    for step in (1, 2, 2**32, 0x9E3779B97F4A7C15):
        neighbours = drawn(rate, KEYS + np.uint64(step))
        assert abs(correlation(counts, neighbours)) < 4.5
        # No stream is a part of the next key's stream either.
        assert abs(correlation(counts[:, :, 1:], neighbours[:, :, :-1])) < 4.5


def test_blocks_of_many_rates_count_as_each_rate_alone() -> None:
    rates = np.random.default_rng(0).choice(np.float32((0, 0.3, 4, 9.99, 10, 40, 1e5)), SHAPE)
    mixed = poisson(KEYS[:3], np.broadcast_to(rates, (3, *SHAPE)))
    for rate in np.unique(rates):
        alone = drawn(rate, KEYS[:3])
        np.testing.assert_array_equal(mixed[:, rates == rate], alone[:, rates == rate])


def test_tiny_expectations_cost_no_more_than_others(one_thread: None) -> None:
    """SIM-17: processors slow down a hundredfold over numbers near the end of their range."""

    def least(rate: float) -> float:
        expected = np.full((4, *SHAPE), rate, np.float32)
        expected[:, :, ::64] = 9
        times = []
        for _ in range(8):
            start = time.perf_counter()
            poisson(KEYS[:4], expected)
            times.append(time.perf_counter() - start)
        return min(times)

    usual = least(1.0)
    for rate in (1e-3, 1e-9, 1e-20, 1e-42):
        assert least(rate) < 3 * usual


def test_nothing_comes_from_what_is_not_positive() -> None:
    expected = np.array([[0.0, -1.0, -np.inf, np.nan, np.inf, 3e38, 1e-30]], np.float32)
    counts = poisson(KEYS[:1], expected)
    assert np.isfinite(counts).all()
    np.testing.assert_array_equal(counts[0, [0, 1, 2, 3, 6]], 0)
    assert (counts[0, 4:6] > 1e38).all()


def test_images_do_not_depend_on_their_batch(one_thread: None) -> None:
    """SIM-24: the same bytes in any batch, on any number of threads."""
    expected = np.random.default_rng(0).uniform(0, 30, (6, 37, 53)).astype(np.float32)
    order = [4, 0, 5]
    counts = poisson(KEYS[:6], expected)
    np.testing.assert_array_equal(poisson(KEYS[order], expected[order]), counts[order])
    fields = normals(KEYS[:6], (37, 53))
    np.testing.assert_array_equal(normals(KEYS[3:4], (37, 53)), fields[3:4])
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    np.testing.assert_array_equal(poisson(KEYS[:6], expected), counts)
    np.testing.assert_array_equal(normals(KEYS[:6], (37, 53)), fields)


def test_numbers_are_those_of_splitmix() -> None:
    """The stream is pinned to a generator that anyone can write: data sets stay what they are."""

    def mixed(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    key = int(KEYS[0])
    hashes = [mixed((mixed(key) + (i + 1) * 0x9E3779B97F4A7C15) % 2**64) for i in range(128)]
    halves = np.array([[h % 2**32, h >> 32] for h in hashes]).reshape(2, 64, 2)
    bits = np.moveaxis(halves, 2, 1).ravel()  # 64 low halves, then 64 high ones
    signed = (bits + 2**31) % 2**32
    np.testing.assert_array_equal(uniforms(KEYS[:1], 256)[0], ((signed >> 9) + 0.5) * 2.0**-23)
    wanted = special.ndtri((signed + 0.5) / 2**32)
    np.testing.assert_allclose(normals(KEYS[:1], (256,))[0], wanted, atol=2e-6)


def test_normals_are_normal() -> None:
    z = normals(KEYS, SHAPE).astype(float).ravel()
    error = 1 / np.sqrt(z.size)
    assert abs(z.mean()) < 4.5 * error
    assert abs(z.var() - 1) < 4.5 * np.sqrt(2) * error
    assert abs((z**3).mean()) < 4.5 * np.sqrt(15) * error
    assert abs((z**4).mean() - 3) < 4.5 * np.sqrt(96) * error
    assert stats.kstest(z[:500_000], "norm").pvalue > UNLIKELY
    for threshold in (2.0, 3.0, 4.0, 4.5):
        beyond = 2 * special.ndtr(-threshold) * z.size
        assert abs((np.abs(z) > threshold).sum() - beyond) < 4.5 * np.sqrt(beyond)
    assert np.abs(z).max() < 6.35


def test_uniforms_are_even() -> None:
    u = uniforms(KEYS, SHAPE).ravel()
    assert 0 < u.min() < 1e-6
    assert 1 - 1e-6 < u.max() < 1
    found = np.bincount((u * 1000).astype(int), minlength=1000)
    assert stats.chisquare(found).pvalue > UNLIKELY
    assert stats.kstest(u[:500_000], "uniform").pvalue > UNLIKELY


def test_stages_are_independent_of_each_other_and_of_their_image() -> None:
    streams = [normals(keys, SHAPE) for keys in (KEYS, derive(KEYS, 0), derive(KEYS, 1))]
    streams.append(normals(derive(derive(KEYS, 0), 1), SHAPE))
    for i, a in enumerate(streams):
        for b in streams[:i]:
            assert abs(correlation(a, b)) < 4.5
    every = np.concatenate([derive(KEYS, stage) for stage in range(200)] + [KEYS])
    assert len(np.unique(every)) == 201 * len(KEYS)
    np.testing.assert_array_equal(derive(KEYS[5:6], 3), derive(KEYS, 3)[5:6])


def test_keys_come_from_the_generator_alone() -> None:
    first, again = (draw_keys(np.random.default_rng(4), 100) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.uint64
    assert len(np.unique(first)) == 100
    assert len(draw_keys(np.random.default_rng(), 0)) == 0


def test_empty_stacks_and_odd_shapes_pass() -> None:
    assert normals(KEYS[:0], (3, 4)).shape == (0, 3, 4)
    assert poisson(KEYS[:0], np.empty((0, 3, 4), np.float32)).shape == (0, 3, 4)
    assert poisson(KEYS[:2], np.empty((2, 0, 4), np.float32)).shape == (2, 0, 4)
    assert uniforms(KEYS[:2], ()).shape == (2,)
    assert normals(KEYS[:2], (2, 3, 5)).shape == (2, 2, 3, 5)


@pytest.mark.parametrize("count", (-1, 1.5, True, "3"))
def test_a_count_of_keys_that_is_none_is_refused(count: object) -> None:
    with pytest.raises(InputError, match="count must be a whole number"):
        draw_keys(np.random.default_rng(0), count)  # type: ignore[arg-type]


@pytest.mark.parametrize("rng", (None, 7, np.random.RandomState(0)))
def test_what_is_no_generator_is_refused(rng: object) -> None:
    with pytest.raises(InputError, match="rng must be a NumPy random Generator"):
        draw_keys(rng, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("keys", (np.arange(3), 5, np.zeros((2, 2), np.uint64), [1.0]))
def test_keys_that_are_none_are_refused(keys: object) -> None:
    for draw in (lambda: normals(keys, 3), lambda: poisson(keys, np.ones(3)), lambda: derive(keys, 1)):  # fmt: skip  # noqa: E501
        with pytest.raises(InputError, match="keys must be"):
            draw()


def test_expectations_and_stages_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="one image per key, 3"):
        poisson(KEYS[:3], np.ones((2, 4)))
    with pytest.raises(InputError, match="stage must be"):
        derive(KEYS, -1)
