#!/usr/bin/env python3
"""Train the tiny models of ../models on preferences with TRL (see README.md for the files).

Needs: torch, transformers, peft, trl, datasets, tokenizers. usage: make_goldens.py
"""
import json, os, shutil, sys, tempfile
import datasets, peft, tokenizers, torch, transformers, trl
from safetensors.torch import save_file
from trl.experimental.cpo import CPOConfig, CPOTrainer
from trl.experimental.orpo import ORPOConfig, ORPOTrainer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "models"))
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402
import make_numbers  # noqa: E402

STEPS, SEED, END = 20, 4321, 2
SETTINGS = dict(learning_rate=5e-3, lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0, max_grad_norm=1e9)
# Two micro-batches are one step. Within each, the prompts, the chosen and the rejected answers have as many tokens
# in all as within any other: a mean over tokens of the step then is the mean of the micro-batches' means.
PROMPTS = [(6, 8), (9, 5), (7, 7), (10, 4)]
CHOSEN = [(4, 7), (8, 3), (5, 6), (2, 9)]
REJECTED = [(6, 3), (5, 4), (7, 2), (3, 6)]
SHARED = {0: 2, 3: 1, 4: 4, 7: 3}  # pair: how many first tokens both of its answers have

DPO = {name: dict(loss_type=[name]) for name in (
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "nca_pair", "apo_zero", "apo_down", "sppo_hard", "bco_pair")}
DPO["discopop"] = dict(loss_type=["discopop"], learning_rate=2e-3)  # at 5e-3 trl differs from itself by kernels
DPO["robust"] = dict(loss_type=["robust"], label_smoothing=0.1)
DPO["exo_pair"] = dict(loss_type=["exo_pair"], label_smoothing=1e-3)
DPO["sigmoid_sft"] = dict(loss_type=["sigmoid", "sft"], loss_weights=[1.0, 0.5])
DPO["mpo"] = dict(loss_type=["sigmoid", "bco_pair", "sft"], loss_weights=[0.8, 0.2, 1.0])
KTO = {"kto": dict(), "kto_weighted": dict(beta=0.5, desirable_weight=1.5, undesirable_weight=0.75),
       "apo_zero_unpaired": dict(loss_type="apo_zero_unpaired")}
CPO = {"cpo": dict(), "cpo_smoothed": dict(cpo_alpha=0.5, label_smoothing=0.1),
       "simpo": dict(loss_type="simpo", beta=2.0, cpo_alpha=0.0),
       "cpo_simpo": dict(loss_type="simpo", beta=2.0, simpo_gamma=1.0, cpo_alpha=0.5)}
ORPO = {"orpo": dict()}
# Of every family all runs are kept; their first gradients, but of one family, of these alone:
GRADIENTS = ("sigmoid", "ipo", "mpo", "kto", "cpo", "simpo", "orpo")
ALL_GRADIENTS = "qwen2"


def pairs():
    """Eight rows of prompt, chosen and rejected ids; answers end with the end token, some begin alike."""
    torch.manual_seed(SEED)
    lengths = [[n for two in column for n in two] for column in (PROMPTS, CHOSEN, REJECTED)]
    out = []
    for i, (prompt, chosen, rejected) in enumerate(zip(*lengths)):
        draw = lambda n: torch.randint(3, 160, (n,)).tolist()  # noqa: E731
        answers = [draw(chosen - 1) + [END], draw(rejected - 1) + [END]]
        answers[1][:SHARED.get(i, 0)] = answers[0][:SHARED.get(i, 0)]
        out.append(dict(prompt_ids=draw(prompt), chosen_ids=answers[0], rejected_ids=answers[1]))
    return out


def texts(rows):
    """For KTO: the wanted answer of rows 0, 2, 5, 6, 7, the unwanted one of the others."""
    return [dict(prompt_ids=row["prompt_ids"], label=i in (0, 2, 5, 6, 7),
                 completion_ids=row["chosen_ids" if i in (0, 2, 5, 6, 7) else "rejected_ids"])
            for i, row in enumerate(rows)]


class DPO_(trl.DPOTrainer):
    def _prepare_dataset(self, dataset, *_):
        return dataset


class KTO_(trl.KTOTrainer):
    """Within a micro-batch the prompt of each text stands before the answer of the text ahead of it, as in TRL."""

    def _prepare_dataset(self, dataset, processing_class, args, name):
        if not self.calculate_KL:
            return dataset
        turn = lambda rows: {**rows, "KL_completion_ids": rows["completion_ids"][-1:] + rows["completion_ids"][:-1]}  # noqa: E731
        return dataset.map(turn, batched=True, batch_size=args.per_device_train_batch_size)


def _tokenized(self, row, *_, **__):
    """What tokenize_row would make of texts: no token is put before or behind ours."""
    out = {"prompt_input_ids": row["prompt_ids"], "prompt_attention_mask": [1] * len(row["prompt_ids"])}
    for name in ("chosen", "rejected"):
        ids = row["prompt_ids"] + row[name + "_ids"]
        out[name + "_input_ids"], out[name + "_attention_mask"] = ids, [1] * len(ids)
        out[name + "_labels"] = [-100] * len(row["prompt_ids"]) + row[name + "_ids"]
    return out


class CPO_(CPOTrainer):
    tokenize_row = _tokenized


class ORPO_(ORPOTrainer):
    tokenize_row = _tokenized


def tokenizer():
    words = {"[PAD]": 0, "[BOS]": 1, "[EOS]": 2, **{f"w{i}": i for i in range(3, 160)}}
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="w3"))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]")


