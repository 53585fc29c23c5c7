// Nodes level by level, from the sorted entries.
#include "trie.h"

#include <algorithm>

namespace qrag {

Trie::Trie(std::vector<Entry> entries) : roots_{} {
    std::sort(entries.begin(), entries.end(), [](const Entry & a, const Entry & b) { return a.text < b.text; });
    struct Range {
        size_t begin, end, depth;  // the entries that share a node's first `depth` bytes
    };
    std::vector<Range> ranges = {{0, entries.size(), 0}};
    nodes_ = {{-1, 0, 0, 0}};
    for (size_t node = 0; node < nodes_.size(); node++) {
        auto [begin, end, depth] = ranges[node];
        if (begin < end && entries[begin].text.size() == depth) nodes_[node].id = entries[begin++].id;
        nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
        while (begin < end) {
            const char byte = entries[begin].text[depth];
            size_t next = begin + 1;
            while (next < end && entries[next].text[depth] == byte) next++;
            nodes_.push_back({-1, 0, 0, static_cast<uint8_t>(byte)});
            ranges.push_back({begin, next, depth + 1});
            nodes_[node].children++;
            begin = next;
        }
    }
    const Node & root = nodes_[0];
    for (uint32_t i = 0; i < root.children; i++) roots_[nodes_[root.first_child + i].byte] = root.first_child + i;
}

const Trie::Node * Trie::child(const Node & node, uint8_t byte) const {
    const Node * first = nodes_.data() + node.first_child;
    const Node * end = first + node.children;
    const Node * found = std::lower_bound(first, end, byte, [](const Node & each, uint8_t b) { return each.byte < b; });
    return found != end && found->byte == byte ? found : nullptr;
}

int32_t Trie::longest(std::string_view text, size_t & at) const {
    const uint32_t root = roots_[static_cast<uint8_t>(text[at])];
    int32_t id = -1;
    size_t end = at + 1;
    for (const Node * node = root == 0 ? nullptr : &nodes_[root]; node != nullptr;) {
        if (node->id >= 0) {
            id = node->id;
            at = end;
        }
        node = end < text.size() ? child(*node, static_cast<uint8_t>(text[end])) : nullptr;
        end++;
    }
    return id;
}

}  // namespace qrag
