#!/usr/bin/env python3
"""Make a tiny random Qwen2-Audio and its numbers with transformers, peft and bitsandbytes (see README.md).

Needs: torch, transformers, peft, bitsandbytes, safetensors. usage: make_goldens.py
"""
import hashlib, json, os, shutil
import bitsandbytes, peft, safetensors, torch, transformers
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import BitsAndBytesConfig, Qwen2AudioConfig, Qwen2AudioForConditionalGeneration

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, VOCABULARY, AUDIO, BINS, WINDOW = 31, 120, 118, 16, 3000
# The pattern that the host writes for these targets; it keeps PEFT off the audio encoder.
TEXT_ONLY = r"(.*\.)?language_model\.(.*\.)?(down_proj|gate_proj|k_proj|o_proj|q_proj|up_proj|v_proj)"
# Conversations: numbers of text tokens, between which clips of so many frames stand.
CONVERSATIONS = [([3, 6], [100]), ([2, 4, 7], [37, 64]), ([4, 8], [3000])]


def tokens(frames):
    return (((frames - 1) // 2 + 1) - 2) // 2 + 1


def features(clip):
    """[bins, 3000] in ±1, exact in f32: the upper 24 bits of a product of odd numbers modulo 2^32."""
    bins, frames = torch.arange(BINS)[:, None], torch.arange(WINDOW)[None]
    mixed = (clip * 7919 + bins * 104729 + frames * 1299709 + 12345) % 2**32
    mixed = (mixed * 2654435761) % 2**32
    return ((mixed >> 8).double() / 2**23 - 1).float()


def randomize(model):
    """Gives every tensor values that matter: norms around 1, biases not zero, weights that move the logits."""
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if name.endswith("bias"):
                p.normal_(0, 0.5)
            elif "norm" in name:
                p.uniform_(0.5, 1.5)
            elif "embed" in name or "lm_head" in name:
                p.normal_(0, 0.5)
            else:
                p.normal_(0, 1.5 / (p.numel() / p.shape[0]) ** 0.5)


def write_model(folder):
    torch.manual_seed(SEED)
    config = Qwen2AudioConfig(
        audio_config=dict(model_type="qwen2_audio_encoder", num_mel_bins=BINS, d_model=32, encoder_layers=2,
                          encoder_attention_heads=4, encoder_ffn_dim=48),
        text_config=dict(model_type="qwen2", vocab_size=VOCABULARY, hidden_size=32, intermediate_size=56,
                         num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5,
                         max_position_embeddings=2048, bos_token_id=1, eos_token_id=2, pad_token_id=0),
        audio_token_index=AUDIO)
    model = Qwen2AudioForConditionalGeneration(config).float()
    randomize(model)
    model.save_pretrained(folder)
    if os.path.exists(folder + "/generation_config.json"):
        os.remove(folder + "/generation_config.json")


def load(folder, **more):
    model = Qwen2AudioForConditionalGeneration.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", **more)
    # The class freezes the positions, but from_pretrained of transformers 5.23 forgets it.
    model.model.audio_tower.embed_positions.requires_grad_(False)
    return model.train()  # no dropout anywhere, so that this changes nothing but says what is meant


def write_adapter(source, folder, targets):
    config = peft.LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, bias="none", target_modules=targets,
                             task_type="CAUSAL_LM")
    model = peft.get_peft_model(load(source), config)
    torch.manual_seed(SEED + 1)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "lora_" in name:
                p.normal_(0, 0.3 / p.shape[1] ** 0.5)
    model.save_pretrained(folder)
    os.remove(folder + "/README.md")
    path = folder + "/adapter_config.json"
    config = json.load(open(path))
    config["base_model_name_or_path"] = None
    config["target_modules"] = targets
    with open(path, "w") as f:
        json.dump(config, f, indent=2, sort_keys=True)


def conversations():
    """For each: ids, the mask of trained tokens, its clips' numbers and frames."""
    torch.manual_seed(SEED + 2)
    out, clip = [], 0
    for texts, frames in CONVERSATIONS:
        ids, mask, clips = [], [], []
        for i, count in enumerate(texts):
            ids += torch.randint(3, 110, (count,)).tolist()
            mask += [i == len(texts) - 1 and (k % 2 == 1 or k == count - 1) for k in range(count)]
            if i < len(frames):
                ids += [AUDIO] * tokens(frames[i])
                mask += [False] * tokens(frames[i])
                clips.append((clip, frames[i]))
                clip += 1
        out.append((torch.tensor(ids), torch.tensor(mask), clips))
    return out


def logits_of(model, ids, clips):
    mask = torch.zeros(len(clips), WINDOW, dtype=torch.long)
    for row, (_, frames) in enumerate(clips):
        mask[row, :frames] = 1
    return model(input_ids=ids[None], attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                 input_features=torch.stack([features(clip) for clip, _ in clips]),
                 feature_attention_mask=mask).logits[0]


def loss_of(logits, ids, mask):
    target = mask.nonzero()[:, 0]
    return F.cross_entropy(logits[target - 1], ids[target], reduction="sum")


def kept_rows(ids):
    """Text, and each clip's last token."""
    text = ids != AUDIO
    return (text | torch.cat([text[1:], torch.tensor([True])])).nonzero()[:, 0]


def stored_name(name):
    """A parameter's name in the files, from that in memory."""
    for new, old in (("model.language_model.", "language_model.model."), ("lm_head", "language_model.lm_head"),
                     ("model.audio_tower.", "audio_tower."), ("model.multi", "multi")):
        if name.startswith(new):
            return old + name[len(new):]
    raise KeyError(name)


def gradients(model, rows, tensors, scalars, kind, name_of):
    """The mean loss of the rows' trained tokens and its gradients."""
    trained = sum(int(mask.sum()) for _, mask, _ in rows)
    loss = sum(loss_of(logits_of(model, ids, clips), ids, mask) for ids, mask, clips in rows) / trained
    loss.backward()
    scalars["loss_" + kind] = loss.item()
    for key, p in model.named_parameters():
        name = name_of(key)
        if p.requires_grad and name is not None:
            assert p.grad.abs().max() > 0, key
            tensors[f"{kind}.{name}"] = p.grad.clone()


def write_numbers(model_folder, adapter):
    rows, tensors, scalars = conversations(), {}, {}
    for i, (ids, mask, clips) in enumerate(rows):
        tensors[f"ids_{i}"], tensors[f"mask_{i}"] = ids.int(), mask.byte()
        tensors[f"clips_{i}"] = torch.tensor(clips, dtype=torch.int32)
        tensors[f"rows_{i}"] = kept_rows(ids).int()
    for kind, model in (("base", load(model_folder)),
                        ("lora", peft.PeftModel.from_pretrained(load(model_folder), adapter, is_trainable=True)),
                        ("everywhere", peft.PeftModel.from_pretrained(load(model_folder), HERE + "/everywhere"))):
        with torch.no_grad():
            for i, (ids, mask, clips) in enumerate(rows[:2] if kind != "base" else rows):
                tensors[f"{kind}_logits_{i}"] = logits_of(model, ids, clips)[tensors[f"rows_{i}"]].clone()
    for i, (_, frames) in enumerate(clip for row in rows for clip in row[2]):
        with torch.no_grad():
            model = load(model_folder)
            ids = torch.tensor([3] + [AUDIO] * tokens(frames))
            seen = {}
            model.model.multi_modal_projector.register_forward_hook(lambda m, x, y: seen.update(y=y))
            logits_of(model, ids, [(i, frames)])
            kept = seen["y"][0, : tokens(frames)]
            tensors[f"audio_{i}"] = torch.cat([kept[:4], kept[-4:]]).clone()
    gradients(load(model_folder), rows[:2], tensors, scalars, "full", stored_name)
    gradients(load(model_folder), rows[2:], tensors, scalars, "long",
              lambda key: stored_name(key) if "language_model" not in key and "lm_head" not in key else None)
    gradients(peft.PeftModel.from_pretrained(load(model_folder), adapter, is_trainable=True), rows[:2], tensors,
              scalars, "lora", lambda key: key.replace(".default", ""))
    stored = set(load_file(model_folder + "/model.safetensors")) - {"audio_tower.embed_positions.weight"}
    assert stored == {k[5:] for k in tensors if k.startswith("full.")}
    assert set(load_file(adapter + "/adapter_model.safetensors")) == {k[5:] for k in tensors if k.startswith("lora.")}
    save_file(tensors, HERE + "/golden.safetensors")
    with open(HERE + "/golden.json", "w") as f:
        json.dump(scalars, f, indent=1)
    print(scalars, "max logit", tensors["base_logits_0"].abs().max().item())


def write_quantized(source, folder):
    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)
    model = load(source, quantization_config=config, device_map="cpu")
    model.save_pretrained(folder)
    if os.path.exists(folder + "/generation_config.json"):
        os.remove(folder + "/generation_config.json")


