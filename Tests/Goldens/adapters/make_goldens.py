#!/usr/bin/env python3
"""Save adapters of the tiny models of ../models with peft, as strangers do, and their logits (see README.md).

Needs: torch, transformers, peft, safetensors. usage: make_goldens.py
"""
import json, os, re, shutil, sys
import peft, safetensors, torch, transformers
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
MODELS = os.path.join(HERE, "..", "models")
sys.path.insert(0, MODELS)
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

IDS = [5, 17, 3, 99, 140, 17, 64, 8, 121, 33]
# name: (base, LoraConfig, what the file says instead of it). Only the second and third together are what is read.
GENERAL, SPECIAL = ("q_proj", 64), ("layers.1.self_attn.q_proj", 2)
QV = ["q_proj", "v_proj"]
CASES = {
    "alpha_general_first": ("llama", dict(target_modules=QV), dict(alpha_pattern=dict([GENERAL, SPECIAL]))),
    "alpha_special_first": ("llama", dict(target_modules=QV), dict(alpha_pattern=dict([SPECIAL, GENERAL]))),
    "ranks_special_first": ("llama", dict(
        target_modules=QV, rank_pattern={"layers.0.self_attn.v_proj": 2, "v_proj": 3}), {}),
    "ranks_general_first": ("llama", dict(
        target_modules=QV, rank_pattern={"v_proj": 3, "layers.0.self_attn.v_proj": 2}),
        dict(rank_pattern={"v_proj": 3, "layers.0.self_attn.v_proj": 2})),
    "ranks_by_pattern": ("qwen2", dict(
        target_modules=QV + ["k_proj"], use_rslora=True, alpha_pattern={"(k|v)_proj": 5, "": 1},
        rank_pattern={r"^model\.layers\.0.*q_proj": 2, r".*layers\.[1-9]+\.self_attn\.(k|v)_proj": 3}), {}),
    "pattern": ("qwen2", dict(target_modules=r".*\.(self_attn\.(?:q|v)_proj|mlp\.down_proj)$"), {}),
    "pattern_looks_ahead": ("llama", dict(target_modules=r"^(?!.*layers\.0\.).*\.(q|k|v|o)_proj"), {}),
    "layers": ("llama", dict(target_modules=["q_proj", "up_proj"], layers_to_transform=[1]), {}),
    "layers_of_a_list": ("llama", dict(
        target_modules=["o_proj", "model.layers.0.mlp.up_proj"], layers_to_transform=1, layers_pattern="layers"), {}),
    "excluded": ("qwen2", dict(
        target_modules=["q_proj", "o_proj", "gate_proj"], exclude_modules=["layers.0.self_attn.q_proj", "o_proj"]), {}),
    "excluded_by_pattern": ("qwen2", dict(target_modules="all-linear", exclude_modules=r".*\.mlp\..*|.*k_proj"),
                            dict(target_modules="all-linear")),
    "names_of_other_families": ("llama", dict(target_modules=QV + ["query_key_value"], fan_in_fan_out=True), {}),
    "head": ("qwen2", dict(target_modules=QV, modules_to_save=["lm_head"]), {}),
    "head_and_embedding": ("qwen2", dict(target_modules="all-linear", modules_to_save=["embed_tokens", "lm_head"]), {}),
    "embedding_of_a_tied_head": ("llama", dict(target_modules=QV, modules_to_save=["embed_tokens"]), {}),
    "embedding_with_its_tied_head": ("llama", dict(
        target_modules=QV, modules_to_save=["embed_tokens"], ensure_weight_tying=True), {}),
    "tokens": ("qwen2", dict(target_modules=QV, trainable_token_indices=[17, 3, 150]), {}),
    "tokens_of_a_tied_head": ("llama", dict(target_modules=QV, trainable_token_indices=[17, 3, 150]), {}),
    "tokens_of_both": ("llama", dict(
        target_modules=QV, trainable_token_indices={"embed_tokens": [17, 3], "lm_head": [17, 3]}), {}),
    "tokens_of_each": ("qwen2", dict(
        target_modules=QV, trainable_token_indices={"embed_tokens": [17, 3], "lm_head": [64]}), {}),
}
PATTERNS = [
    "q_proj", ".*q_proj", r".*\.q_proj", "model.layers.0.*", r".*\.(q|k|v)_proj", r"(?:.*\.)?(q_proj|down_proj)$",
    r"^(?!.*layers\.0\.).*\.[qkvo]_proj$", r"^(?=model)(?!.*mlp).*proj", r".*layers\.(1[0-9]|2[0-7])\..*_proj",
    r".*layers\.\d{2,}\..*", r".*layers\.\d{,1}\.self_attn.*", r"model\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:\w+)",
    r"(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|up_proj).*?)|(?:\bmodel\.layers\.\d+\.mlp\.up_proj)",
    r"^(language_model|aligner)(?=\.).*\.(q_proj|fc1)$", r".*(?<=self_attn\.)q_proj", r".*(?<!mlp\.)\w{2,4}_proj",
    r"(?P<part>model|audio_tower)\..*", r"[^.]+\.layers\.[02468]\..*", r"lm_head|.*embed_tokens", r"(?i).*Q_PROJ",
    r".*\Blayers.*", r".*\blayers\b.*", r"\Amodel.*proj\Z", r"model\W.*", r"(a|b|)*model.*", r".{24}",
    r".+?", r"", r"(|.*)", r"model[.]layers[.][0-1][.].*", r".*[]_]proj", r".*[a-]proj", r".*q{1}_proj", r".*{q_proj",
    r"(model\.)?(layers\.)*.*\S+", r".*\S\s?proj", r".*[^\W\d]_proj", r"(?:model\.layers\.(?:0|1)\.){1}.*(?:o|v)_proj",
]
REFUSED = [r"(q)\1", "(?>a)", "a++", "a**", "(a", "a)", "[a", "*a", r"\q", "(?P=a)", "(?(1)a)", "^*", "a{2,1}", "[b-a]",
           "(?x)a", "a\\"]
