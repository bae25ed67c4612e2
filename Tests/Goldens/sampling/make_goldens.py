#!/usr/bin/env python3
"""Write cases.json: distributions after transformers' logits processors, in f32.

Needs: torch, transformers. usage: make_goldens.py
"""
import json, os
import torch, transformers
from transformers import LogitsProcessorList, RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper
from transformers import MinPLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

HERE = os.path.dirname(os.path.abspath(__file__))
VOCABULARY = 48


def processors(temperature, top_k, top_p, repetition_penalty, min_p=0):
    """In the order of GenerationMixin._get_logits_processor."""
    out = LogitsProcessorList()
    if repetition_penalty != 1:
        out.append(RepetitionPenaltyLogitsProcessor(repetition_penalty))
    if temperature != 1:
        out.append(TemperatureLogitsWarper(temperature))
    if top_k:
        out.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        out.append(TopPLogitsWarper(top_p))
    if min_p:
        out.append(MinPLogitsWarper(min_p))
    return out


def main():
    torch.manual_seed(5)
    cases = []
    for settings in [(1.0, 0, 1.0, 1.0), (0.7, 0, 1.0, 1.0), (1.0, 4, 1.0, 1.0), (1.0, 0, 0.9, 1.0),
                     (0.6, 20, 0.95, 1.0), (0.7, 20, 0.8, 1.05), (1.0, 0, 1.0, 1.8), (1.3, 10, 0.5, 0.7),
                     (2.0, 0, 0.999, 1.2), (0.2, 3, 0.99, 1.3), (1.0, 100, 0.3, 1.0), (1.0, 1, 1.0, 1.0),
                     (1.0, 0, 1.0, 1.0, 0.1), (0.7, 12, 0.9, 1.1, 0.2), (2.0, 0, 0.95, 1.0, 0.4)]:
        for spread in (1.0, 4.0):
            logits = torch.randn(1, VOCABULARY) * spread
            logits[0, 7] = logits[0].topk(4).values[3]  # equal to the fourth: ties at top-k's border
            seen = torch.randint(0, VOCABULARY, (1, 9))
            scores = processors(*settings)(seen, logits.clone())
            cases.append({
                "temperature": settings[0], "top_k": settings[1], "top_p": settings[2],
                "min_p": settings[4] if len(settings) > 4 else 0.0,
                "repetition_penalty": settings[3], "logits": logits[0].tolist(), "seen": seen[0].tolist(),
                "probabilities": scores.softmax(-1)[0].tolist()})
    with open(os.path.join(HERE, "cases.json"), "w") as f:
        json.dump({"versions": {"torch": torch.__version__, "transformers": transformers.__version__},
                   "seed": 5, "cases": cases}, f, separators=(",", ":"))


if __name__ == "__main__":
    main()