def manifest():
    """What was made, with what: every file with its hash, every tensor with its dtype and shape."""
    files = {}
    for root, _, names in sorted(os.walk(HERE)):
        for file in sorted(names):
            path = os.path.join(root, file)
            if file in ("manifest.json", "README.md") or "__pycache__" in root:
                continue
            entry = {"bytes": os.path.getsize(path), "sha256": hashlib.sha256(open(path, "rb").read()).hexdigest()}
            if file.endswith(".safetensors"):
                with safe_open(path, "pt") as f:
                    entry["tensors"] = {k: [f.get_slice(k).get_dtype(), f.get_slice(k).get_shape()] for k in f.keys()}
            files[os.path.relpath(path, HERE)] = entry
    versions = {m.__name__: m.__version__ for m in (torch, transformers, peft, bitsandbytes, safetensors)}
    with open(os.path.join(HERE, "manifest.json"), "w") as f:
        json.dump({"versions": versions, "seed": SEED, "files": files}, f, separators=(",", ":"))


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    for name in ("model", "adapter", "everywhere", "nf4"):
        shutil.rmtree(os.path.join(HERE, name), ignore_errors=True)
    write_model(HERE + "/model")
    write_adapter(HERE + "/model", HERE + "/adapter", TEXT_ONLY)
    write_adapter(HERE + "/model", HERE + "/everywhere", ["q_proj", "v_proj"])
    write_numbers(HERE + "/model", HERE + "/adapter")
    write_quantized(HERE + "/model", HERE + "/nf4")
    manifest()
