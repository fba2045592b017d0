"""How fast ``verify serve`` answers when a slider moves: ``python -m benchmarks page``.

The server runs in a process of its own. A client sends what the page sends, one state after the other, and waits for
each answer: verdict with exact numbers, picture, pieces. What the browser adds (parsing and drawing) is not in it.
"""

from __future__ import annotations

import argparse
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import markdown
from benchmarks.machine import machine
from verify.search.budget import Budget
from verify.web.live import SECONDS, answer
from verify.web.playground import read_state

RESULTS = Path(__file__).parent / "results"

State = dict[str, str]
BASE: State = {"model": "neuron", "act": "relu", "slope": "0.1", "out": "1", "plus": "0", "property": "additive"}
NINE = {"low": ",".join(["0"] * 9), "high": ",".join(["1"] * 9)}
ONES = {"x": "1,0,0,0,0,0,0,0,0", "y": "0,0,0,0,1,0,0,0,1"}
PLANE = {"low": "-2,-2", "high": "2,2", "x": "-1,1", "y": "1,0.5"}
LINE = {"low": "-2", "high": "2", "x": "-1", "y": "1.5"}
# The network, and its state with one weight left open.
NETWORKS: dict[str, tuple[str, State]] = {
    "one neuron, one input": ("{}", {**LINE, "bias": "0.3"}),
    "one neuron, two inputs": ("{},1", {**PLANE, "model": "plane", "bias": "0.3"}),
    "4 units, one input": (
        "{};-1;1;0.5",
        {**LINE, "model": "hidden", "bias": "0,1,-1,0.3", "out": "1,-1,2,1"},
    ),
    "3 units, two inputs": (
        "{},0;-0.5,0.9;-0.5,-0.9",
        {**PLANE, "model": "surface", "bias": "-1,-1,-1", "out": "-1,-1,-1", "plus": "0.5"},
    ),
    "convolution, 3 x 3 image": ("{},2,-3,1", {**NINE, **ONES, "model": "conv", "bias": "1"}),
}


def states(name: str, moves: int) -> Iterator[State]:
    """A slider that goes from -3 to 3."""
    weights, rest = NETWORKS[name]
    for i in range(moves):
        yield {**BASE, **rest, "weights": weights.format(f"{-3 + 6 * i / (moves - 1):.2f}")}


def measured(port: int, name: str, moves: int) -> list[float]:
    """Milliseconds for each move."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
    times = []
    for state in states(name, moves):
        start = time.perf_counter()
        connection.request("POST", "/api/play", json.dumps(state), headers)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        times.append((time.perf_counter() - start) * 1000)
        if answer.status != 200 or "verdict" not in body:
            raise SystemExit(f"{name}: status {answer.status}: {body}")
    return times


def computed(name: str, moves: int) -> list[float]:
    """Milliseconds of processor time for each answer, in this process, without the way there and back."""
    times = []
    for state in states(name, moves):
        start = time.process_time()
        answer(read_state(state), None, Budget(SECONDS))
        times.append((time.process_time() - start) * 1000)
    return times


def at(times: list[float], share: float) -> float:
    """The time within which this share of the moves was answered."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def page(rows: list[list[str]], moves: int) -> str:
    """The table and what it says."""
    titles = ["network", "processor: half, ms", "95 %, ms", "answered: half, ms", "95 %, ms", "within 100 ms"]
    about = (
        f"{moves} moves of one slider on each network; additive, with the picture. First processor time of the answer"
        " alone, then wall-clock time over HTTP, which depends on what else the machine does."
    )
    return "\n".join(["# The page", "", machine(), "", about, "", *markdown.table(titles, rows)]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Start a server, move sliders, write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--port", type=int, default=8799)
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where page.md goes")
    options = parser.parse_args(arguments)
    code = "from verify.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(options.port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        print(server.stderr.readline().strip(), file=sys.stderr)
        rows = []
        for name in NETWORKS:
            measured(options.port, name, 5)  # the first answers load what later ones use
            walls = measured(options.port, name, options.moves)
            computed(name, 5)
            processor = computed(name, options.moves)
            share = sum(t <= 100 for t in walls) / len(walls)
            shown = (at(processor, 0.5), at(processor, 0.95), at(walls, 0.5), at(walls, 0.95))
            rows.append([name, *(f"{t:.0f}" for t in shown), f"{share:.1%}"])
        text = page(rows, options.moves)
    finally:
        server.terminate()
        server.wait()
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "page.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
