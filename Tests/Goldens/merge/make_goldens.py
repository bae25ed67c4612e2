#!/usr/bin/env python3
"""Merge the adapters of ../adapters into the models of ../models with peft and note the first 16 digits of each tensor's SHA-256.

Needs: torch, transformers, peft, safetensors. usage: make_goldens.py
"""
import hashlib, json, os, sys
import peft, safetensors, torch, transformers

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "models"))
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

ADAPTERS, MODELS = os.path.join(HERE, "..", "adapters"), os.path.join(HERE, "..", "models")
# Adapters on the embedding and the head of tied models are those that peft merges rightly: whole weights.
CASES = ["alpha_general_first", "alpha_special_first", "ranks_special_first", "ranks_by_pattern", "pattern", "layers",
         "excluded", "head", "head_and_embedding", "embedding_of_a_tied_head", "embedding_with_its_tied_head",
         "tokens", "tokens_of_a_tied_head", "tokens_of_both", "tokens_of_each"]
# Adapters of ../peft_methods. Of DoRA, AdaLoRA and LoRA on embeddings peft rounds parts otherwise.
METHODS = ["ia3_llama", "ia3_qwen2", "ia3_qwen3", "rslora_patterns_qwen2", "bias_all_qwen2", "bias_lora_only_qwen2",
           "whole_norms_qwen3", "whole_mlp_qwen2", "tokens_qwen2"]
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def merged(adapter, base, dtype):
    """What merging writes: {tensor: the first half of its SHA-256}."""
    model = models.load(os.path.join(MODELS, base)).to(dtype)
    tied = model.config.tie_word_embeddings
    model = peft.PeftModel.from_pretrained(model, adapter)
    model = model.merge_and_unload()
    out = {}
    state = model.state_dict()
    same = torch.equal(state["lm_head.weight"], state["model.embed_tokens.weight"])
    for key, tensor in state.items():
        if key == "lm_head.weight" and tied and same:
            continue
        data = tensor.contiguous().view(torch.uint8 if tensor.element_size() == 1 else torch.int16
                                        if tensor.element_size() == 2 else torch.int32).numpy().tobytes()
        out[key] = hashlib.sha256(data).hexdigest()[:16]
    return out


def main():
    bases = json.load(open(ADAPTERS + "/golden.json"))["bases"]
    cases = [(n, "../adapters/" + n, bases[n]) for n in CASES]
    cases += [(n, f"../peft_methods/{n}/start", n.rsplit("_", 1)[1]) for n in METHODS]
    golden = {n: {"base": b, "adapter": a, **{t: merged(os.path.join(HERE, a), b, d) for t, d in TYPES.items()}}
              for n, a, b in cases}
    with open(HERE + "/golden.json", "w") as f:
        json.dump(golden, f, indent=1)
    manifest.write(HERE, (torch, transformers, peft, safetensors))


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    main()
