// How many processors this process may really use: a container's quota counts, which Node 20 does not look at.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Where Linux keeps the quota of the control group that a container sees as its root. */
const quotaFile = "/sys/fs/cgroup/cpu.max";

export function availableProcessors(): number {
  return Math.min(availableParallelism(), quotaProcessors(readQuota()));
}

/**
 * The processors that a quota such as "150000 100000" (microseconds in each period) is worth, rounded up. More threads
 * would spend the quota on waiting for each other. "max" and what cannot be read are no quota.
 */
export function quotaProcessors(quota: string): number {
  const [used, period] = quota.trim().split(/\s+/).map(Number);
  const processors = Math.ceil(used! / period!);
  return processors >= 1 ? processors : Number.POSITIVE_INFINITY;
}

function readQuota(): string {
  if (process.platform !== "linux") return "max";
  try {
    return readFileSync(quotaFile, "utf8");
  } catch {
    return "max";
  }
}
