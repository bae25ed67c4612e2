#!/usr/bin/env python3
"""Make a tiny random Qwen2-Audio encoder with projector and its numbers with transformers (see README.md).

Needs: torch, transformers, safetensors. usage: make_goldens.py
"""
import hashlib, json, os
import safetensors, torch, transformers
import numpy as np
from safetensors.torch import save_file
from transformers import Qwen2AudioConfig, Qwen2AudioEncoderConfig, Qwen2AudioForConditionalGeneration
from transformers.masking_utils import create_bidirectional_mask

HERE = os.path.dirname(os.path.abspath(__file__))
SEED, BINS, TEXT_WIDTH = 21, 16, 24
SHAPE = dict(num_mel_bins=BINS, d_model=32, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=64,
             max_source_positions=1500)
# Clips of these many frames; of long ones, every STEP-th token is stored and every STEP-th column of gradients.
CLIPS = [3, 4, 5, 6, 37, 100, 101, 102, 2997, 2998, 2999, 3000]
GRADIENT_CLIPS = [3, 6, 37, 102, 2999, 3000]
STEP = 50


def numbers(count, salt):
    """f32 numbers in -1...1 that follow from (salt, index) alone; the test computes the same. SplitMix64's mixing."""
    with np.errstate(over="ignore"):
        z = (np.uint64(salt) << np.uint64(32)) + np.arange(count, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) / np.float32(2**23) - np.float32(1)


def make_model():
    torch.manual_seed(SEED)
    text = dict(model_type="qwen2", vocab_size=40, hidden_size=TEXT_WIDTH, intermediate_size=32, num_hidden_layers=1,
                num_attention_heads=2, num_key_value_heads=2)
    config = Qwen2AudioConfig(audio_config=Qwen2AudioEncoderConfig(**SHAPE), text_config=text, audio_token_index=7)
    config._attn_implementation = "eager"
    model = Qwen2AudioForConditionalGeneration._from_config(config, dtype=torch.float32, attn_implementation="eager")
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if "norm" in name and name.endswith("weight"):
                p.uniform_(0.5, 1.5)
            elif name.endswith("bias"):
                p.normal_(0, 0.5)
            elif "embed_positions" in name:
                p.normal_(0, 0.5)
                p.copy_(p.to(torch.bfloat16))  # stored in two bytes a number
            else:
                p.normal_(0, 1.5 / p[0].numel() ** 0.5)
    return model.train()  # no dropout anywhere


def padded(features, salt):
    """[bins, L + 2] in the 3000 frames that transformers wants, with anything at all behind."""
    whole = torch.from_numpy(numbers(BINS * 3000, salt).reshape(BINS, 3000) * np.float32(9))
    kept = min(features.shape[1], 3000)
    return torch.cat([features[:, :kept], whole[:, kept:]], dim=1)


def run(model, clips, salt):
    """The clips' tokens after the projector, one clip after the other, as Qwen2AudioModel.forward gets them."""
    tower, projector = model.model.audio_tower, model.model.multi_modal_projector
    lengths = torch.tensor([c.shape[1] - 2 for c in clips])
    positions, tokens = tower._get_feat_extract_output_lengths(lengths)
    inputs = torch.stack([padded(c, salt + i) for i, c in enumerate(clips)])
    visible = (torch.arange(1500)[None] < positions[:, None]).long()
    mask = create_bidirectional_mask(config=tower.config, inputs_embeds=torch.zeros(len(clips), 1500, 1),
                                     attention_mask=visible)
    hidden = projector(tower(inputs, attention_mask=mask).last_hidden_state)
    return [hidden[i, :tokens[i]] for i in range(len(clips))]


def features(frames):
    return torch.from_numpy(numbers(BINS * (frames + 2), 100 + frames).reshape(BINS, frames + 2))


def write_goldens(model):
    tensors, info = {}, {"clips": CLIPS, "gradient_clips": GRADIENT_CLIPS, "step": STEP, "tokens": []}
    with torch.no_grad():
        clips = [features(frames) for frames in CLIPS]
        outputs, others = run(model, clips, 5000), run(model, clips, 7000)
    for frames, one, other in zip(CLIPS, outputs, others):
        # The proof that frames from L + 2 on do not matter: other ones leave the same tokens.
        assert (one - other).abs().max() < 2e-5 * one.abs().max(), (frames, (one - other).abs().max())
        info["tokens"].append(len(one))
        tensors[f"tokens_{frames}"] = one[:: STEP if frames > 200 else 1].contiguous()
    clips = [features(frames).requires_grad_() for frames in GRADIENT_CLIPS]
    outputs = run(model, clips, 5000)
    loss = sum((y * torch.from_numpy(numbers(y.numel(), 200 + frames)).reshape(y.shape)).sum()
               for frames, y in zip(GRADIENT_CLIPS, outputs))
    loss.backward()
    info["loss"] = loss.item()
    for frames, clip in zip(GRADIENT_CLIPS, clips):
        assert clip.grad[:, 3000:].abs().sum() == 0
        tensors[f"input_grad_{frames}"] = clip.grad[:, :: STEP if frames > 200 else 1].contiguous()
    frozen = []
    for name, p in stored(model):
        if p.requires_grad:
            tensors["grad." + name] = p.grad
        else:
            frozen.append(name)
    info["frozen"] = frozen
    save_file(tensors, HERE + "/golden.safetensors")
    with open(HERE + "/golden.json", "w") as f:
        json.dump(info, f, indent=1)


def stored(model):
    for name, p in sorted(model.model.audio_tower.named_parameters()):
        yield "audio_tower." + name, p
    for name, p in sorted(model.model.multi_modal_projector.named_parameters()):
        yield "multi_modal_projector." + name, p


def write_manifest():
    files = {}
    for name in ("model.safetensors", "golden.safetensors", "golden.json"):
        data = open(HERE + "/" + name, "rb").read()
        files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    versions = {m.__name__: m.__version__ for m in (torch, transformers, safetensors, np)}
    with open(HERE + "/manifest.json", "w") as f:
        json.dump({"seed": SEED, "shape": {**SHAPE, "text_width": TEXT_WIDTH}, "versions": versions, "files": files},
                  f, indent=1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    model = make_model()
    save_file({name: p.detach().to(torch.bfloat16 if "embed_positions" in name else p.dtype).contiguous()
               for name, p in stored(model)}, HERE + "/model.safetensors")
    write_goldens(model)
    write_manifest()
