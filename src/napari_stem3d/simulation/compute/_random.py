"""Random numbers that depend on a key and a position alone, not on who draws them or when.

Number i of the stream of a key is a hash of (key, i): the finaliser of SplitMix64 (Steele, Lea and
Flood, OOPSLA 2014) with the multipliers of Stafford's variant 13, applied to the mixed key plus
i times an odd number. Image i of a batch therefore comes out the same to the last bit in any batch
and on any number of threads, and the loops run in the vector units. A hash serves two pixels.

A normal number is the normal quantile of 32 bits, by a rational function of sqrt(-2 log p) fitted
for this file (error below 1.2e-6 in single precision; the tails end at |z| = 6.34). A Poisson
count is the Poisson quantile of the same bits: below an expectation of 10 by inversion of the
cumulative sum; from there on the whole part of its expansion in the normal number w,

    λ + √λ w + 1/3 + w²/6 - (w/36 + w³/72) / √λ + (-8/405 + 7 w²/810 + w⁴/270) / λ,

after M. B. Giles, "Algorithm 955: approximation of the inverse Poisson cumulative distribution
function", ACM Trans. Math. Softw. 42 (2016) 7. Its total variation distance from Poisson's
distribution is 1.3e-4 at 10, 1.4e-5 at 30, 1.2e-6 at 100: some 10⁷ draws could not tell them apart.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from napari_stem3d._errors import InputError
from napari_stem3d.simulation.fields import is_whole

BLOCK = 128  # numbers made at a time: their intermediate results stay in the innermost cache
EXPANSION_FROM = 10.0  # smallest expectation for which the expansion is used

_HALF = BLOCK // 2
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32 = (np.uint64(shift) for shift in (27, 30, 31, 32))

_f = np.float32
_TO_UNIT = _f(2.0**-32)
# log(1 + x) / x for 1 + x between sqrt(1/2) and sqrt(2), within 2e-7.
_L = tuple(map(_f, (0.9999999179, -0.500003443, 0.3333560781, -0.2497155946)))
_L += tuple(map(_f, (0.1988423800, -0.1721244, 0.1633812986, -0.1037865104)))
# Normal quantile of p, a rational function of sqrt(-2 log p) - sqrt(-2 log 1/2), within 2e-8 (1+z).
_A = tuple(map(_f, (1.370942549e-08, 1.47566349, 1.599470706, 0.4745429266, 0.03720084562)))
_B = tuple(map(_f, (1.247933085, 0.4323596349, 0.03717648449)))
_LOG_2, _MEDIAN = _f(np.log(2)), _f(np.sqrt(2 * np.log(2)))
_SQRT_HALF = np.int32(0x3F3504F3)  # the bits of the number
_MANTISSA, _SIGN, _LAST = np.int32(23), np.int32(31), np.int32(2**31 - 1)
# exp(-x) for 0 <= x <= 10/16, within 5e-8.
_E = tuple(map(_f, (-0.999996996, 0.499935239, -0.166203238, 0.0401871496, -0.00611095035)))

_ZERO, _HALF_ONE, _ONE, _SIXTEENTH = map(_f, (0, 0.5, 1, 1 / 16))
_C2 = tuple(map(_f, (1 / 3, 1 / 6)))
_C3 = tuple(map(_f, (1 / 36, 1 / 72)))
_C4 = tuple(map(_f, (-8 / 405, 7 / 810, 1 / 270)))
_LOW = _f(EXPANSION_FROM)
_LOW_BITS = _LOW.view(np.int32)
_HIGHEST = np.finfo(_f).max
# Probabilities and expectations that are taken for none: processors slow down a hundredfold over
# numbers at the lower end of single precision, which their products would reach.
_NEGLIGIBLE, _NOTHING = _f(1e-12), _f(1e-10)
_RARE = 1 - 1e-4  # beyond, single precision resolves the cumulative sum no more
_LATEST = np.int32((_RARE - 0.5) * 2**32)


def draw_keys(rng: np.random.Generator, count: int) -> np.ndarray:
    """Keys of `count` images: the one door through which randomness comes in.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    count : int
        Number of keys.

    Returns
    -------
    ndarray, shape (count,), uint64
        Independent keys.
    """
    if not is_whole(count, 0):
        raise InputError(f"count must be a whole number from 0 on. Received: {count!r}")
    if not isinstance(rng, np.random.Generator):
        raise InputError(f"rng must be a NumPy random Generator. Received: {rng!r}")
    return rng.integers(0, 2**64, count, np.uint64)


def derive(keys: np.ndarray, stage: int) -> np.ndarray:
    """Keys of an independent stream for one stage of each image.

    A stage that is switched on draws nothing from the streams of the others.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        Keys of the images.
    stage : int
        Number of the stage.

    Returns
    -------
    ndarray, shape (n,), uint64
        Keys of the stage.
    """
    if not is_whole(stage, 0):
        raise InputError(f"stage must be a whole number from 0 on. Received: {stage!r}")
    salt = np.array([(int(stage) + 1) * int(_ODD) % 2**64], np.uint64)
    return _mixed.py_func(_as_keys(keys) ^ _mixed.py_func(salt))


def uniforms(keys: np.ndarray, shape: int | tuple[int, ...]) -> np.ndarray:
    """Evenly distributed numbers.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        One key per image.
    shape : int or tuple of int
        Shape of an image.

    Returns
    -------
    ndarray, shape (n, *shape), float32
        Numbers between 0 and 1, both excluded, in steps of 2⁻²³.
    """
    return _drawn(_uniforms, keys, shape)


def normals(keys: np.ndarray, shape: int | tuple[int, ...]) -> np.ndarray:
    """Numbers of the normal distribution of mean 0 and variance 1.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        One key per image.
    shape : int or tuple of int
        Shape of an image.

    Returns
    -------
    ndarray, shape (n, *shape), float32
        Normal numbers, none beyond 6.35.
    """
    return _drawn(_normals, keys, shape)


def poisson(keys: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Poisson counts.

    Parameters
    ----------
    keys : ndarray, shape (n,), uint64
        One key per image.
    expected : ndarray, shape (n, ...), float32
        Expectations; what is not positive, or not a number, gives 0.

    Returns
    -------
    ndarray, shape (n, ...), float32
        Whole numbers.
    """
    keys = _as_keys(keys)
    expected = np.ascontiguousarray(expected, np.float32)
    if expected.ndim == 0 or len(expected) != len(keys):
        raise InputError(
            f"expected must hold one image per key, {len(keys)}. Received: {expected.shape}"
        )
    counts = np.empty_like(expected)
    pixels = expected.size // max(len(keys), 1)
    _poisson(keys, expected.reshape(len(keys), pixels), counts.reshape(len(keys), pixels))
    return counts


