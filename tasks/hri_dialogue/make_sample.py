#!/usr/bin/env python3
"""Writes sample/{assembly,delivery,position,relocation}.json: dialogues of our own making.

usage: python3 make_sample.py        (standard library only; the same bytes on every run)

Each file is one object: dialogue id -> {"domain": {name: true}, "turn": [...]}. An answer follows
from the slots alone: it repeats their values and asks for the first thing that is still unknown.
"""
import json
import os
import random

from vocabulary import (
    AREAS, COLORS, LOCATIONS, NUMBERS, OBJECTS, PARCELS, PEOPLE, POSITIONS, PRODUCTS, SIZES,
    SPOTS, STYLES, plural)

DIALOGUES_PER_DOMAIN = 42
NOTHING = "not_mentioned"


def maybe(rng, values, share):
    """One of `values`, or `not_mentioned` with probability 1 - share."""
    return rng.choice(values) if rng.random() < share else NOTHING


def words(*values):
    """The values that are mentioned, joined by spaces."""
    return " ".join(value for value in values if value != NOTHING)


def frame(domain, database, database_optional, inform, inform_optional):
    return {domain: {
        "DB_request": {"req": database, "opt": database_optional},
        "T_inform": {"req": inform, "opt": inform_optional, "type": domain},
    }}


def assembly(rng):
    kind = rng.choice(sorted(PRODUCTS))
    product = rng.choice(PRODUCTS[kind])
    quantity = maybe(rng, sorted(NUMBERS), 0.7)
    color, size = maybe(rng, COLORS, 0.6), maybe(rng, SIZES, 0.4)
    style = maybe(rng, STYLES, 0.35)
    name = product if quantity == NOTHING else plural(product)
    spoken = quantity
    if quantity != NOTHING and rng.random() < 0.5:
        spoken = NUMBERS[quantity]
    thing = words(spoken, size, color, style, name)
    if quantity == NOTHING:
        thing = "a " + thing
    user = rng.choice([
        "Please build {}.", "Can you put together {}?", "We are short of {}, make some.",
        "I want {} assembled today.", "Could you assemble {} for me?", "Start making {}.",
        "The customer ordered {}.", "Let us produce {}.", "My team is waiting for {}.",
    ]).format(thing)
    if quantity == NOTHING:
        question = "How many pieces do you need?"
    elif color == NOTHING:
        question = "Which color would you like?"
    elif size == NOTHING:
        question = "Which size should they have?"
    else:
        question = "Shall I begin right away?"
    listed = words(quantity, size, color, style, name)
    answer = f"Build order noted: {listed}, which is {kind} work. {question}"
    slots = frame(
        "assembly", {"producttype": kind}, {}, {"product": name, "quantity": quantity},
        {"color": color, "style": style, "size": size})
    aside = f"I always enjoy making {kind} things."
    found = {"producttype": "detected", "product": "detected",
             "quantity": "null" if quantity == NOTHING else "detected"}
    return user, answer, aside, slots, found


def delivery(rng):
    item, location, area = rng.choice(PARCELS), rng.choice(LOCATIONS), rng.choice(AREAS)
    color, size = maybe(rng, COLORS, 0.4), maybe(rng, SIZES, 0.3)
    recipient = maybe(rng, PEOPLE, 0.5)
    sender = maybe(rng, [name for name in PEOPLE if name != recipient], 0.2)
    thing = words(size, color, item)
    to = f"the {location} in {area}"
    if recipient != NOTHING:
        to = rng.choice(["{0}, who is at {1}", "{0} at {1}"]).format(recipient, to)
    user = rng.choice([
        "Take the {0} to {1}.", "Please deliver the {0} to {1}.", "The {0} has to go to {1}.",
        "Would you carry the {0} to {1}?", "Can the {0} be sent to {1}?",
        "I need this {0} dropped off with {1}." if recipient != NOTHING
        else "I need this {0} dropped off at {1}.",
        "Bring the {0} over to {1}, please.",
    ]).format(thing, to)
    if sender != NOTHING:
        user += f" It comes from {sender}."
    who = "" if recipient == NOTHING else f" for {recipient}"
    origin = "" if sender == NOTHING else f" sent by {sender}"
    question = ("Who will receive it there?" if recipient == NOTHING
                else "Do you want a note when it arrives?")
    answer = (f"Delivery planned: the {thing}{origin} travels to the {location} in {area}{who}. "
              f"{question}")
    slots = frame(
        "delivery", {"area": area.removeprefix("the "), "location": location},
        {"sender": sender, "recipient": recipient}, {"object": item},
        {"color": color, "size": size})
    found = {"area": "detected", "location": "detected", "object": "detected"}
    return user, answer, "Careful hands on every trip!", slots, found


