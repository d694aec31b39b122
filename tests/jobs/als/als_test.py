"""`rankwise als`: the same bits on any ranks, threads and SIMD targets; equal to an independent numpy implementation; what
goes wrong is told."""
import hashlib
import json
import os
import pathlib
import re
import tempfile
import unittest

import h5py
import numpy as np

import numpy_als
import shop
from program import data_file, ranks_of_refusal, run
from small_disk import small_disk, with_own_mounts

KINDS = {
    "implicit constant": ["--regularization", "0.01"],
    "implicit linear": ["--weighting", "linear", "--alpha", "3", "--unobserved-weight", "1"],
    "implicit log": ["--weighting", "log", "--alpha", "2", "--regularization-exponent", "0.5", "--regularization", "0.1"],
    "explicit": ["--objective", "explicit", "--regularization", "0.1"],
    "explicit biases": ["--objective", "explicit", "--biases"],
    "implicit constant, primal": ["--regularization", "0.01", "--solver", "primal"],
    "implicit constant, dual": ["--regularization", "0.01", "--solver", "dual"],
    "implicit linear, dual": ["--weighting", "linear", "--alpha", "3", "--solver", "dual"],
    "explicit biases, dual": ["--objective", "explicit", "--solver", "dual", "--biases"],
}
APPROXIMATE = {
    "cg": ["--solver", "cg"],
    "cg, explicit biases": ["--solver", "cg", "--cg-steps", "2", "--objective", "explicit", "--biases"],
    "subspace": ["--solver", "subspace", "--subspace-block", "16"],
    "subspace, linear": ["--solver", "subspace", "--subspace-block", "1", "--weighting", "linear", "--alpha", "3"],
}


def simd_targets():
    flags = pathlib.Path("/proc/cpuinfo").read_text().split() if os.path.exists("/proc/cpuinfo") else []
    return [target for target, flag in (("avx512", "avx512bw"), ("avx2", "avx2")) if flag in flags] or ["auto"]


def balanced_weight(matrix):
    """What --unobserved-weight auto is for a sparse matrix."""
    return 20 * matrix.nnz / (np.count_nonzero(np.diff(matrix.tocsr().indptr)) * np.count_nonzero(np.diff(matrix.tocsc().indptr)))


class AlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        shop.write_log(cls.path / "log.csv")
        done = run(["prepare", "--input", cls.path / "log.csv", "--split", "random:0.1", "--output", cls.path / "data.h5"])
        assert done.code == 0, done
        cls.data = cls.path / "data.h5"

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def train(self, name, options, epochs=3, data="data.h5", **how):
        model = self.path / name
        factors = [] if "--factors" in options else ["--factors", "17"]
        done = run(["als", "--data", self.path / data, "--model", model, *factors, "--epochs", str(epochs), *options], **how)
        self.assertEqual(done.code, 0, done)
        return model

    def digests(self, model):
        with h5py.File(model) as file:
            names = [name for side in ("users", "items") for name in (f"{side}/factors", f"{side}/ids", f"{side}/biases")
                     if name in file] + ["history/loss"]
            return {name: hashlib.sha256(file[name][:].tobytes()).hexdigest() for name in names}

    def test_same_bits_on_any_ranks_threads_and_simd_targets(self):
        for kind, options in {**KINDS, **APPROXIMATE}.items():
            expected = None
            # One rank and several with one thread and several, every target; further numbers of ranks for the first kind.
            targets = simd_targets()
            runs = [(1, 1 + i % 2, target) for i, target in enumerate(targets)] + [(3, 2, "auto")]
            if kind == "implicit constant":
                runs += [(2, 1, targets[0]), (4, 2, targets[-1]), (7, 1, "auto")]
            for ranks, threads, simd in runs:
                with self.subTest(kind=kind, ranks=ranks, threads=threads, simd=simd):
                    model = self.train("bits.h5", [*options, "--threads", str(threads), "--simd", simd], ranks=ranks)
                    digests = self.digests(model)
                    expected = expected or digests
                    self.assertEqual(digests, expected)

    def least_budget(self, options, ranks):
        """MB, as a refusal tells it."""
        done = run(["als", "--data", self.path / "wide.h5", "--model", self.path / "refused.h5", "--memory-budget", "1MiB",
                    "--threads", "1", *options], ranks=ranks)
        self.assertEqual(done.code, 2, done)
        self.assertEqual(len(done.our_lines), 1, done)
        self.assertFalse((self.path / "refused.h5").exists())
        found = re.search(r"--memory-budget 1.00 MiB: with the fewest rows gathered one rank takes ([0-9.]+) MiB; expected", done.our_lines[0])
        self.assertTrue(found, done)
        return float(found.group(1)) * 1.048576

    def test_same_bits_and_bounded_memory_within_any_budget(self):
        for command in (["synthesize", "--shape", "shop", "--users", "6000", "--items", "3000", "--interactions", "60000", "--output",
                         self.path / "wide.csv"], ["prepare", "--input", self.path / "wide.csv", "--output", self.path / "wide.h5"]):
            self.assertEqual(run(command).code, 0)
        for kind in ("implicit constant", "explicit biases", "cg"):
            options = [*{**KINDS, **APPROXIMATE}[kind], "--factors", "300", "--node-sharing", "off"]
            expected = self.digests(self.train("whole.h5", options, epochs=1, data="wide.h5"))
            for ranks, extras_mb in ((1, (1.6,)), (3, (1.6, 4.0))):
                least = self.least_budget(options, ranks)
                for extra_mb in extras_mb:  # a refusal tells whole MiB
                    with self.subTest(kind=kind, ranks=ranks, extra_mb=extra_mb):
                        budget = f"{least + extra_mb:.2f}MB"
                        model = self.train("budget.h5", [*options, "--threads", "1", "--memory-budget", budget, "--log-json",
                                                         self.path / "log.jsonl"], epochs=1, data="wide.h5", ranks=ranks)
                        self.assertEqual(self.digests(model), expected)
                        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
                        (batches,) = [event for event in events if event["event"] == "batches"]
                        if extra_mb == 1.6:
                            self.assertGreater(max(batches["users"], batches["items"]), 1)
                        (peak,) = [event["max_peak_memory_bytes"] for event in events if event["event"] == "finished"]
                        self.assertLess(peak, 1.1e6 * (least + extra_mb))

    def test_a_budget_that_holds_one_copy_per_node_needs_no_batches(self):
        for command in (["synthesize", "--shape", "shop", "--users", "6000", "--items", "3000", "--interactions", "60000", "--output",
                         self.path / "wide.csv"], ["prepare", "--input", self.path / "wide.csv", "--output", self.path / "wide.h5"]):
            self.assertEqual(run(command).code, 0)
        options = [*KINDS["implicit constant"], "--factors", "300"]
        least = self.least_budget(options, 3)
        expected = self.digests(self.train("whole.h5", options, epochs=1, data="wide.h5"))
        model = self.train("budget.h5", [*options, "--threads", "1", "--memory-budget", f"{least + 2:.2f}MB", "--log-json", self.path / "log.jsonl"],
                           epochs=1, data="wide.h5", ranks=3)
        self.assertEqual(self.digests(model), expected)
        events = [json.loads(line) for line in (self.path / "log.jsonl").read_text().splitlines()]
        (batches,) = [event for event in events if event["event"] == "batches"]
        self.assertEqual((batches["users"], batches["items"]), (1, 1))
        (peak,) = [event["max_peak_memory_bytes"] for event in events if event["event"] == "finished"]
        self.assertLess(peak, 1.1e6 * (least + 2))

    def test_same_bits_where_ranks_share_a_row_that_has_half_of_all_entries(self):
        lines = ["user_id,item_id,rating"]
        for user in range(12000):
            lines.append(f"u{user},1,{1 + user % 5}")
            if user % 3 == 0:
                lines += [f"u{user},{2 + (user * 7 + other * 31) % 200},{1 + (user + other) % 5}" for other in range(3)]
        (self.path / "half.csv").write_text("\n".join(lines) + "\n")
        self.assertEqual(run(["prepare", "--input", self.path / "half.csv", "--output", self.path / "half.h5"]).code, 0)
        for kind in ("implicit constant", "implicit linear", "explicit biases"):
            expected = self.digests(self.train("half-1.h5", KINDS[kind], data="half.h5"))
            layouts = [(3, "2", []), (4, "1", ["--memory-budget", "100MB"])] + ([(7, "1", [])] if kind == "implicit constant" else [])
            for ranks, threads, budget in layouts:
                with self.subTest(kind=kind, ranks=ranks):
                    model = self.train("half-n.h5", [*KINDS[kind], "--threads", threads, *budget, "--log-json", self.path / "half.jsonl"],
                                       data="half.h5", ranks=ranks)
                    self.assertEqual(self.digests(model), expected)
                    events = [json.loads(line) for line in (self.path / "half.jsonl").read_text().splitlines()]
                    shared = {event["side"]: event["parts"] for event in events if event["event"] == "shared_rows"}
                    # Batches would forget entries that such losses need once more.
                    self.assertEqual(shared.get("items", 0) > 0, not budget or kind == "implicit constant", shared)

    def test_whole_file_is_the_same_on_any_ranks(self):
        digests = {hashlib.sha256(self.train("file.h5", [], ranks=ranks).read_bytes()).hexdigest() for ranks in (1, 3)}
        self.assertEqual(len(digests), 1)

    def test_sharing_within_the_node_changes_memory_and_traffic_alone(self):
        self.assertEqual(run(["synthesize", "--shape", "shop", "--users", "60000", "--items", "6000", "--interactions", "300000", "--output",
                              self.path / "broad.csv"]).code, 0)
        self.assertEqual(run(["prepare", "--input", self.path / "broad.csv", "--output", self.path / "broad.h5"]).code, 0)
        finished = {}
        files = {}
        for sharing in ("auto", "off"):
            log = self.path / "sharing.jsonl"
            model = self.train("sharing.h5", ["--node-sharing", sharing, "--factors", "128", "--threads", "1", "--log-json", log], epochs=1,
                               data="broad.h5", ranks=4)
            files[sharing] = hashlib.sha256(model.read_bytes()).hexdigest()
            events = [json.loads(line) for line in log.read_text().splitlines()]
            finished[sharing] = events[-1]
            told = [event["nodes"] for event in events if event["event"] == "node_sharing"]
            self.assertEqual(told, [1] if sharing == "auto" else [])
        self.assertEqual(files["auto"], files["off"])
        self.assertEqual(finished["auto"]["max_bytes_sent"], 0)
        self.assertGreater(finished["off"]["min_bytes_sent"], 0)
        # Each of four ranks has a copy of most rows, 30 MB and more of users alone, or a quarter of it.
        self.assertLess(finished["auto"]["total_peak_memory_bytes"], 0.8 * finished["off"]["total_peak_memory_bytes"])

    def test_a_node_without_room_does_without_sharing(self):
        expected = self.digests(self.train("room.h5", [], ranks=3))
        with small_disk(64) as tiny:
            done = run(["als", "--data", self.data, "--model", self.path / "room.h5", "--factors", "17", "--epochs", "3"], ranks=3,
                       env={"OMPI_MCA_osc_sm_backing_directory": tiny})
        self.assertEqual(done.code, 0, done)
        lines = [line for line in done.err.splitlines() if "do not share" in line]
        self.assertEqual(len(lines), 1, done)
        self.assertRegex(lines[0], "ranks of a node do not share gathered rows: .* has 0 MiB free")
        self.assertEqual(self.digests(self.path / "room.h5"), expected)

    def test_equals_an_independent_implementation_from_the_same_start(self):
        with h5py.File(self.data) as file:
            matrix = numpy_als.read_csr(file, "interactions")
        for kind, options in KINDS.items():
            with self.subTest(kind=kind):
                start = self.start(options)
                users, items, user_biases, item_biases, attributes = numpy_als.read_model(self.train("trained.h5", options))
                given = dict(zip(options[::2], options[1::2])) if "--biases" not in options else {}
                lam = float(attributes["regularization"])
                nu = float(attributes["regularization-exponent"])
                if "explicit" in kind:
                    biases = "biases" in kind
                    expected_users, expected_items = numpy_als.explicit_als(matrix, start, 3, lam, nu, biases)
                    if biases:
                        users = np.column_stack([users, user_biases])
                        items = np.column_stack([items, item_biases])
                else:
                    expected_users, expected_items = numpy_als.implicit_als(
                        matrix, start, 3, float(given.get("--unobserved-weight", balanced_weight(matrix))), lam, nu,
                        given.get("--weighting", "constant"), float(given.get("--alpha", 1)))
                for actual, expected in ((users, expected_users), (items, expected_items)):
                    self.assertLess(np.abs(actual - expected).max(), 2e-4 * np.abs(expected).max())

    def start(self, options):
        model = self.path / "start.h5"
        done = run(["als", "--data", self.data, "--model", model, "--factors", "17", "--epochs", "0", *options])
        self.assertEqual(done.code, 0, done)
        return numpy_als.read_model(model)[1]

    def test_loss_falls_and_is_logged(self):
        log = self.path / "events.jsonl"
        self.train("logged.h5", ["--log-json", str(log)], ranks=2)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        losses = [event["loss"] for event in events if event["event"] == "epoch"]
        self.assertEqual(len(losses), 3)
        self.assertEqual(losses, sorted(losses, reverse=True))
        with h5py.File(self.path / "logged.h5") as file:
            self.assertEqual(file["history/loss"][:].tolist(), losses)

    def test_every_solver_lowers_the_loss_and_tells_its_share(self):
        losses = {}
        for solver in ("auto", "primal", "dual", "cg", "subspace"):
            log = self.path / "solver.jsonl"
            self.train("solver.h5", ["--solver", solver, "--log-json", str(log)], epochs=8, ranks=2 if solver in ("auto", "cg") else 1)
            events = [json.loads(line) for line in log.read_text().splitlines()]
            history = [event["loss"] for event in events if event["event"] == "epoch"]
            self.assertEqual(history, sorted(history, reverse=True))
            losses[solver] = history[-1]
            told = [event for event in events if event["event"] == "solver"]
            with h5py.File(self.data) as file:
                users = len(file["interactions/indptr"]) - 1
            if solver in ("cg", "subspace"):
                self.assertEqual({event["solver"] for event in told}, {"iterative"})
            self.assertLessEqual(sum(event["rows"] for event in told if event["side"] == "users"), 8 * users)
            self.assertGreater(sum(event["rows"] for event in told), 0)
        for solver in ("primal", "dual"):
            self.assertAlmostEqual(losses[solver], losses["auto"], delta=1e-5 * losses["auto"])
        for solver in ("cg", "subspace"):
            self.assertAlmostEqual(losses[solver], losses["auto"], delta=0.05 * losses["auto"])

    def test_seed_changes_the_model(self):
        self.assertNotEqual(self.digests(self.train("a.h5", ["--seed", "1"]))["users/factors"],
                            self.digests(self.train("b.h5", ["--seed", "2"]))["users/factors"])

    def refused(self, args, code, words, ranks=None):
        model = self.path / "refused.h5"
        done = run(["als", *args] if "--model" in args else ["als", "--model", model, *args],
                   ranks=ranks or ranks_of_refusal(self, code), timeout=60)
        self.assertEqual(done.code, code, done)
        self.assertEqual(len(done.our_lines), 1, done)
        for word in words:
            self.assertIn(word, done.our_lines[0])
        self.assertEqual([path.name for path in self.path.iterdir() if "refused" in path.name], [])

    def test_bad_input_gets_one_line_and_leaves_nothing(self):
        model = self.train("model.h5", [])
        self.refused(["--data", self.path / "none.h5"], 66, ["none.h5"])
        self.refused(["--data", model], 65, ["model.h5", "is a model", "expected a dataset"])
        self.refused(["--data", self.path / "log.csv"], 65, ["log.csv", "HDF5"])
        self.refused(["--data", self.data, "--factors", "0"], 2, ["--factors", "1"])
        self.refused(["--data", self.data, "--factor", "3"], 2, ["factor", "--factors"])
        self.refused(["--data", self.data, "--regularization", "nan"], 2, ["regularization"])
        self.refused(["--data", self.data, "--objective", "both"], 2, ["both", "implicit", "explicit"])
        self.refused(["--data", self.data, "--solver", "magic"], 2, ["magic", "auto", "subspace"])
        self.refused(["--data", self.data, "--cg-steps", "5"], 2, ["--cg-steps", "--solver cg"])
        self.refused(["--data", self.data, "--subspace-block", "32"], 2, ["--subspace-block", "--solver subspace"])
        self.refused(["--data", self.data, "--solver", "cg", "--cg-steps", "0"], 2, ["--cg-steps", "1"])
        self.refused(["--data", self.data, "--biases"], 2, ["--biases", "explicit"])
        self.refused(["--data", self.data, "--alpha", "9"], 2, ["--alpha", "linear"])
        self.refused(["--data", self.data, "--model", self.path / "no-folder/refused.h5"], 73, ["no-folder"])
        self.refused(["--data", self.data, "--model", self.path], 73, [str(self.path)])
        self.refused(["--data", self.data, "--objective", "explicit", "--regularization", "0"], 65,
                     ["epoch 1", "user c0", "positive definite"], ranks=3)

    def test_ranks_without_rows_of_a_side_keep_step(self):
        for users, items in ((400, 50), (50, 400)):
            shop.write_log(self.path / "few.csv", users=users, items=items)
            self.assertEqual(run(["prepare", "--input", self.path / "few.csv", "--output", self.path / "few.h5"]).code, 0)
            for options, counts in (([], (2, 5)), (["--node-sharing", "off"], (5,)), (["--solver", "cg"], (5,)), (["--weighting", "linear"], (2,))):
                with self.subTest(users=users, items=items, options=options):
                    expected = self.digests(self.train("few-1.h5", options, data="few.h5", epochs=4))
                    for ranks in counts:
                        self.assertEqual(self.digests(self.train("few-n.h5", options, data="few.h5", epochs=4, ranks=ranks, timeout=60)), expected)

    def test_more_ranks_than_rows_work(self):
        tiny = self.path / "tiny.csv"
        tiny.write_text("user_id,item_id,rating\n1,1,5\n2,1,3\n2,2,4\n")
        self.assertEqual(run(["prepare", "--input", tiny, "--output", self.path / "tiny.h5"], ranks=5).code, 0)
        models = []
        for ranks in (1, 5):
            models.append(self.path / f"tiny{ranks}.h5")
            done = run(["als", "--data", self.path / "tiny.h5", "--model", models[-1], "--factors", "4"], ranks=ranks)
            self.assertEqual(done.code, 0, done)
        self.assertEqual(self.digests(models[0]), self.digests(models[1]))


