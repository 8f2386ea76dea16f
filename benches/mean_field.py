#!/usr/bin/env python3
"""Measures elbo's coordinate ascent against scikit-learn in one interleaved run (CONTRIBUTING.md, "Speed").

`elbo` makes the same passes as scikit-learn: over a corpus every document converges from the start, with the same
tolerance. `elbo sweep` is a sweep of its coordinate ascent, with the bound, which scikit-learn does not compute in a
pass over a corpus; over rows the two are the same. A turn is one fit of five passes, or more of them.
"""

import argparse
import array
import os
import pathlib
import random
import struct
import sys
import tempfile

import compare
from compare import HERE, Failed, Stack, Turn

compare.UNITS["sweep"] = "steps"


def documents(path, number, words=10_000, topics=30, length=100):
    """Documents of two topics each, whose words are as frequent as in Zipf's law, each topic in an order of its own."""
    draw = random.Random(1)
    weights = [1 / (rank + 10) for rank in range(words)]
    orders = [draw.sample(range(words), words) for _ in range(topics)]
    cumulative = [sum(weights[:1])]
    for weight in weights[1:]:
        cumulative.append(cumulative[-1] + weight)
    with open(path, "w") as file:
        for _ in range(number):
            own, counts = draw.sample(orders, 2), {}
            for rank in draw.choices(range(words), cum_weights=cumulative, k=draw.randint(length // 2, 3 * length // 2)):
                word = draw.choice(own)[rank]
                counts[word] = counts.get(word, 0) + 1
            file.write(" ".join([str(len(counts)), *(f"{word}:{count}" for word, count in counts.items())]) + "\n")


def gaussian(path, rows, columns=8, components=10):
    """Rows of a mixture, as IDX of doubles; each column goes with the one before it."""
    draw = random.Random(1)
    centres = [[draw.gauss(0, 4) for _ in range(columns)] for _ in range(components)]
    values = array.array("d")
    for _ in range(rows):
        noise = 0.0
        for centre in draw.choice(centres):
            noise = 0.7 * noise + draw.gauss(0, 1)
            values.append(centre + noise)
    if sys.byteorder == "little":
        values.byteswap()
    with open(path, "wb") as file:
        file.write(struct.pack(">HBBII", 0, 0x0E, 2, rows, columns))
        values.tofile(file)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--threads", type=int, default=2, help="of elbo; scikit-learn has as many, and one")
    add("--rounds", type=int, default=3, help="in which each stack has a turn at each workload")
    add("--seconds", type=float, default=3.0, help="of a turn, which is at least a fit")
    known = "topics of a corpus, reuters (where ELBO_DATA has it) or synthetic; components of gaussian's rows"
    workloads = "gaussian@10,reuters@20,synthetic@20,synthetic@50"
    add("--workloads", type=lambda text: text.split(","), default=workloads, help=known)
    add("--documents", type=int, default=100_000, help="of the synthetic corpus")
    add("--rows", type=int, default=1_000_000, help="of the mixture, of 8 columns")
    add("--python", default=sys.executable, help="the interpreter that has scikit-learn")
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        needed = {workload.partition("@")[0] for workload in options.workloads}
        if "reuters" in needed:
            data = os.environ.get("ELBO_DATA", HERE.parents[1] / "shared" / "data")
            (folder / "reuters.ldac").symlink_to(pathlib.Path(data).resolve() / "text" / "reuters.ldac")
        if "synthetic" in needed:
            documents(folder / "synthetic.ldac", options.documents)
        if "gaussian" in needed:
            gaussian(folder / "gaussian.idx", options.rows)
        elbo = Stack("elbo", [compare.rust_server("elbo", "mean_field"), str(folder)], options.threads)
        turns = [Turn("elbo", elbo, "step", options.threads), Turn("elbo sweep", elbo, "sweep", options.threads)]
        try:
            worker = [options.python, str(HERE / "sklearn_worker.py"), str(folder)]
            sklearn = Stack("scikit-learn", worker, options.threads)
            for threads in sorted({options.threads, 1}, reverse=True):
                turns.append(Turn(f"scikit-learn, threads: {threads}", sklearn, "step", threads))
        except Failed as cause:
            print(cause)
        turns = compare.warm_up(turns, options.workloads, 0)
        measured = compare.measure(turns, options.workloads, options.rounds, options.seconds)
        compare.table(f"Passes, threads: {options.threads}", "passes", measured)
        for stack in {turn.stack for turn in turns}:
            stack.process.stdin.write("quit\n")
            stack.process.wait()


if __name__ == "__main__":
    main()
