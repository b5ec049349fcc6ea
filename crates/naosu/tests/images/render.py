#!/usr/bin/env python3
"""Draws the dialogs that the tests of `naosu ask --image` read: python3 render.py, here, with Pillow and the fonts
Noto Sans CJK and DejaVu. Writes a picture for each line of dialogs.jsonl; the same pictures every time."""

import json
import pathlib
import random
import textwrap

from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = pathlib.Path(__file__).resolve().parent
CJK = "/usr/share/fonts/opentype/noto/NotoSansCJK-%s.ttc"
LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSans%s.ttf"

# by look: points to a unit, width in units, size of title and text in units, whether text is centred, colours
LOOKS = {
    "ios": dict(scale=3, width=270, title=17, text=13, centred=True, page=(118, 118, 122), box=(242, 242, 244),
                ink=(0, 0, 0), link=(0, 110, 240), below=True),
    "ios_dark": dict(scale=3, width=270, title=17, text=13, centred=True, page=(0, 0, 0), box=(38, 38, 41),
                     ink=(255, 255, 255), link=(50, 140, 255), below=True),
    "mac": dict(scale=2, width=420, title=13, text=11, centred=False, page=(70, 110, 140), box=(236, 236, 236),
                ink=(20, 20, 20), link=(20, 20, 20), below=False),
    "mac_dark": dict(scale=2, width=420, title=13, text=11, centred=False, page=(30, 30, 40), box=(50, 50, 52),
                     ink=(235, 235, 235), link=(235, 235, 235), below=False),
    "mac_small": dict(scale=1, width=420, title=13, text=11, centred=False, page=(70, 110, 140), box=(236, 236, 236),
                      ink=(20, 20, 20), link=(20, 20, 20), below=False),
    "windows": dict(scale=1, width=500, title=12, text=12, centred=False, page=(245, 245, 245), box=(255, 255, 255),
                    ink=(0, 0, 0), link=(0, 0, 0), below=False),
    "windows_large": dict(scale=2, width=480, title=12, text=12, centred=False, page=(0, 90, 158),
                          box=(255, 255, 255), ink=(0, 0, 0), link=(0, 0, 0), below=False),
    "thunderbird": dict(scale=1, width=520, title=15, text=14, centred=False, page=(240, 240, 244),
                        box=(255, 255, 255), ink=(21, 20, 26), link=(0, 97, 224), below=False),
    "thunderbird_dark": dict(scale=1, width=520, title=15, text=14, centred=False, page=(24, 24, 27),
                             box=(43, 42, 51), ink=(251, 251, 254), link=(0, 221, 255), below=False),
    "android": dict(scale=3, width=300, title=18, text=14, centred=False, page=(90, 90, 95), box=(236, 240, 247),
                    ink=(25, 28, 32), link=(0, 90, 190), below=False),
}


def font(lang, size, bold):
    if lang == "ja":
        return ImageFont.truetype(CJK % ("Bold" if bold else "Regular"), size, index=0)
    return ImageFont.truetype(LATIN % ("-Bold" if bold else ""), size)


