"""Evidence for counts: made for random networks and replayed; lies in it are rejected, and never change a count."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.arrangement.nets import chain, reference
from tests.arrangement.test_count import CASES, cube
from tests.support import random_claims, random_networks
from tests.support.cli import call
from tests.support.seeds import fresh
from verify.arrangement import counting
from verify.arrangement.counting import Pieces, count
from verify.arrangement.proof import prove
from verify.errors import EvidenceError, RegionError, TooLarge
from verify.kernel import counts
from verify.kernel import json as kernel_json
from verify.kernel.counts import counted_question, recount
from verify.network import Network
from verify.rational import vector
from verify.region import Region, l1_ball
from verify.search.budget import Budget

Data = dict[str, Any]
Capture = pytest.CaptureFixture[str]
# relu(|x| - |y|): two pieces of the map 0, which touch at the origin only.
CORNERS, PLANE, _ = CASES["corners do not connect"]


def replayed(net: Network, region: Region, data: Data) -> tuple[int, int, int]:
    """The counts that the kernel sees in evidence read from JSON."""
    found = recount(net, region, kernel_json.read_counts(data, counted_question(net, region).network))
    return found.cells, found.pieces, found.affine_maps


def evidence(net: Network, found: Pieces) -> Data:
    made = kernel_json.counts_to_json(prove(net, found, Budget())[0])
    result: Data = json.loads(json.dumps(made))
    return result


def islands(seed: int) -> tuple[Network, Region, Pieces]:
    """relu(|a| - |b| + |c| + d) of random forms and signs: often 0 on several pieces."""
    rng = random.Random(seed)
    forms = [[rng.randint(-3, 3) for _ in range(2)] for _ in range(3)]
    constants, signs = [rng.choice([0, 0, 1, -1, 2]) for _ in forms], [rng.choice([1, -1]) for _ in forms]
    first = [row for form in forms for row in (form, [-v for v in form])], [c for v in constants for c in (v, -v)]
    second = [[sign for sign in signs for _ in range(2)]], [rng.choice([0, 0, 1, -1, -2])]
    net = chain([first, second, ([[1]], [0])])
    return net, cube(2), count(net, cube(2), Budget())


def random_claim(seed: int) -> tuple[Network, Region, Pieces] | None:
    rng = random.Random(seed)
    size = rng.choice([1, 2, 2, 2, 3])
    net = random_claims.network(rng, size, rng.choice([1, 1, 2])) if seed % 4 else random_networks.network(seed)
    region = random_claims.region(rng, net.input_size)
    if net.input_size > 4 or net.relu_count > 14:
        return None
    try:
        return net, region, count(net, region, Budget())
    except RegionError:
        return None


def prove_and_break(seed: int) -> bool:
    """Make evidence, replay it, change it at random: whatever is still accepted gives the same counts."""
    claim = islands(seed) if seed % 2 else random_claim(seed)
    if claim is None:
        return False
    net, region, found = claim
    data = evidence(net, found)
    true = (found.cells, found.pieces, found.affine_maps)
    assert replayed(net, region, data) == true
    rng = random.Random(seed)
    for number in range(12):
        changed = mutated(data, rng, ("joins", "walls", "apart") if number % 2 else tuple(data))
        try:
            assert replayed(net, region, changed) == true, (seed, changed)
        except EvidenceError:
            continue
    return True


def mutated(data: Data, rng: random.Random, keys: tuple[str, ...]) -> Data:
    """The evidence with one to three values changed, dropped, doubled or exchanged, all under some keys."""
    result = copy.deepcopy(data)
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = _places({key: result[key] for key in keys})
        holder, key = rng.choice(places)
        value = holder[key]
        kind = rng.randrange(4)
        if kind == 0:
            del holder[key]
        elif kind == 1:
            other, name = rng.choice(places)
            holder[key] = copy.deepcopy(other[name]) if name in other or isinstance(other, list) else value
        elif isinstance(holder, list) and kind == 2:
            holder.insert(key, copy.deepcopy(value))
        elif isinstance(value, str):
            holder[key] = rng.choice(["0", "1", "-1", "1/2", "80", "00", f"-{value}"])
        elif isinstance(value, int):
            holder[key] = value + rng.choice([-1, 1])
    return result


def _places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        here = stack.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, inner in items:
            found.append((here, key))
            stack.append(inner)
    return found


def test_random_claims() -> None:
    assert sum(map(prove_and_break, range(20))) > 14


@pytest.mark.campaign
def test_random_claims_with_fresh_seeds() -> None:
    assert sum(map(prove_and_break, fresh(300))) > 180


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    net, region, expected = CASES[name]
    assert replayed(net, region, evidence(net, count(net, region, Budget()))) == expected


def test_evidence_of_the_split_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_DIMENSIONS", -1)
    claims = [claim for claim in map(random_claim, range(12)) if claim is not None]
    for net, region, found in [*claims, (CORNERS, PLANE, count(CORNERS, PLANE, Budget()))]:
        assert found.arrangement is None
        assert replayed(net, region, evidence(net, found)) == (found.cells, found.pieces, found.affine_maps)


def test_balls_and_three_dimensions() -> None:
    net = reference((2, 4, 3, 1), 1)
    for network, region in (
        (net, l1_ball(vector([0, 0]), 1)),
        (CORNERS, l1_ball(vector([0, 0]), 2)),
        (reference((3, 5, 4, 1), 0), cube(3)),
    ):
        found = count(network, region, Budget())
        assert replayed(network, region, evidence(network, found)) == (found.cells, found.pieces, found.affine_maps)


LIES: list[tuple[str, Callable[[Data], object]]] = [
    ("format", lambda d: d.update(kind="cells")),
    ("format", lambda d: d.update(cover={"empty": {}, "lifted": False})),
    ("format", lambda d: d["points"][0].__setitem__(0, 1)),
    ("format", lambda d: d["joins"][0].__setitem__(0, True)),
    ("format", lambda d: d["cover"]["tree"].pop()),
    ("cells", lambda d: d["cover"].update(lifted=True)),
    ("cells", lambda d: leaf(d).update(witnesses={"0:0": {}})),
    ("cells", lambda d: leaf(d).update(free=leaf(d)["cell"])),
    ("inner point", lambda d: d["points"].pop()),
    ("inner point", lambda d: d["points"].append(d["points"][0])),
    ("inner point", lambda d: d["points"].reverse()),
    ("inner point", lambda d: d["points"].__setitem__(0, ["0", "0"])),
    ("inner point", lambda d: d["points"].__setitem__(0, ["1"])),
    ("stable pattern", lambda d: leaf(d).update(cell={"1": "00", "2": "00"})),
    ("stable pattern", lambda d: leaf(d).pop("multipliers")),
    ("stable pattern", lambda d: d["cover"]["tree"][0].update(split=["1", "0", "1"])),
    ("split", lambda d: d["cover"]["tree"][0].update(split=["1", "0"])),
    ("join", lambda d: d["joins"][0].__setitem__(1, d["joins"][0][0])),
    ("join", lambda d: d["joins"][0].__setitem__(1, 99)),
    ("join", lambda d: d["joins"][0].__setitem__(0, -1)),
    ("join", lambda d: d["joins"].append([0, 2, ["0", "0"]])),
    ("join", lambda d: d["joins"][0].__setitem__(2, ["0", "0"])),
    ("join", lambda d: d["joins"][0].__setitem__(2, ["5", "7"])),
    ("no common facet", lambda d: d.update(joins=[])),
    ("no common facet", lambda d: d.update(walls={}, apart={})),
    ("no common facet", lambda d: d["walls"].update({"0:99": [None, {}]})),
    ("no common facet", lambda d: d["walls"].update({"0:0": [None, {}]})),
    ("no common facet", lambda d: d["walls"].update({"0:0": [0, {}]})),
    ("no common facet", lambda d: d["walls"].update({"0:0": [77, {}]})),
]


def leaf(data: Data) -> Data:
    found: Data = next(node for node in data["cover"]["tree"] if "cell" in node)
    return found


@pytest.fixture(scope="module")
def honest() -> Data:
    return evidence(CORNERS, count(CORNERS, PLANE, Budget()))


@pytest.mark.parametrize("number", range(len(LIES)))
def test_lies_are_rejected(number: int, honest: Data) -> None:
    rule, lie = LIES[number]
    data = copy.deepcopy(honest)
    lie(data)
    with pytest.raises(EvidenceError) as caught:
        replayed(CORNERS, PLANE, data)
    assert caught.value.rule == rule


def test_two_leaves_of_one_cell_are_rejected() -> None:
    """A cell that is cut in two would be counted twice."""
    net = chain([([[1]], [0]), ([[1]], [0])])
    region = cube(1)
    data = {
        "kind": "counted cells",
        "cover": {
            "equations": [],
            "lifted": False,
            "tree": [
                {"split": ["1", "0"]},
                {"split": ["1", "-1/2"]},
                {"cell": {"1": "80"}, "multipliers": {"1:0": {"0": "1"}}},
                {"cell": {"1": "80"}, "multipliers": {"1:0": {"0": "1"}}},
                {"cell": {"1": "00"}, "multipliers": {"1:0": {"0": "1"}}},
            ],
        },
        "points": [["3/4"], ["1/4"], ["-1/2"]],
        "joins": [],
        "walls": {},
        "apart": {},
    }
    with pytest.raises(EvidenceError, match="distinct patterns"):
        replayed(net, region, data)


def test_more_rows_than_the_limit(monkeypatch: pytest.MonkeyPatch, honest: Data) -> None:
    monkeypatch.setattr(counts, "MAX_ROWS", 10)
    with pytest.raises(TooLarge, match="more than 10 rows"):
        replayed(CORNERS, PLANE, honest)


def test_the_record_of_the_command(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "counts.json"
    assert call(capsys, "pieces", "maxpool", "--on", "box(0, 1)", "--record", str(path)).status == 0
    assert call(capsys, "recheck", str(path)).status == 0
    declined = call(capsys, "recheck", "--second", str(path))
    assert declined.status == 3 and "a record of counts" in declined.out
    record = json.loads(path.read_text())
    lies: list[tuple[str, Data]] = [
        ("cells", {"cells": 9}),
        ("pieces", {"pieces": 3}),
        ("affine_maps", {"affine_maps": True}),
        ("assurance", {"assurance": "attested"}),
        ("verdict", {"verdict": "refuted"}),
        ("ledger", {"ledger": ["none"]}),
        ("region", {"region": "all"}),
        ("evidence", {"evidence": None}),
        ("evidence", {"evidence": {**record["evidence"], "note": "sure"}}),
        ("keys", {"vacuous": False}),
        ("kind", {"kind": "count"}),
        ("network", {"network": {**record["network"], "relu": 1}}),
        ("format", {"region_data": {"kind": "box"}}),
    ]
    for rule, lie in lies:
        path.write_text(json.dumps({**record, **lie}))
        found = call(capsys, "recheck", str(path))
        assert (found.status, found.err.split("'")[1]) == (4, rule)
