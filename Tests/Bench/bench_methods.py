#!/usr/bin/env python3
"""Measures how many images a second PyTorch trains and scores with a method's equations restated the usual way.

    bench_methods.py MANIFEST

The manifest gives "method", "options" (channels, input_size, ... as the job has them), "threads", "batch_size",
"steps", "images" to score and "learning_rate". Images are random: only the time matters. One step before the timed ones is not timed.
Gradient scores and GANomaly are scored one image at a time, as the study does. Prints
{"training": images a second, "scoring": images a second}.
"""

import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Reference"))

import torch

from feature_networks import FAE, EfficientNetLite0, Perceptual, ResNet, VGG19
from reference import AutoEncoder, score_map, training_loss
from reference_methods import make_model

PLAIN = ("ae", "ae-l1", "ae-ssim", "vae")


def backbone_channels(name):
    return {"resnet18": 256, "efficientnet-lite0": 80}[name]


class Restated:
    """A method with one way to train a batch and one to score it."""

    def __init__(self, method, o):
        self.method, self.o = method, o
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
            return {"noise": torch.randn(n, o["latent_size"])}
        if method == "ceae":
            side = o["input_size"]
            return {"corners": torch.randint(0, side - side // 6, (n, 2)).tolist()}
        if method == "dae":
            return {"grid": torch.randn(n, o["channels"], o["noise_resolution"], o["noise_resolution"]),
                    "shift": tuple(torch.randint(0, o["input_size"], (2,)).tolist())}
        if method == "f-anogan":
            return {"codes": torch.randn(n, o["latent_size"]), "mixture": torch.rand(n, 1, 1, 1)}
        return {}

    def step(self, x, number):
        model = self.model
        if self.method in PLAIN:
            losses = [training_loss(self.method, model, x)[0]]
        elif hasattr(model, "loss"):
            losses = [model.loss(x)]
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


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        manifest = json.load(file)
    torch.set_num_threads(manifest["threads"])
    torch.manual_seed(0)
    options = {**manifest["options"], "learning_rate": manifest["learning_rate"]}
    method = Restated(manifest["method"], options)
    size, batch = options["input_size"], manifest["batch_size"]
    x = torch.rand(batch, options["channels"], size, size) * 2 - 1
    method.model.train()
    if isinstance(method.model, Perceptual):
        method.model.backbone.eval()
    method.step(x, 0)
    start = time.perf_counter()
    for number in range(manifest["steps"]):
        method.step(x, number)
    training = manifest["steps"] * batch / (time.perf_counter() - start)

    method.model.eval()
    with torch.no_grad():
        test = torch.rand(manifest["images"], options["channels"], size, size) * 2 - 1
        method.score(test[:2])
        start = time.perf_counter()
        for part in test.split(64):
            method.score(part)
        scoring = len(test) / (time.perf_counter() - start)
    print(json.dumps({"training": training, "scoring": scoring}))


if __name__ == "__main__":
    main()
