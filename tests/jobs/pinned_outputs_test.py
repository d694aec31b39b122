"""Every job gives the bits that it always gave: small runs of all of them, whose outputs are compared with digests in
pinned_outputs.json beside this file.

`python3 pinned_outputs_test.py --write PROGRAM` makes that file anew, from a program whose outputs are right: before a change
that may not change bits, or after one that has to (then say in the commit which outputs changed, and why).

Bits are promised for one build on any SIMD target with FMA (docs/DESIGN.md, "The same bits everywhere"). Under another
compiler nothing is compared, and on the portable target, which rounds otherwise, only outputs without arithmetic of kernels."""
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import h5py
import numpy as np

import program
from program import run

PINS = pathlib.Path(__file__).with_name("pinned_outputs.json")
# What outputs say of the program, the machine and the run is no result.
FREE_ATTRIBUTES = ("version", "metadata-digest", "model-digest", "warm-start-digest", "blend-digests", "segments-digest")  # digests and keys that are over the version, too
FREE_DATASETS = ("lineage", "digests/lineage")
FREE_KEYS = ("version", "key", "memory", "mebibytes", "measured", "begin_seconds", "host")

GIVEN = {
    # Duplicates of every kind, returns, text ids, folds of the log's own.
    "orders.csv": "customer;sku;pieces;price;when;part\n" + "".join(
        f"c{i * i % 37:02d};A{i * 7 % 23};{(i % 5) - (i % 41 == 0) * 6};{1 + i % 9},5;2024-{1 + i % 12:02d}-{1 + i % 28:02d} 10:{i % 60:02d};"
        f"{(i * i % 37 + i * 7 % 23) % 3}\n" for i in range(700)),
    "points.csv": "id,height,width,depth\n" + "".join(
        f"{i},{(i % 4) * 3 + i * 37 % 101 / 101},{(i % 3) * 2 + i * 53 % 97 / 97},{i * 71 % 89 / 89}\n" for i in range(300)),
    "shelves.csv": "id,shelf,price,title\n" + "".join(
        f"{i},{'' if i % 11 == 0 else f's{i * i % 7}'},{'' if i % 13 == 0 else i % 17 + 0.25},word{i % 9} Of{i % 5}\n" for i in range(1, 140)),
    "newer.csv": "user,item,rating\n" + "".join(f"{(i * 7) % 12 + (900 if i % 3 else 1)},{(i * 11) % 110 + 1},{1 + i % 5}\n" for i in range(90)),
    "groups.csv": "user,group,segment,offer\n" + "".join(
        f"c{i:02d},{'control' if i % 5 < 2 else 'treated'},{'north' if i % 3 else 'south'},{'tea' if i % 2 else 'cup'}\n" for i in range(37)),
    "spring.ini": "[campaign]\nname = spring\nstart = 2024-11-01\nhorizon = 60d\nhold-out = 20%\nglobal-hold-out = 5%\nstrata = value\nbudget = 6\n"
                  "offers-per-customer = 2\n[offer tea]\nmargin = 9\nprobability = p_alive\ncost = 0.4\ncapacity = 12\ncategory = drink\nchannel = mail\n"
                  "[offer cup]\nmargin = 2\nprobability = 0.25\ncost = 0.1\n",
    "spring.key": "a key that nobody else has\n",
    "wanted.txt": "".join(f"{user}\n" for user in range(1, 400, 7)),
}
SEARCH = ["--factors", "4,8", "--regularization", "0.003,0.03", "--epochs", "2", "--validation", "interactions:2", "--optimize", "ndcg@20",
          "--calibrate", "0"]

