#!/usr/bin/env python3
"""Measures elbo's latent Dirichlet allocation against scikit-learn's in one interleaved run (CONTRIBUTING.md, "Speed").

`elbo` makes the same passes as scikit-learn: every document converges from the start, with the same tolerance.
`elbo sweep` is a sweep of its coordinate ascent, with the bound, which scikit-learn does not compute in a pass.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import compare
from compare import HERE, Failed, Stack, Turn

compare.UNITS["sweep"] = "steps"


def server():
    """Builds the Rust server; returns where it is."""
    build = ["cargo", "bench", "--workspace", "--bench", "lda", "--no-run", "--message-format=json"]
    built = subprocess.run(build, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=True)
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    return next(a["executable"] for a in artifacts if a.get("target", {}).get("name") == "lda" and a["executable"])


def synthetic(path, documents, words=10_000, topics=30, length=100):
    """Documents of two topics each, whose words are as frequent as in Zipf's law, each topic in an order of its own."""
    draw = random.Random(1)
    weights = [1 / (rank + 10) for rank in range(words)]
    orders = [draw.sample(range(words), words) for _ in range(topics)]
    cumulative = [sum(weights[:1])]
    for weight in weights[1:]:
        cumulative.append(cumulative[-1] + weight)
    with open(path, "w") as file:
        for _ in range(documents):
            own, counts = draw.sample(orders, 2), {}
            for rank in draw.choices(range(words), cum_weights=cumulative, k=draw.randint(length // 2, 3 * length // 2)):
                word = draw.choice(own)[rank]
                counts[word] = counts.get(word, 0) + 1
            file.write(" ".join([str(len(counts)), *(f"{word}:{count}" for word, count in counts.items())]) + "\n")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--threads", type=int, default=2, help="of elbo; scikit-learn has as many, and one")
    add("--rounds", type=int, default=3, help="in which each stack has a turn at each workload")
    add("--seconds", type=float, default=3.0, help="of a turn, which is at least a pass")
    workloads = "corpus@topics: reuters (where ELBO_DATA has it) or synthetic"
    add("--workloads", type=lambda text: text.split(","), default="reuters@20,synthetic@20,synthetic@50", help=workloads)
    add("--documents", type=int, default=100_000, help="of the synthetic corpus")
    add("--python", default=sys.executable, help="the interpreter that has scikit-learn")
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        corpora = {workload.partition("@")[0] for workload in options.workloads}
        if "reuters" in corpora:
            data = os.environ.get("ELBO_DATA", HERE.parents[1] / "shared" / "data")
            (folder / "reuters.ldac").symlink_to(pathlib.Path(data).resolve() / "text" / "reuters.ldac")
        if "synthetic" in corpora:
            synthetic(folder / "synthetic.ldac", options.documents)
        elbo = Stack("elbo", [server(), str(folder)], options.threads)
        turns = [Turn("elbo", elbo, "step", options.threads), Turn("elbo sweep", elbo, "sweep", options.threads)]
        try:
            worker = [options.python, str(HERE / "sklearn_worker.py"), str(folder)]
            sklearn = Stack("scikit-learn", worker, options.threads)
            for threads in sorted({options.threads, 1}, reverse=True):
                turns.append(Turn(f"scikit-learn, n_jobs={threads}", sklearn, "step", threads))
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
