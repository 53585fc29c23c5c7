// The plots of the page, most of them from the results of one set of rows.
import { type Part, precisionRecall, type SystemResult } from "../evaluate.ts";
import { percent, type Report, type ReportRow, type ReportSet } from "../report.ts";
import {
  type Box,
  drawing,
  horizontalAxis,
  label,
  scale,
  size,
  ticksOf,
  verticalAxis,
} from "./axes.ts";
import { escaped, tag, text } from "./markup.ts";

const box: Box = { left: 48, right: size.width - 12, top: 30, bottom: size.height - 48 };

function figure(title: string, drawn: string, caption: string): string {
  return tag("figure", {}, tag("h3", {}, escaped(title)), drawn, tag("figcaption", {}, caption));
}

/** Bars back to back around the threshold: relevant rows upwards, irrelevant ones downwards. */
export function marginPlot({ name, histogram, threshold, measures }: SystemResult): string {
  const { edges, positives, negatives } = histogram;
  const most = Math.max(...positives, ...negatives, 1);
  const x = scale([edges[0]!, edges.at(-1)!], [box.left, box.right]);
  const y = scale([-most, most], [box.bottom, box.top]);
  const bars = (counts: readonly number[], direction: 1 | -1, kind: string) =>
    counts.map((count, bin) => {
      const [left, right] = [x(edges[bin]!), x(edges[bin + 1]!)];
      const [top, bottom] = direction === 1 ? [y(count), y(0)] : [y(0), y(-count)];
      const place = { x: left + 0.5, y: top, width: Math.max(0.5, right - left - 1) };
      return count === 0 ? "" : tag("rect", { ...place, height: bottom - top, class: kind });
    });
  const line = x(threshold);
  const ticks = ticksOf(0, most).filter((tick) => Number.isInteger(tick));
  const counts = [...ticks, ...ticks.filter((tick) => tick > 0).map((tick) => -tick)];
  const body = [
    ...counts.flatMap((tick) => [
      tag("line", { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), class: "grid" }),
      text(label(Math.abs(tick)), { x: box.left - 8, y: y(tick) + 4, "text-anchor": "end" }),
    ]),
    ...bars(positives, 1, "relevant"),
    ...bars(negatives, -1, "irrelevant"),
    tag("line", { x1: line, x2: line, y1: box.top, y2: box.bottom, class: "threshold" }),
    horizontalAxis(box, ticksOf(edges[0]!, edges.at(-1)!), x, "margin"),
    text("rows", { x: box.left, y: box.top - 10, class: "name" }),
  ].join("");
  const title = `Margins of ${name}`;
  const description = `Relevant rows above, irrelevant rows below; area under the curve ${percent(measures.auc)}`;
  return figure(
    title,
    drawing(title, description, size.height, body),
    `<span class="key relevant">relevant</span> <span class="key irrelevant">irrelevant</span>
     The line is where the gate decides: ${label(threshold)}.${refusedText(histogram)}`,
  );
}

function refusedText({ refused: { positives, negatives } }: SystemResult["histogram"]): string {
  if (positives + negatives === 0) return "";
  return ` Not shown: ${positives} relevant and ${negatives} irrelevant rows, refused before the model was asked.`;
}

/** One curve a system; a dashed line where a system that knows nothing would lie. */
export function precisionRecallPlot(set: ReportSet, rows: readonly ReportRow[]): string {
  const x = scale([0, 1], [box.left, box.right]);
  const y = scale([0, 1], [box.bottom, box.top]);
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const share = set.relevant / set.rows;
  const shown = set.systems.filter(({ histogram }) => histogram.edges.length > 3);
  const curves = shown.map(({ scores }, index) => {
    const points = precisionRecall(rows, scores).map(
      ({ recall, precision }) => `${x(recall).toFixed(1)},${y(precision).toFixed(1)}`,
    );
    return tag("polyline", { points: points.join(" "), class: `curve c${index % 8}` });
  });
  const chance = { x1: x(0), x2: x(1), y1: y(share), y2: y(share), class: "chance" };
  const body = [
    verticalAxis(box, ticks, y, "precision"),
    horizontalAxis(box, ticks, x, "recall"),
    tag("line", chance),
    // The first on top of the others.
    ...curves.reverse(),
  ].join("");
  const title = "Precision and recall";
  const keys = shown.map(
    ({ name }, index) => `<span class="key c${index % 8}">${escaped(name)}</span>`,
  );
  const areas = shown.map(({ name, measures }) => `${name}: ${percent(measures.auc)}`);
  return figure(
    title,
    drawing(title, `Areas under the ROC curve: ${areas.join(", ")}`, size.height, body),
    `${keys.join(" ")} <span class="key none">share of relevant rows</span>`,
  );
}

