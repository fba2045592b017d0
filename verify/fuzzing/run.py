"""``fuzz``: any function against the exact network that it claims to be."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from verify import api
from verify.errors import InputError
from verify.fuzzing import points
from verify.fuzzing.compare import Implementation, Observation, RunComparison
from verify.fuzzing.report import FuzzReport
from verify.fuzzing.shrink import shrunk, size
from verify.network import Network
from verify.network.floats import LIBRARY_ASSUMPTION
from verify.network.rounding import precision_named
from verify.rational import Vector
from verify.region import Region
from verify.search.refuting.inside import Inside, inside
from verify.strategies.regions import points_in

# Points asked for, for each one wanted: some were seen before, or leave the region when they are rounded.
TRIES = 3
OUTSIDE = "no number of this precision lies in the region: points next to it were used"


def fuzz(
    network: str | Path | Network,
    function: Implementation,
    on: str | Region = "all",
    *,
    precision: str = "float64",
    roundoff: float | None = None,
    examples: int = 300,
    seed: int = 0,
    batch: bool = False,
    flat: bool = False,
) -> FuzzReport:
    """Compare ``function`` with the exact network at about ``examples`` points of the region.

    ``function`` takes an array of the network's input shape (``flat``: a vector; ``batch``: with a leading axis of 1)
    in ``precision`` (``float64``, ``float32`` or ``float16``) and returns the outputs, flat or in shape. What it may
    deviate is derived at every point, see ``verify.network.rounding``: nothing where no sum can round, else what
    rounding in that precision, in any order, can cause. ``roundoff`` replaces the precision's unit roundoff for
    coarser arithmetic, such as that of a quantised model.

    The points are simple ones (one-hot, small integers, corners), points beside ReLU boundaries, points on which
    Hypothesis drives the deviation up, and random ones, rounded to the precision first. The same ``seed`` gives the
    same points. An exception, a wrong shape or a NaN is a failure in the report; nothing is raised.
    """
    if examples < 1:
        raise InputError(f"examples is {examples}; expected a positive number")
    loaded = api.load(network)
    region = api.parse_region(on, loaded)
    if region.ambient != loaded.input_size:
        raise InputError(f"the region has {region.ambient} dimensions, {loaded.name} has {loaded.input_size} inputs")
    chosen = precision_named(precision, roundoff)
    comparison = RunComparison(loaded, function, chosen, batch=batch, flat=flat)
    session = _Session(comparison, region, inside(region), examples)
    rng = random.Random(seed)
    session.take(points.simple(session.inside, rng), examples // 2 + 1)
    session.take(points.beside_boundaries(loaded, session.inside, rng), examples // 6)
    session.driven_by_hypothesis(examples // 6, seed)
    session.take(points.at_random(session.inside, rng), examples)
    return session.report(seed)


class _Session:
    """The points looked at so far."""

    def __init__(self, comparison: RunComparison, region: Region, ready: Inside, examples: int) -> None:
        self.comparison, self.region, self.inside = comparison, region, ready
        self.left = examples
        self.seen: set[Vector] = set()
        self.observations: list[Observation] = []
        self.keep_outside = False

    def take(self, source: Iterator[Vector], count: int) -> None:
        """Look at up to ``count`` new points of the source, as long as some are left to look at."""
        wanted = min(count, self.left)
        for point in itertools.islice(source, TRIES * wanted):
            if wanted <= 0:
                return
            wanted -= self.look(point) is not None

    def look(self, point: Vector) -> Observation | None:
        """Compare at the nearest point that the function can be given; None if it was seen, or is outside."""
        rounded = self.usable(point)
        if rounded is None or rounded in self.seen or self.left <= 0:
            return None
        self.seen.add(rounded)
        self.left -= 1
        self.observations.append(self.comparison.at(rounded))
        return self.observations[-1]

    def usable(self, point: Vector) -> Vector | None:
        """The rounded point, unless rounding leaves a region that has other points of this precision."""
        rounded = self.comparison.rounded(point)
        if rounded is None or self.keep_outside or self.region.contains(rounded):
            return rounded
        return None

    def driven_by_hypothesis(self, count: int, seed: int) -> None:
        """Let Hypothesis search for points of large deviation.

        Inside a Hypothesis test there is no such search (Hypothesis refuses nested ones): random points replace it.
        """
        if hypothesis.currently_in_test_context():
            return

        @hypothesis.seed(seed)
        @settings(
            max_examples=max(count, 1),
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.target],
            suppress_health_check=list(HealthCheck),
        )
        @given(points_in(self.region))
        def search(point: Vector) -> None:
            found = self.look(point)
            if found is not None and not found.problem:
                hypothesis.target(min(found.ratio, 1e100))

        search()

    def report(self, seed: int) -> FuzzReport:
        """The report, with the simplest failure shrunk."""
        smooth = not self.comparison.network.is_piecewise_linear
        notes: tuple[str, ...] = (LIBRARY_ASSUMPTION,) if smooth else ()
        notes += tuple(f"no bound is known: {reason}" for reason in self.comparison.network.unbounded)
        if not self.observations:
            self.keep_outside, notes = True, (*notes, OUTSIDE)
            self.take(points.simple(self.inside, random.Random(seed)), self.left)
        judged = [o for o in self.observations if not o.problem]
        failures = [o for o in self.observations if not o.within_bound]
        return FuzzReport(
            network=self.comparison.network.name,
            precision=self.comparison.precision.name,
            seed=seed,
            points=len(self.observations),
            exact_points=sum(o.bound == 0 for o in judged),
            unjudged=sum(o.bound == float("inf") for o in judged),
            largest_deviation=max((o.deviation for o in judged), default=Fraction(0)),
            largest_ratio=max((o.ratio for o in judged), default=0.0),
            failure=self.simplest(failures) if failures else None,
            notes=notes,
        )

    def simplest(self, failures: list[Observation]) -> Observation:
        """A failure at a point as simple as can be found."""
        best = min(failures, key=lambda o: size(o.point))

        def accepted(point: Vector) -> Vector | None:
            nonlocal best
            rounded = self.usable(point)
            if rounded is None or size(rounded) >= size(best.point):
                return None
            found = self.comparison.at(rounded)
            if found.within_bound or bool(found.problem) != bool(best.problem):
                return None
            best = found
            return rounded

        shrunk(best.point, accepted)
        return best
