#!/usr/bin/env python3
"""Makes the fixtures of methods that train on features of a pretrained network: pretrained.safetensors. Run it without arguments.

Weights and images are by the formulas of make_features.py, those of the parts of a model counted by themselves; the first tensor
has the number that the code below says. Everything is computed in double precision; pretrained-spread.json says how far single
precision lies from it.

    METHOD/map, METHOD/scores       up to 300 elements of the smoothed map of 5 images before training, and its largest values
    METHOD/loss, METHOD/gradients   of 5 images; each parameter's gradient's norm
    METHOD/next_loss                after a step of the method's optimisers
    panda/centre, panda/fisher, panda/velocity   with 0.02 of the classifier's weights; the norm of each trained parameter's
                                    information; its velocity after a step that begins with weights 1.01 times the pretrained ones
    padim/factor                    up to 300 elements of L Lᵀ; padim/channels: given
    simplenet/scores                of 40 patches of 24 numbers (the numbers of make_memory_methods.py, k 3; noise: a tenth of k 4)
    simplex/points, simplex/values, simplex/fractal   noise of seed 3 at points, and a grid of 3 × 4 × 5
    neighbours/scores               sums of the two smallest squared distances of density/tests from density/features of
                                    memory.safetensors
"""

import copy
import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

from feature_networks import ResNet
from make_features import FIXTURES, fill, images, sampled, wave
from make_memory_methods import given
from pretrained_methods import (
    MSC, PANDA, RD, RDPlusPlus, ReContrast, SimpleNet, STFPM, fractal, simplex, simplex_permutation, smoothed)
from reference import save_tensors

CHANNELS = [64, 128, 256]
ALL = ((torch.float64, True), (torch.float32, True), (torch.float32, False))


def backbone(first=0, stages=3):
    network = ResNet("resnet18", stages=stages)
    fill(network, first)
    return network.requires_grad_(False)


def in_all_precisions(tensors, spread, run):
    results = []
    for dtype, fast in ALL:
        result = {}
        with torch.backends.mkldnn.flags(enabled=fast):
            run(result, dtype)
        results.append(result)
    for key, exact in results[0].items():
        tensors[key] = exact
        difference = max((single[key].double() - exact.double()).abs().max().item() for single in results[1:])
        spread[key] = float(f"{difference / max(exact.abs().max().item(), 1e-30):.1e}")


def train(result, name, model, x):
    """Loss, gradients, and the loss after a step."""
    model.train()
    optimisers = model.optimiser_groups()
    for optimiser in optimisers:
        optimiser.zero_grad()
    loss = model.loss(x)
    loss.backward()
    parameters = [p for optimiser in optimisers for group in optimiser.param_groups for p in group["params"]]
    result[f"{name}/loss"] = loss.detach()
    result[f"{name}/gradients"] = torch.stack([p.grad.norm() for p in parameters])
    for optimiser in optimisers:
        optimiser.step()
    result[f"{name}/next_loss"] = model.loss(x).detach()


def distillation(tensors, spread, name, model, smoothing=4, pairs=False):
    x, noisy = images(5, 3, 64), images(10, 3, 64)[5:]

    def run(result, dtype):
        copied = copy.deepcopy(model).to(dtype)
        copied.eval()
        with torch.no_grad():
            maps = copied.map(x.to(dtype))
            if smoothing:
                maps = smoothed(maps, smoothing)
        result[f"{name}/map"], result[f"{name}/scores"] = sampled(maps), maps.flatten(1).max(1).values
        train(result, name, copied, (x.to(dtype), noisy.to(dtype)) if pairs else x.to(dtype))

    in_all_precisions(tensors, spread, run)


def distillations(tensors, spread):
    rd = RD(backbone(), CHANNELS, 64)
    fill(rd.embedding), fill(rd.decoder)
    distillation(tensors, spread, "rd", rd)
    plus = RDPlusPlus(backbone(), CHANNELS, 64)
    fill(plus.embedding), fill(plus.decoder), fill(plus.projections)
    distillation(tensors, spread, "rdpp", plus, pairs=True)
    contrast = ReContrast(backbone(7).requires_grad_(True), backbone(), CHANNELS, 64)
    fill(contrast.embedding), fill(contrast.decoder)
    contrast.hardness = 0.5
    distillation(tensors, spread, "recontrast", contrast)
    distillation(tensors, spread, "stfpm", STFPM(backbone(7).requires_grad_(True), backbone()), smoothing=0)


