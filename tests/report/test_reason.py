"""The chain of sentences from the input to the reason: for every verdict, and true of the network."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

import verify
from tests.support.corpus import Corpus
from tests.support.seeds import chunks
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate, preactivations
from verify.network import Network
from verify.network.network import InputPart
from verify.rational import parse_rational, vector
from verify.report.lemmas import LEMMAS, anchor, numbers
from verify.report.proof import steps
from verify.report.reason import proof_line, reasons
from verify.report.story import input_name


def test_from_the_input_to_the_reason() -> None:
    assert reasons(verify.check("max", "affine", on="box(-1, 1)")) == [
        "max[0] switches at (0, 0): it is on where x0 - x1 > 0.",
        "This changes the slope of the output in x0 from 0 to 1.",
        "So the formula fails by 1/2.",
    ]


def test_where_no_unit_switches_the_map_itself_is_to_blame() -> None:
    [said] = reasons(verify.check("abs", "nondecreasing in 0", on="box(-2, -1)"))
    assert said.startswith("Between these points no ReLU changes side") and "the inequality fails by" in said


def test_two_networks_and_formulas() -> None:
    [said] = reasons(verify.check("relu", "equivalent", to="abs"))
    assert said.endswith("the formula fails by 1.")
    assert reasons(verify.ask("relu", "f(x) < 1 for x in box(0, 1)")) == []


def test_a_proof_says_how_and_why_that_is_the_claim() -> None:
    found = reasons(verify.check("identity_pair", "additive"))
    assert found[-1] == (
        "So every piece carries the same map, and that map is linear; that is the claim by lemma 3: with 0 in the"
        " region, additive means linear."
    )
    assert reasons(verify.check("relu", "affine", engine="rules")) == []


def test_no_jargon_where_a_claim_is_its_own_definition() -> None:
    assert proof_line(verify.check("thread_nonneg", "affine", on="nonneg")) == (
        "the signs of weights, biases and inputs fix all 4 ReLU"
    )
    assert proof_line(verify.check("relu", "affine", on="nonneg")).endswith("fix the one ReLU")


@pytest.mark.parametrize("seeds", chunks(0, 100, 1, campaign=40))
def test_chains_of_random_claims_are_true(seeds: range, corpus: Corpus) -> None:
    """What a chain says of the slopes and of the unit is compared with exact values beside the point that it names."""
    seen = 0
    for seed in seeds:
        result = corpus.result(seed)
        claim, chain = result.claim, reasons(result)
        if result.verdict is Verdict.UNKNOWN:
            assert chain == []
            continue
        if result.verdict is not Verdict.REFUTED or len(chain) != 3:
            continue
        slope = re.fullmatch(r"This changes the slope of .* in x(\d*) from (\S+) to (\S+)\.", chain[1])
        place = re.match(r".* switch(?:es)? at (\(?[-\d/, ]+\)?)(?::|\.)", chain[0])
        if slope is None or place is None or "~" in chain[1] + chain[0]:
            continue
        point = vector([parse_rational(v) for v in place[1].strip("()").split(",")])
        index, output = int(slope[1] or 0), result.outcome.evidence.output  # type: ignore[union-attr]
        axis = vector([int(j == index) for j in range(len(point))])
        for known, sign in ((slope[2], -1), (slope[3], 1)):
            near, far = (point + axis.scaled(sign * Fraction(1, 2**k)) for k in (60, 61))
            rise = evaluate(claim.network, near)[output] - evaluate(claim.network, far)[output]
            assert rise / (sign * Fraction(1, 2**61)) == parse_rational(known), seed
        assert _on_beyond(claim.network, chain[0], point), seed
        seen += 1
    assert seen > (0 if seeds.start else 2)  # fresh ones may have fewer


def _on_beyond(network: Network, said: str, point: verify.rational.Vector) -> bool:
    """Where the chain says when a unit is on, its pre-activation is zero at the point of the switch."""
    if ": it is on where" not in said:
        return True
    name = said.split(" switches")[0]
    values = preactivations(network, point)
    units = [(k, u) for k, b in enumerate(network.blocks) for u in range(b.size) if b.unit_name(u) == name]
    return any(values[k][u] == 0 for k, u in units)


@pytest.mark.parametrize(("network", "property", "on"), [("thread_nonneg", "affine", "nonneg"), ("abs", "even", "all")])
def test_every_lemma_that_a_step_names_is_on_the_page(network: str, property: str, on: str) -> None:
    found = steps(verify.check(network, property, on=on))
    named = [int(n) for step in found for n in re.findall(r"[Ll]emma (\d+)", f"{step.lemma} {step.text}")]
    assert named and set(named) == set(numbers(f"{step.lemma} {step.text}" for step in found)) <= set(LEMMAS)
    assert anchor("Lemma 6: an exact normal form") == "lemma-6" and anchor("The definition") == ""


def test_inputs_of_a_file_are_named() -> None:
    plain = verify.load("max")
    assert input_name(plain, 1) == "x1" and input_name(verify.load("relu"), 0) == "x"
    parts = (InputPart("speed", (1,)), InputPart("turn", (1,), 1))
    named = Network("n", (2,), plain.output_shape, plain.blocks, inputs=parts)
    assert [input_name(named, i) for i in (0, 1)] == ["x0 (speed[0])", "x1 (turn[0])"]
