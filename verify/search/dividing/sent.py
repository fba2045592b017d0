"""Parts of a search decided by the workers of a cluster, whose answers are data.

What is sent to a worker is pickled: it trusts the one it works for. What comes back is JSON, checked for its form here,
and turned into what the task would have returned. Its content counts for nothing until the kernel has judged the
evidence that is made of it, so a wrong worker can delay a verdict, but not make one.
"""

from __future__ import annotations

import base64
import json
import math
import pickle
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from typing import Any

import numpy as np

from verify.errors import BudgetExceeded, EvidenceError, VerifyError
from verify.kernel.cuts import LEAF
from verify.kernel.evidence import Cover, Tree
from verify.kernel.json import proof_to_json, read_proof, read_vector
from verify.property.instances import Bend, Change, Offset
from verify.rational import Floats
from verify.search.dividing import cutting, equality
from verify.search.refuting.finding import Finding, NonZero

FINDINGS: dict[str, type[Bend | Offset | NonZero | Change]] = {
    kind.__name__: kind for kind in (Bend, Offset, NonZero, Change)
}
MAX_ANSWER = 1 << 28
# A task that was lost so often, with its worker or on the way, is given up.
ATTEMPTS = 4
LOSSES = ("KilledWorker", "CommClosedError", "FutureCancelledError")


def is_lost(error: BaseException) -> bool:
    """Whether the cluster lost the task, rather than that it failed."""
    return isinstance(error, CancelledError) or type(error).__name__ in LOSSES


def do(name: str, sent: str) -> str:
    """What a worker does: the task of that name; returns a JSON text."""
    task = pickle.loads(base64.b64decode(sent))
    try:
        if name == "subtree":
            return json.dumps(_subtree_to_json(equality.subtree(task)))
        return json.dumps(_search_to_json(cutting.work(task)))
    except VerifyError as error:
        return json.dumps({"undecided": str(error)})


def _subtree_to_json(found: Tree | list[Finding]) -> dict[str, Any]:
    if not isinstance(found, list):
        return {"tree": proof_to_json(Cover(found))}
    texts = [(type(item).__name__, {k: v.strings() for k, v in vars(item).items()}) for item in found]
    return {"findings": texts}


def _subtree(task: equality.TreeTask, data: dict[str, Any]) -> Tree | list[Finding]:
    if "tree" in data:
        proof = read_proof(data["tree"], task.watch.problem.question.network)
        if not isinstance(proof, Cover):
            raise ValueError("no tree")
        return proof.tree
    size = task.watch.problem.question.region.dimension
    found: list[Finding] = []
    for kind, points in data["findings"]:
        read = {str(name): read_vector(point) for name, point in points.items()}
        if any(len(point) != size for point in read.values()):
            raise ValueError("a point of another dimension")
        found.append(FINDINGS[kind](**read))
    if not found:
        raise ValueError("neither a tree nor a finding")
    return found


def _search_to_json(search: cutting.Search) -> dict[str, Any]:
    boxes = search.open
    return {
        "nodes": search.nodes,
        "parts": search.parts,
        "open": {name: values.tolist() for name, values in vars(boxes).items()},
        "proved": search.proved,
        "least": max(search.least, -1e300),
        "suspects": [points.tolist() for points in search.suspects],
        "stuck": search.stuck,
    }


def _search(task: cutting.BoxesTask, data: dict[str, Any]) -> cutting.Search:
    size, dimension = task.low.shape
    nodes, parts = [int(n) for n in data["nodes"]], [int(n) for n in data["parts"]]
    _check_trees(nodes, parts, size, dimension)
    given = data["open"]
    numbers = np.array(given["numbers"], dtype=np.int64).reshape(-1)
    if sorted(numbers.tolist()) != [i for i, node in enumerate(nodes) if node == cutting.OPEN]:
        raise ValueError("the open boxes are not those that the trees leave open")
    low, high = (_floats(given[name], (len(numbers), dimension)) for name in ("low", "high"))
    shares = _floats(given["shares"], (len(numbers),))
    suspects = [_floats(points, (len(points), dimension)) for points in data["suspects"]]
    boxes = cutting.Boxes(low, high, numbers, shares)
    proved, least = float(data["proved"]), float(data["least"])
    if not (0 <= proved <= 2 and math.isfinite(least)):
        raise ValueError("numbers that cannot be")
    return cutting.Search(task.goal, boxes, nodes, parts, proved, least, suspects, [], data["stuck"] is True)


