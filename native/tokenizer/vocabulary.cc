// An open hash table of the texts; ids are searched in their order.
#include "vocabulary.h"

#include <algorithm>

namespace qrag {

Vocabulary::Vocabulary(const Texts & texts, Integers ids)
    : texts_(texts), ids_(std::move(ids)), shift_(hash_shift(ids_.size())), slots_(size_t{1} << (64 - shift_), -1) {
    if (ids_.size() > texts_.size()) throw bad_description("there are more ids than texts");
    int32_t next = 0;
    for (size_t token = 0; token < ids_.size(); token++) {
        next = checked(ids_[token], next, id_limit - 1, "an id") + 1;
        slots_[slot_of(texts_.at(token))] = static_cast<int32_t>(token);
    }
}

size_t Vocabulary::slot_of(std::string_view text) const {
    size_t slot = hash_(text) >> shift_;
    while (slots_[slot] >= 0 && texts_.at(static_cast<size_t>(slots_[slot])) != text) {
        slot = slot + 1 == slots_.size() ? 0 : slot + 1;
    }
    return slot;
}

int32_t Vocabulary::find(std::string_view text) const {
    const int32_t token = slots_[slot_of(text)];
    return token < 0 ? -1 : ids_[static_cast<size_t>(token)];
}

int32_t Vocabulary::text_of(int32_t id) const {
    const auto place = std::lower_bound(ids_.begin(), ids_.end(), id);
    return place == ids_.end() || *place != id ? -1 : static_cast<int32_t>(place - ids_.begin());
}

}  // namespace qrag
