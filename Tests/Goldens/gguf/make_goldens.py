#!/usr/bin/env python3
"""Blocks as gguf-py makes and reads them, and a model of ../models written with its GGUFWriter (see README.md).

Needs: numpy, gguf, safetensors. usage: make_goldens.py
"""
import json, os, sys
import gguf, numpy, safetensors
from gguf import GGMLQuantizationType as T
from gguf.quants import dequantize, quantize
from safetensors.numpy import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, ".."))
import manifest  # noqa: E402

SEED = 11
BLOCKS, LARGE = 32, 3


def cases():
    random = numpy.random.default_rng(SEED)
    x = (random.standard_normal((BLOCKS, 32)) * random.choice([1e-3, 0.05, 1, 40], (BLOCKS, 1))).astype(numpy.float32)
    x[0] = 0
    x[1] = 0.25
    x[2] = -x[3]
    x[4, :] = numpy.arange(32)
    x[5, :] = numpy.arange(-16, 16)
    x[6, ::2] = 0
    out = {"x": x}
    for type in (T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1):
        out[type.name] = quantize(x, type)
        out[type.name + ".read"] = dequantize(out[type.name], type)
    for type, halves in ((T.Q4_K, (0, 2)), (T.Q5_K, (0, 2)), (T.Q6_K, (208,))):
        size = gguf.GGML_QUANT_SIZES[type][1]
        blocks = random.integers(0, 256, (LARGE, size), dtype=numpy.uint8)
        for place in halves:  # scales that are numbers
            half = random.uniform(0.001, 0.1, LARGE).astype(numpy.float16).view(numpy.uint8).reshape(LARGE, 2)
            blocks[:, place:place + 2] = half
        out[type.name] = blocks
        out[type.name + ".read"] = dequantize(blocks, type)
    save_file(out, HERE + "/blocks.safetensors")


def permute(weights, heads):
    shape = weights.shape
    return weights.reshape(heads, 2, shape[0] // heads // 2, *shape[1:]).swapaxes(1, 2).reshape(shape)


def model():
    folder = os.path.join(HERE, "..", "models", "llama")
    config = json.load(open(folder + "/config.json"))
    weights = load_file(folder + "/model.safetensors")
    writer = gguf.GGUFWriter(HERE + "/llama.gguf", "llama")
    writer.add_type(gguf.GGUFType.MODEL)
    writer.add_name("base")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    rope = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta", 10000.0)}
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(config["vocab_size"])
    width = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    writer.add_rope_dimension_count(width)
    tokens = [chr(33 + i) for i in range(94)] + ["Ġ", "!!"]
    tokens += [f"[PAD{i}]" for i in range(len(tokens), config["vocab_size"])]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([1] * 96 + [5] * (len(tokens) - 96))
    writer.add_token_merges(["! !"])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    for name, value in weights.items():
        stem, part = name.rsplit(".", 1)
        if "q_proj" in name:
            value = permute(value, config["num_attention_heads"])
        if "k_proj" in name:
            value = permute(value, config["num_key_value_heads"])
        writer.add_tensor(names.get_name(stem) + "." + part, numpy.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    cases()
    model()
    gguf.__version__ = "0.19.0"
    manifest.write(HERE, (numpy, gguf, safetensors), seed=SEED)
