// The page: asks the main process and shows the verdicts; the counter shows that nothing freezes meanwhile.
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const list = document.querySelector("ol");

let asked = 0;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const mine = ++asked;
  const passages = form.passages.value.split("\n").filter((line) => line.trim() !== "");
  status.textContent = "Judging …";
  list.replaceChildren();
  const shown = await judge(form.query.value, passages);
  if (mine !== asked) return; // Another question was asked since.
  status.textContent = shown.status;
  list.replaceChildren(...shown.lines.map(item));
});

async function judge(query, passages) {
  try {
    const verdicts = await window.qrag.judge(query, passages);
    const relevant = verdicts.filter((verdict) => verdict.relevant).length;
    const lines = verdicts.map(
      ({ relevant, margin }, index) =>
        `${relevant ? 1 : 0} (${margin.toFixed(1)}) ${passages[index]}`,
    );
    const refusal = "I don't have evidence to answer that.";
    return { status: relevant ? `${relevant} of ${lines.length} relevant` : refusal, lines };
  } catch (error) {
    return { status: error.message, lines: [] };
  }
}

function item(text) {
  const element = document.createElement("li");
  element.textContent = text;
  return element;
}

let frames = 0;
let last = performance.now();
let longest = 0;

requestAnimationFrame(function draw(now) {
  longest = Math.max(longest, now - last);
  last = now;
  document.querySelector("#frames").textContent = ++frames;
  document.querySelector("#wait").textContent = Math.round(longest);
  requestAnimationFrame(draw);
});
