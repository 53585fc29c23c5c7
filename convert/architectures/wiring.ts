// What a decoder's names cannot tell: the parts of its wiring, how a flag states each, and what it usually is.
import type { Decision } from "../../gguf/architecture.ts";
import { decisionTensor } from "../../gguf/architecture.ts";
import type { Piece } from "../write/pieces.ts";
import type { DecoderParts } from "./decoder_parts.ts";

/** How a head's dimensions are paired for RoPE: i with i + half of them, or 2i with 2i + 1, which files hold. */
export const ropeOrders = ["half", "interleaved"] as const;
export type RopeOrder = (typeof ropeOrders)[number];

/** Which of the two matrices goes through SiLU: the first (or the one named gate), or the other. */
export const gateUpOrders = ["gate-first", "up-first"] as const;
export type GateUpOrder = (typeof gateUpOrders)[number];

export interface Wiring {
  readonly rope: RopeOrder;
  readonly gateUp: GateUpOrder;
  readonly normEpsilon: number;
  readonly ropeBase: number;
}

/** What only a trial run can tell, if nobody states it. */
export interface Question<T> {
  readonly flag: string;
  /** What is tried, the most usual first. */
  readonly answers: readonly T[];
}

export const questions: { readonly [K in keyof Wiring]: Question<Wiring[K]> } = {
  rope: { flag: "--rope", answers: ropeOrders },
  gateUp: { flag: "--gate-up", answers: gateUpOrders },
  /** 1.1920929e-7 is what PyTorch takes when nobody says. */
  normEpsilon: { flag: "--norm-eps", answers: [1e-5, 1e-6, 1e-8, 1.1920929e-7] },
  ropeBase: { flag: "--rope-base", answers: [10_000, 500_000, 100_000, 1_000_000] },
};

/** The pieces of every tensor, wired so, the decision rows among them. */
export function wiredPieces(
  { pieces, sizes }: DecoderParts,
  { tokenIds }: Pick<Decision, "tokenIds">,
  { rope, gateUp }: Pick<Wiring, "rope" | "gateUp">,
): ReadonlyMap<string, Piece> {
  const wired = new Map<string, Piece>();
  for (const [name, piece] of pieces) {
    const turned = rope === "half" && /\.attn_[qk]\.weight$/.test(name);
    wired.set(
      gateUp === "up-first" ? swapped(name) : name,
      turned ? { ...piece, halves: sizes } : piece,
    );
  }
  const head = pieces.get("output.weight") ?? pieces.get("token_embd.weight")!;
  return wired.set(decisionTensor, { ...head, picked: tokenIds });
}

function swapped(name: string): string {
  if (name.endsWith(".ffn_gate.weight")) return name.replace("ffn_gate", "ffn_up");
  return name.endsWith(".ffn_up.weight") ? name.replace("ffn_up", "ffn_gate") : name;
}