PATHS = [f"model.layers.{i}.{m}" for i in (0, 1, 9, 10, 27) for m in (
    "self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm")] + [
    "lm_head", "model.embed_tokens", "q_proj", "model", "layers.0.q_proj", "audio_tower.layers.1.fc1",
    "language_model.model.layers.3.self_attn.q_proj", "model.language_model.layers.3.mlp.up_proj",
    "aligner.q_proj", "a.b]proj", "model.layers.0.self_attn.kq_proj"]


def adapter(name, base, settings, file):
    """Saves the adapter, lets `file` overwrite keys, and returns the logits of what then lies in the folder."""
    folder = os.path.join(HERE, name)
    model = models.load(os.path.join(MODELS, base))
    config = peft.LoraConfig(**{"r": 4, "lora_alpha": 8, "task_type": "CAUSAL_LM", **settings})
    model = peft.get_peft_model(model, config)
    torch.manual_seed(sum(map(ord, name)))
    with torch.no_grad():
        for key, p in sorted(model.named_parameters()):
            if "lora_" in key:
                p.normal_(0, 0.5 / p.shape[1] ** 0.5)
            elif "modules_to_save" in key or "trainable_tokens_delta" in key:
                p.add_(torch.randn(p.shape) * 0.2)
    model.save_pretrained(folder)
    os.remove(folder + "/README.md")
    path = folder + "/adapter_config.json"
    config = json.load(open(path))
    for key in ("target_modules", "exclude_modules"):  # sets: their order differs from run to run
        if isinstance(config[key], list):
            config[key].sort()
    config = {**config, **file, "base_model_name_or_path": None}
    with open(path, "w") as f:  # in the order of the dictionaries
        json.dump(config, f, indent=2)
    model = peft.PeftModel.from_pretrained(models.load(os.path.join(MODELS, base)), folder)
    with torch.no_grad():
        return model(input_ids=torch.tensor([IDS])).logits[0].clone()


def main():
    for name in os.listdir(HERE):
        if os.path.isdir(os.path.join(HERE, name)):
            shutil.rmtree(os.path.join(HERE, name))
    logits = {name: adapter(name, *case) for name, case in CASES.items()}
    logits["ids"] = torch.tensor(IDS, dtype=torch.int32)
    save_file(logits, HERE + "/logits.safetensors")
    matches = {p: [i for i, path in enumerate(PATHS) if re.fullmatch(p, path)] for p in PATTERNS}
    with open(HERE + "/golden.json", "w") as f:
        json.dump({"bases": {n: c[0] for n, c in CASES.items()}, "paths": PATHS,
                   "patterns": [{"text": p, "matches": m} for p, m in matches.items()], "refused": REFUSED}, f)
    manifest.write(HERE, (torch, transformers, peft, safetensors), seed="the sum of an adapter's name's characters")


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    main()
