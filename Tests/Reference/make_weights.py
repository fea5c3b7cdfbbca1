#!/usr/bin/env python3
"""Makes the files of weights of TorchTests with PyTorch (1.13 or 2.x). Run it without arguments.

Files
    weights-archive.pth  torch.save's zip archive of a state dictionary with tensors of every type that is read, a
                         transposed one, two that share a storage, a parameter, a scalar and an empty one
    weights-stream.pth   the same in the older form, a stream of pickles and storages
    checkpoint.pth       a checkpoint that has its tensors under `state_dict`, beside an optimiser's state and texts
    weights-2017.pth     tensors in all the ways in which PyTorch 0.1 on Python 2 wrote them, as torchvision's first files
                         still have them: assembled here instruction by instruction, and read back by torch.load
    weights.safetensors  what all of them hold, as float32 or int64
"""

import io
import json
import os
import pickle
import struct
from collections import OrderedDict

import numpy as np
import torch

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "TorchTests", "Fixtures")


def wave(*shape):
    return torch.from_numpy(np.sin(0.7 * np.arange(np.prod(shape)) + 0.2).astype(np.float32)).reshape(shape)


def state():
    shared = wave(24)
    matrix = wave(4, 6)
    result = OrderedDict()
    result["stem.weight"] = torch.nn.Parameter(wave(2, 3, 3, 3))
    result["stem.bias"] = wave(2)
    result["half"] = wave(3, 2).half()
    result["brain"] = wave(3, 2).bfloat16()
    result["double"] = wave(5).double()
    result["bytes"] = torch.arange(250, 256, dtype=torch.uint8)
    result["int8"] = torch.arange(-3, 4, dtype=torch.int8)
    result["int16"] = torch.arange(-300, 300, 100, dtype=torch.int16)
    result["int32"] = torch.arange(-70000, 70000, 20000, dtype=torch.int32)
    result["num_batches_tracked"] = torch.tensor(123456789012)
    result["flags"] = torch.tensor([True, False, True])
    result["transposed"] = matrix.t()
    result["every second"] = matrix[:, ::2]
    result["front"] = shared[:8].view(2, 4)
    result["back"] = shared[8:]
    result["empty"] = torch.zeros(0, 4)
    result["Größe"] = wave(1)
    result._metadata = OrderedDict({"": {"version": 1}})
    return result


# ---------------------------------------------------------------------------------------------------------------
# As in 2017

def text(value):
    """Python 2's str."""
    return b"U" + bytes([len(value)]) + value.encode()


def whole(value):
    return b"J" + struct.pack("<i", value)


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


def storage(kind, key, count, view=None):
    view = b"N" if view is None else b"(" + text(view[0]) + whole(view[1]) + whole(view[2]) + b"t"
    return b"(" + text("storage") + name(*kind) + text(key) + text("cpu") + whole(count) + view + b"tQ"


def sizes(*values):
    return b"(" + b"".join(map(whole, values)) + b"t"


def old_tensor(stored, offset, shape, strides):
    """An empty tensor that is told afterwards where its elements are."""
    return name("torch", "FloatTensor") + b")Rq\x05(" + stored + whole(offset) + sizes(*shape) + sizes(*strides) + b"tb"


def old_parameter(tensor):
    return name("torch.nn.parameter", "Parameter") + b")\x81q\x07(" + tensor + b"N" + name("collections", "OrderedDict") + b")R" \
        + b"\x88\x89tb"


def rebuilt(stored, offset, shape, strides):
    return name("torch._utils", "_rebuild_tensor") + b"(" + stored + whole(offset) + sizes(*shape) + sizes(*strides) + b"tR"


def make_2017():
    floats = ("torch", "FloatStorage")
    entries = [
        ("stem.weight", old_parameter(rebuilt(storage(floats, "94", 54), 0, (2, 3, 3, 3), (27, 9, 3, 1)))),
        ("stem.bias", old_parameter(old_tensor(storage(floats, "95", 2), 0, (2,), (1,)))),
        ("transposed", rebuilt(storage(floats, "96", 24), 0, (6, 4), (1, 6))),
        ("front", rebuilt(storage(floats, "97", 24, ("971", 0, 8)), 0, (2, 4), (4, 1))),
        ("back", rebuilt(storage(floats, "97", 24, ("972", 8, 16)), 0, (16,), (1,))),
    ]
    pairs = b"(" + b"".join(b"](" + text(key) + value + b"e" for key, value in entries) + b"t"
    # OrderedDict of a list of pairs, each a list itself.
    value = b"\x80\x02" + name("collections", "OrderedDict") + b"](" + pairs[1:-1] + b"e\x85R."
    keys = ["96", "94", "97", "95"]
    contents = {"94": wave(54), "95": wave(2), "96": wave(24), "97": wave(24)}
    file = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {
            "protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 8}}):
        pickle.dump(part, file, protocol=2)
    file.write(value)
    file.write(b"\x80\x02](" + b"".join(map(text, keys)) + b"e.")
    for key in keys:
        file.write(struct.pack("<q", contents[key].numel()) + contents[key].numpy().tobytes())
    with open(f"{FIXTURES}/weights-2017.pth", "wb") as target:
        target.write(file.getvalue())
    return [key for key, _ in entries]


def save_expected(tensors):
    header, chunks, offset = {}, [], 0
    for key, value in tensors.items():
        value = value.detach()
        array = (value.float() if value.is_floating_point() else value.long()).numpy()
        data = array.tobytes(order="C")
        header[key] = {
            "dtype": "F32" if value.is_floating_point() else "I64", "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)]}
        chunks.append(data)
        offset += len(data)
    content = json.dumps(header, separators=(",", ":")).encode()
    content += b" " * (-len(content) % 8)
    with open(f"{FIXTURES}/weights.safetensors", "wb") as file:
        file.write(len(content).to_bytes(8, "little") + content + b"".join(chunks))


if __name__ == "__main__":
    tensors = state()
    save_expected(tensors)
    torch.save(tensors, f"{FIXTURES}/weights-archive.pth")
    torch.save(tensors, f"{FIXTURES}/weights-stream.pth", _use_new_zipfile_serialization=False)
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        model.weight.copy_(wave(2, 3))
        model.bias.copy_(wave(2))
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimiser.step()
    with torch.no_grad():
        model.weight.copy_(wave(2, 3))
        model.bias.copy_(wave(2))
    torch.save(
        {"epoch": 7, "arch": "linear", "best": 0.5, "state_dict": model.state_dict(), "optimizer": optimiser.state_dict()},
        f"{FIXTURES}/checkpoint.pth")
    names = make_2017()
    old = torch.load(f"{FIXTURES}/weights-2017.pth")
    assert list(old) == names
    for key in names:
        assert torch.equal(old[key].detach(), tensors[key].detach()), key
