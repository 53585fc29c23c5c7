// Trie: finds the longest of some texts that stands at a place in another.
#pragma once

#include <array>

#include "description.h"

namespace qrag {

class Trie {
  public:
    struct Entry {
        std::string_view text;  // not empty
        int32_t id;
    };

    /** No two texts are the same. */
    explicit Trie(std::vector<Entry> entries);

    /** The id of the longest entry that stands at `at` < text.size(), which moves behind it; -1 for none. */
    int32_t longest(std::string_view text, size_t & at) const;

  private:
    struct Node {
        int32_t id;            // of the entry that ends here, or -1
        uint32_t first_child;  // those of a node stand together, in the order of their bytes
        uint16_t children;
        uint8_t byte;
    };

    const Node * child(const Node & node, uint8_t byte) const;

    std::array<uint32_t, 256> roots_;  // the node for a first byte; 0, which is none of them, if there is none
    std::vector<Node> nodes_;
};

}  // namespace qrag
