#!/usr/bin/env python3
"""Makes `methods.json` with PyTorch: every method of `reference_methods.py` on weights and images by formula, in double
precision. Run it without arguments.

    {"cases": [{
        "name", "method", "options", "weight_scale"     what is built, and the amplitude of its weights
        "images", "given"                               number of images; which random numbers there are
        "parameters": [{"shape", "kind"}]               in order; kinds as in models.json
        "scores", "map"                                 evaluation mode, before any step: each image's score, the map's
                                                        digest (GANomaly: training mode, one image at a time, no map)
        "terms": {NAME: value}                          training mode: the loss and its terms, f-AnoGAN's encoder last
        "gradients": [norm]                             of the loss that trains each parameter, in order
        "stepped": [{"places", "values"}]               elements of each parameter after one step of Adam, lr 1e-3: those
                                                        with the largest gradients, since Adam makes whole steps of what
                                                        is rounding noise in gradients that are truly zero
        "terms_after": {NAME: value}                    the terms of the same batch after that step
    }],
    "parameter_counts": {NAME: count}}                  at the study's sizes

A digest has the number of elements, their mean, root mean square and sum of x_i cos(0.7 i) / count, and 12 elements at
equal distances. Weights and images follow the formulas of models.json, the 0.2 there being `weight_scale`; images of
`dae` are cut off at 0.1 j - 0.5. `given`: noise [N,d] and codes [N,z] are 0.9 sin(1.7 i + 0.3), corners of image j are
(3 j + 1, 2 j), the grid [N,C,R,R] is 0.9 sin(1.7 i + 0.3), the shift (5, 9), the mixture [N,C,1,1] (0.3 + 0.17 i) mod 1.
"""

import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch

from reference import parameter_count
from reference_methods import make_model

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "AnomalyDetectionTests", "Fixtures")
BACKBONE = {"channels": 1, "input_size": 32, "latent_size": 4, "hidden_size": 16, "width": 1, "depth": 1}
COLOUR = {**BACKBONE, "channels": 3}
RESIDUAL = {"channels": 1, "input_size": 32, "latent_size": 6, "base_channels": 4}
UNET = {"channels": 1, "input_size": 32, "base_channels": 4, "levels": 3, "noise_resolution": 5}
CASES = [
    {"name": "ae-spatial", "options": BACKBONE},
    # Where no ReLU is so near its kink that single precision takes the other side, whatever the kernels.
    {"name": "constrained-ae", "options": BACKBONE, "images": 6, "weight_scale": 0.15},
    {"name": "memae", "options": {**BACKBONE, "memory_size": 5, "shrink_threshold": 0.0025}},
    {"name": "memae-shrunk", "options": {**BACKBONE, "memory_size": 5, "shrink_threshold": 0.15}},
    {"name": "ceae", "options": BACKBONE},
    {"name": "ae-u", "options": COLOUR},
    {"name": "ganomaly", "options": BACKBONE},
    {"name": "dae", "options": {**UNET, "noise_foreground": "batch"}},
    {"name": "dae-everywhere", "options": {**UNET, "noise_foreground": "none", "channels": 3, "base_channels": 6}},
    {"name": "dae-image", "options": {**UNET, "noise_foreground": "image"}},
    {"name": "f-anogan", "options": RESIDUAL, "weight_scale": 0.1},
    {"name": "ae-grad", "options": COLOUR, "images": 8},
    {"name": "vae-grad-rec", "options": BACKBONE, "images": 6},
    {"name": "vae-grad-kl", "options": BACKBONE, "images": 6},
    {"name": "vae-grad-elbo", "options": BACKBONE, "images": 6},
    {"name": "vae-grad-combi", "options": COLOUR, "images": 6},
]
STUDY = {"channels": 1, "input_size": 64, "latent_size": 16, "hidden_size": 1024, "width": 1, "depth": 1}


def round_to_single(values):
    return torch.from_numpy(np.asarray(values, dtype=np.float32).astype(np.float64))


def wave(count):
    return 0.9 * np.sin(1.7 * np.arange(count, dtype=np.float64) + 0.3)


def images(case):
    o = case["options"]
    shape = (o["channels"], o["input_size"], o["input_size"])
    i, j = np.arange(np.prod(shape), dtype=np.float64), np.arange(case["images"], dtype=np.float64)
    values = 0.8 * np.sin(0.05 * i[None] + 0.7 * j[:, None])
    if case["method"] == "dae":
        values = np.maximum(values, 0.1 * j[:, None] - 0.5)
    return round_to_single(values).view(case["images"], *shape)


def given_numbers(case):
    o, n = case["options"], case["images"]
    result = {}
    if case["method"].startswith("vae"):
        result["noise"] = round_to_single(wave(n * o["latent_size"])).view(n, -1)
    if case["method"] == "ceae":
        result["corners"] = [(3 * j + 1, 2 * j) for j in range(n)]
    if case["method"] == "dae":
        r = o["noise_resolution"]
        result["grid"] = round_to_single(wave(n * o["channels"] * r * r)).view(n, o["channels"], r, r)
        result["shift"] = (5, 9)
    if case["method"] == "f-anogan":
        result["codes"] = round_to_single(wave(n * o["latent_size"])).view(n, -1)
        count = n * o["channels"]
        result["mixture"] = round_to_single((0.3 + 0.17 * np.arange(count)) % 1).view(n, o["channels"], 1, 1)
    return result


def kinds_of(model):
    """`norm_weight` or `norm_bias` of a normalisation, `weight` or `bias` of another layer, in order."""
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.GroupNorm, torch.nn.LayerNorm)
    kinds = []
    for module in model.modules():
        names = [name for name, _ in module.named_parameters(recurse=False)]
        kinds += [("norm_" if isinstance(module, norms) else "") + name for name in names]
    return kinds


