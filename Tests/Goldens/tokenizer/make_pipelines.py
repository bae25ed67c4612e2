#!/usr/bin/env python3
"""Write what the original library makes of texts with the pipelines of many published tokenizers.

usage: make_pipelines.py [SEED [TEXTS [OUT_DIR]]]     (needs: pip install tokenizers==0.23.3; run make_goldens.py first, manifest.py after)

llama.json      trained here as SentencePiece does: characters, byte fallback, spaces as U+2581
pipelines.json  per variant: the tokenizer it starts from, the members it replaces, [text, ids], [ids, text, text
                without special tokens] and, where there is a post_processor, [text, ids with what it adds]
expressions.json  regular expressions: [expression, [text, text with a bar in the place of each match] …]
"""
import json
import os
import random
import sys
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

import make_goldens as goldens

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 11
TEXTS = int(sys.argv[2]) if len(sys.argv) > 2 else 28
OUT = sys.argv[3] if len(sys.argv) > 3 else os.path.dirname(os.path.abspath(__file__))
HERE = os.path.dirname(os.path.abspath(__file__))

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
LETTERS = r"A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕ"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])
KIMI = "|".join([
    r"[\p{Han}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+",
])
DEEPSEEK_V3 = (
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
    "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)

EXPRESSIONS = r"""
^a
a$
a\Z
a\z
\Aa
a.
(?m:a.)
(?i)a.b
a(?i)b|c
\h+
\H+
[a-c&&[^b]]+
[^a&&b]
[a-z&&[^aeiou]&&[^xyz]]+
a{,2}
a{2,}+
a{1,2}+b
a{2}?b
a{1,2}?b
a++a
a*+b
a?+a
(?>a+)b
(?>a|ab)c
\u0061
\x{61}
\x61+
(?=a)
(?<=a)b
(?<!a)b
(?<=a|bc)d
(?<!a|bc)d
\bfoo\b
\Ba
\b
[[:digit:][:punct:]]+
[[:^digit:]]+
[[:space:]]
[]a]+
[a-]+
[-a]+
[\w-]+
a|
|a
x*
(?:a|ab)(?:c|bcd)
\p{^L}+
\P{L}+
\P{^L}+
\pL
(?i:s)
(?i:k)
(?i:[a-z])+
(?i:[^s])+
\/
\-
[\s\S]
a(?#c)b
\s+$
^\s+
\e\a\f\v
\t|\n|\r
\0
\012
[\b]
{
a{
a{x}
a{,}
]
a**
a+?b
a??b
(?:a?)*b
(?:a*)*b
(?:a|b)*?c
(a|b)+
(?<n>a)b
\d+|\D
[^\S\r\n]+
[[a-c][x-z]]+
\p{Han}+
\p{lu}
\p{Uppercase_Letter}
\p{L}\p{M}*
[\p{L}&&\p{Han}]
$
^
(?!a).
(?=.*b)a
a(?!b)
(?:ab)+
(?:ab){2,3}
(?:ab)*+a
(?:a|b|c){2}
[\x{4e00}-\x{9fa5}]+
[à-ÿ]+
(?i-m:a)b
[A-Z]+(?-i:b)
(?i:a(?-i:b))
\w\W
'(?i:[sdmt]|ll|ve|re)
[a-c-e]+
[.*+?]+
[\[\]]+
\.\*
[^]a]+
a\ b
(?:)
()a
[a\-c]+
\p{Any}
\p{S}|\p{P}
(?<=^)a
(?<=\s)\S
(?<!\S)\S+
(?<=ab)c|d
[^\n]+\n?
[&&a]
[a&&]
[a&b]+
(?:a(?=b)|b)+
\s*[\r\n]|\s+(?!\S)
""".strip("\n").split("\n")


def train_llama():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trainer = trainers.BpeTrainer(
        vocab_size=900, min_frequency=2, special_tokens=["<unk>", "<s>", "</s>", *BYTES], limit_alphabet=180,
        show_progress=False,
    )
    tokenizer.train_from_iterator([goldens.CORPUS + "  " + "   indented " * 3], trainer)
    whole = json.loads(tokenizer.to_str())
    whole["added_tokens"] = whole["added_tokens"][:3]
    whole["normalizer"] = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")]}
    whole["pre_tokenizer"] = None
    whole["decoder"] = {"type": "Sequence", "decoders": LLAMA_DECODERS}
    return whole


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


LLAMA_DECODERS = [
    replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0},
]


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def metaspace(scheme="always", **options):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False, **options}


def normal(*steps):
    return {"type": "Sequence", "normalizers": [{"type": s} if isinstance(s, str) else s for s in steps]}


def steps(*parts):
    return {"type": "Sequence", "pretokenizers": [{"type": p} if isinstance(p, str) else p for p in parts]}


def bytelevel(**options):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False, **options}


def template(tokens, *pieces):
    single = [{"Sequence": {"id": "A", "type_id": 0}} if p == "$A" else {"SpecialToken": {"id": p, "type_id": 0}} for p in pieces]
    pair = single + [{"Sequence": {"id": "B", "type_id": 1}}]
    known = {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in tokens.items()}
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": known}