def position(rng):
    place = rng.choice(POSITIONS)
    operation = rng.choice(["move", "move", "move", "add", "add", NOTHING])
    if operation == "move":
        user = rng.choice([
            "Go to the {}.", "Please drive over to the {}.", "Could you wait for me at the {}?",
            "I would like to see you at the {}.", "Head for the {} now.",
            "Can you roll to the {}?", "Meet Ines at the {}.", "Show our guest the way to the {}.",
        ]).format(place)
        answer = f"Route ready: I will move to the {place} and stop there. What comes after that?"
    elif operation == "add":
        user = rng.choice([
            "Remember this spot as the {}.", "Save the {} on your map.",
            "We have a new {}, please store it.", "Mark this corner as the {}.",
            "Put the {} into your list of places.", "From today this area is called the {}.",
        ]).format(place)
        answer = (f"Map changed: I will add the {place} to the known places. "
                  "Is its door always open?")
    else:
        user = rng.choice([
            "Where is the {}?", "Do you know the {}?", "Is the {} far from here?",
            "Have you heard of the {}?",
        ]).format(place)
        answer = f"Place known: the {place} stands on the map already. Do you want me to go there?"
    slots = frame("position", {"position_name": place}, {}, {"operation": operation}, {})
    found = {"position_name": "detected",
             "operation": "null" if operation == NOTHING else "detected"}
    return user, answer, "I like to know my way around.", slots, found


def relocation(rng):
    thing = rng.choice(OBJECTS)
    color, size = maybe(rng, COLORS, 0.4), maybe(rng, SIZES, 0.3)
    source, target = maybe(rng, SPOTS, 0.55), maybe(rng, SPOTS, 0.45)
    if target == source:
        target = NOTHING
    name = words(size, color, thing)
    away = "" if source == NOTHING else f" from the {source}"
    if target == NOTHING:
        user = rng.choice([
            "Bring me the {0}{1}.", "Hand me the {0}{1}, please.", "I need the {0}{1}.",
            "Could you fetch the {0}{1}?", "Get the {0}{1} for me.", "Where is my {0}? Grab it{1}.",
        ]).format(name, away)
    else:
        user = rng.choice([
            "Put the {0}{1} on the {2}.", "Move the {0}{1} to the {2}.",
            "Please carry the {0}{1} over to the {2}.", "The {0}{1} belongs at the {2}.",
            "Can you place the {0}{1} near the {2}?",
        ]).format(name, away, target)
    goal = "hand it to you" if target == NOTHING else f"set it down at the {target}"
    question = ("Where should I look for it?" if source == NOTHING
                else "Is there anything else to carry?")
    answer = f"Transport job: I pick up the {name}{away} and {goal}. {question}"
    slots = frame(
        "relocation", {"object_name": thing}, {}, {},
        {"color": color, "size": size, "from": source, "to": target})
    return user, answer, "Lifting things keeps me fit.", slots, {"object_name": "detected"}


def opening(rng, user, number):
    """Later turns of a dialogue begin with a link word now and then."""
    if number == 0 or rng.random() < 0.4:
        return user
    link = rng.choice(["Next: ", "Then one more thing. ", "Thanks. ", "After that: ", "Good. "])
    return link + user


def main():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample")
    for start, make in ((1000, assembly), (2000, delivery), (3000, position), (4000, relocation)):
        rng = random.Random(f"sample dialogues/{make.__name__}")
        dialogues = {}
        for number in range(DIALOGUES_PER_DOMAIN):
            turns = []
            for turn in range(rng.choice([1, 1, 2, 2, 3])):
                user, answer, aside, slots, found = make(rng)
                turns.append({
                    "user": opening(rng, user, turn), "system": answer, "s_system": aside,
                    "slots": slots, "search_result": found})
            dialogues[f"{start + number}.json"] = {
                "domain": {make.__name__: True}, "turn": turns}
        path = os.path.join(folder, make.__name__ + ".json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(dialogues, file, indent=1, ensure_ascii=False)
            file.write("\n")
        print(path, len(dialogues), "dialogues", sum(len(d["turn"]) for d in dialogues.values()),
              "turns")


if __name__ == "__main__":
    main()
