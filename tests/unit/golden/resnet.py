"""What PyTorch computes for our ResNets: writes resnet.txt, which test_resnet.c compares with.

    pip install torch==2.13.0 numpy && python tests/unit/golden/resnet.py

Weights, images and labels come from a formula that the test knows too, so that no weights are
committed. PyTorch works in double: its figures are the truth that ours, in single, come near.
How near can be asked for is told by PyTorch's own runs: in single ("single" lines), and with
bfloat16 as torch.autocast has it ("bfloat16" lines).

Version 1 has torchvision's structure and names; version 2 is MXNet's symbol_resnet: running
variances by n, weight decay on weights and scales alone."""

import math
import pathlib

import numpy as np
import torch
from torch import nn

CLASSES = 10
STEPS = 3
LARGE = {18: (False, [2, 2, 2, 2]), 50: (True, [3, 4, 6, 3])}
SMALL = {20: (False, [3, 3, 3])}
CASES = [  # version, depth, image, batch, learning rate
    (1, 18, (3, 64, 64), 4, 0.01),
    (1, 50, (3, 64, 64), 4, 1e-4),
    (1, 20, (3, 32, 32), 8, 0.05),
    (2, 20, (3, 28, 28), 8, 0.05),
    (2, 18, (3, 64, 64), 4, 0.01),
    (2, 50, (3, 32, 32), 4, 1e-3),
]


def fnv(text):
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def uniform(name, count):
    """Numbers in [-1, 1) for a name: splitmix64's finish of its hash plus the index."""
    z = np.arange(count, dtype=np.uint64) + np.uint64(fnv(name))
    z += np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2**52 - 1


def value(name, shape, kind):
    """kind: weight, scale, shift, mean, variance, image."""
    u = uniform(name, math.prod(shape)).reshape(shape)
    if kind == "weight":
        u *= math.sqrt(6.0 / math.prod(shape[1:]))
    elif kind in ("scale", "variance"):
        u = 1 + 0.25 * u
    elif kind in ("shift", "mean"):
        u *= 0.25
    return torch.from_numpy(u.astype(np.float32).astype(np.float64))


class BatchNorm(nn.BatchNorm2d):
    """MXNet's: the running variance by n."""

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        with torch.no_grad():
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            self.running_mean.mul_(0.9).add_(mean, alpha=0.1)
            self.running_var.mul_(0.9).add_(variance, alpha=0.1)
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, True, 0, self.eps)


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class Unit1(nn.Module):
    def __init__(self, inputs, filters, stride, bottleneck):
        super().__init__()
        inner = filters // 4 if bottleneck else filters
        self.bottleneck = bottleneck
        self.conv1 = conv(inputs, inner, 1 if bottleneck else 3, 1 if bottleneck else stride)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = conv(inner, inner, 3, stride if bottleneck else 1)
        self.bn2 = nn.BatchNorm2d(inner)
        if bottleneck:
            self.conv3, self.bn3 = conv(inner, filters, 1), nn.BatchNorm2d(filters)
        self.downsample = None
        if inputs != filters or stride != 1:
            self.downsample = nn.Sequential(conv(inputs, filters, 1, stride),
                                            nn.BatchNorm2d(filters))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.bottleneck:
            y = self.bn3(self.conv3(torch.relu(y)))
        return torch.relu(y + (self.downsample(x) if self.downsample else x))


class ResNet1(nn.Module):
    def __init__(self, depth):
        super().__init__()
        small = depth in SMALL
        bottleneck, units = SMALL[depth] if small else LARGE[depth]
        stem = 16 if small else 64
        self.conv1 = conv(3, 16, 3) if small else conv(3, 64, 7, 2)
        self.bn1 = nn.BatchNorm2d(stem)
        self.maxpool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        inputs, filters = stem, stem * 4 if bottleneck else stem
        self.stages = len(units)
        for i, count in enumerate(units):
            layer = []
            for unit in range(count):
                layer.append(Unit1(inputs, filters, 2 if i and not unit else 1, bottleneck))
                inputs = filters
            self.add_module(f"layer{i + 1}", nn.Sequential(*layer))
            filters *= 2
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for i in range(self.stages):
            x = getattr(self, f"layer{i + 1}")(x)
        return self.fc(x.mean((2, 3)))


