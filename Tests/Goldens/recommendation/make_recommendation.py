"""Golden values of the plugin recommendation: Python's shuffle, deflated streams, zip archives,
windows in the order of random.Random(13), metrics as scikit-learn has them.

    pip install numpy scikit-learn
    python make_recommendation.py        writes recommendation.json beside this file

Ratings and titles are invented here. The expected error of calibration is the formula of Guo et al.
2017 over ten ranges of equal width.
"""

import base64
import binascii
import io
import json
import math
import random
import sys
import zipfile
import zlib
from pathlib import Path

import numpy
import sklearn
from sklearn import metrics

SEED = 20261121


def shuffles():
    result = []
    for seed in (0, 13, 42, 2**40 + 5):
        words = random.Random(seed)
        case = {"seed": seed, "words": [words.getrandbits(32) for _ in range(1300)][::100], "orders": []}
        generator = random.Random(seed)  # one generator, several shuffles: its state goes on
        for count in (0, 1, 2, 10, 257):
            order = list(range(count))
            generator.shuffle(order)
            case["orders"].append(order)
        result.append(case)
    return result


def deflate(data, level=9, strategy=zlib.Z_DEFAULT_STRATEGY):
    packer = zlib.compressobj(level, zlib.DEFLATED, -15, 9, strategy)
    return packer.compress(data) + packer.flush()


def streams():
    generator = random.Random(SEED)
    words = ["movie", "rating", "user", "the", "a", "harbor", "robot", "1999", "4.5", ",", "\n"]
    text = " ".join(generator.choice(words) for _ in range(9_000)).encode()
    noise = generator.randbytes(300)
    far = noise + b"x" * 32_000 + noise  # a match from nearly as far as can be
    cases = [
        ("empty", b"", deflate(b"")),
        ("stored", noise, deflate(noise, level=0)),
        ("fixed", b"yes yes yes no no no " * 4, deflate(b"yes yes yes no no no " * 4, 9, zlib.Z_FIXED)),
        ("dynamic", text[:4000], deflate(text[:4000])),
        ("long", text, deflate(text)),
        ("run", b"a" * 100_000, deflate(b"a" * 100_000)),
        ("far", far, deflate(far)),
        ("only literals", text[:3000], deflate(text[:3000], 9, zlib.Z_HUFFMAN_ONLY)),
    ]
    return [
        {"name": name, "size": len(plain), "crc": binascii.crc32(plain),
         "packed": base64.b64encode(packed).decode()} for name, plain, packed in cases]


MOVIES = [(10 * number + 3, title) for number, title in enumerate([
    "Alpha (1990)", 'The "Quoted" One (1991)', "Commas, Many (1992)", "Déjà Vu (1993)", "Echo (1994)",
    "Line\nBreak (1995)", "Golf (1996)", "Hotel (1997)", "India (1998)", "Juliet (1999)"])]


def table(rows, line):
    def field(value):
        text = str(value)
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text
    return "".join(",".join(map(field, row)) + line for row in rows)


def ratings():
    """Users out of order, with equal times, one with as many ratings as a history, one with one more."""
    generator = random.Random(SEED + 1)
    rows = []
    for user, count in ((7, 30), (2, 15), (40, 16), (3, 55), (12, 17), (5, 90), (9, 3)):
        for _ in range(count):
            movie = generator.choice(MOVIES)[0]
            rows.append((user, movie, generator.randrange(1, 11) / 2, 1000 + generator.randrange(40)))
    blocks = [rows[i:i + 11] for i in range(0, len(rows), 11)]
    generator.shuffle(blocks)
    return [row for block in blocks for row in block]


def windows(rows, length, most=None, seed=13):
    """Section 004.1 of the format's description, word by word."""
    titles, users = dict(MOVIES), {}
    for user, movie, rating, time in sorted(rows, key=lambda row: (row[0], row[3])):
        users.setdefault(user, []).append((movie, rating))
    samples, idle = [], 0
    for user, events in users.items():
        usable = events[length:][:most]
        count = len(usable)
        if count == 0:
            idle += 1
            continue
        test = max(1, math.floor(0.1 * count))
        validation = max(1, math.floor(0.05 * count))
        for index, (movie, rating) in enumerate(usable):
            split = ("test" if index >= count - test
                     else "validation" if index >= max(0, count - test - validation) else "train")
            samples.append((split, user, events[index:index + length], movie, rating))
    random.Random(seed).shuffle(samples)
    splits = {"train": [], "validation": [], "test": []}
    for split, user, history, movie, rating in samples:
        lines = "".join(
            f"{number}. {titles[seen]} (rating ≈ {stars:.1f})\n"
            for number, (seen, stars) in enumerate(history, 1))
        question = (f"User's last {len(history)} watched movies:\n{lines}\nCandidate movie:\n"
                    f"{titles[movie]}\n\nShould we recommend this movie to the user? Answer Yes or No.")
        splits[split].append([user, movie, "Yes" if rating >= 4 else "No", binascii.crc32(question.encode())])
    return {"length": length, "most": most, "seed": seed, "idle": idle, "splits": splits,
            "question": question, "answer": "Yes" if rating >= 4 else "No", "last": split}


def archives(movies, rows):
    result = {}
    for name, method in (("stored", 0), ("deflated", 8)):
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", method) as archive:
            for file, text in (("ml/README.txt", "invented"), ("ml/ratings.csv", rows), ("ml/movies.csv", movies)):
                info = zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0))
                info.compress_type = method
                archive.writestr(info, text)
            archive.comment = b"a comment at the end"
        result[name] = base64.b64encode(memory.getvalue()).decode()
    return result


def scores():
    generator = numpy.random.default_rng(SEED)
    result = []
    for count, step in ((40, None), (500, 0.25), (300, None)):
        liked = generator.random(count) < 0.45
        odds = generator.normal(0, 1.5, count) + 1.2 * liked - 0.3
        if step:
            odds = numpy.round(odds / step) * step  # ties
        p = 1 / (1 + numpy.exp(-odds))
        said = odds >= 0
        bins = numpy.minimum(9, (p * 10).astype(int))
        ece = sum(abs(p[bins == b].sum() - liked[bins == b].sum()) for b in range(10)) / count
        result.append({
            "liked": liked.tolist(), "odds": odds.tolist(),
            "accuracy": metrics.accuracy_score(liked, said), "f1": metrics.f1_score(liked, said),
            "precision": metrics.precision_score(liked, said), "recall": metrics.recall_score(liked, said),
            "roc_auc": metrics.roc_auc_score(liked, odds), "brier": metrics.brier_score_loss(liked, p),
            "ece": ece, "unknown": 0.0})
    return result


def main():
    rows = ratings()
    movies_csv = table([("movieId", "title", "genres"), *[(i, t, "None") for i, t in MOVIES]], "\r\n")
    ratings_csv = table([("userId", "movieId", "rating", "timestamp"), *rows], "\n")
    golden = {
        "versions": {"python": sys.version.split()[0], "numpy": numpy.__version__,
                     "scikit-learn": sklearn.__version__, "zlib": zlib.ZLIB_RUNTIME_VERSION},
        "seed": SEED, "shuffles": shuffles(), "streams": streams(),
        "movies_csv": movies_csv, "ratings_csv": ratings_csv,
        "windows": [windows(rows, 15), windows(rows, 4, most=9), windows(rows, 2, seed=2**33)],
        "archives": archives(movies_csv, ratings_csv), "scores": scores()}
    path = Path(__file__).with_name("recommendation.json")
    path.write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
