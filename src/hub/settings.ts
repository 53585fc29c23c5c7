// The environment's settings for hubs: the endpoint, the token, whether the network may be used, the cache's folder.
import { homedir } from "node:os";
import { posix, win32 } from "node:path";
import { QragError } from "../../base/errors.ts";
import { quote } from "../../base/quote.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  /** The variable that forbids the network, if one does. */
  readonly offline: string | undefined;
  readonly cacheFolder: string;
}

const offlineVariables = ["QRAG_OFFLINE", "HF_HUB_OFFLINE"];

export function hubSettings(env: Environment): HubSettings {
  return {
    endpoint: checkEndpoint(env.HF_ENDPOINT || "https://huggingface.co"),
    token: checkToken(env.HF_TOKEN),
    offline: offlineVariables.find((name) => /^(1|on|yes|true)$/i.test(env[name] ?? "")),
    cacheFolder: cacheFolder(env),
  };
}

/** Where pulled models are kept. Tests pass their own `platform` and `home`. */
export function cacheFolder(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
  home: () => string = homedir,
): string {
  const path = platform === "win32" ? win32 : posix;
  if (env.QRAG_CACHE) return path.resolve(env.QRAG_CACHE);
  // The specification says to ignore relative paths.
  const { XDG_CACHE_HOME: xdg } = env;
  if (xdg && path.isAbsolute(xdg)) return path.join(xdg, "qrag");
  if (platform === "win32") {
    const local = env.LOCALAPPDATA || path.join(home(), "AppData", "Local");
    return path.join(local, "qrag", "Cache");
  }
  return platform === "darwin"
    ? path.join(home(), "Library", "Caches", "qrag")
    : path.join(home(), ".cache", "qrag");
}

function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Not quoted: it may hold a password.
  if (url?.username || url?.password) {
    throw invalid("HF_ENDPOINT holds a user name or a password; use HF_TOKEN for a token");
  }
  const plain = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash;
  if (plain && text.length <= 200) return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
  throw invalid(`Expected an http or https URL for HF_ENDPOINT but received ${quote(text)}`);
}

function checkToken(text: string | undefined): string | undefined {
  const token = text?.trim();
  if (!token) return undefined;
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw invalid("HF_TOKEN holds characters that no token has");
}

function invalid(message: string): QragError {
  return new QragError("INPUT_INVALID", message);
}
