"""scikit-learn's latent Dirichlet allocation and Bayesian mixture, pass by pass, for mean_field.py."""

import pathlib
import sys

import numpy
import scipy.sparse
from protocol import serve
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.mixture import BayesianGaussianMixture
from sklearn.utils.parallel import Parallel
from threadpoolctl import threadpool_limits

ALPHA, ETA = 0.1, 0.01
PASSES = 5  # of a fit, as in mean_field.rs


def corpus(path):
    """The sparse matrix of an LDA-C file."""
    offsets, words, counts = [0], [], []
    for line in path.read_text().splitlines():
        for pair in line.split()[1:]:
            word, _, count = pair.partition(":")
            words.append(int(word))
            counts.append(float(count))
        offsets.append(len(words))
    return scipy.sparse.csr_matrix((counts, words, offsets), dtype=numpy.float64)


class Allocation:
    def __init__(self, counts, topics):
        self.counts = counts
        self.topics = topics
        self.parallels = {}

    def step(self, threads):
        """Passes of batch learning, as `fit` makes them."""
        if threads not in self.parallels:
            self.parallels[threads] = Parallel(n_jobs=threads).__enter__()
        model = LatentDirichletAllocation(
            self.topics, doc_topic_prior=ALPHA, topic_word_prior=ETA, random_state=1, mean_change_tol=1e-3, n_jobs=threads
        )
        model._init_latent_vars(self.counts.shape[1], self.counts.dtype)
        for _ in range(PASSES):
            model._em_step(self.counts, self.counts.shape[0], batch_update=True, parallel=self.parallels[threads])
        return PASSES


class Mixture:
    def __init__(self, x, components):
        self.x = x
        self.model = BayesianGaussianMixture(n_components=components, init_params="random", random_state=1)
        self.model._check_parameters(x)
        self.model._initialize_parameters(x, numpy.random.RandomState(1))

    def step(self, threads):
        """Rounds of `fit`: E-step, M-step, lower bound."""
        with threadpool_limits(threads):
            for _ in range(PASSES):
                log_norm, log_resp = self.model._e_step(self.x)
                self.model._m_step(self.x, log_resp)
                assert numpy.isfinite(self.model._compute_lower_bound(log_resp, log_norm))
        return PASSES


def job(name):
    data, _, number = name.partition("@")
    path = pathlib.Path(sys.argv[1]) / data
    if path.with_suffix(".ldac").exists():
        return Allocation(corpus(path.with_suffix(".ldac")), int(number))
    file = path.with_suffix(".idx").read_bytes()
    rows, columns = numpy.frombuffer(file, ">u4", 2, 4)
    return Mixture(numpy.frombuffer(file, ">f8", offset=12).reshape(rows, columns).astype(float), int(number))


if __name__ == "__main__":
    serve(job)
