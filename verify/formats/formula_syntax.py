"""The grammar of formulas, and mistakes that are drawn: the line, a caret, what was expected and a near example.

Regions inside a formula are written as everywhere else (``verify.formats.syntax``): the text after ``in`` is cut out
first, and a mark of the same length stands in its place, so that columns stay what they are.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from verify.errors import FormulaError
from verify.formats.reading import shorten
from verify.formats.syntax import MAX_NESTING
from verify.formula.tree import FormulaMistake

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.exceptions import UnexpectedInput

MAX_TEXT = 20_000
MAX_REGIONS = 1_000
# Marks are characters of a private area of Unicode, which no formula contains.
FIRST_MARK, LAST_MARK = 0xE000, 0xE7FF

GRAMMAR = r"""
    formula: implication [FOR implication ("," implication)*]
    ?implication: disjunction (IMPLIES disjunction)*
    ?disjunction: conjunction (OR conjunction)*
    ?conjunction: negation (AND negation)*
    ?negation: comparison | NOT+ comparison                   -> negated
    ?comparison: sum | sum (COMPARE sum)+                     -> compared
        | sum IN REGION                                       -> member
    ?sum: product (SIGN product)*
    ?product: factor (TIMES factor)*
    ?factor: entry | SIGN+ entry                              -> signed
    ?entry: atom | atom (LSQB NUMBER "]")+                    -> entry
    ?atom: NUMBER | NAME
        | NAME LPAR [implication ("," implication)*] ")"      -> call
        | LPAR implication ")"                                -> group
        | LSQB [value ("," value)*] "]"                       -> listing
    value: SIGN* NUMBER [OVER NUMBER]

    FOR: /for\b/
    IN: /in\b/
    AND: /and\b/
    OR: /or\b/
    NOT: /not\b/
    IMPLIES: "=>"
    LSQB: "["
    LPAR: "("
    REGION: /[\uE000-\uE7FF] */
    SIGN: /[+-]/
    OVER.2: "/"
    TIMES: /[*\/]/
    COMPARE: /[<>=!]=|[<>]|=(?!>)/
    NAME: /(?!(for|in|and|or|not)\b)[A-Za-z_][A-Za-z_0-9]*/
    NUMBER: /([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
    %ignore /\s+/
"""

_SPELLED = {
    "NAME": "a name",
    "NUMBER": "a number",
    "COMPARE": "a comparison",
    "REGION": "a region",
    "IN": "'in'",
    "FOR": "'for'",
    "AND": "'and'",
    "OR": "'or'",
    "NOT": "'not'",
    "IMPLIES": "'=>'",
    "SIGN": "'+' or '-'",
    "TIMES": "'*' or '/'",
    "OVER": "'/'",
    "LSQB": "'['",
    "LPAR": "'('",
    "RPAR": "')'",
    "RSQB": "']'",
    "COMMA": "','",
    "$END": "the end",
}
_HINTS = {
    "&": "write 'and'",
    "|": "write 'or' between statements, and abs(x) for |x|",
    "!": "write 'not'",
    "~": "write 'not'",
    "^": "powers are not decided",
    "²": "powers are not decided",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "∈": "write 'in'",
    "∧": "write 'and'",
    "∨": "write 'or'",
    "¬": "write 'not'",
    "⇒": "write '=>'",
    "→": "write '=>'",
    "∞": "infinity is written in regions alone: x in box(0, inf)",
    "·": "write *",
    "×": "write *",
    "∀": "conditions come last: f(x) >= 0 for x in all",
    "∃": "only 'for all' is decided; refute the opposite to find a value",
    "if": "write CONDITION => STATEMENT",
    "where": "conditions come after 'for'",
    ",": "write 'and' between statements; conditions come after 'for'",
    ".": "only f(x), x[0], abs, min, max and sum are there",
}
# The same for what stands before the place: the end of the text before it, and a hint.
_HINTS_BEFORE = (
    (re.compile(r"\*$"), "*", "powers are not decided"),
    (re.compile(r"-$"), ">", "write '=>' for an implication"),
    (re.compile(r"^\s*$"), "for", "conditions come last: f(x) >= 0 for x in all"),
    (re.compile(r"\bfor\s+all\s+$"), "", "write: for x in all"),
    (re.compile(r"\bforall\s+$"), "", "conditions come last: f(x) >= 0 for x in all"),
    (re.compile(r"\bexists\s+$"), "", "only 'for all' is decided; refute the opposite to find a value"),
    (re.compile(r"\]$"), "(", "entries come last: f(x)[0]"),
)

EXAMPLES = (
    "f(x + y) == f(x) + f(y) for x, y in box(0, 1)",
    "f(2*x) == 2*f(x) for x >= 0",
    "f(t*x) == t*f(x) for x in all, t >= 0",
    "f(x) <= f(x + d) for x in box(0, 1), d >= 0",
    "f(x)[0] == g(x)[0] for x in all",
    "f(x)[0] > f(x)[1] for x in ball(image.npy, 1/255)",
    "abs(f(x) - g(x)) <= 1/20 for x in box(-1, 1)",
    "0 <= f(x) < 1 for x in box(0, 1)",
    "f(x) >= 0 and f(-x) >= 0 for x in nonneg",
    "x[0] <= x[1] => f(x) <= 1 for x in box(0, 1)",
    "not (f(x) == 0) for x in box([1, 0], [2, 1])",
    "f(x) <= max(x) for x in all",
    "f([1, 1/2]) == 0",
)


def mistaken(text: str, mistake: FormulaMistake) -> FormulaError:
    """The error that draws a mistake."""
    place = min(max(mistake.place, 0), len(text))
    start = max(0, place - 30) if len(text) > 72 else 0
    shown = text[start : start + 72]
    line = re.sub(r"\s", " ", ("..." if start else "") + shown + ("..." if start + 72 < len(text) else ""))
    column = place - start + (3 if start else 0)
    example = (difflib.get_close_matches(text[:200], EXAMPLES, n=1, cutoff=0.2) or EXAMPLES[:1])[0]
    message = shorten(str(mistake), 400)
    drawn = f"{line}\n{' ' * column}^\n{message}\nfor example: {example}"
    near = shorten(text.strip(), 60)
    return FormulaError(f"formula {near!r}, column {place + 1}: {message}; for example: {example}", drawn)


def parse(text: str) -> tuple[Tree[Token], list[tuple[int, str]]]:
    """The syntax tree, and the texts of the regions with where they start; raises ``FormulaMistake``."""
    from lark.exceptions import UnexpectedInput

    _check_size(text)
    plain, regions = cut_regions(text)
    try:
        return _parser().parse(plain), regions
    except UnexpectedInput as error:
        raise _mistake(plain, error) from error


@cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", start="formula", propagate_positions=True)


def _check_size(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise FormulaMistake(0, f"{len(text)} characters; at most {MAX_TEXT} are read")
    marks = [i for i, letter in enumerate(text) if FIRST_MARK <= ord(letter) <= LAST_MARK]
    if marks:
        raise FormulaMistake(marks[0], f"unexpected character {text[marks[0]]!r}")
    depth = 0
    for found in re.finditer(r"[(\[]|[)\]]", text):
        depth += 1 if found.group() in "([" else -1
        if depth > MAX_NESTING:
            raise FormulaMistake(found.start(), f"brackets nested more than {MAX_NESTING} deep")


_IN = re.compile(r"\bin\b")
_PRIMARY = re.compile(r"\s*(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s()\[\],&'\"<>=+*;:]+)?")


def cut_regions(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The text with a mark for each region after ``in``, and the regions' places and texts."""
    regions: list[tuple[int, str]] = []
    pieces, done = [], 0
    for found in _IN.finditer(text):
        if found.start() < done:  # inside a region's file name
            continue
        start, end = found.end(), _region_end(text, found.end())
        written = text[start:end]
        place = start + len(written) - len(written.lstrip())
        if not written.strip():
            instead = "; write box(0, 1) for an interval" if text[place : place + 1] == "[" else ""
            known = f"expected a region after 'in': all, nonneg, box(0, 1), ...{instead}"
            raise FormulaMistake(min(place, len(text)), known)
        if len(regions) == MAX_REGIONS:
            raise FormulaMistake(place, f"more than {MAX_REGIONS} regions")
        pieces += [text[done:place], chr(FIRST_MARK + len(regions)).ljust(end - place)]
        regions.append((place, written.strip()))
        done = end
    return "".join([*pieces, text[done:]]), regions


def _region_end(text: str, start: int) -> int:
    """Where the region that starts here ends: parts joined by ``&``, each a name, a file or a bracket."""
    position = start
    while True:
        found = _PRIMARY.match(text, position)
        assert found is not None
        position = found.end()
        bracket = re.compile(r"\s*\(").match(text, position)
        if bracket is not None:
            position = _closing(text, bracket.end())
        following = re.compile(r"\s*&").match(text, position)
        if following is None:
            return position
        position = following.end()


def _closing(text: str, position: int) -> int:
    """Behind the bracket that closes the one before ``position``; the end where there is none."""
    depth = 1
    while position < len(text) and depth:
        if text[position] in "\"'":
            closing = text.find(text[position], position + 1)
            position = len(text) if closing < 0 else closing
        else:
            depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return min(position, len(text))


def _mistake(text: str, error: UnexpectedInput) -> FormulaMistake:
    """What a lark error says, in our words."""
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    spelled = sorted({_SPELLED.get(name, name) for name in names or ()}, key=_rank)
    expected = f"; expected {' or '.join(spelled)}" if spelled and len(spelled) <= 8 else ""
    if spelled and not expected:
        expected = f"; expected {', '.join(spelled[:6])}, ..."
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        return FormulaMistake(len(text.rstrip()), f"ends too early{expected}")
    place = max(int(error.pos_in_stream or 0), 0)
    got = str(token) if token is not None else text[place : place + 1]
    if FIRST_MARK <= ord(got[:1] or " ") <= LAST_MARK:
        return FormulaMistake(place, "a region stands here; write 'x in REGION', once for each point")
    hint = _hint(text[:place], got)
    return FormulaMistake(place, f"unexpected {shorten(got)!r}{hint or expected}")


def _hint(before: str, got: str) -> str:
    """What is written instead, where that is known."""
    for pattern, sign, hint in _HINTS_BEFORE:
        if pattern.search(before) and got.startswith(sign):
            return f"; {hint}"
    if got in _HINTS:
        return f"; {_HINTS[got]}"
    if got and not got.isascii() and got[0].isalnum():
        known = unicodedata.name(got[0], "another sign").lower()
        return f" ({known}); names and numbers are written with the letters a to z, A to Z and digits 0 to 9"
    return ""


def _rank(spelled: str) -> int:
    order = list(_SPELLED.values())
    return order.index(spelled) if spelled in order else len(order)
