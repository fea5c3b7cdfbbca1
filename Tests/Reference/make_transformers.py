#!/usr/bin/env python3
"""Makes the fixtures of vision transformers and of what is built on them: transformers.safetensors. Run it without arguments.

Weights and images are by the formulas of make_features.py; scales of layers and norms are 0.1, 1. Everything is computed in double
precision; transformers-spread.json says how far single precision lies from it.

    vit/KIND/…      a transformer of width 24, 3 blocks, 2 heads; KIND plain: without registers, else with 4; images of 56 pixels; up to
                    300 elements of block0, block2 (of `offset` positions) and patches (of DINOv2's own positions)
    dinomaly/…      width 48, 10 blocks, 3 heads, 4 registers; map, loss, gradients (norms), next_loss and loss3 after one step of
                    StableAdamW and two, at a learning rate of 2e-3, p = 0.5, with dropout
    stable/…        StableAdamW on one tensor of 6 x 5 over 4 steps, with gradients that grow
    anomalydino/…   map (before smoothing) of 2 images against the patches of 3 others, by the same transformer
"""

import copy
import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch
import torch.nn.functional as F

from make_features import FIXTURES, TABLE, images, sampled, wave
from make_pretrained_methods import in_all_precisions
from reference import save_tensors
from vision_transformers import Dinomaly, StableAdamW, ViT


def fill(network):
    """As make_features.py does, norms and scales beginning at 1."""
    with torch.no_grad():
        for k, (name, value) in enumerate(network.state_dict().items()):
            fan_in = int(np.prod(value.shape[1:]))
            leaf, parent = name.split(".")[-1], name.split(".")[-2] if "." in name else ""
            if leaf == "bias":
                scale, shift = 0.1, 0
            elif leaf == "gamma" or parent.startswith("norm"):
                scale, shift = 0.1, 1
            else:
                scale, shift = np.sqrt(6 / max(fan_in, 1)), 0
            values = (scale * wave(value.numel(), k) + shift).astype(np.float32)
            value.copy_(torch.from_numpy(values).view(value.shape))
    return network


def vits(tensors, spread):
    for kind, registers in (("plain", 0), ("registers", 4)):
        network = fill(ViT(24, 3, 2, registers))

        def run(result, dtype):
            model, x = copy.deepcopy(network).to(dtype), images(2, 3, 56).to(dtype)
            with torch.no_grad():
                outputs = model.outputs(x, "offset")
                result[f"vit/{kind}/block0"], result[f"vit/{kind}/block2"] = sampled(outputs[0]), sampled(outputs[2])
                result[f"vit/{kind}/patches"] = sampled(model.patches(x))

        in_all_precisions(tensors, spread, run)


def dropout(dtype):
    def factors(width, k):
        values = np.where(wave(3 * 21 * width, k) < -0.6, 0, 1 / 0.8)
        return torch.from_numpy(values.astype(np.float32)).view(3, 21, width).to(dtype)

    return factors(48, 1), factors(192, 2), factors(48, 3)


def dinomaly(tensors, spread):
    network = Dinomaly(fill(ViT(48, 10, 3, 4)), 48, 3)
    fill(network.parts)

    def run(result, dtype):
        model, x = copy.deepcopy(network).to(dtype), images(3, 3, 56).to(dtype)
        with torch.no_grad():
            result["dinomaly/map"] = sampled(model.map(x))
        model.dropout, model.share = dropout(dtype), 0.5
        optimiser = StableAdamW(model.parts.parameters(), 2e-3)
        for name in ("loss", "next_loss", "loss3"):
            loss = model.loss(x)
            result[f"dinomaly/{name}"] = loss.detach()
            for p in model.parts.parameters():
                p.grad = None
            loss.backward()
            if name == "loss":
                result["dinomaly/gradients"] = torch.stack([p.grad.norm() for p in model.parts.parameters()])
            optimiser.step()

    in_all_precisions(tensors, spread, run)


def stable(tensors):
    p = torch.nn.Parameter(torch.from_numpy(0.9 * TABLE[:30]).view(6, 5).float().double())
    optimiser = StableAdamW([p], 0.05)
    for step, scale in enumerate((0.001, 0.004, 0.002, 0.012)):
        p.grad = torch.from_numpy(scale * wave(30, step + 1)).view(6, 5).float().double()
        optimiser.step()
    tensors["stable/weights"] = p.detach()


def anomalydino(tensors, spread):
    network = fill(ViT(48, 10, 3, 4))

    def run(result, dtype):
        model, x = copy.deepcopy(network).to(dtype), images(5, 3, 56).to(dtype)
        with torch.no_grad():
            tokens = F.normalize(model.patches(x), dim=2)
            # What is remembered, and what is compared with it, is rounded.
            tokens = tokens.half().to(dtype)
            bank = tokens[:3].flatten(0, 1)
            result["anomalydino/map"] = ((tokens[3:, :, None] - bank) ** 2).sum(3).min(2).values / 2

    in_all_precisions(tensors, spread, run)


if __name__ == "__main__":
    torch.set_num_threads(1)
    tensors, spread = {}, {}
    vits(tensors, spread)
    dinomaly(tensors, spread)
    stable(tensors)
    anomalydino(tensors, spread)
    with open(os.path.join(FIXTURES, "transformers-spread.json"), "w") as file:
        json.dump(spread, file, indent=0)
    save_tensors(os.path.join(FIXTURES, "transformers.safetensors"), tensors)
