"""The line of every key of a TOML document: ``tomllib`` does not tell it.

The text has been read by ``tomllib`` before, so it is valid TOML; this only has to find where statements begin.
"""

from __future__ import annotations

import re

Place = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_WORD = r"(?:[\w-]+|\"(?:[^\"\\\n]|\\[^\n])*\"|'[^'\n]*')"
_DOTTED = re.compile(rf"[ \t]*({_WORD}(?:[ \t]*\.[ \t]*{_WORD})*)[ \t]*")
_WORDS = re.compile(_WORD)
_VALUE = re.compile(
    r"\"\"\"(?:[^\\]|\\.)*?\"\"\"\"{0,2}|'''.*?''''{0,2}|\"(?:[^\"\\\n]|\\[^\n])*\"|'[^'\n]*'|#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>\n)|[^\"'#\[\]{}\n]+",
    re.DOTALL,
)


def key_lines(text: str) -> dict[Place, int]:
    """The line (from 1) on which each table header and each key stands; elements of arrays of tables by number."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    at, line = 0, 1
    while True:
        start = _BLANK.match(text, at)
        end = start.end() if start else at
        line += text.count("\n", at, end)
        at = end
        if at >= len(text):
            return found
        header = len(text[at : at + 2]) - len(text[at : at + 2].lstrip("["))
        key = _DOTTED.match(text, at + header)
        if key is None:  # not TOML: whoever asks has no line then
            return found
        place = _placed(tuple(_unquoted(word) for word in _WORDS.findall(key[1])), () if header else table, counts)
        if header:
            if header == 2:
                counts[place] = counts.get(place, -1) + 1
                place = (*place, counts[place])
            table = place
        found.setdefault(place, line)
        end = _value_end(text, key.end())
        line += text.count("\n", at, end)
        at = end


def _placed(words: tuple[str, ...], table: Place, counts: dict[Place, int]) -> Place:
    """The words below the table; on the way through an array of tables its last element is meant."""
    place = table
    for i, word in enumerate(words):
        place = (*place, word)
        if place in counts and i < len(words) - 1:
            place = (*place, counts[place])
    return place


def _unquoted(word: str) -> str:
    return word[1:-1] if word[0] in "\"'" else word


def _value_end(text: str, at: int) -> int:
    """Where the rest of a statement ends: at the first line break outside brackets and strings."""
    depth = 0
    while at < len(text):
        match = _VALUE.match(text, at)
        if match is None:
            return len(text)
        depth += (match["open"] is not None) - (match["close"] is not None)
        if match["end"] is not None and depth <= 0:
            return at
        at = match.end()
    return at
