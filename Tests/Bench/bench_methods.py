#!/usr/bin/env python3
"""Measures how many images a second PyTorch trains and scores with a method's equations restated the usual way.

    bench_methods.py MANIFEST

The manifest gives "method", "options" (channels, input_size, ... as the job has them), "device", "threads", "batch_size",
"scoring_batch_size", "learning_rate", "images" to train on and "seconds" that each of the two measurements takes at least. Images
are random: only the time matters. One step and one batch before the timed ones are not timed. Gradient scores and GANomaly are scored one image at a
time, as the study does. A method that trains nothing is timed while it fits all of the images once.

Prints {"training": images a second, "scoring": images a second, "first_step": the time of day, in seconds, at the end of the first
step, "memory": the most bytes that the process had resident, "device_memory": the most bytes of a GPU's memory that tensors had}.
"""

import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

import torch
import torch.nn.functional as F

from feature_networks import FAE, EfficientNetLite0, Perceptual, ResNet, VGG19
from reference import AutoEncoder, score_map, training_loss
from reference_methods import make_model

PLAIN = ("ae", "ae-l1", "ae-ssim", "vae")


def backbone_channels(name):
    return {"resnet18": 256, "efficientnet-lite0": 80}[name]


class Restated:
    """A method with one way to train a batch and one to score it."""

    def __init__(self, method, o, device):
        self.method, self.o, self.device = method, o, device
        if method in PLAIN:
            self.model = AutoEncoder(
                o["channels"], o["input_size"], o["width"], o["depth"], o["hidden_size"], o["latent_size"],
                variational=method == "vae")
        elif method == "ae-perceptual":
            self.model = Perceptual(AutoEncoder(o["channels"], o["input_size"]), VGG19(), 512)
        elif method.startswith("fae"):
            name = o["backbone"]
            extractor = ResNet(name, stages=2) if name == "resnet18" else EfficientNetLite0(stages=3, classifier=False)
            self.model = FAE(extractor, backbone_channels(name), method)
        else:
            self.model = make_model(method, o)
            if method == "memae":
                torch.nn.init.uniform_(self.model.memory, -0.25, 0.25)
        self.model.to(device)

        def adam(*parts):
            return torch.optim.Adam(
                [p for part in parts for p in part.parameters() if p.requires_grad], lr=o["learning_rate"])

        if method == "ganomaly":
            self.optimisers = [adam(self.model.generator), adam(self.model.discriminator)]
        elif method == "f-anogan":
            self.optimisers = [adam(self.model.features, self.model.critic), adam(self.model.generator)]
        else:
            self.optimisers = [adam(self.model)]

    def given(self, n):
        o, method = self.o, self.method
        if method.startswith("vae"):
            return {"noise": torch.randn(n, o["latent_size"], device=self.device)}
        if method == "ceae":
            side = o["input_size"]
            return {"corners": torch.randint(0, side - side // 6, (n, 2)).tolist()}
        if method == "dae":
            return {"grid": torch.randn(n, o["channels"], o["noise_resolution"], o["noise_resolution"], device=self.device),
                    "shift": tuple(torch.randint(0, o["input_size"], (2,)).tolist())}
        if method == "f-anogan":
            return {"codes": torch.randn(n, o["latent_size"], device=self.device),
                    "mixture": torch.rand(n, 1, 1, 1, device=self.device)}
        return {}

    def step(self, x, number):
        model = self.model
        if self.method in PLAIN:
            losses = [training_loss(self.method, model, x)[0]]
        elif hasattr(model, "loss"):
            losses = [model.loss(x, self.dropout(len(x)))]
        elif self.method == "ganomaly":
            terms = model.terms(x, {})
            losses = [terms["loss"], terms["discriminator"]]
        elif self.method == "f-anogan":
            given = self.given(len(x))
            fake = model.generate(given["codes"]).detach()
            losses = [-model.judge(x).mean() + model.judge(fake).mean() + 10 * model.penalty(x, fake, given["mixture"])]
        else:
            losses = [model.terms(x, self.given(len(x)))["loss"]]
        self.minimise(losses)
        if self.method == "f-anogan" and (number + 1) % self.o["critic_steps"] == 0:
            optimiser = self.optimisers[1]
            optimiser.zero_grad(set_to_none=True)
            (-model.judge(model.generate(self.given(len(x))["codes"])).mean()).backward()
            optimiser.step()
        # What people watch.
        return losses[0].item()

    def dropout(self, n):
        """The factors of FAE's dropout, as nn.Dropout2d makes them."""
        if not self.method.startswith("fae") or self.o["dropout"] == 0:
            return None
        return [F.dropout2d(torch.ones(n, c, 1, 1, device=self.device), self.o["dropout"])
                for c in (100, 150, 200, 300, 200, 150, 100, backbone_channels(self.o["backbone"]))]

    def minimise(self, losses):
        if self.method == "ganomaly":
            # Both from one pass; the discriminator's weights take no part in the generator's step.
            generator = list(self.model.generator.parameters())
            discriminator = list(self.model.discriminator.parameters())
            slopes = torch.autograd.grad(losses[0], generator, retain_graph=True)
            slopes += torch.autograd.grad(losses[1], discriminator)
            for parameter, slope in zip(generator + discriminator, slopes):
                parameter.grad = slope
        else:
            self.optimisers[0].zero_grad(set_to_none=True)
            losses[0].backward()
        for optimiser in self.optimisers[:len(losses)]:
            optimiser.step()

    def score(self, x):
        if self.method in PLAIN:
            return score_map(self.method, self.model, x).mean(dim=(1, 2, 3))
        if hasattr(self.model, "loss"):
            return self.model.scores(x)[0]
        return self.model.scores(x, self.given(len(x)))[1]


# ---------------------------------------------------------------------------------------------------------------
# Methods that train nothing

class Density:
    """Pooled features of norm 1 of a pretrained network, and the Mahalanobis distance by scikit-learn's Ledoit-Wolf."""

    # Images that are looked at together while it is fitted.
    batch = 32

    def __init__(self, o, device):
        self.device, self.cropped = device, o["crop"] == "center"
        self.model = (EfficientNetLite0(stages=7, classifier=False) if o["backbone"] == "efficientnet-lite0"
                      else ResNet(o["backbone"], stages=4)).to(device)

    def features(self, x):
        if self.cropped:
            side = x.shape[3] * 7 // 8
            start = (x.shape[3] - side) // 2
            x = x[:, :, start:start + side, start:start + side]
        return F.normalize(self.model.levels(x)[-1].mean(dim=(2, 3)), dim=1).cpu().numpy()

    def fit(self, x):
        import numpy as np
        from scipy.linalg import pinvh
        from sklearn.covariance import LedoitWolf

        features = np.concatenate([self.features(part) for part in x.split(self.batch)]).astype(np.float64)
        self.mean, self.precision = features.mean(0), pinvh(LedoitWolf().fit(features).covariance_)

    def score(self, x):
        import numpy as np

        centred = self.features(x) - self.mean
        return np.sqrt(np.einsum("ni,ni->n", centred @ self.precision, centred))


class PatchCore:
    """Patches put together from two levels, a greedy coreset in a random projection, and the nearest neighbour by cdist."""

    batch = 16

    def __init__(self, o, device):
        self.o, self.device = o, device
        self.model = (EfficientNetLite0(stages=5, classifier=False) if o["backbone"] == "efficientnet-lite0"
                      else ResNet(o["backbone"], stages=3)).to(device)

    def patches(self, x):
        fine, coarse = self.model.levels(x)[-2:]
        fine, coarse = F.avg_pool2d(fine, 3, 1, 1), F.avg_pool2d(coarse, 3, 1, 1)
        coarse = F.interpolate(coarse, size=fine.shape[2:], mode="bilinear", align_corners=False)
        both = torch.cat([fine, coarse], 1)
        return both.permute(0, 2, 3, 1).reshape(-1, both.shape[1])

    def fit(self, x):
        features = torch.cat([self.patches(part) for part in x.split(self.batch)])
        count = min(self.o["coreset_limit"], max(1, int(self.o["coreset_fraction"] * len(features))))
        low = features @ torch.nn.Linear(features.shape[1], 128, bias=False).to(self.device).weight.T
        starts = torch.randperm(len(low), device=self.device)[:10]
        distances = torch.cdist(low, low[starts]).mean(dim=1)
        picks = []
        for _ in range(count):
            pick = distances.argmax()
            picks.append(pick)
            distances = torch.minimum(distances, torch.cdist(low, low[pick:pick + 1])[:, 0])
        self.bank = features[torch.stack(picks)]

    def score(self, x):
        from scipy.ndimage import gaussian_filter

        nearest = torch.cdist(self.patches(x), self.bank).min(dim=1).values ** 2
        grid = nearest.view(len(x), 1, x.shape[2] // 8, x.shape[3] // 8)
        maps = F.interpolate(grid, size=x.shape[2:], mode="bilinear", align_corners=False)
        if self.o["map_smoothing"] > 0:
            maps = [gaussian_filter(image[0], self.o["map_smoothing"]) for image in maps.cpu().numpy()]
        return maps, grid.amax(dim=(1, 2, 3))


def measure(manifest):
    device = torch.device(manifest["device"])
    options = {**manifest["options"], "learning_rate": manifest["learning_rate"]}
    name, size, batch = manifest["method"], options["input_size"], manifest["batch_size"]
    fitted = {"patchcore": PatchCore, "resnet18-imagenet": Density, "resnet152-imagenet": Density}.get(name)
    method = fitted(options, device) if fitted else Restated(name, options, device)

    def clock():
        # A GPU's work is over when it says so.
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def repeat(work):
        """Images a second of `work`, which returns how many it did."""
        start, images = clock(), 0
        while True:
            images += work()
            elapsed = clock() - start
            if elapsed >= manifest["seconds"]:
                return images / elapsed

    def random(count):
        return torch.rand(count, options["channels"], size, size, device=device) * 2 - 1

    if fitted:
        method.model.eval()
        x = random(manifest["images"])
        with torch.no_grad():
            method.model.levels(x[:method.batch])
            first_step = time.time()
            start = clock()
            method.fit(x)
            training = len(x) / (clock() - start)
    else:
        x = random(batch)
        method.model.train()
        if isinstance(method.model, Perceptual):
            method.model.backbone.eval()
        method.step(x, 0)
        first_step = time.time()
        number = 0

        def step():
            nonlocal number
            method.step(x, number)
            number += 1
            return batch

        training = repeat(step)

    method.model.eval()
    with torch.no_grad():
        test = random(manifest["scoring_batch_size"])
        method.score(test[:2] if not fitted else test)

        def score():
            method.score(test)
            return len(test)

        scoring = repeat(score)
    with open("/proc/self/status", encoding="utf-8") as status:
        memory = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) << 10
    return {"training": training, "scoring": scoring, "first_step": first_step, "memory": memory,
            "device_memory": torch.cuda.max_memory_allocated() if device.type == "cuda" else 0}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        manifest = json.load(file)
    torch.set_num_threads(manifest["threads"])
    if manifest["device"] != "cpu":
        # The restatements make their constants where they are asked for.
        torch.set_default_device(manifest["device"])
    torch.manual_seed(0)
    print(json.dumps(measure(manifest)))


if __name__ == "__main__":
    main()
