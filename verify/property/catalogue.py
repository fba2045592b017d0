"""The catalogue of properties, each read from its file when it is asked for, and claims about networks."""

from __future__ import annotations

import difflib
import importlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from verify.errors import PropertyError, RegionError
from verify.network import Network
from verify.property.base import Property, PropertyFamily, Question, Vacuous
from verify.rational import counted
from verify.region import Region

T = TypeVar("T", bound=Property | PropertyFamily)


class Catalogue(Mapping[str, T]):
    """Properties by name, in the order of lists; ``files`` says which file of this folder has each in ``PROPERTIES``.

    A file is loaded when one of its properties is asked for: who judges a claim reads one.
    """

    def __init__(self, kind: type[T], files: dict[str, str]) -> None:
        self.kind, self.files = kind, files

    def __getitem__(self, name: str) -> T:
        home = importlib.import_module(f"verify.property.{self.files[name]}")
        made: Sequence[Property | PropertyFamily] = home.PROPERTIES
        [found] = [one for one in made if one.name == name]
        if not isinstance(found, self.kind):
            raise TypeError(f"{home.__name__}: {name!r} is no {self.kind.__name__}")
        return found

    def __contains__(self, name: object) -> bool:
        return name in self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


CATALOGUE = Catalogue(
    Property,
    {
        "affine": "affine",
        "linear": "linear",
        "constant": "constant",
        "additive": "additive",
        "homogeneous": "homogeneous",
        "positively homogeneous": "homogeneous",
        "superposition": "linear",
        "odd": "parity",
        "even": "parity",
        "equivalent": "equivalent",
        "convex": "convex",
        "concave": "convex",
        "subadditive": "subadditive",
        "superadditive": "subadditive",
    },
)

# Those whose parameters follow these names, and the one that is no formula over values of f.
FAMILIES = Catalogue(
    PropertyFamily,
    {
        "nondecreasing": "monotone",
        "nonincreasing": "monotone",
        "monotone": "monotone",
        "lipschitz": "lipschitz",
        "equivalent within": "within",
        "never": "never",
        "no dead units": "units",
    },
)

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
    families = (FAMILIES[name] for name in FAMILIES if f"{plain} ".startswith(f"{name} "))
    matches = ((family, family.pattern.fullmatch(plain)) for family in families)
    return next((family.make(*match.groups()) for family, match in matches if match is not None), None)


def _hint(name: str) -> str:
    """What the user may have meant."""
    property, on, region = name.partition(" on ")
    if on and region.strip() and _known(property) is not None:
        return f"the region is given apart: {_plain(property)!r} --on {shlex.quote(region.strip()[:200])}"
    plain = _plain(name)
    usages = {name: family.usage for name, family in FAMILIES.items()}
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
        if self.is_quantized:
            self._check_quantized()

    def _check_sizes(self, second: Network) -> None:
        first = self.network
        if (first.input_size, first.output_size) != (second.input_size, second.output_size):
            raise PropertyError(
                f"{self.property.name!r} needs equal sizes: {first.name} has {counted(first.input_size, 'input')} and"
                f" {counted(first.output_size, 'output')}, {second.name} has {second.input_size} and"
                f" {second.output_size}"
            )

    def _check_quantized(self) -> None:
        """Only one property of quantized networks is decided."""
        if self.property.family != "equivalent within":
            for network in self.networks:
                network.require_continuous(f"{self.property.name!r}")
        if self.has_smooth_units:
            raise PropertyError(
                f"{self.property.name!r}: quantized networks are compared with piecewise linear ones, not with smooth"
                " ones"
            )

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The network, and the second one if there is one."""
        return (self.network,) if self.second is None else (self.network, self.second)

    @cached_property
    def has_smooth_units(self) -> bool:
        """Whether a network has smooth units: values are then enclosed, not exact."""
        return any(block.smooth is not None for network in self.networks for block in network.blocks)

    @cached_property
    def is_quantized(self) -> bool:
        """Whether a network rounds its values."""
        return any(network.is_quantized for network in self.networks)

    def questions(self) -> list[Question] | Vacuous:
        """What must be answered to prove the claim."""
        return self.property.reduce(self.network, self.region, self.second)