class UnobservedWeightTest(unittest.TestCase):
    def setUp(self):
        self.path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        shop.write_log(self.path / "log.csv")
        for name, split in (("random", "random:0.2"), ("users", "users:0.2")):
            done = run(["prepare", "--quiet", "--input", self.path / "log.csv", "--split", split, "--output", self.path / f"{name}.h5"])
            self.assertEqual(done.code, 0, done)

    def als(self, data, *options, ranks=1, epochs=2):
        log = self.path / "log.jsonl"
        done = run(["als", "--data", self.path / f"{data}.h5", "--model", self.path / "model.h5", "--factors", "4", "--epochs", epochs, "--log-json", log,
                    *options], ranks=ranks)
        self.assertEqual(done.code, 0, done)
        with h5py.File(self.path / "model.h5") as file:
            configured = dict(line.split(" = ", 1) for line in file.attrs["configuration"].splitlines())["unobserved-weight"]
            counts = np.array(file["users/entries"]), np.array(file["items/entries"])
            attribute = float(file.attrs["unobserved-weight"])
        events = [event for event in map(json.loads, log.read_text().splitlines()) if event["event"] == "unobserved_weight"]
        return attribute, configured, counts, events, done

    def test_follows_from_what_is_trained_on(self):
        for data, *options in (("random",), ("random", "--train-on", "all"), ("random", "--fold", "interactions:1/3"), ("random", "--fold", "users:1/3"),
                               ("users", "--weighting", "linear")):
            for ranks in (1, 3):
                with self.subTest(data=data, options=options, ranks=ranks):
                    weight, configured, (users, items), (event,), done = self.als(data, *options, ranks=ranks)
                    expected = 20 * int(users.sum()) / (int((users > 0).sum()) * int((items > 0).sum()))
                    self.assertEqual(weight, expected)
                    self.assertEqual(float(configured), expected)
                    self.assertEqual(event["value"], expected)
                    self.assertEqual([event[name] for name in ("interactions", "users", "items")],
                                     [int(users.sum()), int((users > 0).sum()), int((items > 0).sum())])
                    self.assertIn(f"unobserved weight {expected:.6g}: 20 x", done.err)

    def test_a_stated_weight_is_the_same_training(self):
        weight, configured, _, _, _ = self.als("random")
        bits = (self.path / "model.h5").read_bytes()
        _, _, _, events, _ = self.als("random", "--unobserved-weight", configured)
        self.assertEqual(events, [])
        self.assertEqual((self.path / "model.h5").read_bytes(), bits)

    def test_a_checkpoint_goes_on_with_the_same_weight(self):
        self.als("random", "--checkpoint", self.path / "folder")
        _, configured, _, _, done = self.als("random", "--checkpoint", self.path / "folder", epochs=3)
        self.assertIn("continues from", done.err)
        for stated, code in ((configured, 0), ("0.1", 65)):
            done = run(["als", "--data", self.path / "random.h5", "--model", self.path / "model.h5", "--factors", "4", "--epochs", "4", "--checkpoint",
                        self.path / "folder", "--unobserved-weight", stated])
            self.assertEqual(done.code, code, done)

    def test_other_words_are_refused(self):
        for text in ("often", "-1", "1e13", "nan"):
            done = run(["als", "--data", self.path / "random.h5", "--model", self.path / "never.h5", f"--unobserved-weight={text}"])
            self.assertEqual(done.code, 2, done)
            self.assertIn(f"--unobserved-weight {text}: expected auto or a number from 0 to 1000000000000", done.err)
        done = run(["als", "--data", self.path / "random.h5", "--model", self.path / "never.h5", "--objective", "explicit", "--unobserved-weight", "0.1"])
        self.assertEqual(done.code, 2, done)
        self.assertIn("--unobserved-weight has a meaning only with --objective implicit", done.err)


