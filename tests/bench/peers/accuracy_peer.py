"""PyTorch trains the twin of our net: what accuracy.py drives beside our own training.

    accuracy_peer.py JOB      (JSON: files, hyperparameters, seed, threads)

Prints {"accuracy": [by epoch], "seconds": of the epochs, validation not counted}."""

import gzip
import io
import json
import pathlib
import struct
import sys
import time

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "unit/golden"))
import resnet  # noqa: E402

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


def idx(path):
    raw = gzip.open(path).read()
    count, h, w = struct.unpack(">III", raw[4:16])
    labels = gzip.open(str(path).replace("images-idx3", "labels-idx1")).read()[8:]
    return list(np.frombuffer(raw[16:], np.uint8).reshape(count, h, w, 1)), list(labels)


def cifar(path):
    rows = np.fromfile(path, np.uint8).reshape(-1, 3073)
    return list(rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), list(rows[:, 0])


def records(path, side):
    """JPEG records, the shorter side brought to `side`."""
    raw = pathlib.Path(path).read_bytes()
    images, labels, at = [], [], 0
    while at < len(raw):
        _, length = struct.unpack_from("<II", raw, at)
        length &= 0x1FFFFFFF
        labels.append(int(struct.unpack_from("<f", raw, at + 12)[0]))
        image = Image.open(io.BytesIO(raw[at + 8 + 24:at + 8 + length])).convert("RGB")
        w, h = image.size
        size = (side, side * h // w) if w < h else (side * w // h, side)
        images.append(np.asarray(image.resize(size, Image.BILINEAR)))
        at += 8 + (length + 3) // 4 * 4
    return images, labels


def load(path, job):
    if path.endswith(".rec"):
        return records(path, job["resize"])
    return cifar(path) if path.endswith(".bin") else idx(path)


def cut(image, h, w, generator):
    """The centre, or with a generator a random crop, mirrored half the time."""
    down, right = image.shape[0] - h, image.shape[1] - w
    if generator is None:
        top, left = down // 2, right // 2
        return image[top:top + h, left:left + w]
    top, left = generator.integers(down + 1), generator.integers(right + 1)
    part = image[top:top + h, left:left + w]
    return part[:, ::-1] if generator.random() < 0.5 else part


def batch_of(images, places, shape, generator=None):
    c, h, w = shape
    x = np.stack([cut(images[i], h, w, generator) for i in places]).astype(np.float32)
    x = (x - MEAN[:c]) / DEVIATION[:c]
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))


def initialize(model):
    for module in model.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.normal_(module.weight, 0, (2 / module.weight[0].numel()) ** 0.5)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)


def build(job, shape, classes):
    resnet.CLASSES = classes
    model = resnet.ResNet2(job["num_layers"], shape[1])
    if shape[0] == 1:
        model.bn_data = resnet.BatchNorm(1, eps=2e-5)
        model.bn_data.weight.requires_grad_(False)
        model.conv0 = resnet.conv(1, 16, 3)
    initialize(model)
    return model.to(memory_format=torch.channels_last)


def optimizer_of(model):
    """MXNet's: decay on weights and scales, none on shifts."""
    learned = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    decayed = [p for n, p in learned if n.endswith("weight")]
    rest = [p for n, p in learned if not n.endswith("weight")]
    return torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4},
                            {"params": rest, "weight_decay": 0}], 0.1, momentum=0.9)


def judge(model, images, labels, shape):
    model.eval()
    right = 0
    with torch.inference_mode():
        for at in range(0, len(images), 128):
            places = range(at, min(at + 128, len(images)))
            answers = model(batch_of(images, places, shape)).argmax(1)
            right += int((answers == torch.tensor([int(labels[i]) for i in places])).sum())
    model.train()
    return right / len(images)


def main():
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(job["seed"])
    generator = np.random.default_rng(job["seed"])
    shape = [int(n) for n in job["image_shape"].split(",")]
    images, labels = load(job["train"], job)
    unseen, truth = load(job["test"], job)
    model = build(job, shape, int(max(labels)) + 1)
    optimizer = optimizer_of(model)
    falls = [int(n) for n in job["lr_scheduler_step"].split(",")]
    varied = generator if job.get("augmentation_type") == "crop" else None
    size, accuracy, seconds = job["mini_batch_size"], [], 0
    for epoch in range(job["epochs"]):
        for group in optimizer.param_groups:
            group["lr"] = job["learning_rate"] * 0.1 ** sum(fall <= epoch for fall in falls)
        order = generator.permutation(len(images))
        started = time.perf_counter()
        for at in range(0, len(order) - size + 1, size):
            places = order[at:at + size]
            x = batch_of(images, places, shape, varied).to(memory_format=torch.channels_last)
            y = torch.tensor([int(labels[i]) for i in places])
            optimizer.zero_grad(set_to_none=True)
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        seconds += time.perf_counter() - started
        accuracy.append(judge(model, unseen, truth, shape))
    print(json.dumps({"accuracy": accuracy, "seconds": seconds}))


if __name__ == "__main__":
    main()
