"""Who should speak, what was asked for, and the written rule that turns both into ratings."""
from dataclasses import dataclass

from voice import MOODS, Delivery, Speaker

# kind: length of the vocal tract, pitch in Hz; in the order of size
KINDS = {"child": (0.78, 320), "woman": (1.0, 235), "man": (1.17, 170), "ogre": (1.38, 125)}
AGES = {"child": "Child", "woman": "Adult", "man": "Adult", "ogre": "Elderly"}
NAMES = {
    "child": ["Mia", "Timo", "Nela", "Jonas"], "woman": ["Vera", "Ada", "Rosa", "Irma"],
    "man": ["Otto", "Emil", "Bruno", "Karl"], "ogre": ["Grum", "Borka", "Murro", "Dorg"],
}
PROFILES = {
    "child": ["{} is a little child.", "A young child, {}."],
    "woman": ["{} is a grown woman.", "A clever woman, {}."],
    "man": ["{} is a grown man.", "A tall man, {}."],
    "ogre": ["{} is a huge ogre.", "An old ogre, {}."],
}
PACES = {"Hasty": 1, "Unhurried": -1}
FORCES = {"Booming": 1, "Gentle": -1}
STRENGTHS = {"A little": 0.3, "Very": 0.95}
REASONS = {
    "joyful": ["the ship came home", "the feast begins", "the snow is here", "a friend returns"],
    "angry": ["the lamp was broken", "somebody lied", "the gate stays shut", "the bread is gone"],
    "sad": ["the garden withered", "the old dog left", "the letter was lost", "summer is over"],
    "afraid": ["the ice cracks", "a shadow moves", "the bridge sways", "the wolves howl"],
}
NEIGHBORS = {("angry", "afraid"): 2.4, ("sad", "afraid"): 2.8}  # accuracy of a mood that is near
SLOW, FAST, LOUD, ARC = 2.6, 6.8, 9.0, 16.0  # ends of rate, level (±) and arc


@dataclass(frozen=True)
class Part:
    """What the record asks of the voice."""
    kind: str
    pace: str
    force: str
    mood: str
    strength: str


def draw_part(rng):
    return Part(rng.choice(list(KINDS)), rng.choice(list(PACES)), rng.choice(list(FORCES)),
                rng.choice(list(MOODS)), rng.choice(list(STRENGTHS)))


def toward(rng, sign):
    """A number in -1…1, more often on the side of `sign` than not."""
    value = rng.uniform(-1, 1)
    return abs(value) * sign if rng.random() < 0.4 else value


def draw_performance(part, rng):
    """A kind, a speaker and a delivery that serve `part` well or badly."""
    kind = part.kind if rng.random() < 0.4 else rng.choice(list(KINDS))
    mood = part.mood if rng.random() < 0.45 else rng.choice(list(MOODS))
    size, pitch = KINDS[kind]
    speaker = Speaker(size * rng.uniform(0.96, 1.04), pitch * 2 ** (rng.uniform(-1.2, 1.2) / 12))
    pace, force = toward(rng, PACES[part.pace]), toward(rng, FORCES[part.force])
    return kind, speaker, Delivery(
        pitch_range=rng.random(), rate=SLOW + (FAST - SLOW) * (pace + 1) / 2,
        rhythm=rng.random(), stress=rng.random(), level=LOUD * force, arc=ARC * rng.random(),
        mood=mood, intensity=rng.uniform(0.25, 1))


def mood_match(wanted, played, intensity):
    """Accuracy of a played mood, 1…5: clear and right is best."""
    if wanted == played:
        return 3.6 + 1.4 * intensity
    return NEIGHBORS.get((wanted, played), NEIGHBORS.get((played, wanted), 1.2))


def true_ratings(part, kind, delivery):
    """The ten realism ratings, real numbers in 1…5, by annotation field."""
    kinds = list(KINDS)
    apart = abs(kinds.index(part.kind) - kinds.index(kind))
    pace = 2 * (delivery.rate - SLOW) / (FAST - SLOW) - 1
    force = delivery.level / LOUD
    accuracy = mood_match(part.mood, delivery.mood, delivery.intensity)
    control = 5 - 6 * abs(delivery.intensity - STRENGTHS[part.strength])
    identity = [4.8, 2.8, 1.6, 1.0][apart]
    trait = 3 + pace * PACES[part.pace] + force * FORCES[part.force]
    control = max(1, control if accuracy >= 3 else min(2, control))
    return {
        "pitch_variation": 1 + 4 * delivery.pitch_range,
        "rhythmic_naturalness": 1 + 4 * delivery.rhythm,
        "stress_and_emphasis": 1 + 4 * delivery.stress,
        "emotion_accuracy": accuracy,
        "emotion_intensity_control": control,
        "dynamic_range": 1 + 4 * delivery.arc / ARC,
        "voice_identity_matching": identity,
        "trait_embodiment": trait,
        "local_story_fit": (accuracy + control) / 2,
        "global_story_coherence": (identity + trait) / 2,
    }


def archetype_ratings(part, kind, delivery):
    """The three archetype ratings of a clip whose content passes."""
    realism = true_ratings(part, kind, delivery)
    return {
        "audio_quality": 5 - 8 * delivery.noise - 20 * delivery.dropouts,
        "human_likeness": (realism["pitch_variation"] + realism["rhythmic_naturalness"]) / 2,
        "appropriateness":
            (realism["emotion_accuracy"] + realism["voice_identity_matching"]) / 2,
    }


BIASES = [-0.4, -0.2, 0.0, 0.1, 0.2, 0.4]  # of the six annotators


def annotate(rating, rng, noise=0.45, missing=0.03):
    """Six integer ratings of 1…5 around a true one; now and then null."""
    scores = [min(5, max(1, round(rating + bias + rng.gauss(0, noise)))) for bias in BIASES]
    return [None if rng.random() < missing else score for score in scores]
