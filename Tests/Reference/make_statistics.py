#!/usr/bin/env python3
"""Makes statistics.json with NumPy, SciPy, scikit-learn, statsmodels and scikit-posthocs. Run it without arguments."""

import json
import os

import numpy as np
import scikit_posthocs
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score
from statsmodels.stats.multitest import multipletests

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "StatisticsTests", "Fixtures")
random = np.random.default_rng(5)


def delong(labels, first, second):
    """From the definition, every pair of images compared."""
    placed = []
    for scores in (first, second):
        wins = np.sign(scores[labels == 1][:, None] - scores[labels == 0][None, :]) / 2 + 0.5
        placed.append((wins.mean(), wins.mean(axis=1), wins.mean(axis=0)))
    (a, a1, a0), (b, b1, b0) = placed
    variances = [x1.var(ddof=1) / len(x1) + x0.var(ddof=1) / len(x0) for x1, x0 in ((a1, a0), (b1, b0), (a1 - b1, a0 - b0))]
    z = (a - b) / variances[2] ** 0.5
    return {"auc": [a, b], "variances": variances, "z": z, "p": 2 * stats.norm.sf(abs(z))}


class SplitMix64:
    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        mask = 2**64 - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) * count) >> 64


def bootstrap(labels, scores, resamples, seed):
    generator, areas = SplitMix64(seed), []
    classes = [np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)]
    for _ in range(resamples):
        drawn = np.concatenate([[c[generator.below(len(c))] for _ in c] for c in classes])
        areas.append((roc_auc_score(labels[drawn], scores[drawn]), average_precision_score(labels[drawn], scores[drawn])))
    return np.percentile(areas, [2.5, 97.5], axis=0).T.tolist()


labels = (np.arange(60) % 3 == 0).astype(int)
first = np.round(random.normal(size=60) + labels, 1)
second = np.round(first + random.normal(size=60), 1)
pairs = []
for count, digits in ((7, 5), (30, 6), (10, 1), (40, 1), (60, 6)):
    x, y = np.round(random.normal(0.2, 1, count), digits), np.round(random.normal(0, 1, count), digits)
    if digits == 1:
        y[0] = x[0]
    test = stats.wilcoxon(x, y)
    pairs.append({"x": x.tolist(), "y": y.tolist(), "statistic": test.statistic, "p": test.pvalue})
blocks = np.round(random.normal(size=(9, 5)) + np.arange(5) * 0.7, 0)
friedman = stats.friedmanchisquare(*blocks.T)
p = [0.01, 0.04, 0.03, 0.005, 0.9]
frame = {
    "student": [[int(n), stats.t.ppf(0.975, n)] for n in (1, 2, 3, 4, 9, 29, 30, 31, 100, 5000)],
    "labels": labels.tolist(), "first": first.tolist(), "second": second.tolist(),
    "delong": delong(labels, first, second),
    "bootstrap": bootstrap(labels, first, 200, 7),
    "wilcoxon": pairs,
    "p": p, "holm": multipletests(p, method="holm")[1].tolist(),
    "blocks": blocks.tolist(), "friedman": [friedman.statistic, friedman.pvalue],
    "nemenyi": scikit_posthocs.posthoc_nemenyi_friedman(blocks).values.tolist(),
    "critical": stats.studentized_range.ppf(0.95, 5, np.inf) / 2**0.5 * (5 * 6 / (6 * 9)) ** 0.5,
}
with open(os.path.join(FIXTURES, "statistics.json"), "w") as file:
    json.dump(frame, file)
    file.write("\n")
