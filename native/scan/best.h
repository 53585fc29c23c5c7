// Best: the so many highest scores among any number of rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

namespace qrag {

struct Scored {
    double score;
    size_t position;  // among all rows of all segments
};

inline bool better(const Scored & a, const Scored & b) {
    return a.score > b.score || (a.score == b.score && a.position < b.position);
}

class Best {
  public:
    explicit Best(size_t count) : count_(count) {}

    /** Rows come in their order, so one that only equals the worst of enough others is worse. NaN is never above. */
    bool takes(double score) const { return score > floor_; }

    /** After takes(). */
    void add(Scored scored) {
        scored_.push_back(scored);
        // Twice as many as are wanted: so a row costs the same however many are.
        if (scored_.size() / 2 >= count_) cut();
    }

    /** Unsorted. */
    std::vector<Scored> & cut() {
        if (scored_.size() >= count_) {
            const auto last = scored_.begin() + static_cast<std::ptrdiff_t>(count_ - 1);
            std::nth_element(scored_.begin(), last, scored_.end(), better);
            floor_ = last->score;
            scored_.resize(count_);
        }
        return scored_;
    }

  private:
    size_t count_;
    double floor_ = -std::numeric_limits<double>::infinity();
    std::vector<Scored> scored_;
};

}  // namespace qrag
