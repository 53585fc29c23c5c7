// The thread that extracts text: answers one message after the other.
import { parentPort } from "node:worker_threads";
import { docxText } from "./docx.ts";
import type { ExtractionQuestion, ExtractionReply } from "./extraction.ts";
import { pdfText } from "./pdf.ts";

parentPort!.on("message", async ({ ending, bytes }: ExtractionQuestion) => {
  let reply: ExtractionReply;
  try {
    reply = { text: await (ending === ".pdf" ? pdfText(bytes) : docxText(bytes)) };
  } catch (error) {
    reply = { reason: error instanceof Error ? error.message : String(error) };
  }
  parentPort!.postMessage(reply);
});
