"""The workloads in JAX and optax. Usage: jax_worker.py [scan], a compiled call for 20 steps and not for each."""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

import protocol

# Steps between two looks at the clock; JAX runs ahead of Python within them.
STEPS = 20
SCAN = {"": False, "scan": True}[sys.argv[1]]


def dense(key, layers):
    keys = jax.random.split(key, len(layers))
    return [
        (jax.random.uniform(k, (i, o), minval=-(i**-0.5), maxval=i**-0.5), jnp.zeros(o))
        for k, (i, o) in zip(keys, layers)
    ]


def forward(layers, activation, x):
    for weight, bias in layers[:-1]:
        x = activation(x @ weight + bias)
    weight, bias = layers[-1]
    return x @ weight + bias


class Job:
    def __init__(self, name):
        config = protocol.workload(name)
        activation = {"relu": jax.nn.relu, "tanh": jnp.tanh}[config["activation"]]
        adam = optax.adam(1e-3)
        self.batch = config["batch"]
        self.shuffle = np.random.default_rng(1)
        self.batches = iter(())

        def encode(parameters, x):
            mean, log_variance = jnp.split(forward(parameters[0], activation, x), 2, axis=1)
            kl = 0.5 * (mean**2 + jnp.exp(log_variance) - 1 - log_variance)
            return mean, jnp.exp(0.5 * log_variance), kl

        def terms(parameters, x, key):
            """log-likelihood and KL of each row."""
            mean, sd, kl = encode(parameters, x)
            z = mean + sd * jax.random.normal(key, mean.shape)
            logits = forward(parameters[1], activation, z)
            # As PyTorch computes it; optax's own function takes two logarithms.
            log_likelihood = x * logits - jnp.maximum(logits, 0) - jnp.log1p(jnp.exp(-jnp.abs(logits)))
            return log_likelihood.sum(1), kl.sum(1)

        def negative_bound(parameters, x, key):
            log_likelihood, kl = terms(parameters, x, key)
            return (kl - log_likelihood).mean()

        def step(data, state, index):
            parameters, moments, key = state
            key, noise = jax.random.split(key)
            gradient = jax.grad(negative_bound)(parameters, data[index], noise)
            update, moments = adam.update(gradient, moments)
            return optax.apply_updates(parameters, update), moments, key

        def scan(data, state, indices):
            return jax.lax.scan(lambda state, index: (step(data, state, index), None), state, indices)[0]

        self.steps = jax.jit(scan if SCAN else step, donate_argnums=1)
        self.encoder, self.terms = jax.jit(encode), jax.jit(terms)
        key = jax.random.key(1)
        parameters = [dense(k, part) for k, part in zip(jax.random.split(key), protocol.layers(name))]
        self.state = parameters, adam.init(parameters), key

    def index(self):
        index = next(self.batches, None)
        if index is None:
            full = protocol.ROWS // self.batch
            order = self.shuffle.permutation(protocol.ROWS).astype(np.int32)
            self.batches = iter(order[: full * self.batch].reshape(full, self.batch))
            index = next(self.batches)
        return index

    # The driver sets the number of threads when it starts the process: JAX cannot change it.
    def step(self, _threads):
        indices = np.stack([self.index() for _ in range(STEPS)])
        for index in [indices] if SCAN else indices:
            self.state = self.steps(data, self.state, index)
        jax.block_until_ready(self.state)
        return STEPS

    def encode(self, _threads):
        return self.read(lambda x: self.encoder(self.state[0], x))

    def evaluate(self, _threads):
        keys = iter(jax.random.split(self.state[2], protocol.READ // 1000))
        return self.read(lambda x: self.terms(self.state[0], x, next(keys)))

    def read(self, function):
        parts = [function(data[i : i + 1000]) for i in range(0, protocol.READ, 1000)]
        jax.block_until_ready([jnp.concatenate(part) for part in zip(*parts)])
        return protocol.READ


values = np.random.default_rng(1).random((protocol.ROWS, protocol.WIDTH), dtype=np.float32)
np.less(values, protocol.DENSITY, out=values)
data = jnp.asarray(values)
protocol.serve(Job)
