#!/usr/bin/env python3
"""Measures elbo against PyTorch and JAX in one interleaved run, and prints tables (CONTRIBUTING.md, "Speed").

Every stack is a process of its own. In each round, for each workload, each stack works for some seconds in turn; a
ratio is taken within a round, so that what slows the whole machine for a while cancels.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

from protocol import READ, ROWS, WIDTH, WORKLOADS, flops

HERE = pathlib.Path(__file__).resolve().parent
STACKS = "elbo,torch,torch-flush,torch-fused,torch-fused-compile,jax,jax-scan"
PACKAGES = {"torch": ["torch"], "jax": ["jax", "optax"]}
UNITS = {"step": "steps", "fit": "steps", "encode": "rows", "evaluate": "rows"}
TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A stack that cannot be measured, and why."""


class Stack:
    """A process that runs the workloads."""

    def __init__(self, name, command, threads):
        self.name = name
        # JAX takes its number of threads from NPROC alone, and would take a GPU.
        environment = {**os.environ, "NPROC": str(threads), "JAX_PLATFORMS": "cpu"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=environment, text=True, bufsize=1, **pipes)
        self.memory()  # answered once the data are made
        self.last = self.cpu()
        self.idle = 0.0  # CPU seconds when it was not its turn

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            answer = json.loads(self.process.stdout.readline() or '{"error": "the process ended"}')
        except BrokenPipeError:
            answer = {"error": "the process ended"}
        if "error" in answer:
            raise Failed(f"{self.name}: {' '.join(answer['error'].split())[:400]}")
        return answer

    def memory(self):
        """MiB, now and at most."""
        answer = self.ask("memory")
        return answer["VmRSS"] // 1024, answer["VmHWM"] // 1024

    def work(self, command, workload, seconds, threads):
        """How much was done per second, and the cores kept busy: by this stack, by all else on the machine."""
        before, machine_before, began = self.cpu(), machine(), time.monotonic()
        self.idle += before - self.last
        answer = self.ask(f"{command} {workload} {seconds} {threads}")
        self.last, passed = self.cpu(), time.monotonic() - began
        own, every = self.last - before, machine() - machine_before
        return answer[UNITS[command]] / answer["seconds"], own / passed, (every - own) / passed

    def cpu(self):
        """CPU seconds of all its threads so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


class Turn(NamedTuple):
    """What a stack does in each round."""

    label: str
    stack: Stack
    command: str
    threads: int


def rust_server(name, bench="workloads", features=()):
    """Builds a Rust server; returns where it is."""
    build = ["cargo", "bench", "--workspace", "--bench", bench, "--no-run", "--message-format=json", *features]
    built = subprocess.run(build, cwd=HERE.parent, stdout=subprocess.PIPE, text=True)
    if built.returncode:
        raise Failed(f"{name}: it cannot be built")
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    return next(a["executable"] for a in artifacts if a.get("target", {}).get("name") == bench and a["executable"])


def start(name, python, threads):
    library, _, variant = name.partition("-")
    if name == "elbo":
        return Stack(name, [rust_server(name)], threads)
    if name == "elbo-cuda":
        return Stack(name, [rust_server(name, features=["--features", "cuda"]), "--device", "cuda"], threads)
    if library not in PACKAGES:
        raise Failed(f"{name}: no stack is called so")
    packages = PACKAGES[library]
    versions = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    found = subprocess.run([python, "-c", versions, *packages], capture_output=True, text=True)
    if found.returncode:
        raise Failed(f"{name}: {python} has no {' and '.join(packages)}")
    print(f"{name}: {' and '.join(packages)} {found.stdout.strip()}")
    return Stack(name, [python, str(HERE / f"{library}_worker.py"), variant], threads)


def warm_up(turns, workloads, seconds):
    """The turns whose stacks can take them: PyTorch's compiler, for one, may be missing."""
    warm = []
    for turn in turns:
        try:
            for workload in workloads:
                progress(f"{turn.command} {workload}: warming up {turn.label}")
                turn.stack.work(turn.command, workload, seconds, turn.threads)
            warm.append(turn)
        except Failed as cause:
            progress("")
            print(cause)
    return warm


