// The peers' packages: installed in bench/peers, by hand, and asked for from there. qrag itself never sees them.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../../base/package_root.ts";

export const peers = ["onnxruntime-node", "@huggingface/transformers", "fastembed"] as const;
export type Peer = (typeof peers)[number];

export const installLine = "npm ci --prefix bench/peers --ignore-scripts";

const folder = () => join(packageRoot(), "bench", "peers");

export const peerInstalled = (name: Peer) =>
  existsSync(join(folder(), "node_modules", name, "package.json"));

export const loadPeer = (name: Peer): unknown =>
  createRequire(join(folder(), "package.json"))(name);

export function peerVersion(name: Peer): string {
  const path = join(folder(), "node_modules", name, "package.json");
  return (createRequire(path)(path) as { version: string }).version;
}