def pooled(tensors, spread):
    panda = PANDA(ResNet("resnet18"))
    fill(panda.backbone)
    with torch.no_grad():
        panda.backbone.fc.weight.mul_(0.02)
    msc = MSC(ResNet("resnet18"))
    fill(msc.backbone)
    draws = (wave(5, 0) + 1) / 2

    def run_panda(result, dtype):
        model = copy.deepcopy(panda).to(dtype)
        x = images(5, 3, 64).to(dtype)
        model.fit(x, torch.from_numpy(draws.astype(np.float32)).to(dtype))
        result["panda/centre"] = model.centre
        result["panda/fisher"] = torch.stack([f.norm() for f in model.fisher])
        with torch.no_grad():
            for p in model.trained():
                p.mul_(1.01)
        loss = model.loss(x)
        result["panda/loss"] = loss.detach()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.trained(), 1e-3)
        optimiser = torch.optim.SGD(model.trained(), lr=1e-2, momentum=0.9, weight_decay=5e-5)
        optimiser.step()
        result["panda/velocity"] = torch.stack([optimiser.state[p]["momentum_buffer"].norm() for p in model.trained()])

    def run_msc(result, dtype):
        model = copy.deepcopy(msc).to(dtype)
        model.train()
        model.fit(images(5, 3, 64).to(dtype))
        result["msc/centre"] = model.centre
        train(result, "msc", model, images(8, 3, 64).to(dtype))

    in_all_precisions(tensors, spread, run_panda)
    in_all_precisions(tensors, spread, run_msc)


def padim(tensors, spread):
    channels = [3, 70, 200, 10, 400, 250, 64]
    tensors["padim/channels"] = np.array(channels)

    def run(result, dtype):
        network = backbone().to(dtype).eval()

        def rows(x):
            levels = network.levels(x.to(dtype))[-3:]
            side = levels[0].shape[-1]
            stretched = [torch.nn.functional.interpolate(level, size=(side, side)) for level in levels]
            return torch.cat(stretched, 1)[:, channels].flatten(2)

        train, test = rows(images(20, 3, 64)), rows(images(25, 3, 64)[20:])
        maps, factors = [], []
        for place in range(train.shape[2]):
            matrix = np.cov(train[:, :, place].numpy(), rowvar=False) + 0.01 * np.eye(len(channels))
            difference = test[:, :, place].numpy() - train[:, :, place].numpy().mean(0)
            factors.append(matrix)
            maps.append(np.sqrt(np.einsum("ni,ij,nj->n", difference, np.linalg.inv(matrix), difference)))
        maps = torch.from_numpy(np.stack(maps, 1)).view(5, 1, 16, 16)
        maps = smoothed(torch.nn.functional.interpolate(maps, size=(64, 64), mode="bilinear", align_corners=False), 4)
        result["padim/factor"] = sampled(torch.from_numpy(np.stack(factors)))
        result["padim/map"], result["padim/scores"] = sampled(maps), maps.flatten(1).max(1).values

    in_all_precisions(tensors, spread, run)


def simplenet(tensors, spread):
    network = SimpleNet(24, 16)
    fill(network)
    patches = torch.from_numpy(given([40, 24], 3).astype(np.float32))
    added = torch.from_numpy((0.1 * given([40, 24], 4)).astype(np.float32))

    def run(result, dtype):
        model = copy.deepcopy(network).to(dtype)
        model.eval()
        with torch.no_grad():
            result["simplenet/scores"] = model.scores(patches.to(dtype))
        train(result, "simplenet", model, (patches.to(dtype), added.to(dtype)))

    in_all_precisions(tensors, spread, run)


def noise(tensors):
    permutation = simplex_permutation(3)
    points = 40 * wave(60, 9).reshape(20, 3)
    tensors["simplex/points"] = points
    tensors["simplex/values"] = np.array([simplex(permutation, point) for point in points.astype(np.float32)])
    tensors["simplex/fractal"] = fractal(permutation, (3, 4, 5))


def neighbours(tensors):
    features, tests = given([40, 12], 1), given([7, 12], 2)
    squared = ((tests[:, None] - features[None]) ** 2).sum(2)
    tensors["neighbours/scores"] = np.sort(squared, 1)[:, :2].sum(1)


def main():
    torch.set_num_threads(1)
    tensors, spread = {}, {}
    distillations(tensors, spread)
    pooled(tensors, spread)
    padim(tensors, spread)
    simplenet(tensors, spread)
    noise(tensors)
    neighbours(tensors)
    with open(os.path.join(FIXTURES, "pretrained-spread.json"), "w") as file:
        json.dump(spread, file, indent=0)
    save_tensors(os.path.join(FIXTURES, "pretrained.safetensors"), tensors)


if __name__ == "__main__":
    main()
