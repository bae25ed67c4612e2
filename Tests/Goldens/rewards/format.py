"""A reward function for TRL: the completion thinks first."""

import re


def think_first(completions, **kwargs):
    contents = [completion[0]["content"] for completion in completions]
    return [1.0 if thinks(content) else 0.0 for content in contents]


def thinks(content):
    opening = re.match("<think>", content)
    if opening is None or content.count("<think>") != 1:
        return False
    return "</think>" in content[opening.end():]
