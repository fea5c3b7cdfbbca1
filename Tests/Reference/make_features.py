#!/usr/bin/env python3
"""Makes the fixtures of pretrained networks and of the methods on top of them. Run it without arguments; with the path of
efficientnet-lite0-57934424.pth it also makes what the real weights give.

Files
    features.safetensors        Of every network, weights by formula, evaluation mode: NAME/level0 …, up to 300 evenly spaced
                                elements of each level, and NAME/logits. Of every method: METHOD/scores and METHOD/map before
                                training, METHOD/loss and METHOD/gradients (each parameter's norm) of the first step,
                                METHOD/next_loss after a step of Adam, and of ae-perceptual the mean and deviation of the features
                                over the images; all computed in double precision.
    features-spread.json        How far each value of the methods in single precision, with either kind of PyTorch's
                                convolutions, lies from it: largest difference over largest magnitude.
    features.json               The tensors of every network in the order in which formulas count them.
    efficientnet-lite0.safetensors  `image`, bytes [3,96,96], `logits` [1000] and up to 300 elements of each level with the
                                real weights.

Formulas: table[j] for j in 0..<4093 is h / 2^31 - 1, where h is the murmur3 finaliser of the 32-bit number
j * 0x9E3779B1 + 0x85EBCA77; element i of tensor k is scale * table[(i + 61 k) mod 4093] + shift, in double precision, rounded
to single. Scale and shift are sqrt(6/fan_in), 0 of weights; 0.1, 1 of norm weights; 0.1, 0 of biases and running means; 0.3, 1 of
running variances. Images: element i of image j is 0.9 * table[(7 i + 501 j) mod 4093]; noise of dropout: a channel is dropped where
table[(i + 61 k) mod 4093] < -0.8, otherwise divided by 0.9.
"""

import copy
import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

from feature_networks import EfficientNetLite0, FAE, Perceptual, ResNet, VGG19
from reference import AutoEncoder, save_tensors

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "AnomalyDetectionTests", "Fixtures")


def make_table():
    h = (np.arange(4093, dtype=np.uint64) * 0x9E3779B1 + 0x85EBCA77) & 0xFFFFFFFF
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & 0xFFFFFFFF
    h ^= h >> 16
    return h.astype(np.float64) / 2 ** 31 - 1


TABLE = make_table()


def wave(count, k):
    return TABLE[(np.arange(count) + 61 * k) % 4093]


def kind(module, name):
    if name.startswith("running"):
        return name
    norm = isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))
    return "norm_weight" if norm and name == "weight" else name


