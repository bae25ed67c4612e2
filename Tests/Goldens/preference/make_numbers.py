#!/usr/bin/env python3
"""Losses of preference training and their derivatives as numbers in f64, by TRL's own code (see README.md).

TRL's functions are handed log-probabilities instead of a model; torch differentiates what they return.
Needs: torch, transformers, trl. usage: make_numbers.py (make_goldens.py calls it and writes the manifest)
"""
import collections, json, os, types
import torch, trl
from trl.experimental.cpo import CPOTrainer
from trl.experimental.orpo import ORPOTrainer

SHORT, LONG = [-1.5, -0.25, -3.0], [-0.5, -2.0, -0.125, -1.0, -4.5, -0.75, -1.25]
# Log-probabilities of the answers' tokens (and of the prompt's, but its first) under the policy; of the answers
# under the reference. All are multiples of 1/64: f32 holds them exactly.
POINTS = [
    dict(chosen=SHORT, rejected=LONG, reference=(-4.75, -10.125), prompt=[-2.0, -1.0]),  # policy = reference
    dict(chosen=[-1.0] * 5, rejected=[-2.0] * 7, reference=(-5.8125, -13.59375), prompt=[-0.5]),
    dict(chosen=SHORT, rejected=LONG, reference=(-9.25, -6.5), prompt=[-3.0, -0.25, -1.5]),  # the right way
    dict(chosen=LONG, rejected=SHORT, reference=(-5.0, -11.75), prompt=[-1.0]),  # the wrong way
    dict(chosen=[-0.015625], rejected=[-8.0, -9.5], reference=(-7.0, -2.25), prompt=[-0.75, -0.75]),
    dict(chosen=[-12.0, -0.5], rejected=[-0.03125] * 4, reference=(-3.0, -40.0), prompt=[-2.5]),
    dict(chosen=[-0.25] * 12, rejected=[-30.0] * 3, reference=(-60.0, -3.0), prompt=[-1.125] * 4),  # far away
    dict(chosen=[-25.0] * 5, rejected=[-0.5], reference=(-2.5, -200.0), prompt=[-0.5]),  # far away, the wrong way
    dict(chosen=[-1.25, -0.75], rejected=[-1.25, -1.0], reference=(-2.0, -2.25), prompt=[-4.0]),
]
SIGMOID = dict(loss_type=["sigmoid"])
DPO = [SIGMOID, dict(SIGMOID, beta=0.5)] + [dict(loss_type=[name]) for name in (
    "sigmoid_norm", "hinge", "ipo", "nca_pair", "apo_zero", "apo_down", "sppo_hard", "bco_pair", "discopop", "sft")]
DPO += [
    dict(loss_type=["sigmoid_norm"], beta=5.0), dict(loss_type=["hinge"], beta=0.25),
    dict(loss_type=["ipo"], beta=0.5), dict(loss_type=["sppo_hard"], beta=0.5),
    dict(loss_type=["discopop"], discopop_tau=0.5), dict(loss_type=["robust"]),
    dict(loss_type=["robust"], label_smoothing=0.1), dict(loss_type=["exo_pair"], label_smoothing=1e-3),
    dict(loss_type=["exo_pair"], label_smoothing=0.25, beta=0.25),
    dict(loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.5]),
    dict(loss_type=["sigmoid", "bco_pair", "sft"], loss_weights=[0.8, 0.2, 1.0])]
KTO = [dict(), dict(loss_type="apo_zero_unpaired"), dict(beta=0.5, desirable_weight=1.5, undesirable_weight=0.75)]
CPO = [dict(loss_type="sigmoid"), dict(loss_type="sigmoid", cpo_alpha=0.0, beta=0.5),
       dict(loss_type="sigmoid", label_smoothing=0.1),
       dict(loss_type="simpo", beta=2.0, cpo_alpha=0.0), dict(loss_type="simpo", beta=2.0, cpo_alpha=0.5),
       dict(loss_type="simpo", beta=2.5, simpo_gamma=1.5, cpo_alpha=0.0, label_smoothing=0.1)]
ORPO = [dict(beta=0.1), dict(beta=0.5)]


def leaves(points, *names):
    return [[torch.tensor(p[n], dtype=torch.float64, requires_grad=True) for p in points] for n in names]


def of_each(gradients):
    """The derivative by one token's log-probability: within a text it is the same for every token."""
    for g in gradients:
        assert (g == g[0]).all()
    return [g[0].item() for g in gradients]


def padded(rows):
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def trainer(**settings):
    """What TRL's losses read of a trainer."""
    alone = types.SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
    return types.SimpleNamespace(
        model=torch.nn.Identity(), accelerator=alone, _metrics={"train": collections.defaultdict(list)},
        ld_alpha=None, use_weighting=False, aux_loss_enabled=False, precompute_ref_logps=True, _tp_size=1,
        _total_train_tokens=0, f_divergence_type="reverse_kl", **settings)


