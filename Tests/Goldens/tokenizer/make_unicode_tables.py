#!/usr/bin/env python3
"""Write Sources/Text/Tokenizer/UnicodeTables*.swift by asking the original library about every code point.

usage: make_unicode_tables.py        (needs: pip install tokenizers==0.23.3)

The `tokenizers` library joins three Unicode versions: its regex engine's (\\p{L}, \\p{N}, \\s), its compiler's
(char::is_numeric, for the Digits splitter) and its normalizer's (NFC). Ids agree only if ours are the same three, so
nothing here is taken from a standard: all is probed. Numbers are written in base 36; sorted code points as gaps.
The tables of rare normalizers and of regular expressions have a file each.
"""
import os
import textwrap
import unicodedata
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
NFC, NFD = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
NFKD, LOWER = normalizers.NFKD().normalize_str, normalizers.Lowercase().normalize_str
CATEGORIES = "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn".split()
SCRIPTS = (
    "Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew "
    "Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Tamil Telugu Thai Tibetan"
).split()
HANGUL = range(0xAC00, 0xD7A4)


def members(pattern):
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    text = "".join(map(chr, ALL))
    return sorted({ord(c) for k in range(0, len(text), 4096) for p, _ in split.pre_tokenize_str(text[k : k + 4096]) for c in p})


def numeric():
    digits = pre_tokenizers.Digits(individual_digits=False)
    return [c for c in ALL if len(digits.pre_tokenize_str("a" + chr(c))) == 2]


