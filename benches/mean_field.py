#!/usr/bin/env python3
"""Measures elbo's mean-field models against scikit-learn in one interleaved run, and prints ratios.

In each round each of the two makes the same number of sweeps over the same rows; the ratio is taken within the round, so
that what slows the whole machine for a while cancels. Neither's start is counted: of scikit-learn's time for 1 + S sweeps
that for 1 is subtracted.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

HERE = pathlib.Path(__file__).resolve().parent


class Elbo:
    """The server of `crates/elbo/benches/mean_field.rs`."""

    def __init__(self):
        build = ["cargo", "bench", "--workspace", "--no-run", "--bench", "mean_field", "--message-format", "json"]
        lines = subprocess.run(build, cwd=HERE.parent, check=True, text=True, stdout=subprocess.PIPE).stdout
        found = [json.loads(line).get("executable") for line in lines.splitlines()]
        program = [path for path in found if path and "mean_field" in path][-1]
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"elbo: {answer['error']}")
        return answer


def mixture(elbo, arguments, folder):
    """Full covariances, K components, D columns."""
    import numpy
    from sklearn.mixture import BayesianGaussianMixture

    draw = numpy.random.default_rng(1)
    n, d, k, sweeps = arguments.rows, arguments.columns, arguments.components, arguments.sweeps
    centres = 4 * draw.standard_normal((k, d))
    mixing = draw.standard_normal((k, d, d)) / numpy.sqrt(d)
    labels = draw.integers(k, size=n)
    noise = draw.standard_normal((n, d))
    x = numpy.empty((n, d))
    for c in range(k):
        x[labels == c] = centres[c] + noise[labels == c] @ mixing[c]
    path = pathlib.Path(folder) / "rows.f64"
    x.astype("<f8").tofile(path)

    def seconds(sweeps):
        model = BayesianGaussianMixture(n_components=k, tol=0, max_iter=sweeps, init_params="random", random_state=1)
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start

    for _ in range(arguments.rounds):
        ours = elbo.ask(f"mixture {path} {d} {k} {sweeps} {arguments.threads}")["seconds"]
        theirs = seconds(1 + sweeps) - seconds(1)
        yield ours / sweeps, theirs / sweeps


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=8)
    parser.add_argument("--components", type=int, default=10)
    parser.add_argument("--sweeps", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    # Read by the libraries as they start.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(arguments.threads)
    warnings.filterwarnings("ignore", message=".*converge.*")
    elbo = Elbo()
    with tempfile.TemporaryDirectory() as folder:
        ratios = []
        for ours, theirs in mixture(elbo, arguments, folder):
            ratios.append(theirs / ours)
            print(f"mixture: elbo {ours:.4f} s, scikit-learn {theirs:.4f} s a sweep, {ratios[-1]:.2f} times")
        print(f"mixture: {statistics.median(ratios):.2f} times as fast, median of {len(ratios)} rounds")


if __name__ == "__main__":
    main()