def _drawn(fill, keys, shape):
    keys = _as_keys(keys)
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    numbers = np.empty((len(keys), *shape), np.float32)
    fill(keys, numbers.reshape(len(keys), int(np.prod(shape))))
    return numbers


def _as_keys(keys):
    keys = np.ascontiguousarray(keys)
    if keys.dtype != np.uint64 or keys.ndim != 1:
        raise InputError(
            "keys must be a list of whole numbers of 64 bits, as draw_keys gives them. "
            f"Received: {keys.dtype} of shape {keys.shape}"
        )
    return keys


@njit(cache=True, inline="always")
def _mixed(z):
    """Spread each bit over all bits."""
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@njit(cache=True)
def _bits_of(key, start, bits):
    """Fill a block with the numbers of the stream of a key that follow after `start` hashes.

    The key itself is mixed, so that no key's stream is a part of a neighbouring key's.
    """
    first = _mixed(key) + np.uint64(start + 1) * _ODD
    for i in range(_HALF):
        z = _mixed(first + np.uint64(i) * _ODD)
        bits[i] = np.int32(z)
        bits[i + _HALF] = np.int32(z >> _S32)


@njit(cache=True, error_model="numpy")
def _quantiles_of(bits, z):
    """Write the normal quantiles of a block of bits."""
    for i in range(BLOCK):
        half = np.int32(_LAST - (bits[i] ^ (bits[i] >> _SIGN)))
        p = (_f(half) + _HALF_ONE) * _TO_UNIT  # of the tail, at most 1/2
        pattern = np.float32(p).view(np.int32)
        exponent = np.int32(pattern - _SQRT_HALF) >> _MANTISSA
        x = np.int32(pattern - (exponent << _MANTISSA)).view(np.float32) - _ONE
        log = (((_L[7] * x + _L[6]) * x + _L[5]) * x + _L[4]) * x + _L[3]
        log = ((log * x + _L[2]) * x + _L[1]) * x + _L[0]
        log = _f(exponent) * _LOG_2 + x * log
        y = np.sqrt(-(log + log)) - _MEDIAN
        above = (((_A[4] * y + _A[3]) * y + _A[2]) * y + _A[1]) * y + _A[0]
        size = above / (((_B[2] * y + _B[1]) * y + _B[0]) * y + _ONE)
        z[i] = size if bits[i] >= 0 else -size


