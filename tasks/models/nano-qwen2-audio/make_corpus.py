#!/usr/bin/env python3
"""Writes what nano-qwen2-audio is pretrained on: clips of our own making and what is heard there.

usage: python3 make_corpus.py FOLDER [CLIPS]    (needs: pip install numpy==2.4.6 soundfile==0.14.0)

FOLDER/audio holds the clips, FOLDER/listen.jsonl a record of each that describes the voice,
FOLDER/judge.jsonl six: two that describe the voice and say whether it suits a part before they rate
it ("RoleCaption"), four that rate it at once ("RoleVariation"). Clip i and its records are a pure
function of i. The voice is that of speech_drama's sample; the clips, the characters' deliveries and
the wording of the questions (prompts/) are others.
"""
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "speech_drama"))
import soundfile  # noqa: E402

from stage import (  # noqa: E402
    ARC, FAST, LOUD, NAMES, PROFILES, REASONS, SLOW, Part, draw_part, draw_performance,
    true_ratings)
from voice import RATE, speak  # noqa: E402

CLIPS = 16000
KINDS = ["RoleCaption", "RoleVariation", "RoleVariation"] * 2
# What can be heard, each on a scale of five words from little to much
HEARD = {
    "feeling": ["faint", "light", "plain", "deep", "full"],
    "tune": ["flat", "narrow", "middling", "wide", "huge"],
    "pace": ["crawling", "slow", "medium", "fast", "rushing"],
    "beat": ["mechanical", "stiff", "loose", "flowing", "alive"],
    "stress": ["even", "weak", "clear", "strong", "extreme"],
    "voice": ["silent", "soft", "normal", "loud", "roaring"],
    "swell": ["steady", "mild", "swelling", "surging", "stormy"],
}
# What was wanted against what is heard
SUITS = {
    "person": "voice_identity_matching", "mood": "emotion_accuracy",
    "force": "emotion_intensity_control", "manner": "trait_embodiment",
}
VERDICTS = ["no", "hardly", "partly", "nearly", "yes"]


def level(rating):
    """A true rating as a whole one."""
    return min(5, max(1, round(rating)))


def heard(kind, delivery):
    """What is heard, such as `man, sad; feeling deep, tune flat, …`."""
    shares = {
        "feeling": delivery.intensity, "tune": delivery.pitch_range,
        "pace": (delivery.rate - SLOW) / (FAST - SLOW), "beat": delivery.rhythm,
        "stress": delivery.stress, "voice": (delivery.level / LOUD + 1) / 2,
        "swell": delivery.arc / ARC,
    }
    words = [f"{name} {HEARD[name][min(4, int(5 * share))]}" for name, share in shares.items()]
    return f"{kind}, {delivery.mood}; " + ", ".join(words)


def suits(ratings):
    """Whether it suits the part, such as `person yes, mood no, …`."""
    return ", ".join(f"{name} {VERDICTS[level(ratings[field]) - 1]}"
                     for name, field in SUITS.items())


def wanted(kind, delivery, rng):
    """A part that the performance often serves in who speaks and in what is felt."""
    part = draw_part(rng)
    return Part(kind if rng.random() < 0.35 else part.kind, part.pace, part.force,
                delivery.mood if rng.random() < 0.35 else part.mood, part.strength)


def clip(index, folder):
    """Writes clip `index`; its record for listening, and those for judging."""
    rng = random.Random(f"nano-qwen2-audio corpus/{index}")
    kind, speaker, delivery = draw_performance(draw_part(rng), rng)
    samples, transcript = speak(speaker, delivery, rng.uniform(2.0, 2.5), f"corpus/{index}")
    path = os.path.join("audio", f"{index:05}.flac")
    soundfile.write(os.path.join(folder, path), samples, RATE, format="FLAC", subtype="PCM_16")
    sound = heard(kind, delivery)

    def record(number, name):
        part = wanted(kind, delivery, rng)
        ratings = true_ratings(part, kind, delivery)
        return {
            "id": f"{index:05}-{number}", "dataset_name": name,
            "local_scene": f"{part.strength} {part.mood}: {rng.choice(REASONS[part.mood])}.",
            "char_style": f"{part.pace}, {part.force}",
            "char_profile": rng.choice(PROFILES[part.kind]).format(rng.choice(NAMES[part.kind])),
            "transcript": transcript,
            "annotations": {field: [level(rating)] for field, rating in ratings.items()},
            "audio_info": {"audio_caption": sound + "; " + suits(ratings)}, "wav_path": path,
        }

    judging = [record(number, name) for number, name in enumerate(KINDS)]
    return judging[0] | {"audio_info": {"audio_caption": sound}}, judging


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) == 3 else CLIPS
    os.makedirs(os.path.join(folder, "audio"), exist_ok=True)
    with (open(os.path.join(folder, "listen.jsonl"), "w", encoding="utf-8") as listen,
          open(os.path.join(folder, "judge.jsonl"), "w", encoding="utf-8") as judge):
        for index in range(count):
            listening, judging = clip(index, folder)
            listen.write(json.dumps(listening) + "\n")
            judge.writelines(json.dumps(record) + "\n" for record in judging)


if __name__ == "__main__":
    main()