def ordered_parameters(model):
    """Parameters with their kinds, layer by layer; PyTorch lists a module's own ones first, as the package does but for
    MemAE's memory, which comes last."""
    pairs = list(zip(model.parameters(), kinds_of(model)))
    if hasattr(model, "memory"):
        pairs = pairs[1:] + [(pairs[0][0], "weight")]
    return pairs


def assign(parameters, scale):
    with torch.no_grad():
        for k, (parameter, kind) in enumerate(parameters):
            i = np.arange(parameter.numel(), dtype=np.float64)
            values = np.sin(0.37 * i + 1.3 * k + 0.5327 * i * i)
            values = {"norm_weight": 1 + 0.1 * values, "norm_bias": 0.1 * values}.get(kind, scale * values)
            parameter.copy_(round_to_single(values).view(parameter.shape))


def digest(values):
    flat = values.detach().flatten()
    i = torch.arange(len(flat), dtype=torch.float64)
    places = [k * (len(flat) - 1) // 11 for k in range(12)]
    return {
        "count": len(flat), "mean": flat.mean().item(), "rms": flat.square().mean().sqrt().item(),
        "wave": (flat * torch.cos(0.7 * i)).mean().item(), "elements": [flat[k].item() for k in places]}


def losses_by_parameters(model, method, terms, x):
    """(loss, its parameters) in the order in which they are stepped."""
    if method == "ganomaly":
        return [(terms["loss"], list(model.generator.parameters())),
                (terms["discriminator"], list(model.discriminator.parameters()))]
    if method == "f-anogan":
        critic = list(model.features.parameters()) + list(model.critic.parameters())
        return [(terms["loss"], critic), (terms["generator"], list(model.generator.parameters())),
                (terms["encoder"], list(model.encoder.parameters()))]
    return [(terms["loss"], list(model.parameters()))]


def all_terms(model, method, x, given):
    terms = model.terms(x, given)
    if method == "f-anogan":
        terms["encoder"] = model.encoder_loss(x)
    return terms


def run(case):
    torch.manual_seed(0)
    case = {"images": 3, "weight_scale": 0.2, "method": case["name"].split("-shrunk")[0].split("-everywhere")[0].split("-image")[0], **case}
    method = case["method"]
    model = make_model(method, case["options"]).double()
    parameters = ordered_parameters(model)
    assign(parameters, case["weight_scale"])
    x, given = images(case), given_numbers(case)

    model.eval()
    with torch.no_grad():
        values, scores = model.scores(x, given)
    # Scoring in training mode has moved the running statistics, which nothing here reads any more.
    model.train()
    terms = all_terms(model, method, x, given)
    gradients = {}
    for loss, members in losses_by_parameters(model, method, terms, x):
        for parameter, gradient in zip(members, torch.autograd.grad(loss, members, retain_graph=True)):
            gradients[parameter] = gradient
    optimiser = torch.optim.Adam([parameter for parameter, _ in parameters], lr=1e-3)
    for parameter, _ in parameters:
        parameter.grad = gradients[parameter]
    optimiser.step()
    strongest = max(gradient.abs().max().item() for gradient in gradients.values())
    stepped = []
    for parameter, _ in parameters:
        slope = gradients[parameter].flatten().abs()
        chosen = torch.argsort(slope, descending=True)[:3].tolist()
        # Of a gradient that is mostly rounding noise, or not far above its epsilon, Adam makes a step of any size.
        chosen = [place for place in chosen if slope[place] > max(1e-4 * strongest, 1e-5)]
        stepped.append({"places": chosen, "values": [parameter.detach().flatten()[place].item() for place in chosen]})
    after = all_terms(model, method, x, given)
    return {
        **case, "given": sorted(given),
        "parameters": [{"shape": list(parameter.shape), "kind": kind} for parameter, kind in parameters],
        "scores": scores.tolist(), "map": None if values is None else digest(values),
        "terms": {name: value.item() for name, value in terms.items()},
        "gradients": [gradients[parameter].norm().item() for parameter, _ in parameters],
        "stepped": stepped, "terms_after": {name: value.item() for name, value in after.items()}}


def study_counts():
    def count(method, **options):
        return parameter_count(make_model(method, {**STUDY, **options}))

    unet = {"base_channels": 64, "levels": 5, "noise_foreground": "none"}
    return {
        "ae-spatial": count("ae-spatial"), "ae-spatial m=64 d=1": count("ae-spatial", hidden_size=64, latent_size=1),
        "ae-spatial m=64 d=2": count("ae-spatial", hidden_size=64, latent_size=2),
        "constrained-ae": count("constrained-ae"),
        "memae": count("memae", memory_size=25, shrink_threshold=0.0025), "ceae": count("ceae"),
        "ae-u": count("ae-u"), "ae-u rgb": count("ae-u", channels=3), "ganomaly": count("ganomaly"),
        "dae": count("dae", **unet), "dae rgb": count("dae", channels=3, **unet),
        "f-anogan": count("f-anogan", base_channels=64, latent_size=128), "ae-grad": count("ae-grad"),
        **{f"vae-grad-{kind}": count(f"vae-grad-{kind}") for kind in ("rec", "kl", "elbo", "combi")}}


def rounded(value):
    """Ten digits are plenty for numbers that are compared to five or six."""
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(part) for part in value]
    return value


if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = ",\n".join(json.dumps(rounded(run(case)), separators=(",", ":")) for case in CASES)
    with open(f"{FIXTURES}/methods.json", "w") as file:
        file.write(f'{{"cases": [\n{rows}\n],\n"parameter_counts": {json.dumps(study_counts())}\n}}\n')
