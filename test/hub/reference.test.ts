import { describe, expect, it } from "vitest";
import { isSafePath } from "../../src/hub/names.ts";
import { isHubName, parseReference, referenceName } from "../../src/hub/reference.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

describe("a reference", () => {
  it.each([
    ["hf:owner/repo", { owner: "owner", repo: "repo", revision: "main", file: undefined }],
    ["hf:a/b@v1.0", { owner: "a", repo: "b", revision: "v1.0", file: undefined }],
    ["hf:a/b@refs/pr/1", { revision: "refs/pr/1" }],
    [`hf:a/b@${commit}`, { revision: commit }],
    ["hf:a/b:model.gguf", { revision: "main", file: "model.gguf" }],
    ["hf:a/b@dev:q8/model Q8_0.gguf", { revision: "dev", file: "q8/model Q8_0.gguf" }],
    ["hf:sentence-transformers/all-MiniLM-L6-v2", { repo: "all-MiniLM-L6-v2" }],
  ])("%s is taken apart, and put together again", (name, parts) => {
    expect(parseReference(name)).toMatchObject(parts);
    expect(referenceName(parseReference(name))).toBe(name);
  });

  it.each([
    "hf:",
    "hf:repo",
    "hf:a/b/c",
    "hf:a/b@",
    "hf:a/b:",
    "hf:../b",
    "hf:a/..",
    "hf:a--x/b",
    "hf:a/b@../main",
    "hf:a/b@-main",
    "hf:a/b@x y",
    "hf:a/b:../model.gguf",
    "hf:a/b:/etc/passwd",
    "hf:a/b:x//y",
    "hf:a/b:C:\\model.gguf",
    "hf:a/b:a\\..\\b",
    "hf:a/b:nul.gguf\n",
    "hf:a/b:x\0.gguf",
    "hf:con.a/b",
    `hf:${"a".repeat(97)}/b`,
    "https://huggingface.co/a/b",
  ])("%j is refused", (name) => {
    expect(() => parseReference(name)).toThrow(
      expect.objectContaining({
        code: "INPUT_INVALID",
        message: expect.stringMatching(/hf:owner/),
      }),
    );
  });

  it("is told from a path", () => {
    expect(["hf:a/b", "./hf:a/b", "HF:a/b", "hf"].map(isHubName)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe("a name from outside", () => {
  it.each(["model.gguf", "1_Pooling/config.json", "ä ö/模型.json", "a.b.c", "console", "com10"])(
    "%s stays in its folder",
    (name) => expect(isSafePath(name)).toBe(true),
  );

  it.each([
    ...["", ".", "..", "../x", "x/..", "x/../y", "/x", "x/", "x//y", "\\x", "x\\y", "C:x", "x:y"],
    ...["x\0", "x\n", "x\u202e", "x.", "x ", " x", "nul", "NUL.json", "a/con", "com1.txt", "lpt¹"],
    ...["x*", "x?", '"', "<", "|", "conin$", "a".repeat(201), "a/".repeat(300)],
  ])("%j does not", (name) => expect(isSafePath(name)).toBe(false));
});
