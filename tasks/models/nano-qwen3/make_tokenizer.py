#!/usr/bin/env python3
"""Trains nano-qwen3's tokenizer.json: byte-level BPE with the pipeline of Qwen2.

usage: python3 make_tokenizer.py CORPUS.jsonl      (needs: pip install tokenizers==0.23.3)

Reads the messages of the corpus and of the sample dialogues; writes tokenizer.json here.
"""
import json
import os
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = os.path.join(HERE, "..", "..", "hri_dialogue", "sample")
SIZE = 2048  # added tokens included
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]


def texts(corpus):
    with open(corpus, encoding="utf-8") as file:
        for line in file:
            for message in json.loads(line)["messages"]:
                yield message["role"]
                yield message["content"]
    for name in sorted(os.listdir(SAMPLE)):
        with open(os.path.join(SAMPLE, name), encoding="utf-8") as file:
            for dialogue in json.load(file).values():
                for turn in dialogue["turn"]:
                    yield turn["user"]
                    yield turn["system"]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)])
    tokenizer.post_processor = processors.ByteLevel(
        add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(
        add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE - len(ADDED), show_progress=False, special_tokens=[],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(texts(sys.argv[1]), trainer)
    tokenizer.add_special_tokens(
        [AddedToken(text, special=True, normalized=False) for text in ADDED])
    tokenizer.save(os.path.join(HERE, "tokenizer.json"), pretty=False)
    print("tokens:", tokenizer.get_vocab_size(),
          {text: tokenizer.token_to_id(text) for text in ADDED})


if __name__ == "__main__":
    main()
