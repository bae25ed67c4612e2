#!/usr/bin/env python3
"""Write companions.json: what transformers makes of the files beside tokenizer.json that tell of tokens.

usage: make_companions.py        (needs: pip install transformers==5.23.0 tokenizers==0.23.3; run make_goldens.py first, manifest.py after)

Per case: the base tokenizer, the files, [text, ids], [ids, text without special tokens] and the begin, end and pad tokens.
"""
import json
import os
import tempfile
from transformers import AutoTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
CLASS = {"tokenizer_class": "PreTrainedTokenizerFast"}


def token(content, **flags):
    return {"content": content, "lstrip": False, "rstrip": False, "normalized": False, "single_word": False, "special": True, **flags}


def typed(content, **flags):
    return {"__type": "AddedToken", **token(content, **flags)}


def cases(top):
    """(name, tokenizer_config, special_tokens_map, added_tokens); `top` is the first free id."""
    decoder = {"added_tokens_decoder": {str(top): token("<act>"), str(top + 1): token("<obs>", special=False)}}
    end = "<|im_end|>"
    return [
        ("nothing", None, None, None),
        ("a token by id", decoder, None, None),
        ("flags of a known token", {"added_tokens_decoder": {"2": token(end, lstrip=True, rstrip=True)}}, None, None),
        ("a known token made plain", {"added_tokens_decoder": {"2": token(end, special=False)}}, None, None),
        ("named tokens", {"bos_token": "<s>", "eos_token": end, "pad_token": "[PAD]", "unk_token": None}, None, None),
        ("named tokens with flags", {"pad_token": typed("[PAD]", lstrip=True), "mask_token": typed("<mask>", special=False)}, None, None),
        ("a named token of the vocabulary", {"sep_token": "the", "eos_token": end}, None, None),
        ("further names", {"image_token": "<image>", "audio_token": "<audio>", "add_bos_token": True}, None, None),
        ("a list", {"additional_special_tokens": ["<one>", "<two>", end]}, None, None),
        ("the newer list", {"extra_special_tokens": ["<one>", "<two>"], "pad_token": "<pad>"}, None, None),
        ("an object", {"extra_special_tokens": {"image_token": "<image>", "boi_token": "<boi>"}, "additional_special_tokens": []}, None, None),
        ("both kinds", {**decoder, "additional_special_tokens": ["<obs>", "<new>"], "pad_token": "<act>"}, None, None),
        ("the older map", {}, {"pad_token": "<pad>", "eos_token": token(end), "additional_special_tokens": ["<one>", "<two>"]}, None),
        ("the older map does not count", {**decoder, "eos_token": end}, {"pad_token": "<pad>", "eos_token": "<other>"}, {"<third>": top + 5}),
        ("a map over the config", {"eos_token": "<|im_start|>", "pad_token": "<x>"}, {"eos_token": end}, None),
        ("the older ids", {}, {"pad_token": "<pad>"}, {"<pad>": top, "word tok": top + 1}),
        ("split special tokens", {"split_special_tokens": True, **decoder}, None, None),
    ]


def main():
    base = json.load(open(os.path.join(HERE, "smol.json")))
    top = len(base["model"]["vocab"])
    texts = [
        "now <act> go <obs>\n", "x <|im_end|> y<|im_end|>", "[PAD] [PAD]a <mask> b", "<s>the river</s>", "<image><audio> <boi>",
        "<one> <two><new>", "<pad>the <x><other><third> word token words", "the boat", "<|im_start|>user\nhi<|im_end|>",
    ]
    rows = []
    for name, config, special_map, added in cases(top):
        with tempfile.TemporaryDirectory() as folder:
            files = {"tokenizer.json": base, "config.json": {"model_type": "llama", "vocab_size": 5000}}
            files["tokenizer_config.json"] = {**CLASS, **(config or {})}
            if special_map is not None:
                files["special_tokens_map.json"] = special_map
            if added is not None:
                files["added_tokens.json"] = added
            for file, content in files.items():
                with open(os.path.join(folder, file), "w") as handle:
                    json.dump(content, handle, ensure_ascii=False)
            tokenizer = AutoTokenizer.from_pretrained(folder)
        encoded = [[text, tokenizer(text, add_special_tokens=False).input_ids] for text in texts]
        decoded = [[ids, tokenizer.decode(ids, skip_special_tokens=True)] for _, ids in encoded]
        named = [tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token]
        row = {"name": name, "config": config, "special_tokens_map": special_map, "added_tokens": added}
        rows.append({**row, "encoded": encoded, "decoded": decoded, "named": named})
    data = (json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
    with open(os.path.join(HERE, "companions.json"), "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
