#!/usr/bin/env python3
"""Writes metrics.json: what the metrics of hri_dialogue must be on made-up rows.

usage: python3 make_hri.py        (standard library only)

A second, independent writing of the definitions; its answers come from a small seeded generator.
"""
import json
import os
import random
import re

DOMAINS = {
    "assembly": (["product", "quantity", "producttype"], ["color", "style"]),
    "delivery": (["object", "area", "location"], ["sender", "recipient"]),
    "position": (["position_name", "operation"], []),
    "relocation": (["object_name"], ["from", "to"]),
}
VALUES = {
    "product": ["chair", "table", "Lamp"], "quantity": ["2", "30", "not_mentioned"],
    "producttype": ["toy", "tool box"], "color": ["red", "blue", "not_mentioned"],
    "style": ["round", "not_mentioned"], "object": ["box", "red box", "letter"],
    "area": ["hall 1", "hall 12"], "location": ["desk", "front desk"],
    "sender": ["Ana", "not_mentioned"], "recipient": ["Ana", "Bo", "not_mentioned"],
    "position_name": ["dock", "loading dock"], "operation": ["move", "add", "not_mentioned"],
    "object_name": ["saw", "nut", "hex nut"], "from": ["shelf", "blue shelf", "not_mentioned"],
    "to": ["shelf", "bench", "not_mentioned"],
}
FILLERS = "Sure. I will take it now, please wait a bit. Is this right? What else. OK".split()
MASK = (1 << 64) - 1


def words(text):
    return set(text.lower().split())


def jaccard(a, b):
    return len(words(a) & words(b)) / len(words(a) | words(b)) if words(a) and words(b) else 0.0


def coherence(answer):
    pieces = answer.split(".")
    if len(pieces) < 2:
        return 0.5
    lengths = [len(piece.split()) for piece in pieces if piece.strip()]
    mean = sum(lengths) / len(lengths) if lengths else 0
    return 1.0 if 5 <= mean <= 20 else 0.7 if 3 <= mean <= 25 else 0.3


def relevance(user, answer):
    return len(words(user) & words(answer)) / len(words(user)) if words(user) else 0.0


def slot_accuracy(row, answer):
    keys = DOMAINS[row["domain"]][0]
    found = [row["required"][key].lower() in answer.lower() for key in keys]
    return 1.0 if sum(found) / len(found) >= 0.5 else 0.0


def mentioned(row):
    return {slot: value.lower() for slot, value in {**row["required"], **row["optional"]}.items()
            if value != "not_mentioned"}


def said(answer, values):
    """Leftmost, then longest, by one regular expression."""
    if not values:
        return set()
    longest_first = sorted(values, key=lambda value: (-len(value.split()), value))
    pattern = r"(?<![^\W_])(?:%s)(?![^\W_])" % "|".join(map(re.escape, longest_first))
    return set(re.findall(pattern, answer.lower()))


def slot_counts(row, answer, inventory):
    annotated = mentioned(row)
    table = {}
    for slot, value in list(inventory[row["domain"]]) + list(annotated.items()):
        table.setdefault(value, set()).add(slot)
    heard = said(answer, table)
    counts = {}
    for slot, value in annotated.items():
        counts.setdefault(slot, [0, 0, 0])[0 if value in heard else 2] += 1
    for value in heard - set(annotated.values()):
        for slot in table[value]:
            counts.setdefault(slot, [0, 0, 0])[1] += 1
    return counts


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def overall(rows):
    """`rows`: (row, five numbers, slot counts)."""
    domains = sorted({row["domain"] for row, _, _ in rows})
    by_domain = [[numbers for row, numbers, _ in rows if row["domain"] == domain]
                 for domain in domains]
    domain = mean(mean(numbers[0] for numbers in group) for group in by_domain)
    slot = mean(mean(numbers[1] for numbers in group) for group in by_domain)
    quality = [mean(numbers[k] for _, numbers, _ in rows) for k in (2, 3, 4)]
    tp, fp, fn = [sum(c[k] for _, _, counts in rows for c in counts.values()) for k in range(3)]
    return [(domain + slot + mean(quality)) / 3, domain, slot, mean(quality), *quality,
            tp / (tp + fp) if tp + fp else 0.0, tp / (tp + fn) if tp + fn else 0.0,
            2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0]


