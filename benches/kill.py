"""Fits that are killed or interrupted at random moments, over all verbs that fit, and what their resumed fits come to.

    python3 benches/kill.py --trials 100 --signal KILL
    python3 benches/kill.py --trials 100 --signal INT

Each trial starts a fit, sends it the signal at a moment drawn from its whole time, goes on with it by `elbo resume`, which
half of the times gets the signal as well, and compares the files of the finished fit with those of one that was let be, bit
for bit but for times. A program that fails otherwise, or a fit whose bits differ, is a fault: it is named, and its folder
kept. Exit code 1 where there was one.
"""

import argparse
import collections
import hashlib
import json
import math
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tables(folder, draw):
    """The data of all fits."""
    normal = lambda: draw.gauss(0, 1)
    blobs = [[normal() + 4 * (i % 5) * (d % 2), normal() - 3 * (i % 3), normal(), normal()] for i in range(600)
             for d in [i % 4]]
    write(folder / "blobs.csv", ["a", "b", "c", "d"], blobs)
    factors = []
    for _ in range(1500):
        z = [normal() for _ in range(4)]
        factors.append([sum(z[k] * math.sin(d + 2 * k + 1) for k in range(4)) + 0.5 * normal() for d in range(14)])
    write(folder / "factors.csv", [f"x{d}" for d in range(14)], factors)
    level, series = 0.0, []
    for t in range(1500):
        level = 0.9 * level + normal()
        series.append([level + 0.5 * normal(), math.sin(t / 9) + 0.3 * normal(), level - normal()])
    write(folder / "series.csv", ["u", "v", "w"], series)
    spins = [[0.0] * 150 for _ in range(150)]
    for i in range(150):
        for j in range(i):
            spins[i][j] = spins[j][i] = 0.12 * normal()
    write(folder / "spins.csv", None, spins)
    words = []
    for document in range(1500):
        counts = collections.Counter(
            50 * ((document % 8 + draw.choice([0, 0, 0, 1, 4])) % 8) + int(50 * draw.random() ** 2) for _ in range(80))
        words.append(f"{len(counts)} " + " ".join(f"{word}:{n}" for word, n in sorted(counts.items())))
    (folder / "words.ldac").write_text("\n".join(words) + "\n")


