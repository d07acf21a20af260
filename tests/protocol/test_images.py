"""Datasets of images with the real binary: %fetch of every format, from disk and from the
web, packed and plain; what is made of them shares the pictures."""

import gzip
import io
import json
import struct
import subprocess
import tarfile
import zipfile
import zlib

import pytest

from test_fetch import cells, fails, site, works  # noqa: F401  (fixtures)

MAGIC = 0xCED7230A


def png(w, h, value):
    """A grey PNG, written by the book."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes((value + x + y) % 256 for x in range(w)) for y in range(h))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def record(data):
    """A RecordIO record as dmlc writes it: split where the magic word stands."""
    word = struct.pack("<I", MAGIC)
    parts, begin = [], 0
    for i in range(0, len(data) - 3, 4):
        if data[i:i + 4] == word:
            parts.append(data[begin:i])
            begin = i + 4
    parts.append(data[begin:])
    out = b""
    for i, part in enumerate(parts):
        kind = 0 if len(parts) == 1 else 1 if i == 0 else 3 if i == len(parts) - 1 else 2
        out += struct.pack("<II", MAGIC, kind << 29 | len(part)) + part + b"\0" * (-len(part) % 4)
    return out


def image_record(i, label, data):
    if isinstance(label, list):
        return record(struct.pack("<IfQQ", len(label), 0, i, 0) +
                      struct.pack(f"<{len(label)}f", *label) + data)
    return record(struct.pack("<IfQQ", 0, label, i, 0) + data)


def rows(cells, sql):
    """The answer of a query, as lists of text."""
    works(cells(f"CREATE TABLE answer AS {sql}\n\n# %%\n%export answer answer.jsonl\n"))
    lines = (cells.folder / "answer.jsonl").read_text().splitlines()
    return [list(json.loads(line).values()) for line in lines]


def tree(folder, count=6):
    for i in range(count):
        path = folder / ("cat", "dog", "emu")[i % 3] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(4 + i, 5, 10 * i))


def test_folder_is_a_table(cells):
    tree(cells.folder / "pets")
    said = works(cells("%fetch pets pets\n"))
    assert "6 images, 3 classes" in said
    assert rows(cells, "SELECT id, label, width, height, channels, format, source FROM pets") == [
        [0, "cat", 4, 5, 1, "png", "cat/0.png"], [1, "cat", 7, 5, 1, "png", "cat/3.png"],
        [2, "dog", 5, 5, 1, "png", "dog/1.png"], [3, "dog", 8, 5, 1, "png", "dog/4.png"],
        [4, "emu", 6, 5, 1, "png", "emu/2.png"], [5, "emu", 9, 5, 1, "png", "emu/5.png"]]
    assert "label" in works(cells("%describe pets --table\n"))
    assert "cat" in works(cells("%show pets\n"))
    assert "cat/0.png" in works(cells("%show pets --table\n"))


def test_parts_share_the_pictures(cells):
    tree(cells.folder / "pets", 30)
    works(cells("%fetch pets pets\n\n# %%\n%split pets --by label --train 0.5\n\n# %%\n"
                "CREATE TABLE dogs AS SELECT * FROM pets_train WHERE label = 'dog'\n"))
    frames = sorted((cells.folder / "w/frames").iterdir(), key=lambda p: p.stat().st_size)
    assert b"\x89PNG" in frames[-1].read_bytes()
    assert not any(b"\x89PNG" in f.read_bytes() for f in frames[:-1])
    # The pictures stay as long as anything shows them, and go with the last.
    said = works(cells("%delete pets\n\n# %%\n%show dogs\n"))
    assert "5 images" in said and "dog" in said
    assert frames[-1].exists()
    works(cells("%delete dogs pets_train pets_test\n"))
    assert not list((cells.folder / "w/frames").iterdir())


def test_a_table_without_pictures_is_a_table(cells):
    tree(cells.folder / "pets")
    works(cells("%fetch pets pets\n\n# %%\nCREATE TABLE n AS SELECT label, count(*) AS id FROM pets "
                "GROUP BY label\n\n# %%\nCREATE TABLE far AS SELECT id + 100 AS id, label FROM pets\n"))
    assert "rows" in works(cells("%show far\n"))
    for name in ("n", "far"):
        assert "images" not in works(cells(f"%show {name}\n")) or name == "n"


@pytest.mark.parametrize("how", ["zip", "tar.gz", "web"])
def test_packed_folders(cells, site, how):  # noqa: F811
    tree(cells.folder / "pets")
    files = sorted((cells.folder / "pets").rglob("*.png"))
    name = "pets.zip" if how == "zip" else "pets.tar.gz"
    if how == "zip":
        with zipfile.ZipFile(cells.folder / name, "w") as z:
            z.writestr("../../escape.png", png(3, 3, 1))  # a name, never a path
            for f in files:
                z.write(f, f.relative_to(cells.folder))
    else:
        with tarfile.open(cells.folder / name, "w:gz") as t:
            for f in files:
                t.add(f, f.relative_to(cells.folder))
    source = name
    if how == "web":
        site.files["/" + name] = (cells.folder / name).read_bytes()
        source = f"{site.url}/{name}"
    said = works(cells(f"%fetch pets {source}\n"))
    assert ("7 images" if how == "zip" else "6 images, 3 classes") in said
    if how == "web":
        assert [status for _, _, status in site.log] == [200]
    assert rows(cells, "SELECT count(*) FROM pets WHERE label = 'emu'") == [[2]]


def test_recordio(cells):
    # Past its end a PNG holds the magic word twice, at multiples of 4: three pieces.
    word = struct.pack("<I", MAGIC)
    body = png(6, 6, 3)
    split = image_record(1, 0.0, body + b"\0" * (-len(body) % 4) + word * 2 + b"xy")
    assert split.count(word) == 3
    records = [image_record(0, 2.0, png(4, 4, 1)), split]
    (cells.folder / "t.rec").write_bytes(b"".join(records))
    (cells.folder / "t.idx").write_text(f"0\t0\n1\t{len(records[0])}\n")
    (cells.folder / "t.lst").write_text("0\t2\tzoo/a.png\n1\t0\tfarm/b.png\n")
    works(cells('%fetch t t.rec --classes "ant, bee, cow"\n'))
    assert rows(cells, "SELECT label, width, source FROM t") == [
        ["cow", 4, "zoo/a.png"], ["ant", 6, "farm/b.png"]]
    (cells.folder / "m.rec").write_bytes(image_record(0, [1, 0, 1], png(4, 4, 1)))
    works(cells("%fetch m m.rec\n"))
    assert rows(cells, "SELECT label FROM m") == [["[1,0,1]"]]
    whole = b"".join(records)
    # Of the last piece, a head of 8 bytes and "xy" with its padding, 3 bytes are left.
    (cells.folder / "t.rec").write_bytes(whole[:-9])
    fails(cells("%fetch t t.rec\n"), "t.rec", "cut off", f"byte {len(whole) - 12}")
    (cells.folder / "t.rec").write_bytes(records[0] + image_record(1, 0.0, b"nonsense"))
    fails(cells("%fetch t t.rec\n"), "t.rec, the record at byte", "no image")
    said = works(cells("%fetch t t.rec --on-bad-row skip\n"))
    assert "1 image left out" in said and "t.rec, the record at byte" in said


def idx(array, shape):
    return struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + array


def test_idx_pairs(cells, site):  # noqa: F811
    images = idx(bytes(range(48)), (3, 4, 4))
    labels = idx(bytes([7, 0, 7]), (3,))
    for name, body in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        (cells.folder / name).write_bytes(body)
        site.files[f"/{name}.gz"] = gzip.compress(body)
    works(cells("%fetch a train-images-idx3-ubyte\n"))
    works(cells(f"%fetch b {site.url}/train-images-idx3-ubyte.gz\n"))
    for name in "ab":
        assert rows(cells, f"SELECT id, label, width, format FROM {name}") == [
            [0, "7", 4, "raw"], [1, "0", 4, "raw"], [2, "7", 4, "raw"]]
    (cells.folder / "train-labels-idx1-ubyte").write_bytes(labels[:-1])
    fails(cells("%fetch a train-images-idx3-ubyte\n"), "train-labels-idx1-ubyte", "cut off")


def test_cifar_archive(cells):
    body = b"".join(bytes([k]) + bytes([10 * k]) * 1024 + bytes([1]) * 2048 for k in range(10))
    with tarfile.open(cells.folder / "cifar-10-binary.tar.gz", "w:gz") as t:
        for name, data in (("batches.meta.txt", b"\n".join(b"class%d" % k for k in range(10))),
                           ("data_batch_1.bin", body), ("test_batch.bin", body[:3073 * 2])):
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    said = works(cells("%fetch c cifar-10-binary.tar.gz\n"))
    assert "12 images of 32 × 32, 10 classes" in said
    assert rows(cells, "SELECT label, count(*) FROM c WHERE source LIKE '%test_batch%' GROUP BY 1") == [
        ["class0", 1], ["class1", 1]]
    works(cells("%fetch c cifar-10-binary.tar.gz --member test_batch.bin\n"))
    assert rows(cells, "SELECT count(*) FROM c") == [[2]]


def test_manifest(cells):
    tree(cells.folder / "pets")
    lines = [{"source-ref": f"s3://bucket/pets/{p.parent.name}/{p.name}", "kind": p.parent.name}
             for p in sorted((cells.folder / "pets").rglob("*.png"))]
    (cells.folder / "train.manifest").write_text("\n".join(map(json.dumps, lines)))
    works(cells("%fetch m train.manifest\n"))
    assert rows(cells, "SELECT label, count(*) FROM m GROUP BY 1") == [["cat", 2], ["dog", 2], ["emu", 2]]
    lines[3]["source-ref"] = "s3://bucket/none.png"
    (cells.folder / "train.manifest").write_text("\n".join(map(json.dumps, lines)))
    fails(cells("%fetch m train.manifest\n"), "train.manifest, line 4", "none.png")


def test_tables_stay_tables(cells):
    """What lies beside a table, or with it in an archive, does not make pictures of it."""
    (cells.folder / "t.csv").write_text("a,b\n1,2\n")
    (cells.folder / "t.lst").write_text("0\t1\tx.png\n")
    (cells.folder / "u.jsonl").write_text('{"source": "x", "y": 1}\n')
    with zipfile.ZipFile(cells.folder / "z.zip", "w") as z:
        z.writestr("t.csv", "a,b\n1,2\n")
        z.writestr("logo.png", png(3, 3, 1))
    works(cells("%fetch t t.csv\n\n# %%\n%fetch u u.jsonl\n\n# %%\n%fetch z z.zip --member t.csv\n"))
    assert rows(cells, "SELECT a, b FROM z") == [[1, 2]]
    fails(cells("%fetch t t.csv --format recordio\n"), "t.csv", "recordio")
    fails(cells('%fetch t t.csv --classes "a,b"\n'), "--classes is for images")
    tree(cells.folder / "pets")
    fails(cells("%fetch p pets --delimiter ;\n"), "--delimiter is for CSV")
    (cells.folder / "empty").mkdir()
    fails(cells("%fetch e empty\n"), "empty is a folder without images")


def test_describe_tells_of_pictures(cells):
    tree(cells.folder / "pets", 9)
    folder = cells.folder / "pets/dog"
    (folder / "again.png").write_bytes((folder / "1.png").read_bytes())
    (folder / "cat.png").write_bytes((cells.folder / "pets/cat/0.png").read_bytes())
    (folder / "cut.png").write_bytes(png(20, 20, 5)[:-20])
    works(cells("%fetch pets pets --on-bad-row skip\n"))
    said = " ".join(works(cells("%describe pets\n")).split())
    for words in ("images 11", "classes 3, of 3 (emu) to 5 images (dog)", "smallest 4 × 5: cat/0.png",
                  "largest 12 × 5: emu/8.png", "all in shades of grey", "11 png",
                  "2 images, 1 under another label", "dog/again.png dog/1.png the same",
                  "dog/cat.png cat/0.png another", "dog/cut.png: the PNG is cut off",
                  "drop rows where id in (6, 7)"):
        assert words in said, (words, said)
    # What it says to paste can be pasted, and a part of the set is not told of its whole.
    works(cells("%%clean pets\ndrop rows where id in (6, 7)\n"))
    said = works(cells("%describe pets_clean\n"))
    assert "there twice" not in said and "cut.png" not in said
    assert "3, of 3 images each" in said
    assert "far-out" not in said


def test_refusals_say_why(cells):
    folder = cells.folder / "p" / "x"
    folder.mkdir(parents=True)
    good = png(20, 20, 5)
    for name, data, *words in [
            ("cut.png", good[:-20], "cut.png", "cut off"),
            ("bit.png", good[:45] + bytes([good[45] ^ 1]) + good[46:], "bit.png", "checksum", "byte 33"),
            ("big.png", png(1, 1, 0)[:16] + struct.pack(">II", 60000, 60000) + good[24:], "big.png"),
            ("web.jpg", b"RIFF\0\0\0\0WEBPVP8 ", "web.jpg", "WebP", "JPEG, PNG"),
            ("none.jpg", b"", "none.jpg", "empty")]:
        (folder / name).write_bytes(data)
        fails(cells("%fetch p p\n"), *words)
        (folder / name).unlink()


def test_generate(cells):
    said = works(cells("%generate digits d --rows 50 --seed 3\n\n# %%\n%generate shapes s --rows 12\n"))
    assert "50 images of 28 × 28, 10 classes" in said and "12 images of 32 × 32, 6 classes" in said
    assert rows(cells, "SELECT label, count(*) FROM d GROUP BY 1") == [[str(k), 5] for k in range(10)]
    before = sorted(p.read_bytes() for p in (cells.folder / "w/frames").iterdir())
    works(cells("%generate digits d --rows 50 --seed 3\n\n# %%\n%generate shapes s --rows 12\n"
                "\n# %%\n%delete answer\n"))
    after = sorted(p.read_bytes() for p in (cells.folder / "w/frames").iterdir())
    assert [b for b in before if b in after] == after  # the same seed, the same bytes


def test_all_of_the_real_sets(cells, atelier_data):
    for name, source, want in [
            ("mini", "recordio/caltech101_mini/caltech101-10c-val.rec", "150 images, 10 classes"),
            ("benz", "recordio/benz_detection/train.rec", "12 images"),
            ("cifar", "images/cifar10/cifar10_test_2k.bin", "2,000 images of 32 × 32, 10 classes"),
            ("mnist", "images/mnist/t10k-images-idx3-ubyte.gz", "10,000 images of 28 × 28, 10 classes"),
            ("fashion", "images/fashion-mnist", "70,000 images of 28 × 28, 10 classes"),
            ("photos", "images/photos", "2 images of 640 × 427")]:
        assert want in works(cells(f"%fetch {name} {atelier_data / source}\n"))
    assert rows(cells, "SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM mini GROUP BY label)") == [[15, 15]]
