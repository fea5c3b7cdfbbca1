"""DINOv2's vision transformer and Dinomaly, restated with ordinary PyTorch modules. Names are those of DINOv2's files."""

import torch
import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads, linear=False):
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.heads, self.linear = heads, linear

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if self.linear:
            q, k = F.elu(q) + 1, F.elu(k) + 1
            # The explicit form: all pairs of tokens.
            pairs = torch.einsum("nhid,nhjd->nhij", q, k)
            out = torch.einsum("nhij,nhjd->nhid", pairs, v) / (pairs.sum(3, keepdim=True) + 1e-6)
        else:
            out = ((q @ k.transpose(2, 3)) / (d // self.heads) ** 0.5).softmax(3) @ v
        return self.proj(out.transpose(1, 2).reshape(n, t, d))


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, inner=1, output=1):
        return self.fc2(F.gelu(self.fc1(x)) * inner) * output


class Scale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.ls1 = Scale(width)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = MLP(width)
        self.ls2 = Scale(width)

    def forward(self, x):
        x = x + self.ls1.gamma * self.attn(self.norm1(x))
        return x + self.ls2.gamma * self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, 14, stride=14)


class ViT(nn.Module):
    def __init__(self, width, depth, heads, registers):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1370, width))
        if registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, registers, width))
        self.mask_token = nn.Parameter(torch.zeros(1, width))
        self.patch_embed = PatchEmbed(width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.registers = registers

    def positions(self, side, style):
        table = self.pos_embed[:, 1:]
        if side == 37:
            return table
        grid = table.view(1, 37, 37, -1).permute(0, 3, 1, 2)
        if style == "hub" and self.registers:
            grid = F.interpolate(grid, size=(side, side), mode="bicubic", antialias=True)
        else:
            grid = F.interpolate(grid, scale_factor=((side + 0.1) / 37,) * 2, mode="bicubic")
        return grid.permute(0, 2, 3, 1).flatten(1, 2)

    def outputs(self, x, style):
        patches = self.patch_embed.proj(x)
        side, n = patches.shape[-1], len(x)
        patches = patches.flatten(2).transpose(1, 2) + self.positions(side, style)
        parts = [(self.cls_token + self.pos_embed[:, :1]).expand(n, -1, -1)]
        if self.registers:
            parts.append(self.register_tokens.expand(n, -1, -1))
        x, results = torch.cat([*parts, patches], 1), []
        for block in self.blocks:
            x = block(x)
            results.append(x)
        return results

    def patches(self, x, style="hub"):
        return self.norm(self.outputs(x, style)[-1])[:, 1 + self.registers:]


class LinearBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-8)
        self.attention = Attention(width, heads, linear=True)
        self.norm2 = nn.LayerNorm(width, eps=1e-8)
        self.mlp = MLP(width)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Dinomaly(nn.Module):
    """`parts` is what is trained; `dropout`: three factors, or none."""

    def __init__(self, encoder, width, heads):
        super().__init__()
        self.encoder = encoder.requires_grad_(False)
        self.parts = nn.Module()
        self.parts.bottleneck = MLP(width)
        self.parts.decoder = nn.ModuleList([LinearBlock(width, heads) for _ in range(8)])
        self.dropout, self.share = None, 0.0

    def groups(self, x, dropout):
        with torch.no_grad():
            outputs = self.encoder.outputs(x, "offset")[2:10]
        y = torch.stack(outputs).mean(0)
        y = self.parts.bottleneck(y * dropout[0], dropout[1], dropout[2]) if dropout else self.parts.bottleneck(y)
        decoded = []
        for block in self.parts.decoder:
            y = block(y)
            decoded.append(y)
        decoded, side = decoded[::-1], x.shape[-1] // 14

        def grid(tokens):
            patches = torch.stack(tokens).mean(0)[:, 1 + self.encoder.registers:]
            return patches.transpose(1, 2).reshape(len(x), -1, side, side)

        return [[grid(all_[:4]), grid(all_[4:])] for all_ in (outputs, decoded)]

    def loss(self, x):
        total = 0
        for a, b in zip(*self.groups(x, self.dropout)):
            distance = (1 - F.cosine_similarity(a, b.detach(), dim=1))[:, None]
            threshold = torch.topk(distance.flatten(), int(distance.numel() * (1 - self.share)))[0][-1]
            b.register_hook(lambda g, easy=distance < threshold: torch.where(easy, g * 0.1, g))
            total = total + (1 - F.cosine_similarity(a.flatten(1), b.flatten(1))).mean() / 2
        return total

    def map(self, x):
        side, total = x.shape[-1], 0
        for a, b in zip(*self.groups(x, None)):
            distance = (1 - F.cosine_similarity(a, b, dim=1))[:, None]
            total = total + F.interpolate(distance, size=(side, side), mode="bilinear", align_corners=True) / 2
        total = F.interpolate(total, size=(256, 256), mode="bilinear", align_corners=False)
        row = torch.exp(-torch.arange(-2, 3, dtype=x.dtype) ** 2 / 32)
        kernel = torch.outer(row, row)
        return F.conv2d(total, (kernel / kernel.sum())[None, None], padding=2)


class StableAdamW:
    """Decay 1e-4, amsgrad, and each tensor's step over max(1, rms(gradient / denominator)); gradients of norm 0.1 at most."""

    def __init__(self, parameters, lr):
        self.parameters, self.lr, self.steps = list(parameters), lr, 0
        self.moments = [[torch.zeros_like(p) for _ in range(3)] for p in self.parameters]

    def step(self):
        torch.nn.utils.clip_grad_norm_(self.parameters, 0.1)
        self.steps += 1
        with torch.no_grad():
            for p, (first, second, largest) in zip(self.parameters, self.moments):
                p.mul_(1 - self.lr * 1e-4)
                first.mul_(0.9).add_(p.grad, alpha=0.1)
                second.mul_(0.999).addcmul_(p.grad, p.grad, value=0.001)
                torch.maximum(largest, second, out=largest)
                denominator = (largest / (1 - 0.999 ** self.steps)).sqrt() + 1e-8
                excess = max(1.0, (p.grad / denominator).pow(2).mean().sqrt().item())
                p.sub_(self.lr / (1 - 0.9 ** self.steps) / excess * first / denominator)
