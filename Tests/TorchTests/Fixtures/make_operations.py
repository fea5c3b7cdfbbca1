#!/usr/bin/env python3
"""Makes `operations.safetensors` of this folder with PyTorch: what operations on tensors return. Run it without arguments.

Each result has the name of the Swift method and is made of the inputs `matrix` [6,9], `other` [4,9], `symmetric` [5,5]
(positive definite), `singular` [5,5] (symmetric, of rank 3) and `images` [2,3,8,7].
"""

import os
import sys

sys.dont_write_bytecode = True

import torch
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "AnomalyDetectionTests", "Fixtures"))

from reference import save_tensors


def main():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(11)

    def random(*shape):
        return torch.randn(shape, generator=generator)

    matrix, other, images = random(6, 9), random(4, 9), random(2, 3, 8, 7)
    other[0] = matrix[2] + 1e-3 * random(9)
    factor, thin = random(5, 5), random(5, 3)
    symmetric, singular = factor @ factor.T + torch.eye(5), thin @ thin.T
    tensors = {"matrix": matrix, "other": other, "symmetric": symmetric, "singular": singular, "images": images}

    def add(name, result):
        for key, tensor in zip(["values", "indices"], result):
            tensors[f"{name}/{key}"] = tensor

    add("topK", matrix.topk(3, dim=1))
    add("topKSmallest", matrix.topk(2, dim=0, largest=False))
    add("sorted", matrix.sort(dim=1, stable=True))
    add("sortedDescending", matrix.sort(dim=0, descending=True, stable=True))
    add("minimum", matrix.min(dim=1))
    add("maximum", matrix.max(dim=0))
    rows = torch.zeros(6, 9)
    rows[torch.tensor([4, 0, 5, 2])] = other
    exact = (matrix.double()[:, None] - other.double()[None]).square().sum(-1)
    results = {
        "squaredDistances": exact.float(),
        "addingMatrixProduct": torch.addmm(matrix @ other.T, matrix, other.T, beta=0.5, alpha=-2),
        "normalised": F.normalize(matrix, dim=1), "cosineSimilarity": F.cosine_similarity(matrix[:4], other, dim=1),
        "eigenvalues": torch.linalg.eigvalsh(symmetric.double()).float(),
        "inverse": torch.linalg.inv(symmetric.double()).float(),
        "choleskyFactor": torch.linalg.cholesky(symmetric.double()).float(),
        "symmetricPseudoinverse": torch.linalg.pinv(singular.double(), rtol=1e-5, hermitian=True).float(),
        "indexOfMinimum": matrix.argmin(dim=0), "indexOfMaximum": matrix.argmax(dim=1),
        "maximumAxes": images.amax(dim=(2, 3), keepdim=True), "setRows": rows,
        "averagePooled": F.avg_pool2d(images, 3, 2, 1), "averagePooledInside": F.avg_pool2d(
            images, 3, 1, 1, count_include_pad=False),
        "unfolded": F.unfold(images, 3, padding=1, stride=2), "unfoldedDilated": F.unfold(images, 2, dilation=2),
        "adaptiveAveragePooled": F.adaptive_avg_pool1d(matrix[None], 4),
        "resizedNearest": F.interpolate(images, size=(5, 11), mode="nearest"), "permuted": images.permute(0, 2, 3, 1),
        "half": matrix.half().float(), "bfloat16": matrix.bfloat16().float(),
    }
    save_tensors(f"{HERE}/operations.safetensors", tensors | results)


if __name__ == "__main__":
    main()
