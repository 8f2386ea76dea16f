"""scikit-learn's latent Dirichlet allocation, pass by pass, for lda.py."""

import pathlib
import sys

import numpy
import scipy.sparse
from protocol import serve
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.utils.parallel import Parallel

ALPHA, ETA = 0.1, 0.01
PASSES = 10  # of a fit, as in lda.rs


def read(path):
    """The sparse matrix of an LDA-C file."""
    offsets, words, counts = [0], [], []
    for line in path.read_text().splitlines():
        for pair in line.split()[1:]:
            word, _, count = pair.partition(":")
            words.append(int(word))
            counts.append(float(count))
        offsets.append(len(words))
    return scipy.sparse.csr_matrix((counts, words, offsets), dtype=numpy.float64)


class Job:
    def __init__(self, name):
        corpus, _, topics = name.partition("@")
        self.counts = read(pathlib.Path(sys.argv[1]) / f"{corpus}.ldac")
        self.topics = int(topics)
        self.parallels = {}
        self.begin()

    def begin(self):
        self.passes = 0
        self.model = LatentDirichletAllocation(
            self.topics, doc_topic_prior=ALPHA, topic_word_prior=ETA, random_state=1, mean_change_tol=1e-3
        )
        self.model._init_latent_vars(self.counts.shape[1], self.counts.dtype)

    def step(self, threads):
        """A pass of batch learning, as `fit` makes it."""
        if threads not in self.parallels:
            self.parallels[threads] = Parallel(n_jobs=threads).__enter__()
        self.model.n_jobs = threads
        rows = self.counts.shape[0]
        self.model._em_step(self.counts, rows, batch_update=True, parallel=self.parallels[threads])
        self.passes += 1
        if self.passes == PASSES:
            self.begin()
        return 1


if __name__ == "__main__":
    serve(Job)
