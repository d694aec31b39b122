"""`rankwise calibrate`: planted probabilities come true, counts are those of plain numpy, the file is the same on any ranks."""
import json
import math
import pathlib
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
from program import run

DAY = 86400
START = 1_600_000_000


def write_planted_log(path, users, items, seed):
    """Pairs are bought in three periods of 60 days, each once at most, by chances that are those of the two groups."""
    random = np.random.default_rng(seed)
    chances = np.array([[0.22, 0.02, 0.06], [0.03, 0.25, 0.02], [0.08, 0.05, 0.18]])
    chance = chances[np.arange(users) % 3][:, np.arange(items) % 3]
    free = np.ones((users, items), bool)
    rows = []
    for period in range(3):
        bought = free & (random.random((users, items)) < (2 * chance if period == 0 else chance))
        free &= ~bought
        for user, item in zip(*np.nonzero(bought)):
            time = START + period * 60 * DAY + int(random.integers(1, 60 * DAY - 1))
            rows.append(f"u{user:05d},i{item:03d},{time},{('training', 'validation', 'heldout')[period]}")
    random.shuffle(rows)
    path.write_text("user,item,time,part\n" + "\n".join(rows) + "\n")


class CalibrateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        write_planted_log(cls.path / "log.csv", 3000, 60, 7)
        cls.prepare("data", "user=user,item=item,time=time,split=part", "--split", "column")
        cls.job("als", "--data", "@data.h5", "--model", "@model.h5", "--factors", "4", "--epochs", "6")
        cls.job("itemcf", "--data", "@data.h5", "--model", "@items.h5", "--neighbours", "20")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def prepare(cls, name, columns, *extra):
        cls.job("prepare", "--input", "@log.csv", "--columns", columns, *extra, "--output", f"@{name}.h5")

    @classmethod
    def job(cls, *args, code=0, ranks=1):
        done = run([cls.path / arg[1:] if isinstance(arg, str) and arg.startswith("@") else arg for arg in args], ranks=ranks)
        assert done.code == code, done
        return done

    @classmethod
    def calibrate(cls, *extra, model="model", data="data", ranks=1, code=0):
        output = cls.path / "probabilities.json"
        output.unlink(missing_ok=True)
        done = cls.job("calibrate", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--output", output, *extra, ranks=ranks, code=code)
        return (output.read_bytes() if output.exists() else None), done

    def test_planted_probabilities_come_true(self):
        # Of an item model, scores grow with what was bought meanwhile.
        for model, largest in (("model", 0.01), ("items", 0.03)):
            told, done = self.calibrate("--top", "40", "--within", "60d", model=model)
            heldout = json.loads(told)["reliability"]["heldout"]
            self.assertLess(heldout["expected_calibration_error"], largest, model)
            self.assertLess(heldout["brier"], heldout["brier_of_the_share"], model)
            self.assertGreater(json.loads(told)["reliability"]["heldout_of_scores"]["expected_calibration_error"], 0.03, model)
            self.assertIn("expected calibration error", done.err)
            steps = [step for band in json.loads(told)["bands"] for step in band["steps"]]
            self.assertGreater(max(step["probability"] for step in steps), 0.15)
            self.assertLess(min(step["probability"] for step in steps), 0.08)

    def test_evaluate_checks_them(self):
        for model, extra in (("model", ["--within", "60d"]), ("items", [])):
            fitted = json.loads(self.calibrate("--top", "9", *extra, model=model)[0])
            evaluation = self.path / "evaluation.json"
            done = self.job("evaluate", "--data", "@data.h5", "--model", f"@{model}.h5", "--probability", "@probabilities.json", "--output", evaluation, ranks=3)
            told = json.loads(evaluation.read_text())["reliability"]
            self.assertEqual({key: told[key] for key in fitted["reliability"]["heldout"]}, fitted["reliability"]["heldout"])
            self.assertEqual((told["file"], told["top"], told["within_seconds"]), ("probabilities.json", 9, 60 * DAY if extra else None))
            self.assertIn(f"expected calibration error {told['expected_calibration_error']:.6f}", done.out)
        evaluate = ["evaluate", "--data", "@data.h5", "--probability", "@probabilities.json"]
        self.assertIn("has the probabilities of another model", self.job(*evaluate, "--model", "@model.h5", code=65).err)
        self.assertIn("expected --seen exclude", self.job(*evaluate, "--model", "@items.h5", "--seen", "allow", code=2).err)
        self.assertIn("expected one --model", self.job(*evaluate, "--model", "@items.h5", "--model", "@model.h5", "--blend", "1,1", code=2).err)

    def test_counts_are_those_of_plain_lists(self):
        with h5py.File(self.path / "data.h5") as file:
            training = numpy_als.read_csr(file, "interactions").toarray() > 0
            validation = numpy_als.read_csr(file, "validation/interactions")
            times = file["validation/interactions/time"][:]
            first = file["interactions/time"][:].max()
        validation.data = np.arange(1, validation.nnz + 1)
        places = validation.toarray().astype(int)
        users, items, *_ = numpy_als.read_model(self.path / "model.h5")
        scores = users.astype(np.float64) @ items.astype(np.float64).T
        entries = training.sum(axis=0)
        top, within = 7, 20
        pairs = []  # entries of the item, score, bought
        for user in np.nonzero(training.any(axis=1))[0]:
            candidates = [item for item in range(training.shape[1]) if entries[item] > 0 and not training[user, item]]
            for item in sorted(candidates, key=lambda item: (-scores[user, item], item))[:top]:
                place = places[user, item]
                pairs.append((entries[item], scores[user, item], place > 0 and times[place - 1] < first + within * DAY))
        told = json.loads(self.calibrate("--top", top, "--within", f"{within}d", "--least-pairs", "50", ranks=3)[0])
        self.assertEqual(told["users"], int(training.any(axis=1).sum()))
        high = math.inf
        for band in told["bands"]:
            inside = [(score, bought) for count, score, bought in pairs if band["least_entries"] <= count < high]
            high = band["least_entries"]
            self.assertEqual(sum(step["pairs"] for step in band["steps"]), len(inside))
            self.assertEqual(sum(step["bought"] for step in band["steps"]), sum(bought for _, bought in inside))
            for number, step in enumerate(band["steps"]):
                self.assertGreaterEqual(step["pairs"], 50)
                self.assertAlmostEqual(step["probability"], step["bought"] / step["pairs"], delta=1e-15)
                above = band["steps"][number + 1]["from_score"] if number + 1 < len(band["steps"]) else math.inf
                below = step["from_score"] if number else -math.inf
                self.assertAlmostEqual(step["pairs"], sum(below <= score < above for score, _ in inside), delta=2)
        self.assertEqual(sum(step["pairs"] for band in told["bands"] for step in band["steps"]), told["reliability"]["validation"]["pairs"])

    def test_lists_with_probabilities(self):
        told = json.loads(self.calibrate("--top", "10")[0])
        with h5py.File(self.path / "model.h5") as file:
            entries = {item.decode(): count for item, count in zip(file["items/ids"][:], file["items/entries"][:])}

        def expected(item, score):
            band = next(band for band in told["bands"] if entries[item] >= band["least_entries"])
            below = [step for step in band["steps"] if step["from_score"] <= score]
            return (below or band["steps"][:1])[-1]["probability"]

        (self.path / "who.txt").write_text("u00001\nu00002\nnobody\n")
        lists = ["recommend", "--data", "@data.h5", "--model", "@model.h5", "--top", "5", "--probability", self.path / "out.json"]
        (self.path / "out.json").write_text(json.dumps(told))
        texts = set()
        for ranks in (1, 3):
            self.job(*lists, "--output", "@lists.csv", ranks=ranks)
            texts.add((self.path / "lists.csv").read_text())
        self.assertEqual(len(texts), 1)
        header, *rows = [line.split(",") for line in texts.pop().splitlines()]
        self.assertEqual(header, ["user", "rank", "item", "score", "source", "probability"])
        self.assertGreater(len(rows), 10_000)
        for user, _, item, score, source, probability in rows[::97]:
            self.assertEqual(source, "model")
            if probability:
                self.assertEqual(float(probability), expected(item, float(np.float32(score))), (user, item))
        # Rules bring items with scores that calibrate has not seen.
        (self.path / "some.txt").write_text("".join(f"i{item:03d}\n" for item in range(0, 60, 7)))
        self.job(*lists, "--items", "@some.txt", "--output", "@some.csv")
        given = {"": 0, "known": 0}
        for line in (self.path / "some.csv").read_text().splitlines()[1:]:
            _, _, item, score, _, probability = line.split(",")
            band = next(band for band in told["bands"] if entries[item] >= band["least_entries"])
            is_known = np.float32(score) >= band["steps"][0]["from_score"]
            self.assertEqual(probability, f"{expected(item, np.float32(score))}" if is_known else "")
            given["known" if is_known else ""] += 1
        self.assertTrue(all(given.values()), given)
        self.job(*lists, "--users", "@who.txt", "--unknown-users", "popular", "--output", "@few.jsonl")
        few = [json.loads(line) for line in (self.path / "few.jsonl").read_text().splitlines()]
        self.assertEqual([entry["probability"] is None for entry in few[-1]["items"]], [True] * 5)
        self.assertEqual([entry["probability"] for entry in few[0]["items"]], [expected(entry["item"], np.float32(entry["score"])) for entry in few[0]["items"]])
        self.job(*lists, "--output", "@lists.h5", ranks=3)
        with h5py.File(self.path / "lists.h5") as file:
            np.testing.assert_array_equal(file["recommendations/probability"][:], [float(row[5] or "nan") for row in rows])
        self.assertGreater(sum(row[5] != "" for row in rows), 0.95 * len(rows))
        for code, words, extra in ((65, "the probabilities of another model", ("--model", "@items.h5")), (2, "knows lists of 10 items", ("--top", "11")),
                                   (2, "--seen exclude", ("--seen", "allow")), (2, "without --boost", ("--boost", "price"))):
            if extra[0] in lists:
                job = [extra[1] if before == extra[0] else word for before, word in zip([""] + lists, lists)]
            else:
                job = [*lists, *extra]
            self.assertIn(words, self.job(*job, "--output", "@no.csv", code=code).err)
            self.assertFalse((self.path / "no.csv").exists())

    def test_the_same_bytes_on_any_ranks(self):
        for model in ("model", "items"):
            one, _ = self.calibrate("--top", "10", model=model)
            for ranks, extra in ((2, ()), (3, ("--threads", "2"))):
                self.assertEqual(self.calibrate("--top", "10", *extra, model=model, ranks=ranks)[0], one)

    def test_what_cannot_tell_a_probability(self):
        self.prepare("plain", "user=user,item=item,time=time", "--split", "random:0.2")
        self.prepare("random", "user=user,item=item,time=time", "--split", "random:0.2", "--validation", "random:0.2")
        self.prepare("timeless", "user=user,item=item", "--split", "random:0.2", "--validation", "random:0.2")
        self.prepare("unchecked", "user=user,item=item,time=time,split=part", "--split", "column", "--where", "part in (training, validation)")
        for data in ("plain", "random", "timeless", "unchecked"):
            self.job("als", "--data", f"@{data}.h5", "--model", f"@{data}-model.h5", "--factors", "2", "--epochs", "1")
        self.job("als", "--data", "@data.h5", "--model", "@all.h5", "--factors", "2", "--epochs", "1", "--train-on", "all")
        self.job("als", "--data", "@data.h5", "--model", "@fold.h5", "--factors", "2", "--epochs", "1", "--fold", "interactions:1/5")
        for data, model, extra, line in (
                ("plain", "plain-model", (), "has no validation part"),
                ("random", "model", (), "was trained on another dataset than"),
                ("data", "all", (), "has learned the validation part of"),
                ("data", "fold", (), "leaves out a fold of its dataset"),
                ("random", "random-model", ("--within", "10d"), "begins before what is known ends"),
                ("timeless", "timeless-model", ("--within", "10d"), "has no times")):
            told, done = self.calibrate(*extra, data=data, model=model, code=65)
            self.assertIsNone(told)
            self.assertIn(line, done.err)
        self.job("als", "--data", "@data.h5", "--model", "@heir.h5", "--factors", "2", "--epochs", "1", "--warm-start", "@all.h5")
        self.assertIn("began with a model that was trained on all of", self.calibrate(model="heir", code=65)[1].err)
        self.assertIn("was bought in the validation part", self.calibrate("--within", "1s", code=65)[1].err)
        for extra in (("--within", "0s"), ("--within", "soon"), ("--top", "0"), ("--least-pairs", "0")):
            self.assertIsNone(self.calibrate(*extra, code=2)[0])
        told, done = self.calibrate(data="unchecked", model="unchecked-model")
        self.assertIsNone(json.loads(told)["reliability"]["heldout"])
        self.assertIn("whether the probabilities come true is not known", done.err)
        told, done = self.calibrate("--within", "200d", "--top", "5")
        self.assertIn("has its last purchase", done.err)


if __name__ == "__main__":
    unittest.main()
