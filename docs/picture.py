"""Turns what a program prints on a terminal (UTF-8 with SGR colours, on standard input) into an SVG picture.

    naosu try cert_expired --color always | python3 docs/picture.py '$ naosu try cert_expired' > picture.svg

Every piece of text is put at its column with its exact width, so that the columns hold with whatever monospaced and
Japanese fonts the reader has. Python's standard library is all it needs.
"""

import re
import sys
import unicodedata
from html import escape

CELL, LINE, SIZE, EDGE, BAR = 8.4, 20, 14, 20, 34
PAPER, INK, FAINT = "#1b1e28", "#d7dae0", "#868c9c"
COLOURS = {
    "30": "#5c6370", "31": "#ef6b73", "32": "#8ecb79", "33": "#e2bf6f",
    "34": "#6cb2f0", "35": "#c987dd", "36": "#5bc0c9", "37": "#d7dae0", "90": "#868c9c",
}
FONTS = (
    "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', "
    "'Noto Sans Mono CJK JP', 'Hiragino Kaku Gothic ProN', 'Yu Gothic', 'Noto Sans CJK JP', monospace"
)


def cells(character):
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pieces(line):
    """(style, text) for each stretch of one style; a style is (colour, bold, dim)."""
    style, found = (None, False, False), []
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            if part:
                found.append((style, part))
            continue
        for number in (code[1] or "0").split(";"):
            colour, bold, dim = style
            if number in ("", "0"):
                style = (None, False, False)
            elif number == "1":
                style = (colour, True, dim)
            elif number == "2":
                style = (colour, bold, True)
            elif number in COLOURS:
                style = (COLOURS[number], bold, dim)
    return found


def runs(text):
    """The text cut where narrow and wide characters meet, and at spaces, each with its column and width."""
    column, found = 0, []
    for character in text:
        width = cells(character)
        kind = " " if character == " " else width
        if found and (found[-1][0] == kind or width == 0):
            found[-1][2] += character
            found[-1][3] += width
        else:
            found.append([kind, column, character, width])
        column += width
    return column, [(at, piece, width) for kind, at, piece, width in found if kind != " "]


def picture(title, lines):
    drawn, columns = [], 60
    for row, line in enumerate(lines):
        y, column = BAR + EDGE + row * LINE + 4, 0
        for (colour, bold, dim), text in pieces(line):
            width, parts = runs(text)
            look = f'fill="{colour or (FAINT if dim else INK)}"' + (' font-weight="600"' if bold else "")
            for at, part, part_width in parts:
                x, length = EDGE + (column + at) * CELL, part_width * CELL
                drawn.append(
                    f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" {look}>{escape(part)}</text>'
                )
            column += width
        columns = max(columns, column)
    width = 2 * EDGE + columns * CELL
    height = BAR + 2 * EDGE + len(lines) * LINE - LINE // 2
    dots = "".join(f'<circle cx="{20 + 18 * i}" cy="18" r="5.5" fill="#3a4050"/>' for i in range(3))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" role="img" font-family="{FONTS}" font-size="{SIZE}">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(plain)}</desc>\n"
        f'<rect width="100%" height="100%" rx="9" fill="{PAPER}"/>\n{dots}\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def main():
    command = sys.argv[1]
    printed = sys.stdin.buffer.read().decode("utf-8").rstrip("\n").split("\n")
    print(picture(command.lstrip("$ "), [command, ""] + printed), end="")


main()
