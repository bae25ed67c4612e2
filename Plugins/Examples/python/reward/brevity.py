"""A reward function as TRL's trainers take it: shorter is better."""

# snippet: function
# In characters.
TARGET = 40


def brevity(prompts, completions, **columns):
    """1 for a completion of at most TARGET characters, then TARGET over their number."""
    return [score(completion[0]["content"]) for completion in completions]


def score(text):
    # There is nothing to judge: None counts for nothing, rather than for 0.
    if not text.strip():
        return None
    return min(1.0, TARGET / len(text))
# end snippet
