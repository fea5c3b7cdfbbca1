"""What the makers of fixtures and the bench share: the autoencoder in PyTorch, the losses, and tensor files.

This restates the package's own networks and losses with ordinary PyTorch modules, so that the Swift code can be
compared with an independent implementation. Needs numpy and torch (1.13 or 2.x) only.

Order of construction, and so of `parameters()`: convolutional encoder, bottleneck, decoder; within a layer the
weight comes before the bias. Every module keeps PyTorch's default initialisation.
"""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ---------------------------------------------------------------------------------------------------------------
# Tensor files (safetensors)

_DTYPES = {"F32": np.dtype("<f4"), "I64": np.dtype("<i8"), "U8": np.dtype("u1")}


def save_tensors(path, tensors):
    """Writes a dictionary of tensors or arrays: header length, JSON header padded with spaces, raw data."""
    header, chunks, offset = {}, [], 0
    for name, value in tensors.items():
        array = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)
        code = {"f": "F32", "i": "I64", "u": "U8"}[array.dtype.kind]
        # Not numpy's ascontiguousarray: that turns a scalar into a vector.
        data = array.astype(_DTYPES[code]).tobytes(order="C")
        header[name] = {
            "dtype": code, "shape": list(array.shape), "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(chunks))


def load_tensors(path):
    """Reads a tensor file into a dictionary of torch tensors."""
    with open(path, "rb") as file:
        content = file.read()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        array = np.frombuffer(content[start + first:start + last], dtype=_DTYPES[entry["dtype"]])
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return tensors


# ---------------------------------------------------------------------------------------------------------------
# Networks

def _convolution(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def down_block(inputs, outputs, depth):
    layers = [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    for _ in range(depth - 1):
        layers += _convolution(outputs, outputs)
    return nn.Sequential(*layers)


def up_block(inputs, outputs, depth, last=False):
    layers = []
    for _ in range(depth - 1):
        layers += _convolution(inputs, inputs)
    layers.append(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False))
    if not last:
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class Bottleneck(nn.Module):
    """Features to code and back; a variational one has a code of two halves, mean and logarithm of the variance."""

    def __init__(self, features, hidden, latent, variational):
        super().__init__()
        code = 2 * latent if variational else latent
        self.encode = nn.Sequential(
            nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decode = nn.Sequential(
            nn.Linear(latent, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, features))


class AutoEncoder(nn.Module):
    """The benchmark's autoencoder. `width` multiplies the 16 channels after the first block."""

    def __init__(self, channels=1, input_size=64, width=1, depth=1, hidden=1024, latent=16, variational=False):
        super().__init__()
        w, self.side, self.variational = 16 * width, input_size // 16, variational
        self.features = 4 * w * self.side ** 2
        self.encoder = nn.Sequential(
            down_block(channels, w, depth), down_block(w, 2 * w, depth),
            down_block(2 * w, 4 * w, depth), down_block(4 * w, 4 * w, depth))
        self.bottleneck = Bottleneck(self.features, hidden, latent, variational)
        self.decoder = nn.Sequential(
            up_block(4 * w, 4 * w, depth), up_block(4 * w, 2 * w, depth),
            up_block(2 * w, w, depth), up_block(w, channels, depth, last=True))

    def forward(self, x, noise=None):
        """The reconstruction; of a variational network also mean and log variance. `noise` replaces the draw."""
        code = self.bottleneck.encode(self.encoder(x).flatten(1))
        mean = log_variance = None
        if self.variational:
            mean, log_variance = code.chunk(2, dim=1)
            if noise is None:
                noise = torch.randn_like(mean)
            code = mean + torch.exp(0.5 * log_variance) * noise
        spread = self.bottleneck.decode(code)
        output = self.decoder(spread.view(len(x), -1, self.side, self.side))
        return (output, mean, log_variance) if self.variational else output


# ---------------------------------------------------------------------------------------------------------------
# Losses and score maps

def dissimilarity(x, y, size=11, sigma=1.5):
    """1 - SSIM of images in [-1, 1], per channel and without padding, so each side shrinks by 10."""
    x, y = (((image + 1) / 2).clamp(0, 1) for image in (x, y))
    channels = x.shape[1]
    offsets = torch.arange(size, dtype=x.dtype) - size // 2
    window = torch.exp(-offsets ** 2 / (2 * sigma ** 2))
    window = window / window.sum()
    rows = window.view(1, 1, size, 1).repeat(channels, 1, 1, 1)
    columns = window.view(1, 1, 1, size).repeat(channels, 1, 1, 1)

    def blur(image):
        return F.conv2d(F.conv2d(image, rows, groups=channels), columns, groups=channels)

    mean_x, mean_y = blur(x), blur(y)
    variance_x = blur(x * x) - mean_x ** 2
    variance_y = blur(y * y) - mean_y ** 2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x ** 2 + mean_y ** 2 + c1) * (variance_x + variance_y + c2))
    return 1 - similarity


def resize(image, side):
    return F.interpolate(image, size=(side, side), mode="bilinear", align_corners=False)


def kl_term(mean, log_variance):
    """Mean over batch and code dimensions."""
    return (-0.5 * (1 + log_variance - mean ** 2 - log_variance.exp())).mean()


def training_loss(method, model, x, noise=None):
    """The loss of `ae`, `ae-l1`, `ae-ssim` or `vae`, and the reconstruction."""
    if method == "vae":
        output, mean, log_variance = model(x, noise)
        return ((x - output) ** 2).mean() + 0.005 * kl_term(mean, log_variance), output
    output = model(x)
    if method == "ae":
        return ((x - output) ** 2).mean(), output
    if method == "ae-l1":
        return (x - output).abs().mean(), output
    if method == "ae-ssim":
        return dissimilarity(x, output).mean(), output
    raise ValueError(f"unknown method {method}")


def score_map(method, model, x, noise=None):
    """The map of anomaly, mean over channels: [N, 1, H, W]. The image score is the mean of it."""
    output = model(x, noise)[0] if method == "vae" else model(x)
    if method == "ae-l1":
        values = (x - output).abs()
    elif method == "ae-ssim":
        values = resize(dissimilarity(x, output), x.shape[-1])
    else:
        values = (x - output) ** 2
    return values.mean(dim=1, keepdim=True)


# ---------------------------------------------------------------------------------------------------------------
# Directories that a Swift program prepared for the bench's parity.py and bench.py

def read_directory(path):
    """The manifest, and the tensors of `initial.safetensors` and `data.safetensors`."""
    with open(f"{path}/manifest.json") as file:
        manifest = json.load(file)
    return manifest, load_tensors(f"{path}/initial.safetensors"), load_tensors(f"{path}/data.safetensors")


def model_from(manifest, initial):
    """The network that the manifest describes, with the given weights.

    `parameters` lists names in construction order; they are assigned by order, and shapes must agree. The optional
    list `buffers` does the same for running means and variances; without it these start at 0 and 1.
    """
    model = AutoEncoder(
        channels=manifest["channels"], input_size=manifest["input_size"], width=manifest["width"],
        depth=manifest["depth"], hidden=manifest["hidden_size"], latent=manifest["latent_size"],
        variational=manifest["method"] == "vae")
    buffers = [(name, value) for name, value in model.named_buffers() if not name.endswith("num_batches_tracked")]
    _assign(list(model.named_parameters()), manifest["parameters"], initial)
    if manifest.get("buffers"):
        _assign(buffers, manifest["buffers"], initial)
    return model


def _assign(targets, names, tensors):
    if len(targets) != len(names):
        raise SystemExit(f"the network has {len(targets)} tensors, the manifest names {len(names)}")
    with torch.no_grad():
        for (name, target), source in zip(targets, names):
            if target.shape != tensors[source].shape:
                raise SystemExit(f"{name} is {list(target.shape)}, {source} is {list(tensors[source].shape)}")
            target.copy_(tensors[source])


def images_from(pixels):
    """Bytes to numbers in [-1, 1]."""
    return (pixels.float() / 255 - 0.5) / 0.5


def parameter_count(model):
    return sum(math.prod(parameter.shape) for parameter in model.parameters())