class GoodbooksTest(unittest.TestCase):
    def test_ratings_beat_the_bias_model_and_rankings_beat_popularity(self):
        ratings = data_file("goodbooks_ratings.csv.gz")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            steps = [["prepare", "--input", ratings, "--split", "random:0.1", "--output", path / "data.h5"],
                     ["als", "--data", path / "data.h5", "--model", path / "explicit.h5", "--objective", "explicit", "--biases",
                      "--factors", "16", "--regularization-exponent", "0.5", "--regularization", "1.2"],
                     ["evaluate", "--data", path / "data.h5", "--model", path / "explicit.h5", "--output", path / "explicit.json"],
                     ["als", "--data", path / "data.h5", "--model", path / "implicit.h5", "--factors", "32", "--epochs", "6"],
                     ["evaluate", "--data", path / "data.h5", "--model", path / "implicit.h5", "--metrics", "recall@20,ndcg@100",
                      "--output", path / "implicit.json"]]
            for step in steps:
                done = run(step, ranks=2, timeout=300)
                self.assertEqual(done.code, 0, done)
            rmse = json.loads((path / "explicit.json").read_text())["metrics"]["rmse"]
            self.assertLessEqual(rmse["model"], 0.827)
            self.assertLessEqual(rmse["baseline"], 0.836)
            for metric, least in (("recall@20", 0.2), ("ndcg@100", 0.17)):
                values = json.loads((path / "implicit.json").read_text())["metrics"][metric]
                self.assertGreater(values["model"], least)
                self.assertGreater(values["model"], 3 * values["baseline"])


if __name__ == "__main__":
    with_own_mounts()
    unittest.main()
