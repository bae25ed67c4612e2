#!/usr/bin/env python3
"""Writes the text that nano-qwen3 is pretrained on: short chats of our own making.

usage: python3 make_corpus.py OUT.jsonl [ROWS]      (standard library only; default 12000 rows)

Rows are {"messages": [...]}; row i is a pure function of i. They teach the small skills that a
later task builds on (copying a phrase, finding a value in a sentence, counting, kinds of things,
polite talk about a workshop), never the sample dialogues of hri_dialogue nor their answers.
"""
import json
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "hri_dialogue"))
from vocabulary import (  # noqa: E402
    AREAS, COLORS, LOCATIONS, NUMBERS, OBJECTS, PARCELS, PEOPLE, POSITIONS, PRODUCTS, SIZES,
    SPOTS, STYLES, plural)

SYSTEMS = [
    "You are a friendly robot in a workshop.", "Answer in one short sentence.",
    "You are a helpful assistant.", "You help people in a factory. Be brief and polite.",
    "You are an assistant for many kinds of work. Say what you are going to do.",
]
MORE_THINGS = [
    "apple", "book", "cup", "spoon", "basket", "pencil", "rope", "mirror", "bucket", "shovel",
    "bell", "candle", "helmet", "carpet", "kettle", "pillow", "wheel", "axle", "spring", "bearing",
    "fuse", "cover", "screen", "keyboard", "printer", "glue", "saw", "pliers", "vise", "anvil",
    "blanket", "jacket", "boot", "glove", "coin", "stamp", "map", "flag", "drum", "flute",
]
MORE_PLACES = [
    "garden", "kitchen", "library", "harbor", "bridge", "station", "office", "garage", "hallway",
    "roof", "cellar", "market", "school", "tower", "platform", "warehouse", "laboratory", "stairs",
]
MORE_NAMES = ["Anton", "Bela", "Clara", "David", "Eva", "Felix", "Hanna", "Ivan", "Jana", "Karim"]
USES = {
    "hammer": "drive nails", "wrench": "turn nuts", "drill": "make holes", "clamp": "hold parts",
    "ladder": "reach high places", "flashlight": "see in the dark", "brush": "sweep dust",
    "file": "smooth metal", "bolt cutter": "cut thick wire", "measuring cup": "measure liquids",
    "safety helmet": "protect the head", "cable reel": "store cable", "tape roll": "seal boxes",
    "paint can": "keep paint", "glove box": "keep gloves", "screw box": "keep screws",
    "bracket": "support a shelf", "washer bag": "keep washers",
}
ALL_PRODUCTS = [name for kind in sorted(PRODUCTS) for name in PRODUCTS[kind]]
THINGS = ALL_PRODUCTS + PARCELS + OBJECTS + MORE_THINGS
PLACES = LOCATIONS + POSITIONS + SPOTS + MORE_PLACES
NAMES = PEOPLE + MORE_NAMES
SYLLABLES = ["ba", "do", "ki", "lu", "me", "no", "pa", "ri", "so", "tu", "ve", "zan", "mor", "lin",
             "tek", "dar", "fen", "gol", "hup", "jas"]
VERBS = ["build", "deliver", "bring", "move", "assemble", "carry", "fetch", "store", "paint",
         "repair", "clean", "count", "send", "grab", "save", "mark", "place", "produce"]


