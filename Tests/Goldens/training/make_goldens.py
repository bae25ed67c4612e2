#!/usr/bin/env python3
"""Train the tiny models of ../models for twenty steps with torch and peft (see README.md for the files).

Needs: torch, transformers, peft, safetensors. usage: make_goldens.py
"""
import json, os, shutil, sys
import torch, transformers
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
MODELS = os.path.join(HERE, "..", "models")
sys.path.insert(0, MODELS)
import make_goldens as models  # noqa: E402  (the module beside the models, not this one)

STEPS, WARMUP, ROWS, ACCUMULATION, BATCH = 20, 4, 12, 2, 2
ADAMW = dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
MAX_NORM = {False: 1.0, True: 10.0}  # by `full`: always clipped, clipped in some steps only


def rows():
    torch.manual_seed(123)
    out = []
    for _ in range(ROWS):
        n = int(torch.randint(6, 20, (1,)))
        ids, mask = torch.randint(3, 160, (n,)), torch.rand(n) < 0.5
        mask[0], mask[n - 1] = False, True
        out.append((ids, mask))
    return out


def groups(model, full):
    """Every trained tensor decays, but in full fine-tuning only matrices do."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if not full:
        return [{"params": trained}]
    return [{"params": [p for p in trained if p.dim() > 1]},
            {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0}]


def train(name, data, full=False):
    folder = os.path.join(HERE, name + ("_full" if full else ""))
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    base = os.path.join(MODELS, name)
    model = models.load(base) if full else models.load_lora(base)
    optimizer = torch.optim.AdamW(groups(model, full), **ADAMW)
    schedule = transformers.get_cosine_schedule_with_warmup(optimizer, WARMUP, STEPS)
    steps, cursor = [], 0
    for step in range(1, STEPS + 1):
        taken = [(cursor + i) % ROWS for i in range(ACCUMULATION * BATCH)]
        cursor = (cursor + len(taken)) % ROWS
        trained = sum(int(data[i][1].sum()) for i in taken)
        total = 0.0
        for micro in (taken[:BATCH], taken[BATCH:]):
            loss = sum(models.run(model, *data[i])[1] for i in micro) / trained
            loss.backward()
            total += loss.item()
        norm = torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], MAX_NORM[full])
        steps.append({"step": step, "rows": taken, "trained_tokens": trained, "loss": total,
                      "grad_norm": norm.item(), "learning_rate": schedule.get_last_lr()[0]})
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    final = {k.replace(".default", ""): p.detach().clone() for k, p in model.named_parameters() if p.requires_grad}
    save_file(final, folder + "/final.safetensors")
    settings = {**ADAMW, "max_grad_norm": MAX_NORM[full], "schedule": "cosine", "warmup_steps": WARMUP,
                "max_steps": STEPS, "accumulation": ACCUMULATION, "batch": BATCH}
    with open(folder + "/run.json", "w") as f:
        json.dump({"settings": settings, "steps": steps}, f, indent=1)
    print(name, full, steps[0]["loss"], steps[-1]["loss"], [round(s["grad_norm"], 3) for s in steps])


if __name__ == "__main__":
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    data = rows()
    save_file({f"{k}_{i}": t for i, (ids, mask) in enumerate(data)
               for k, t in (("ids", ids.int()), ("mask", mask.byte()))}, HERE + "/rows.safetensors")
    for model_name in models.SHAPES:
        train(model_name, data)
    train("qwen3", data, full=True)
    models.manifest(HERE, {"rows": 123})
