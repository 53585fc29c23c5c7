// Results to a picture: pairs or texts per second of every contender as bars, a panel for each of some cases.
import type { Result } from "./report.ts";

const panels = [
  { name: "pair-300", title: "one pair of 300 tokens: pairs" },
  { name: "batch-100x200", title: "one query, 100 passages, prompts of 200 tokens: pairs" },
  { name: "l6-passages-1000x200", title: "MiniLM-L6, 1,000 passages of 200 tokens: vectors" },
  { name: "l6-pair-300", title: "MiniLM-L6 as a cross-encoder, one pair of 300 tokens: pairs" },
] as const;

const row = 22;
const head = 44;
const label = 250;
const bars = 420;
const width = label + bars + 70;

/** An SVG image, as text; cases and contenders that were not run are left out. */
export function plotOf(results: readonly Result[], caption: string): string {
  const drawn: string[] = [];
  // The machine's best kernels run twice: as `qrag` and under their own name.
  const repeated = `qrag:${results.find(({ contender }) => contender === "qrag")?.build}`;
  let y = 10;
  for (const { name, title } of panels) {
    const mine = results
      .filter((result) => result.case === name)
      .filter(({ contender }) => contender !== repeated)
      .sort((a, b) => b.perSecond - a.perSecond);
    if (mine.length === 0) continue;
    drawn.push(text(10, y + 20, `${title} per second`, "bold"));
    const most = mine[0]!.perSecond;
    mine.forEach((result, index) => {
      const top = y + head + index * row;
      const length = (bars * result.perSecond) / most;
      const fill = result.contender.startsWith("qrag") ? "#2563eb" : "#9ca3af";
      drawn.push(
        text(label - 8, top + 13, nameOf(result), "end"),
        `<rect x="${label}" y="${top}" width="${length.toFixed(1)}" height="${row - 6}" fill="${fill}"/>`,
        text(label + length + 6, top + 13, result.perSecond.toPrecision(3)),
      );
    });
    y += head + mine.length * row + 16;
  }
  drawn.push(text(10, y + 8, caption, "small"));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + 20}" font-family="sans-serif" font-size="13">`,
    "<title>Pairs and vectors per second of every contender</title>",
    "<style>.bold{font-weight:bold}.end{text-anchor:end}.small{font-size:11px;fill:#555}</style>",
    `<rect width="100%" height="100%" fill="#fff"/>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function nameOf({ contender, build }: Result): string {
  return contender === "qrag" || contender === "qrag:q4" ? `${contender} (${build})` : contender;
}

function text(x: number, y: number, words: string, style?: string): string {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const attribute = style === undefined ? "" : ` class="${style}"`;
  return `<text x="${x.toFixed(1)}" y="${y}"${attribute}>${escaped}</text>`;
}