def make_variants(bases):
    """(name, base, members replaced)"""
    llama, qwen = bases["llama"], bases["qwen"]
    vocab, top = llama["model"]["vocab"], max(llama["model"]["vocab"].values()) + 1
    some_bytes = {("<lost%d>" % i if t.startswith("<0x") and i % 3 == 0 else t): i for t, i in vocab.items()}
    phi = llama["added_tokens"][:2] + [goldens.added(2, "</s>", rstrip=True)] + [
        goldens.added(top + k, t, rstrip=True, special=True) for k, t in enumerate(["<|end|>", "<|user|>", "<|assistant|>"])
    ]
    gemma = llama["added_tokens"] + [
        goldens.added(vocab.get(t, top + k), t) for k, t in enumerate(["<turn>", "<unused0>", "\n\n\n\n\n", "▁▁▁", "\n\n"])
    ]
    normalized = llama["added_tokens"] + [
        goldens.added(top, "<word>", normalized=True), goldens.added(top + 1, "two words", normalized=True),
        goldens.added(top + 2, "river", normalized=True, single_word=True), goldens.added(top + 3, "▁<sp>", normalized=True),
    ]
    gemma_decoder = {"type": "Sequence", "decoders": LLAMA_DECODERS[:3]}
    replaced = {"normalizer": replace(" ", "▁"), "decoder": gemma_decoder}
    plain = {"normalizer": None}
    rows = [
        ("llama 2", "llama", {}), ("llama 2, normalized tokens", "llama", {"added_tokens": normalized}),
        ("phi 3", "llama", {"added_tokens": phi}),
        ("gemma", "llama", {**replaced, "pre_tokenizer": split(" ", "MergedWithPrevious", kind="String"), "added_tokens": gemma}),
        ("metaspace always", "llama", {**plain, "pre_tokenizer": metaspace()}),
        ("metaspace first", "llama", {**plain, "pre_tokenizer": metaspace("first")}),
        ("metaspace never", "llama", {**plain, "pre_tokenizer": metaspace("never")}),
        ("metaspace split", "llama", {**plain, "pre_tokenizer": metaspace("first", split=True), "decoder": metaspace("first", split=True)}),
        ("metaspace of old", "llama", {**plain, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": True}}),
        ("metaspace after digits", "llama", {**plain, "pre_tokenizer": steps({"type": "Digits", "individual_digits": True}, metaspace("first"))}),
        ("stripped, then first", "llama", {"normalizer": normal({"type": "Strip", "strip_left": True, "strip_right": True}), "pre_tokenizer": metaspace("first")}),
        ("unknown not fused", "llama", {"model": {"byte_fallback": False, "fuse_unk": False}}),
        ("unknown fused", "llama", {"model": {"byte_fallback": False}}), ("no unknown", "llama", {"model": {"byte_fallback": False, "unk_token": None}}),
        ("some bytes", "llama", {"model": {"vocab": some_bytes}}), ("some bytes, not fused", "llama", {"model": {"vocab": some_bytes, "fuse_unk": False}}),
        ("ignored merges", "llama", {"model": {"ignore_merges": True}, "pre_tokenizer": split("▁", "MergedWithNext", kind="String")}),
        ("no decoder", "llama", {"decoder": None}), ("decoder metaspace", "llama", {"decoder": metaspace("never")}),
        ("nfkc", "llama", {"normalizer": normal("NFKC", replace(" ", "▁"))}), ("nfkd", "llama", {"normalizer": normal("NFKD", replace(" ", "▁"))}),
        ("nfd lower accents", "llama", {"normalizer": normal("NFD", "Lowercase", "StripAccents", replace(" ", "▁"))}),
        ("lower nfc", "qwen", {"normalizer": normal("Lowercase", "NFC")}),
        ("replace", "llama", {"normalizer": normal(replace(r" {2,}|\n+", "▁", "Regex"), replace("", "", "String"), replace(r"(?<=\w)'(?=\w)", "’", "Regex"), replace(" ", "▁"))}),
        ("normalizer bytes", "qwen", {"normalizer": {"type": "ByteLevel"}, "pre_tokenizer": None}),
        ("whitespace", "llama", {**plain, "pre_tokenizer": {"type": "Whitespace"}}), ("whitespace split", "llama", {**plain, "pre_tokenizer": {"type": "WhitespaceSplit"}}),
        ("bert", "llama", {**plain, "pre_tokenizer": {"type": "BertPreTokenizer"}}),
        ("deepseek v3", "qwen", {"normalizer": normal(), "pre_tokenizer": steps(split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK_V3), bytelevel())}),
        ("deepseek llm", "qwen", {"pre_tokenizer": steps(
            split("[\r\n]"), split(r"\s?[" + LETTERS + "]+"), split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"), split(r"\s+$"), split("[一-龥ࠀ-一가-퟿]+"),
            {"type": "Digits", "individual_digits": True}, bytelevel())}),
        ("o200k", "qwen", {"pre_tokenizer": steps(split(O200K), bytelevel())}),
        ("o200k removed", "qwen", {"pre_tokenizer": steps(split(O200K, "Removed", True), bytelevel())}),
        ("kimi", "qwen", {"pre_tokenizer": steps(split(KIMI), bytelevel())}),
        ("falcon", "qwen", {"pre_tokenizer": steps(
            {"type": "Punctuation", "behavior": "Contiguous"}, bytelevel(use_regex=True), {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]"))}),
        ("bytes, then text", "qwen", {"pre_tokenizer": steps(bytelevel(), split("Ġ", "MergedWithNext", kind="String")), "decoder": {"type": "Sequence", "decoders": [bytelevel(), replace("e", "E")]}}),
        ("bytes that fall back", "smol", {"model": {"byte_fallback": True, "unk_token": "<|endoftext|>"}}),
    ]
    for behavior in ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        for invert in [False, True]:
            part = split(r"[aeiou ]|\d+|(?=é)", behavior, invert)
            rows.append((f"split {behavior} {invert}", "qwen", {"pre_tokenizer": steps(part, bytelevel())}))
        rows.append((f"punctuation {behavior}", "qwen", {"pre_tokenizer": steps({"type": "Punctuation", "behavior": behavior}, bytelevel())}))
    special = {"<s>": 1, "</s>": 2}
    rows += [
        ("template", "llama", {"post_processor": template(special, "<s>", "$A")}),
        ("template at both ends", "llama", {"post_processor": template(special, "<s>", "$A", "</s>")}),
        ("template in sequence", "llama", {"post_processor": {"type": "Sequence", "processors": [
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}, template(special, "<s>", "$A")]}}),
        ("roberta", "llama", {"post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": False}}),
        ("bert processing", "llama", {"post_processor": {"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]}}),
    ]
    return rows


def golden(rng, name, base, patch, whole):
    tokenizer = Tokenizer.from_str(json.dumps(whole))
    encoded = []
    for text in goldens.make_texts(rng, TEXTS)[: TEXTS + 12]:
        text = text.replace("<|im_start|>", "<s>").replace("<|im_end|>", "<|end|>\n ") if base == "llama" else text
        try:
            encoded.append([text, tokenizer.encode(text, add_special_tokens=False).ids])
        except BaseException as error:  # the library panics on some
            print(name, repr(text), error)
    known = [i for i in range(tokenizer.get_vocab_size()) if tokenizer.id_to_token(i) is not None]
    fallback = [whole["model"]["vocab"][t] for t in whole["model"]["vocab"] if t.startswith("<0x")]
    lists = [[rng.choice(fallback if fallback and rng.random() < 0.4 else known) for _ in range(rng.randrange(1, 9))] for _ in range(TEXTS // 3)]
    lists += [ids for _, ids in encoded[-TEXTS // 4 :]]
    decoded = [[ids, *(tokenizer.decode(ids, skip_special_tokens=s) for s in (False, True))] for ids in lists]
    case = {"name": name, "base": base, "patch": patch, "encoded": encoded, "decoded": decoded}
    if whole["post_processor"]:
        case["alone"] = [[text, tokenizer.encode(text).ids] for text, _ in encoded if not text.startswith("<s>")]
    return case


def expressions(rng):
    parts = (
        "a b c ab abc A B foo S s K \u212a ſ é e\u0301 中 中文 한 1 23 ² ½ . , ' - _ \n \r\n \t { } [ ] \x00 \x1b \x08 x y z d & * ß \u0300 😀 Ⅳ __"
    ).split(" ") + [" ", "  ", "\n\n"]
    fixed = ["aaab ab", "aab\nfoo bar\n", "abcabd {x} a{x}", "aXb]c", "'S 'll [.]*", "²w-é \t!"]
    rows = []
    for pattern in EXPRESSIONS:
        texts = fixed + ["".join(rng.choice(parts) for _ in range(rng.randrange(1, 10))) for _ in range(4)]
        normalizer = normalizers.Replace(Regex(pattern), "|")
        rows.append([pattern, *([text, normalizer.normalize_str(text)] for text in texts)])
    return rows


def main():
    rng = random.Random(SEED)
    bases = {name: json.load(open(os.path.join(HERE, name + ".json"))) for name in ("qwen", "smol")}
    bases["llama"] = train_llama()
    cases = []
    for name, base, patch in make_variants(bases):
        whole = goldens.apply(bases[base], patch)
        cases.append(golden(rng, name, base, patch, whole))
        if "--folders" in os.environ.get("PIPELINES", ""):
            folder = os.path.join(OUT, name.replace(" ", "-").replace(",", ""))
            os.makedirs(folder, exist_ok=True)
            json.dump(whole, open(os.path.join(folder, "tokenizer.json"), "w"), ensure_ascii=False)
    files = {"llama.json": bases["llama"], "pipelines.json": cases, "expressions.json": expressions(rng)}
    for name, content in files.items():
        data = (json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
        with open(os.path.join(OUT, name), "wb") as file:
            file.write(data)


if __name__ == "__main__":
    main()
