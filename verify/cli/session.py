"""What ``verify shell`` does with a line; reading lines, and prompts, are elsewhere (``verify.cli.shell``)."""

from __future__ import annotations

import difflib
import json
import re
import shlex
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from verify import api
from verify.asking import ask
from verify.cli import display
from verify.cli.deciding import write_reports
from verify.cli.group import HOMES, commands
from verify.errors import BudgetExceeded, EngineDisagreement, EvidenceError, FormulaError, InputError, PropertyError
from verify.formats.formulas import parse_value
from verify.formula.tree import Formula
from verify.formula.truth import Meaning
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.property import CATALOGUE, find
from verify.property.catalogue import FAMILIES
from verify.rational import counted, vector
from verify.report.folder import ReportFolder, take
from verify.report.names import file_stem
from verify.report.points import point_text
from verify.report.record import Result, write_text

REGIONS = ("all", "nonneg", "nonpos", "box(", "ball(", "l1ball(", "segment(", "slice(", "where(")
SUFFIXES = (".onnx", ".onnx.gz", ".toml", ".npy", ".vnnlib")
# Commands of the command line that are given the shell's network.
PASSED_ON = tuple(name for name in HOMES if name not in ("ask", "check", "recheck", "shell", "gate", "serve", "init"))
HELP = """\
PROPERTY [on REGION]    a property of the catalogue:  additive on box(0, 1)
FORMULA                 a formula:                    f(2*x) == 2*f(x) for x >= 0
VALUE                   values, exact:                f([1, 1/2])
on REGION               the last claim on another region
region REGION           where claims are about from now on
network FILE            another network f;  let g=FILE binds a further name
{commands}
                        as on the command line, about this network and region
report FOLDER           evidence and page of the last claim;  open shows that page
save FILE.toml          the claims of this session, for the gate
help, quit"""


