"""Assignments as `campaign assign` fixes them, written by h5py without digests: groups, segments and offers as a test wants them."""
import h5py
import numpy as np

DAY = 86400
MILLION = 1_000_000


class Assignment:
    """Customers in the order of their ids. `offer_of`: the place of the intended offer, -1 for none; treated customers are sent it."""

    def __init__(self, ids, groups, segments, segment_of, offers, offer_of, past, value=None, costs=None):
        self.ids, self.groups = list(ids), np.asarray(groups, dtype=np.int32)
        self.segments, self.segment_of = list(segments), np.asarray(segment_of, dtype=np.int32)
        self.offers, self.offer_of = list(offers), np.asarray(offer_of, dtype=np.int32)
        self.past = np.asarray(past, dtype=np.float64)
        self.value = np.zeros(len(self.ids)) if value is None else np.asarray(value, dtype=np.float64)
        self.costs = [0.0] * len(self.offers) if costs is None else costs

    def write(self, path, start, days, hold_out, created=None, goal="revenue", name="spring", global_hold_out=0.0):
        has_offer = self.offer_of >= 0
        value = np.round(np.where(has_offer, self.value, 0) * MILLION).astype(np.int64)
        with h5py.File(path, "w") as file:
            for key, word in {"kind": "assignment", "version": "test", "configuration": "", "settings": "", "campaign": name, "goal": goal, "key-id": "test"}.items():
                kind = h5py.string_dtype("utf-8", max(1, len(word.encode())))
                file.attrs.create(key, np.array(word.encode(), dtype=kind), dtype=kind)
            created = start - DAY if created is None else created
            for key, number in {"format-version": 1, "start": start * MILLION, "horizon_seconds": days * DAY, "created": created * MILLION,
                                "hold_out_millionths": round(hold_out * MILLION), "global_hold_out_millionths": round(global_hold_out * MILLION)}.items():
                file.attrs.create(key, np.int64(number))
            for key in ("seed", "dataset-digest"):
                file.attrs.create(key, np.uint64(0))

            def names(path, values):
                width = max([1] + [len(value.encode()) for value in values])
                file.create_dataset(path, data=np.array([value.encode() for value in values], dtype=h5py.string_dtype("utf-8", width)))

            if isinstance(self.ids[0], str):
                names("/users/ids", self.ids)
            else:
                file["/users/ids"] = np.asarray(self.ids, dtype=np.int64)
            file["/users/group"], file["/users/segment"] = self.groups, self.segment_of
            file["/users/stratum"] = np.zeros(len(self.ids), dtype=np.int32)
            file["/users/past_money_millionths"] = np.round(self.past * MILLION).astype(np.int64)
            file["/users/predicted_value_millionths"] = value
            file["/users/offers/indptr"] = np.concatenate([[0], np.cumsum(has_offer)]).astype(np.int64)
            file["/users/offers/offer"] = self.offer_of[has_offer]
            file["/users/offers/value_millionths"] = value[has_offer]
            file["/users/offers/intended"] = np.ones(has_offer.sum(), dtype=np.int32)
            file["/users/offers/sent"] = (self.groups[has_offer] == 0).astype(np.int32)
            names("/offers/names", self.offers)
            for column in ("categories", "channels"):
                names(f"/offers/{column}", [""] * len(self.offers))
            file["/offers/cost_millionths"] = np.round(np.array(self.costs) * MILLION).astype(np.int64)
            file["/offers/margin_millionths"] = np.zeros(len(self.offers), dtype=np.int64)
            file["/offers/capacity"] = np.full(len(self.offers), -1, dtype=np.int64)
            names("/strata/names", ["all"])
            names("/segments/names", self.segments)
        return path


def exact_hold_out(random, customers, share):
    """Groups with floor(share x customers) controls."""
    groups = np.zeros(customers, dtype=np.int32)
    groups[random.permutation(customers)[:int(share * customers)]] = 1
    return groups