def measure(turns, workloads, rounds, seconds):
    """{(workload, label): [(rate, own cores, others' cores) of each round]}"""
    measured = {(workload, turn.label): [] for workload in workloads for turn in turns}
    for i in range(rounds):
        for workload in workloads:
            for turn in turns:
                progress(f"{turn.command} {workload}: round {i + 1} of {rounds}, {turn.label}")
                rate = turn.stack.work(turn.command, workload, seconds, turn.threads)
                measured[workload, turn.label].append(rate)
    progress("")
    return measured


def table(title, unit, measured):
    """Medians over the rounds, of the ratio too: the first label's rate over this one's."""
    first = next(label for _, label in measured)
    flop = ["GFLOP/s"] if unit == "steps" else []
    print(f"\n## {title}\n")
    row("workload", "", f"{unit}/s", "min–max", *flop, "cores", "others", f"{first} / this")
    row("---", "---", *["--:"] * (5 + len(flop)))
    for (workload, label), rounds in measured.items():
        rates, own, others = zip(*rounds)
        rate = statistics.median(rates)
        ratio = statistics.median(a / b for (a, *_), (b, *_) in zip(measured[workload, first], rounds))
        flop = [f"{rate * flops(workload) / 1e9:.0f}"] if unit == "steps" else []
        spread = f"{number(min(rates))}–{number(max(rates))}"
        cores = [f"{statistics.median(part):.2f}" for part in (own, others)]
        row(workload, label, number(rate), spread, *flop, *cores, f"{ratio:.2f}")


def number(value):
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def row(*cells):
    print("|", " | ".join(cells), "|", flush=True)


def progress(line):
    print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)


def machine():
    """CPU seconds of the whole machine so far, with those that a hypervisor took."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, *others = map(int, stat.readline().split()[1:9])
    return (user + nice + system + sum(others)) / TICK


def parse():
    def names(text):
        return text.split(",")

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--threads", type=int, default=2, help="of every stack")
    add("--rounds", type=int, default=5, help="in which each stack has a turn at each workload")
    add("--seconds", type=float, default=3.0, help="of a turn at training; of one at the rest a third")
    add("--warmup", type=float, default=10.0, help="seconds of training before the first round")
    workloads = "of benches/workloads.json; W1@8192 is W1 with that batch"
    add("--workloads", type=names, default=",".join(WORKLOADS), help=workloads)
    stacks = "elbo, elbo-cuda; torch and any of -flush, -fused, -compile, -cuda, -tf32; jax and -scan"
    add("--stacks", type=names, default=STACKS, help=stacks)
    add("--python", default=sys.executable, help="the interpreter that has torch, or jax and optax")
    return parser.parse_args()


def main():
    options = parse()
    stacks = []
    for name in options.stacks:
        try:
            stacks.append(start(name, options.python, options.threads))
        except Failed as cause:
            print(cause)
    began = time.monotonic()
    short = options.seconds / 3

    def compare(title, turns, seconds, warmup):
        turns = warm_up(turns, options.workloads, warmup)
        if not turns:
            sys.exit("no stack is left to measure")
        table(title, UNITS[turns[0].command], measure(turns, options.workloads, options.rounds, seconds))
        return turns

    def turns(command):
        return [Turn(stack.name, stack, command, options.threads) for stack in stacks]

    trained = compare(f"Training, threads: {options.threads}", turns("step"), options.seconds, options.warmup)
    stacks = [turn.stack for turn in trained]
    memory = [(stack.name, *stack.memory()) for stack in stacks]
    compare(f"Encoding, {READ} rows at a time", turns("encode"), short, 0)
    compare(f"Evaluating the bound, {READ} rows at a time, 1 sample", turns("evaluate"), short, 0)

    for stack in stacks:
        if stack.name == "elbo":
            threads = sorted({options.threads, 1}, reverse=True)
            alone = [Turn(f"steps, threads: {n}", stack, "step", n) for n in threads]
            fit = f"Fit::epoch with validation, threads: {options.threads}"
            compare("elbo alone", [*alone, Turn(fit, stack, "fit", options.threads)], short, 0)

    print(f"\n## Memory after training, MiB (the data are {ROWS * WIDTH * 4 // 2**20})\n")
    row("", "now", "at most")
    row("---", "--:", "--:")
    for name, now, most in memory:
        row(name, str(now), str(most))

    passed = time.monotonic() - began
    print("\nCores that a stack kept busy out of its turn:")
    print(", ".join(f"{stack.name} {stack.idle / passed:.3f}" for stack in stacks))
    for stack in stacks:
        stack.process.stdin.write("quit\n")
        stack.process.wait()


if __name__ == "__main__":
    main()