def _floats(values: Any, shape: tuple[int, ...]) -> Floats:
    found = np.array(values, dtype=np.float64).reshape(shape)
    if not np.all(np.isfinite(found)):
        raise ValueError("numbers that are not finite")
    return found


def _check_trees(nodes: list[int], parts: list[int], size: int, dimension: int) -> None:
    """``size`` trees: each later node is a part of exactly one node before it."""
    if len(nodes) != len(parts) or not all(cutting.OPEN <= node <= dimension for node in nodes):
        raise ValueError("nodes of no tree")
    children = [part for node, part in zip(nodes, parts, strict=True) if node > LEAF]
    if sorted(children) != list(range(size, len(nodes), 2)) or (len(nodes) - size) % 2:
        raise ValueError("nodes of no tree")
    if any(node > LEAF and part <= place for place, (node, part) in enumerate(zip(nodes, parts, strict=True))):
        raise ValueError("nodes of no tree")


def read_answer(name: str, task: Any, text: Any) -> Any:
    """What the task would have returned; ``BudgetExceeded`` where it says so, ``EvidenceError`` where it is rubbish."""
    try:
        if not isinstance(text, str) or len(text) > MAX_ANSWER:
            raise ValueError("not a text, or too long")
        data = json.loads(text)
        undecided = str(data["undecided"])[:300] if "undecided" in data else ""
        if not undecided:
            return _subtree(task, data) if name == "subtree" else _search(task, data)
    except (VerifyError, AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EvidenceError("cluster", f"a worker's answer cannot be read ({str(error)[:100]})") from error
    raise BudgetExceeded(undecided)


class DataExecutor(Executor):
    """Gives the tasks of a search to an executor whose workers are not trusted, and whose answers are texts."""

    def __init__(self, inner: Executor) -> None:
        self._inner = inner

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """The future of ``task(*arguments)``; what is lost is handed out again."""
        name = {equality.subtree: "subtree", cutting.work: "work"}.get(task)
        if name is None or named or len(arguments) != 1:
            raise TypeError("a cluster gets the parts of a split, and nothing else")
        found: Future[Any] = Future()
        self._send(found, name, arguments[0], base64.b64encode(pickle.dumps(arguments[0])).decode(), 1)
        return found

    def _send(self, found: Future[Any], name: str, task: Any, sent: str, attempt: int) -> None:
        def arrived(future: Future[str]) -> None:
            try:
                answer = read_answer(name, task, future.result())
            except VerifyError as error:
                _settle(found, error=error)
            except BaseException as error:
                if is_lost(error) and attempt < ATTEMPTS and not found.cancelled():
                    self._send(found, name, task, sent, attempt + 1)
                    return
                said = f"a worker of the cluster failed: {type(error).__name__}: {str(error)[:200]}"
                _settle(found, error=BudgetExceeded(said))
            else:
                _settle(found, answer=answer)

        if found.cancelled():
            return
        try:
            self._inner.submit(do, name, sent).add_done_callback(arrived)
        except Exception as error:  # whatever a cluster raises that is gone
            _settle(found, error=BudgetExceeded(f"the cluster takes no tasks: {type(error).__name__}: {error}"))


def _settle(found: Future[Any], answer: Any = None, error: Exception | None = None) -> None:
    try:
        if error is not None:
            found.set_exception(error)
        else:
            found.set_result(answer)
    except InvalidStateError:
        return  # nobody waits for it any more
