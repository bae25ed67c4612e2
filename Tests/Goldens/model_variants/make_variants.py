#!/usr/bin/env python3
"""Numbers of one tiny random model under many configurations, with transformers (see README.md for the files).

Needs: torch, transformers, safetensors. usage: make_variants.py
"""
import hashlib, json, os, shutil, tempfile
import safetensors, torch, transformers
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
HIDDEN, INNER, LAYERS, HEADS, KEYS, HEAD, VOCABULARY = 32, 40, 4, 2, 1, 16, 48
SEED, LONG, ROWS = 41, 4096, 64

COMMON = {
    "hidden_size": HIDDEN, "intermediate_size": INNER, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
    "num_key_value_heads": KEYS, "head_dim": HEAD, "vocab_size": VOCABULARY, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False, "hidden_act": "silu", "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None, "dtype": "float32",
}
NAMES = {"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM",
         "qwen3": "Qwen3ForCausalLM", "smollm3": "SmolLM3ForCausalLM"}
PAIRS = HEAD // 2
SHORT_FACTORS = [1.0, 1.05, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0]
LONG_FACTORS = [1.0, 1.3, 1.9, 2.8, 4.1, 6.0, 9.0, 13.0]
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 1024}


def beside(**rule):
    """A file as transformers 5 saves it, to which a rule of the older spelling was added by hand."""
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}, "rope_scaling": rule}


# name: (family, changes of config.json, lengths of the texts)
VARIANTS = {
    "llama-default": ("llama", {"rope_theta": 5e5, "max_position_embeddings": 4096}, [LONG]),
    "llama-linear": ("llama", beside(type="linear", factor=4.0) | {"max_position_embeddings": 1024}, [LONG]),
    "llama-llama3": ("llama", {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 512}}, [LONG]),
    "llama-dynamic": ("llama", beside(rope_type="dynamic", factor=2.0) | {"max_position_embeddings": 1024},
                      [LONG, 1024, 1025]),
    "llama-yarn": ("llama", {"max_position_embeddings": 4096, "rope_parameters": YARN}, [LONG]),
    "llama-yarn-beside": ("llama", beside(type="yarn", factor=8.0, beta_fast=16, beta_slow=2, truncate=False) | {
        "max_position_embeddings": 4096, "original_max_position_embeddings": 512, "rope_theta": 2e4}, [LONG]),
    "llama-yarn-mscale": ("llama", {"max_position_embeddings": 4096, "rope_parameters": YARN | {
        "mscale": 1.3, "mscale_all_dim": 0.7, "factor": None}}, [LONG]),
    "llama-yarn-attention": ("llama", {"max_position_embeddings": 4096, "rope_parameters": YARN | {
        "attention_factor": 1.25}}, [LONG]),
    "llama-longrope": ("llama", {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_type": "longrope", "rope_theta": 1e4, "short_factor": SHORT_FACTORS, "long_factor": LONG_FACTORS,
        "original_max_position_embeddings": 1024}}, [LONG, 1024, 1025]),
    "llama-longrope-attention": ("llama", {"max_position_embeddings": 2048, "original_max_position_embeddings": 512,
        "rope_scaling": {"type": "longrope", "short_factor": SHORT_FACTORS, "long_factor": LONG_FACTORS,
                         "attention_factor": 1.1, "original_max_position_embeddings": 99}}, [700, 300]),
    "llama-proportional": ("llama", {"max_position_embeddings": 4096, "rope_parameters": {
        "rope_type": "proportional", "rope_theta": 1e4, "factor": 2.0, "partial_rotary_factor": 0.6}}, [LONG]),
    "llama-biases": ("llama", {"attention_bias": True, "mlp_bias": True, "max_position_embeddings": 4096}, [200]),
    "mistral-full": ("mistral", {"sliding_window": None, "rope_theta": 1e6}, [LONG]),
    "mistral-window": ("mistral", {"sliding_window": 100, "rope_theta": 1e4}, [LONG]),
    "mistral-unsaid": ("mistral", {"rope_theta": 1e4}, [4300]),
    "qwen2-yarn": ("qwen2", {"rope_theta": 1e6, "max_position_embeddings": 1024, "sliding_window": 131072,
        "use_sliding_window": False, "max_window_layers": 28, "rope_scaling": {
            "factor": 4.0, "original_max_position_embeddings": 1024, "type": "yarn"}}, [LONG]),
    "qwen2-window": ("qwen2", {"rope_theta": 1e6, "use_sliding_window": True, "sliding_window": 64,
        "max_window_layers": 1}, [LONG]),
    "qwen3-layers": ("qwen3", {"rope_theta": 1e6, "use_sliding_window": True, "sliding_window": 100, "layer_types": [
        "sliding_attention", "full_attention", "sliding_attention", "full_attention"]}, [LONG]),
    "qwen3-linear": ("qwen3", {"rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 1e6},
        "attention_bias": True}, [LONG]),
    "smollm3-interval": ("smollm3", {"rope_theta": 5e6, "use_sliding_window": False, "sliding_window": None,
        "no_rope_layer_interval": 2}, [LONG]),
    "smollm3-unsaid": ("smollm3", {}, [LONG]),
    "smollm3-window": ("smollm3", {"no_rope_layers": [1, 0, 0, 1], "use_sliding_window": True, "sliding_window": 100,
        "attention_bias": True, "mlp_bias": True}, [LONG]),
    "smollm3-yarn": ("smollm3", {"rope_scaling": {"rope_type": "yarn", "factor": 2.0,
        "original_max_position_embeddings": 2048}, "rope_theta": 5e6, "max_position_embeddings": 2048}, [LONG]),
}
# Texts that are read token by token after a prompt, past the length where the rule changes.
DECODED = {
    "llama-dynamic": {"max_position_embeddings": 24}, "llama-longrope": {"original_max_position_embeddings": 24},
    "mistral-window": {"sliding_window": 10},
    "smollm3-window": {"sliding_window": 10},
}
PROMPT, DECODE = 20, 40
GRADIENTS = ["mistral-window", "qwen2-window", "smollm3-window", "smollm3-interval"]
LENGTHS = (230, 90)