/** Accuracy by domain, or by kind where all rows are of one domain: a bar for each gate. */
export function partsPlot({ systems }: ReportSet): string {
  const gates = systems.filter(({ kind }) => kind === "gate");
  const domains = Object.keys(gates[0]!.byDomain).length > 1;
  const partsOf = ({ byDomain, byKind }: SystemResult) => (domains ? byDomain : byKind);
  const bars = Object.keys(partsOf(gates[0]!)).flatMap((part) =>
    gates.map((gate, index) => {
      const found: Part = partsOf(gate)[part]!;
      return {
        name: index === 0 ? part : "",
        value: found.accuracy,
        note: `${found.right} of ${found.count}`,
        class: `c${index % 8}`,
      };
    }),
  );
  const keys = gates.map(
    ({ name }, index) => `<span class="key c${index % 8}">${escaped(name)}</span>`,
  );
  return barPlot(domains ? "Right answers by domain" : "Right answers by kind", bars, 1, keys);
}

/** The median of one pair at a time, and how far the slowest twentieth reaches. */
export function latencyPlot({ systems }: ReportSet): string {
  const bars = systems.flatMap(({ name, latency }) =>
    latency
      ? [
          {
            name,
            value: latency.medianMs,
            reach: latency.p95Ms,
            note: `${latency.medianMs.toFixed(2)} ms`,
            class: "c0",
          },
        ]
      : [],
  );
  const most = Math.max(...bars.map(({ reach }) => reach));
  return barPlot("Time for one pair", bars, most, [
    "Median; the thin line ends at the 95th percentile.",
  ]);
}

interface Bar {
  readonly name: string;
  readonly value: number;
  readonly reach?: number;
  readonly note: string;
  readonly class: string;
}

const barHeight = 18;
/** Before a bar with a name: those without belong to the one above. */
const groupGap = 6;

export function barPlot(
  title: string,
  bars: readonly Bar[],
  most: number,
  keys: readonly string[],
): string {
  const x = scale([0, most], [160, size.width - 90]);
  let y = 0;
  const body = bars.map((bar) => {
    y += bar.name === "" ? barHeight : barHeight + groupGap;
    const [top, middle, baseline] = [y - 18, y - 11, y - 7];
    const reach = bar.reach ?? bar.value;
    const width = Math.max(1, x(bar.value) - x(0));
    return [
      text(clipped(bar.name), { x: 152, y: baseline, "text-anchor": "end" }),
      tag("rect", { x: x(0), y: top, width, height: 14, class: `bar ${bar.class}` }),
      tag("line", { x1: x(bar.value), x2: x(reach), y1: middle, y2: middle, class: "reach" }),
      text(bar.note, { x: x(reach) + 8, y: baseline }),
    ].join("");
  });
  const words = bars.map(({ name, note }) => [name, note].filter(Boolean).join(": "));
  return figure(title, drawing(title, words.join("; "), y, body.join("")), keys.join(" "));
}

function clipped(name: string): string {
  return name.length > 22 ? `${name.slice(0, 21)}…` : name;
}

/** The plots of one set. */
export function plotsOf(set: ReportSet, report: Report): string {
  const rows = report.rows.filter((row) => row.set === set.name);
  const gates = set.systems.filter(({ kind }) => kind === "gate");
  return [
    ...gates.map(marginPlot),
    precisionRecallPlot(set, rows),
    partsPlot(set),
    latencyPlot(set),
  ].join("");
}