# Each run: arguments; ranks; files that it writes. Runs follow each other in one folder.
EXACT_RUNS = [  # the same on every SIMD target
    ("synthesize --kind ratings --users 400 --items 120 --interactions 9000 --dirt 0.05 --output ratings.csv --truth truth.h5", 1,
     ["ratings.csv", "truth.h5"]),
    ("synthesize --shape shop --scale 0.001 --dirt 0.1 --broken-lines 0.001 --seed 3 --output shop.csv", 3, ["shop.csv"]),
    ("prepare --input ratings.csv --missing skip --split random:0.1 --output ratings.h5", 1, ["ratings.h5"]),
    ("prepare --input ratings.csv --missing skip --split temporal:0.2 --min-user-count 4 --min-item-count 4 --output temporal.h5", 3,
     ["temporal.h5"]),
    ("prepare --input ratings.csv --missing skip --split users:0.2 --seed 5 --compression 4 --output heldout-users.h5", 1,
     ["heldout-users.h5"]),
    ("prepare --input orders.csv --columns user=customer,item=sku,value=pieces*price,time=when --duplicates sum --split leave-last:1 "
     "--output orders.h5", 3, ["orders.h5"]),
    ("prepare --input orders.csv --columns user=customer,item=sku,value=pieces*price,time=when --orders day --exact-repeats drop "
     "--duplicates sum --split temporal:0.2 --validation random:0.2 --output days.h5", 3, ["days.h5"]),
    ("profile --data days.h5 --lifetime --calibrate-at 2024-06-30 --output profile.h5 --report profile.json", 3, ["profile.h5", "profile.json"]),
    ("profile --data days.h5 --at 2024-09-30 --output profile.csv", 1, ["profile.csv"]),
    ("campaign measure --assignment groups.csv --start 2024-05-01 --horizon 90d --hold-out 40% --outcomes days.h5 --margin 0.25 --least-group 2 "
     "--output measured.json --uplift uplift.csv", 3, ["measured.json", "uplift.csv"]),
    ("synthesize --users 200 --items 60 --interactions 2000 --output earlier.csv --next-output later.csv --cut 2024-06-01", 3, ["earlier.csv", "later.csv"]),
    ("campaign plan --campaign spring.ini --data days.h5 --profile profile.h5 --key spring.key --output spring.json", 3, ["spring.json"]),
    ("campaign assign --campaign spring.ini --data days.h5 --profile profile.h5 --key spring.key --created 2024-10-25 --assignment spring.h5 "
     "--lists spring.csv --explain", 3, ["spring.h5", "spring-segment-none-mail.csv", "spring-segment-none-none.csv", "spring-controls.csv"]),
    ("prepare --input ratings.csv --missing skip --orders day --output rated.h5", 1, ["rated.h5"]),
    ("profile --data rated.h5 --at 2024-09-30 --output rater.h5", 1, ["rater.h5"]),
    ("propensity --profile rater.h5 --outcomes rated.h5 --within 21d --output scores.h5 --json propensity.json", 3, ["scores.h5", "propensity.json"]),
    ("demand --data rated.h5 --horizon 4 --output demand.json", 3, ["demand.json"]),
    ("propensity --profile rater.h5 --outcomes rated.h5 --target money --output money.csv", 1, ["money.csv"]),
    ("prepare --input orders.csv --columns user=customer,item=sku,value=pieces,fold=part --duplicates max --min-total -100 "
     "--output folds.h5", 1, ["folds.h5"]),
    ("prepare --input ratings.csv --missing skip --transform clip:2,5 --transform centre:user --split random:0.1 --output centred.h5", 3,
     ["centred.h5"]),
    ("plan --data ratings.h5 --calibrate 0 --ranks 1,3 --cores-per-node 4 --json plan.json", 1, ["plan.json"]),
    ("plan --shape shop --users 2000 --items 200 --interactions 16000 --factors 32 --calibrate 0 --ranks 2,8 --cores-per-node 4 "
     "--json stated.json", 1, ["stated.json"]),
]
KERNEL_RUNS = [  # the same on every SIMD target with FMA
    ("als --data ratings.h5 --model implicit.h5 --factors 17 --epochs 3", 1, ["implicit.h5"]),
    ("als --data ratings.h5 --model ranks.h5 --factors 17 --epochs 3 --exchange bf16 --weighting log --alpha 2", 3, ["ranks.h5"]),
    ("als --data ratings.h5 --model explicit.h5 --objective explicit --biases --factors 8 --epochs 3 --validation-metric rmse", 3,
     ["explicit.h5"]),
    ("als --data ratings.h5 --model cg.h5 --solver cg --factors 12 --epochs 2", 1, ["cg.h5"]),
    ("als --data ratings.h5 --model cg-ranks.h5 --solver cg --factors 12 --epochs 2 --fold interactions:1/3", 3, ["cg-ranks.h5"]),
    ("als --data ratings.h5 --model subspace.h5 --solver subspace --subspace-block 16 --factors 20 --epochs 2", 1, ["subspace.h5"]),
    ("als --data temporal.h5 --model warm.h5 --factors 17 --epochs 1 --warm-start implicit.h5", 1, ["warm.h5"]),
    ("als --data heldout-users.h5 --model users.h5 --factors 9 --epochs 2 --checkpoint checkpoints --train-on training", 1, ["users.h5"]),
    ("evaluate --data ratings.h5 --model implicit.h5 --output implicit.json", 1, ["implicit.json"]),
    ("evaluate --data ratings.h5 --model explicit.h5 --metrics rmse,mae,ndcg@20 --output explicit.json", 3, ["explicit.json"]),
    ("evaluate --data heldout-users.h5 --model users.h5 --metrics recall@5,map@10,hr@3 --output users.json", 1, ["users.json"]),
    ("itemcf --data ratings.h5 --model items.h5 --similarity bm25 --shrinkage 5 --neighbours 20 --entry-weights log", 3, ["items.h5"]),
    ("itemcf --data ratings.h5 --model ridge.h5 --weights ridge --neighbours 30 --penalty 50", 1, ["ridge.h5"]),
    ("evaluate --data ratings.h5 --model ridge.h5 --baseline items.h5 --metrics recall@20,auc --output ridge.json", 3, ["ridge.json"]),
    ("recommend --data ratings.h5 --model items.h5 --top 5 --output by-items.csv", 1, ["by-items.csv"]),
    ("evaluate --data ratings.h5 --model implicit.h5 --model items.h5 --blend 0.6,0.4 --metrics ndcg@20,auc --output blend.json", 3,
     ["blend.json"]),
    ("recommend --data ratings.h5 --model implicit.h5 --model items.h5 --blend 0.6,0.4 --blend-scores rank --top 5 --output blended.h5", 3,
     ["blended.h5"]),
    ("itemcf --data ratings.h5 --model fold-items.h5 --neighbours 20 --fold interactions:1/3", 1, ["fold-items.h5"]),
    ("sweep blend --data ratings.h5 --model cg-ranks.h5 --model fold-items.h5 --step 0.25 --metric ndcg@20 --output weights.json", 1,
     ["weights.json"]),
    ("denoise --data ratings.h5 --objective explicit --biases --factors 5 --epochs 2 --folds 3 --threshold 3 --output cleaned.h5 "
     "--quarantine found.csv --report denoise.json", 3, ["cleaned.h5", "found.csv", "denoise.json"]),
    ("recommend --data ratings.h5 --model implicit.h5 --top 5 --output lists.csv", 3, ["lists.csv"]),
    ("recommend --data ratings.h5 --model explicit.h5 --top 7 --users wanted.txt --output lists.h5", 1, ["lists.h5"]),
    ("recommend --data heldout-users.h5 --model users.h5 --seen only --output again.csv", 1, ["again.csv"]),
    ("similar --model implicit.h5 --top 5 --output similar.csv", 3, ["similar.csv"]),
    ("similar --model explicit.h5 --rows users --measure inner-product --top 7 --ids wanted.txt --output similar.h5", 1, ["similar.h5"]),
    ("similar --model items.h5 --top 5 --output neighbours.csv", 1, ["neighbours.csv"]),
    ("export --model explicit.h5 --output explicit.npz", 3, ["explicit.npz"]),
    ("export --model items.h5 --output items.npz", 1, ["items.npz"]),
    ("export --model implicit.h5 --output implicit.faiss", 1, ["implicit.faiss"]),
    ("kmeans --input implicit.h5 --rows users --clusters 6 --pruning off --output plain.h5 --export plain.csv", 1, ["plain.h5", "plain.csv"]),
    ("kmeans --input implicit.h5 --rows users --clusters 6 --pruning hamerly --seed 2 --restarts 2 --output hamerly.h5", 3, ["hamerly.h5"]),
    ("kmeans --input points.csv --id-column id --scale standard --clusters 20 --pruning yinyang --output yinyang.h5", 1, ["yinyang.h5"]),
    ("kmeans --input profile.h5 --clusters 4 --scale rank --output ranked.h5", 3, ["ranked.h5"]),
    ("kmeans --input points.csv --id-column id --scale log-standard --clusters 4 --output logs.h5", 1, ["logs.h5"]),
    ("kmeans --input points.csv --id-column id --clusters 5 --batch 50 --max-iterations 20 --init random --output batch.h5", 1, ["batch.h5"]),
    ("kmeans --input ratings.h5 --rows items --metric cosine --clusters 2:5 --init kmeans-parallel --output counts.h5 "
     "--quality counts.json", 3, ["counts.h5", "counts.json"]),
    ("kmeans --input implicit.h5 --rows users --predict plain.h5 --output assigned.h5", 1, ["assigned.h5"]),
    ("segments --data ratings.h5 --segments plain.h5 --points implicit.h5 --against hamerly.h5 --against-data ratings.h5 --most-lifts 100 --output segments.json", 3,
     ["segments.json"]),
    ("prepare --input ratings.csv --missing skip --split items:0.2 --items shelves.csv --item-types shelf=category,title=text "
     "--output shelves.h5", 1, []),
    ("als --data shelves.h5 --model described.h5 --factors 9 --epochs 3 --item-features all --feature-width 8", 3, ["described.h5"]),
    ("als --data shelves.h5 --model described-stars.h5 --objective explicit --biases --factors 5 --epochs 3 --item-features shelf,price "
     "--feature-penalty 2 --validation-metric rmse", 1, ["described-stars.h5"]),
    ("evaluate --data shelves.h5 --model described.h5 --metrics recall@20,auc --output described.json", 1, ["described.json"]),
    ("recommend --data shelves.h5 --model described.h5 --top 5 --output described.csv", 3, ["described.csv"]),
    ("recommend --data ratings.h5 --model implicit.h5 --top 5 --segments plain.h5 --segment 1,3 --columns segment --output segments.h5", 3,
     ["segments.h5"]),
    ("recommend --data ratings.h5 --model explicit.h5 --top 5 --segments plain.h5 --for segments --least-group 2 --output means.csv", 3, ["means.csv"]),
    ("recommend --data ratings.h5 --model items.h5 --top 5 --segments plain.h5 --for segments --segment-taste votes --least-group 2 --output votes.csv", 1,
     ["votes.csv"]),
    ("recommend --data ratings.h5 --model implicit.h5 --top 5 --log newer.csv --users newer.csv --output newer-lists.csv", 3, ["newer-lists.csv"]),
    ("verify ratings.h5 implicit.h5 plain.h5 lists.h5", 1, []),
]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def hdf5_digests(path):
    """Of each attribute and each dataset's type, shape and bytes."""
    found = {}

    def add(name, thing):
        for key, value in thing.attrs.items():
            if key not in FREE_ATTRIBUTES:
                found[f"{name}@{key}"] = digest(repr(np.asarray(value).tolist()).encode())
        if isinstance(thing, h5py.Dataset) and name not in FREE_DATASETS:
            rows = thing[()]
            data = rows.tobytes() if rows.dtype != object else repr(rows.tolist()).encode()
            found[name] = digest(f"{thing.dtype} {thing.shape} ".encode() + data)

    with h5py.File(path) as file:
        add("/", file)
        file.visititems(add)
    return found


