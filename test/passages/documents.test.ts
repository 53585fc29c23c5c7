// The walk through a folder: what is a document, in which order, and what becomes of what cannot be read.
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DocumentsOptions, documentsIn } from "../../src/passages/documents.ts";
import type { Unreadable } from "../../src/passages/unreadable.ts";
import { codeOf, collect } from "../src/fakes.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "qrag-documents-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

async function read(path = folder, options: DocumentsOptions = {}) {
  const unreadable: Unreadable[] = [];
  const documents = await collect(documentsIn(path, (found) => unreadable.push(found), options));
  const short = (full: string) => relative(folder, full).split(sep).join("/");
  return {
    documents: documents.map(({ path: full, text }) => [short(full), text]),
    unreadable: unreadable.map(({ path: full, reason }) => [short(full), reason]),
  };
}

describe("documentsIn", () => {
  it("reads Markdown, HTML and plain text below a folder, in the order of the names", async () => {
    await put("b.md", "\ufeffb");
    await put("a/z.TXT", "z");
    await put("a/c/d.markdown", "d");
    await put("c.htm", "<p>c");
    for (const path of ["c.xml", ".hidden/x.md", ".x.md", "node_modules/p/README.md", "md"]) {
      await put(path, "no");
    }
    expect(await read()).toEqual({
      documents: [
        ["a/c/d.markdown", "d"],
        ["a/z.TXT", "z"],
        ["b.md", "\ufeffb"],
        ["c.htm", "<p>c"],
      ],
      unreadable: [],
    });
  });

  it("takes a single file, whatever its ending", async () => {
    await put("NOTES", "text");
    expect(await read(join(folder, "NOTES"))).toEqual({
      documents: [["NOTES", "text"]],
      unreadable: [],
    });
  });

  it("reports what it cannot read, and goes on", async () => {
    await put("a.md", Uint8Array.of(0xff, 0xfe, 0x41));
    await put("b.md", new Uint8Array(16 * 1024 * 1024 + 1).fill(0x61));
    await mkdir(join(folder, "c.md"));
    await symlink(join(folder, "c.md"), join(folder, "d.md"));
    await symlink(join(folder, "absent"), join(folder, "e.md"));
    await put("f.md", "f");
    await symlink(join(folder, "f.md"), join(folder, "g.md"));
    expect(await read()).toEqual({
      documents: [
        ["f.md", "f"],
        ["g.md", "f"],
      ],
      unreadable: [
        ["a.md", "not valid UTF-8"],
        ["b.md", "longer than 16777216 bytes"],
        ["d.md", "not a file"],
        ["e.md", expect.stringMatching(/^ENOENT/)],
      ],
    });
  });

  it("follows no link that leads out of the folder, unless it is named itself", async () => {
    await put("in/a.md", "a");
    await put("out/secret.md", "secret");
    await symlink(join(folder, "out", "secret.md"), join(folder, "in", "b.md"));
    expect(await read(join(folder, "in"))).toMatchObject({
      unreadable: [[expect.stringMatching(/b\.md$/), "a link that leads out of the folder"]],
      documents: [[expect.stringMatching(/a\.md$/), "a"]],
    });
    expect((await read(join(folder, "in", "b.md"))).documents).toHaveLength(1);
    await symlink(join(folder, "in"), join(folder, "link"));
    expect((await read(join(folder, "link"))).documents).toHaveLength(1);
  });

  it("does not go round in circles", async () => {
    await put("a/b.md", "b");
    await symlink(folder, join(folder, "a", "up"));
    expect((await read()).documents).toEqual([["a/b.md", "b"]]);
  });

  it("refuses a path that is not there", async () => {
    expect(await codeOf(read(join(folder, "absent")))).toBe("INPUT_INVALID");
    await expect(read(join(folder, "absent"))).rejects.toThrow(/absent could not be read: ENOENT/);
  });

  it("passes over what is known, without reading it", async () => {
    await put("a.md", Uint8Array.of(0xff));
    await put("b.md", "b");
    const asked: string[] = [];
    const isKnown: DocumentsOptions["isKnown"] = (path, { size }) => {
      asked.push(`${relative(folder, path)} ${size}`);
      return path.endsWith("a.md");
    };
    expect(await read(folder, { isKnown })).toEqual({ documents: [["b.md", "b"]], unreadable: [] });
    expect(asked).toEqual(["a.md 1", "b.md 1"]);
  });

  it("stops when it is told to", async () => {
    await put("a.md", "a");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(read(folder, { signal })).rejects.toThrow("enough");
  });
});

describe("ignore rules", () => {
  const paths = async (options?: DocumentsOptions) =>
    (await read(folder, options)).documents.map(([path]) => path);

  it("hold below their folder, the nearest first, as git reads them", async () => {
    await put(".gitignore", "\ufeff# a comment\n*.txt\n/top.md\nbuild/\n!kept.txt\ndocs/*.md\n");
    await put("sub/.gitignore", "!*.txt\nsecret*\r\n");
    for (const path of [
      "a.txt",
      "kept.txt",
      "top.md",
      "build/x.md",
      "docs/x.md",
      "docs/in/x.md",
      "sub/a.txt",
      "sub/top.md",
      "sub/secret.md",
      "sub/deep/secrets/x.md",
      "sub/build/x.md",
      "secret.md",
    ]) {
      await put(path, "x");
    }
    const kept = ["docs/in/x.md", "kept.txt", "secret.md", "sub/a.txt", "sub/top.md"];
    expect(await paths()).toEqual(kept);
    expect(await paths({ ignore: false })).toHaveLength(12);
  });

  it("may be of qrag alone, and then have the last word", async () => {
    await put(".gitignore", "*.md\n");
    await put(".qragignore", "!notes.md\ndraft.txt\n");
    for (const path of ["notes.md", "other.md", "draft.txt", "a.txt"]) await put(path, "x");
    expect(await paths()).toEqual(["a.txt", "notes.md"]);
  });

  it("may take back a folder that a farther file names", async () => {
    await put(".gitignore", "out/\n");
    await put("sub/.gitignore", "!out/\n");
    await put("sub/out/in/x.md", "x");
    await put("out/x.md", "x");
    expect(await paths()).toEqual(["sub/out/in/x.md"]);
  });

  it("do not count for a file that is named itself", async () => {
    await put(".gitignore", "*.md\n");
    await put("a.md", "x");
    expect((await read(join(folder, "a.md"))).documents).toHaveLength(1);
  });

  it("are reported where they cannot be read", async () => {
    await put("rules", "*.md\n");
    await symlink(join(folder, "rules"), join(folder, ".gitignore"));
    await put("big/.gitignore", "#".repeat(64 * 1024 + 1));
    await put("odd/.gitignore", "**/a/**/b/**/c/**/d/**/e.md\nb.md\n");
    for (const path of ["a.md", "big/a.md", "odd/b.md"]) await put(path, "x");
    expect(await read()).toEqual({
      documents: [
        ["a.md", "x"],
        ["big/a.md", "x"],
      ],
      unreadable: [
        [".gitignore", "not a file"],
        ["big/.gitignore", "longer than 65536 bytes"],
        ["odd/.gitignore", 'a rule with more than 4 "**" is passed over'],
      ],
    });
  });
});