def trainer_of(kind, config, base, rows, options, size):
    """`size` rows are a micro-batch, four a step."""
    folder = tempfile.mkdtemp()
    arguments = dict(
        output_dir=folder, max_steps=STEPS, per_device_train_batch_size=size, gradient_accumulation_steps=4 // size,
        bf16=False, gradient_checkpointing=False, use_cpu=True, logging_steps=1, save_strategy="no", report_to=[],
        disable_tqdm=True, train_sampling_strategy="sequential", **{**SETTINGS, **options})
    if kind in (CPO_, ORPO_):
        arguments["remove_unused_columns"] = False
        rows = [{**row, "prompt": "w3", "chosen": "w4", "rejected": "w5"} for row in rows]  # TRL asks for texts too
    return kind(model=models.load_lora(base), args=config(**arguments), processing_class=tokenizer(),
                train_dataset=datasets.Dataset.from_list(rows))


def first_gradient(trainer, micro_batches):
    """Of every trained tensor, before the first update: the mean of the micro-batches' losses."""
    trainer.model.train()
    for batch in micro_batches:
        loss = trainer.compute_loss(trainer.model, trainer.data_collator(batch))
        (loss / len(micro_batches)).backward()
    trainable = [(k, p) for k, p in trainer.model.named_parameters() if p.requires_grad and ".ref." not in k]
    out = {k.replace(".default", ""): p.grad.clone() for k, p in trainable}
    trainer.model.zero_grad()
    for name in ("_metrics", "_stored_metrics"):
        if hasattr(trainer, name):
            getattr(trainer, name)["train"].clear()
    return out


KEPT = ("loss", "grad_norm", "kl", "nll_loss", "log_odds_ratio", "log_odds_chosen")


def nine(value):
    """Nine digits tell any two numbers of f32 apart."""
    return None if value is None else float(f"{value:.9g}")


def run(kind, config, base, rows, options, size=2):
    trainer = trainer_of(kind, config, base, rows, options, size)
    data = [dict(row) for row in trainer.train_dataset]
    gradient = first_gradient(trainer, [data[at:at + size] for at in range(0, 4, size)])
    reference = references(trainer, data, size)
    trainer.train()
    steps = [{k: nine(v) for k, v in log.items() if k in KEPT or k.startswith(("rewards/", "logps/"))}
             for log in trainer.state.log_history if "loss" in log]
    # What trl has not computed it logs as 0.
    idle = {"nll_loss"} if getattr(trainer.args, "cpo_alpha", 1) == 0 else set()
    idle |= {"kl"} if getattr(trainer.args, "loss_type", None) == "apo_zero_unpaired" else set()
    steps = [{k: v for k, v in step.items() if k not in idle} for step in steps]
    assert len(steps) == STEPS and all(torch.tensor(list(s.values())).isfinite().all() for s in steps), options
    shutil.rmtree(trainer.args.output_dir)
    defaults = {k: getattr(trainer.args, k) for k in (
        "learning_rate", "loss_type", "loss_weights", "beta", "label_smoothing", "discopop_tau", "desirable_weight",
        "undesirable_weight", "cpo_alpha", "simpo_gamma") if hasattr(trainer.args, k)}
    return {"trainer": kind.__bases__[0].__name__, "settings": defaults, "steps": steps}, gradient, reference


def references(trainer, data, size):
    """The log-probability of each answer under the adapter that the run starts from; KTO: of its text."""
    if not hasattr(trainer, "compute_ref_log_probs"):
        return None
    out = []
    for at in range(0, len(data), size):
        first, second = trainer.compute_ref_log_probs(trainer.model, trainer.data_collator(data[at:at + size]))
        if isinstance(trainer, KTO_):
            second = [None] * size if second is None else second.tolist()
            names = ("text", "mismatched")
        else:
            names, second = ("chosen", "rejected"), second.tolist()
        out += [{names[0]: nine(a), names[1]: nine(b)} for a, b in zip(first.tolist(), second)]
    return out


def family(name, rows):
    base, folder = os.path.join(HERE, "..", "models", name), os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    runs, gradients, reference = {}, {}, {}
    kinds = [(DPO_, trl.DPOConfig, DPO, rows, 2), (KTO_, trl.KTOConfig, KTO, texts(rows), 4),
             (CPO_, CPOConfig, CPO, rows, 2), (ORPO_, ORPOConfig, ORPO, rows, 2)]
    for kind, config, cases, data, size in kinds:
        for case, options in cases.items():
            runs[case], gradient, numbers = run(kind, config, base, data, options, size)
            reference.update({"pairs": numbers} if case == "sigmoid" else {"texts": numbers} if case == "kto" else {})
            if name == ALL_GRADIENTS or case in GRADIENTS:
                gradients.update({f"{case}/{k}": v for k, v in gradient.items()})
            steps = runs[case]["steps"]
            print(name, case, [round(steps[i]["loss"], 4) for i in (0, 1, 9, 19)],
                  [round(steps[i]["grad_norm"], 4) for i in (0, 19)], flush=True)
    with open(folder + "/runs.json", "w") as f:
        json.dump({"reference": reference, "runs": runs}, f, separators=(",", ":"))
        f.write("\n")
    save_file(gradients, folder + "/gradients.safetensors")
    os.chmod(folder + "/gradients.safetensors", 0o644)


def main():
    rows = pairs()
    with open(HERE + "/pairs.json", "w") as f:
        json.dump({"pairs": rows, "texts": texts(rows)}, f)
        f.write("\n")
    make_numbers.write(HERE)
    for name in models.SHAPES:
        family(name, rows)
    manifest.write(HERE, (torch, transformers, peft, trl), pairs=SEED)


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    main()
