// The frame of a plot: a linear scale on each axis, round numbers at the ticks, and the box it is drawn in.
import { tag, text } from "./markup.ts";

export type Scale = (value: number) => number;

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const size = { width: 460, height: 280 };

export function scale(from: readonly [number, number], to: readonly [number, number]): Scale {
  const span = from[1] - from[0] || 1;
  return (value) => to[0] + ((value - from[0]) / span) * (to[1] - to[0]);
}

/** About five round numbers within the range. */
export function ticksOf(low: number, high: number): number[] {
  const rough = (high - low) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough)!;
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) ticks.push(n * step);
  return ticks;
}

/** Up to three digits behind the point, none of them a needless zero. */
export function label(value: number): string {
  return String(Number(value.toFixed(3)));
}

export function horizontalAxis(box: Box, ticks: readonly number[], x: Scale, name: string): string {
  const middle = (box.left + box.right) / 2;
  return [
    ...ticks.map((tick) => {
      const at = { x: x(tick), y: box.bottom + 18, "text-anchor": "middle" };
      return text(label(tick), at);
    }),
    tag("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "axis" }),
    text(name, { x: middle, y: box.bottom + 36, "text-anchor": "middle", class: "name" }),
  ].join("");
}

export function verticalAxis(box: Box, ticks: readonly number[], y: Scale, name: string): string {
  return [
    ...ticks.flatMap((tick) => [
      tag("line", { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), class: "grid" }),
      text(label(tick), { x: box.left - 8, y: y(tick) + 4, "text-anchor": "end" }),
    ]),
    text(name, { x: box.left, y: box.top - 10, "text-anchor": "start", class: "name" }),
  ].join("");
}

/** A drawing that says in words what it shows, for those who cannot see it. */
export function drawing(title: string, description: string, height: number, body: string): string {
  const attributes = {
    viewBox: `0 0 ${size.width} ${height}`,
    role: "img",
    "aria-label": `${title}. ${description}`,
  };
  return tag("svg", attributes, body);
}
