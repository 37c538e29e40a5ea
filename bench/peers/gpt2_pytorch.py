"""GPT-2 training steps in PyTorch on the CPU: the peer that `foreword bench train` is measured against.

    MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 OMP_NUM_THREADS=2 \
        python3 bench/peers/gpt2_pytorch.py --batch 4 --length 256 --dtype bf16

Forward, backward, clipping and AdamW of GPT-2 124M without dropout, random tokens; the best of the rounds counts.
bf16 is autocast, as nanoGPT has it; its optimizer on the CPU is PyTorch's AdamW one tensor after another (`single`,
the default here). `fused` is PyTorch's fastest, `--compile` needs a C++ compiler. Builds without MKL, such as Debian's,
are slow in scaled_dot_product_attention: there `--attention plain`, products and a softmax, is faster. The two variables keep glibc from giving large blocks back at every step.
"""

import argparse
import math
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, width, heads, plain):
        super().__init__()
        self.heads, self.plain = heads, plain
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def attention(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.heads, C // self.heads).transpose(1, 2) for part in self.c_attn(x).split(C, dim=2))
        if not self.plain and hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            future = torch.full((T, T), float("-inf")).triu(1)
            scores = q @ k.transpose(-2, -1) / math.sqrt(C // self.heads)
            y = F.softmax(scores.float() + future, dim=-1).to(v.dtype) @ v
        return self.c_proj(y.transpose(1, 2).reshape(B, T, C))

    def forward(self, x):
        x = x + self.attention(self.ln_1(x))
        return x + self.mlp_proj(F.gelu(self.c_fc(self.ln_2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self, plain, layers=12, heads=12, width=768, context=1024, vocabulary=50304):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads, plain) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        for weight in self.parameters():
            nn.init.normal_(weight, 0, 0.02) if weight.dim() > 1 else None

    def forward(self, ids, targets):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.view(-1))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--batch", type=int, default=4)
    options.add_argument("--length", type=int, default=256)
    options.add_argument("--dtype", choices=["bf16", "fp32"], default="bf16")
    options.add_argument("--optimizer", choices=["single", "foreach", "fused"], default="single")
    options.add_argument("--attention", choices=["sdpa", "plain"], default="sdpa")
    options.add_argument("--compile", action="store_true", help="torch.compile the model")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=2)
    chosen = options.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    model = Gpt2(chosen.attention == "plain")
    if chosen.compile:
        model = torch.compile(model)
    way = {} if chosen.optimizer == "single" else {chosen.optimizer: True}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), **way)
    ids = torch.randint(0, 50257, (chosen.batch, chosen.length))
    best = math.inf
    for round in range(chosen.rounds + 2):
        start = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=chosen.dtype == "bf16"):
            loss = model(ids, ids.roll(-1, 1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if round >= 2:  # memory is touched for the first time in the first two
            best = min(best, time.perf_counter() - start)
    variant = f"{chosen.attention}, {chosen.optimizer}" + (", compiled" if chosen.compile else "")
    print(f"PyTorch {torch.__version__}, {chosen.dtype}, {variant}, {chosen.batch} x {chosen.length}: {chosen.batch * chosen.length / best:.0f} tokens/s")


if __name__ == "__main__":
    main()
