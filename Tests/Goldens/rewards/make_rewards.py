"""What TRL's reward functions say of completions of our own making: trl.json.

    python3 Tests/Goldens/rewards/make_rewards.py    # trl 1.16.0, math-verify

`format.py`, `accuracy.py` and `overlong.py` beside it are reward functions as people write them for
TRL; their scores there are those of TRL's own `think_format_reward`, `accuracy_reward` and
`get_soft_overlong_punishment`, called as its trainer does. gsm8k.json holds answers of our own making
with what lm-evaluation-harness 0.4.13 extracts from them and whether it counts them as right.
"""

import json
import os
import sys

import trl
from trl import rewards

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import manifest  # noqa: E402

THOUGHTS = [
    "<think>\nThis is my reasoning.\n</think>\nThis is my answer.",
    "<think>\nThis is my reasoning.\nThis is my answer.",
    "<think></think>",
    " <think>a</think>b",
    "\n<think>a</think>b",
    "<think>a<think>b</think>c",
    "<think>a</think>b<think>c</think>",
    "<think>a</think>b</think>c",
    "a<think>b</think>",
    "</think><think>",
    "<think>é</think>é",
    "<think>a</think>\n\n<answer>4</answer>\n",
    "<THINK>a</THINK>",
    "",
]

# Words are letters, so that a word is one of `Words`, whatever its case.
WORDS = [
    "a b c d",
    "a a a a a",
    "a b c a b c",
    "the cat sat on the mat and the cat sat on the hat",
    "one two",
    "",
    "x y x y x y x y x",
]

SOLUTIONS = [
    ("The answer is \\boxed{42}.", "42"),
    ("The answer is \\boxed{41}.", "42"),
    ("So it is 42", "42"),
    ("So it is 42.0", "42"),
    ("I do not know.", "42"),
    ("It is \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
    ("It is 7", "no number at all"),
]


def main():
    messages = lambda texts: [[{"role": "assistant", "content": text}] for text in texts]
    golden = {"think_format": [], "soft_overlong": [], "repetition": [], "accuracy": []}
    for text, score in zip(THOUGHTS, rewards.think_format_reward(messages(THOUGHTS))):
        golden["think_format"].append({"text": text, "score": score})
    for most, cache in [(100, 20), (16, 16), (10, 0), (8, 3)]:
        lengths = [0, 1, 5, 7, 8, 9, 10, 11, 16, 17, 79, 80, 81, 90, 100, 101]
        function = rewards.get_soft_overlong_punishment(most, cache)
        scores = function([[1] * length for length in lengths])
        golden["soft_overlong"].append(
            {"most": most, "cache": cache, "lengths": lengths, "scores": scores})
    for size, penalty in [(1, -1.0), (2, -1.0), (3, -0.5), (3, 0.0)]:
        function = rewards.get_repetition_penalty_reward(size, penalty)
        ids = [[hash_of(word) for word in text.split()] for text in WORDS]
        golden["repetition"].append(
            {"size": size, "penalty": penalty, "texts": WORDS, "scores": function(ids)})
    answers = [answer for answer, _ in SOLUTIONS]
    scores = rewards.accuracy_reward(messages(answers), [gold for _, gold in SOLUTIONS])
    for (answer, gold), score in zip(SOLUTIONS, scores):
        golden["accuracy"].append({"text": answer, "solution": gold, "score": score})
    with open(os.path.join(HERE, "trl.json"), "w") as file:
        json.dump(golden, file, indent=1)
        file.write("\n")
    manifest.write(HERE, modules=[trl])


def hash_of(word):
    return int.from_bytes(word.encode(), "little")


main()
