"""The TOML reader's messages in our words: what is wrong in the line, and what was probably meant."""

from __future__ import annotations

import re

from hpcmix.problem.mistakes.hints.units import isotope_hint

_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")
_SENTENCES = {
    "Invalid value": "a value is missing or is text without its quotes",
    "Expected '=' after a key in a key/value pair": "an = is missing after the key",
    "Cannot overwrite a value": "this key stands twice in its table",
    "Expected newline or end of document after a statement": "there is more on this line than one entry",
    "Invalid statement": "this is neither a [section] nor an entry key = value",
    "Cannot declare": "this section stands twice; an array of sections has two brackets, as in [[species]]",
    "Unterminated string": "a text is not closed with its quote",
    "Illegal character '\\n'": "a text is not closed with its quote",
    "Expected \"'": "a text is not closed with its quote",
    "Expected '\"": "a text is not closed with its quote",
    "Unclosed array": "a list is not closed with ]",
    "Unclosed inline table": "a table is not closed with }, or continues on the next line",
}
_QUOTES = ('"""', "'''", '"', "'")
_QUANTITY = re.compile(r"=\s*([-+]?[\d._]+(?:[eE][-+]?\d+)?)\s*([A-Za-zµμΩÅ][\w^*/ ]*?)\s*(?:#.*)?$")
_BARE_WORD = re.compile(r"=\s*([A-Za-z_][\w.-]*)\s*(?:#.*)?$")


def explained(message: str, text: str) -> tuple[str, int, str]:
    """The sentence for a message of ``tomllib`` about the text, the line, and the column as words."""
    position = _POSITION.search(message)
    reason = message[: position.start()] if position else message.removesuffix(" (at end of document)")
    line = int(position[1]) if position else text.rstrip("\n").count("\n") + 1
    column = f" (column {position[2]})" if position else ""
    lines = text.split("\n")
    content = lines[line - 1] if line <= len(lines) else ""
    if _unbalanced(content):
        return "a text lacks one of its quotes", line, column
    if not position and (first := next((n for n, line in enumerate(lines, 1) if _unbalanced(line)), None)):
        return "a text is not closed with its quote", first, ""
    if quantity := _QUANTITY.search(content):
        meant = f"{quantity[1]} {quantity[2]}"
        if isotope := isotope_hint(meant):
            return f"text stands in quotes{isotope}", line, column
        return f'a quantity with a unit is text and stands in quotes: "{meant}"', line, column
    if word := _BARE_WORD.search(content):
        return f'a value that is text stands in quotes: "{word[1]}"', line, column
    for beginning, sentence in _SENTENCES.items():
        if reason.startswith(beginning):
            return sentence, line, column
    return reason[:1].lower() + reason[1:], line, column


def _unbalanced(line: str) -> bool:
    """Whether a quote of the line has no other."""
    position = 0
    while position < len(line):
        if line[position] == "#":
            return False
        quote = next((mark for mark in _QUOTES if line.startswith(mark, position)), None)
        if quote is None:
            position += 1
            continue
        end = line.find(quote, position + len(quote))
        while end > 0 and quote[0] == '"' and line[end - 1] == "\\":
            end = line.find(quote, end + 1)
        if end < 0:
            return True
        position = end + len(quote)
    return False
