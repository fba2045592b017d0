"""The catalogue of properties, and claims about networks."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from verify.errors import PropertyError, RegionError
from verify.network import Network
from verify.property.additive import ADDITIVE
from verify.property.affine import AFFINE
from verify.property.base import Property, Question, Vacuous
from verify.property.constant import CONSTANT
from verify.property.equivalent import EQUIVALENT
from verify.property.homogeneous import HOMOGENEOUS, POSITIVELY_HOMOGENEOUS
from verify.property.linear import LINEAR, SUPERPOSITION
from verify.property.parity import EVEN, ODD
from verify.region import Region

CATALOGUE: dict[str, Property] = {
    p.name: p
    for p in (
        AFFINE,
        LINEAR,
        CONSTANT,
        ADDITIVE,
        HOMOGENEOUS,
        POSITIVELY_HOMOGENEOUS,
        SUPERPOSITION,
        ODD,
        EVEN,
        EQUIVALENT,
    )
}


def find(name: str) -> Property:
    """The property of that name (hyphens and underscores count as spaces)."""
    plain = " ".join(name.lower().replace("-", " ").replace("_", " ").split())
    if plain in CATALOGUE:
        return CATALOGUE[plain]
    close = difflib.get_close_matches(plain, CATALOGUE, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(CATALOGUE)}"
    raise PropertyError(f"unknown property {name[:60]!r}; {hint}")


@dataclass(frozen=True, eq=False)
class Claim:
    """``property`` holds of ``network`` (and ``second``) on ``region``."""

    network: Network
    property: Property
    region: Region
    second: Network | None = None

    def __post_init__(self) -> None:
        if self.region.ambient != self.network.input_size:
            raise RegionError(
                f"region {self.region.text or ''!r} has {self.region.ambient} dimensions,"
                f" but {self.network.name} has {self.network.input_size} inputs"
            )
        if self.property.needs_second and self.second is None:
            raise PropertyError(f"{self.property.name!r} compares two networks; name the second one with --to")
        if self.property.needs_second and self.second is not None:
            self._check_sizes(self.second)

    def _check_sizes(self, second: Network) -> None:
        first = self.network
        if (first.input_size, first.output_size) != (second.input_size, second.output_size):
            raise PropertyError(
                f"{self.property.name!r} needs equal sizes: {first.name} has {first.input_size} inputs and"
                f" {first.output_size} outputs, {second.name} has {second.input_size} and {second.output_size}"
            )

    def questions(self) -> list[Question] | Vacuous:
        """What must be answered to prove the claim."""
        return self.property.reduce(self.network, self.region, self.second)
