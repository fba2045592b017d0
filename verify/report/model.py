"""What a report says about one claim: plain data that every writer (HTML, Markdown) shows in its own way."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Link:
    """Another page: its file name and its title."""

    href: str
    text: str


@dataclass(frozen=True)
class ProofStep:
    """One step of a proof: what it shows, the lemma that allows it, and how."""

    title: str
    lemma: str
    text: str


@dataclass(frozen=True)
class ShownNumber:
    """An exact number and, where that is long, a short decimal to read."""

    exact: str
    short: str

    @property
    def is_long(self) -> bool:
        return self.exact != self.short


@dataclass(frozen=True)
class ShownVariable:
    """One variable of the instance and its exact value: a number, or the coordinates of a point."""

    name: str
    short: str
    entries: tuple[str, ...]

    @property
    def is_long(self) -> bool:
        listed = ", ".join(self.entries)
        return self.short not in (listed, f"({listed})") and any(entry != "0" for entry in self.entries)


@dataclass(frozen=True)
class Evaluation:
    """``f(x + y) = f(0) = 0``, with the value of every unit on the way for a small network."""

    call: str
    at: str
    value: ShownNumber
    workings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counterexample:
    """An instance of the formula that fails, worked line by line."""

    sentence: str
    variables: tuple[ShownVariable, ...]
    evaluations: tuple[Evaluation, ...]
    combination: str
    total: ShownNumber
    says: str = "The formula says that this is 0. It is not, so the claim is false."


@dataclass(frozen=True)
class Figure:
    """A drawing with a caption; ``notes`` are exact numbers that belong to it."""

    svg: Markup
    caption: str
    notes: tuple[str, ...] = ()
    legend: tuple[tuple[str, Markup], ...] = ()


@dataclass(frozen=True)
class LayerCount:
    """One ReLU layer and what its units do on the region."""

    name: str
    shape: str
    units: int
    on: int
    off: int
    switching: int
    undecided: int


@dataclass(frozen=True)
class ShownWeights:
    """One layer of a small network with its numbers: a formula, and the same as text."""

    formula: Markup
    text: str


@dataclass(frozen=True)
class ShownMap:
    """The affine map that f is on the region: a formula to look at, and A and c with every digit."""

    formula: Markup
    text: str
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lemma:
    """A lemma that a proof on the page uses."""

    number: int
    title: str
    text: str


@dataclass(frozen=True)
class Drawing:
    """A network, drawn; without counts when they were not to be had in time (``note`` says so)."""

    name: str
    about: str
    figure: Markup | None
    layers: tuple[LayerCount, ...] = ()
    note: str = ""
    weights: tuple[ShownWeights, ...] = ()


@dataclass(frozen=True)
class SecondOpinion:
    """The literal query for an SMT solver and what Z3 answered."""

    query: str
    answer: str
    agrees: bool | None
    model: str = ""


@dataclass(frozen=True)
class Tried:
    """Random instances of the claim, in words; ``failure`` says what breaks it."""

    text: str
    failure: str = ""


@dataclass(frozen=True)
class Page:
    """Everything that the report of one claim shows."""

    title: str
    test: str
    question: str
    answer: str
    verdict: str
    assurance: str
    vacuous: bool
    statement: tuple[Markup, ...]
    formula: str
    quantifier: Markup
    setting: Markup
    region: Markup
    reasons: tuple[str, ...]
    steps: tuple[ProofStep, ...]
    lemmas: tuple[Lemma, ...]
    map: ShownMap | None
    counterexample: Counterexample | None
    reason: str
    tried: tuple[str, ...]
    figures: tuple[Figure, ...]
    images: tuple[Figure, ...]
    drawings: tuple[Drawing, ...]
    fuzz: Tried | None
    opinion: SecondOpinion | None
    ledger: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    versions: tuple[tuple[str, str], ...]
    seconds: float
    command: str
    python: str
    calculation: str
    script: str
    recheck: str
    notes: tuple[str, ...] = ()
    theorem: Link | None = None
    networks: str = ""
    reading: str = "every argument of f in the region"
