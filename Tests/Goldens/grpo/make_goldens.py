#!/usr/bin/env python3
"""Train the tiny models of ../models on recorded completions with TRL's GRPOTrainer (see README.md for the files).

Needs: torch, transformers, peft, trl, datasets, tokenizers. usage: make_goldens.py
"""
import json, os, shutil, sys, tempfile
import datasets, peft, tokenizers, torch, transformers, trl
from safetensors.torch import save_file
from trl.trainer import grpo_trainer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "models"))
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

STEPS, SEED, END, GROUP, LONGEST = 10, 777, 2, 4, 8
SETTINGS = dict(learning_rate=1.5e-3, lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0, max_grad_norm=1e9,
                num_iterations=2, reward_weights=[1.0, 0.5])
# Two groups of four are one step. All groups have as many tokens: a divisor that counts the tokens of a sampling or
# of a micro-batch then says what that of the step says. Of the longest completions some are cut off.
PROMPTS = [(6, 9), (8, 5), (7, 7), (5, 10)]
LENGTHS = [((5, 3, 8, 4), (6, 2, 8, 4)), ((8, 2, 4, 6), (3, 8, 4, 5)),
           ((4, 4, 6, 6), (8, 5, 3, 4)), ((3, 8, 5, 4), (2, 4, 8, 6))]
CUT = [(2, 6), (0,), (4,), (1, 6)]  # sampling: which of its eight completions the limit ended
SHARED = {(0, 1): 2, (1, 4): 1, (2, 5): 3, (3, 0): 2}  # (sampling, completion): begins like the next one

LOSSES = ("grpo", "dapo", "bnpo", "dr_grpo", "cispo", "sapo")
KL = dict(beta=0.04)
NARROW = dict(importance_sampling_level="sequence", epsilon=0.1, epsilon_high=0.15)


def loss(name, **options):
    return {"loss_type": name, **({"epsilon_high": 5.0} if name == "cispo" else {}), **options}


RUNS = {name: loss(name) for name in LOSSES}
RUNS |= {name + "_kl": loss(name, **KL) for name in LOSSES}
RUNS |= {name + "_plain_kl": loss(name, use_bias_correction_kl=False, **KL) for name in ("grpo", "dapo", "cispo")}
RUNS |= {"gspo_" + name: loss(name, **NARROW) for name in ("grpo", "dapo")}
RUNS |= {f"gspo_{name}_kl": loss(name, **{**NARROW, **KL, **({"epsilon_high": 5.0} if name == "cispo" else {})})
         for name in ("grpo", "dapo", "cispo", "sapo")}
RUNS |= {
    "once": loss("dapo", num_iterations=1), "once_kl": loss("grpo", num_iterations=1, **KL),
    "delta": loss("grpo", epsilon=0.05, delta=1.1), "delta_kl": loss("dapo", epsilon=0.05, delta=1.1, **KL),
    "tight": loss("grpo", epsilon=0.05), "cispo_capped": loss("cispo", epsilon_high=1.1),
    "epsilon_high": loss("dapo", epsilon_high=0.28), "four_times": loss("dapo", num_iterations=4, **KL),
    "masked_grpo": loss("grpo", mask_truncated_completions=True),
    "masked_dapo_kl": loss("dapo", mask_truncated_completions=True, **KL),
    "masked_dr_grpo": loss("dr_grpo", mask_truncated_completions=True),
    "masked_gspo": loss("grpo", mask_truncated_completions=True, **NARROW),
    "entropy": loss("dapo", top_entropy_quantile=0.5), "entropy_kl": loss("grpo", top_entropy_quantile=0.5, **KL),
    "scale_batch": loss("dapo", scale_rewards="batch"), "scale_none": loss("grpo", scale_rewards="none"),
    "temperature_kl": loss("dapo", temperature=0.7, **KL), "temperature_grpo": loss("grpo", temperature=0.7),
    "slices": loss("dapo", steps_per_generation=2, num_iterations=1),
    "slices_twice_kl": loss("grpo", steps_per_generation=2, **KL),
    "slices_cispo": loss("cispo", steps_per_generation=2),
    "halves_grpo_kl": loss("grpo", size=4, **KL), "halves_dapo": loss("dapo", size=4),
    "halves_bnpo_kl": loss("bnpo", size=4, **KL),
    "halves_slices": loss("dapo", size=4, steps_per_generation=4, **KL),
    "sparse": loss("dapo", rewards="sparse"), "sparse_kl": loss("grpo", rewards="sparse", **KL),
    "sparse_batch_kl": loss("dapo", rewards="sparse", scale_rewards="batch", **KL),
}
# Other families: some runs. Gradients of step 1, where ratios are 1; of runs with a divergence those of step 2.
SOME = ("grpo_kl", "dapo", "dr_grpo_kl", "cispo_kl", "sapo", "gspo_grpo_kl")
GRADIENTS = {"qwen2": LOSSES + tuple(n + "_kl" for n in LOSSES) + ("gspo_grpo_kl", "entropy", "masked_dapo_kl",
                                                                   "temperature_kl"),
             "qwen3": ("dapo", "grpo_kl", "gspo_grpo_kl"), "llama": ("dapo", "grpo_kl", "gspo_grpo_kl")}


