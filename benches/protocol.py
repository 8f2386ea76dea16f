"""What the driver and the Python workers share: the workloads, and the lines exchanged with a worker."""

import json
import pathlib
import sys
import time

ROWS, WIDTH, DENSITY = 60_000, 784, 0.13
READ = 10_000  # rows that are encoded or evaluated at a time
WORKLOADS = json.loads(pathlib.Path(__file__).with_name("workloads.json").read_text())


def workload(name):
    """The workload of this name; `W1@8192` is W1 with that batch."""
    known, _, batch = name.partition("@")
    return WORKLOADS[known] | ({"batch": int(batch)} if batch else {})


def layers(name):
    """(inputs, outputs) of the encoder's and of the decoder's dense layers."""
    outward = [WIDTH, *workload(name)["hidden"]]
    latent = workload(name)["latent"]
    encoder, decoder = [*outward, 2 * latent], [latent, *reversed(outward)]
    return [list(zip(widths, widths[1:])) for widths in (encoder, decoder)]


def flops(name):
    """Of the matrix products of a step: one forward and two backward, a multiplication and an addition each."""
    weights = sum(i * o for part in layers(name) for i, o in part)
    return 6 * weights * workload(name)["batch"]


def serve(make_job):
    """Answers lines until `quit`. `make_job(name)` has a method for each command, (threads) to work done."""
    jobs = {}
    for line in sys.stdin:
        if line == "quit\n":
            break
        try:
            answer = memory() if line == "memory\n" else work(jobs, make_job, *line.split())
        except Exception as cause:  # the driver goes on without this worker, and says why
            answer = {"error": f"{type(cause).__name__}: {cause}"}
        print(json.dumps(answer), flush=True)


def work(jobs, make_job, command, name, seconds, threads):
    if name not in jobs:
        jobs[name] = make_job(name)
    method = getattr(jobs[name], command)
    done, start = 0, time.perf_counter()
    while True:
        done += method(int(threads))
        passed = time.perf_counter() - start
        if passed >= float(seconds):
            return {"steps" if command == "step" else "rows": done, "seconds": passed}


def memory():
    """Memory of this process, now and at most, in KiB."""
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return {name: int(lines[name].removesuffix(" kB\n")) for name in ("VmRSS", "VmHWM")}