class ResNet2(nn.Module):
    def __init__(self, depth, height):
        super().__init__()
        small = depth in SMALL
        self.bottleneck, self.units = SMALL[depth] if small else LARGE[depth]
        stem = 16 if small else 64
        self.bn_data = BatchNorm(3, eps=2e-5)
        self.bn_data.weight.requires_grad_(False)
        self.pooled = not small and height > 32
        self.conv0 = conv(3, stem, 7, 2) if self.pooled else conv(3, stem, 3)
        if self.pooled:
            self.bn0 = BatchNorm(64, eps=2e-5)
        inputs, filters = stem, stem * 4 if self.bottleneck else stem
        for i, count in enumerate(self.units):
            for unit in range(count):
                stride = 2 if i and not unit else 1
                self.add_unit(f"stage{i + 1}_unit{unit + 1}_", inputs, filters, stride, not unit)
                inputs = filters
            filters *= 2
        self.bn1 = BatchNorm(inputs, eps=2e-5)
        self.fc1 = nn.Linear(inputs, CLASSES)

    def add_unit(self, name, inputs, filters, stride, first):
        inner = filters // 4 if self.bottleneck else filters
        kernels = [(1, 1), (3, stride), (1, 1)] if self.bottleneck else [(3, stride), (3, 1)]
        width = inputs
        for i, (kernel, step) in enumerate(kernels):
            outputs = filters if i + 1 == len(kernels) else inner
            self.add_module(f"{name}bn{i + 1}", BatchNorm(width, eps=2e-5))
            self.add_module(f"{name}conv{i + 1}", conv(width, outputs, kernel, step))
            width = outputs
        if first:
            self.add_module(f"{name}sc", conv(inputs, filters, 1, stride))

    def run_unit(self, name, x):
        part = lambda key: getattr(self, name + key, None)  # noqa: E731
        act = y = torch.relu(part("bn1")(x))
        y = part("conv1")(y)
        for i in range(2, 4 if self.bottleneck else 3):
            y = part(f"conv{i}")(torch.relu(part(f"bn{i}")(y)))
        return y + (part("sc")(act) if part("sc") else x)

    def forward(self, x):
        x = self.conv0(self.bn_data(x))
        if self.pooled:
            x = nn.functional.max_pool2d(torch.relu(self.bn0(x)), 3, 2, 1)
        for i, count in enumerate(self.units):
            for unit in range(count):
                x = self.run_unit(f"stage{i + 1}_unit{unit + 1}_", x)
        x = torch.relu(self.bn1(x))
        return self.fc1(x.mean((2, 3)))


def kind_of(name, tensor):
    if name.endswith("running_mean"):
        return "mean"
    if name.endswith("running_var"):
        return "variance"
    if name.endswith("bias"):
        return "shift"
    return "weight" if tensor.dim() > 1 else "scale"


def train(version, depth, image, batch, rate, dtype, autocast=False):
    """Every figure of a case, by line: {"gradient conv1.weight": [...]}."""
    found = {}
    model = (ResNet1(depth) if version == 1 else ResNet2(depth, image[1])).to(dtype)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensor.copy_(value(name, tensor.shape, kind_of(name, tensor)))
        if version == 2:
            model.bn_data.weight.fill_(1)
    x = value("images", (batch, *image), "image").to(dtype)
    labels = torch.from_numpy(((uniform("labels", batch) + 1) * (CLASSES / 2)).astype(np.int64))
    named = {k: p for k, p in model.named_parameters() if p.requires_grad}
    decayed = [p for k, p in named.items() if version == 1 or not k.endswith("bias")]
    rest = [p for k, p in named.items() if version == 2 and k.endswith("bias")]
    optimizer = torch.optim.SGD([{"params": decayed, "weight_decay": 1e-4},
                                 {"params": rest, "weight_decay": 0}], rate, momentum=0.9)
    for step in range(STEPS):
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            logits = model(x).to(dtype)
        loss = nn.functional.cross_entropy(logits, labels)
        loss.backward()
        found[f"loss {step}"] = [loss.item()]
        if step == 0:
            for n, row in enumerate(logits.tolist()):
                found[f"logits {n}"] = row
            for name, p in named.items():
                found[f"gradient {name}"] = summary(p.grad)
        optimizer.step()
    for name, tensor in model.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            found[f"trained {name}"] = summary(tensor)
    model.eval()
    with torch.no_grad():
        for n, row in enumerate(model(x).tolist()):
            found[f"eval {n}"] = row
    return found


def summary(tensor):
    t = tensor.detach().flatten()
    return [v.item() for v in (t.norm(), t[0], t[len(t) // 2], t[-1])]


def distance(kind, ours, want):
    """As test_resnet.c has it."""
    if kind == "loss":
        scale = 1
    elif kind in ("gradient", "trained"):
        scale = max(want[0], 1e-3)
    else:
        scale = max(1, *map(abs, want))
    return max(abs(a - b) for a, b in zip(ours, want)) / scale


def case(out, *parameters):
    version, depth, image, batch, rate = parameters
    print("case", version, depth, *image, batch, rate, file=out)
    truth = train(*parameters, torch.float64)
    runs = {"single": train(*parameters, torch.float32),
            "bfloat16": train(*parameters, torch.float32, autocast=True)}
    for name, run in runs.items():
        for kind in ("loss", "logits", "gradient", "trained", "eval"):
            off = max(distance(kind, run[k], truth[k]) for k in truth if k.split()[0] == kind)
            print(name, kind, f"{off:.3g}", file=out)
    for key, values in truth.items():
        print(key, *(f"{v:.9g}" for v in values), file=out)


def main():
    torch.manual_seed(0)
    with open(pathlib.Path(__file__).with_suffix(".txt"), "w", encoding="ascii") as out:
        for parameters in CASES:
            case(out, *parameters)


if __name__ == "__main__":
    main()
