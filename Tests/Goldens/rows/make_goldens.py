#!/usr/bin/env python3
"""Write what the original library makes of rows with calls, schemas and reasoning.

usage: make_goldens.py [OUT_DIR]      (needs: pip install transformers==5.23.0 jinja2==3.1.6)

rows.json    [{template, row, text | error}]: a row as the task 'instruct' reads it, the template of
             ../templates that renders it, and the text; members that are null are left out of the
             messages first, as apply_chat_template does.
"""
import json
import logging
import os
import sys
from transformers.utils.chat_template_utils import render_jinja_template

logging.disable(logging.WARNING)
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else HERE
TEMPLATES = ["thinking_turns", "header_turns"]


def schema(name, **properties):
    return {"type": "function", "function": {
        "name": name, "description": f"Does \"{name}\" – now.",
        "parameters": {"type": "object", "properties": properties, "required": sorted(properties)}}}


GATE = schema("open_gate", gate={"type": "string", "enum": ["north", "süd"]},
              seconds={"type": "integer", "minimum": 0.5})
WEATHER = schema("weather")


def user(text):
    return {"role": "user", "content": text}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def call(name, arguments, **more):
    return {**more, "type": "function", "function": {"name": name, "arguments": arguments}}


ROWS = [
    {"messages": [user("hi"), assistant("hello")], "tools": [GATE, WEATHER]},
    {"messages": [user("Open it."),
                  assistant("", tool_calls=[call("open_gate", {"seconds": 5, "gate": "north"})]),
                  {"role": "tool", "content": "{\"open\": true}"}, assistant("It is open.")],
     "tools": [GATE]},
    {"messages": [{"role": "system", "content": "Be brief."}, user("Open it."),
                  assistant(None, tool_calls=[call("open_gate", {"gate": "süd"}, id="c1")]),
                  {"role": "tool", "content": "done", "name": "open_gate", "tool_call_id": "c1"},
                  assistant("Open.", name=None)],
     "tools": [WEATHER, GATE]},
    {"messages": [user("Open it."),
                  assistant("", tool_calls=[call("open_gate", "{\"gate\": \"north\"}")]),
                  {"role": "tool", "content": "ok"}, assistant("Yes.")], "tools": [GATE]},
    {"messages": [user("Both."),
                  assistant("I do both.", tool_calls=[call("open_gate", {"gate": "north"}), call("weather", {})]),
                  {"role": "tool", "content": "a"}, {"role": "tool", "content": "b"}, assistant("Done.")],
     "tools": [GATE, WEATHER]},
    {"messages": [user("7 + 5?"), assistant("12", reasoning_content="7 and 3 is 10."),
                  user("- 4?"), assistant("8", reasoning_content="12 less 4.")]},
    {"messages": [user("go"), assistant("", reasoning_content="I call.", tool_calls=[call("weather", {})]),
                  {"role": "tool", "content": "sun"}, assistant("Sunny.", thinking="So it is.")],
     "tools": [WEATHER]},
]


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(element) for element in value]
    return value


def main():
    goldens = []
    for name in TEMPLATES:
        with open(os.path.join(HERE, "..", "templates", name + ".jinja"), encoding="utf-8") as file:
            template = file.read()
        for row in ROWS:
            golden = {"template": name, "row": row}
            try:
                texts, _ = render_jinja_template(
                    [without_nulls(row["messages"])], tools=row.get("tools"), chat_template=template)
                golden["text"] = texts[0]
            except Exception as error:  # The template's own refusal.
                golden["error"] = str(error)
            goldens.append(golden)
    with open(os.path.join(OUT, "rows.json"), "w", encoding="utf-8") as file:
        json.dump(goldens, file, ensure_ascii=False, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