@njit(cache=True)
def _inverse(expectation, u):
    """Return the Poisson quantile of u by summation in double precision."""
    probability = np.exp(-np.float64(expectation))
    total, count = probability, 0
    while total < u and count < 100:  # rounding may keep the total below u for ever
        count += 1
        probability *= expectation / count
        total += probability
    return count


@njit(cache=True, error_model="numpy")
def _invert(bits, rates, term, left, count, bound):
    """Write the Poisson quantiles of a block where the expectation is at most `bound`."""
    latest = np.int32(0)
    for i in range(BLOCK):
        x = min(rates[i], _LOW) * _SIXTEENTH
        e = ((((_E[4] * x + _E[3]) * x + _E[2]) * x + _E[1]) * x + _E[0]) * x + _ONE
        e *= e
        e *= e
        e *= e
        term[i] = e * e
        left[i] = _f(bits[i]) * _TO_UNIT + _HALF_ONE - e * e
        count[i] = _ZERO
        latest = max(latest, bits[i])
    for k in range(0, _inverse(bound, _RARE), 2):
        one, two = _ONE / _f(k + 1), _ONE / _f(k + 2)
        for i in range(BLOCK):
            first = term[i] * (rates[i] * one)
            second = first * (rates[i] * two)
            term[i] = second if second > _NEGLIGIBLE else _ZERO
            beyond = left[i] - first
            count[i] += (_ONE if left[i] > _ZERO else _ZERO) + (_ONE if beyond > _ZERO else _ZERO)
            left[i] = beyond - term[i]
    if latest > _LATEST:
        for i in range(BLOCK):
            if bits[i] > _LATEST and rates[i] < _LOW:
                count[i] = _inverse(rates[i], (bits[i] + 0.5) * 2.0**-32 + 0.5)


@njit(cache=True, error_model="numpy")
def _expand(w, rates, count):
    """Overwrite the counts of a block where the expectation is 10 or more."""
    for i in range(BLOCK):
        rate = max(rates[i], _LOW)
        root = np.sqrt(rate)
        square = w[i] * w[i]
        last = (_C4[2] * square + _C4[1]) * square + _C4[0]
        inner = (last / root - (_C3[1] * square + _C3[0]) * w[i]) / root
        x = np.floor(rate + (root * w[i] + (_C2[1] * square + _C2[0] + inner)))
        count[i] = max(x, _ZERO) if rates[i] >= _LOW else count[i]


@njit(cache=True, parallel=True, nogil=True)
def _uniforms(keys, out):
    for n in prange(len(keys)):
        bits = np.empty(BLOCK, np.int32)
        for start in range(0, out.shape[1], BLOCK):
            _bits_of(keys[n], start // 2, bits)
            target = out[n, start : start + BLOCK]
            for i in range(len(target)):
                target[i] = (_f(bits[i] >> 9) + _HALF_ONE) * _f(2.0**-23) + _HALF_ONE


@njit(cache=True, parallel=True, nogil=True)
def _normals(keys, out):
    for n in prange(len(keys)):
        bits, z = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
        for start in range(0, out.shape[1], BLOCK):
            _bits_of(keys[n], start // 2, bits)
            _quantiles_of(bits, z)
            target = out[n, start : start + BLOCK]
            for i in range(len(target)):
                target[i] = z[i]


@njit(cache=True, parallel=True, nogil=True)
def _poisson(keys, expected, out):
    for n in prange(len(keys)):
        bits, z = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32)
        rates, count = np.zeros(BLOCK, np.float32), np.empty(BLOCK, np.float32)
        term, left = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
        patterns = rates.view(np.int32)  # order positive numbers, and faster
        for start in range(0, out.shape[1], BLOCK):
            source, target = expected[n, start : start + BLOCK], out[n, start : start + BLOCK]
            for i in range(len(source)):
                rates[i] = min(source[i], _HIGHEST) if source[i] > _NOTHING else _ZERO
            low, high = np.int32(0), np.int32(0)
            for i in range(BLOCK):
                high = max(high, patterns[i])
                low = max(low, patterns[i] if patterns[i] < _LOW_BITS else np.int32(0))
            if high == 0:
                target[:] = _ZERO
                continue
            _bits_of(keys[n], start // 2, bits)
            if low > 0:
                _invert(bits, rates, term, left, count, np.int32(low).view(np.float32))
            else:
                count[:] = _ZERO
            if high >= _LOW_BITS:
                _quantiles_of(bits, z)
                _expand(z, rates, count)
            for i in range(len(target)):
                target[i] = count[i]
