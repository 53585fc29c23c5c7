// How the page looks: two colour schemes, one measure of space. The colours stay apart for colour-blind eyes, too.

const light = [
  "--ground: #fbfbf9; --card: #ffffff; --ink: #1f2328; --soft: #667078; --line: #e3e5e2;",
  "--relevant: #1f6feb; --irrelevant: #d9822b; --mark: #1f2328;",
  "--c0: #1f6feb; --c1: #d9822b; --c2: #2f9e6e; --c3: #9b51b6; --c4: #b8860b; --c5: #c2476b; --c6: #5c7080; --c7: #10829b;",
].join(" ");

const dark = [
  "--ground: #15181b; --card: #1c2024; --ink: #e7e9ea; --soft: #9aa4ac; --line: #31373d;",
  "--relevant: #6aa9ff; --irrelevant: #f0a45b; --mark: #e7e9ea;",
  "--c0: #6aa9ff; --c1: #f0a45b; --c2: #5fce9b; --c3: #cf93e6; --c4: #dcb84b; --c5: #f08aa8; --c6: #a3b2bd; --c7: #58c1d8;",
].join(" ");

const colours = [0, 1, 2, 3, 4, 5, 6, 7]
  .map(
    (n) =>
      `.curve.c${n} { stroke: var(--c${n}) } .bar.c${n} { fill: var(--c${n}) } .key.c${n}::before { background: var(--c${n}) }`,
  )
  .join("\n");

export const style = `
:root { color-scheme: light dark; ${light} }
@media (prefers-color-scheme: dark) { :root { ${dark} } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 74rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 0 1rem; letter-spacing: -0.01em }
h2 { font-size: 1.25rem; font-weight: 600; margin: 3rem 0 0.25rem }
h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 0.5rem; overflow-wrap: anywhere }
p, footer, small, figcaption, summary { color: var(--soft) }
p { margin: 0.25rem 0 1rem; max-width: 46rem }
small { font-size: 0.8em; font-weight: 400 }
th small { display: block }
.scroll { overflow-x: auto; margin: 0 0 1.25rem }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums }
th, td { padding: 0.45rem 0.7rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { color: var(--soft); font-weight: 500; white-space: nowrap }
tbody th { font-weight: 500 }
th:first-child { text-align: left; padding-left: 0; min-width: 9rem }
tbody tr:first-child th { font-weight: 650 }
td { white-space: nowrap }
details table td { white-space: normal }
details table td:nth-child(2) { text-align: left; max-width: 34rem }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); gap: 1rem; margin: 1.5rem 0; align-items: start }
figure { margin: 0; padding: 1.1rem 1.2rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px }
figcaption { font-size: 0.82rem; margin-top: 0.5rem }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "Segoe UI", Roboto, sans-serif }
svg text { fill: var(--soft) }
svg .name { fill: var(--ink) }
.grid { stroke: var(--line); stroke-width: 1 }
.axis, .reach { stroke: var(--soft); stroke-width: 1 }
.threshold { stroke: var(--mark); stroke-width: 1.5 }
.chance { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 4 }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round }
rect.relevant { fill: var(--relevant) } rect.irrelevant { fill: var(--irrelevant) }
.key { white-space: nowrap; margin-right: 0.8rem }
.key::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.35em; border-radius: 2px; background: var(--soft) }
.key.relevant::before { background: var(--relevant) } .key.irrelevant::before { background: var(--irrelevant) }
${colours}
summary { cursor: pointer; padding: 0.4rem 0 }
:focus-visible { outline: 2px solid var(--relevant); outline-offset: 2px }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: 0.85rem }
@media print { body { max-width: none } figure { break-inside: avoid } }
`;
