#!/usr/bin/env python3
"""Makes the numeric fixtures of AnomalyDetectionTests with PyTorch and scikit-learn. Run it without arguments.

Files
    ssim.safetensors     Structural dissimilarity. Cases `c1/` ([2,1,24,24]) and `c3/` ([2,3,20,20]):
                         x, y                inputs, some values outside [-1, 1]
                         map                 1 - SSIM, [2,C,S-10,S-10]
                         resized             the map resized to [2,C,S,S]
                         loss                mean of `map`, scalar
                         grad_y              derivative of the loss with respect to y
    models.safetensors   Whole networks with weights by formula; see models.json for cases, formulas and orders.
                         NAME/initial_map    score map before any step, evaluation mode (running means 0, variances
                                             1), mean over channels
                         NAME/initial_scores mean of each image's map
                         NAME/output         first forward pass, training mode
                         NAME/loss           its loss, scalar
                         NAME/grad_norms     Euclidean norm of each parameter's gradient of that loss, in order
                         NAME/losses         losses of 5 steps of Adam on that batch; the first equals `loss`, and
                                             the pass above is the first step's own (no extra update of statistics)
                         NAME/map            score map after the 5 steps, evaluation mode, mean over channels
                         NAME/scores         mean of each image's map
    models.json          {"formulas": {...}, "cases": [{"name", "method", "input_size", "channels", "latent_size",
                         "hidden_size", "width", "depth", "parameters": [{"name", "shape", "kind"}],
                         "spread": {...}}]}. `spread` is how far the stored values, and those of PyTorch's other
                         convolution kernels, lie from the same computation in double precision: largest difference
                         over largest magnitude. It is a floor for tolerances.
    metrics.json         {"cases": [{"name", "scores", "labels", "auc", "ap", and of one case "curve"}]}.
                         `curve` has roc_curve's fpr and tpr (no point dropped, first point 0, 0) and
                         precision_recall_curve's precision and recall (recall falls, last point 1, 0).
                         All scores are exact in single precision but those of `near-ties-double`.
    initialisation.safetensors  The first 16 values, in flat order, of each parameter of the autoencoder at its
                                defaults, made right after manual_seed(7); fewer where the tensor is smaller.
    initialisation.json         {"seed", "parameter_counts": {"ae", "vae", "ae_3_channels"},
                                "parameters": [{"name", "shape", "numel", "mean", "std", "min", "max"}]} in order of
                                construction; std divides by the count, all sums in double precision.

The biases of the two linear layers ahead of a batch norm have a derivative of zero; what is stored for them in
`grad_norms` is rounding noise, and Adam turns that noise into steps of full size. Outputs in training mode do not
notice; `map` and `scores` do, for the running means lag behind: compare them loosely, `initial_map` closely.
Between PyTorch 1.13 and 2.15 `map` and `scores` moved by up to 3 % in `ae-deep-colour`, elsewhere by up to 0.2 %;
`losses` by 7e-5 and 3e-7; `initial_map`, `output` and `grad_norms` by up to 1.3e-6.

The quadratic term of the weights' formula is there because weights along a plain sine are matrices of rank two,
whose networks are so badly conditioned that five steps amplify rounding to whole percents. Its factor was chosen
among some 850 for a small spread of all cases.
"""

import json
import os
import sys

sys.dont_write_bytecode = True

import numpy as np
import torch
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from reference import AutoEncoder, dissimilarity, parameter_count, resize, save_tensors, score_map, training_loss

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "AnomalyDetectionTests", "Fixtures")
INITIAL_SEED = 7


# ---------------------------------------------------------------------------------------------------------------
# SSIM

def make_ssim():
    tensors = {}
    for seed, (name, shape) in enumerate({"c1": (2, 1, 24, 24), "c3": (2, 3, 20, 20)}.items()):
        generator = torch.Generator().manual_seed(40 + seed)
        x = 0.5 * torch.randn(shape, generator=generator)
        y = 0.7 * x + 0.35 * torch.randn(shape, generator=generator)
        x, y = x.clamp(-1.2, 1.2), y.clamp(-1.2, 1.2).requires_grad_()
        values = dissimilarity(x, y)
        loss = values.mean()
        loss.backward()
        tensors.update({
            f"{name}/x": x, f"{name}/y": y, f"{name}/map": values, f"{name}/resized": resize(values, shape[-1]),
            f"{name}/loss": loss, f"{name}/grad_y": y.grad})
    save_tensors(f"{FIXTURES}/ssim.safetensors", tensors)


# ---------------------------------------------------------------------------------------------------------------
# Whole networks

