"""Runs the commands of these pages once more, and writes what they print, and their pictures, into the pages.

    python3 docs/renew.py [PAGE.md ...]

It needs `target/release/elbo` and, for pictures, Chromium and Pillow. In a page

- a block ```sh is run, line by line, in an empty folder that has the files of docs/data (and those of ELBO_DATA);
  a block ```shell is shown, and not run;
- <!-- said REGEX --> stands before a ```text block: the lines of the last ```sh block that match, the others as `…`;
- <!-- figure REPORT: TITLE --> stands before an image: the figure below that heading of a run's report;
- <!-- picture FILE --> stands before an image: a picture that a command wrote.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PART = re.compile(
    r"```sh\n(?P<run>.*?)```"
    r"|<!-- said (?P<said>.*?) -->\n```text\n.*?```"
    r"|<!-- figure (?P<report>.*?): (?P<title>.*?) -->\n!\[[^\]]*\]\((?P<figure>.*?)\)"
    r"|<!-- picture (?P<file>.*?) -->\n!\[[^\]]*\]\((?P<picture>.*?)\)",
    re.S,
)


def run(script, place):
    """What the commands of a block print; a fit that is not to be trusted exits with 3."""
    path = f"{ROOT / 'target' / 'release'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    printed, line = "", ""
    for part in script.replace("\\\n", " ").splitlines():
        line += part
        if line.count('"') % 2:  # A quotation goes on in the next line.
            line += "\n"
            continue
        print("$", line, flush=True)
        done = subprocess.run(line, shell=True, cwd=place, env={**os.environ, "PATH": path}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode not in (0, 3):
            sys.exit(f"{line}\n{done.stdout}")
        printed, line = printed + done.stdout.replace(f"{place}/", ""), ""
    return printed


def matching(printed, pattern):
    """The lines that match, and one … in the place of others between them."""
    lines = []
    for line in printed.splitlines():
        if re.search(pattern, line):
            lines.append(line.rstrip())
        elif lines and lines[-1] != "…":
            lines.append("…")
    if not lines:
        sys.exit(f"no line matches {pattern}:\n{printed}")
    return "\n".join(lines[:-1] if lines[-1] == "…" else lines)


def draw(report, title, to):
    """Draws the figure below a heading of a report."""
    page = report.read_text()
    style = re.search(r"<style>.*?</style>", page, re.S)[0]
    section = next((s for s in re.findall(r"<section>.*?</section>", page, re.S) if f"<h2>{title}</h2>" in s), None)
    if section is None:
        sys.exit(f"{report} has no figure {title!r}: {re.findall('<h2>(.*?)</h2>', page)}")
    figure = re.search(r"<figure>.*?</figure>", section, re.S)[0]
    figure = re.sub(r"<figcaption>.*?</figcaption>", "", figure, flags=re.S)
    with tempfile.TemporaryDirectory() as place:
        html, png = Path(place) / "figure.html", Path(place) / "figure.png"
        html.write_text(f"<!DOCTYPE html><meta charset='utf-8'>{style}<style>body{{margin:0;padding:8px}}</style>{figure}")
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        "--window-size=800,1600", f"--screenshot={png}", str(html)], check=True, capture_output=True)
        shrink(png, to)


def shrink(png, to):
    """Cuts the empty margin away, and keeps few colours."""
    from PIL import Image, ImageChops

    image = Image.open(png).convert("RGB")
    empty = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    image = image.crop(ImageChops.difference(image, empty).getbbox())
    image.quantize(64, dither=Image.Dither.NONE).save(to, optimize=True)
    print(to.name, to.stat().st_size, "bytes")


def renew(page):
    data = [*(DOCS / "data").iterdir(), DOCS / "weights.py", ROOT / "crates/elbo-data/data/digits.csv"]
    if shared := os.environ.get("ELBO_DATA"):
        data += [file for file in Path(shared).glob("*/*") if file.is_file()]
    printed = ""
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        for file in reversed(data):
            shutil.copy(file, place / file.name)

        def part(match):
            nonlocal printed
            if match["run"]:
                printed = run(match["run"], place)
            elif match["said"]:
                head = match[0].split("\n")[0]
                return f"{head}\n```text\n{matching(printed, match['said'])}\n```"
            elif match["figure"]:
                draw(place / match["report"], match["title"], DOCS / match["figure"])
            else:
                shutil.copy(place / match["file"], DOCS / match["picture"])
            return match[0]

        page.write_text(PART.sub(part, page.read_text()))


for name in sys.argv[1:] or sorted(DOCS.glob("*.md")):
    renew(DOCS / Path(name).name)
