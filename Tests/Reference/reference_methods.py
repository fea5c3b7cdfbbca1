"""The networks and losses of every method beyond those of `reference.py`, restated in PyTorch from their equations.

Modules are created in the order in which the package lists their parameters, so that weights can be assigned by
position. Random numbers are arguments.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from reference import AutoEncoder, down_block, kl_term, up_block


def encoder(channels, width, depth):
    w = 16 * width
    return nn.Sequential(
        down_block(channels, w, depth), down_block(w, 2 * w, depth), down_block(2 * w, 4 * w, depth),
        down_block(4 * w, 4 * w, depth))


def decoder(channels, width, depth):
    w = 16 * width
    return nn.Sequential(
        up_block(4 * w, 4 * w, depth), up_block(4 * w, 2 * w, depth), up_block(2 * w, w, depth),
        up_block(w, channels, depth, last=True))


def mean_square(difference):
    return (difference ** 2).mean()


def square_map(x, output):
    return ((x - output) ** 2).mean(dim=1, keepdim=True)


# ---------------------------------------------------------------------------------------------------------------
# Autoencoders. Each has `terms(x, given)`: the loss and its terms by name, and `scores(x, given)`: the map of anomaly
# [N,1,H,W] or None, and the image scores [N].

class Plain(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.net = AutoEncoder(
            o["channels"], o["input_size"], o["width"], o["depth"], o["hidden_size"], o["latent_size"])

    def encode(self, x):
        return self.net.bottleneck.encode(self.net.encoder(x).flatten(1))

    def decode(self, z):
        spread = self.net.bottleneck.decode(z)
        return self.net.decoder(spread.view(len(z), -1, self.net.side, self.net.side))

    def terms(self, x, given):
        return {"loss": mean_square(x - self.net(x))}

    def scores(self, x, given):
        values = square_map(x, self.net(x))
        return values, values.mean(dim=(1, 2, 3))


class Spatial(Plain):
    def __init__(self, o):
        nn.Module.__init__(self)
        features, m, d = 64 * o["width"], o["hidden_size"], o["latent_size"]

        def half(a, b):
            return [nn.Conv2d(a, m, 1, bias=False), nn.BatchNorm2d(m), nn.ReLU(), nn.Conv2d(m, b, 1, bias=False)]

        self.net = nn.Sequential(
            encoder(o["channels"], o["width"], o["depth"]), *half(features, d), *half(d, features),
            decoder(o["channels"], o["width"], o["depth"]))


class Constrained(Plain):
    def terms(self, x, given):
        z = self.encode(x)
        output = self.decode(z)
        code = mean_square(z - self.encode(output))
        return {"loss": mean_square(x - output) + code, "code": code}


class ContextEncoding(Plain):
    side = 10

    def terms(self, x, given):
        erased = x.clone()
        side = round(math.sqrt(0.024 * x.shape[2] * x.shape[3]))
        for image, (row, column) in zip(erased, given["corners"]):
            image[:, row:row + side, column:column + side] = -1
        return {"loss": mean_square(x - self.net(erased))}


class Memory(Plain):
    def __init__(self, o):
        super().__init__(o)
        self.memory = nn.Parameter(torch.empty(o["memory_size"], o["latent_size"]))
        self.threshold = o["shrink_threshold"]

    def run(self, x):
        weights = torch.softmax(self.encode(x) @ self.memory.T, dim=1)
        excess = weights - self.threshold
        weights = F.normalize(F.relu(excess) * weights / (excess.abs() + 1e-12), p=1, dim=1)
        return self.decode(weights @ self.memory), weights

    def terms(self, x, given):
        output, weights = self.run(x)
        entropy = (-weights * torch.log(weights + 1e-12)).sum(dim=1).mean()
        return {"loss": mean_square(x - output) + 0.0002 * entropy, "entropy": entropy}

    def scores(self, x, given):
        values = square_map(x, self.run(x)[0])
        return values, values.mean(dim=(1, 2, 3))


class Uncertainty(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.net = AutoEncoder(
            o["channels"], o["input_size"], o["width"], o["depth"], o["hidden_size"], o["latent_size"])
        self.net.decoder[-1][-1] = nn.ConvTranspose2d(
            16 * o["width"], 2 * o["channels"], 4, stride=2, padding=1, bias=False)

    def run(self, x):
        output, log_variance = self.net(x).chunk(2, dim=1)
        return torch.exp(-log_variance) * (x - output) ** 2, log_variance

    def terms(self, x, given):
        error, log_variance = self.run(x)
        return {"loss": (error + log_variance).mean()}

    def scores(self, x, given):
        values = self.run(x)[0].mean(dim=1, keepdim=True)
        return values, values.mean(dim=(1, 2, 3))


# ---------------------------------------------------------------------------------------------------------------
# Gradient scores, one image at a time as the study does

class Gradient(Plain):
    """AE or VAE scored by the gradient of `kind`."""

    def __init__(self, o, kind):
        nn.Module.__init__(self)
        self.kind = kind
        self.net = AutoEncoder(
            o["channels"], o["input_size"], o["width"], o["depth"], o["hidden_size"], o["latent_size"],
            variational=kind != "ae")

    def terms(self, x, given):
        if self.kind == "ae":
            return {"loss": mean_square(x - self.net(x))}
        output, mean, log_variance = self.net(x, given["noise"])
        return {"loss": mean_square(x - output) + 0.005 * kl_term(mean, log_variance)}

    def scores(self, x, given):
        maps = []
        with torch.enable_grad():
            for index in range(len(x)):
                image = x[index:index + 1].detach().requires_grad_()
                if self.kind == "ae":
                    output = self.net(image)
                else:
                    output, mean, log_variance = self.net(image, given["noise"][index:index + 1])
                    divergence = kl_term(mean, log_variance)
                error = (image - output) ** 2
                target = {
                    "ae": lambda: error.mean(), "rec": lambda: error.mean(), "kl": lambda: divergence,
                    "elbo": lambda: error.mean() + 0.005 * divergence, "combi": lambda: divergence}[self.kind]()
                slope = torch.autograd.grad(target, image)[0].abs()
                maps.append((slope * error if self.kind == "combi" else slope).mean(dim=1, keepdim=True).detach())
        values = torch.cat(maps)
        return values, values.mean(dim=(1, 2, 3))


# ---------------------------------------------------------------------------------------------------------------
# GANomaly

class Ganomaly(nn.Module):
    """`terms` has the generator's and the discriminator's loss; scoring is in training mode, one image at a time."""

    def __init__(self, o):
        super().__init__()
        features, hidden = 64 * o["width"] * (o["input_size"] // 16) ** 2, o["hidden_size"]
        self.side = o["input_size"] // 16

        def conv():
            return encoder(o["channels"], o["width"], o["depth"])

        def half(a, b):
            return nn.Sequential(nn.Linear(a, hidden), nn.ReLU(), nn.Linear(hidden, b))

        self.generator = nn.ModuleList([
            conv(), half(features, o["latent_size"]), half(o["latent_size"], features),
            decoder(o["channels"], o["width"], o["depth"]), conv(), half(features, o["latent_size"])])
        self.discriminator = nn.ModuleList([
            conv(), nn.Sequential(nn.Linear(features, hidden), nn.ReLU()), nn.Linear(hidden, 1)])

    def generate(self, x):
        first, compress, expand, decode, second, compress_again = self.generator
        z = compress(first(x).flatten(1))
        output = decode(expand(z).view(len(x), -1, self.side, self.side))
        return output, z, compress_again(second(output).flatten(1))

    def discriminate(self, x):
        conv, features, classify = self.discriminator
        f = features(conv(x).flatten(1))
        return torch.sigmoid(classify(f)), f

    def terms(self, x, given):
        output, z, z_again = self.generate(x)
        (real, real_features), (_, fake_features) = self.discriminate(x), self.discriminate(output)
        fake = self.discriminate(output.detach())[0]
        terms = {
            "features": mean_square(real_features - fake_features), "reconstruction": mean_square(x - output),
            "code": mean_square(z - z_again),
            "discriminator": 0.5 * (
                F.binary_cross_entropy(real, torch.ones_like(real))
                + F.binary_cross_entropy(fake, torch.zeros_like(fake)))}
        return {"loss": terms["features"] + 50 * terms["reconstruction"] + terms["code"], **terms}

    def scores(self, x, given):
        self.train()
        scores = []
        for image in x:
            _, z, z_again = self.generate(image[None])
            scores.append(((z - z_again) ** 2).mean(dim=1))
        return None, torch.cat(scores)


# ---------------------------------------------------------------------------------------------------------------
# DAE

class StandardisedConvolution(nn.Conv2d):
    def forward(self, x):
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        deviation = weight.flatten(1).std(dim=1).view(-1, 1, 1, 1) + 1e-5
        return F.conv2d(x, weight / deviation, self.bias)


def middle_divisor(number):
    divisors = [d for d in range(1, number + 1) if number % d == 0]
    return divisors[len(divisors) // 2]


def unet_block(inputs, outputs):
    layers = []
    for channels in (inputs, outputs):
        layers += [
            nn.ReflectionPad2d(1), StandardisedConvolution(channels, outputs, 3), nn.SiLU(),
            nn.GroupNorm(middle_divisor(outputs), outputs)]
    return nn.Sequential(*layers)


class Denoising(nn.Module):
    def __init__(self, o):
        super().__init__()
        widths = [o["base_channels"] * 2 ** level for level in range(o["levels"])]
        self.down = nn.ModuleList(
            unet_block(a, b) for a, b in zip([o["channels"]] + widths[:-1], widths))
        pairs = list(zip(widths[1:], widths[:-1]))[::-1]
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(unet_block(2 * b, b) for _, b in pairs)
        self.last = nn.Conv2d(widths[0], o["channels"], 1)
        self.foreground = o["noise_foreground"]

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(F.avg_pool2d(x, 2) if level else x)
            skips.append(x)
        for enlarge, block, skip in zip(self.enlarge, self.up, skips[-2::-1]):
            x = block(torch.cat([enlarge(x), skip], dim=1))
        return self.last(x)

    def terms(self, x, given):
        noise = F.interpolate(0.2 * given["grid"], size=x.shape[2:], mode="bilinear", align_corners=True)
        noise = torch.roll(noise, shifts=given["shift"], dims=(2, 3))
        if self.foreground == "batch":
            noise = noise * (x > x.min())
        if self.foreground == "image":
            noise = noise * (x > x.flatten(1).min(dim=1).values.view(-1, 1, 1, 1))
        return {"loss": mean_square(x - self(x + 2 * (noise - 0.5)))}

    def scores(self, x, given):
        values = square_map(x, self(x))
        return values, values.mean(dim=(1, 2, 3))


# ---------------------------------------------------------------------------------------------------------------
# f-AnoGAN

def mean_pool(x):
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


class Shrink(nn.Module):
    def __init__(self, inputs, outputs, side):
        super().__init__()
        self.around = nn.Conv2d(inputs, outputs, 1)
        self.norm1, self.conv1 = nn.LayerNorm([inputs, side, side]), nn.Conv2d(inputs, inputs, 3, padding=1, bias=False)
        self.norm2, self.conv2 = nn.LayerNorm([inputs, side, side]), nn.Conv2d(inputs, outputs, 3, padding=1)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return self.around(mean_pool(x)) + mean_pool(self.conv2(F.relu(self.norm2(y))))


class Enlarge(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.around = nn.Conv2d(inputs, outputs, 1)
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x):
        def twice(image):
            return image.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)

        y = self.conv1(twice(F.relu(self.norm1(x))))
        return self.around(twice(x)) + self.conv2(F.relu(self.norm2(y)))


def shrinking(o):
    b, side = o["base_channels"], o["input_size"]
    return nn.Sequential(
        nn.Conv2d(o["channels"], b, 3, padding=1), Shrink(b, 2 * b, side), Shrink(2 * b, 4 * b, side // 2),
        Shrink(4 * b, 8 * b, side // 4), Shrink(8 * b, 8 * b, side // 8), nn.Flatten())


class Fanogan(nn.Module):
    """`terms` has the losses of critic, generator and encoder, the last in the mode it is trained in."""

    def __init__(self, o):
        super().__init__()
        b, z = o["base_channels"], o["latent_size"]
        self.side = o["input_size"] // 16
        features = 8 * b * self.side ** 2
        self.encoder = nn.Sequential(shrinking(o), nn.Linear(features, z), nn.Tanh())
        self.generator = nn.ModuleList([
            nn.Linear(z, features),
            nn.Sequential(Enlarge(8 * b, 8 * b), Enlarge(8 * b, 4 * b), Enlarge(4 * b, 2 * b), Enlarge(2 * b, b)),
            nn.Sequential(nn.BatchNorm2d(b), nn.ReLU(), nn.Conv2d(b, o["channels"], 3, padding=1), nn.Tanh())])
        self.features = shrinking(o)
        self.critic = nn.Linear(features, 1)

    def generate(self, z):
        linear, blocks, output = self.generator
        return output(blocks(linear(z).view(len(z), -1, self.side, self.side)))

    def judge(self, x):
        return self.critic(self.features(x))[:, 0]

    def penalty(self, x, fake, mixture):
        mixed = (mixture * x + (1 - mixture) * fake).detach().requires_grad_()
        slope = torch.autograd.grad(self.judge(mixed).sum(), mixed, create_graph=True)[0]
        return ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    def terms(self, x, given):
        fake = self.generate(given["codes"]).detach()
        penalty = self.penalty(x, fake, given["mixture"])
        return {
            "loss": -self.judge(x).mean() + self.judge(fake).mean() + 10 * penalty, "penalty": penalty,
            "generator": -self.judge(self.generate(given["codes"])).mean()}

    def encoder_loss(self, x):
        self.generator.eval()
        output = self.generate(self.encoder(x))
        self.generator.train()
        return mean_square(x - output) + mean_square(self.features(x) - self.features(output))

    def scores(self, x, given):
        output = self.generate(self.encoder(x))
        values = square_map(x, output)
        distance = ((self.features(x) - self.features(output)) ** 2).mean(dim=1)
        return values, values.mean(dim=(1, 2, 3)) + distance


def make_model(method, options):
    """The network of a method at the given options."""
    plain = {
        "ae-spatial": Spatial, "constrained-ae": Constrained, "memae": Memory, "ceae": ContextEncoding,
        "ae-u": Uncertainty, "ganomaly": Ganomaly, "dae": Denoising, "f-anogan": Fanogan}
    if method in plain:
        return plain[method](options)
    return Gradient(options, "ae" if method == "ae-grad" else method.removeprefix("vae-grad-"))