@dataclass(frozen=True)
class SessionClaim:
    """One claim of the session: a property on a region, or a formula."""

    network: str
    text: str
    region: str | None
    names: dict[str, str]
    verdict: str
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Session:
    """The state of a shell: networks by name, the region, what was asked."""

    networks: dict[str, str]
    timeout: float | None = None
    region: str = "all"
    # Tensors chosen as outputs, by the network's name; a model with one output needs none.
    outputs: dict[str, str] = field(default_factory=dict)
    claims: list[SessionClaim] = field(default_factory=list)
    result: Result | None = None
    page: Path | None = None
    status: int = 0
    ended: bool = False

    def load(self, name: str) -> Network:
        """The network of that name."""
        return api.load(self.networks[name], self.outputs.get(name))

    def _chosen(self, name: str) -> str | Network:
        """The file, or, where an output is chosen, the network that it is then."""
        return self.load(name) if name in self.outputs else self.networks[name]

    def run(self, line: str) -> None:
        """One line; what is wrong with it is said, and remembered in ``status``."""
        try:
            self._run(line.strip())
        except FormulaError as error:
            self._complain(error.drawn or str(error), 2)
        except (InputError, click.ClickException) as error:
            self._complain(error.format_message() if isinstance(error, click.ClickException) else str(error), 2)
        except (EvidenceError, EngineDisagreement) as error:
            self._complain(str(error), 4)
        except BudgetExceeded as error:
            self._complain(f"not decided: {error}", 3)
        except OSError as error:
            self._complain(f"{error.filename or 'output'}: {error.strerror or error}", 2)

    def _complain(self, message: str, status: int) -> None:
        click.echo(message, file=sys.stderr)
        self.status = max(self.status, status, key=(0, 3, 2, 4).index)

    def _run(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            return
        known: dict[str, Callable[[str], None]] = {
            "help": self._help,
            "quit": self._quit,
            "exit": self._quit,
            "network": self._network,
            "let": self._let,
            "region": self._region,
            "on": self._on,
            "report": self._report,
            "open": self._open,
            "save": self._save,
        }
        if word in known:
            known[word](rest.strip())
        elif word in PASSED_ON and not _is_property(line):
            self._pass_on(word, rest)
        elif _is_property(line) or _is_family(line):
            wanted, word, place = _parted(line)
            if word and not place:
                raise InputError(f"on which region? write: {wanted} on box(0, 1)")
            self._check(wanted, place or self.region)
        elif re.search(r"[<>=]|\bin\b|\bfor\b", line):
            self._ask(line)
        else:
            self._value(line)

    # Claims.

    def _check(self, wanted: str, place: str) -> None:
        needs = find(wanted).needs_second
        if needs and "g" not in self.networks:
            raise InputError(f"{wanted} compares two networks; bind the second one: let g=FILE")
        names = {"to": self.networks["g"]} if needs else {}
        to = self._chosen("g") if needs else None
        result = api.check(self._chosen("f"), wanted, place, to=to, timeout=self.timeout)
        self._show(
            result, SessionClaim(self.networks["f"], wanted, place, names, result.verdict.value, dict(self.outputs))
        )

    def _ask(self, text: str) -> None:
        others = {name: source for name, source in self.networks.items() if name != "f"}
        let = {name: self._chosen(name) for name in others}
        result = ask(self._chosen("f"), text, let=let, timeout=self.timeout)
        used = {name: source for name, source in others.items() if re.search(rf"\b{name}\(", text)}
        self._show(result, SessionClaim(self.networks["f"], text, None, used, result.verdict.value, dict(self.outputs)))

    def _show(self, result: Result, asked: SessionClaim) -> None:
        self.result, self.page = result, None
        self.claims.append(asked)
        display.show_result(result, None, lines=False)

    def _on(self, place: str) -> None:
        if not self.claims:
            raise InputError("there is no claim yet to repeat; ask one first, such as: affine on box(0, 1)")
        if not place:
            raise InputError("on which region? write: on box(0, 1)")
        last = self.claims[-1]
        if last.region is not None:
            self._check(last.text, place)
            return
        body, separator, conditions = last.text.rpartition(" for ")
        names = re.fullmatch(r"((?:\w+\s*,\s*)*\w+)\s+in\s+.*", conditions)
        if not separator or names is None or "," in re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", conditions[names.end(1) :]):
            raise InputError("the last formula has other conditions than one region; write it out on the new one")
        self._ask(f"{body} for {names[1]} in {place}")

    def _value(self, line: str) -> None:
        if re.fullmatch(r"\w+", line) and line not in self.networks:
            words = [*self.words()]
            close = difflib.get_close_matches(line, words, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "'help' lists what there is"
            raise InputError(f"{line[:40]!r} is no command, property or value; {hint}")
        loaded = {name: self.load(name) for name in self.networks}
        sizes = {name: (network.input_size, network.output_size) for name, network in loaded.items()}
        expression = parse_value(line, sizes)
        nothing = Formula(body=None, conditions=(), variables=(), regions=(), text=line)  # type: ignore[arg-type]
        inputs = {name: size for name, (size, _) in sizes.items()}
        found = Meaning(nothing, inputs, {}, lambda name, x: evaluate(loaded[name], x))
        click.echo(point_text(vector(found.value(expression))))

    # The rest.

    def _pass_on(self, word: str, rest: str) -> None:
        """A command of the command line, with the network and, where it takes one, the region."""
        command = commands.get_command(click.Context(commands), word)
        assert command is not None
        try:
            arguments = [self.networks["f"], *shlex.split(rest)]
        except ValueError as error:
            raise InputError(f"{word}: {error}; close the quotation") from error
        options = {option for parameter in command.params for option in parameter.opts}
        if "f" in self.outputs and "--output" not in arguments:
            if "--output" not in options:
                raise InputError(f"{word} takes no --output, and an output of f is chosen; give it the file outside")
            arguments += ["--output", self.outputs["f"]]
        if "--on" in options and "--on" not in arguments and self.region != "all":
            arguments += ["--on", self.region]
        try:
            with command.make_context(word, arguments) as context:
                command.invoke(context)
        except click.exceptions.Exit:
            return

    def _help(self, _: str) -> None:
        click.echo(HELP.format(commands=", ".join(PASSED_ON)))

    def _quit(self, _: str) -> None:
        self.ended = True

    def _network(self, source: str) -> None:
        if source:
            api.load(source)
            self.networks["f"] = source
            self.outputs.pop("f", None)
        loaded = self.load("f")
        click.echo(
            f"f is {loaded.name}: {counted(loaded.input_size, 'input')}, {loaded.relu_count} ReLU, "
            f"{counted(loaded.output_size, 'output')}"
        )

    def _let(self, text: str) -> None:
        name, separator, source = (part.strip() for part in text.partition("="))
        if not separator or not re.fullmatch(r"[A-Za-z_]\w*", name) or not source:
            raise InputError(f"let {text[:60]}: expected NAME=FILE, such as: let g=other.onnx")
        api.load(source)
        self.networks[name] = source
        self.outputs.pop(name, None)

    def _region(self, text: str) -> None:
        if text:
            api.parse_region(text, self.load("f"))
            self.region = text
        click.echo(f"the region is {self.region}")

    def _last(self) -> Result:
        if self.result is None:
            raise InputError("there is no claim yet; ask one first, such as: affine on box(0, 1)")
        return self.result

    def _report(self, folder: str) -> None:
        result = self._last()
        if not folder:
            raise InputError("report: name a folder to write to")
        take(ReportFolder(Path(folder)))
        write_reports(Path(folder), [result])
        self.page = Path(folder) / f"{file_stem(result)}.html"
        click.echo(str(self.page))

    def _open(self, _: str) -> None:
        self._last()
        if self.page is None:
            raise InputError("there is no page of the last claim; write one first: report FOLDER")
        if not webbrowser.open(self.page.resolve().as_uri()):
            raise InputError(f"no browser could be started; the page is {self.page}")

    def _save(self, name: str) -> None:
        if not self.claims:
            raise InputError("there is nothing to save yet")
        if not name.endswith(".toml"):
            raise InputError(f"save {name[:60]}: expected the name of a .toml file")
        if Path(name).exists():
            raise InputError(f"save {name[:60]}: there is such a file; name another one")
        write_text(Path(name), claims_file(self.claims))
        click.echo(f"{counted(len(self.claims), 'claim')} in {name}")

    def words(self) -> list[str]:
        """What a line may start with, or hold: commands, properties, regions, names of networks."""
        names = ["help", "quit", "network", "let", "region", "on", "report", "open", "save", *PASSED_ON]
        return [*names, *CATALOGUE, *FAMILIES, *REGIONS, *(f"{n}(" for n in self.networks)]

    def completions(self, before: str) -> list[str]:
        """What the last word of an unfinished line may become: words, names of units, files."""
        word = re.split(r"[\s(,=&]", before)[-1]
        if not word:
            return []
        layers = [block.name for block in self.load("f").blocks if block.relu]
        found = [w for w in [*self.words(), *layers] if w.startswith(word) and w != word]
        return list(dict.fromkeys([*found, *_files(word)]))


def _is_property(line: str) -> bool:
    """Whether the line is a property, on a region or not."""
    try:
        find(_parted(line)[0])
    except PropertyError:
        return False
    return True


def _is_family(line: str) -> bool:
    """Whether the line starts as properties with numbers do: then the message says how they are written."""
    first = line.split(" ")[0].lower()
    return any(name.split(" ")[0] == first for name in FAMILIES)


def _parted(line: str) -> tuple[str, str, str]:
    """What stands before ``on``, that word if it is there, and what stands behind it."""
    found = re.search(r"\son(?=\s|$)", line)
    if found is None:
        return line.strip(), "", ""
    return line[: found.start()].strip(), "on", line[found.end() :].strip()


def _files(word: str) -> list[str]:
    """Files and folders that a word may name."""
    folder, _, start = word.rpartition("/")
    place = Path(f"{folder}/" if folder or word.startswith("/") else ".")
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return []
    head = f"{folder}/" if "/" in word else ""
    shown = [e for e in entries if e.name.startswith(start) and (e.is_dir() or e.name.endswith(SUFFIXES))]
    return [f"{head}{entry.name}{'/' if entry.is_dir() else ''}" for entry in shown]


def claims_file(claims: list[SessionClaim]) -> str:
    """Claims as a file for the gate: each expected to be as it was found; undecided ones are left out, with a note."""
    parts = ["# Claims of a session of verify shell, each as it was found.\n"]
    for claim in claims:
        if claim.verdict == "unknown":
            parts.append(f"# not decided: {' '.join(claim.text.split())}\n")
            continue
        lines = ["[[claim]]", f"network = {json.dumps(claim.network)}"]
        if claim.region is None:
            lines.append(f"formula = {json.dumps(claim.text)}")
        else:
            lines += [f"property = {json.dumps(claim.text)}", f"on = {json.dumps(claim.region)}"]
        second = claim.names.get("to") or claim.names.get("g")
        lines += [f"to = {json.dumps(second)}"] if second else []
        keys = {"f": "output", **({"g": "to_output"} if second else {})}
        lines += [f"{key} = {json.dumps(claim.outputs[name])}" for name, key in keys.items() if name in claim.outputs]
        lines += [f'expect = "{claim.verdict}"'] if claim.verdict != "proved" else []
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
