"""Several models in one list: evaluate and recommend against plain numpy, the same bytes on any ranks, threads and SIMD targets, and bad
weights and models."""
import csv
import hashlib
import unittest

import h5py
import numpy as np

import numpy_als
import plain_metrics
from blended import BOTH, Blended, blended, factor_scores, item_scores
from program import run

METRICS = ["recall@5", "ndcg@20", "map@10", "auc", "coverage@5", "novelty@5"]


def plus(*matrices):
    total = sum(matrices[1:], matrices[0]).tocsr()
    total.sort_indices()
    return total


class BlendTest(Blended):
    def test_metrics_are_those_of_numpy(self):
        data = plain_metrics.Data(self.folder / "d.h5")
        data.seen = plus(data.training, self.validation())
        models = [factor_scores(data, self.folder / "als.h5"), item_scores(data, self.folder / "items.h5")]
        for kind in ("standard", "rank"):
            for seen in ("exclude", "allow"):
                found, _ = self.told("evaluate", "--data", "d.h5", *BOTH, "--blend", "0.7,0.3", "--blend-scores", kind, "--seen", seen,
                                     "--metrics", ",".join(METRICS))
                lists = plain_metrics.Lists(data, blended(data, models, [0.7, 0.3], kind, seen), seen)
                for metric in METRICS:
                    expected = lists.concentration(metric) if metric.startswith("coverage") else lists.values(metric).mean()
                    self.assertAlmostEqual(found["metrics"][metric]["model"], expected, delta=1e-12, msg=(kind, seen, metric))

    def test_single_models_stand_beside_and_every_file_is_named(self):
        found, done = self.told("evaluate", "--data", "d.h5", *BOTH, "--blend", "7,3", "--metrics", "ndcg@20", "--per-user", "users.h5", "--report", "page.html")
        self.assertEqual(list(found["metrics"]["ndcg@20"]["baselines"]), ["popularity", "als.h5", "items.h5"])
        self.assertNotIn("model", found)
        self.assertEqual(found["blend"]["scores"], "standard")
        self.assertEqual([(model["file"], model["weight"]) for model in found["blend"]["models"]], [("als.h5", 7), ("items.h5", 3)])
        for name, beside in (("als.h5", found["metrics"]["ndcg@20"]["baselines"]["als.h5"]), ("items.h5", found["metrics"]["ndcg@20"]["baselines"]["items.h5"])):
            alone, _ = self.told("evaluate", "--data", "d.h5", "--model", name, "--metrics", "ndcg@20")
            self.assertEqual(alone["metrics"]["ndcg@20"]["model"], beside["value"])
            self.assertIn(alone["model"], [{key: model[key] for key in alone["model"]} for model in found["blend"]["models"]])
        with h5py.File(self.folder / "users.h5") as file:
            self.assertEqual(list(file.attrs["blend-models"]), ["als.h5", "items.h5"])
            self.assertEqual([float(weight) for weight in file.attrs["blend-weights"]], [7, 3])
            self.assertEqual(file.attrs["blend-scores"], "standard")
            self.assertEqual(list(file.attrs["blend-digests"]), [model["digest"] for model in found["blend"]["models"]])
        self.assertEqual(run(["verify", "users.h5"], cwd=self.folder).code, 0)
        self.assertIn("als.h5", (self.folder / "page.html").read_text())
        few, _ = self.told("evaluate", "--data", "d.h5", *BOTH, "--blend", "1,1", "--metrics", "ndcg@20", "--baselines", "popularity")
        self.assertEqual(list(few["metrics"]["ndcg@20"]["baselines"]), ["popularity"])

    def test_a_gate_and_a_baseline_of_the_blend_measure_a_model_once(self):
        found, _ = self.told("evaluate", "--data", "d.h5", *BOTH, "--blend", "1,1", "--metrics", "ndcg@20", "--against", "als.h5", "--margin", "1", "--baseline", "items.h5")
        self.assertEqual(list(found["metrics"]["ndcg@20"]["baselines"]), ["popularity", "als.h5", "items.h5"])
        self.assertEqual(found["gate"]["against"], "als.h5")

    def test_a_blend_that_brings_nothing_is_told(self):
        self.job("als", "--data", "d.h5", "--model", "poor.h5", "--factors", "2", "--epochs", "0")
        done = run(["evaluate", "--data", "d.h5", "--model", "als.h5", "--model", "poor.h5", "--blend", "0.1,0.9", "--metrics", "ndcg@20"], cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        self.assertIn("the blend is not better for certain than one of its models: ndcg@20", done.err)

    def test_the_scale_of_weights_and_scores_changes_nothing(self):
        values = []
        for blend in ("0.5,0.25,0.25", "2,1,1", "1e300,0.5e300,0.5e300"):
            found, _ = self.told("evaluate", "--data", "d.h5", *BOTH, "--model", "als-2.h5", "--blend", blend, "--metrics", "ndcg@20,recall@5")
            values.append([found["metrics"][metric]["model"] for metric in ("ndcg@20", "recall@5")])
        self.assertEqual(values[0], values[1])
        self.assertEqual(values[0], values[2])

    def lists(self, *options, name="r.csv", **more):
        self.job("recommend", "--data", "d.h5", "--output", name, *options, **more)
        found = {}
        with open(self.folder / name) as file:
            for row in csv.DictReader(file):
                found.setdefault(row["user"], []).append((row["item"], float(row["score"]), row["source"]))
        return found

    def test_lists_are_those_of_numpy(self):
        with h5py.File(self.folder / "d.h5") as file:
            users, items = (np.array([id.decode() if isinstance(id, bytes) else str(id) for id in file[f"{side}/ids"][:]]) for side in ("users", "items"))
        data = plain_metrics.Data(self.folder / "d.h5")
        # Users speak by all that the dataset has of them; models of factors have learned the training part.
        factors = factor_scores(data, self.folder / "als.h5")
        data.seen = plus(data.training, data.heldout, self.validation())
        models = [factors, item_scores(data, self.folder / "items.h5")]
        for kind in ("standard", "rank"):
            found = self.lists(*BOTH, "--blend", "0.6,0.4", "--blend-scores", kind, "--top", "6")
            scores = blended(data, models, [0.6, 0.4], kind, "exclude")
            self.assertEqual(list(found), list(users))
            for user, name in enumerate(users):
                keys = scores(user)
                order = plain_metrics.ranking(keys, data.candidates(user, "exclude"))[:6]
                self.assertEqual([item for item, *_ in found[name]], list(items[order]), (kind, name))
                if keys[0].dtype == np.float32:
                    np.testing.assert_allclose([score for _, score, _ in found[name]], keys[0][order], rtol=1e-6)

    def validation(self):
        with h5py.File(self.folder / "d.h5") as file:
            return numpy_als.read_csr(file, "validation/interactions")

    def test_the_same_bytes_on_ranks_threads_and_targets(self):
        has_avx2 = "avx2" in run(["--version"]).out + "avx512"
        digests = {}
        for ranks, threads, simd in ((1, "1", []), (1, "2", ["--simd", "avx2"] if has_avx2 else []), (2, "1", []), (3, "2", [])):
            for arguments, name in ((["evaluate", "--metrics", "ndcg@20,auc,coverage@5", "--per-user", "users.h5"], "e.json"),
                                    (["recommend", "--blend-scores", "rank"], "r.csv"), (["recommend"], "r.h5")):
                self.job(arguments[0], "--data", "d.h5", *BOTH, "--model", "als-2.h5", "--blend", "0.5,0.3,0.2", *arguments[1:], "--output", name, "--threads", threads,
                         *simd, ranks=ranks)
                for written in (name, "users.h5") if name == "e.json" else (name,):
                    digests.setdefault(written, set()).add(hashlib.sha256((self.folder / written).read_bytes()).hexdigest())
        self.assertEqual({name: len(each) for name, each in digests.items()}, {name: 1 for name in digests})
        with h5py.File(self.folder / "r.h5") as file:
            self.assertEqual(list(file.attrs["blend-models"]), ["als.h5", "items.h5", "als-2.h5"])

    def test_users_of_whom_no_model_knows_anything_get_the_popular_items(self):
        rows = (self.folder / "s.csv").read_text().splitlines()
        header = rows[0].split(",")
        lonely = {"user_id": "stranger", "item_id": "never-seen-again"}
        (self.folder / "strange.csv").write_text("\n".join([*rows, ",".join(lonely.get(name, row) for name, row in zip(header, rows[1].split(",")))]) + "\n")
        self.job("prepare", "--input", "strange.csv", "--duplicates", "sum", "--output", "strange.h5")
        self.job("als", "--data", "strange.h5", "--model", "strange-als.h5", "--factors", "3", "--epochs", "2")
        self.job("itemcf", "--data", "strange.h5", "--model", "strange-items.h5", "--neighbours", "5")
        done = run(["recommend", "--data", "strange.h5", "--model", "strange-als.h5", "--model", "strange-items.h5", "--blend", "1,1", "--seen", "only", "--output", "few.csv"],
                   cwd=self.folder)
        self.assertEqual(done.code, 0, done)
        # The stranger's list holds one item, which every model scores like itself.
        self.assertIn("1 user has the same score for all new items by every model and is served the popular items", done.err)

    def test_models_of_another_dataset_bring_their_items(self):
        rows = (self.folder / "s.csv").read_text().splitlines()
        items = rows[0].split(",").index("item_id")
        names = sorted({row.split(",")[items] for row in rows[1:]})
        some = set(names[10:])
        (self.folder / "other.csv").write_text("\n".join([rows[0], *(row for row in rows[1:] if row.split(",")[items] in some)]) + "\n")
        self.job("prepare", "--input", "other.csv", "--duplicates", "sum", "--output", "other.h5")
        self.job("als", "--data", "other.h5", "--model", "other-als.h5", "--factors", "4", "--epochs", "2", "--train-on", "all")
        found, _ = self.told("evaluate", "--data", "d.h5", "--model", "other-als.h5", "--model", "items.h5", "--blend", "0.5,0.5", "--metrics", "ndcg@20")
        self.assertEqual(found["blend"]["models"][0]["training_overlap"]["disjoint"], "not shown")
        self.assertNotIn("matched_model", found["blend"]["models"][1])
        self.assertTrue(any("other-als.h5 was trained on another dataset" in warning for warning in found["warnings"]))
        lists = self.lists("--model", "other-als.h5", "--model", "items.h5", "--blend", "0.01,0.99", "--top", "20")
        listed = {item for each in lists.values() for item, *_ in each}
        self.assertTrue(listed & set(names[:10]))  # that only the item model knows
        digests = set()
        for ranks in (1, 3):
            self.lists("--model", "other-als.h5", "--model", "items.h5", "--blend", "0.5,0.5", name="o.csv", ranks=ranks)
            digests.add(hashlib.sha256((self.folder / "o.csv").read_bytes()).hexdigest())
        self.assertEqual(len(digests), 1)
        self.job("itemcf", "--data", "other.h5", "--model", "other-items.h5", "--neighbours", "5")
        found, _ = self.told("evaluate", "--data", "d.h5", "--model", "als.h5", "--model", "other-items.h5", "--blend", "0.5,0.5", "--metrics", "ndcg@20")
        self.assertIn("matched_model", found["blend"]["models"][1])
        only = {item for each in self.lists("--model", "other-als.h5", "--model", "other-items.h5", "--blend", "1,1", "--top", "20").values() for item, *_ in each}
        self.assertTrue(only and only <= some)  # neither model knows the others

    def test_users_held_out_whole(self):
        self.job("prepare", "--input", "s.csv", "--duplicates", "sum", "--split", "users:0.3", "--output", "u.h5")
        self.job("als", "--data", "u.h5", "--model", "u-als.h5", "--factors", "4", "--epochs", "2")
        self.job("itemcf", "--data", "u.h5", "--model", "u-items.h5", "--neighbours", "5")
        models = ["--model", "u-als.h5", "--model", "u-items.h5", "--blend", "0.4,0.6"]
        digests = set()
        for ranks in (1, 3):
            self.told("evaluate", "--data", "u.h5", *models, "--metrics", "ndcg@10", ranks=ranks)
            self.job("recommend", "--data", "u.h5", *models, "--output", "u.csv", ranks=ranks)
            digests.add(hashlib.sha256((self.folder / "out.json").read_bytes() + (self.folder / "u.csv").read_bytes()).hexdigest())
        self.assertEqual(len(digests), 1)

    def test_bad_weights_and_models(self):
        evaluate = ["evaluate", "--data", "d.h5"]
        for blend, word in (("1", "has 1 weight"), ("1,1,1", "has 3 weights"), ("1,0", "'0'"), ("1,-2", "'-2'"), ("inf,1", "'inf'"), ("1,nan", "'nan'"), ("1,", "''"),
                            ("1 ,2", "'1 '"), ("1e300,1e-300", "vanishes")):
            self.refused(2, ["--blend", word], *evaluate, *BOTH, f"--blend={blend}")
        self.refused(2, ["expected one of standard, rank"], *evaluate, *BOTH, "--blend", "1,1", "--blend-scores", "minmax")
        self.refused(2, ["--blend-scores has a meaning only with several --model"], *evaluate, "--model", "als.h5", "--blend-scores", "rank")
        (self.folder / "copy.h5").write_bytes((self.folder / "als.h5").read_bytes())
        for job in (evaluate, ["recommend", "--data", "d.h5", "--output", "x.csv"]):
            self.refused(2, ["--blend 0.7,0.3"], *job, *BOTH)
            self.refused(2, ["--blend has a meaning only with several --model"], *job, "--model", "als.h5", "--blend", "1")
            self.refused(2, ["is given twice"], *job, "--model", "als.h5", "--model", "als.h5", "--blend", "1,1")
            self.refused(2, ["copy.h5 is the same model as als.h5"], *job, "--model", "als.h5", "--model", "copy.h5", "--blend", "1,1")
        self.refused(66, ["nothing.h5"], *evaluate, "--model", "als.h5", "--model", "nothing.h5", "--blend", "1,1")
        self.assertFalse((self.folder / "x.csv").exists())
        self.refused(2, ["rmse", "predict no ratings"], *evaluate, "--model", "als-2.h5", "--model", "items.h5", "--blend", "1,1", "--metrics", "rmse")
        self.refused(2, ["diversity@5"], *evaluate, *BOTH, "--blend", "1,1", "--metrics", "diversity@5")
        self.refused(2, ["--baselines models"], *evaluate, "--model", "als.h5", "--baselines", "models")
        self.job("itemcf", "--data", "d.h5", "--model", "all.h5", "--neighbours", "5", "--train-on", "all")
        self.refused(65, ["all.h5 was trained on all"], *evaluate, "--model", "als.h5", "--model", "all.h5", "--blend", "1,1")

    def test_hostile_names_of_files(self):
        names = ["<img src=x onerror=alert(1)>.h5", "m\udcfcnch.h5"]
        for name, model in zip(names, ("als.h5", "items.h5")):
            (self.folder / name).write_bytes((self.folder / model).read_bytes())
        both = ["--model", names[0], "--model", names[1]]
        found, _ = self.told("evaluate", "--data", "d.h5", *both, "--blend", "1,1", "--metrics", "ndcg@5", "--slices", "none", "--report", "page.html")
        self.assertEqual([model["file"] for model in found["blend"]["models"]], [names[0], "m\\xfcnch.h5"])
        self.assertNotIn("<img src=x", (self.folder / "page.html").read_text())
        self.job("recommend", "--data", "d.h5", *both, "--blend", "1,1", "--output", "h.h5")
        with h5py.File(self.folder / "h.h5") as file:
            self.assertEqual(list(file.attrs["blend-models"]), [names[0], "m\\xfcnch.h5"])
        for folder, model in (("one", "als.h5"), ("two", "items.h5")):
            (self.folder / folder).mkdir()
            (self.folder / folder / "m.h5").write_bytes((self.folder / model).read_bytes())
        done = self.job("sweep", "blend", "--data", "d.h5", "--model", "one/m.h5", "--model", "two/m.h5", "--step", "0.5")
        self.assertIn("one/m.h5 alone", done.out)

    def test_outputs_never_replace_a_model(self):
        before = (self.folder / "items.h5").read_bytes()
        self.refused(2, ["items.h5"], "recommend", "--data", "d.h5", *BOTH, "--blend", "1,1", "--output", "items.h5")
        self.assertEqual((self.folder / "items.h5").read_bytes(), before)

    def test_a_damaged_model_is_named(self):
        damaged = self.folder / "damaged.h5"
        damaged.write_bytes((self.folder / "items.h5").read_bytes())
        with h5py.File(damaged, "r+") as file:
            file["items/neighbours/data"][3] += 1
        self.refused(65, ["damaged.h5"], "recommend", "--data", "d.h5", "--model", "als.h5", "--model", "damaged.h5", "--blend", "1,1", "--output", "x.csv")
        self.assertFalse((self.folder / "x.csv").exists())


if __name__ == "__main__":
    unittest.main()