def without_free_keys(value):
    if isinstance(value, dict):
        return {key: without_free_keys(inner) for key, inner in value.items() if not any(free in key for free in FREE_KEYS)}
    return [without_free_keys(inner) for inner in value] if isinstance(value, list) else value


def digests(path):
    if path.suffix == ".h5":
        return hdf5_digests(path)
    if path.suffix == ".json":
        document = without_free_keys(json.loads(path.read_text()))
        if isinstance(document.get("model"), dict):
            document["model"].pop("digest", None)  # over the version, too
        for model in document.get("models", []) + document.get("blend", {}).get("models", []):
            if isinstance(model, dict):
                model.pop("digest", None)
        return {key: digest(json.dumps(value, sort_keys=True).encode()) for key, value in document.items()}
    return {"bytes": digest(path.read_bytes())}


def build_of(program_path):
    """The SIMD target and the compiler of a program, of which bits depend."""
    lines = subprocess.run([program_path, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: next(line.removeprefix(name + " ") for line in lines if line.startswith(name + " ")) for name in ("SIMD target", "compiler")}


def outputs(folder, runs):
    """Runs them in a folder; the digests of what they wrote, by file, and of what `verify` said."""
    found = {}
    for arguments, ranks, files in runs:
        done = run([*arguments.split(), "--quiet"], ranks=ranks, cwd=folder)
        assert done.code == 0, done
        for name in files:
            found[name] = digests(folder / name)
        if arguments.startswith("verify"):
            found["standard output of verify"] = {"bytes": digest(re.sub(r", [0-9.]+ KiB, [0-9.]+ s", "", done.out).encode())}
    return found


def sweep_outputs(folder):
    for arguments in (["plan", "search", "--data", "ratings.h5", *SEARCH], ["run", "search", "--cores", "2"],
                      ["refit", "search", "--model", "refit.h5"]):
        done = run(["sweep", *arguments, "--quiet"], cwd=folder)
        assert done.code == 0, done
    planned = json.loads((folder / "search/plan.json").read_text())
    return {"search/plan.json": {key: digest(json.dumps(without_free_keys(planned[key]), sort_keys=True).encode())
                                 for key in ("configuration", "dataset_digest", "folds", "rungs", "trials", "tasks")},
            **{name: digests(folder / name) for name in ("search/results/summary.json", "search/results/winner.ini", "refit.h5")}}


def write_given(folder):
    for name, text in GIVEN.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)  # what keys have to be


class PinnedOutputsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.pins = json.loads(PINS.read_text())
        made, here = cls.pins["made with"], build_of(program.PROGRAM)
        if made["compiler"] != here["compiler"]:
            raise unittest.SkipTest(f"bits are promised for one build: pinned with {made['compiler']}, this is {here['compiler']}")
        cls.simd = here["SIMD target"]
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        write_given(cls.path)
        cls.exact = outputs(cls.path, EXACT_RUNS)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def compare(self, found):
        for name, parts in found.items():
            with self.subTest(name):
                self.assertEqual(parts, self.pins["outputs"][name])

    def test_outputs_that_no_kernel_computes(self):
        self.compare(self.exact)

    def test_outputs_of_kernels(self):
        if self.simd == "portable":
            self.skipTest("the portable SIMD target has no FMA: it agrees to rounding, not to the bit")
        self.compare(outputs(self.path, KERNEL_RUNS))
        self.compare(sweep_outputs(self.path))

    def test_every_pinned_output_is_made(self):
        made = {name for _, _, files in EXACT_RUNS + KERNEL_RUNS for name in files}
        self.assertLessEqual(made, set(self.pins["outputs"]))


def write_pins(program_path):
    program.PROGRAM = str(pathlib.Path(program_path).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        write_given(folder)
        found = {**outputs(folder, EXACT_RUNS), **outputs(folder, KERNEL_RUNS), **sweep_outputs(folder)}
    PINS.write_text(json.dumps({"made with": build_of(program.PROGRAM), "outputs": found}, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write_pins(sys.argv[2])
    else:
        unittest.main()
