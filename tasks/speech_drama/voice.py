"""A voice of our own making: syllables of an invented tongue, spoken under known controls.

The source-filter model, summed in frequency: harmonics of a gliding pitch and breath noise, both
weighted by four moving formants. `speak` is a pure function of its arguments.
"""
from dataclasses import dataclass
import random

import numpy

RATE = 16000  # samples a second
HOP = 80  # samples between two control points (5 ms)
TOP = 7400.0  # Hz, above which the voice has no harmonics

VOWELS = {"a": (760, 1250), "e": (480, 1950), "i": (300, 2300), "o": (500, 900), "u": (330, 780)}
# voiced level, noise level, centre and width of the noise in Hz, share of the closure's silence
CONSONANTS = {
    "m": (0.35, 0.0, 2000, 1000, 0.0), "n": (0.35, 0.0, 2500, 1000, 0.0),
    "l": (0.5, 0.0, 2000, 1000, 0.0), "r": (0.45, 0.02, 1500, 800, 0.0),
    "s": (0.0, 0.35, 5600, 1200, 0.0), "f": (0.0, 0.15, 4200, 2600, 0.0),
    "b": (0.1, 0.2, 900, 700, 0.6), "d": (0.1, 0.25, 2600, 900, 0.6),
    "k": (0.0, 0.35, 1900, 700, 0.6), "t": (0.0, 0.4, 4200, 1500, 0.6),
}


@dataclass(frozen=True)
class Speaker:
    """Who speaks: length of the vocal tract (1 = a grown woman's) and usual pitch in Hz."""
    size: float
    pitch: float


@dataclass(frozen=True)
class Delivery:
    """How it is spoken; shares lie in 0…1."""
    pitch_range: float  # share: 0 = one tone, 1 = syllables up to 7 semitones off
    rate: float  # syllables a second
    rhythm: float  # share: 0 = a machine's even beat, 1 = phrases, pauses, long endings
    stress: float  # share: how far stressed syllables stand out (level, length, pitch)
    level: float  # dB against a medium voice
    arc: float  # dB between the softest and the loudest phrase
    mood: str  # a key of MOODS
    intensity: float  # share of the mood's full strength
    noise: float = 0.0  # background noise, amplitude against the voice's
    dropouts: float = 0.0  # share of the clip that is cut out


# In full strength: pitch shift and glide over a phrase in semitones, breath, roughness, tremor in
# semitones, brightness in dB per octave
MOODS = {
    "joyful": (5.0, 4.0, 0.0, 0.0, 0.0, 2.0),
    "angry": (0.0, -3.0, 0.0, 0.9, 0.0, 3.0),
    "sad": (-3.0, -2.0, 0.5, 0.0, 0.0, -5.0),
    "afraid": (4.0, 0.0, 0.35, 0.0, 1.6, 0.0),
}


@dataclass
class Syllable:
    onset: str
    vowel: str
    stressed: bool
    phrase: int
    last: bool  # of its phrase
    seconds: float = 0.0
    pause: float = 0.0  # silence after it, in seconds
    pitch: float = 0.0  # semitones
    gain: float = 0.0  # dB


def plan(delivery, seconds, rng):
    """The syllables that fill about `seconds`, with lengths, pitches and levels."""
    pause = 0.02 + 0.24 * delivery.rhythm
    count = max(6, round(delivery.rate * (seconds - 2 * pause)))
    bounds = [0, round(count * rng.uniform(0.28, 0.38)), round(count * rng.uniform(0.62, 0.72)),
              count]
    syllables = []
    for phrase in range(3):
        length = bounds[phrase + 1] - bounds[phrase]
        beat = rng.randint(0, 1)
        for place in range(length):
            syllables.append(Syllable(
                rng.choice("mnlrsfbdkt"), rng.choice("aeiou"), (place + beat) % 3 == 0, phrase,
                place == length - 1))
    shape_time(syllables, delivery, pause, rng)
    shape_level(syllables, delivery, rng)
    shape_pitch(syllables, delivery, rng)
    return syllables