def fill(network, first=0):
    """Weights by formula, counted from `first` on; returns names and shapes in order."""
    modules = dict(network.named_modules())
    entries = [(name, value) for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")]
    with torch.no_grad():
        for k, (name, value) in enumerate(entries):
            parent, _, leaf = name.rpartition(".")
            what = kind(modules[parent], leaf)
            fan_in = int(np.prod(value.shape[1:]))
            scale, shift = {
                "weight": (np.sqrt(6 / max(fan_in, 1)), 0), "norm_weight": (0.1, 1), "bias": (0.1, 0), "running_mean": (0.1, 0),
                "running_var": (0.3, 1)}[what]
            values = (scale * wave(value.numel(), first + k) + shift).astype(np.float32)
            value.copy_(torch.from_numpy(values).view(value.shape))
    return [{"name": name, "shape": list(value.shape)} for name, value in entries]


def images(count, channels, side):
    i, j = np.arange(channels * side * side)[None], np.arange(count)[:, None]
    values = 0.9 * TABLE[(7 * i + 501 * j) % 4093]
    return torch.from_numpy(values.astype(np.float32)).view(count, channels, side, side)


def sampled(value):
    flat = value.flatten()
    step = max(1, flat.numel() // 300)
    return flat[::step][:300].contiguous()


def networks():
    yield "vgg19", VGG19()
    yield "resnet18", ResNet("resnet18")
    yield "resnet152", ResNet("resnet152", stages=2)
    yield "wide_resnet50_2", ResNet("wide_resnet50_2", stages=2)
    yield "efficientnet-lite0", EfficientNetLite0()


def make_networks(tensors):
    tables = {}
    for name, network in networks():
        tables[name] = fill(network)
        network.eval()
        with torch.no_grad():
            x = images(2, 3, 64)
            for index, level in enumerate(network.levels(x)):
                tensors[f"{name}/level{index}"] = sampled(level)
            if hasattr(network, "logits"):
                tensors[f"{name}/logits"] = sampled(network.logits(x))
    return tables


def run_method(tensors, name, model, trained, x, dropout):
    model.eval()
    with torch.no_grad():
        scores, values = model.scores(x)
    tensors[f"{name}/scores"], tensors[f"{name}/map"] = scores, sampled(values)
    optimiser = torch.optim.Adam(trained.parameters(), lr=5e-4)
    model.train()
    if isinstance(model, Perceptual):
        model.backbone.eval()
    loss = model.loss(x, dropout)
    loss.backward()
    tensors[f"{name}/loss"] = loss.detach()
    tensors[f"{name}/gradients"] = torch.stack([p.grad.norm() for p in trained.parameters()])
    optimiser.step()
    tensors[f"{name}/next_loss"] = model.loss(x, dropout).detach()


def make_method(tensors, spread, name, model, part, x, dropout=None, stored=None):
    """Once in double precision, twice in single."""
    results = []
    for dtype, fast in ((torch.float64, True), (torch.float32, True), (torch.float32, False)):
        copy_of = copy.deepcopy(model).to(dtype)
        result = {}
        with torch.backends.mkldnn.flags(enabled=fast):
            if stored is not None:
                copy_of.eval()
                copy_of.measure((stored.to(dtype) / 255 - 0.5) / 0.5)
                result[f"{name}/mean"], result[f"{name}/deviation"] = copy_of.mean.flatten(), copy_of.deviation.flatten()
            run_method(
                result, name, copy_of, getattr(copy_of, part), x.to(dtype),
                [factors.to(dtype) for factors in dropout] if dropout else None)
        results.append(result)
    for key, exact in results[0].items():
        tensors[key] = exact
        difference = max((single[key].double() - exact).abs().max().item() for single in results[1:])
        spread[key] = float(f"{difference / exact.abs().max().item():.1e}")


def make_methods(tensors, spread, tables):
    for name, extractor, channels in [
            ("fae-ssim", ResNet("resnet18", stages=2), 256), ("fae-mse", ResNet("resnet18", stages=2), 256),
            ("fae-mse-efficientnet", EfficientNetLite0(stages=3, classifier=False), 80)]:
        model = FAE(extractor, channels, name[:8].rstrip("-"))
        tables[f"{name}/extractor"] = fill(model.extractor)
        tables[f"{name}/autoencoder"] = fill(model.autoencoder)
        x = images(6, 3, 64)
        sizes = [100, 150, 200, 300, 200, 150, 100, channels]
        dropout = [
            torch.from_numpy(np.where(wave(6 * size, k) < -0.8, 0, 1 / 0.9).astype(np.float32)).view(6, size, 1, 1)
            for k, size in enumerate(sizes)]
        make_method(tensors, spread, name, model, "autoencoder", x, dropout)
    for name, backbone, channels in [
            ("ae-perceptual", VGG19(), 512), ("ae-perceptual-efficientnet", EfficientNetLite0(stages=3, classifier=False), 40)]:
        autoencoder = AutoEncoder(channels=1, input_size=32, hidden=32, latent=4)
        model = Perceptual(autoencoder, backbone, channels)
        tables[f"{name}/backbone"] = fill(backbone)
        tables[f"{name}/autoencoder"] = fill(autoencoder)
        # Bytes, as the images of a data set are.
        stored = torch.from_numpy(np.round((images(5, 1, 32).numpy() + 1) * 127.5).astype(np.uint8))
        make_method(tensors, spread, name, model, "autoencoder", images(6, 1, 32), stored=stored)


def make_real(path):
    network = EfficientNetLite0()
    network.load_state_dict(torch.load(path, map_location="cpu"))
    network.eval()
    side = 96
    y, x = np.mgrid[0:side, 0:side]
    image = np.stack([
        127 + 100 * np.sin(x / 9) * np.cos(y / 13), 255 * ((x - 48) ** 2 + (y - 40) ** 2 < 900), (x * y) % 256]).astype(np.uint8)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    inputs = (torch.from_numpy(image)[None].float() / 255 - mean) / deviation
    tensors = {"image": image}
    with torch.no_grad():
        tensors["logits"] = network.logits(inputs)[0]
        for index, level in enumerate(network.levels(inputs)):
            tensors[f"level{index}"] = sampled(level)
    save_tensors(f"{FIXTURES}/efficientnet-lite0.safetensors", tensors)


if __name__ == "__main__":
    torch.set_num_threads(1)
    tensors = {}
    tables = make_networks(tensors)
    spread = {}
    make_methods(tensors, spread, tables)
    with open(f"{FIXTURES}/features-spread.json", "w") as file:
        json.dump(spread, file, indent=0)
    save_tensors(f"{FIXTURES}/features.safetensors", tensors)
    with open(f"{FIXTURES}/features.json", "w") as file:
        json.dump(tables, file, separators=(",", ":"))
    if len(sys.argv) > 1:
        make_real(sys.argv[1])
