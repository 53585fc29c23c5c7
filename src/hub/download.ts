// Downloads a file of a repository: resumes an earlier attempt, and accepts nothing but the file that was listed.
import { quote } from "../../base/quote.ts";
import type { HubClient } from "./client.ts";
import { isFile } from "./digest.ts";
import { downloadFailed, TemporaryFailure } from "./errors.ts";
import type { Body } from "./http.ts";
import type { HubFile } from "./listing.ts";
import { Part } from "./part.ts";
import type { HubReference } from "./reference.ts";

export interface DownloadOptions {
  readonly client: HubClient;
  readonly repository: Pick<HubReference, "owner" | "repo">;
  readonly commit: string;
  readonly signal: AbortSignal | undefined;
  /** Called with the bytes of this file so far. */
  readonly onBytes: (bytes: number) => void;
}

/** Downloads `file` to `target`; gives the number of bytes that came over the network. */
export async function downloadFile(
  file: HubFile,
  target: string,
  options: DownloadOptions,
): Promise<number> {
  const { client, signal, onBytes } = options;
  if (await isFile(target, file, signal)) {
    onBytes(file.size);
    return 0;
  }
  const part = await Part.open(`${target}.part`, file, signal);
  let received = 0;
  const onReceived = (bytes: number): void => {
    received += bytes;
    onBytes(part.length);
  };
  try {
    await client.attempting(
      signal,
      () => part.length,
      () => attempt(part, file, options, onReceived),
    );
    await part.finish(target);
    return received;
  } finally {
    await part.close();
  }
}

async function attempt(
  part: Part,
  file: HubFile,
  { client, repository, commit, signal }: DownloadOptions,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const start = part.length;
  onReceived(0);
  let source = file.path;
  if (start < file.size) {
    await client.file(repository, commit, file, { start, signal }, (response, body, url) => {
      source = url;
      return receive(part, file, { response, body, url }, onReceived);
    });
  }
  const digest = part.digest();
  if (digest === file.digest.hex) return;
  await part.clear();
  const kind = file.digest.algorithm === "sha256" ? "SHA-256" : "git SHA-1";
  const error = downloadFailed(
    `${source} is not the file that was listed: its ${kind} is ${digest}, not ${file.digest.hex}. ` +
      "It was discarded. If this happens again, a proxy may be altering downloads",
  );
  // What an earlier attempt left may be at fault.
  throw start > 0 ? new TemporaryFailure(error) : error;
}

interface Answer {
  readonly response: Response;
  readonly body: Body;
  readonly url: string;
}

/** Appends the body to the part, which is cleared first if the server does not resume. */
async function receive(
  part: Part,
  { size }: HubFile,
  answer: Answer,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const { body, url } = answer;
  await checkAnswer(part, size, answer);
  for await (const bytes of body) {
    if (part.length + bytes.length > size) {
      await part.clear();
      throw downloadFailed(`${url} sent more than the ${size} bytes that were listed`);
    }
    await part.append(bytes);
    onReceived(bytes.length);
  }
  if (part.length === size) return;
  const short = `${url} broke off after ${part.length} of ${size} bytes. Try again: anything downloaded so far is kept`;
  throw new TemporaryFailure(downloadFailed(short));
}

/** Compares what the server announces, before the body is read. */
async function checkAnswer(part: Part, size: number, { response, url }: Answer): Promise<void> {
  const { status, headers } = response;
  const asked = part.length;
  if (status !== 200) {
    const range = headers.get("content-range") ?? "";
    const [, from, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range) ?? [];
    const right = Number(from) === asked && (whole === "*" || Number(whole) === size);
    if (status === 206 && right) return;
    await part.clear();
    const what = `${url} answered ${status} with the range ${quote(range)} to a request for bytes ${asked} to ${size}`;
    throw asked > 0 ? new TemporaryFailure(downloadFailed(what)) : downloadFailed(what);
  }
  const announced = headers.get("content-length");
  // The length of a compressed body says nothing.
  if (!headers.has("content-encoding") && announced !== null && Number(announced) !== size) {
    // Another file, such as the page of a captive portal: no reason to lose what is there.
    throw downloadFailed(`${url} announces ${announced} bytes, and ${size} were listed`);
  }
  await part.clear();
}
