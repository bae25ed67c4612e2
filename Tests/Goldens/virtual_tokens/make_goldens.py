#!/usr/bin/env python3
"""Prefix and prompt tuning as peft has them, on the tiny models beside: see README.md.

Needs: torch, transformers, peft, safetensors. usage: make_goldens.py
"""
import importlib.util, json, os, shutil, sys, types
import peft, torch, transformers
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDENS = os.path.dirname(HERE)
sys.path.insert(0, GOLDENS)
import manifest

FAMILIES = ["llama", "qwen2", "qwen3"]
COUNT, HIDDEN, STEPS, SEED = 5, 12, 20, 70
RATE = {"prefix": 0.02, "projected": 0.01, "prompt": 0.02}


def config(method):
    common = dict(task_type="CAUSAL_LM", num_virtual_tokens=COUNT)
    if method == "prompt":
        return peft.PromptTuningConfig(**common)
    return peft.PrefixTuningConfig(
        **common, **(dict(prefix_projection=True, encoder_hidden_size=HIDDEN) if method == "projected" else {}))


def adapted(base, method):
    """The method on `base`, with first values that move the logits."""
    torch.manual_seed(SEED)
    model = peft.get_peft_model(base, config(method))
    with torch.no_grad():
        for name, p in sorted(encoder(model).named_parameters()):
            p.normal_(0, 0.8 / (p.shape[1] ** 0.5 if p.ndim == 2 and "transform" in name else 1))
    return model


def encoder(model):
    return model.prompt_encoder["default"]


def save(model, folder):
    model.save_pretrained(folder)
    os.remove(folder + "/README.md")
    path = folder + "/adapter_config.json"
    config = json.load(open(path))
    config["base_model_name_or_path"] = None
    with open(path, "w") as file:
        json.dump(config, file, indent=2, sort_keys=True)


def rows():
    """The rows of the models' goldens: ids and which of them are trained."""
    tensors = load_file(f"{GOLDENS}/models/qwen2/golden.safetensors")
    return [(tensors[f"ids_{i}"].long(), tensors[f"mask_{i}"].bool()) for i in range(2)]


def logits_of(model, ids):
    """The logits of the tokens themselves: those of virtual ones stand before them in prompt tuning."""
    return model(input_ids=ids[None]).logits[0, -len(ids):]


def loss_of(model):
    sums = []
    for ids, mask in rows():
        target = mask.nonzero()[:, 0]
        sums.append(F.cross_entropy(logits_of(model, ids)[target - 1], ids[target], reduction="sum"))
    return sum(sums) / sum(int(mask.sum()) for _, mask in rows())


def train(model, tensors, rate):
    """Gradients of the first step, and the losses of all."""
    parameters = dict(encoder(model).named_parameters())
    assert set(parameters.values()) == {p for p in model.parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW(parameters.values(), lr=rate, weight_decay=0.0)
    losses = []
    for step in range(STEPS):
        loss = loss_of(model)
        losses.append(loss.item())
        loss.backward()
        if step == 0:
            for name, p in parameters.items():
                assert p.grad.abs().max() > 0, name
                tensors["grad." + name] = p.grad.clone()
        torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return losses


def golden(family, method):
    base = transformers.AutoModelForCausalLM.from_pretrained(
        f"{GOLDENS}/models/{family}", dtype=torch.float32, attn_implementation="eager")
    model, folder, tensors = adapted(base, method), f"{HERE}/{family}_{method}", {}
    shutil.rmtree(folder, ignore_errors=True)
    save(model, folder)
    with torch.no_grad():
        for i, (ids, _) in enumerate(rows()):
            tensors[f"logits_{i}"] = logits_of(model, ids).clone()
    if method == "projected":
        for name, p in encoder(model).named_parameters():
            tensors["start." + name] = p.detach().clone()
    losses = train(model.train(), tensors, RATE[method])
    save_file(tensors, folder + "/golden.safetensors")
    with open(folder + "/losses.json", "w") as file:
        json.dump({"rate": RATE[method], "losses": losses}, file)
    print(family, method, losses[0], losses[-1])


def hearing():
    """A prefix on the tiny Qwen2-Audio, which hears its clips."""
    sys.modules.setdefault("bitsandbytes", types.ModuleType("bitsandbytes"))  # for what is not made here
    spec = importlib.util.spec_from_file_location("make_audio", f"{GOLDENS}/qwen2_audio/make_goldens.py")
    make_audio = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_audio)
    base = make_audio.load(f"{GOLDENS}/qwen2_audio/model")
    model, folder, tensors = adapted(base, "prefix"), f"{HERE}/qwen2_audio_prefix", {}
    shutil.rmtree(folder, ignore_errors=True)
    save(model, folder)
    with torch.no_grad():
        for i, (ids, mask, clips) in enumerate(make_audio.conversations()[:2]):
            logits = make_audio.logits_of(model, ids, clips)
            tensors[f"logits_{i}"] = logits[make_audio.kept_rows(ids)].clone()
    save_file(tensors, folder + "/golden.safetensors")
    print("qwen2_audio", tensors["logits_0"].abs().max().item())


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for family in FAMILIES:
        for method in RATE:
            golden(family, method)
    hearing()
    manifest.write(HERE, (torch, transformers, peft), seed=SEED)
