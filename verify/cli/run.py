"""Running a command: exit status, one-line errors, interrupts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

import click

from verify.cli.commands import commands
from verify.errors import EvidenceError, InputError
from verify.report.record import Result
from verify.search.outcome import SearchInterrupted

BAD_INPUT = 2
UNKNOWN = 3
INTERNAL = 4
INTERRUPTED = 130


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status (see DESIGN: 0 proved or done, 1, 2, 3, 4, 130)."""
    try:
        status = commands.main(args=list(arguments), prog_name="verify", standalone_mode=False)
        sys.stdout.flush()
        return int(status or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        hint = f" (try 'verify {error.ctx.info_name} --help')" if error.ctx and error.ctx.parent else ""
        return _complain(error.format_message() + hint, BAD_INPUT)
    except click.ClickException as error:
        return _complain(error.format_message(), BAD_INPUT)
    except InputError as error:
        return _complain(str(error), BAD_INPUT)
    except EvidenceError as error:
        return _complain(str(error), INTERNAL)
    except MemoryError:
        return _complain("out of memory: no verdict; raise --memory or ask about a smaller region", UNKNOWN)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except OSError as error:
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


def _interrupted(stop: BaseException, *, as_json: bool) -> int:
    result = stop.result if isinstance(stop, SearchInterrupted) else None
    if isinstance(result, Result):
        if as_json:
            print(json.dumps(result.to_json(), indent=1))
        tried = ", ".join(result.outcome.tried) or "nothing"
        message = f"interrupted after {result.outcome.seconds:.1f} s, no verdict; tried: {tried}"
    else:
        message = "interrupted"
    return _complain(message, INTERRUPTED)
