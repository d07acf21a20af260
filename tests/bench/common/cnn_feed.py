"""Rows of cnn.py: training from a folder of JPEGs beside the same training on tensors that
are there already. Decoded: every picture is decoded, resized and augmented each time, as in
the first epoch; kept: as from the second on, where decoded pictures fit in memory."""

from bench import DATA, interleave, median, threads

FOLDER = DATA / "images/caltech101/101_ObjectCategories"
TARGET, FLOOR = 0.95, 0.85
FEEDS = [("crop", "decoded"), ("crop", "kept"), ("crop_color_transform", "decoded"),
         ("crop_color_transform", "kept")]


def measure(report, program, contestant, rounds):
    """`contestant`: the class that runs a process of `program`."""
    if not FOLDER.is_dir():
        print(f"  no pictures in {FOLDER}: training from a folder is not measured")
        return
    arguments = [str(program), "train", "18", "224", "32", "101", str(threads())]
    running = {"synthetic": contestant(arguments)}
    for feed in FEEDS:
        running[feed] = contestant([*arguments, "fp32", str(FOLDER), *feed])
        running[feed].run()  # all four batches of what is kept
        running[feed].run()
    taken = interleave({name: c.run for name, c in running.items()}, rounds=rounds, warm_up=1)
    rates = {name: 32 / median(seconds) for name, seconds in taken.items()}
    for augmentation, how in FEEDS:
        report.add(f"ResNet-18 train b32, JPEGs {how}, {augmentation}", "img/s",
                   rates[augmentation, how], {"synthetic": rates["synthetic"]},
                   target=TARGET, floor=FLOOR, higher_is_better=True)
    for one in running.values():
        one.end()
