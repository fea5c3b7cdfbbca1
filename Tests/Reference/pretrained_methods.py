"""Methods that train on, or fit, features of a pretrained network, restated with ordinary PyTorch modules.

Levels are those of `feature_networks.py` at 1/4, 1/8 and 1/16 of the side. Needs torch (1.13 or 2.x), numpy and SciPy.
"""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import nn

from feature_networks import Block


def halving(inputs, outputs):
    return [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


class Embedding(nn.Module):
    """Reverse distillation's fusion and one-class embedding."""

    def __init__(self, channels, width):
        super().__init__()
        a, b, c = channels
        inner = c // 2 * width // 64
        self.fine = nn.Sequential(*halving(a, b), *halving(b, c))
        self.middle = nn.Sequential(*halving(b, c))
        self.blocks = nn.Sequential(
            Block(3 * c, inner, 2 * c, True, 2), Block(2 * c, inner, 2 * c, True, 1), Block(2 * c, inner, 2 * c, True, 1))

    def forward(self, levels):
        return self.blocks(torch.cat([self.fine(levels[0]), self.middle(levels[1]), levels[2]], 1))


class Doubling(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        width = outputs // 2
        self.main = nn.Sequential(
            nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, width, 2, stride=2, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        self.shortcut = nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return F.relu(self.main(x) + self.shortcut(x))


class Decoder(nn.Module):
    def __init__(self, channels, outputs=0):
        super().__init__()
        stages, inputs = [], 2 * channels[2]
        for size, count in zip(channels[::-1], (3, 4, 6)):
            stages.append(nn.Sequential(
                Doubling(inputs, size), *[Block(size, size // 2, size, True, 1) for _ in range(count - 1)]))
            inputs = size
        self.stages = nn.ModuleList(stages)
        self.heads = nn.ModuleList([nn.Conv2d(size, size, 1) for _ in range(outputs) for size in channels[::-1]])

    def forward(self, code):
        levels = []
        for stage in self.stages:
            code = stage(code)
            levels.append(code)
        return levels[::-1]

    def outputs(self, code):
        levels, count = self(code)[::-1], len(code) // 2
        return [
            [self.heads[3 * half + i](level[half * count:(half + 1) * count]) for i, level in enumerate(levels)][::-1]
            for half in range(2)]


def flat_distance(a, b):
    return sum((1 - F.cosine_similarity(x.flatten(1), y.flatten(1), dim=1)).mean() for x, y in zip(a, b))


def cosine_map(a, b, side):
    return sum(
        F.interpolate((1 - F.cosine_similarity(x, y, dim=1))[:, None], size=(side, side), mode="bilinear", align_corners=True)
        for x, y in zip(a, b))


def smoothed(maps, deviation):
    rows = [gaussian_filter(image, deviation) for image in maps.detach().numpy()[:, 0]]
    return torch.from_numpy(np.stack(rows))[:, None]


class RD(nn.Module):
    def __init__(self, backbone, channels, width):
        super().__init__()
        self.backbone, self.embedding, self.decoder = backbone, Embedding(channels, width), Decoder(channels)

    def levels(self, x):
        with torch.no_grad():
            return self.backbone.levels(x)[-3:]

    def train(self, mode=True):
        super().train(mode)
        self.backbone.eval()
        return self

    def loss(self, x):
        levels = self.levels(x)
        return flat_distance(levels, self.decoder(self.embedding(levels)))

    def map(self, x):
        levels = self.levels(x)
        return cosine_map(levels, self.decoder(self.embedding(levels)), x.shape[-1])

    def optimiser_groups(self):
        return [torch.optim.Adam([*self.embedding.parameters(), *self.decoder.parameters()], lr=5e-3, betas=(0.5, 0.999))]


class Projection(nn.Module):
    def __init__(self, c):
        super().__init__()
        layers = []
        for a, b in [(c, c // 2), (c // 2, c // 4), (c // 4, c // 2), (c // 2, c)]:
            layers += [nn.Conv2d(a, b, 3, padding=1), nn.InstanceNorm2d(b), nn.LeakyReLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x)


class RDPlusPlus(RD):
    """Its `x` is a pair: images as they are and with noise."""

    def __init__(self, backbone, channels, width):
        super().__init__(backbone, channels, width)
        self.projections = nn.ModuleList([Projection(c) for c in channels])

    def projected(self, levels):
        return [projection(level) for projection, level in zip(self.projections, levels)]

    def loss(self, x):
        clean, noisy = self.levels(x[0]), self.levels(x[1])
        wanted, given = self.projected(clean), self.projected(noisy)
        total = flat_distance(clean, self.decoder(self.embedding(wanted)))
        for raw, p, q in zip(noisy, wanted, given):
            reconstruction = (1 - F.cosine_similarity(q, p, dim=1)).mean()
            likeness = F.cosine_similarity(raw.flatten(1), p.flatten(1), dim=1)
            contrast = F.cosine_embedding_loss(
                raw.flatten(1), p.flatten(1), -torch.ones(len(raw), dtype=raw.dtype), margin=0.5)
            assert torch.allclose(contrast, (likeness - 0.5).clamp(min=0).mean())
            total = total + 0.2 * (0.01 * reconstruction + 0.1 * contrast) / 1.11
        return total

    def map(self, x):
        levels = self.levels(x)
        return cosine_map(levels, self.decoder(self.embedding(self.projected(levels))), x.shape[-1])

    def optimiser_groups(self):
        return [
            torch.optim.Adam(self.projections.parameters(), lr=1e-3, betas=(0.5, 0.999)),
            *super().optimiser_groups()]


class ReContrast(nn.Module):
    def __init__(self, encoder, frozen, channels, width):
        super().__init__()
        self.encoder, self.frozen = encoder, frozen
        self.embedding, self.decoder = Embedding(channels, width), Decoder(channels, outputs=2)
        self.hardness = -3.0

    def train(self, mode=True):
        super().train(mode)
        self.frozen.eval()
        return self

    def both(self, x):
        with torch.no_grad():
            fixed = self.frozen.levels(x)[-3:]
        trained = self.encoder.levels(x)[-3:]
        outputs = self.decoder.outputs(self.embedding([torch.cat(pair) for pair in zip(trained, fixed)]))
        return [(fixed, outputs[0]), (trained, outputs[1])]

    def loss(self, x):
        total = 0
        for wanted, given in self.both(x):
            wanted = [level.detach() for level in wanted]
            for a, b in zip(wanted, given):
                distance = (1 - F.cosine_similarity(a, b.detach(), dim=1))[:, None]
                easy = distance < distance.mean() + self.hardness * distance.std()
                b.register_hook(lambda gradient, easy=easy: torch.where(easy, torch.zeros_like(gradient), gradient))
            total = total + flat_distance(wanted, given) / 2
        return total

    def map(self, x):
        return sum(cosine_map(a, b, x.shape[-1]) for a, b in self.both(x))

    def optimiser_groups(self):
        return [torch.optim.AdamW([
            {"params": self.encoder.parameters(), "lr": 1e-5},
            {"params": [*self.embedding.parameters(), *self.decoder.parameters()]}], lr=2e-3, weight_decay=1e-5)]


class STFPM(nn.Module):
    def __init__(self, student, teacher):
        super().__init__()
        self.student, self.teacher = student, teacher

    def train(self, mode=True):
        super().train(mode)
        self.teacher.eval()
        return self

    def distances(self, x):
        with torch.no_grad():
            wanted = self.teacher.levels(x)[-3:]
        return [
            (F.normalize(t, dim=1) - F.normalize(s, dim=1)).pow(2).sum(1, keepdim=True)
            for t, s in zip(wanted, self.student.levels(x)[-3:])]

    def loss(self, x):
        return sum(level.mean() for level in self.distances(x))

    def map(self, x):
        levels = self.distances(x)
        side = levels[0].shape[-1]
        product = 1
        for level in levels:
            product = product * F.interpolate(level, size=(side, side), mode="bilinear", align_corners=False)
        return F.interpolate(product, size=x.shape[-2:], mode="bilinear", align_corners=False)

    def optimiser_groups(self):
        return [torch.optim.SGD(self.student.parameters(), lr=0.4, momentum=0.9, weight_decay=1e-4)]


class PANDA(nn.Module):
    def __init__(self, backbone, classes=1000):
        super().__init__()
        self.backbone = backbone
        backbone.fc = nn.Linear(512, classes)
        for name, parameter in backbone.named_parameters():
            parameter.requires_grad_(name.startswith(("layer3.", "layer4.")))

    def train(self, mode=True):
        return super().train(False)

    def pooled(self, x):
        return self.backbone.levels(x)[-1].mean((2, 3))

    def trained(self):
        return [p for p in self.backbone.parameters() if p.requires_grad]

    def fit(self, x, draws):
        self.eval()
        with torch.no_grad():
            self.centre = self.pooled(x).mean(0)
        self.start = [p.detach().clone() for p in self.trained()]
        self.fisher = [torch.zeros_like(p) for p in self.trained()]
        for image, draw in zip(x, draws):
            p = self.backbone.fc(self.pooled(image[None])).softmax(1)[0]
            y = int(torch.searchsorted(p.detach().cumsum(0), draw * p.detach().sum(), right=True))
            for entry, slope in zip(self.fisher, torch.autograd.grad(p[y].log(), self.trained())):
                entry += slope ** 2 / len(x)

    def loss(self, x):
        f = self.pooled(x)
        compactness = ((f - self.centre) ** 2).sum(1).mean() / f.shape[1]
        return compactness + 1e4 * sum(
            (f * (w - w0) ** 2).sum() for f, w, w0 in zip(self.fisher, self.trained(), self.start)) / 2


class MSC(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone

    def train(self, mode=True):
        return super().train(False)

    def features(self, x):
        return F.normalize(self.backbone.levels(x)[-1].mean((2, 3)), dim=1)

    def fit(self, x):
        with torch.no_grad():
            self.centre = self.features(x).mean(0)

    def loss(self, x, temperature=0.25):
        count = len(x) // 2
        z = F.normalize(torch.cat([self.features(x[:count]), self.features(x[count:])]) - self.centre, dim=1)
        similarities = torch.exp(z @ z.t() / temperature)
        positives = torch.exp((z[:count] * z[count:]).sum(1) / temperature).repeat(2)
        others = similarities.sum(1) - similarities.diagonal()
        return -(positives / others).log().mean()

    def optimiser_groups(self):
        return [torch.optim.SGD(self.backbone.parameters(), lr=1e-3, weight_decay=5e-5)]


class SimpleNet(nn.Module):
    """On patches as they come; its `x` is a pair: patches and the noise of the abnormal ones."""

    def __init__(self, width, hidden):
        super().__init__()
        self.adaptor = nn.Linear(width, width)
        self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.LeakyReLU(0.2))
        self.output = nn.Linear(hidden, 1, bias=False)

    def scores(self, patches):
        return -self.output(self.hidden(self.adaptor(patches)))[:, 0]

    def loss(self, x):
        adapted = self.adaptor(x[0])
        scores = self.output(self.hidden(torch.cat([adapted, adapted + x[1]])))
        normal, abnormal = scores[:len(adapted)], scores[len(adapted):]
        return torch.clip(0.5 - normal, min=0).mean() + torch.clip(0.5 + abnormal, min=0).mean()

    def optimiser_groups(self):
        return [
            torch.optim.AdamW(self.adaptor.parameters(), lr=1e-4),
            torch.optim.Adam([*self.hidden.parameters(), *self.output.parameters()], lr=2e-4, weight_decay=1e-5)]


# ---------------------------------------------------------------------------------------------------------------
# OpenSimplex noise, every value as the sum over all near lattice points.

GRADIENTS = np.array([
    row for z in (1, -1) for y in (1, -1) for x in (-1, 1)
    for row in ((11 * x, 4 * y, 4 * z), (4 * x, 11 * y, 4 * z), (4 * x, 4 * y, 11 * z))], dtype=np.float64)


def simplex_permutation(seed):
    mask = (1 << 64) - 1

    def advance(state):
        return (state * 6364136223846793005 + 1442695040888963407) & mask

    state = seed & mask
    for _ in range(3):
        state = advance(state)
    source, permutation = list(range(256)), [0] * 256
    for i in range(255, -1, -1):
        state = advance(state)
        signed = state - (1 << 64) if state >> 63 else state
        pick = (signed + 31) % (i + 1)
        permutation[i] = source[pick]
        source[pick] = source[i]
    return permutation


def simplex(permutation, point):
    point = np.asarray(point, dtype=np.float64)
    base = np.floor(point - point.sum() / 6).astype(int)
    total = 0.0
    for offset in np.ndindex(4, 4, 4):
        lattice = base + np.array(offset) - 1
        d = point - lattice - lattice.sum() / 3
        rest = 2 - d @ d
        if rest > 0:
            a, b, c = (int(v) for v in lattice)
            entry = permutation[(permutation[(permutation[a & 255] + b) & 255] + c) & 255] % 24
            total += rest ** 4 * (GRADIENTS[entry] @ d)
    return total / 103


def fractal(permutation, shape, octaves=6, persistence=0.6, wavelength=32):
    result = np.zeros(shape)
    for z, y, x in np.ndindex(*shape):
        for k in range(octaves):
            scale = 2 ** k / wavelength
            result[z, y, x] += persistence ** k * simplex(permutation, (x * scale, y * scale, z * scale))
    return result
