"""Writes khat_arviz.json: k̂ and the smoothed log mean weight of fixed log weights, by ArviZ's psislw.

    python3 -m venv ~/arviz && ~/arviz/bin/pip install arviz==0.23.4 && ~/arviz/bin/python khat_arviz.py

The log weights are rounded to six decimals before either program sees them, so the file holds them exactly.
An infinite k̂ is written as null: ArviZ's word for a tail of fewer than five draws.
"""

import json
import pathlib

import arviz
import numpy
import scipy.special


def gaussian(generator, s, samples):
    """log N(z; 0, I) − log N(z; 0, s² I), z ~ N(0, s² I) in three dimensions."""
    z = s * generator.standard_normal((samples, 3))
    return 3 * numpy.log(s) + 0.5 * (z**2).sum(1) * (1 / s**2 - 1)


def main():
    generator = numpy.random.default_rng(20240)
    cases = {
        "gaussian, s = 0.5": gaussian(generator, 0.5, 1000),
        "gaussian, s = 0.7": gaussian(generator, 0.7, 1000),
        "gaussian, s = 0.9": gaussian(generator, 0.9, 1000),
        "gaussian, s = 1.5": gaussian(generator, 1.5, 400),
        "student t, far below": generator.standard_t(3, 500) - 12345.0,
        "uniform": generator.uniform(-1, 1, 400),
        "exponential": generator.exponential(0.6, 2000),
        "nearly equal": 1e-3 * generator.standard_normal(300),
        "rounded": generator.standard_normal(200).round(2),
        "wide": 40.0 * generator.standard_normal(300),
        "wider than 708 nats": 2000.0 * generator.standard_normal(40),
        "20 draws": generator.standard_normal(20),
        "21 draws": generator.standard_normal(21),
        "25 draws": generator.standard_normal(25),
        "30 draws": generator.standard_t(2, 30),
    }
    records = []
    for name, weights in cases.items():
        weights = weights.round(6)
        smoothed, khat = arviz.psislw(weights, normalize=False)
        normalised = smoothed - scipy.special.logsumexp(smoothed)
        records.append(
            {
                "name": name,
                "khat": float(khat) if numpy.isfinite(khat) else None,
                "log_mean_weight": float(scipy.special.logsumexp(smoothed) - numpy.log(len(weights))),
                "effective_sample_size": float(numpy.exp(-scipy.special.logsumexp(2 * normalised))),
                "log_weights": weights.tolist(),
            }
        )
    file = {"origin": f"ArviZ {arviz.__version__}, arviz.psislw, by khat_arviz.py", "cases": records}
    # A case to a line.
    text = json.dumps(file, ensure_ascii=False).replace('{"name"', '\n{"name"')
    pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")


main()