def samplings():
    """Four samplings of two groups. `scores`: two rewards of each completion; `sparse`: where one abstains from
    everything, and where a group has equal ones."""
    torch.manual_seed(SEED)
    draw = lambda n: torch.randint(3, 160, (n,)).tolist()  # noqa: E731
    out = []
    for number, lengths in enumerate(LENGTHS):
        prompts, flat = [draw(n) for n in PROMPTS[number]], [n for group in lengths for n in group]
        ids = [draw(n) if i in CUT[number] else draw(n - 1) + [END] for i, n in enumerate(flat)]
        for (sampling, i), count in SHARED.items():
            if sampling == number:
                ids[i][:count] = ids[(i + 1) % len(ids)][:count]
        first = torch.randint(-4, 9, (len(ids),)).mul(0.25).tolist()
        second = torch.rand(len(ids)).mul(2).tolist()
        scores = [[a, nine(b)] for a, b in zip(first, second)]
        sparse = [list(s) for s in scores]
        if number in (0, 2):
            sparse[1 + number] = [None, None]
        if number == 1:
            sparse[:4] = [[0.5, 1.0]] * 4
        completions = [{"ids": i, "scores": s, "sparse": t} for i, s, t in zip(ids, scores, sparse)]
        out.append([{"prompt_ids": p, "completions": completions[at * GROUP:][:GROUP]} for at, p in enumerate(prompts)])
    return out


class Recorded:
    """What the trainer asks for in the place of sampling: each time the next groups of the file."""

    def __init__(self, samplings, names, count):
        self.samplings, self.names, self.count, self.next = samplings, names, count, 0

    def __call__(self, prompts, trainer):
        taken = [self.samplings[(self.next + i) % len(self.samplings)] for i in range(self.count)]
        self.next += self.count
        groups = [group for sampling in taken for group in sampling]
        completions = [c for group in groups for c in group["completions"]]
        assert len(prompts) == len(completions), (len(prompts), len(completions))
        return {"prompt_ids": [group["prompt_ids"] for group in groups for _ in range(GROUP)],
                "completion_ids": [list(c["ids"]) for c in completions], "logprobs": None,
                "recorded": [c[self.names] for c in completions]}


def first(recorded, **_):
    return [scores[0] for scores in recorded]


def second(recorded, **_):
    return [scores[1] for scores in recorded]


class Trainer(trl.GRPOTrainer):
    """Notes the advantages of each sampling, and in training the mean entropy of each completion."""

    def _generate_and_score_completions(self, inputs):
        output = super()._generate_and_score_completions(inputs)
        self.advantages.append([nine(a) for a in output["advantages"].tolist()])
        return output

    def _compute_loss(self, model, inputs):
        self.mask = inputs["completion_mask"]
        return super()._compute_loss(model, inputs)

    def _get_per_token_logps_and_entropies(self, *args, compute_entropy=False, **options):
        out = super()._get_per_token_logps_and_entropies(*args, compute_entropy=compute_entropy, **options)
        if compute_entropy:
            self.entropies.append([nine(e) for e in (out[1] * self.mask).sum(1).div(self.mask.sum(1)).tolist()])
        return out


class Gradients(transformers.TrainerCallback):
    """Copies the gradients of the first two steps."""

    def __init__(self):
        self.steps = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        if len(self.steps) < 2:
            trained = [(k, p) for k, p in model.named_parameters() if p.requires_grad and ".ref." not in k]
            self.steps.append({k.replace(".default", ""): p.grad.clone() for k, p in trained})


def tokenizer():
    words = {"[PAD]": 0, "[BOS]": 1, "[EOS]": 2, **{f"w{i}": i for i in range(3, 160)}}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w3"))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]")


def nine(value):
    """Nine digits tell any two numbers of f32 apart; what is no number is null."""
    return None if value is None or value != value else float(f"{value:.9g}")


KEPT = ("loss", "grad_norm", "kl", "entropy", "reward", "reward_std", "frac_reward_zero_std", "cispo_clip_ratio")