def invented(rng):
    """A word that no list holds, so that copying cannot be learnt by heart."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 3)))


def thing(rng, most=3):
    """A thing with up to `most` qualities, such as `small red drill`."""
    name = invented(rng) if rng.random() < 0.15 else rng.choice(THINGS)
    qualities = [values for values in (SIZES, COLORS, STYLES) if rng.random() < 0.5][:most]
    return " ".join([rng.choice(values) for values in qualities] + [name])


def place(rng):
    return invented(rng) if rng.random() < 0.1 else rng.choice(PLACES)


def person(rng):
    return invented(rng).capitalize() if rng.random() < 0.15 else rng.choice(NAMES)


def copy(rng):
    phrase = rng.choice([
        lambda: thing(rng), lambda: f"the {thing(rng)} from the {place(rng)}",
        lambda: f"{person(rng)} in {rng.choice(AREAS)}", lambda: f"the {place(rng)}",
        lambda: " ".join(invented(rng) for _ in range(rng.randint(2, 5))),
        lambda: " ".join(rng.choice(THINGS + COLORS + VERBS) for _ in range(rng.randint(2, 6))),
    ])()
    ask, answer = rng.choice([
        ("Say: {}", "{}"), ("Repeat after me: {}.", "{}."), ("Please echo \"{}\".", "\"{}\""),
        ("Write {} twice.", "{0}, {0}"), ("The words are {}. Which words?", "The words are {}."),
        ("I say {}. What did I say?", "You said {}."),
    ])
    return [(ask.format(phrase), answer.format(phrase))]


def find_value(rng):
    """A sentence, then a question about one value in it."""
    size, color, name = rng.choice(SIZES), rng.choice(COLORS), rng.choice(THINGS + [invented(rng)])
    source, target = rng.sample(PLACES, 2)
    who = person(rng)
    sentence = rng.choice([
        "{who} moved the {size} {color} {name} from the {source} to the {target}.",
        "The {size} {color} {name} went from the {source} to the {target} with {who}.",
        "From the {source} {who} took the {size} {color} {name} to the {target}.",
    ]).format(size=size, color=color, name=name, source=source, target=target, who=who)
    questions = [
        ("What was moved?", f"It was the {name}."), ("Which color was it?", f"It was {color}."),
        ("Which size was it?", f"It was {size}."),
        ("Where did it come from?", f"From the {source}."),
        ("Where is it now?", f"It is at the {target}."), ("Who did it?", f"{who} did it."),
        ("Describe the thing.", f"A {size} {color} {name}."),
        ("Tell the way.", f"The {name} left the {source} and reached the {target}."),
    ]
    picked = rng.sample(questions, rng.randint(1, 3))
    first, answer = picked[0]
    return [(f"{sentence} {first}", answer)] + picked[1:]


def numbers(rng):
    digit = rng.choice(sorted(NUMBERS))
    word, name = NUMBERS[digit], plural(rng.choice(ALL_PRODUCTS))
    color = rng.choice(COLORS)
    return [rng.choice([
        (f"Write {word} as a number.", f"{digit}"), (f"Write {digit} as a word.", f"{word}"),
        (f"I see {word} {color} {name}. How many?", f"There are {digit} {color} {name}."),
        (f"There are {digit} {name} here. How many {name} are here?", f"I count {digit} {name}."),
        (f"Note this: {word} {name}.", f"{digit} {name}"),
        (f"Note this: {word} {color} {name}.", f"{digit} {color} {name}"),
    ])]


def counting(rng):
    start, length = rng.randint(1, 20), rng.randint(3, 6)
    run = [str(start + step) for step in range(length + 1)]
    return [rng.choice([
        (f"Count from {run[0]} to {run[-1]}.", ", ".join(run)),
        (f"Which number follows {run[0]}?", f"{run[1]} follows {run[0]}."),
    ])]


def kinds(rng):
    kind = rng.choice(sorted(PRODUCTS))
    name = rng.choice(PRODUCTS[kind])
    other = rng.choice([key for key in sorted(PRODUCTS) if key != kind])
    return [rng.choice([
        (f"What kind of thing is a {name}?", f"A {name} belongs to {kind}."),
        (f"Sort these: {plural(name)}.", f"{plural(name)}: {kind}"),
        (f"Is a {name} {kind}?", f"Yes, a {name} is {kind}."),
        (f"Is a {name} {other}?", f"No, a {name} is {kind}."),
        (f"Name something from {kind}.", f"A {name}, for example."),
        (f"Sort this: {rng.choice(COLORS)} {name}.", f"{name}: {kind}"),
    ])]


def uses(rng):
    name = rng.choice(sorted(USES))
    return [rng.choice([
        (f"What is a {name} for?", f"A {name} is there to {USES[name]}."),
        (f"With what can I {USES[name]}?", f"With a {name}."),
    ])]


def memory(rng):
    who, item, spot = person(rng), thing(rng), place(rng)
    facts = [
        (f"My name is {who}.", "What is my name?", f"Your name is {who}."),
        (f"The {item} is at the {spot}.", f"Where is the {item}?", f"It is at the {spot}."),
        (f"I lost my {item}.", "What did I lose?", f"You lost the {item}."),
        (f"We meet at the {spot}.", "Where do we meet?", f"We meet at the {spot}."),
        (f"{who} waits in {rng.choice(AREAS)}.", "Who waits?", f"{who} waits."),
    ]
    told, asked, answer = rng.choice(facts)
    reply = rng.choice(["Good to know.", "I will remember that.", "Thank you for telling me."])
    return [(told, reply), (asked, answer)]


def rewording(rng):
    """A wish, and what is wished in other words: copying into a fixed frame."""
    item, spot, verb, who = thing(rng), place(rng), rng.choice(VERBS), person(rng)
    goal = place(rng)
    area = rng.choice(AREAS)
    return [rng.choice([
        (f"Rule one. {verb} the {item}", f"{verb}: {item}"),
        (f"List: {item}; {spot}; {who}", f"thing {item}, place {spot}, person {who}"),
        (f"Thing and place: the {item} at the {spot} in {area}.", f"{item} / {spot} / {area}"),
        (f"Short: somebody should {verb} the {item} from the {spot}.", f"{verb} {item}, {spot}"),
        (f"Short: {who} is at the {spot} in {area}.", f"{who}, {spot}, {area}"),
        (f"Way: from the {spot} to the {goal}.", f"{spot} > {goal}"),
        (f"Way: to the {goal} from the {spot}.", f"{spot} > {goal}"),
        (f"Who and what: {who} has the {item}.", f"{who} has {item}"),
        (f"{who} asks: can you {verb} the {item}?", f"{who} wishes that I {verb} the {item}."),
        (f"Turn around: {item} and {spot}", f"{spot} and {item}"),
    ])]


def talk(rng):
    who, spot = person(rng), place(rng)
    return [rng.choice([
        ("Hello!", "Hello! How can I be of use?"), ("Good morning.", "Good morning to you."),
        (f"Hi, I am {who}.", f"Nice to meet you, {who}."), ("Thank you.", "You are welcome."),
        ("Who are you?", "I am a small robot that works in this hall."),
        ("Are you tired?", "No, my battery is full."), ("Goodbye.", "See you tomorrow."),
        (f"Do you like the {spot}?", f"Yes, the {spot} is a nice place."),
        ("What can you do?", "I can build, carry, fetch and find my way on the map."),
        ("Please wait.", "Of course, I am waiting."), ("Can you hear me?", "Yes, I hear you well."),
        ("What do you want to know?", "Tell me the color, the size and the right door."),
        ("Is there anything on the list?", "There is a new order and one note for the next job."),
        ("Shall we begin?", "Yes, let us begin right away after that stop."),
    ])]


def service(rng):
    """A wish and a spoken reply, put together from parts: what was asked, then a question."""
    item, who, verb = thing(rng), person(rng), rng.choice(VERBS)
    source, target, area = place(rng), place(rng), rng.choice(AREAS)
    digit = rng.choice(sorted(NUMBERS))
    name, color = plural(rng.choice(ALL_PRODUCTS)), rng.choice(COLORS)
    kind = rng.choice(sorted(PRODUCTS))
    wish, parts = rng.choice([
        (f"{verb} the {item}, please.", [f"the {item} is next", f"I {verb} the {item} now"]),
        (f"{who} would like the {item} from the {source}.",
         [f"the {item} leaves the {source} with me", f"{who} gets the {item}",
          f"I look at the {source} for the {item}"]),
        (f"The {item} must reach the {target} in {area}.",
         [f"the {target} in {area} gets the {item}", f"I know {area} and the {target}",
          f"the {item} rides to the {target} in {area}"]),
        (f"Somebody at the {source} wants to see you.",
         [f"the {source} is my next stop", f"I am on my way to the {source}"]),
        (f"There is a place called {target} now.",
         [f"the {target} is new to me", f"I write {target} on my list of places"]),
        (f"{NUMBERS[digit] if rng.random() < 0.5 else digit} {color} {name} are missing.",
         [f"{digit} {color} {name} will be made", f"the list says {digit} {color} {name}",
          f"{digit} {name} in {color}"]),
        (f"Tomorrow we make {NUMBERS[digit] if rng.random() < 0.5 else digit} {name}.",
         [f"{digit} {name}, that is a good plan", f"the plan says {digit} {name}"]),
        (f"Carry the {item} from the {source} to the {target}.",
         [f"the {item} changes from the {source} to the {target}",
          f"out of the {source} comes the {item} and the {target} is its new place",
          f"first the {source}, then the {target}, with the {item}"]),
        (f"{who} sent the {item} to {area}.",
         [f"{who} travels light, so I take the {item}", f"{area} waits for the {item}"]),
        (f"Is an order of {kind} planned?",
         [f"somebody planned an order of {kind}", f"there is {kind} on my list of work"]),
    ])
    start = rng.choice(["Sure", "Gladly", "Yes", "Right", "Fine", "With pleasure", "Of course"])
    question = rng.choice([
        "Is that right?", "Do you need a receipt?", "How many people come along?",
        "Which door should I use?", "What color is the box?", "Where should it stand?",
        "Who will be there?", "Would you like more of them?", "Shall I hurry?",
        "Is there anything to sign?", "Do you want me to wait there?", "Which way is open?",
        "What size is right?", "Should I look for help?", "Is it ready to go?",
    ])
    return [(wish[0].upper() + wish[1:], f"{start}, {rng.choice(parts)}. {question}")]


def spelling(rng):
    word = rng.choice(THINGS + PLACES + COLORS + NAMES).split()[0]
    return [(f"Spell {word}.", " ".join(word.lower()))]


SKILLS = [(service, 26), (copy, 20), (find_value, 14), (rewording, 12), (numbers, 7), (kinds, 9),
          (memory, 5), (talk, 3), (uses, 2), (counting, 1), (spelling, 1)]


def row(index):
    rng = random.Random(f"nano-qwen3 corpus/{index}")
    skills, weights = zip(*SKILLS)
    pairs = rng.choices(skills, weights)[0](rng)
    messages = []
    if rng.random() < 0.4:
        messages.append({"role": "system", "content": rng.choice(SYSTEMS)})
    for user, answer in pairs:
        messages.append({"role": "user", "content": user})
        messages.append({"role": "assistant", "content": answer})
    return {"messages": messages}


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    count = int(sys.argv[2]) if len(sys.argv) == 3 else 12000
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for index in range(count):
            file.write(json.dumps(row(index), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
