"""Is an ACAS Xu output monotone in an input? Every output in every input, both ways, on the boxes of two properties.

Part of ``python -m benchmarks.pairs``; alone: ``python -m benchmarks.monotone [FOLDER] [--keep FILE]``. FOLDER
(../shared/networks) holds acasxu_1_1.onnx, acasxu_3_3.onnx, acasxu_prop_1.vnnlib and acasxu_prop_3.vnnlib. All claims
are asked in this process, ``TIMEOUT`` seconds each; the kernel judges each answer, and seconds are wall time without
reading the file. With ``--keep`` answers are put into FILE as they come, and those that are there are not asked again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks import markdown
from benchmarks.machine import machine
from benchmarks.records import Log, keyed
from verify import api

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "networks"
NETWORKS, BOXES, WAYS = (
    ("acasxu_1_1", "acasxu_3_3"),
    ("acasxu_prop_1", "acasxu_prop_3"),
    ("nondecreasing", "nonincreasing"),
)
TIMEOUT = 10.0
TITLES = ("network", "box", "claims", "refuted", "proved", "open", "median s", "worst s of those refuted", "worst s")


@dataclass(frozen=True)
class Answer:
    """The verdict on one claim, and its seconds."""

    network: str
    box: str
    claim: str
    verdict: str
    seconds: float


def answers(folder: Path, log: Log) -> Iterator[Answer]:
    """All claims; those that are in the log at once."""
    header = {"monotone": TIMEOUT, "machine": machine()}
    known = keyed(log.records(header), lambda record: (record["network"], record["box"], record["claim"]))
    for name in NETWORKS:
        network = api.load(folder / f"{name}.onnx")
        for box in BOXES:
            for claim, output, asked in _claims(network.output_size, network.input_size):
                if (name, box, claim) not in known:
                    region = str(folder / f"{box}.vnnlib")
                    found = api.check(network, asked, region, outputs=[output], timeout=TIMEOUT)
                    answer = Answer(name, box, claim, found.verdict.value, round(found.outcome.seconds, 3))
                    log.add(asdict(answer))
                    known[name, box, claim] = asdict(answer)
                yield Answer(**known[name, box, claim])


def _claims(outputs: int, inputs: int) -> Iterator[tuple[str, int, str]]:
    for output in range(outputs):
        for axis in range(inputs):
            for way in WAYS:
                yield f"output {output} {way} in {axis}", output, f"{way} in {axis}"


def lines(found: list[Answer]) -> list[str]:
    """A row for each network and box, then the claims that stay open."""
    rows = []
    for name in NETWORKS:
        for box in BOXES:
            mine = [answer for answer in found if (answer.network, answer.box) == (name, box)]
            if mine:
                rows.append(_row(name, box, mine))
    left = [f"- open: {a.network}, {a.box}: {a.claim}" for a in found if a.verdict == "unknown"]
    return [*markdown.table(TITLES, rows), *([""] if left else []), *left]


def _row(name: str, box: str, mine: list[Answer]) -> tuple[str, ...]:
    counts = [str(sum(answer.verdict == verdict for answer in mine)) for verdict in ("refuted", "proved", "unknown")]
    seconds, refuted = [a.seconds for a in mine], [a.seconds for a in mine if a.verdict == "refuted"]
    times = (median(seconds), max(refuted, default=0.0), max(seconds))
    return name, box, str(len(mine)), *counts, *(f"{value:.2f}" for value in times)


def main() -> None:
    """Ask and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    print("\n".join(lines(list(answers(options.folder, Log(options.keep))))))


if __name__ == "__main__":
    main()