def model_saying(log_probs):
    zero = torch.zeros_like(log_probs)
    outputs = types.SimpleNamespace(log_probs=log_probs, entropy=zero, mean_logits=zero, is_top1=zero.bool())
    return lambda **_: outputs


def inputs(texts):
    """One token of prompt, then the answer."""
    mask = padded([torch.tensor([0] + [1] * len(t)) for t in texts])
    whole = padded([torch.ones(len(t) + 1, dtype=torch.long) for t in texts])
    return dict(input_ids=whole, attention_mask=whole, completion_mask=mask)


def dpo(points, case):
    settings = {**dict(beta=0.1, label_smoothing=0.0, discopop_tau=0.05), **case}
    chosen, rejected = leaves(points, "chosen", "rejected")
    this = trainer(beta=settings["beta"], label_smoothing=settings["label_smoothing"], loss_types=case["loss_type"],
                   loss_weights=case.get("loss_weights", [1.0]), args=types.SimpleNamespace(**settings))
    ask = inputs(chosen + rejected)
    for i, name in enumerate(("chosen", "rejected")):
        ask[f"ref_{name}_logps"] = torch.tensor([p["reference"][i] for p in points], dtype=torch.float64)
    loss = trl.DPOTrainer._compute_loss(this, model_saying(padded(chosen + rejected)), ask, False)
    return outcome(loss, chosen=chosen, rejected=rejected)


def outcome(loss, **texts):
    every = [t for group in texts.values() for t in group]
    gradients = iter(torch.autograd.grad(loss, every, allow_unused=True, materialize_grads=True))
    return {"loss": loss.item(), **{name: of_each([next(gradients) for _ in group]) for name, group in texts.items()}}


def kto(points, case, answer, z):
    """Texts of one label: `answer` of each point; z: what the mismatched texts say, before it is held above 0."""
    (texts,), wanted = leaves(points, answer), answer == "chosen"
    this = trainer(**{**dict(beta=0.1, loss_type="kto", desirable_weight=1.0, undesirable_weight=1.0), **case})
    this.calculate_KL = this.loss_type == "kto"
    this._compute_kl_logps = lambda *_: torch.full((len(points),), z, dtype=torch.float64)
    reference = torch.tensor([p["reference"][0 if wanted else 1] for p in points], dtype=torch.float64)
    ask = dict(inputs(texts), label=torch.full((len(points),), wanted), ref_logps=reference,
               ref_KL_logps=torch.zeros(len(points), dtype=torch.float64))
    loss = trl.KTOTrainer._compute_loss(this, model_saying(padded(texts)), ask, False)
    return outcome(loss, **{answer: texts})


def cpo(points, case):
    settings = {**dict(beta=0.1, label_smoothing=0.0, cpo_alpha=1.0, simpo_gamma=0.5, alpha=0.0), **case}
    chosen, rejected = leaves(points, "chosen", "rejected")
    mean = settings["loss_type"] in ("simpo", "ipo")
    scores = [torch.stack([t.mean() if mean else t.sum() for t in texts]) for texts in (chosen, rejected)]
    losses, *_ = CPOTrainer.cpo_loss(trainer(**settings), *scores)
    return outcome(losses.mean() - settings["cpo_alpha"] * torch.cat(chosen).mean(), chosen=chosen, rejected=rejected)


def orpo(points, case):
    """TRL computes the odds in f32: here in f64, and held against TRL's."""
    chosen, rejected, prompt = leaves(points, "chosen", "rejected", "prompt")
    good, bad = (torch.stack([t.mean() for t in texts]) for texts in (chosen, rejected))
    odds = (good - bad) - ((-good.exp()).log1p() - (-bad.exp()).log1p())
    losses = case["beta"] * torch.nn.functional.logsigmoid(odds)
    trls, *_ = ORPOTrainer.odds_ratio_loss(trainer(**case), good, bad)
    torch.testing.assert_close(trls.double(), losses, rtol=1e-5, atol=1e-7)
    nll = -torch.cat([torch.cat(both) for both in zip(prompt, chosen)]).mean()
    return outcome(nll - losses.mean(), chosen=chosen, rejected=rejected, prompt=prompt)


def of_points(function, case, *more):
    """Each point alone (lists), and all of them as one batch."""
    alone = [function([p], case, *more) for p in POINTS]
    lists = {k: [a[k] if k == "loss" else a[k][0] for a in alone] for k in alone[0]}
    return {"settings": case, **{k: v for k, v in zip(("answer", "z"), more)}, **lists,
            "batch": function(POINTS, case, *more)}


def write(folder):
    out = {"points": POINTS, "dpo": [of_points(dpo, c) for c in DPO],
           "kto": [of_points(kto, c, answer, z) for c in KTO for answer in ("chosen", "rejected")
                   for z in (-2.0, 0.0, 3.5)],
           "cpo": [of_points(cpo, c) for c in CPO], "orpo": [of_points(orpo, c) for c in ORPO]}
    with open(os.path.join(folder, "numbers.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    write(os.path.dirname(os.path.abspath(__file__)))
