"""The workloads in PyTorch. Usage: torch_worker.py VARIANT: any of flush, fused, compile, cuda, tf32, with hyphens."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

import protocol

variant = set(sys.argv[1].split("-")) - {""}
if not variant <= {"flush", "fused", "compile", "cuda", "tf32"}:
    sys.exit(f"no variant of PyTorch is called {sys.argv[1]}")
# Before any other thread is made: they inherit it.
if "flush" in variant:
    torch.set_flush_denormal(True)
if "tf32" in variant:
    torch.set_float32_matmul_precision("high")
device = "cuda" if "cuda" in variant else "cpu"
# Steps between two looks at the clock; a GPU runs behind Python within them.
STEPS = 20 if device == "cuda" else 1


class Vae(nn.Module):
    def __init__(self, name):
        super().__init__()
        activation = {"relu": nn.ReLU, "tanh": nn.Tanh}[protocol.workload(name)["activation"]]

        def dense(layers):
            return nn.Sequential(*[m for i, o in layers for m in (nn.Linear(i, o), activation())][:-1])

        self.encoder, self.decoder = map(dense, protocol.layers(name))

    def encode(self, x):
        mean, log_variance = self.encoder(x).chunk(2, 1)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance)
        return mean, (0.5 * log_variance).exp(), kl

    def forward(self, x):
        """log-likelihood and KL of each row."""
        mean, sd, kl = self.encode(x)
        logits = self.decoder(mean + sd * torch.randn_like(sd))
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1), kl.sum(1)


class Job:
    def __init__(self, name):
        self.vae = Vae(name).to(device)
        self.terms, self.encoder = self.vae, self.vae.encode
        if "compile" in variant:
            self.terms, self.encoder = torch.compile(self.vae), torch.compile(self.vae.encode)
        self.optimiser = torch.optim.Adam(self.vae.parameters(), lr=1e-3, fused="fused" in variant)
        self.batch = protocol.workload(name)["batch"]
        self.batches = iter(())

    def step(self, threads):
        use(threads)
        for _ in range(STEPS):
            self.one_step()
        if device == "cuda":
            torch.cuda.synchronize()
        return STEPS

    def one_step(self):
        index = next(self.batches, None)
        if index is None:
            order = torch.randperm(protocol.ROWS, device=device)
            self.batches = iter(order.split(self.batch)[: protocol.ROWS // self.batch])
            index = next(self.batches)
        log_likelihood, kl = self.terms(data.index_select(0, index))
        self.optimiser.zero_grad(set_to_none=True)
        (kl - log_likelihood).mean().backward()
        self.optimiser.step()

    @torch.inference_mode()
    def encode(self, threads):
        return self.read(self.encoder, threads)

    @torch.inference_mode()
    def evaluate(self, threads):
        return self.read(self.terms, threads)

    def read(self, function, threads):
        use(threads)
        parts = [function(x) for x in data[: protocol.READ].split(1000)]
        [torch.cat(part).cpu() for part in zip(*parts)]
        return protocol.READ


def use(threads):
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)


torch.manual_seed(1)
data = torch.rand(protocol.ROWS, protocol.WIDTH)
data = data.lt_(protocol.DENSITY).to(device)
protocol.serve(Job)
