#!/usr/bin/env python3
"""Train adapters of several methods on the tiny models of ../models with peft for twenty steps (see README.md).

Needs: torch, transformers, peft, bitsandbytes, safetensors. usage: make_goldens.py [case …]
"""
import copy, importlib.util, json, os, re, shutil, sys
import bitsandbytes, peft, safetensors, torch, transformers
import bitsandbytes.functional as bnb
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
MODELS = os.path.join(HERE, "..", "models")
sys.path.insert(0, MODELS)
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

IDS = [5, 17, 3, 99, 140, 17, 64, 8, 121, 33]
STEPS, ROWS, ACCUMULATION, BATCH = 20, 12, 2, 2
ADAMW = dict(lr=2e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
SEVEN, QKV = models.SEVEN, ["q_proj", "k_proj", "v_proj"]
LORA = dict(r=4, lora_alpha=8, target_modules=SEVEN)
IA3 = dict(target_modules=SEVEN, feedforward_modules=["gate_proj", "up_proj", "down_proj"])
ADALORA = dict(target_modules=SEVEN, init_r=4, target_r=2, tinit=3, tfinal=5, deltaT=2, beta1=0.85, beta2=0.85,
               orth_reg_weight=0.42, total_step=STEPS)


def lora(**more): return peft.LoraConfig(**{**LORA, **more}, task_type="CAUSAL_LM")


def ada(**more): return peft.AdaLoraConfig(**{**ADALORA, **more}, task_type="CAUSAL_LM")


def ia3(**more): return peft.IA3Config(**{**IA3, **more}, task_type="CAUSAL_LM")


# Of bases that are stored in fewer bits, three projections say enough.
THREE = ["q_proj", "v_proj", "down_proj"]
LINEAR = {
    "lora": lora(target_modules=THREE),
    "dora": lora(target_modules=THREE, use_dora=True, use_rslora=True),
    "adalora": ada(target_modules=THREE),
    "ia3": ia3(target_modules=THREE, feedforward_modules=["down_proj"]),
}
STORED = {"nf4": "qwen3", "int8": "qwen2", "bf16": "llama"}
OPTIONS = dict(target_modules=THREE, lora_bias=True, bias="lora_only", trainable_token_indices=[17, 3, 64])
# Qwen2-Audio: the language model alone, or what names mean to peft, which is the audio encoder, too.
TEXT_ONLY = r"(.*\.)?language_model\.(.*\.)?(q_proj|v_proj|down_proj)"
BOTH = ["q_proj", "v_proj", "fc1"]

# name: (base, configuration, whether the start is the method's own and not drawn)
CASES = {
    **{f"dora_{b}": (b, lora(use_dora=True), False) for b in models.SHAPES},
    **{f"ia3_{b}": (b, peft.IA3Config(**IA3, task_type="CAUSAL_LM"), False) for b in models.SHAPES},
    **{f"adalora_{b}": (b, peft.AdaLoraConfig(**ADALORA, task_type="CAUSAL_LM"), False) for b in models.SHAPES},
    **{f"pissa_{b}": (b, lora(init_lora_weights="pissa"), True) for b in models.SHAPES},
    "olora_qwen2": ("qwen2", lora(init_lora_weights="olora", target_modules=QKV), True),
    "orthogonal_qwen3": ("qwen3", lora(init_lora_weights="orthogonal"), False),
    "rslora_patterns_qwen2": ("qwen2", lora(
        use_rslora=True, rank_pattern={"layers.0.self_attn.q_proj": 3, "(k|v)_proj": 2}, alpha_pattern={"o_proj": 5}),
        False),
    "bias_all_qwen2": ("qwen2", lora(bias="all", target_modules=["q_proj", "o_proj"]), False),
    "bias_lora_only_qwen2": ("qwen2", lora(bias="lora_only", target_modules=["q_proj", "o_proj"]), False),
    "lora_bias_qwen2": ("qwen2", lora(lora_bias=True), False),
    "dora_rslora_bias_qwen2": ("qwen2", lora(use_dora=True, use_rslora=True, bias="lora_only"), False),
    "whole_norms_qwen3": ("qwen3", lora(modules_to_save=["norm"]), False),
    "whole_head_qwen2": ("qwen2", lora(modules_to_save=["lm_head"]), False),
    "whole_embedding_llama": ("llama", lora(modules_to_save=["embed_tokens"]), False),
    "whole_mlp_qwen2": ("qwen2", lora(target_modules="all-linear", modules_to_save=["mlp"]), False),
    "embedding_qwen2": ("qwen2", lora(target_modules=QKV + ["embed_tokens"]), False),
    "embedding_llama": ("llama", lora(target_modules=QKV + ["embed_tokens"]), False),
    "head_qwen2": ("qwen2", lora(target_modules=QKV + ["lm_head"]), False),
    "tokens_qwen2": ("qwen2", lora(target_modules=QKV, trainable_token_indices=[17, 3, 64]), False),
    "tokens_llama": ("llama", lora(target_modules=QKV, trainable_token_indices=[17, 3, 64]), False),
    **{f"{m}_{kind}_{b}": (b, c, False) for kind, b in STORED.items() for m, c in LINEAR.items()},
    "options_nf4_qwen2": ("qwen2", lora(**OPTIONS), False),
    "options_int8_qwen2": ("qwen2", lora(**OPTIONS), False),
    "dora_qwen2_audio": ("qwen2_audio", lora(target_modules=TEXT_ONLY, use_dora=True), False),
    "options_qwen2_audio": ("qwen2_audio", lora(target_modules=["q_proj", "v_proj"], use_rslora=True, bias="lora_only",
                                                rank_pattern={"q_proj": 2}), False),
    "adalora_qwen2_audio": ("qwen2_audio", ada(target_modules=["q_proj", "v_proj"]), False),
    "ia3_qwen2_audio": ("qwen2_audio", ia3(target_modules=BOTH, feedforward_modules=["fc1"]), False),
}


def kind_of(name):
    """How a case's base is stored; None: as its files have it."""
    return next((k for k in STORED if f"_{k}_" in name), None)


def values(weight, kind):
    """What the stored numbers stand for, in f32. bitsandbytes' own products on a CPU are in bf16, and change the
    codes' layout at the first pass."""
    if kind == "bf16":
        return weight.bfloat16().float()
    if kind == "int8":
        stored = bitsandbytes.nn.Int8Params(weight.clone(), requires_grad=False)._quantize("cpu")
        return bnb.int8_vectorwise_dequant(stored.CB, stored.SCB)
    codes, state = bnb.quantize_4bit(weight, quant_type="nf4", compress_statistics=True)
    scales = bnb.dequantize_blockwise(state.absmax, state.state2) + state.offset
    return _dequantize_4bit_compute(codes.flatten(), scales, state.code, 64, state.shape, torch.float32)


def audio_module():
    spec = importlib.util.spec_from_file_location("make_audio", os.path.join(HERE, "../qwen2_audio/make_goldens.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_base(base, kind):
    if base == "qwen2_audio":
        return audio_module().load(os.path.join(HERE, "../qwen2_audio/model"))
    model = models.load(os.path.join(MODELS, base))
    with torch.no_grad():
        for key, p in model.named_parameters():
            if kind == "bf16" or kind and re.search(r"layers\..*_proj\.weight", key):
                p.copy_(values(p.detach(), kind))
    return model


def rows():
    data = load_file(os.path.join(HERE, "..", "training", "rows.safetensors"))
    return [(data[f"ids_{i}"].long(), data[f"mask_{i}"].bool()) for i in range(ROWS)]


def saved_name(name):
    name = name.replace(".default", "").replace("modules_to_save.", "")
    return name.replace("lora_magnitude_vector.weight", "lora_magnitude_vector")


def trained(model):
    return {saved_name(k): p for k, p in model.named_parameters() if p.requires_grad}


def draw(model, name):
    torch.manual_seed(sum(map(ord, name)))
    with torch.no_grad():
        for key, p in sorted(trained(model).items()):
            if "magnitude" in key:
                p.mul_(1 + 0.1 * torch.randn(p.shape))
            elif "lora_E" in key or "bias" in key:
                p.normal_(0, 0.3)
            elif "lora_" in key:
                p.normal_(0, 0.3 / p.shape[1] ** 0.5)
            elif "ia3" in key:
                p.add_(0.3 * torch.randn(p.shape))
            else:
                p.add_(0.1 * torch.randn(p.shape))


def decays(name):
    """As transformers' Trainer decides it."""
    return not any(re.search(p, name) for p in (r"bias", r"layernorm", r"rmsnorm", r"(?:^|\.)norm(?:$|\.)",
                                                r"_norm(?:$|\.)"))


def penalty(model, config):
    """peft's regularization of AdaLoRA, once."""
    terms = []
    for key, p in trained(model).items():
        if "lora_A" in key or "lora_B" in key:
            cov = p @ p.T if "lora_A" in key else p.T @ p
            terms.append(torch.norm(cov - torch.eye(*cov.size()), p="fro"))
    return config.orth_reg_weight * sum(terms) / len(terms)


def save(model, folder):
    model.save_pretrained(folder)
    os.remove(folder + "/README.md")
    path = folder + "/adapter_config.json"
    config = json.load(open(path))
    for key in ("target_modules", "exclude_modules", "feedforward_modules", "modules_to_save"):  # sets
        if isinstance(config.get(key), list):
            config[key].sort()
    config["base_model_name_or_path"] = None
    with open(path, "w") as f:
        json.dump(config, f, indent=2)


def logits(model, base, data):
    with torch.no_grad():
        if base == "qwen2_audio":
            audio = audio_module()
            return torch.cat([audio.logits_of(model, ids, clips)[audio.kept_rows(ids)] for ids, _, clips in data])
        return model(input_ids=torch.tensor([IDS])).logits[0].clone()


def loss(model, base, row):
    """The summed cross-entropy of a row's trained tokens."""
    if base == "qwen2_audio":
        audio, (ids, mask, clips) = audio_module(), row
        return audio.loss_of(audio.logits_of(model, ids, clips), ids, mask)
    return models.run(model, *row)[1]


def train(name, base, config, is_own, data):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    torch.manual_seed(1)
    if base == "qwen2_audio":
        data = audio_module().conversations()[:2]
    config = copy.deepcopy(config)  # peft writes into it
    model = peft.get_peft_model(load_base(base, kind_of(name)), config)
    if not is_own:
        draw(model, name)
    tensors = {"logits": logits(model, base, data)}
    save(model, folder + "/start")
    parameters = trained(model)
    stored = load_file(folder + "/start/adapter_model.safetensors")
    assert set(parameters) <= set(stored), (name, sorted(set(parameters) ^ set(stored)))
    groups = [{"params": [p for k, p in parameters.items() if decays(k)]},
              {"params": [p for k, p in parameters.items() if not decays(k)], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, **ADAMW)
    is_ada = isinstance(config, peft.AdaLoraConfig)
    steps, cursor = [], 0
    for step in range(1, STEPS + 1):
        taken = [(cursor + i) % len(data) for i in range(min(len(data), ACCUMULATION * BATCH))]
        cursor = (cursor + len(taken)) % len(data)
        count = sum(int(data[i][1].sum()) for i in taken)
        total = 0.0
        for micro in (taken[:BATCH], taken[BATCH:]):
            if micro:
                part = sum(loss(model, base, data[i]) for i in micro) / count
                part.backward()
                total += part.item()
        entry = {"loss": total}
        if is_ada:
            extra = penalty(model, config)
            extra.backward()
            entry["penalty"] = extra.item()
        if step == 1:
            tensors.update({"gradient." + k: p.grad.clone() for k, p in parameters.items()})
        entry["grad_norm"] = torch.nn.utils.clip_grad_norm_(list(parameters.values()), 1.0).item()
        optimizer.step()
        if is_ada:
            allocator = model.base_model.rankallocator
            entry["budget"] = allocator.budget_schedule(step)[0]
            model.base_model.update_and_allocate(step)
            entry["nonzero"] = sum(int((p != 0).sum()) for k, p in parameters.items() if "lora_E" in k)
        optimizer.zero_grad()
        steps.append(entry)
    tensors["final"] = logits(model, base, data)
    if is_own:
        model.peft_config["default"].init_lora_weights = True
        save(model, folder + "/raw")
        raw, start = (load_file(folder + f"/{f}/adapter_model.safetensors") for f in ("raw", "start"))
        tensors.update({"converted." + k: torch.cat([raw[k], start[k] if "lora_A" in k else -start[k]],
                                                    dim=0 if "lora_A" in k else 1) for k in raw})
        shutil.rmtree(folder + "/raw")
    elif is_ada:
        save(model, folder + "/end")
    save_file({k: t.contiguous() for k, t in tensors.items()}, folder + "/golden.safetensors")
    with open(folder + "/run.json", "w") as f:
        json.dump({"base": base, "stored": kind_of(name), "steps": steps,
                   "settings": {**ADAMW, "max_grad_norm": 1.0}}, f, indent=1)
    print(name, round(steps[0]["loss"], 4), round(steps[-1]["loss"], 4), {k: v for k, v in steps[-1].items() if k in ("budget", "nonzero")})


def main():
    names = sys.argv[1:] or list(CASES)
    data = rows()
    for name in names:
        train(name, *CASES[name], data)
    with open(HERE + "/golden.json", "w") as f:
        json.dump({"ids": IDS, "cases": list(CASES)}, f)
    manifest.write(HERE, (torch, transformers, peft, bitsandbytes, safetensors), seed="the sum of a case's name's characters")


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    main()
