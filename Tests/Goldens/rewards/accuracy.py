"""A reward function for TRL: the boxed answer is the row's solution."""


def boxed_accuracy(completions, solution, log_extra=None, **kwargs):
    answers = [boxed(completion[0]["content"]) for completion in completions]
    if log_extra:
        log_extra("answer", answers)
    return [verdict(answer, gold) for answer, gold in zip(answers, solution)]


def verdict(answer, gold):
    # A solution that is no mathematics cannot be compared with.
    if not any(sign.isdigit() for sign in gold):
        return None
    return float(answer is not None and answer.replace(" ", "") == gold.replace(" ", ""))


def boxed(text):
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, inner = 1, text[start + len("\\boxed{"):]
    for end, sign in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return inner[:end]
    return None
