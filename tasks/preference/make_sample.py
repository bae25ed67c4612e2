#!/usr/bin/env python3
"""Writes sample/{train,validation}.jsonl: pairs of a polite short answer and a worse one.

usage: python3 make_sample.py        (standard library only; the same bytes on every run)

Someone asks for something of everyday life. Chosen is an answer that helps in a sentence or two and
stays polite. Rejected is, in turn, a rude answer, which is shorter, or a rambling one, which is
longer: so that no rule on lengths tells them apart. A third of the rude and rambling words stands in
the validation rows alone, and no question in both files.
The rows have the three common shapes in turn.
"""
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "hri_dialogue"))
from vocabulary import COLORS, LOCATIONS, OBJECTS, PEOPLE, SIZES, SPOTS  # noqa: E402

TRAIN, VALIDATION = 300, 60
THINGS = OBJECTS + ["cup", "book", "basket", "mirror", "kettle", "pillow", "jacket", "map"]
PLACES = LOCATIONS + SPOTS + ["garden", "kitchen", "library", "hallway", "garage", "cellar"]
NAMES = PEOPLE + ["Anton", "Clara", "David", "Eva", "Felix", "Hanna", "Ivan", "Jana"]
HOURS = ["two", "three", "four", "five", "six", "seven", "eight", "nine"]

# A topic: ways to ask, ways to answer. All that an answer needs stands in the question.
TOPICS = {
    "lost": (
        ["Where is my {color} {thing}? {who} left it at the {place}.",
         "I cannot find the {thing}. {who} saw it at the {place}. Where is it?",
         "{who} had my {thing} at the {place}. Where can I find it?"],
        ["Please look at the {place}. I hope you find the {thing} soon.",
         "It is at the {place}. Shall I go with you?",
         "The {thing} is at the {place}, thank you for asking."]),
    "way": (
        ["How do I get from the {place} to the {goal}?",
         "I am at the {place}. Can you tell me the way to the {goal}?",
         "Which way leads to the {goal} from the {place}?"],
        ["Please leave the {place} and go to the {goal}. I can show you the way.",
         "Gladly. From the {place} it is not far to the {goal}.",
         "Of course, first the {place}, then the {goal}. Shall I come along?"]),
    "loan": (
        ["May I take the {color} {thing} for {hour} days?",
         "Could I have your {size} {thing} tomorrow?",
         "I need a {thing}. Can you give me yours, please?"],
        ["Of course, the {thing} is yours. Please bring it back.",
         "Gladly. I bring you the {thing} right away.",
         "Yes, please take the {thing}. You are welcome."]),
    "visit": (
        ["When does {who} come? The note says {hour}.",
         "{who} wants to see me at {hour} at the {place}. When should I go?",
         "Is it true that {who} comes to the {place} at {hour}?"],
        ["{who} comes at {hour}. I hope you have a nice day.",
         "At {hour}, please. {who} will be glad to see you.",
         "Yes, {who} comes at {hour}. Shall I tell {who} that you wait?"]),
    "help": (
        ["The {thing} is too big for me. Can you carry it to the {place}?",
         "Please help me to bring the {size} {thing} to the {place}.",
         "Can you clean the {thing} and put it at the {place}?"],
        ["Yes, I carry the {thing} to the {place} for you.",
         "Gladly, the {thing} will be at the {place} soon.",
         "Of course. Please show me the {thing}, I know the {place}."]),
}
RUDE = [
    "No.", "Find it yourself.", "Who cares?", "Do not ask me.", "I do not want to.",
    "Go away, {who}.", "Not again. Leave me alone.", "What do you want now?",
    "You should know that.", "Ask somebody else.", "Stop it.", "That is your work.",
    "No, I am busy.", "Do it yourself.", "Are you tired or what?", "I said no.",
    "Read the note yourself.", "Nobody wants you here.",
]
RAMBLING = [
    "a {thing} is a {thing}, and another {thing} is a {thing} too",
    "there is the {place}, and there is the {goal}, and there are many more places",
    "{who} knows it, or {who} does not know it, or somebody else knows it",
    "I was at the {goal} and then at the {place} and then at the {goal}",
    "some things are {color} and some things are not {color}",
    "first I count to {hour}, then I count to {hour} once more",
    "the list is long, and the next list is long, and so is the one after it",
    "it could be {size}, it could be {color}, it could be the {thing}",
    "we talked about the {place}, or about {who}, or about the {thing}",
]
OPENINGS = ["Well,", "You see,", "Let me think,"]


def words(rng, phrases, unseen):
    """One of the phrases; of those kept for validation where `unseen`."""
    kept = len(phrases) - len(phrases) // 3
    return rng.choice(phrases if unseen else phrases[:kept])


def rejected(rng, slots, unseen, rude):
    if rude:
        said = [words(rng, RUDE, unseen), words(rng, RUDE, unseen)]
        single = said[0] == said[1] or rng.random() < 0.6
        return " ".join(said[:1] if single else said).format(**slots)
    parts = rng.sample(range(len(RAMBLING)), len(RAMBLING))
    known = len(RAMBLING) - len(RAMBLING) // 3
    parts = [RAMBLING[part] for part in parts if unseen or part < known][:rng.randint(2, 3)]
    return f"{rng.choice(OPENINGS)} {', and '.join(parts)}.".format(**slots)


def pair(index, unseen, rude):
    rng = random.Random(f"preference sample/{index}")
    topic = rng.choice(sorted(TOPICS))
    place, goal = rng.sample(PLACES, 2)
    slots = {
        "thing": rng.choice(THINGS), "color": rng.choice(COLORS), "size": rng.choice(SIZES),
        "who": rng.choice(NAMES), "hour": rng.choice(HOURS), "place": place, "goal": goal}
    asked, answers = TOPICS[topic]
    question = rng.choice(asked).format(**slots)
    return topic, question, rng.choice(answers).format(**slots), rejected(rng, slots, unseen, rude)


def row(index, topic, question, chosen, other):
    def turn(role, text):
        return {"role": role, "content": text}

    return [
        {"prompt": question, "chosen": chosen, "rejected": other, "source": topic},
        {"chosen": [turn("user", question), turn("assistant", chosen)],
         "rejected": [turn("user", question), turn("assistant", other)], "source": topic},
        {"conversations": [{"from": "human", "value": question}],
         "chosen": {"from": "gpt", "value": chosen}, "rejected": {"from": "gpt", "value": other},
         "source": topic},
    ][index % 3]


def main():
    seen, index = set(), 0
    for name, count in (("train", TRAIN), ("validation", VALIDATION)):
        path = os.path.join(HERE, "sample", name + ".jsonl")
        with open(path, "w", encoding="utf-8") as file:
            written = 0
            while written < count:
                found = pair(index, unseen=name == "validation", rude=written % 2 == 0)
                index += 1
                if found[1] in seen:
                    continue
                seen.add(found[1])
                file.write(json.dumps(row(written, *found)) + "\n")
                written += 1


if __name__ == "__main__":
    main()