def shape_time(syllables, delivery, pause, rng):
    for syllable in syllables:
        length = numpy.exp(0.45 * delivery.rhythm * rng.gauss(0, 1))
        if syllable.last:
            length *= 1 + 0.8 * delivery.rhythm
            syllable.pause = pause * rng.uniform(0.8, 1.2)
        if syllable.stressed:
            length *= 1 + 0.4 * delivery.stress
        syllable.seconds = length / delivery.rate
    syllables[-1].pause = 0.0


def shape_level(syllables, delivery, rng):
    order = rng.choice([(0, 0.5, 1), (1, 0.5, 0), (0, 1, 0.3), (1, 0, 0.7)])
    for syllable in syllables:
        syllable.gain = (order[syllable.phrase] - 0.5) * delivery.arc
        syllable.gain += delivery.stress * (8 if syllable.stressed else -6)


def shape_pitch(syllables, delivery, rng):
    shift, glide = (delivery.intensity * value for value in MOODS[delivery.mood][:2])
    for phrase in range(3):
        group = [syllable for syllable in syllables if syllable.phrase == phrase]
        for place, syllable in enumerate(group):
            way = place / max(1, len(group) - 1) - 0.5
            leap = 7.0 * delivery.pitch_range * rng.choice((-1, 1)) * rng.uniform(0.4, 1)
            syllable.pitch = shift + glide * way + leap
            syllable.pitch += 2.0 * delivery.stress * syllable.stressed


@dataclass
class Track:
    """Controls by frame of HOP samples."""
    pitch: numpy.ndarray  # Hz
    voiced: numpy.ndarray  # amplitude of the harmonics
    noise: numpy.ndarray  # amplitude of the consonant's noise
    centre: numpy.ndarray  # Hz, of that noise
    width: numpy.ndarray  # Hz
    formants: numpy.ndarray  # [4, frames], Hz


