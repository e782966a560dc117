"""Does a figure grow, or does it only go up and down?"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import linear_regression, stdev

__all__ = ["growth_beyond_noise"]

_WARM_UP = 0.3
_DEVIATIONS = 3.0
_FEWEST_POINTS = 10


def growth_beyond_noise(points: Sequence[tuple[float, float]], floor: float) -> float:
    """How much a figure has grown along the straight line through its points (seconds, value); 0 if that is less than
    ``floor``, or than three standard deviations of the points from the line. The first 30 % are left out as warm-up.
    """
    points = points[int(len(points) * _WARM_UP) :]
    if len(points) < _FEWEST_POINTS:
        return 0.0
    times, values = zip(*points, strict=True)
    slope, intercept = linear_regression(times, values)
    noise = stdev([value - intercept - slope * moment for moment, value in points])
    growth = slope * (times[-1] - times[0])
    return growth if growth > max(floor, _DEVIATIONS * noise) else 0.0
