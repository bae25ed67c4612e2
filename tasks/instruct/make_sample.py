#!/usr/bin/env python3
"""Writes sample/{train,validation}.jsonl: a small skill in the three shapes that the task reads.

usage: python3 make_sample.py        (standard library only; the same bytes on every run)

The skill: name the thing, its color and its place in a sentence, in a fixed form.
"""
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "hri_dialogue"))
from vocabulary import COLORS, OBJECTS, SPOTS  # noqa: E402


def row(index):
    rng = random.Random(f"instruct sample/{index}")
    color, thing, spot = rng.choice(COLORS), rng.choice(OBJECTS), rng.choice(SPOTS)
    text = rng.choice([
        "The {color} {thing} is at the {spot}.", "At the {spot} stands the {color} {thing}.",
        "I left the {color} {thing} near the {spot}.", "There is a {color} {thing} by the {spot}.",
    ]).format(color=color, thing=thing, spot=spot)
    answer = f"Thing: {thing}. Color: {color}. Place: {spot}."
    task = "Fill in the form."
    return [
        {"messages": [{"role": "user", "content": f"{task}\n\n{text}"},
                      {"role": "assistant", "content": answer}]},
        {"instruction": task, "input": text, "output": answer},
        {"conversations": [{"from": "human", "value": f"{task}\n\n{text}"},
                           {"from": "gpt", "value": answer}]},
    ][index % 3]


def main():
    for name, indices in (("train", range(240)), ("validation", range(240, 270))):
        path = os.path.join(HERE, "sample", name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for index in indices:
                file.write(json.dumps(row(index)) + "\n")


if __name__ == "__main__":
    main()
