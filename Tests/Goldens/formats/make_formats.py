"""Files that the original libraries write, small enough to keep: python3 make_formats.py

Versions: transformers 5.23.0, peft 0.21.2, safetensors 0.8.0, torch 2.13.0 (cpu).
"""
import json
import pathlib
import shutil
import tempfile

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

here = pathlib.Path(__file__).parent
torch.manual_seed(2)

# Every type that holds numbers we read, and one of each other width; exact in all of them.
ramp = torch.tensor([[-2.0, -0.5, 0.0], [0.25, 1.0, 1.5]])
save_file(
    {
        "z.f32": ramp,
        "a.f32": torch.tensor(3.5),
        "b.bf16": ramp.to(torch.bfloat16),
        "c.f16": torch.cat([ramp.flatten(), torch.tensor([2.0**-24, 65504.0])]).to(torch.float16),
        "d.i64": torch.arange(3),
        "e.u8": torch.arange(5, dtype=torch.uint8),
        "f.empty": torch.zeros(0, 4),
    },
    here / "types.safetensors",
    metadata={"format": "pt"},
)

config = Qwen3Config(
    vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, head_dim=8, tie_word_embeddings=True,
    eos_token_id=[3, 4], max_position_embeddings=64,
)
model = Qwen3ForCausalLM(config)
with tempfile.TemporaryDirectory() as folder:
    model.save_pretrained(folder)
    shutil.copy(f"{folder}/config.json", here / "qwen3_config.json")
    adapted = get_peft_model(
        model,
        LoraConfig(
            r=4, lora_alpha=8, lora_dropout=0.05, target_modules=["q_proj", "v_proj"],
            task_type="CAUSAL_LM",
        ),
    )
    adapted.save_pretrained(f"{folder}/adapter")
    written = json.load(open(f"{folder}/adapter/adapter_config.json"))
    # PEFT keeps the targets in a set; their order differs from run to run.
    written["target_modules"].sort()
    written["base_model_name_or_path"] = "org/base"
    text = json.dumps(written, indent=2, sort_keys=True)
    (here / "adapter_config.json").write_text(text)

scaling = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
    "high_freq_factor": 4.0, "original_max_position_embeddings": 32,
}
config = LlamaConfig(
    vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=1,
    num_attention_heads=4, num_key_value_heads=1, rope_parameters=scaling,
)
with tempfile.TemporaryDirectory() as folder:
    LlamaForCausalLM(config).save_pretrained(folder)
    shutil.copy(f"{folder}/config.json", here / "llama_config.json")
