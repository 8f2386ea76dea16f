"""Rebuilds a dense auto-encoder of `elbo train` from its model.safetensors, in numpy and, where it is there, in PyTorch.

    python3 weights.py RUN ROWS.csv TABLE.csv

ROWS.csv are the rows, and TABLE.csv is what `elbo encode RUN --data ROWS.csv --output TABLE.csv` wrote. It prints how far
the means and standard deviations of z lie from those of the program.
"""

import csv
import sys
import tomllib
from pathlib import Path

import numpy as np
from safetensors import safe_open


def read(run):
    """The configuration, and the weights by name."""
    with safe_open(Path(run) / "model.safetensors", framework="numpy") as file:
        return tomllib.loads(file.metadata()["elbo"]), {name: file.get_tensor(name) for name in file.keys()}


ACTIVATIONS = {
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.logaddexp(0, a),
}


def layers(weights, of):
    """The pairs of weight [inputs, outputs] and bias [outputs] of `guide.encoder` or `model.decoder`, in order."""
    count = sum(name.startswith(of) and name.endswith("bias") for name in weights)
    return [(weights[f"{of}.layers.{i}.weight"], weights[f"{of}.layers.{i}.bias"]) for i in range(count)]


def dense(x, layers, activation):
    """The output of dense layers, the last of them linear."""
    for i, (weight, bias) in enumerate(layers):
        x = x @ weight + bias
        if i + 1 < len(layers):
            x = activation(x)
    return x


def encode(x, config, weights):
    """Mean and standard deviation of q(z|x), [R, K] each; x as it is stored in the file."""
    scaling, vae = config["data"]["scaling"], config["fit"]["vae"]
    x = (x - np.array(scaling["offset"])) / np.array(scaling["divisor"])
    if vae["likelihood"] in ("poisson", "negative-binomial"):
        x = np.log1p(x)
    head = dense(x, layers(weights, "guide.encoder"), ACTIVATIONS[vae["activation"]])
    mean, a = np.split(head, 2, axis=1)
    # log σ² = 30 tanh(a/30), so that exp() cannot overflow.
    return mean, np.exp(0.5 * 30 * np.tanh(a / 30))


def decode(z, config, weights):
    """What the decoder says of each row of z: logits of a Bernoulli likelihood, means of a Gaussian one (as scaled)."""
    return dense(z, layers(weights, "model.decoder"), ACTIVATIONS[config["fit"]["vae"]["activation"]])


def torch_encoder(config, weights):
    """The same encoder as a module of PyTorch, whose weights are transposed: [outputs, inputs]."""
    import torch
    from torch import nn

    activations = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softplus": nn.Softplus, "gelu": nn.GELU}
    modules = []
    for weight, bias in layers(weights, "guide.encoder"):
        linear = nn.Linear(*weight.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weight.T.copy()))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, activations[config["fit"]["vae"]["activation"]]()]
    return nn.Sequential(*modules[:-1])


def numbers(path):
    """The columns of a table, by name."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


if __name__ == "__main__":
    run, rows, table = sys.argv[1:]
    config, weights = read(run)
    latent, width = config["fit"]["vae"]["latent"], weights["guide.encoder.layers.0.weight"].shape[0]
    told = numbers(table)
    expected = [np.stack([told[f"z_{k + 1}_{what}"].astype(float) for k in range(latent)], 1) for what in ("mean", "sd")]
    # A table without a header, whose label comes last.
    x = np.loadtxt(rows, delimiter=",")[:, :width]

    for what, ours, theirs in zip(("mean", "sd"), encode(x, config, weights), expected):
        print(f"numpy    {what:4} of z: largest difference {np.abs(ours - theirs).max():.1e}")
    try:
        import torch
    except ImportError:
        sys.exit("PyTorch is not installed")
    x = (x - np.array(config["data"]["scaling"]["offset"])) / np.array(config["data"]["scaling"]["divisor"])
    head = torch_encoder(config, weights)(torch.from_numpy(x.astype(np.float32))).detach().numpy()
    print(f"PyTorch  mean of z: largest difference {np.abs(head[:, :latent] - expected[0]).max():.1e}")
