#!/usr/bin/env python3
"""Write what the original library makes of preference pairs.

usage: make_goldens.py [OUT_DIR]      (needs: pip install transformers==5.23.0 jinja2==3.1.6)

pairs.json   [{template, row, prompt_ids, chosen_ids, rejected_ids}]: a pair, the template of ../templates that
             renders it, and tokens of the small model that the package brings: of the prompt with the header of
             the answer, and of the prompt with each answer.
"""
import json
import logging
import os
import sys
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import manifest  # noqa: E402

logging.disable(logging.WARNING)
OUT = sys.argv[1] if len(sys.argv) > 1 else HERE
MODEL = os.path.join(HERE, "../../../tasks/models/nano-qwen3")
TEMPLATES = ["thinking_turns", "marked_turns", "header_turns"]


def turns(*contents, first="user"):
    roles = ["user", "assistant"] if first == "user" else ["assistant", "user"]
    return [{"role": roles[place % 2], "content": text} for place, text in enumerate(contents)]


CALL = {"type": "function", "function": {"name": "open_gate", "arguments": {"gate": "north"}}}
GATE = {"type": "function", "function": {
    "name": "open_gate", "description": "Opens.", "parameters": {"type": "object", "properties": {}}}}

ROWS = [
    {"prompt": turns("Where is it?"), "chosen": turns("On the shelf.", first="assistant"),
     "rejected": turns("No idea.", first="assistant")},
    # The prompt holds answers of its own; the answers begin alike.
    {"prompt": [{"role": "system", "content": "Be brief."}] + turns("a?", "An answer: b", "c?"),
     "chosen": turns("An answer: d, näh 🎉", first="assistant"),
     "rejected": turns("An answer: d, and much more of it", first="assistant")},
    # Reasoning in the text and beside it; that of the prompt is dropped.
    {"prompt": turns("7 + 5?", "<think>\n7 and 3 is 10.\n</think>\n\n12", "- 4?"),
     "chosen": turns("<think>\n12 less 4.\n</think>\n\n8", first="assistant"),
     "rejected": turns("9", first="assistant")},
    {"prompt": turns("Why?"),
     "chosen": [{"role": "assistant", "content": "So.", "reasoning_content": "Let me see.\n"}],
     "rejected": turns("So.", first="assistant")},
    # An answer of several turns against one of one turn.
    {"prompt": turns("Open it."),
     "chosen": [{"role": "assistant", "content": "", "tool_calls": [CALL]},
                {"role": "tool", "content": "done"}, {"role": "assistant", "content": "It is open."}],
     "rejected": turns("It is open.", first="assistant"), "tools": [GATE]},
    {"prompt": turns("Hello."), "chosen": turns("Hello!", "And now?", "We talk.", first="assistant"),
     "rejected": turns("Hm.", "And now?", "Nothing.", first="assistant")},
]


def ids(tokenizer, row, answer):
    text = tokenizer.apply_chat_template(
        row["prompt"] + (answer or []), tools=row.get("tools"), tokenize=False,
        add_generation_prompt=answer is None)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def main():
    with open(os.path.join(MODEL, "tokenizer_config.json")) as file:
        tokens = {name: text for name, text in json.load(file).items() if name.endswith("_token") and isinstance(text, str)}
    cases = []
    for name in TEMPLATES:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_file=os.path.join(MODEL, "tokenizer.json"), **tokens)
        with open(os.path.join(HERE, "../templates", name + ".jinja")) as file:
            tokenizer.chat_template = file.read()
        for row in ROWS:
            if name != "thinking_turns" and ("tools" in row or "reasoning_content" in row["chosen"][0]):
                continue
            cases.append({
                "template": name, "row": row, "prompt_ids": ids(tokenizer, row, None),
                "chosen_ids": ids(tokenizer, row, row["chosen"]),
                "rejected_ids": ids(tokenizer, row, row["rejected"])})
    with open(os.path.join(OUT, "pairs.json"), "w") as file:
        json.dump(cases, file, ensure_ascii=False, separators=(",", ":"))
    manifest.write(OUT, (transformers,))


if __name__ == "__main__":
    main()
