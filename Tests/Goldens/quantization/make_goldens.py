"""Matrices quantized by bitsandbytes on the CPU: python3 make_goldens.py

Versions: bitsandbytes 0.50.2, torch 2.13.0 (cpu), transformers 5.23.0, safetensors 0.8.0. One thread, since torch's
mean sums 32768 numbers and more in as many parts as there are threads.

cases.safetensors holds, for each case and source type: NAME.input; NAME.codes, .absmax (NF4); .offset,
.nested_codes, .nested_absmax, .values (double quantization, values in f32); .int8, .int8_scales, .int8_values (as
bitsandbytes.nn.Int8Params makes them: from the weights rounded to f16; left out where f16 cannot hold them).
nf4, nf4-single and int8 are ../models/qwen2 as transformers quantizes and saves it.
"""
import pathlib
import shutil
import sys

import bitsandbytes
import bitsandbytes.functional as bnb
import torch
import torch._dynamo
from bitsandbytes.backends.default.ops import _dequantize_4bit_compute
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent))
import manifest  # noqa: E402

torch.set_num_threads(1)
torch._dynamo.config.disable = True
torch.manual_seed(5)


def matrices():
    for shape in [(1, 1), (3, 5), (7, 9), (33, 61)]:
        yield f"normal-{shape[0]}x{shape[1]}", torch.randn(shape) * 0.02
    yield "wide-70x240", torch.randn(70, 240) * torch.rand(70, 1)
    yield "constant", torch.full((5, 77), 0.37)
    yield "zero", torch.zeros(3, 50)
    yield "sparse", torch.randn(20, 70) * (torch.rand(20, 70) < 0.02)
    yield "tiny", torch.randint(-3, 4, (9, 33)) * 1e-45
    yield "small", torch.randn(9, 33) * 2e-39
    yield "huge", torch.randn(9, 33).clamp(-3, 3) * 1e38
    yield "large", torch.randn(9, 33) * 1e4
    table = bnb.get_4bit_type("nf4", device="cpu")
    middles = (table[1:] + table[:-1]) / 2
    two, minus = torch.tensor(2.0), torch.tensor(-2.0)
    near = [torch.ones(1), middles, middles.nextafter(two), middles.nextafter(minus), table[:3], middles[:2]]
    yield "middles", torch.cat(near + [torch.ones(1), middles, table[:7]]).reshape(2, 37)
    yield "halves", (torch.arange(640).reshape(5, 128) % 127 + 0.5) * (254 / 253)


def values(codes, state):
    """bitsandbytes' portable dequantization. Its AVX-512 one (0.50.2) takes the scales of other blocks where a row
    has a multiple of 16 numbers that is no multiple of 64."""
    scales = bnb.dequantize_blockwise(state.absmax, state.state2) + state.offset
    return _dequantize_4bit_compute(codes.flatten(), scales, state.code, 64, state.shape, torch.float32)


def quantize(name, x, out):
    out[name + ".input"] = x
    codes, state = bnb.quantize_4bit(x, quant_type="nf4")
    out[name + ".codes"], out[name + ".absmax"] = codes.flatten(), state.absmax
    _, state = bnb.quantize_4bit(x, quant_type="nf4", compress_statistics=True)
    out[name + ".offset"], out[name + ".nested_codes"] = state.offset, state.absmax
    out[name + ".nested_absmax"] = state.state2.absmax
    out[name + ".values"] = values(codes, state)
    if not torch.isfinite(x.half()).all():
        return
    weight = bitsandbytes.nn.Int8Params(x.clone(), requires_grad=False)._quantize("cpu")
    out[name + ".int8"], out[name + ".int8_scales"] = weight.CB, weight.SCB
    out[name + ".int8_values"] = bnb.int8_vectorwise_dequant(weight.CB, weight.SCB)


cases = {}
for name, x in matrices():
    types = [torch.float32] if name.startswith("wide") else [torch.float32, torch.bfloat16, torch.float16]
    for dtype in types:
        if torch.isfinite(x.to(dtype)).all():
            quantize(f"{name}.{str(dtype)[6:]}", x.to(dtype), cases)
cases["dynamic_map"] = bnb.create_dynamic_map()
# Means of long vectors, where the levels of torch's cascade fill and carry.
for count in [31, 32, 33, 1000, 4097, 32767, 70001]:
    numbers = (torch.arange(count) * 2654435761 % 1000003).float()
    cases[f"mean.{count}"] = numbers.mean()
save_file(cases, here / "cases.safetensors")

four = dict(load_in_4bit=True, bnb_4bit_quant_type="nf4")
for name, settings in {
    "nf4": dict(four, bnb_4bit_use_double_quant=True), "nf4-single": four, "int8": dict(load_in_8bit=True),
}.items():
    shutil.rmtree(here / name, ignore_errors=True)
    AutoModelForCausalLM.from_pretrained(
        here.parent / "models/qwen2", quantization_config=BitsAndBytesConfig(**settings), device_map="cpu",
    ).save_pretrained(here / name)
    (here / name / "generation_config.json").unlink(missing_ok=True)

manifest.write(here, (bitsandbytes, torch), seed=5)