def write(path, names, rows):
    lines = ([",".join(names)] if names else []) + [",".join(f"{x:.6g}" for x in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


TO_THE_END = "--tolerance 1e-300"
FITS = {
    "train": "train digits --epochs 100 --hidden 64",
    "train per datum": "train digits --epochs 60 --hidden 32 --guide per-datum",
    "mixture": f"mixture --data blobs.csv --components 8 --starts 3 --sweeps 150 {TO_THE_END}",
    "mixture annealed": f"mixture --data blobs.csv --components 6 --starts 2 --sweeps 200 --anneal 0.3 {TO_THE_END}",
    "mixture online": "mixture --data blobs.csv --components 6 --share-prior dirichlet-process --starts 2 --sweeps 200 "
                      f"--online --batch 20 --epochs 8 {TO_THE_END}",
    "regress": f"regress --data factors.csv --prior relevance --sweeps 60000 {TO_THE_END}",
    "factors": f"factors --data factors.csv --latent 6 --starts 3 --sweeps 250 {TO_THE_END}",
    "normal": f"normal --data series.csv --column u --sweeps 5000 {TO_THE_END}",
    "hmm": f"hmm --data series.csv --states 4 --starts 3 --sweeps 200 {TO_THE_END}",
    "hmm annealed": f"hmm --data series.csv --states 3 --starts 2 --sweeps 150 --anneal 0.4 {TO_THE_END}",
    "state-space": f"state-space --data series.csv --states 3 --starts 2 --sweeps 12 {TO_THE_END}",
    "ising": f"ising --couplings spins.csv --starts 4 --anneal 0.3 --sweeps 150 {TO_THE_END}",
    "topics": f"topics --data words.ldac --topics 10 --starts 2 --sweeps 120 {TO_THE_END}",
    "topics online": f"topics --data words.ldac --topics 10 --starts 2 --sweeps 60 --online --batch 64 {TO_THE_END}",
}


def timeless(path):
    """A file without what a clock has written."""
    if path.name == "results.json":
        found = json.loads(path.read_bytes())
        found.pop("seconds")
        return json.dumps(found, sort_keys=True).encode()
    if path.name == "metrics.jsonl":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        for line in lines:
            for name in ("seconds", "rows_per_second"):
                line.pop(name, None)
        return json.dumps(lines).encode()
    return path.read_bytes()


FILES = ["config.toml", "model.json", "model.safetensors", "last.safetensors", "metrics.jsonl", "results.json"]


def bits(run):
    return {name: hashlib.sha256(timeless(run / name)).hexdigest() for name in FILES if (run / name).exists()}


def run(elbo, arguments, folder, kill=None, after=0.0):
    """Runs the program; the exit code and what it said. The signal comes `after` so many seconds."""
    child = subprocess.Popen([elbo, *arguments.split(), "--threads", "1"], cwd=folder, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
    try:
        _, said = child.communicate(timeout=after if kill else None)
    except subprocess.TimeoutExpired:
        child.send_signal(kill)
        _, said = child.communicate()
    return child.returncode, said.decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--elbo", default=ROOT / "target/release/elbo", help="the program")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--signal", choices=["KILL", "INT", "TERM"], default="KILL")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longer", type=int, default=1, help="so many times the epochs and sweeps: a state is written in "
                        "5 seconds, and a quicker fit that is killed begins anew")
    parser.add_argument("--fits", nargs="*", default=list(FITS), help="of these alone")
    asked = parser.parse_args()
    kill, draw = signal.Signals[f"SIG{asked.signal}"], random.Random(asked.seed)
    elbo = str(pathlib.Path(asked.elbo).resolve())
    base = pathlib.Path(tempfile.mkdtemp(prefix="elbo-kill-"))
    tables(base, random.Random(1))

    longer = lambda found: f"{found[1]} {int(found[2]) * asked.longer}"
    fits = {name: re.sub(r"(--epochs|--sweeps) (\d+)", longer, FITS[name]) for name in asked.fits}
    whole, times = {}, {}
    for name in asked.fits:
        place = f"--runs whole --name {name.replace(' ', '-')}"
        began = time.monotonic()
        code, said = run(elbo, f"{fits[name]} {place}", base)
        times[name] = time.monotonic() - began
        if code not in (0, 3):
            sys.exit(f"{name}: exit code {code}\n{said}")
        whole[name] = bits(base / "whole" / name.replace(" ", "-"))
        print(f"{name:18} {times[name]:5.1f} s, {len(whole[name])} files", flush=True)

    tally, faults = collections.Counter(), []
    for trial in range(asked.trials):
        name = asked.fits[trial % len(asked.fits)]
        folder = base / "killed" / name.replace(" ", "-")
        what = f"{fits[name]} --runs killed --name {folder.name}"
        ended = []
        for attempt in range(20):
            after = draw.random() * times[name] if attempt == 0 or draw.random() < 0.5 else None
            made = (folder / "config.toml").exists()
            code, said = run(elbo, f"resume killed/{folder.name}" if made else what, base, after and kill, after)
            ended.append(code)
            tally["went on from a state"] += "resumed     after" in said
            if code in (0, 3):
                break
            if kill == signal.SIGKILL and code == -kill:
                tally["killed, " + ("resumed" if made else "begun")] += 1
            elif kill != signal.SIGKILL and code in (130, -kill):
                tally["interrupted, " + ("with the command to go on" if "elbo resume" in said else "before a fit")] += 1
                if "interrupted: the fit ends" in said and "elbo resume killed/" not in said:
                    faults.append(f"{name}: no command to go on: {said}")
            else:
                faults.append(f"{name}: exit code {code}: {said[-500:]}")
                break
        same = bits(folder) == whole[name] if folder.exists() else False
        tally["same bits" if same else "OTHER BITS"] += 1
        left = [path.name for path in folder.glob(".elbo-*")] if folder.exists() else []
        if left:
            faults.append(f"{name}: left {left}")
        if not same:
            kept = base / f"fault-{trial}"
            shutil.move(folder, kept)
            faults.append(f"{name}: other bits after {ended}; kept in {kept}")
        else:
            shutil.rmtree(folder)
        if (trial + 1) % 10 == 0:
            print(trial + 1, dict(tally), flush=True)
    print(f"{asked.trials} trials with {asked.signal}: {dict(tally)}; {len(faults)} faults")
    for fault in faults:
        print(fault)
    if not faults:
        shutil.rmtree(base)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