def smooth(values, frames):
    """A running mean over `frames` frames."""
    kernel = numpy.ones(frames) / frames
    padded = numpy.pad(values, (frames // 2, frames - 1 - frames // 2), mode="edge")
    return numpy.convolve(padded, kernel, mode="valid")


def track(speaker, delivery, syllables, rng):
    rows = []
    for syllable in syllables:
        frames = max(8, round(syllable.seconds * RATE / HOP))
        voice, hiss, centre, width, closed = CONSONANTS[syllable.onset]
        onset = min(max(4, frames // 3), 18)
        shut = int(onset * closed)
        gain = 10 ** (syllable.gain / 20)
        first, second = VOWELS[syllable.vowel]
        for frame in range(frames):
            consonant = frame < onset
            amplitude = voice if consonant else 1.0
            breath = hiss if consonant and frame >= shut else 0.0
            if frame >= frames - 3:
                amplitude *= 0.5
            rows.append((syllable.pitch, amplitude * gain, breath * gain, centre, width,
                         min(first, 350) if consonant else first, second))
        rows += [(syllable.pitch, 0, 0, centre, width, first, second)] * round(
            syllable.pause * RATE / HOP)
    rows += [rows[-1][:1] + (0, 0) + rows[-1][3:]] * 6
    pitch, voiced, noise, centre, width, first, second = numpy.array(rows, dtype=float).T
    shake = delivery.intensity * MOODS[delivery.mood][4]
    time = numpy.arange(len(pitch)) * HOP / RATE
    pitch = smooth(pitch, 11) + shake * numpy.sin(2 * numpy.pi * 7.5 * time + rng.uniform(0, 6))
    upper = numpy.ones((2, len(pitch))) * [[2900], [3900]]
    formants = numpy.vstack([smooth(first, 7), smooth(second, 7), upper]) / speaker.size
    return Track(speaker.pitch * 2 ** (pitch / 12), smooth(voiced, 5), smooth(noise, 3), centre,
                 width, formants)


def envelope(frequency, formants):
    """The gain of four resonators in a row at `frequency` [n, frames]; 1 at 0 Hz."""
    gain = numpy.ones_like(frequency)
    for formant, width in zip(formants, (90, 110, 160, 220)):
        ratio = (frequency / formant) ** 2
        gain /= numpy.sqrt((1 - ratio) ** 2 + ratio * (width / formant) ** 2)
    return gain


def ramp(values):
    """Control points [frames] as samples [(frames - 1) * HOP], in straight lines between."""
    steps = numpy.arange(HOP) / HOP
    return (values[:-1, None] + numpy.diff(values)[:, None] * steps).ravel()


def harmonics(controls, tilt, rough, rng):
    """The voiced part: harmonics k of the pitch by the recurrence of cos(kx)."""
    count = int(TOP / controls.pitch.min())
    frequency = numpy.arange(1, count + 1)[:, None] * controls.pitch
    amplitude = controls.voiced * envelope(frequency, controls.formants)
    amplitude *= (frequency / 500) ** (tilt / 6.02) * numpy.clip((TOP - frequency) / 200, 0, 1)
    phase = 2 * numpy.pi * numpy.cumsum(ramp(controls.pitch)) / RATE
    unit = numpy.cos(phase)
    before, now, sound = numpy.ones_like(unit), unit, numpy.zeros_like(unit)
    for row in amplitude:
        sound += ramp(row) * now
        before, now = now, 2 * unit * now - before
    # A harsh voice: every other pulse is weaker
    return sound * (1 - 0.45 * rough * (1 + numpy.cos(phase / 2 + rng.uniform(0, 6))))


def hiss(controls, tilt, breath, noise):
    """The unvoiced part: frames of white noise shaped by the consonant's band or the formants."""
    frames = len(controls.pitch) - 1
    frequency = numpy.fft.rfftfreq(2 * HOP, 1 / RATE)[:, None]
    band = numpy.exp(-((frequency - controls.centre) / controls.width) ** 2) * controls.noise
    air = envelope(numpy.repeat(frequency, frames + 1, axis=1), controls.formants)
    air *= breath * controls.voiced * (numpy.maximum(frequency, 50) / 500) ** (tilt / 6.02 + 0.5)
    gain = (6 * band + 0.7 * air)[:, :frames].T
    spectrum = numpy.fft.rfft(noise[:frames * 2 * HOP].reshape(frames, 2 * HOP)) * gain
    pieces = numpy.fft.irfft(spectrum, 2 * HOP) * numpy.hanning(2 * HOP)
    sound = numpy.zeros((frames + 1) * HOP)
    sound[:-HOP] += pieces[:, :HOP].ravel()
    sound[HOP:] += pieces[:, HOP:].ravel()
    return sound[:frames * HOP]


def speak(speaker, delivery, seconds, seed):
    """The clip's samples (int16, RATE a second) and its syllables in letters."""
    rng = random.Random(f"voice/{seed}")
    white = numpy.random.Generator(numpy.random.PCG64(rng.getrandbits(64)))
    syllables = plan(delivery, seconds, rng)
    controls = track(speaker, delivery, syllables, rng)
    _, _, breath, rough, _, bright = (delivery.intensity * v for v in MOODS[delivery.mood])
    tilt = -7.0 + bright + 0.15 * delivery.level  # dB per octave; a loud voice is brighter
    noise = white.standard_normal(len(controls.pitch) * 2 * HOP)
    voice = harmonics(controls, tilt, rough, rng) + hiss(controls, tilt, 0.02 + breath, noise)
    voice *= 0.03 * 10 ** (delivery.level / 20) / numpy.sqrt(numpy.mean(voice ** 2))
    voice += 0.03 * delivery.noise * white.standard_normal(len(voice))
    for _ in range(round(delivery.dropouts * 12)):
        start = rng.randrange(len(voice))
        voice[start:start + rng.randrange(RATE // 16, RATE // 8)] = 0
    samples = numpy.clip(numpy.round(voice * 4096), -4096, 4095) * 8  # 13 bits: small files
    return samples.astype(numpy.int16), spelling(syllables)


def spelling(syllables):
    """The invented tongue's sentence, such as `Masola, kiteda, rufo.`"""
    words = ["", "", ""]
    for syllable in syllables:
        words[syllable.phrase] += syllable.onset + syllable.vowel
    return (", ".join(words) + ".").capitalize()
