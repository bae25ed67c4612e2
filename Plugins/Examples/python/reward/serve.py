"""Runs a reward function of TRL's signature as the reward `command` of `host`.

    python3 serve.py FILE.py[:FUNCTION] [--completions text]

FUNCTION is called as TRL's trainer calls it: f(prompts, completions, **columns), with the rows' other
columns by name, and returns a number or None for each completion. It gets of these only what it asks
for, unless it takes **kwargs. Completions are messages, [{"role": "assistant", "content": TEXT}], as
TRL gives them for chats, and prompts likewise; with `--completions text` both are texts.

The host writes a line of JSON for each batch and reads one in answer. What the function prints goes to
standard error. Needs Python 3.8 and nothing else.
"""

import argparse
import asyncio
import importlib.util
import inspect
import json
import math
import os
import sys

# What the host tells of completions beside the rows' columns.
FACTS = ("groups", "tokens", "truncated", "references")


class Tokens:
    """Stands for a completion's tokens, of which the host gives the number alone."""

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        raise TypeError("the host gives the number of a completion's tokens, not the tokens; "
                        "use the completion's text")


def load(place):
    """The function that FILE.py:FUNCTION names, or the only one of FILE.py."""
    path, _, name = place.partition(".py:")
    path = path + ".py" if name else place
    # So that the file can import its neighbors.
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("reward_functions", path)
    if spec is None:
        sys.exit(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if name:
        function = getattr(module, name, None)
        if not callable(function):
            sys.exit(f"{path}: there is no function '{name}'")
        return function
    own = [each for each in vars(module).values()
           if inspect.isfunction(each) and each.__module__ == module.__name__
           and not each.__name__.startswith("_")]
    if len(own) != 1:
        names = ", ".join(each.__name__ for each in own) or "none"
        sys.exit(f"{path}: name the reward function, as in {path}:NAME; there are: {names}")
    return own[0]


def as_messages(role, texts):
    return [[{"role": role, "content": text}] for text in texts]


class Parts:
    """Takes what a function logs (TRL's log_extra, log_metric) as components of the scores."""

    def __init__(self, count):
        self.count = count
        self.columns = {}

    def extra(self, name, values):
        if len(values) == self.count and all(number(value) is not None for value in values):
            self.columns[name] = [number(value) for value in values]
        else:
            print(f"{name}: {values}", file=sys.stderr)

    def metric(self, name, value):
        self.extra(name, [value] * self.count)


def number(value):
    """A finite number as JSON has it; None for what is none."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def arguments(function, request, messages, parts):
    """What the function asks for, of all that TRL's trainer would give."""
    columns = {key: values for key, values in request.items() if key not in FACTS}
    if messages:
        columns["prompts"] = as_messages("user", request["prompts"])
        columns["completions"] = as_messages("assistant", request["completions"])
    if None not in request["tokens"]:
        columns["completion_ids"] = [Tokens(count) for count in request["tokens"]]
    columns.update(log_extra=parts.extra, log_metric=parts.metric, trainer_state=None)
    for fact in FACTS:
        columns.setdefault(fact, request[fact])
    parameters = inspect.signature(function).parameters.values()
    if any(each.kind is each.VAR_KEYWORD for each in parameters):
        return columns
    return {each.name: columns[each.name] for each in parameters if each.name in columns}


def missing(function, given):
    """Parameters without a default that the rows have no column for."""
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [each.name for each in inspect.signature(function).parameters.values()
            if each.kind in named and each.default is each.empty and each.name not in given]


def answer(function, request, messages):
    """The line that answers a batch."""
    count = len(request["completions"])
    parts = Parts(count)
    given = arguments(function, request, messages, parts)
    lacking = missing(function, given)
    if lacking:
        return {"error": f"the function wants '{lacking[0]}', which the rows do not have"}
    scores = function(**given)
    if inspect.isawaitable(scores):
        scores = asyncio.run(waited(scores))
    scores = list(scores)
    if len(scores) != count:
        return {"error": f"the function gives {len(scores)} scores for {count} completions"}
    for index, score in enumerate(scores):
        if score is not None and number(score) is None:
            return {"error": f"score {index} of {count} is {score!r}; return a finite number, or "
                             "None to abstain"}
    line = {"scores": [None if score is None else number(score) for score in scores]}
    if parts.columns:
        line["components"] = parts.columns
    return line


async def waited(scores):
    return await scores


def main():
    parser = argparse.ArgumentParser(description="Serves a reward function to `host`.")
    parser.add_argument("function", metavar="FILE.py[:FUNCTION]")
    parser.add_argument("--completions", choices=["messages", "text"], default="messages")
    options = parser.parse_args()
    # Standard output belongs to the answers: what is printed goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    function = load(options.function)
    for line in open(0, encoding="utf-8", newline="\n"):
        try:
            result = answer(function, json.loads(line), options.completions == "messages")
        except Exception as error:  # The batch has failed, not the program.
            import traceback
            traceback.print_exc()
            result = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(result) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
