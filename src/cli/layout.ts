// Text for people on a narrow terminal: lines that do not fit are broken between words, not by the terminal within them.

/** Narrower than that is no width to set text in; the terminal may then break where it likes. */
const leastColumns = 20;
/** Of a line that goes on: further in than the one it belongs to. */
const hanging = 4;
/** Descriptions of options begin further in than options do. */
const descriptionIndent = 10;

/** A report: every line is broken by itself, since most are rows of tables. */
export function fitReport(text: string, columns: number): string {
  if (columns < leastColumns) return text;
  return text
    .split("\n")
    .map((line) => broken(line, columns))
    .join("\n");
}

/** What --help prints: lines that were broken by hand are joined before. Examples stay, to be copied. */
export function fitHelp(text: string, columns: number): string {
  if (columns < leastColumns || text.split("\n").every(({ length }) => length <= columns)) {
    return text;
  }
  const [before, ...examples] = text.split(/^(?=Example)/m);
  return [fitReport(joined(before!), columns), ...examples].join("");
}

function joined(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const last = lines.at(-1);
    if (last && goesOn(last, line)) lines[lines.length - 1] = `${last} ${line.trimStart()}`;
    else lines.push(line);
  }
  return lines.join("\n");
}

/** Whether a line continues the one above: a paragraph's, or the description of an option. */
function goesOn(above: string, line: string): boolean {
  if (line === "") return false;
  const indent = indentOf(line);
  return indent === 0 ? indentOf(above) === 0 : indent >= descriptionIndent;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function broken(line: string, columns: number): string {
  if (line.length <= columns) return line;
  // A paragraph goes on at the margin; an option or the row of a table further in.
  const prose = !/\S {2,}\S|^ /.test(line);
  const indent = prose ? 0 : indentOf(line) + hanging;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const start = indentOf(rest);
    // The last space that leaves a line short enough; else the first one there is.
    const within = rest.lastIndexOf(" ", columns);
    const at = within > start ? within : rest.indexOf(" ", Math.max(start, columns));
    if (at < 0) break;
    lines.push(rest.slice(0, at).trimEnd());
    rest = " ".repeat(indent) + rest.slice(at).trimStart();
  }
  return [...lines, rest].join("\n");
}
