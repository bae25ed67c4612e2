"""What lm-evaluation-harness says of the model that comes with the program, on rows of our own making.

python3 Tests/Goldens/benchmarks/make_goldens.py   (lm_eval 0.4.13, torch, transformers, datasets)

rows/ and verdicts.json are inputs: rows in the schemas of the public sets, and answers with what the
harness's filters for GSM8K make of them.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import lm_eval  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from lm_eval.api.task import ConfigurableTask  # noqa: E402
from lm_eval.tasks import TaskManager  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, os.path.dirname(HERE))
import manifest  # noqa: E402

CHOICES = ["arc_challenge", "commonsense_qa", "hellaswag", "winogrande"]
RUNS = {
    "plain_0": (CHOICES, 0, None, {}),
    "plain_5": (CHOICES, 5, None, {}),
    "chat_2": (CHOICES, 2, None, {"apply_chat_template": True, "fewshot_as_multiturn": True}),
    "chat_one_turn_2": (["arc_challenge", "winogrande"], 2, 20,
                        {"apply_chat_template": True, "fewshot_as_multiturn": False}),
    "system_1": (["arc_challenge"], 1, 20,
                 {"apply_chat_template": True, "fewshot_as_multiturn": True, "system_instruction": "Be careful."}),
    "written_1": (["gsm8k"], 1, 6, {}),
    "written_5": (["gsm8k"], 5, 3, {}),
}


def task(manager, name):
    config = manager._factory._load_full_config(manager.task_index[name], None)
    for key in ("tag", "group", "task_list"):
        config.pop(key, None)
    files = {}
    for split in ("train", "validation", "test"):
        path = f"{HERE}/rows/{name}_{split}.jsonl"
        if os.path.exists(path):
            files[split] = path
    config.update(dataset_path="json", dataset_name=None, dataset_kwargs={"data_files": files})
    if "validation" not in files:
        config["validation_split"] = None
    return ConfigurableTask(config=config)


def number(value):
    return float(f"{value:.9g}")


def main():
    torch.set_num_threads(1)
    manager, runs = TaskManager(), {}
    for name, (names, shots, limit, settings) in RUNS.items():
        result = lm_eval.simple_evaluate(
            model="hf", model_args=f"pretrained={ROOT}/tasks/models/nano-qwen3,dtype=float32",
            tasks=[task(manager, each) for each in names], num_fewshot=shots, limit=limit, batch_size=1,
            device="cpu", log_samples=True, **settings)
        runs[name] = {}
        for each in names:
            # Where answers are written, the samples come once for each filter.
            everything = result["samples"][each]
            samples = [s for s in everything if s["filter"] == everything[0]["filter"]]
            entry = {"prompts": [s["prompt_hash"][:16] for s in samples],
                     "documents": [s["doc_hash"][:16] for s in samples],
                     "targets": [s["target_hash"][:16] for s in samples],
                     "results": {k: v for k, v in result["results"][each].items() if "," in k}}
            if each == "gsm8k":
                entry["answers"] = [s["resps"][0][0] for s in samples]
                for key in ("strict-match", "flexible-extract"):
                    own = [s for s in everything if s["filter"] == key]
                    entry.setdefault("read", {})[key] = [s["filtered_resps"][0] for s in own]
                    entry.setdefault("exact_match", {})[key] = [s["exact_match"] for s in own]
            else:
                entry["weights"] = [[number(r[0][0]) for r in s["resps"]] for s in samples]
                entry["likeliest"] = [[bool(r[0][1]) for r in s["resps"]] for s in samples]
                for metric in samples[0]["metrics"]:
                    entry[metric] = [s[metric] for s in samples]
            runs[name][each] = entry
    with open(os.path.join(HERE, "runs.json"), "w") as file:
        json.dump(runs, file, ensure_ascii=False, indent=None)
        file.write("\n")
    manifest.write(HERE, [torch, transformers], lm_eval="0.4.13")


main()
