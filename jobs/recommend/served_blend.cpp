#include "jobs/recommend/served_blend.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "distributed/rows/select_rows.hpp"
#include "jobs/evaluate/models/any_model.hpp"

namespace rankwise {

namespace {

class ServedFactors : public ServedModel {
 public:
  ServedFactors(const Communicator& comm, std::string path, const UserHistories& users, const std::string& data_path,
                std::unique_ptr<const ModelReader> model, Catalogue in_model, std::optional<MatchedItems> matched)
      : path_(std::move(path)),
        model_(std::move(model)),
        in_model_(std::move(in_model)),
        matched_(std::move(matched)),
        users_(comm, users, *model_, in_model_, matched_, data_path),
        items_(
            model_->items(), [this](RowRange rows) { return model_->item_factors(rows); },
            item_storage(model_->items(), model_->factors() + 1)) {}

  [[nodiscard]] const Catalogue& catalogue() const override { return matched_ ? matched_->catalogue : in_model_; }
  [[nodiscard]] Index new_users() const override { return users_.new_users(); }

  [[nodiscard]] ServedPart part(const UsersAtATime& some) const override {
    const auto read = std::make_shared<const UserRows>(users_.read(some.first, some.rows));
    const auto fill = [this, read](std::span<const Index> rows, MatrixView scores) {
      Matrix vectors = select_rows(read->factors.view(), rows);
      make_scoring_vectors(model_->objective(), vectors);
      for (Index u = 0; u < vectors.rows(); ++u) {
        const UserBasis basis = read->basis[static_cast<std::size_t>(rows[static_cast<std::size_t>(u)])];
        if (basis == UserBasis::nothing) std::fill_n(vectors.row(u), vectors.columns(), 0.0F);
      }
      items_.fill(vectors.view(), scores);
    };
    const std::span<const Index> columns =
        matched_ ? std::span<const Index>(matched_->model_rows) : std::span<const Index>();
    return {{path_, catalogue(), columns, model_->items(), fill}, read->basis};
  }

 private:
  std::string path_;
  std::unique_ptr<const ModelReader> model_;
  Catalogue in_model_;
  std::optional<MatchedItems> matched_;
  ServedUsers users_;
  ScoringItems items_;
};

class ServedItems : public ServedModel {
 public:
  ServedItems(const Communicator& comm, std::string path, std::unique_ptr<const ItemModelReader> model,
              const std::optional<MatchedItems>& matched)
      : comm_(comm),
        path_(std::move(path)),
        model_(std::move(model)),
        catalogue_(matched ? matched->catalogue : item_model_catalogue(comm, *model_)),
        weights_(matched ? item_model_weights(*model_, *matched) : item_model_weights(*model_)) {}

  [[nodiscard]] const Catalogue& catalogue() const override { return catalogue_; }

  [[nodiscard]] ServedPart part(const UsersAtATime& some) const override {
    require_weighable(comm_, some.histories, model_->weighting());
    const auto fill = [this, &histories = some.histories](std::span<const Index> rows, MatrixView scores) {
      fill_item_scores({weights_, model_->weighting()}, histories, rows, scores);
    };
    std::vector<UserBasis> basis;
    for (Index row = 0; row < some.histories.rows.size(); ++row) {
      const bool is_known = catalogue_.knows(row_columns(some.histories, row));
      basis.push_back(is_known ? UserBasis::entries : UserBasis::nothing);
    }
    return {{path_, catalogue_, {}, catalogue_.items(), fill}, std::move(basis)};
  }

 private:
  const Communicator& comm_;
  std::string path_;
  std::unique_ptr<const ItemModelReader> model_;
  Catalogue catalogue_;
  ItemWeightBlocks weights_;
};

/// Lists are of features if no model knows their users by more; `rows`: the lists' users in the parts.
void mark_features(std::span<const ServedPart> parts, std::span<const Index> rows, Lists& lists) {
  for (std::size_t place = 0; place < rows.size(); ++place) {
    if (lists.sources[place] != ListSource::model) continue;
    const bool is_of_entries = std::ranges::any_of(parts, [&](const ServedPart& part) {
      return part.basis[static_cast<std::size_t>(rows[place])] == UserBasis::entries;
    });
    if (!is_of_entries) lists.sources[place] = ListSource::features;
  }
}

}  // namespace

std::unique_ptr<ServedModel> serve_factors(const Communicator& comm, const std::string& path,
                                           const UserHistories& users, const std::string& data_path,
                                           std::unique_ptr<const ModelReader> model, Catalogue in_model,
                                           std::optional<MatchedItems> matched) {
  return std::make_unique<ServedFactors>(comm, path, users, data_path, std::move(model), std::move(in_model),
                                         std::move(matched));
}

std::unique_ptr<ServedModel> serve_items(const Communicator& comm, const std::string& path,
                                         std::unique_ptr<const ItemModelReader> model,
                                         const std::optional<MatchedItems>& matched) {
  return std::make_unique<ServedItems>(comm, path, std::move(model), matched);
}

Lists lists_for(const Communicator& comm, const ListInputs& inputs, const ServedBlend& blend, Index first,
                const Partition& rows, Audience& audience) {
  const RowRange range = rows.range(comm.rank());
  const RowRange mine{first + range.begin, first + range.end};
  const Ids ids = blend.users.ids(mine);
  const SparseRows histories = blend.users.read(mine);
  const SparseRows ruled =
      ruled_items(inputs, ids, bought_items(inputs, mine, histories, [](SparseRows training) { return training; }));
  const SelectedUsers selected = audience.select(first, rows, ids);
  std::vector<ServedPart> parts;
  std::vector<BlendedModel> models;
  for (const auto& model : blend.models) {
    parts.push_back(model->part({first, rows, histories}));
    models.push_back(parts.back().model);
  }
  const auto find = [&](std::span<const Index> places, Index count) {
    std::vector<Index> some;
    for (const Index place : places) some.push_back(selected.rows[static_cast<std::size_t>(place)]);
    const ScoredUsers users{ruled, some, [&](Index row) { return "user " + id_text(ids, row); }};
    return blended_lists(comm, {models, blend.normalization}, blend.shares, inputs.rule, users, count, inputs.boosts);
  };
  Lists lists = found_lists(comm, inputs, ids, ruled, selected, find);
  mark_features(parts, selected.rows, lists);
  mark_log(blend.users, lists);
  return lists;
}

Catalogue joint_catalogue(const Communicator& comm, const std::vector<std::unique_ptr<ServedModel>>& models) {
  std::vector<const Catalogue*> catalogues;
  for (const auto& model : models) catalogues.push_back(&model->catalogue());
  return joint_catalogue(comm, catalogues);
}

}  // namespace rankwise