def wrapped(text, face, width, lang):
    lines = []
    for part in text.split("\n"):
        pieces = list(part) if lang == "ja" else part.replace(" ", " \0").split("\0")
        line = ""
        for piece in pieces:
            if line and face.getlength((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
        lines.append(line.rstrip())
    return lines


def dialog(entry):
    look = LOOKS[entry["look"]]
    unit, lang = look["scale"], entry["lang"]
    width, pad = look["width"] * unit, 20 * unit
    rows = []
    for text, size, bold in ((entry.get("title"), look["title"], True), (entry.get("text"), look["text"], False)):
        if text:
            face = font(lang, size * unit, bold)
            rows += [(line, face, int(size * unit * 1.45)) for line in wrapped(text, face, width - 2 * pad, lang)]
            rows.append(("", face, 6 * unit))
    foot = 46 * unit
    height = pad + sum(row[2] for row in rows) + foot
    margin = 18 * unit
    picture = Image.new("RGB", (width + 2 * margin, height + 2 * margin), look["page"])
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((margin, margin, margin + width, margin + height), 12 * unit if look["centred"] else 6 * unit,
                           fill=look["box"])
    y = margin + pad
    for line, face, step in rows:
        x = margin + pad
        if look["centred"]:
            x = margin + (width - face.getlength(line)) / 2
        draw.text((x, y), line, font=face, fill=look["ink"])
        y += step
    face = font(lang, look["text"] * unit + unit, False)
    buttons = entry["buttons"]
    top = margin + height - foot + 8 * unit
    if look["below"]:
        draw.line((margin, top - 6 * unit, margin + width, top - 6 * unit), fill=(150, 150, 155), width=max(1, unit // 2))
        for place, button in enumerate(buttons):
            centre = margin + width * (2 * place + 1) / (2 * len(buttons))
            draw.text((centre - face.getlength(button) / 2, top), button, font=face, fill=look["link"])
    else:
        x = margin + width - pad
        for button in reversed(buttons):
            x -= face.getlength(button) + 16 * unit
            draw.text((x, top), button, font=face, fill=look["link"])
            x -= 16 * unit
    return picture


def photographed(picture, seed):
    """As a phone sees a screen: turned a little, unevenly lit, noisy, not quite sharp."""
    chance = random.Random(seed)
    picture = picture.resize((1100, picture.height * 1100 // picture.width),
                             Image.LANCZOS)
    w, h = picture.size
    lean = chance.uniform(0.01, 0.03)
    picture = picture.transform((w, h), Image.QUAD, (0, 0, -w * lean, h, w * (1 + lean), h, w, 0), Image.BICUBIC)
    picture = picture.rotate(chance.choice((-1, 1)) * chance.uniform(1.0, 2.5), Image.BICUBIC, expand=True, fillcolor=(60, 60, 60))
    w, h = picture.size
    light = Image.linear_gradient("L").rotate(90).resize((w, h))
    picture = Image.composite(picture, picture.point(lambda v: int(v * 0.55)), light)
    noise = Image.frombytes("L", (w // 2, h // 2), chance.randbytes((w // 2) * (h // 2))).resize((w, h))
    picture = Image.blend(picture, noise.convert("RGB"), 0.10)
    return picture.filter(ImageFilter.GaussianBlur(1.0))


def on_a_desktop(picture):
    """A whole screen with other windows, as a person sends it who does not cut out the message."""
    screen = Image.new("RGB", (1440, 900), (58, 110, 165))
    draw = ImageDraw.Draw(screen)
    face = font("en", 12, False)
    draw.rectangle((60, 40, 1200, 800), fill=(250, 250, 250))
    draw.rectangle((60, 40, 1200, 70), fill=(225, 225, 228))
    for row in range(24):
        draw.rectangle((60, 90 + row * 29, 290, 90 + row * 29), fill=(225, 225, 228))
        draw.text((310, 92 + row * 29), "Meeting notes %d   Suzuki Taro   10:%02d" % (row, row), font=face, fill=(90, 90, 90))
    draw.rectangle((0, 860, 1440, 900), fill=(30, 30, 34))
    screen.paste(picture, ((1440 - picture.width) // 2, 300))
    return screen


def main():
    for line in (HERE / "dialogs.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        picture = dialog(entry)
        seen = entry.get("seen")
        if seen == "photo":
            picture = photographed(picture, entry["id"])
            picture.convert("L").save(HERE / (entry["id"] + ".jpg"), quality=50)
        elif seen == "sent":
            # a messenger makes it small and saves it badly
            small = 560 / picture.width
            picture = picture.resize((560, int(picture.height * small)), Image.LANCZOS)
            picture.save(HERE / (entry["id"] + ".jpg"), quality=40)
        elif seen == "desktop":
            on_a_desktop(picture).quantize(16).save(HERE / (entry["id"] + ".png"), optimize=True)
        else:
            picture.quantize(24).save(HERE / (entry["id"] + ".png"), optimize=True)


if __name__ == "__main__":
    main()
