#!/usr/bin/env python3
"""Train the tiny models of ../models as reward models with TRL (see README.md for the files).

Needs: torch, transformers, peft, trl, datasets, tokenizers. usage: make_goldens.py
"""
import json, os, shutil, sys, tempfile
import datasets, peft, torch, transformers, trl
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True


def module(folder):
    """The make_goldens.py of a folder beside this one."""
    import importlib.util
    path = os.path.join(HERE, "..", folder)
    sys.path.insert(0, path)
    spec = importlib.util.spec_from_file_location(folder + "_goldens", path + "/make_goldens.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    sys.path.remove(path)
    return found


models = module("models")
preference = module("preference")
sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

STEPS, SEED, END = 20, 8765, 2
SETTINGS = dict(learning_rate=5e-3, lr_scheduler_type="constant", warmup_steps=0, weight_decay=0.0, max_grad_norm=1e9)
RUNS = {"plain": dict(), "centered": dict(center_rewards_coefficient=0.1), "full": dict(learning_rate=1e-3)}
CLASSIFIER = "llama"  # the family of the whole folder
LOGGED = ("loss", "grad_norm", "accuracy", "margin", "min_reward", "mean_reward", "max_reward")


class Trainer(trl.RewardTrainer):
    def _prepare_dataset(self, dataset, *_):
        return dataset


def texts():
    """Eight rows of whole texts, those of the pairs of ../preference."""
    rows = json.load(open(os.path.join(HERE, "..", "preference", "pairs.json")))["pairs"]
    return [{f"{side}_ids": row["prompt_ids"] + row[f"{side}_ids"] for side in ("chosen", "rejected")} for row in rows]


def load(name):
    """The model of a family with a head whose scores are not all near 0."""
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        os.path.join(HERE, "..", "models", name), num_labels=1, dtype=torch.float32, attn_implementation="eager")
    torch.manual_seed(SEED)
    with torch.no_grad():
        model.score.weight.normal_(0, 0.3)
    model.config.use_cache = False
    model.config.pad_token_id = 0
    return model


def write_adapter(name, folder):
    """The adapter of ../models, as one of a sequence classifier with its head."""
    config = peft.LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, bias="none", target_modules=models.SEVEN,
                             task_type="SEQ_CLS", modules_to_save=["score"])
    model = peft.get_peft_model(load(name), config)
    source = peft.utils.load_peft_weights(os.path.join(HERE, "..", "models", name, "adapter"), device="cpu")
    with torch.no_grad():
        for key, p in model.named_parameters():
            if "lora_" in key:
                p.copy_(source[key.replace(".default", "")])
    model.peft_config["default"].base_model_name_or_path = None
    model.save_pretrained(folder)
    os.remove(folder + "/README.md")
    path = folder + "/adapter_config.json"
    config = json.load(open(path))
    config["base_model_name_or_path"], config["target_modules"] = None, models.SEVEN
    with open(path, "w") as f:
        json.dump(config, f, indent=2, sort_keys=True)


def start(name, run):
    if run == "full":
        return load(name)
    return peft.PeftModel.from_pretrained(load(name), os.path.join(HERE, name, "adapter"), is_trainable=True)


def scores(model, rows):
    """Of each text alone."""
    with torch.no_grad():
        return [preference.nine(model(input_ids=torch.tensor([ids])).logits[0, 0].item()) for ids in rows]


def train(name, case, rows):
    """Four rows are a step, in the order of the file."""
    folder = tempfile.mkdtemp()
    config = trl.RewardConfig(
        output_dir=folder, max_steps=STEPS, per_device_train_batch_size=4, bf16=False, gradient_checkpointing=False,
        use_cpu=True, logging_steps=1, save_strategy="no", report_to=[], disable_tqdm=True,
        train_sampling_strategy="sequential", **{**SETTINGS, **RUNS[case]})
    trainer = Trainer(model=start(name, case), args=config, processing_class=preference.tokenizer(),
                      train_dataset=datasets.Dataset.from_list(rows))
    gradient = preference.first_gradient(trainer, [rows[:4]])
    trainer.train()
    shutil.rmtree(folder)
    steps = [{k: preference.nine(v) for k, v in log.items() if k in LOGGED}
             for log in trainer.state.log_history if "loss" in log]
    assert len(steps) == STEPS and all(len(step) == len(LOGGED) for step in steps)
    gradient = {k.replace(".modules_to_save", ""): v for k, v in gradient.items()}
    settings = dict(learning_rate=config.learning_rate, center_rewards_coefficient=config.center_rewards_coefficient)
    print(name, case, [round(steps[i]["loss"], 4) for i in (0, 1, 9, 19)], flush=True)
    return {"settings": settings, "steps": steps}, gradient


def family(name, rows):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    write_adapter(name, folder + "/adapter")
    all_texts = [row[side + "_ids"] for row in rows for side in ("chosen", "rejected")]
    result = {"scores": scores(start(name, "plain"), all_texts), "runs": {}}
    gradients = {"score.weight": load(name).score.weight.detach().clone()}
    for case in RUNS:
        result["runs"][case], gradient = train(name, case, rows)
        gradients.update({f"{case}/{k}": v for k, v in gradient.items() if case != "full" or "layers.0" in k or "score" in k})
    if name == CLASSIFIER:
        load(name).save_pretrained(folder + "/classifier")
        # The token that is read is the last one that is not [PAD].
        texts = all_texts + [[5, 6, 7, 0, 0], [5, 0, 7, 0], [0, 9], [4]]
        result["classifier"] = [{"ids": ids, "score": score} for ids, score in zip(texts, scores(load(name), texts))]
    with open(folder + "/runs.json", "w") as f:
        json.dump(result, f, separators=(",", ":"))
        f.write("\n")
    save_file(gradients, folder + "/gradients.safetensors")
    for root, _, files in os.walk(folder):
        for file in files:
            os.chmod(os.path.join(root, file), 0o644)


def main():
    for name in models.SHAPES:
        family(name, texts())
    manifest.write(HERE, (torch, transformers, peft, trl), head=SEED)


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    datasets.disable_progress_bars()
    main()
