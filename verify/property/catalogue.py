"""The catalogue of properties, and claims about networks."""

from __future__ import annotations

import difflib
import re
import shlex
from dataclasses import dataclass

from verify.errors import PropertyError, RegionError
from verify.network import Network
from verify.property.additive import ADDITIVE
from verify.property.affine import AFFINE
from verify.property.base import Property, PropertyFamily, Question, Vacuous
from verify.property.constant import CONSTANT
from verify.property.convex import CONCAVE, CONVEX
from verify.property.equivalent import EQUIVALENT
from verify.property.homogeneous import HOMOGENEOUS, POSITIVELY_HOMOGENEOUS
from verify.property.linear import LINEAR, SUPERPOSITION
from verify.property.lipschitz import LIPSCHITZ
from verify.property.monotone import MONOTONE
from verify.property.never import NEVER
from verify.property.parity import EVEN, ODD
from verify.property.quantized import refuse_quantized
from verify.property.subadditive import SUBADDITIVE, SUPERADDITIVE
from verify.property.units import UNITS
from verify.property.within import WITHIN
from verify.rational import counted
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
        CONVEX,
        CONCAVE,
        SUBADDITIVE,
        SUPERADDITIVE,
    )
}


# Properties with parameters in their names, and the one that is no formula over values of f.
FAMILIES: tuple[PropertyFamily, ...] = (*MONOTONE, LIPSCHITZ, WITHIN, NEVER, UNITS)

# A number, whose sign and exponent keep their hyphens; a hyphen elsewhere stands for a space.
_NUMBER_OR_HYPHEN = re.compile(r"((?:(?<!\w)[-+])?(?:\d[\d.]*|\.\d+)(?:e[-+]?\d+)?(?:/\d+)?)|[-_]")


def find(name: str) -> Property:
    """The property of that name (hyphens and underscores count as spaces): ``convex``, ``lipschitz 1/2 in linf``."""
    found = _known(name)
    if found is None:
        raise PropertyError(f"unknown property {name[:60]!r}; {_hint(name)}")
    return found


def _plain(name: str) -> str:
    """The name in small letters, with one space between words, and a typeset minus sign as that of keyboards."""
    typed = name.lower().replace("\N{MINUS SIGN}", "-")
    return " ".join(_NUMBER_OR_HYPHEN.sub(lambda match: match[1] or " ", typed).split())


def _known(name: str) -> Property | None:
    plain = _plain(name)
    if plain in CATALOGUE:
        return CATALOGUE[plain]
    matches = ((family, family.pattern.fullmatch(plain)) for family in FAMILIES)
    return next((family.make(*match.groups()) for family, match in matches if match is not None), None)


def _hint(name: str) -> str:
    """What the user may have meant."""
    property, on, region = name.partition(" on ")
    if on and region.strip() and _known(property) is not None:
        return f"the region is given apart: {_plain(property)!r} --on {shlex.quote(region.strip()[:200])}"
    plain = _plain(name)
    usages = {family.name: family.usage for family in FAMILIES}
    first = plain.partition(" ")[0]
    if first in usages:
        return f"write {usages[first]!r}"
    close = difflib.get_close_matches(plain, [*CATALOGUE, *usages], n=1)
    if not close:
        return f"known: {', '.join([*CATALOGUE, *usages.values()])}"
    return f"did you mean {usages.get(close[0], close[0])!r}?"


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
                f"region {self.region.text or ''!r} has {counted(self.region.ambient, 'dimension')},"
                f" but {self.network.name} has {counted(self.network.input_size, 'input')}"
            )
        if self.property.fits is not None:
            self.property.fits(self.network)
        if self.property.needs_second and self.second is None:
            raise PropertyError(f"{self.property.name!r} compares two networks; name the second one with --to")
        if self.property.needs_second and self.second is not None:
            self._check_sizes(self.second)
        refuse_quantized(self.property.name, self.property.family, self.network, self.second)

    def _check_sizes(self, second: Network) -> None:
        first = self.network
        if (first.input_size, first.output_size) != (second.input_size, second.output_size):
            raise PropertyError(
                f"{self.property.name!r} needs equal sizes: {first.name} has {counted(first.input_size, 'input')} and"
                f" {counted(first.output_size, 'output')}, {second.name} has {second.input_size} and"
                f" {second.output_size}"
            )

    def questions(self) -> list[Question] | Vacuous:
        """What must be answered to prove the claim."""
        return self.property.reduce(self.network, self.region, self.second)
