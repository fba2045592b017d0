"""Running a command: exit status, one-line errors, interrupts."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Sequence

import click

from verify.cli.group import commands
from verify.errors import BudgetExceeded, EngineDisagreement, EvidenceError, FormulaError, InputError

BAD_INPUT = 2
UNKNOWN = 3
INTERNAL = 4
INTERRUPTED = 130
OUT_OF_MEMORY = "out of memory: no verdict; raise --memory or ask about a smaller region"


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (see DESIGN: 0 proved or done, 1, 2, 3, 4, 130)."""
    try:
        # Not ``commands.main``: it turns a closed pipe into status 1, which means refuted, and hides interrupts.
        with commands.make_context("verify", list(arguments)) as context:
            status = commands.invoke(context)
        if sys.stdout is not None:  # None when the caller has closed it: then the status is all that is asked for
            sys.stdout.flush()
        return int(status or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        hint = f" (try '{error.ctx.command_path} --help')" if error.ctx else ""
        return _complain(error.format_message() + hint, BAD_INPUT)
    except click.ClickException as error:
        return _complain(error.format_message(), BAD_INPUT)
    except FormulaError as error:
        return _complain(str(error), BAD_INPUT) if not error.drawn else _draw(error.drawn)
    except InputError as error:
        return _complain(str(error), BAD_INPUT)
    except (EvidenceError, EngineDisagreement) as error:
        return _complain(str(error), INTERNAL)
    except BudgetExceeded as error:
        return _complain(f"not decided: {error}", UNKNOWN)
    except MemoryError:
        return _complain(OUT_OF_MEMORY, UNKNOWN)
    except BrokenPipeError:
        # What is still buffered has no reader either; the interpreter would complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except OSError as error:
        if error.errno == errno.ENOMEM:
            return _complain(OUT_OF_MEMORY, UNKNOWN)
        return _complain(f"{error.filename or 'output'}: {error.strerror or error}", BAD_INPUT)
    except (KeyboardInterrupt, click.Abort) as stop:
        return _interrupted(stop, as_json="--json" in arguments)
    except Exception as error:
        if os.environ.get("VERIFY_TRACEBACK"):
            raise
        return _complain(
            f"internal error: {type(error).__name__}: {error}; set VERIFY_TRACEBACK=1 for the traceback", INTERNAL
        )


def _complain(message: str, status: int) -> int:
    print(f"verify: {' '.join(message.split())[:600]}", file=sys.stderr)
    return status


def _draw(mistake: str) -> int:
    """A formula with a caret under its mistake: several lines, the only message that has them."""
    print(f"verify: this formula cannot be decided\n{mistake}", file=sys.stderr)
    return BAD_INPUT


def _interrupted(stop: BaseException, *, as_json: bool) -> int:
    from verify.report.record import Result

    result = getattr(stop, "result", None)
    if isinstance(result, Result):
        if as_json:
            print(json.dumps(result.to_json(), indent=1))
        tried = ", ".join(result.outcome.tried) or "nothing"
        message = f"interrupted after {result.outcome.seconds:.1f} s, no verdict; tried: {tried}"
    else:
        message = "interrupted"
    return _complain(message, INTERRUPTED)
