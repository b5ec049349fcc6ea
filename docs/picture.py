"""Turns what a program prints on a terminal (UTF-8 with SGR colours, on standard input) into an SVG picture.

    naosu try cert_expired --color always | python3 docs/picture.py '$ naosu try cert_expired' > picture.svg

What stands behind a gap of two spaces or more is put at its column, so that the columns hold with whatever monospaced
and Japanese fonts the reader has. Python's standard library is all it needs.
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


def blocks(line):
    """The line cut at gaps of two spaces and more: (column, pieces); and how many columns it takes."""
    column, gap, found = 0, 2, []
    for style, text in pieces(line):
        for character in text:
            if character == " ":
                gap += 1
            else:
                if gap >= 2:
                    found.append((column, []))
                    gap = 0
                stretch = found[-1][1]
                if not stretch or stretch[-1][0] != style:
                    stretch.append([style, ""])
                stretch[-1][1] += " " * gap + character
                gap = 0
            column += cells(character)
    return column, found


def picture(title, lines):
    drawn, columns = [], 60
    for row, line in enumerate(lines):
        taken, found = blocks(line)
        columns = max(columns, taken)
        for column, stretch in found:
            spans = "".join(
                f'<tspan fill="{colour or (FAINT if dim else INK)}"'
                + (' font-weight="600"' if bold else "")
                + f">{escape(text)}</tspan>"
                for (colour, bold, dim), text in stretch
            )
            x, y = EDGE + column * CELL, BAR + EDGE + row * LINE + 4
            drawn.append(f'<text x="{x:.1f}" y="{y}" xml:space="preserve">{spans}</text>')
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
