"""A model directory in transformers, beside Foreword: keys, logits, greedy tokens, token ids.

    python3 bench/peers/transformers_check.py record MODEL OUT       # needs transformers and PyTorch
    python3 bench/peers/transformers_check.py compare MODEL OUT --foreword "foreword"

`record` opens MODEL as transformers does, fails on missing, unexpected or misshapen weights, and writes what it computed into the folder OUT.
`compare` needs nothing but Python and puts `foreword verify weights`, `tokenizer encode` and `generate` beside it; the two may run on different
machines. Weights that are stored as float16 or bfloat16 are computed in float32 by both.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys

PROMPTS = ["The", "Hello world, this is", "In 1984 and 2,026", "returns the", "it was said that they", "a b c", "for (int i = 0; i < n; i++)", "one of the",
           "What is", "naïve Größe"]
TEXTS = PROMPTS + [
    "I'll say they've seen it, he'd go; we're DON'T", "  two spaces first", "a tab\tand a\r\nline", "trailing space ", "\n\n\nlines\n \n", "",
    "日本語のテキスト", "Привет, мир", "🙂🙃 emoji 👩‍👩‍👧", "e\u0301 combining, \u00e9 composed", "ALL CAPS AND lower", "x = [1, 2, 3]; y=x[0]", "https://example.com/a?b=c&d=e",
    "“quoted” — dashed… dots", "zero\u200bwidth no\u00a0break ideographic\u3000space", "١٢٣ ½ ² Ⅷ", "İstanbul ß ǅ", "中文 words 混合", "-- ~~ ## @user #tag $5.00 100%",
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "\u0001\u0007control", "�", "a\u0300\u0316b", "don't can't won't o'clock", "the  quick   brown    fox",
]
NEW_TOKENS = 24


def record(arguments):
    import logging
    import torch
    import transformers
    from safetensors.torch import save_file

    warnings = []
    handler = logging.Handler()
    handler.emit = lambda entry: warnings.append(entry.getMessage())
    logging.getLogger("transformers").addHandler(handler)
    transformers.logging.set_verbosity_warning()
    transformers.logging.disable_progress_bar()

    os.makedirs(arguments.out, exist_ok=True)
    config = transformers.AutoConfig.from_pretrained(arguments.model)
    stored = config.dtype
    model, loading = transformers.AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32, output_loading_info=True)
    model.eval()
    faults = {name: sorted(map(str, keys)) for name, keys in loading.items() if keys}
    has_tokenizer = any(os.path.exists(os.path.join(arguments.model, name)) for name in ("tokenizer.json", "vocab.json", "vocab.txt"))
    result = {
        "transformers": transformers.__version__, "model": type(model).__name__, "dtype": str(stored), "tied": config.tie_word_embeddings,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    try:
        transformers.GenerationConfig.from_pretrained(arguments.model)
    except OSError as problem:
        faults["generation_config.json"] = [str(problem).splitlines()[0]]
    torch.manual_seed(1)
    ids = torch.randint(0, config.vocab_size, (2, min(48, config.n_positions)))
    with torch.no_grad():
        save_file({"input_ids": ids, "logits": model(ids).logits.contiguous()}, os.path.join(arguments.out, "logits.safetensors"))
    if has_tokenizer:
        tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.model)
        result["tokenizer"] = type(tokenizer).__name__
        result["ids"] = [tokenizer.encode(text, add_special_tokens=False) for text in TEXTS]
        result["greedy"] = []
        for prompt in PROMPTS:
            start = tokenizer.encode(prompt, add_special_tokens=False)
            new = min(NEW_TOKENS, config.n_positions - len(start))
            if not start or new < 1:
                result["greedy"].append(None)
                continue
            row = torch.tensor([start])
            written = model.generate(row, attention_mask=torch.ones_like(row), max_new_tokens=new, do_sample=False, pad_token_id=0)
            result["greedy"].append({"ids": written[0, len(start):].tolist(), "new": new})
        result["eos"] = config.eos_token_id
    result["warnings"] = sorted(set(warnings))
    with open(os.path.join(arguments.out, "expected.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False)
    print(json.dumps({key: value for key, value in result.items() if key not in ("ids", "greedy")}, ensure_ascii=False))
    if faults:
        sys.exit(f"{arguments.model}: {json.dumps(faults)}")


def compare(arguments):
    with open(os.path.join(arguments.out, "expected.json"), encoding="utf-8") as file:
        expected = json.load(file)
    failures = []

    def foreword(*words, given=None):
        run = subprocess.run(shlex.split(arguments.foreword) + list(words), input=given, capture_output=True, encoding="utf-8", check=False)
        if run.returncode not in (0, 1) or (run.returncode == 1 and not run.stdout):
            sys.exit(f"foreword {' '.join(words)}: {run.stderr.strip()}")
        return run.stdout

    verified = json.loads(foreword("verify", "weights", arguments.model, "--against", os.path.join(arguments.out, "logits.safetensors")))
    if not verified["passed"]:
        failures.append(f"logits differ by {verified['max_abs_difference']}")
    summary = {"model": arguments.model, "max_abs_difference": verified["max_abs_difference"]}
    if "ids" in expected:
        texts = os.path.join(arguments.out, "texts.jsonl")
        with open(texts, "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in TEXTS)
        ours = [json.loads(line)["ids"] for line in foreword("tokenizer", "encode", arguments.model, "--input", texts).splitlines()]
        for text, theirs, mine in zip(TEXTS, expected["ids"], ours, strict=True):
            if theirs != mine:
                failures.append(f"ids of {text!r}: transformers {theirs}, foreword {mine}")
        summary["texts"] = len(TEXTS)
        summary["same_ids"] = sum(theirs == mine for theirs, mine in zip(expected["ids"], ours))
        same = total = 0
        for prompt, greedy in zip(PROMPTS, expected["greedy"], strict=True):
            if greedy is None:
                continue
            written = json.loads(foreword("generate", arguments.model, "--prompt", prompt, "--temperature", "0", "--max-tokens", str(greedy["new"]), "--json"))
            mine, theirs = written["completions"][0]["ids"], greedy["ids"]
            if expected["eos"] in theirs:
                theirs = theirs[:theirs.index(expected["eos"])]
            total += 1
            same += mine == theirs
            if mine != theirs:
                failures.append(f"greedy tokens behind {prompt!r}: transformers {theirs}, foreword {mine}")
        summary["prompts"], summary["same_tokens"] = total, same
    print(json.dumps(summary))
    if failures:
        sys.exit("\n".join(failures))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    for name, run in (("record", record), ("compare", compare)):
        command = commands.add_parser(name)
        command.add_argument("model")
        command.add_argument("out")
        command.set_defaults(run=run)
        if run is compare:
            command.add_argument("--foreword", default="foreword")
    arguments = parser.parse_args()
    arguments.run(arguments)


main()
