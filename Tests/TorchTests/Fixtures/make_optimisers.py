#!/usr/bin/env python3
"""Makes `optimisers.safetensors` of this folder with PyTorch. Run it without arguments.

Contents
    parameter0, parameter1      Where every run starts, of shapes [7,5] and [5].
    gradients0, gradients1      The gradients of twenty steps, [20,...].
    NAME/after0, NAME/after1    A run's parameters after each step, [20,...]; the runs are those of `RUNS`.
    inputs, targets             Four micro-batches of six for each of twenty steps, [20,4,6,5] and [20,4,6,7], of the run
                                `accumulated`: the loss is the mean squared error of x Wᵀ, W being parameter 0.
    average0, average1          The exponential moving average of the run `momentum`, decay 0.9.
    schedule/NAME               The learning rate of 30 steps, that of the first one being 1.
"""

import os
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR, StepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "AnomalyDetectionTests", "Fixtures"))

from reference import save_tensors

STEPS = 20


def grouped(p):
    return AdamW([{"params": p[:1]}, {"params": p[1:], "lr": 3e-4, "weight_decay": 0.0}], lr=3e-3, weight_decay=0.05)


def clip_norm(p):
    nn.utils.clip_grad_norm_(p, 3.0)


def clip_value(p):
    nn.utils.clip_grad_value_(p, 0.5)


RUNS = {
    "adam": (lambda p: Adam(p, lr=3e-3, weight_decay=0.01), None, None),
    "adamw": (lambda p: AdamW(p, lr=3e-3, weight_decay=0.05), None, None),
    "groups": (grouped, None, None),
    "plain": (lambda p: SGD(p, lr=1e-2), None, None),
    "momentum": (lambda p: SGD(p, lr=1e-2, momentum=0.9), None, None),
    "nesterov": (lambda p: SGD(p, lr=1e-2, momentum=0.9, nesterov=True, weight_decay=0.02), None, None),
    "norm": (lambda p: SGD(p, lr=1e-2, momentum=0.9), clip_norm, None),
    "value": (lambda p: Adam(p, lr=3e-3), clip_value, None),
    "cosine": (lambda p: Adam(p, lr=3e-3), None, lambda o: CosineAnnealingLR(o, STEPS)),
}


class Weights(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(tensor.clone()) for tensor in tensors])


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(7)

    def random(*shape):
        return torch.randn(shape, generator=generator)

    starts = [random(7, 5), random(5)]
    # Of magnitudes from 10 to 0.01, and some zero.
    gradients = [random(STEPS, *s.shape) * 10 ** (1 - 3 * torch.rand(s.shape, generator=generator)) for s in starts]
    for given in gradients:
        given.view(STEPS, -1)[:, 0] = 0
    tensors = {f"parameter{n}": starts[n] for n in range(2)} | {f"gradients{n}": gradients[n] for n in range(2)}

    def trace(name, make, change, schedule):
        parameters = [start.clone().requires_grad_() for start in starts]
        optimiser = make(parameters)
        scheduler = schedule and schedule(optimiser)
        after = [torch.empty_like(given) for given in gradients]
        for step in range(STEPS):
            for parameter, given in zip(parameters, gradients):
                parameter.grad = given[step].clone()
            if change:
                change(parameters)
            optimiser.step()
            if scheduler:
                scheduler.step()
            for parameter, place in zip(parameters, after):
                place[step] = parameter.detach()
        tensors.update({f"{name}/after{n}": after[n] for n in range(2)})
        return after

    traces = {name: trace(name, *run) for name, run in RUNS.items()}

    inputs, targets = random(STEPS, 4, 6, 5), random(STEPS, 4, 6, 7)
    weight = starts[0].clone().requires_grad_()
    optimiser, after = Adam([weight], lr=3e-3), torch.empty(STEPS, 7, 5)
    for step in range(STEPS):
        optimiser.zero_grad()
        for x, y in zip(inputs[step], targets[step]):
            (nn.functional.mse_loss(x @ weight.T, y) / 4).backward()
        optimiser.step()
        after[step] = weight.detach()
    tensors.update({"inputs": inputs, "targets": targets, "accumulated/after0": after})

    module = Weights(starts)
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    average.update_parameters(module)
    for step in range(STEPS):
        with torch.no_grad():
            for parameter, after in zip(module.weights, traces["momentum"]):
                parameter.copy_(after[step])
        average.update_parameters(module)
    tensors.update({f"average{n}": average.module.weights[n] for n in range(2)})

    schedules = {
        "step": lambda o: StepLR(o, 7, 0.3),
        "cosine": lambda o: CosineAnnealingLR(o, 30, 0.05),
        "warm_up": lambda o: SequentialLR(
            o, [LinearLR(o, 1 / 6, total_iters=5), CosineAnnealingLR(o, 24, 0.05)], milestones=[6]),
    }
    for name, make in schedules.items():
        optimiser = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler, rates = make(optimiser), []
        for _ in range(30):
            rates.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            scheduler.step()
        tensors[f"schedule/{name}"] = torch.tensor(rates)
    save_tensors(f"{HERE}/optimisers.safetensors", tensors)


if __name__ == "__main__":
    main()