IMAGES, STEPS = 6, 5
FORMULAS = {
    "parameter": "wave = sin(0.37*i + 1.3*k + 0.5327*i*i), summed from left to right;"
                 " k = index of the tensor in `parameters`, i = flat index within it",
    "kind weight, bias": "0.2 * wave",
    "kind norm_weight": "1 + 0.1 * wave",
    "kind norm_bias": "0.1 * wave",
    "input": "0.8*sin(0.05*i + 0.7*j); i = flat index within an image (channel, row, column), j = image, 6 images",
    "noise": "0.9*sin(1.7*i + 0.3); i = flat index within [6, latent]; the same in every pass",
    "precision": "double, then rounded to single",
    "optimiser": "Adam, lr 1e-3, betas 0.9 and 0.999, eps 1e-8; running statistics start at 0 and 1, momentum 0.1",
}
COMMON = {"input_size": 32, "latent_size": 4, "hidden_size": 32, "width": 1}
CASES = [
    {"name": "ae", "method": "ae", "channels": 1, "depth": 1, **COMMON},
    {"name": "ae-l1", "method": "ae-l1", "channels": 1, "depth": 1, **COMMON},
    {"name": "ae-ssim", "method": "ae-ssim", "channels": 1, "depth": 1, **COMMON},
    {"name": "vae", "method": "vae", "channels": 1, "depth": 1, **COMMON},
    {"name": "ae-deep-colour", "method": "ae", "channels": 3, "depth": 2, **COMMON},
]


def by_formula(values, dtype):
    """Rounded to single in either precision, so that both start from the same numbers."""
    return torch.from_numpy(values.astype(np.float32)).to(dtype)


def parameter_kinds(model):
    """`norm_weight` or `norm_bias` for a batch norm's, `weight` or `bias` for another's, in order."""
    kinds = []
    for module in model.modules():
        is_norm = isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))
        kinds += [("norm_" if is_norm else "") + name for name, _ in module.named_parameters(recurse=False)]
    return kinds


def run_case(case, dtype):
    model = AutoEncoder(
        channels=case["channels"], input_size=case["input_size"], width=case["width"], depth=case["depth"],
        hidden=case["hidden_size"], latent=case["latent_size"], variational=case["method"] == "vae").to(dtype)
    kinds = parameter_kinds(model)
    with torch.no_grad():
        for k, (parameter, kind) in enumerate(zip(model.parameters(), kinds)):
            i = np.arange(parameter.numel(), dtype=np.float64)
            wave = np.sin(0.37 * i + 1.3 * k + 0.5327 * i * i)
            values = {"norm_weight": 1 + 0.1 * wave, "norm_bias": 0.1 * wave}.get(kind, 0.2 * wave)
            parameter.copy_(by_formula(values, dtype).view(parameter.shape))

    shape = (case["channels"], case["input_size"], case["input_size"])
    i, j = np.arange(np.prod(shape), dtype=np.float64), np.arange(IMAGES, dtype=np.float64)
    x = by_formula(0.8 * np.sin(0.05 * i[None] + 0.7 * j[:, None]), dtype).view(IMAGES, *shape)
    count = IMAGES * case["latent_size"]
    noise = by_formula(0.9 * np.sin(1.7 * np.arange(count, dtype=np.float64) + 0.3), dtype).view(IMAGES, -1)

    def evaluate(prefix=""):
        model.eval()
        with torch.no_grad():
            values = score_map(case["method"], model, x, noise)
        return {f"{prefix}map": values, f"{prefix}scores": values.mean(dim=(1, 2, 3))}

    result, losses = evaluate("initial_"), []
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()
    for step in range(STEPS):
        optimiser.zero_grad(set_to_none=True)
        loss, output = training_loss(case["method"], model, x, noise)
        loss.backward()
        if step == 0:
            norms = [parameter.grad.norm() for parameter in model.parameters()]
            result.update(output=output.detach(), loss=loss.detach(), grad_norms=torch.stack(norms))
        optimiser.step()
        losses.append(loss.detach())
    result["losses"] = torch.stack(losses)
    result.update(evaluate())
    parameters = [
        {"name": name, "shape": list(parameter.shape), "kind": kind}
        for (name, parameter), kind in zip(model.named_parameters(), kinds)]
    return result, parameters


def make_models():
    tensors, cases = {}, []
    for case in CASES:
        result, parameters = run_case(case, torch.float32)
        exact, _ = run_case(case, torch.float64)
        with torch.backends.mkldnn.flags(enabled=False):
            other, _ = run_case(case, torch.float32)
        spread = {}
        for name, value in exact.items():
            difference = max((single[name] - value).abs().max() for single in (result, other))
            spread[name] = float(f"{(difference / value.abs().max()).item():.1e}")
        tensors.update({f"{case['name']}/{name}": value for name, value in result.items()})
        cases.append({**case, "parameters": parameters, "spread": spread})
    save_tensors(f"{FIXTURES}/models.safetensors", tensors)
    write_json("models.json", {"formulas": FORMULAS, "cases": cases})


