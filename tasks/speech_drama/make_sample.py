#!/usr/bin/env python3
"""Writes sample/{train,validation}.jsonl and their clips: acted speech of our own making.

usage: python3 make_sample.py        (needs: pip install numpy==2.4.6 soundfile==0.14.0)

Record i is a pure function of i; the same bytes come out on every run. sample/README.md holds the
rule by which the ratings follow from the sound and the text.
"""
from dataclasses import replace
import json
import os
import random

import soundfile

from stage import (
    AGES, FORCES, NAMES, PACES, PROFILES, REASONS, annotate, archetype_ratings, draw_part,
    draw_performance, true_ratings)
from voice import RATE, speak

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample")
SPLITS = {"train": (66, 8), "validation": (22, 4)}  # realism and archetype records
ANNOTATORS = 6
ROLES = {"child": "a child", "woman": "a woman", "man": "a man", "ogre": "an ogre"}


def write_clip(name, speaker, delivery):
    samples, transcript = speak(speaker, delivery, 2.3, f"sample/{name}")
    path = os.path.join("audio", name + ".flac")
    soundfile.write(os.path.join(SAMPLE, path), samples, RATE, format="FLAC", subtype="PCM_16")
    return path, transcript


def realism(name):
    rng = random.Random(f"speech_drama sample/{name}")
    part = draw_part(rng)
    kind, speaker, delivery = draw_performance(part, rng)
    path, transcript = write_clip(name, speaker, delivery)
    observed = ", ".join([
        next(word for word, sign in PACES.items() if sign * (delivery.rate - 4.7) >= 0),
        next(word for word, sign in FORCES.items() if sign * delivery.level >= 0)])
    scores = {field: annotate(rating, rng)
              for field, rating in true_ratings(part, kind, delivery).items()}
    return {
        "id": name, "dataset_name": "ROLE",
        "local_scene": f"{part.strength} {part.mood}: {rng.choice(REASONS[part.mood])}.",
        "char_age": AGES[part.kind], "char_style": f"{part.pace}, {part.force}",
        "char_profile": rng.choice(PROFILES[part.kind]).format(rng.choice(NAMES[part.kind])),
        "transcript": transcript,
        "annotations": scores | {
            "annotator_confidence_rating": [rng.randint(3, 5) for _ in range(ANNOTATORS)],
            "multi-speaker_influence": [False] * ANNOTATORS,
            "sufficient": [True] * ANNOTATORS, "contradictory": [False] * ANNOTATORS,
            "prmopt_quality": ["valid"] * ANNOTATORS,
            "observed_character_style_dimensions": [observed] * ANNOTATORS,
            "comments": [""] * ANNOTATORS,
        },
        "wav_path": path, "data_source": "synthetic",
    }


def archetype(name, number):
    """Every fourth clip is spoilt: annotators reject its content, and its scores are null."""
    rng = random.Random(f"speech_drama sample/{name}")
    part = draw_part(rng)
    kind, speaker, delivery = draw_performance(part, rng)
    rejected = number % 4 == 3
    delivery = replace(
        delivery, noise=rng.uniform(1.2, 2) if rejected else rng.uniform(0, 0.5),
        dropouts=rng.uniform(0.5, 0.8) if rejected else 0.0)
    path, _ = write_clip(name, speaker, delivery)
    passes = [not rejected] * ANNOTATORS
    if rng.random() < 0.5:
        passes[rng.randrange(ANNOTATORS)] = rejected  # one annotator who sees it otherwise
    scores = {
        field: [score if passed else None for score, passed in zip(annotate(rating, rng), passes)]
        for field, rating in archetype_ratings(part, kind, delivery).items()}
    confidence = [rng.randint(1, 3) if passed else None for passed in passes]
    comments = {f"{field}_comment": [""] * ANNOTATORS for field in scores}
    return {
        "id": name, "dataset_name": "Arche",
        "question": f"You are {ROLES[part.kind]}. {part.strength} {part.mood}: "
                    f"{rng.choice(REASONS[part.mood])}. You say:",
        "annotations": {"content_pass": passes} | scores | {"confidence": confidence} | comments,
        "wav_path": path,
    }


def main():
    os.makedirs(os.path.join(SAMPLE, "audio"), exist_ok=True)
    for split, (roles, archetypes) in SPLITS.items():
        records = [realism(f"role-{split}-{number:02}") for number in range(roles)]
        records += [archetype(f"arche-{split}-{number:02}", number)
                    for number in range(archetypes)]
        path = os.path.join(SAMPLE, split + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            for record in records:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        print(path, len(records), "records")


if __name__ == "__main__":
    main()
