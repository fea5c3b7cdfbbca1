#!/usr/bin/env python3
"""Makes the numeric fixtures of TorchTests with PyTorch. Run it without arguments.

Files
    layers.safetensors          Single layers, one case a prefix: `NAME/input`, `weight`, `bias` (where the layer has
                                one), `output`, `cotangent`, `grad_input`, `grad_weight`, `grad_bias`. The scalar that
                                is differentiated is sum(output * cotangent). Batch norms also have `running_mean_in`,
                                `running_mean_out`, `running_var_in`, `running_var_out`: the statistics before and
                                after the pass (momentum 0.1, eps 1e-5; unchanged in evaluation mode).
    adam.safetensors            Ten steps of Adam with given gradients on two parameters, n = 0 and 1, of shapes
                                [7,5] and [5]: `parametern` at the start, `gradientsn` [10,...], `aftern` [10,...]
                                after each step. lr 1e-3, betas 0.9 and 0.999, eps 1e-8. Under the prefix `decay/` a
                                second run with lr 3e-2 and weight_decay 0.01 (added to the gradient). Some gradients
                                are zero or near eps.
"""

import os
import sys

sys.dont_write_bytecode = True

import torch
from torch import nn

from reference import save_tensors

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "TorchTests", "Fixtures")


class StandardisedConvolution(nn.Conv2d):
    """Weight standardisation, spelled out."""

    def forward(self, x):
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        deviation = weight.flatten(1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
        return nn.functional.conv2d(x, weight / deviation, self.bias)


class ImageNorm(nn.Module):
    """Batch normalisation in training mode of one image at a time."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        return torch.cat([
            nn.functional.batch_norm(image[None], None, None, self.weight, self.bias, training=True) for image in x])


def make_layers():
    generator = torch.Generator().manual_seed(1)

    def random(*shape):
        return torch.randn(shape, generator=generator)

    cases = {
        "linear": (nn.Linear(7, 5), (4, 7)),
        "conv4s2p1": (nn.Conv2d(3, 5, 4, stride=2, padding=1, bias=False), (2, 3, 12, 12)),
        "conv3p1": (nn.Conv2d(3, 5, 3, padding=1, bias=False), (2, 3, 9, 8)),
        "conv3p1_bias": (nn.Conv2d(3, 5, 3, padding=1), (2, 3, 9, 8)),
        "conv1": (nn.Conv2d(6, 4, 1, bias=False), (2, 6, 5, 7)),
        "deconv4s2p1": (nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1, bias=False), (2, 5, 6, 6)),
        "batchnorm2d_train": (nn.BatchNorm2d(4), (3, 4, 5, 6)),
        "batchnorm2d_eval": (nn.BatchNorm2d(4).eval(), (3, 4, 5, 6)),
        "batchnorm1d_train": (nn.BatchNorm1d(6), (8, 6)),
        "batchnorm1d_eval": (nn.BatchNorm1d(6).eval(), (8, 6)),
        "relu": (nn.ReLU(), (3, 2, 4, 5)),
        "deconv2s2_bias": (nn.ConvTranspose2d(5, 3, 2, stride=2), (2, 5, 4, 3)),
        "wsconv3": (StandardisedConvolution(3, 5, 3), (2, 3, 7, 6)),
        "pooledconv3": (nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.AvgPool2d(2)), (2, 3, 8, 6)),
        "groupnorm2": (nn.GroupNorm(2, 6), (3, 6, 4, 5)),
        "layernorm": (nn.LayerNorm([3, 4, 5]), (2, 3, 4, 5)),
        "imagenorm": (ImageNorm(4), (3, 4, 5, 6)),
        "reflectionpad1": (nn.ReflectionPad2d(1), (2, 3, 4, 5)),
        "averagepool2": (nn.AvgPool2d(2), (2, 3, 6, 8)),
        "nearest2": (nn.Upsample(scale_factor=2, mode="nearest"), (2, 3, 3, 4)),
        "sigmoid": (nn.Sigmoid(), (3, 2, 4, 5)),
        "tanh": (nn.Tanh(), (3, 2, 4, 5)),
        "swish": (nn.SiLU(), (3, 2, 4, 5)),
        "softmax": (nn.Softmax(dim=1), (5, 7)),
        "aligned9x7": (nn.Upsample(size=(9, 7), mode="bilinear", align_corners=True), (2, 3, 4, 5)),
    }
    tensors = {}
    for name, (layer, shape) in cases.items():
        x = random(*shape)
        is_norm, is_affine = name.startswith("batchnorm"), "norm" in name
        with torch.no_grad():
            for key, parameter in layer.named_parameters():
                if is_affine:
                    parameter.copy_((1 if key == "weight" else 0) + 0.5 * random(*parameter.shape))
                else:
                    parameter.copy_(0.3 * random(*parameter.shape))
            if is_norm:
                x = 2 * x + 0.7
                layer.running_mean.copy_(0.5 * random(*layer.running_mean.shape))
                layer.running_var.copy_(0.5 + random(*layer.running_var.shape).abs())
                statistics = {"running_mean": layer.running_mean, "running_var": layer.running_var}
                tensors.update({f"{name}/{key}_in": value.clone() for key, value in statistics.items()})
            if name == "relu":
                x.view(-1)[::7] = 0
        x.requires_grad_()
        output = layer(x)
        cotangent = random(*output.shape)
        (output * cotangent).sum().backward()
        tensors[f"{name}/input"], tensors[f"{name}/grad_input"] = x, x.grad
        tensors[f"{name}/output"], tensors[f"{name}/cotangent"] = output, cotangent
        for key, parameter in layer.named_parameters():
            key = key.removeprefix("0.")
            tensors[f"{name}/{key}"], tensors[f"{name}/grad_{key}"] = parameter, parameter.grad
        if is_norm:
            tensors.update({f"{name}/{key}_out": value for key, value in statistics.items()})
    save_tensors(f"{FIXTURES}/layers.safetensors", tensors)


def make_adam():
    steps, tensors = 10, {}
    runs = [("", 2, {"lr": 1e-3}), ("decay/", 3, {"lr": 3e-2, "weight_decay": 0.01})]
    for prefix, seed, options in runs:
        generator = torch.Generator().manual_seed(seed)
        parameters, gradients, after = [], [], []
        for shape in [(7, 5), (5,)]:
            start = torch.randn(shape, generator=generator)
            given = torch.randn((steps, *shape), generator=generator)
            given *= 10 ** (2 - 10 * torch.rand(shape, generator=generator))
            given.view(steps, -1)[:, 0] = 0
            parameters.append(start.clone().requires_grad_())
            gradients.append(given)
            after.append(torch.empty_like(given))
            tensors[f"{prefix}parameter{len(parameters) - 1}"] = start
        optimiser = torch.optim.Adam(parameters, betas=(0.9, 0.999), eps=1e-8, **options)
        for step in range(steps):
            for parameter, given in zip(parameters, gradients):
                parameter.grad = given[step].clone()
            optimiser.step()
            for parameter, trace in zip(parameters, after):
                trace[step] = parameter.detach()
        for n in range(len(parameters)):
            tensors[f"{prefix}gradients{n}"], tensors[f"{prefix}after{n}"] = gradients[n], after[n]
    save_tensors(f"{FIXTURES}/adam.safetensors", tensors)


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_layers()
    make_adam()