def weights():
    """All tensors that any of the families reads, with values that move the logits."""
    g = torch.Generator().manual_seed(SEED)
    normal = lambda *shape: torch.randn(*shape, generator=g)
    out = {"model.embed_tokens.weight": normal(VOCABULARY, HIDDEN), "lm_head.weight": normal(VOCABULARY, HIDDEN) / 3,
           "model.norm.weight": torch.rand(HIDDEN, generator=g) + 0.5}
    shapes = {"self_attn.q_proj": (HEADS * HEAD, HIDDEN), "self_attn.k_proj": (KEYS * HEAD, HIDDEN),
              "self_attn.v_proj": (KEYS * HEAD, HIDDEN), "self_attn.o_proj": (HIDDEN, HEADS * HEAD),
              "mlp.gate_proj": (INNER, HIDDEN), "mlp.up_proj": (INNER, HIDDEN), "mlp.down_proj": (HIDDEN, INNER)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, (rows, columns) in shapes.items():
            out[at + name + ".weight"] = normal(rows, columns) * 1.5 / columns ** 0.5
            out[at + name + ".bias"] = normal(rows) * 0.3
        for name, width in (("input_layernorm", HIDDEN), ("post_attention_layernorm", HIDDEN),
                            ("self_attn.q_norm", HEAD), ("self_attn.k_norm", HEAD)):
            out[at + name + ".weight"] = torch.rand(width, generator=g) + 0.5
    return out


def config(name, changes=()):
    family, own, _ = VARIANTS[name]
    result = {"architectures": [NAMES[family]], "model_type": family} | COMMON | own
    for key, value in dict(changes).items():
        result[key] = value
        for rule in ("rope_parameters", "rope_scaling"):
            if key in (result.get(rule) or {}):
                result[rule] = result[rule] | {key: value}
    return result


def load(config, tensors):
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/config.json", "w") as f:
            json.dump(config, f)
        save_file(tensors, folder + "/model.safetensors", metadata={"format": "pt"})
        return transformers.AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").eval()


def ids(length, seed):
    return torch.randint(3, VOCABULARY, (length,), generator=torch.Generator().manual_seed(seed))


def rows(length):
    """The rows whose logits are kept: the first and last ones, others evenly between."""
    return sorted({int(i) for i in torch.linspace(0, length - 1, min(ROWS, length)).round()})


def logits(name, tensors, out):
    for length in VARIANTS[name][2]:
        with torch.no_grad():  # a new model each time: some rules remember the longest text
            values = load(config(name), tensors)(input_ids=ids(length, length)[None]).logits[0]
        out[f"{name}.logits_{length}"] = values[rows(length)].clone()


def decoded(name, tensors, out):
    changed = config(name, DECODED[name])
    text = ids(DECODE, 7)
    model, cache, values = load(changed, tensors), transformers.DynamicCache(), []
    with torch.no_grad():
        for part in [text[:PROMPT]] + [text[i:i + 1] for i in range(PROMPT, DECODE)]:
            values.append(model(input_ids=part[None], past_key_values=cache, use_cache=True).logits[0, -1])
    out[f"{name}.decoded"] = torch.stack(values)
    return changed


def gradients(name, tensors, out):
    model, total, trained = load(config(name), tensors), 0, 0
    for length in LENGTHS:
        text = ids(length, length)
        logits = model(input_ids=text[None]).logits[0]
        total = total + F.cross_entropy(logits[:-1], text[1:], reduction="sum")
        trained += length - 1
    (total / trained).backward()
    out[f"{name}.loss"] = (total / trained).detach()[None]
    for key, p in model.named_parameters():
        if any(part in key for part in ("q_proj", "k_proj", "v_proj", "embed_tokens")):
            out[f"{name}.grad.{key}"] = p.grad.clone()


def manifest(files):
    entries = {}
    for file in files:
        path = os.path.join(HERE, file)
        entry = {"bytes": os.path.getsize(path), "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest()}
        if file.endswith(".safetensors"):
            with safe_open(path, "pt") as f:
                entry["tensors"] = {k: [f.get_slice(k).get_dtype(), f.get_slice(k).get_shape()] for k in f.keys()}
        entries[file] = entry
    versions = {m.__name__: m.__version__ for m in (torch, transformers, safetensors)}
    with open(os.path.join(HERE, "manifest.json"), "w") as f:
        json.dump({"versions": versions, "seeds": {"weights": SEED}, "files": entries}, f, separators=(",", ":"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    tensors, out = weights(), {}
    save_file(tensors, HERE + "/model.safetensors", metadata={"format": "pt"})
    described = {"configs": {}, "decoded": {}, "lengths": {}, "prompt": PROMPT, "gradients": GRADIENTS}
    for name in VARIANTS:
        described["configs"][name] = config(name)
        described["lengths"][name] = VARIANTS[name][2]
        logits(name, tensors, out)
    for name in DECODED:
        described["decoded"][name] = decoded(name, tensors, out)
    for name in GRADIENTS:
        gradients(name, tensors, out)
    for length in sorted({n for v in VARIANTS.values() for n in v[2]} | set(LENGTHS)):
        out[f"ids_{length}"], out[f"rows_{length}"] = ids(length, length).int(), torch.tensor(rows(length)).int()
    out["ids_decoded"] = ids(DECODE, 7).int()
    save_file(out, HERE + "/golden.safetensors")
    with open(HERE + "/variants.json", "w") as f:
        json.dump(described, f, indent=1)
    manifest(["golden.safetensors", "model.safetensors", "variants.json"])
