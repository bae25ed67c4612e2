#!/usr/bin/env python3
"""Trains nano-qwen2-audio's tokenizer.json: byte-level BPE with the pipeline of Qwen2.

usage: python3 make_tokenizer.py CORPUS.jsonl      (needs: pip install tokenizers==0.23.3)

Reads the captions of the corpus, the records of speech_drama's sample and the texts of prompts;
writes tokenizer.json here.
"""
import glob
import json
import os
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
TASK = os.path.join(HERE, "..", "..", "speech_drama")
SIZE = 1536  # added tokens included
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
ADDED = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>",
         "<|audio_eos|>"]


def strings(value):
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def rows(path, fields):
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            for field in fields:
                yield from strings(record.get(field, ""))


def texts(corpus):
    yield from rows(corpus, ["audio_info"])
    fields = ["local_scene", "char_style", "char_profile", "question"]
    yield from rows(os.path.join(TASK, "sample", "train.jsonl"), fields)
    folders = [os.path.join(TASK, "prompts"), os.path.join(HERE, "prompts")]
    for path in sorted(sum((glob.glob(folder + "/*.json") for folder in folders), [])):
        with open(path, encoding="utf-8") as file:
            for text in strings(json.load(file)):
                yield from [text] * 20  # whole words even where the corpus is much larger
    yield from ["system\nYou are a helpful assistant.", "user\nAudio 1: ", "assistant\n",
                "Write <answer>", "</answer>", "<answer>", "<think>", "</think>"] * 50


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
