// hf:owner/repo[@revision][:file]: the name of a model on a hub, taken apart and checked.
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";
import { isSafePath } from "./names.ts";

export interface HubReference {
  readonly owner: string;
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** A file of the repository, if one is named. */
  readonly file: string | undefined;
}

const prefix = "hf:";

export function isHubName(name: string): boolean {
  return name.startsWith(prefix);
}

export function parseReference(name: string): HubReference {
  const parts = /^hf:([^/@:]+)\/([^/@:]+)(?:@([^@:]+))?(?::(.+))?$/s.exec(name);
  const [, owner = "", repo = "", revision = "main", file] = parts ?? [];
  const sound =
    isPlainName(owner) &&
    isPlainName(repo) &&
    isSafePath(`${owner}--${repo}`) &&
    isRevision(revision) &&
    (file === undefined || isSafePath(file));
  if (sound) return { owner, repo, revision, file };
  throw new QragError(
    "INPUT_INVALID",
    `Expected hf:owner/repo, hf:owner/repo@revision or hf:owner/repo:file for the model but received ${quote(name)}`,
  );
}

export function repositoryName({ owner, repo }: Pick<HubReference, "owner" | "repo">): string {
  return `${prefix}${owner}/${repo}`;
}

/** The name that parseReference reads; "main" is left out. */
export function referenceName(reference: HubReference): string {
  const { revision, file } = reference;
  const at = revision === "main" ? "" : `@${revision}`;
  return `${repositoryName(reference)}${at}${file === undefined ? "" : `:${file}`}`;
}

/** Commits never change; branches and tags do. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** The hub's rule. "--" separates owner and repository in the name of a folder. */
function isPlainName(name: string): boolean {
  return /^\w([\w.-]{0,94}\w)?$/.test(name) && !/--|\.\./.test(name);
}

function isRevision(revision: string): boolean {
  return /^\w([\w.+/-]{0,98}\w)?$/.test(revision) && !/\.\.|\/\//.test(revision);
}
