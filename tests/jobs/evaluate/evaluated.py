"""What tests of `rankwise evaluate` share: small datasets with models, and the lists of all contenders in plain numpy."""
import json
import pathlib
import re
import tempfile
import unittest

import numpy_als
import plain_metrics
import shop
from program import run

CLOSE = 1e-12


class Evaluated(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.make()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def job(cls, *args, code=0, ranks=1):
        done = run([cls.path / arg[1:] if isinstance(arg, str) and arg.startswith("@") else arg for arg in args], ranks=ranks)
        assert done.code == code, done
        return done

    @classmethod
    def evaluate(cls, data, model, *extra, ranks=1, code=0):
        output = cls.path / "out.json"
        output.unlink(missing_ok=True)
        done = cls.job("evaluate", "--data", f"@{data}.h5", "--model", f"@{model}.h5", "--output", output, *extra, ranks=ranks, code=code)
        return (json.loads(output.read_text()) if output.exists() else None), done

    @classmethod
    def make(cls):
        cls.log = shop.write_log(cls.path / "log.csv", users=90, items=40)
        rows = cls.log.read_text().splitlines()
        # Twins of items: the same users buy both, so that their factors and scores are the same bits.
        twins = [re.sub(r",(\d+),", lambda m: f",{int(m[1]) + 1},", row, count=1) for row in rows[1:] if int(row.split(",")[1]) % 5 == 3]
        (cls.path / "twins.csv").write_text("\n".join(rows + twins) + "\n")
        for name, log, split in (("random", "log", "random:0.3"), ("temporal", "log", "temporal:0.3"), ("users", "twins", "users:0.4")):
            cls.job("prepare", "--input", f"@{log}.csv", "--split", split, "--min-user-count", "1", "--min-item-count", "1", "--output", f"@{name}.h5")
            cls.job("als", "--data", f"@{name}.h5", "--model", f"@{name}-model.h5", "--factors", "6", "--epochs", "3")
        cls.job("als", "--data", "@random.h5", "--model", "@worse.h5", "--factors", "2", "--epochs", "0")
        cls.job("als", "--data", "@random.h5", "--model", "@stars.h5", "--factors", "3", "--epochs", "3", "--objective", "explicit", "--biases")
        cls.job("als", "--data", "@random.h5", "--model", "@bad-stars.h5", "--factors", "3", "--epochs", "0", "--objective", "explicit", "--biases")

    def contenders(self, name, seen, definitions="ours"):
        """The lists of each contender; of held-out users, whose factors are folded in, not of the model."""
        data = plain_metrics.Data(self.path / f"{name}.h5")
        users, items, *_ = numpy_als.read_model(self.path / f"{name}-model.h5")
        scores = {"popularity": plain_metrics.popularity_scores(data), "itemcf": plain_metrics.cosine_scores(data)}
        if data.given is None:
            scores["model"] = plain_metrics.model_scores(data, users, items)
        if data.times is not None:
            scores["recent:20d"] = plain_metrics.recent_scores(data, 20 * 86400)
        if seen != "exclude":
            scores["own"] = plain_metrics.own_scores(data)
        return data, {each: plain_metrics.Lists(data, of, seen, items, definitions) for each, of in scores.items()}
