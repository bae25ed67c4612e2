#!/usr/bin/env python3
"""Make three tiny random models and their numbers with transformers and peft (see README.md for the files).

Needs: torch, transformers, peft, safetensors. usage: make_goldens.py
"""
import hashlib, json, os, shutil
import peft, safetensors, torch, transformers
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
COMMON = dict(vocab_size=160, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256,
              bos_token_id=1, eos_token_id=2, pad_token_id=0)
SHAPES = {
    "llama": (transformers.LlamaConfig, 11, dict(
        hidden_size=32, num_key_value_heads=1, intermediate_size=56, rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 5000.0}, tie_word_embeddings=True)),
    "qwen2": (transformers.Qwen2Config, 12, dict(
        hidden_size=40, num_key_value_heads=2, intermediate_size=60, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, tie_word_embeddings=False)),
    "qwen3": (transformers.Qwen3Config, 13, dict(
        hidden_size=48, num_key_value_heads=2, head_dim=16, intermediate_size=68, rms_norm_eps=1e-6,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, tie_word_embeddings=True)),
}
LENGTHS = (13, 7)


def randomize(model):
    """Gives every tensor values that matter: norms around 1, biases not zero, weights that move the logits."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "norm" in name:
                p.uniform_(0.5, 1.5)
            elif name.endswith("bias"):
                p.normal_(0, 0.5)
            elif "embed_tokens" in name or "lm_head" in name:
                p.normal_(0, 0.5)
            else:
                p.normal_(0, 1.5 / p.shape[1] ** 0.5)


def write_model(name, folder):
    config_class, seed, shape = SHAPES[name]
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config_class(**COMMON, **shape), dtype=torch.float32)
    randomize(model)
    model.save_pretrained(folder, max_shard_size="120KB" if name == "qwen3" else "1GB")
    os.remove(folder + "/generation_config.json")
    if name == "llama":  # the spelling of transformers before version 5
        config = json.load(open(folder + "/config.json"))
        config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
        config["rope_scaling"] = None
        config["torch_dtype"] = config.pop("dtype")
        with open(folder + "/config.json", "w") as f:
            json.dump(config, f, indent=2, sort_keys=True)


def load(folder):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager")
    model.config.use_cache = False
    return model.train()  # no dropout anywhere, so that this changes nothing but says what is meant


def write_adapter(folder):
    config = peft.LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, bias="none", target_modules=SEVEN,
                             task_type="CAUSAL_LM")
    model = peft.get_peft_model(load(folder), config)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "lora_" in name:
                p.normal_(0, 0.3 / p.shape[1] ** 0.5)
    model.peft_config["default"].base_model_name_or_path = None
    model.save_pretrained(folder + "/adapter")
    os.remove(folder + "/adapter/README.md")
    path = folder + "/adapter/adapter_config.json"
    config = json.load(open(path))
    config["base_model_name_or_path"] = None
    config["target_modules"] = SEVEN
    with open(path, "w") as f:
        json.dump(config, f, indent=2, sort_keys=True)


def load_lora(folder):
    return peft.PeftModel.from_pretrained(load(folder), folder + "/adapter", is_trainable=True)


def sequences():
    torch.manual_seed(99)
    out = []
    for n in LENGTHS:
        ids = torch.randint(3, 160, (n,))
        mask = torch.rand(n) < 0.6
        mask[0], mask[1], mask[n - 1] = False, False, True
        out.append((ids, mask))
    return out


def run(model, ids, mask):
    """Logits [n, vocab] and the summed cross-entropy of the tokens that `mask` marks as targets."""
    logits = model(input_ids=ids[None]).logits[0]
    target = mask.nonzero()[:, 0]
    return logits, F.cross_entropy(logits[target - 1], ids[target], reduction="sum")


def greedy(model, prompt, count):
    ids, margin = list(prompt), float("inf")
    with torch.no_grad():
        for _ in range(count):
            best = model(input_ids=torch.tensor([ids])).logits[0, -1].topk(2)
            margin = min(margin, (best.values[0] - best.values[1]).item())
            ids.append(best.indices[0].item())
    return ids[len(prompt):], margin


def golden(name):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    write_model(name, folder)
    write_adapter(folder)
    rows, tensors = sequences(), {}
    trained = sum(int(m.sum()) for _, m in rows)
    scalars = {"trained_tokens": trained, "greedy_prompt": rows[1][0][:5].tolist()}
    for i, (ids, mask) in enumerate(rows):
        tensors[f"ids_{i}"], tensors[f"mask_{i}"] = ids.int(), mask.byte()
    for kind, model in (("base", load(folder)), ("lora", load_lora(folder))):
        total = 0
        for i, (ids, mask) in enumerate(rows):
            logits, loss = run(model, ids, mask)
            tensors[("" if kind == "base" else "lora_") + f"logits_{i}"] = logits.detach().clone()
            scalars[f"loss_{kind}_{i}"] = loss.item()
            if kind == "base":
                target = mask.nonzero()[:, 0]
                logp = logits.detach().log_softmax(-1)[target - 1, ids[target]]
                scalars[f"logprobs_{i}"] = logp.tolist()
            total = total + loss
        total = total / trained
        total.backward()
        scalars[f"loss_{kind}"] = total.item()
        for key, p in model.named_parameters():
            if p.requires_grad:
                prefix = "full_grad." if kind == "base" else "grad."
                assert p.grad.abs().max() > 0, key
                tensors[prefix + key.replace(".default", "")] = p.grad.clone()
        key = "greedy" + ("" if kind == "base" else "_lora")
        scalars[key], scalars[key + "_margin"] = greedy(model, scalars["greedy_prompt"], 16)
        assert scalars[key + "_margin"] > 0.01, (name, scalars[key + "_margin"])
    stored = set()
    for file in sorted(os.listdir(folder)):
        if file.startswith("model") and file.endswith(".safetensors"):
            stored |= set(load_file(os.path.join(folder, file)))
    assert stored == {k[10:] for k in tensors if k.startswith("full_grad.")}
    stored = set(load_file(folder + "/adapter/adapter_model.safetensors"))
    assert stored == {k[5:] for k in tensors if k.startswith("grad.")}
    save_file(tensors, folder + "/golden.safetensors")
    with open(folder + "/golden.json", "w") as f:
        json.dump(scalars, f, indent=1)
    print(name, scalars["loss_base"], scalars["loss_lora"], "margins", scalars["greedy_margin"],
          scalars["greedy_lora_margin"], "max logit", tensors["logits_0"].abs().max().item())


def manifest(here, seeds):
    """What was made, with what: every file with its hash, every tensor with its dtype and shape."""
    files = {}
    for root, _, names in sorted(os.walk(here)):
        for file in sorted(names):
            path = os.path.join(root, file)
            if file in ("manifest.json", "README.md") or "__pycache__" in root:
                continue
            entry = {"bytes": os.path.getsize(path), "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest()}
            if file.endswith(".safetensors"):
                with safe_open(path, "pt") as f:
                    entry["tensors"] = {k: [f.get_slice(k).get_dtype(), f.get_slice(k).get_shape()] for k in f.keys()}
            files[os.path.relpath(path, here)] = entry
    versions = {m.__name__: m.__version__ for m in (torch, transformers, peft, safetensors)}
    with open(os.path.join(here, "manifest.json"), "w") as f:
        json.dump({"versions": versions, "seeds": seeds, "files": files}, f, separators=(",", ":"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for model_name in SHAPES:
        golden(model_name)
    manifest(HERE, {**{n: s[1] for n, s in SHAPES.items()}, "rows": 99})
