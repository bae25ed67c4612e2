"""Writes log_mel.json: columns of WhisperFeatureExtractor's log-mel for signals made by a formula.

pip install numpy==2.4.6 torch==2.13.0 transformers==5.23.0; python make_log_mel.py
The values are those of its NumPy path (double precision); manifest.json says how far its torch path
(single precision) lies from them. AudioSignal.swift makes the same signals.
"""

import json
import math
import sys

import numpy as np
import torch
import transformers

sys.path.insert(0, "..")
import manifest  # noqa: E402

CASES = [  # name, samples, silent from this sample on, columns kept
    ("sweep, bursts, silent tail", 49_980, 40_000, [0, 1, 7, 120, 249, 250, 251, 312, 313, 314]),
    ("short", 500, 500, [0, 1, 2, 3, 4, 5]),
    ("one frame less than 30 s", 479_840, 479_840, [0, 2997, 2998, 2999]),
    ("30 s", 480_000, 480_000, [0, 1499, 2998, 2999]),
]


def signal(count, silent_from):
    state, x = 1, np.zeros(count)
    for n in range(count):
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        t = (n % 64_000) / 16_000
        burst = 0.2 * ((state >> 8) / 2**24 - 0.5) if n // 1600 % 3 == 0 else 0.0
        x[n] = 0.4 * math.sin(2 * math.pi * (60 * t + 900 * t * t)) + burst
    x[silent_from:] = 0
    return x.astype(np.float32)


def main():
    torch.set_num_threads(1)
    extractor = transformers.WhisperFeatureExtractor(feature_size=128)
    cases, distances = [], {}
    for name, count, silent_from, columns in CASES:
        window = np.zeros((1, 480_000), np.float32)
        window[0, :count] = signal(count, silent_from)
        exact = extractor._np_extract_fbank_features(window.astype(np.float64), "cpu")[0]
        single = extractor._torch_extract_fbank_features(window, "cpu")[0]
        distances[name] = float(np.abs(exact - single).max())
        values = [[round(float(v), 6) for v in exact[:, column]] for column in columns]
        cases.append(
            {"name": name, "samples": count, "silentFrom": silent_from, "columns": columns, "values": values}
        )
    with open("log_mel.json", "w") as file:
        json.dump({"cases": cases}, file, separators=(",", ":"))
        file.write("\n")
    manifest.write(".", (np, torch, transformers), **{"torch path": distances})


main()
