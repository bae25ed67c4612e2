#!/usr/bin/env python3
"""Writes what nano-qwen2-audio is pretrained on: clips of our own making and questions about them.

usage: python3 make_corpus.py FOLDER [CLIPS]    (needs: pip install numpy==2.4.6 soundfile==0.14.0)

FOLDER/corpus.jsonl holds multiple-choice records ("AVQA"), eight of one clip after another;
FOLDER/audio the clips. Clip i and its records are a pure function of i. The voice is that of the
sample of speech_drama, the clips, the wording and the scales are others.
"""
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "speech_drama"))
import soundfile  # noqa: E402

from stage import (  # noqa: E402
    ARC, FAST, FORCES, KINDS, LOUD, NAMES, PACES, PROFILES, REASONS, SLOW, draw_part,
    draw_performance, mood_match, true_ratings)
from voice import MOODS, RATE, speak  # noqa: E402

QUESTIONS_PER_CLIP = 8
# What can be heard: the questions, then the words of a scale from little to much
HEARD = {
    "range": (["How much does the melody move?", "Is the tune flat or wide?"],
              ["flat", "narrow", "middling", "wide", "huge"]),
    "pace": (["How quick is the talk?", "Is the talk slow or fast?"],
             ["crawling", "slow", "medium", "fast", "rushing"]),
    "beat": (["How alive is the timing?", "Does it tick like a machine?"],
             ["mechanical", "stiff", "loose", "flowing", "alive"]),
    "stress": (["How much do single syllables stick out?", "Are the accents weak or strong?"],
               ["even", "weak", "clear", "strong", "extreme"]),
    "loudness": (["How loud is it?", "Is it a soft or a loud voice?"],
                 ["silent", "soft", "normal", "loud", "roaring"]),
    "arc": (["How much does loudness change between phrases?", "Does the volume stay or swell?"],
            ["steady", "mild", "swelling", "surging", "stormy"]),
    "strength": (["How strong is the feeling?", "Is the feeling faint or full?"],
                 ["faint", "light", "plain", "deep", "full"]),
}
# What was wanted, against what is heard
SUITS = {
    "kind": ["Is it the right person?", "Does the body behind the voice fit?"],
    "mood": ["Is it the right feeling?", "Does the feeling fit?"],
    "force": ["Is the feeling as strong as wanted?", "Does the strength of the feeling fit?"],
    "manner": ["Is the manner right?", "Do pace and loudness fit?"],
}
VERDICTS = ["no", "hardly", "partly", "nearly", "yes"]
DIGITS = ["1", "3", "5", "7", "9"]


def spoken_part(part, rng):
    """What was wanted, in words; in other frames than the task's prompts."""
    pieces = [
        rng.choice(PROFILES[part.kind]).format(rng.choice(NAMES[part.kind])),
        f"{part.strength} {part.mood}: {rng.choice(REASONS[part.mood])}.",
        f"{part.pace}, {part.force}.",
    ]
    return "Wanted: " + " ".join(pieces)


def scaled(share, words, rng):
    """Choices and the right one's index: five words or five odd digits."""
    share = min(0.999, max(0.0, share))
    choices = DIGITS if rng.random() < 0.5 else words
    return choices, int(share * len(choices))


def heard_question(kind, delivery, rng):
    shares = {
        "range": delivery.pitch_range, "pace": (delivery.rate - SLOW) / (FAST - SLOW),
        "beat": delivery.rhythm, "stress": delivery.stress,
        "loudness": (delivery.level / LOUD + 1) / 2, "arc": delivery.arc / ARC,
        "strength": delivery.intensity,
    }
    name = rng.choice(list(shares) + ["kind", "mood"])
    if name == "kind":
        return rng.choice(["Who speaks?", "Whose voice is it?"]), list(KINDS), list(
            KINDS).index(kind)
    if name == "mood":
        return rng.choice(["Which feeling is it?", "What does the voice feel?"]), list(
            MOODS), list(MOODS).index(delivery.mood)
    questions, words = HEARD[name]
    choices, answer = scaled(shares[name], words, rng)
    return rng.choice(questions), choices, answer


def suits_question(kind, delivery, rng):
    part = draw_part(rng)
    if rng.random() < 0.35:
        part = type(part)(kind, part.pace, part.force, part.mood, part.strength)
    if rng.random() < 0.35:
        part = type(part)(part.kind, part.pace, part.force, delivery.mood, part.strength)
    ratings = true_ratings(part, kind, delivery)
    name = rng.choice(list(SUITS))
    rating = {
        "kind": ratings["voice_identity_matching"], "mood": ratings["emotion_accuracy"],
        "force": ratings["emotion_intensity_control"], "manner": ratings["trait_embodiment"],
    }[name]
    choices, answer = scaled((rating - 1) / 4, VERDICTS, rng)
    return f"{spoken_part(part, rng)} {rng.choice(SUITS[name])}", choices, answer


def records(index, folder):
    rng = random.Random(f"nano-qwen2-audio corpus/{index}")
    kind, speaker, delivery = draw_performance(draw_part(rng), rng)
    samples, _ = speak(speaker, delivery, rng.uniform(2.0, 2.5), f"corpus/{index}")
    path = os.path.join("audio", f"{index:05}.flac")
    soundfile.write(os.path.join(folder, path), samples, RATE, format="FLAC", subtype="PCM_16")
    for _ in range(QUESTIONS_PER_CLIP):
        ask = heard_question if rng.random() < 0.6 else suits_question
        question, choices, answer = ask(kind, delivery, rng)
        yield {"dataset_name": "AVQA", "question_text": question, "multi_choice": choices,
               "answer": answer, "audio_path": path, "wav_path": path}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) == 3 else 6000
    os.makedirs(os.path.join(folder, "audio"), exist_ok=True)
    with open(os.path.join(folder, "corpus.jsonl"), "w", encoding="utf-8") as file:
        for index in range(count):
            for record in records(index, folder):
                file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
