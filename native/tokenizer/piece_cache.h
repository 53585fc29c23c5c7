// PieceCache: the ids of short pieces seen before.
#pragma once

#include "description.h"
#include "hash.h"

namespace qrag {

class PieceCache {
  public:
    PieceCache();

    /** Appends the ids of a piece, if they are known. */
    bool recall(std::string_view piece, Integers & ids);

    /** Keeps ids[first..] as those of the piece that was last asked for. */
    void keep(std::string_view piece, const Integers & ids, size_t first);

  private:
    /** One line of the processor's cache. */
    struct alignas(64) Known {
        uint8_t length = 0;  // 0: none
        uint8_t count = 0;
        char piece[30];
        int32_t ids[8];
    };

    Hash hash_;
    std::vector<Known> known_;
    Known * place_ = nullptr;  // of the piece last asked for; none if that was too long
};

}  // namespace qrag