class SplitMix:
    def __init__(self, seed):
        self.counter = seed

    def index(self, count):
        self.counter = (self.counter + 0x9E3779B97F4A7C15) & MASK
        z = self.counter
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
        return ((z ^ (z >> 31)) * count) >> 64


def percentile(share, values):
    values = sorted(values)
    position = share * (len(values) - 1)
    below = int(position)
    above = min(below + 1, len(values) - 1)
    return values[below] + (position - below) * (values[above] - values[below])


def intervals(rows, seed, resamples=1000):
    strata = []
    for domain in sorted({row["domain"] for row, _, _ in rows}):
        dialogues = {}
        for item in rows:
            if item[0]["domain"] == domain:
                dialogues.setdefault(item[0]["dialogue"], []).append(item)
        strata.append(list(dialogues.values()))
    draws, results = SplitMix(seed), []
    for _ in range(resamples):
        picked = []
        for dialogues in strata:
            for _ in dialogues:
                picked += dialogues[draws.index(len(dialogues))]
        results.append(overall(picked))
    return [[percentile(0.025, column), percentile(0.975, column)] for column in zip(*results)]


def make_row(rng, domain, dialogue, turn):
    required, optional = DOMAINS[domain]
    row = {"domain": domain, "dialogue": dialogue, "turn": turn,
           "required": {slot: rng.choice(VALUES[slot]) for slot in required},
           "optional": {slot: rng.choice(VALUES[slot]) for slot in optional}}
    spoken = [v for v in {**row["required"], **row["optional"]}.values() if v != "not_mentioned"]
    row["user"] = " ".join(["I need"] + spoken) + "."
    row["reference"] = "I bring " + ", ".join(spoken) + rng.choice([". Fine?", " at once."])
    other = [rng.choice(VALUES[slot]) for slot in required + optional]
    parts = [v for v in spoken if rng.random() < 0.7] + [v for v in other if rng.random() < 0.3]
    parts += rng.sample(FILLERS, rng.randint(0, len(FILLERS)))
    if rng.random() < 0.5:
        rng.shuffle(parts)
    row["answer"] = rng.choice(["", "I bring "]) + " ".join(parts)
    return row


def main():
    rng = random.Random(7)
    train, rows = [], []
    for out, count in ((train, 8), (rows, 6)):
        for domain in sorted(DOMAINS):
            for number in range(count):
                for turn in range(rng.randint(1, 3)):
                    name = f"{'t' if out is train else 'v'}{number}.json"
                    out.append(make_row(rng, domain, name, turn + 1))
    rows[0]["answer"], rows[1]["answer"], rows[2]["answer"] = "", "...", "one"
    inventory = {domain: {(slot, value) for row in train if row["domain"] == domain
                          for slot, value in mentioned(row).items()} for domain in DOMAINS}

    def scored(answers):
        result = []
        for row, answer in zip(rows, answers):
            helpful = jaccard(answer, row["reference"])
            result.append((row, [
                1.0 if helpful > 0.3 else 0.0, slot_accuracy(row, answer), coherence(answer),
                relevance(row["user"], answer), helpful], slot_counts(row, answer, inventory)))
        return result

    def nearest(row):
        known = [other for other in train if other["domain"] == row["domain"]]
        return max(known, key=lambda other: jaccard(row["user"], other["user"]))["reference"]

    judged = scored([row["answer"] for row in rows])
    slots = {}
    for row, _, counts in judged:
        for slot, c in counts.items():
            total = slots.setdefault(f"{row['domain']}.{slot}", [0, 0, 0])
            for k in range(3):
                total[k] += c[k]
    golden = {
        "seed": 11, "train": train, "rows": rows,
        "numbers": [numbers for _, numbers, _ in judged],
        "overall": overall(judged), "intervals": intervals(judged, 11), "slots": slots,
        "baselines": {
            "echo": overall(scored([row["user"] for row in rows])),
            "nearest": overall(scored([nearest(row) for row in rows])),
            "reference": overall(scored([row["reference"] for row in rows])),
        },
    }
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(golden, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