def words():
    """What the matcher of added tokens takes for a letter of a word: it must not follow a single_word token."""
    tokenizer = Tokenizer(models.BPE(vocab={"?": 0}, merges=[], unk_token="?"))
    tokenizer.add_tokens([AddedToken("x", single_word=True, normalized=False)])
    found = []
    for k in range(0, len(ALL), 4096):
        part = ALL[k : k + 4096]
        encoding = tokenizer.encode("".join(" x" + chr(c) for c in part), add_special_tokens=False)
        alone = {start // 3 for id, (start, _) in zip(encoding.ids, encoding.offsets) if id == 1 and start % 3 == 1}
        found += [c for i, c in enumerate(part) if i not in alone]
    return found


def combining_classes():
    """Class of each code point that reorders: found by where it settles among marks of known classes."""
    marks = {}
    for c in range(0x300, 0x3100):
        k = unicodedata.combining(chr(c))
        if k and NFD(chr(c)) == chr(c):
            marks.setdefault(k, chr(c))
    known = [k for k in sorted(marks) if k == 230 or NFD(marks[230] + marks[k]) == marks[k] + marks[230] or k > 230]
    low, high = marks[known[0]], marks[known[-1]]
    classes = {}
    for c in ALL:
        x = chr(c)
        if NFD(x) != x or (NFD(x + low) == x + low and NFD(high + x) == high + x and c not in map(ord, (low, high))):
            continue
        # A mark of a lower class goes before x; of an equal or higher one stays behind it.
        below = [k for k in known if NFD(x + marks[k]) != x + marks[k]]
        above = [k for k in known if NFD(marks[k] + x) != marks[k] + x]
        equal = [k for k in known if k not in below and k not in above]
        if below == [] and above == []:
            continue
        k = unicodedata.combining(x)
        assert equal == [k] or (equal == [] and below[-1] < k < above[0]), (hex(c), k, below[-1:], above[:1])
        classes[c] = k
    return classes


def decompositions():
    """(code point, first, second or 0, does the pair compose) for one step of canonical decomposition."""
    rows = []
    for c in ALL:
        whole = NFD(chr(c))
        if c in HANGUL or whole == chr(c):
            continue
        parts = [int(p, 16) for p in unicodedata.decomposition(chr(c)).split()]
        assert "".join(NFD(chr(p)) for p in parts) == whole and len(parts) <= 2, hex(c)
        first, second = parts + [0] * (2 - len(parts))
        rows.append((c, first, second, len(parts) == 2 and NFC(chr(first) + chr(second)) == chr(c)))
    return rows


def categories():
    """Pairs for all code points in order: length of the run, index in CATEGORIES (surrogates: one past the last)."""
    of = [len(CATEGORIES)] * 0x110000
    for k, name in enumerate(CATEGORIES):
        for c in members(r"\p{" + name + "}"):
            of[c] = k
    flat = []
    for k in of:
        if flat and flat[-1] == k:
            flat[-2] += 1
        else:
            flat += [1, k]
    return flat


def compatibility():
    """Gap, number of scalars, scalars: the full decomposition where NFKD differs from NFD."""
    rows, last = [], 0
    for c in ALL:
        whole = NFKD(chr(c))
        if c not in HANGUL and whole != NFD(chr(c)):
            rows += [c - last, len(whole), *map(ord, whole)]
            last = c
    return rows


def lowercase():
    """Gap, first, second or 0."""
    rows, last = [], 0
    for c in ALL:
        low = LOWER(chr(c))
        if low != chr(c):
            assert len(low) <= 2, hex(c)
            rows += [c - last, ord(low[0]), ord(low[1]) if len(low) > 1 else 0]
            last = c
    return rows


def accents():
    strip = normalizers.StripAccents().normalize_str
    return [c for c in ALL if strip("a" + chr(c)) == "a"]


def punctuation():
    split = pre_tokenizers.Punctuation().pre_tokenize_str
    return [c for c in ALL if len(split("a" + chr(c))) == 2]


def runs(points):
    out = []
    for c in points:
        if out and out[-1][0] + out[-1][1] == c:
            out[-1][1] += 1
        else:
            out.append([c, 1])
    return out


def base36(n):
    digits = ""
    while True:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[n % 36] + digits
        n //= 36
        if n == 0:
            return digits


def gaps(rows):
    """Rows starting with a code point and a length -> flat numbers: gap since the previous end, the rest."""
    flat, end = [], 0
    for start, length, *rest in rows:
        flat += [start - end, length, *rest]
        end = start + length
    return flat


def table(name, comment, numbers):
    words, lines, line = map(base36, numbers), [], ""
    for word in words:
        if len(line) + len(word) > 95:
            lines.append(line)
            line = ""
        line += (" " if line else "") + word
    lines.append(line)
    body = "\n".join("    " + text for text in lines)
    return f'  /// {comment}\n  static let {name} = """\n{body}\n    """\n'


def more_words():
    plain = members(r"[\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}]")
    words = members(r"\w")
    assert set(plain) <= set(words)
    return sorted(set(words) - set(plain))


def script(name):
    body = table(name, "", gaps(runs(members(r"\p{" + name + "}")))).split("\n", 2)[2].rsplit("\n", 2)[0]
    return f'    (\n      "{name}",\n      """\n' + "\n".join("  " + line for line in body.split("\n")) + '\n      """\n    ),\n'


def main():
    letters, numbers, spaces = members(r"\p{L}"), members(r"\p{N}"), members(r"\s")
    classes = combining_classes()
    rows, last = [], 0
    for c, first, second, composes in decompositions():
        rows += [(c - last) * 2 + composes, first, second]
        last = c
    classed = []
    for c, k in classes.items():
        if classed and classed[-1][0] + classed[-1][1] == c and classed[-1][2] == k:
            classed[-1][1] += 1
        else:
            classed.append([c, 1, k])
    more = sorted(set(numeric()) - set(numbers))
    odd = set(words()) ^ (set(letters) | set(numbers))
    head = (
        "// Generated by Tests/Goldens/tokenizer/make_unicode_tables.py from tokenizers "
        + tokenizers.__version__
        + ". Do not edit.\n\n"
    )
    text = (
        head
        + "/// What the tokenizers of published models believe about Unicode. Numbers are in base 36; ranges are\n"
        "/// pairs of gap since the end of the last range and length.\nenum UnicodeTables {\n"
        + "\n".join([
            table("letters", r"Ranges of `\p{L}`.", gaps(runs(letters))),
            table("numbers", r"Ranges of `\p{N}` as regexes see it.", gaps(runs(numbers))),
            table("moreNumerics", "Ranges that only the Digits splitter takes for numbers.", gaps(runs(more))),
            table("spaces", r"Ranges of `\s`.", gaps(runs(spaces))),
            table("words", r"Ranges where `\w` differs from letter or number.", gaps(runs(sorted(odd)))),
            table("combiningClasses", "Triples: gap, length, canonical combining class.", gaps(classed)),
            table("decompositions", "Triples: 2 · gap + (does the pair compose), first, second or 0.", rows),
        ])
        + "}\n"
    )
    compatible = (
        head
        + "// For the normalizers NFKC and NFKD.\n\nextension UnicodeTables {\n"
        + table("compatibility", "Gap, number of scalars, scalars: where NFKD differs from NFD.", compatibility())
        + "}\n"
    )
    characters = (
        head
        + "// For the normalizers Lowercase and StripAccents and the pre-tokenizer Punctuation.\n\n"
        + "extension UnicodeTables {\n"
        + "\n".join([
            table("lowercase", "Triples: gap, first, second or 0.", lowercase()),
            table("accents", "Ranges that StripAccents takes out.", gaps(runs(accents()))),
            table("punctuation", "Ranges that Punctuation splits off.", gaps(runs(punctuation()))),
        ])
        + "}\n"
    )
    names = ", ".join(f'"{name}"' for name in CATEGORIES)
    lines = textwrap.indent(textwrap.fill(names, 95), "    ")
    expressions = (
        head
        + "// For regular expressions.\n\nextension UnicodeTables {\n"
        + f"  /// The general categories, in the order of `categories`.\n  static let categoryNames = [\n{lines},\n  ]\n\n"
        + table("categories", "Pairs for all code points in order: length of the run, category.", categories())
        + "\n"
        + table("moreWords", r"Ranges of `\w` that are no letter, mark, digit, letter number or connector.", gaps(runs(more_words())))
        + "\n  /// Ranges of scripts.\n  static let scripts: [(name: String, ranges: String)] = [\n"
        + "".join(script(name) for name in SCRIPTS)
        + "  ]\n}\n"
    )
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
    files = {"": text, "+Compatibility": compatible, "+Characters": characters, "+Categories": expressions}
    for name, content in files.items():
        with open(os.path.join(root, f"Sources/Text/Tokenizer/UnicodeTables{name}.swift"), "w") as file:
            file.write(content)
    print(len(letters), len(numbers), len(more), len(spaces), len(odd), len(classes), len(rows) // 3, len(text), "bytes")


if __name__ == "__main__":
    main()
