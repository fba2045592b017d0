"""What the bounds of the float filter say beyond the signs that units keep."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.kernel.axioms.filter import Spread
from verify.rational import Floats


def changes_sign(spread: Spread, block: int) -> Any:
    """Mask of units proved to take both strict signs on the region."""
    k = block - 1
    with np.errstate(all="ignore"):
        near = (np.abs(spread.centre[k]) + spread.centre_errors[k] + spread.radius_errors[k]) * (1 + 2.0**-50)
        return np.asarray(near < spread.radius[k] * (1 - 2.0**-40), dtype=bool)


def lower_ratio(spread: Spread, block: int) -> Floats:
    """A lower bound of |z(c)| / radius for each unit (0 where nothing is known)."""
    k = block - 1
    with np.errstate(all="ignore"):
        near = np.maximum(np.abs(spread.centre[k]) - spread.centre_errors[k] * (1 + 2.0**-50), 0.0)
        ratio = near / (spread.radius[k] + spread.radius_errors[k]) * (1 - 2.0**-49)
    return np.where(np.isfinite(ratio), ratio, np.where(np.isinf(ratio), 2.0**1000, 0.0))
