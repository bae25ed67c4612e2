"""Golden statistics: random lists, with and without ties, and what scipy says of them.

    pip install numpy scipy
    python make_statistics.py        writes statistics.json beside this file

Correlations are scipy's; ROC-AUC is scipy's Mann-Whitney U over the number of pairs; kappa is the
formula over the table of observed and expected counts.
"""

import json
import math
from pathlib import Path

import numpy
import scipy
from scipy import stats

SEED = 20260103


def kappa(a, b):
    """1 - sum(w O) / sum(w E), w = (i - j)^2, over whole scores 1..5, halves rounded up."""
    a, b = (numpy.floor(v + 0.5).astype(int) - 1 for v in (a, b))
    observed = numpy.zeros((5, 5))
    for i, j in zip(a, b):
        observed[i, j] += 1
    expected = numpy.outer(observed.sum(1), observed.sum(0)) / len(a)
    weights = numpy.subtract.outer(numpy.arange(5), numpy.arange(5)) ** 2
    return 1 - (weights * observed).sum() / (weights * expected).sum()


def auc(scores, positive):
    u = stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    return u / (positive.sum() * (~positive).sum())


def case(random, count, kind):
    truth = random.integers(1, 6, (count, 3)).mean(1)  # the mean of three annotators
    noisy = numpy.clip(truth + random.normal(0, 1, count), 1, 5)
    predicted = {"continuous": noisy, "whole": numpy.round(noisy), "halves": numpy.round(2 * noisy) / 2}[kind]
    positive = truth + random.normal(0, 0.5, count) > 3
    positive[:2] = [True, False]
    return {
        "kind": kind,
        "predicted": predicted.tolist(),
        "truth": truth.tolist(),
        "positive": positive.tolist(),
        "pearson": stats.pearsonr(predicted, truth).statistic,
        "spearman": stats.spearmanr(predicted, truth).statistic,
        "kendall": stats.kendalltau(predicted, truth).statistic,
        "kappa": kappa(predicted, truth),
        "mae": numpy.abs(predicted - truth).mean(),
        "rmse": math.sqrt(((predicted - truth) ** 2).mean()),
        "auc": auc(predicted, positive),
        "ranks": stats.rankdata(predicted).tolist(),
    }


def main():
    random = numpy.random.default_rng(SEED)
    cases = [
        case(random, count, kind)
        for count in (3, 7, 50, 200)
        for kind in ("continuous", "whole", "halves")
    ]
    versions = {"numpy": numpy.__version__, "scipy": scipy.__version__}
    golden = {"seed": SEED, "versions": versions, "cases": cases}
    path = Path(__file__).with_name("statistics.json")
    path.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