# ---------------------------------------------------------------------------------------------------------------
# Metrics

def metric_cases():
    """Name, scores, labels. Rounding to single precision happens here, so that either precision reads the same."""
    random = np.random.RandomState(11)

    def single(values):
        return np.asarray(values, dtype=np.float32).astype(np.float64)

    def flips(count, share=0.5):
        return (random.rand(count) < share).astype(int)

    labels = flips(1000)
    yield "random", single(random.rand(1000)), labels
    labels = flips(2000, 0.4)
    yield "overlapping", single(random.randn(2000) + labels), labels
    labels = flips(800)
    yield "many-ties", single(random.randint(0, 10, 800) + 2 * labels), labels
    yield "two-values", single([0, 0, 1, 1, 0, 1, 1, 0, 1, 0]), [0, 1, 1, 1, 0, 0, 1, 0, 1, 0]
    yield "all-ties", single(np.full(50, 0.25)), flips(50, 0.3)
    yield "perfect", single(np.arange(40) / 7), (np.arange(40) >= 25).astype(int)
    yield "inverted", single(np.arange(40) / 7), (np.arange(40) < 25).astype(int)
    yield "one-positive", single(random.randn(30)), (np.arange(30) == 12).astype(int)
    yield "one-negative", single(random.randn(30)), (np.arange(30) != 12).astype(int)
    yield "two-images", single([0.5, 0.25]), [0, 1]
    yield "rare", single(random.gamma(2.0, 0.01, 1500)), (np.arange(1500) % 250 == 3).astype(int)
    yield "negative-and-large", single(random.randn(300) * 10.0 ** random.randint(-6, 7, 300)), flips(300)
    steps = np.float32(1) + random.randint(0, 40, 300).astype(np.float32) * np.finfo(np.float32).eps
    yield "near-ties-single", single(steps), flips(300)
    steps = 0.1 + random.randint(0, 40, 300) * np.spacing(0.1)
    yield "near-ties-double", steps, flips(300)
    labels = flips(60, 0.4)
    yield "curve", single(random.randint(0, 25, 60) / 8 + labels), labels


def make_metrics():
    cases = []
    for name, scores, labels in metric_cases():
        scores, labels = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=int)
        case = {
            "name": name, "scores": scores.tolist(), "labels": labels.tolist(),
            "auc": float(roc_auc_score(labels, scores)), "ap": float(average_precision_score(labels, scores))}
        if name == "curve":
            fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
            precision, recall, _ = precision_recall_curve(labels, scores)
            case["curve"] = {
                "fpr": fpr.tolist(), "tpr": tpr.tolist(), "precision": precision.tolist(), "recall": recall.tolist()}
        cases.append(case)
    write_json("metrics.json", {"cases": cases})


def make_initialisation():
    torch.manual_seed(INITIAL_SEED)
    model = AutoEncoder()
    counts = {
        "ae": parameter_count(model),
        "vae": parameter_count(AutoEncoder(variational=True)),
        "ae_3_channels": parameter_count(AutoEncoder(channels=3)),
    }
    assert counts == {"ae": 2_351_184, "vae": 2_367_584, "ae_3_channels": 2_352_208}, counts
    first = {name: parameter.detach().flatten()[:16] for name, parameter in model.named_parameters()}
    save_tensors(f"{FIXTURES}/initialisation.safetensors", first)

    rows = []
    for name, parameter in model.named_parameters():
        values = parameter.detach().double()
        rows.append(json.dumps({
            "name": name, "shape": list(values.shape), "numel": values.numel(), "mean": values.mean().item(),
            "std": values.std(unbiased=False).item(), "min": values.min().item(), "max": values.max().item()}))
    with open(f"{FIXTURES}/initialisation.json", "w") as file:
        file.write(f'{{\n"seed": {INITIAL_SEED},\n"parameter_counts": {json.dumps(counts)},\n"parameters": [\n')
        file.write(",\n".join(rows) + "\n]\n}\n")


def write_json(name, value):
    """One case a line; Python writes each number with as many digits as it takes to read it back unchanged."""
    with open(f"{FIXTURES}/{name}", "w") as file:
        file.write("{")
        for position, (key, part) in enumerate(value.items()):
            file.write(("," if position else "") + f"\n{json.dumps(key)}: ")
            if isinstance(part, list):
                file.write("[\n" + ",\n".join(json.dumps(item) for item in part) + "\n]")
            else:
                file.write(json.dumps(part))
        file.write("\n}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make_ssim()
    make_models()
    make_metrics()
    make_initialisation()
