"""The prompt of the shell, with completion and history (prompt_toolkit)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from verify.cli.session import Session


class SessionCompleter(Completer):
    """Completes the last word of a line as the session says."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """The words that the one before the cursor may become."""
        before = document.text_before_cursor
        word = re.split(r"[\s(,=&]", before)[-1]
        return [Completion(found, start_position=-len(word)) for found in self.session.completions(before)]


def reader(session: Session) -> Callable[[str], str]:
    """What reads a line: Tab completes, the arrow keys go through the lines of this session."""
    prompt: PromptSession[str] = PromptSession(
        history=InMemoryHistory(), completer=SessionCompleter(session), complete_while_typing=False
    )
    return prompt.prompt