def run(base, data, options):
    options = {**SETTINGS, **options}
    size, names = options.pop("size", 8), options.pop("rewards", "scores")
    steps_of_one = options.get("steps_per_generation", 8 // size) * size // 8
    folder = tempfile.mkdtemp()
    config = trl.GRPOConfig(
        output_dir=folder, max_steps=STEPS, per_device_train_batch_size=size, gradient_accumulation_steps=8 // size,
        num_generations=GROUP, max_completion_length=LONGEST, shuffle_dataset=False, disable_dropout=True, bf16=False,
        gradient_checkpointing=False, use_cpu=True, logging_steps=1, save_strategy="no", report_to=[],
        disable_tqdm=True, **options)
    gradients = Gradients()
    trainer = Trainer(
        model=models.load_lora(base), args=config, reward_funcs=[first, second], processing_class=tokenizer(),
        train_dataset=datasets.Dataset.from_list([{"prompt": "w3"}] * 8), callbacks=[gradients],
        rollout_func=Recorded(data, names, steps_of_one))
    trainer.advantages, trainer.entropies = [], []
    trainer.train()
    steps = [{k: nine(v) for k, v in log.items() if k in KEPT or k.startswith(("rewards/", "clip_ratio/", "completions/"))}
             for log in trainer.state.log_history if "loss" in log]
    assert len(steps) == STEPS and all(v is not None for s in steps for v in s.values()), options
    shutil.rmtree(folder)
    entropies = [sum(trainer.entropies[at:at + 8 // size], []) for at in range(0, len(trainer.entropies), 8 // size)]
    kept = ("loss_type", "beta", "num_iterations", "epsilon", "epsilon_high", "delta", "importance_sampling_level",
            "use_bias_correction_kl", "mask_truncated_completions", "top_entropy_quantile", "scale_rewards", "temperature",
            "sapo_temperature_pos", "sapo_temperature_neg", "max_completion_length", "learning_rate", "reward_weights")
    settings = {k: getattr(trainer.args, k) for k in kept}
    settings |= {"rewards": names, "batch_size": size, "steps_per_sampling": steps_of_one}
    out = {"settings": settings, "steps": steps, "advantages": trainer.advantages}
    if names == "sparse":
        out["entropies"] = entropies
    return out, gradients.steps


def differ(one, other):
    """Whether two runs part company: an option that changes nothing would prove nothing."""
    return any(abs(a["grad_norm"] - b["grad_norm"]) > 1e-3 * b["grad_norm"] for a, b in zip(one["steps"], other["steps"]))


def family(name, data):
    base, folder = os.path.join(HERE, "..", "models", name), os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    runs, gradients = {}, {}
    for case, options in RUNS.items():
        if name != "qwen2" and case not in SOME:
            continue
        runs[case], both = run(base, data, options)
        if case in GRADIENTS[name]:
            step = 2 if case.endswith("_kl") else 1
            gradients |= {f"{case}/{step}/{k}": v for k, v in both[step - 1].items()}
        steps = runs[case]["steps"]
        clip = [[round(s.get(k, s.get("cispo_clip_ratio", 0)), 2) for s in steps] for k in (
            "clip_ratio/low_mean", "clip_ratio/high_mean")]
        print(name, case, [round(steps[i]["loss"], 4) for i in (0, 1, 2, 3, 9)],
              [round(steps[i]["grad_norm"], 3) for i in (0, 1, 9)], *clip, flush=True)
    for a, b in (("delta", "tight"), ("cispo_capped", "cispo"), ("epsilon_high", "dapo"), ("grpo_plain_kl", "grpo_kl"), ("gspo_dapo", "dapo"),
                 ("entropy", "dapo"), ("dapo_plain_kl", "dapo_kl")):
        assert not {a, b} <= set(runs) or differ(runs[a], runs[b]), (a, b)
    with open(folder + "/runs.json", "w") as f:
        json.dump({"runs": runs}, f, separators=(",", ":"))
        f.write("\n")
    save_file(gradients, folder + "/gradients.safetensors")
    os.chmod(folder + "/gradients.safetensors", 0o644)


def main():
    data = samplings()
    with open(HERE + "/samplings.json", "w") as f:
        json.dump({"samplings": data}, f, separators=(",", ":"))
        f.write("\n")
    for name in models.SHAPES:
        family(name, data)
    manifest.write(HERE, (torch, transformers, peft, trl), samplings=SEED)


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    grpo_trainer.shuffle_sequence_dict = lambda batch: batch  # trl tears groups apart within a sampling
    main()
