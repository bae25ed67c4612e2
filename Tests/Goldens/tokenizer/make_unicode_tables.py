#!/usr/bin/env python3
"""Write Sources/Text/Tokenizer/UnicodeTables.swift by asking the original library about every code point.

usage: make_unicode_tables.py        (needs: pip install tokenizers==0.23.3)

The `tokenizers` library joins three Unicode versions: its regex engine's (\\p{L}, \\p{N}, \\s), its compiler's
(char::is_numeric, for the Digits splitter) and its normalizer's (NFC). Ids agree only if ours are the same three, so
nothing here is taken from a standard: all is probed. Numbers are written in base 36; sorted code points as gaps.
"""
import os
import unicodedata
import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

ALL = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
NFC, NFD = normalizers.NFC().normalize_str, normalizers.NFD().normalize_str
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
    text = (
        "// Generated by Tests/Goldens/tokenizer/make_unicode_tables.py from tokenizers "
        + tokenizers.__version__
        + ". Do not edit.\n\n"
        "/// What the tokenizers of published models believe about Unicode. Numbers are in base 36; ranges are\n"
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
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
    with open(os.path.join(root, "Sources/Text/Tokenizer/UnicodeTables.swift"), "w") as file:
        file.write(text)
    print(len(letters), len(numbers), len(more), len(spaces), len(odd), len(classes), len(rows) // 3, len(text), "bytes")


main()
