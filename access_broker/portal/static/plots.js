// Plots as small SVG of our own. Each has a text for those who do not see it.
import { html } from "./ui.js";
import { t, when } from "./words.js";

// Sessions as bars over time, a lane each; what is alive reaches past "now".
export function Timeline({ sessions, onOpen }) {
  const shown = sessions.slice(0, 24);
  if (!shown.length) return null;
  const now = Date.now();
  const from = Math.min(...shown.map((one) => Date.parse(one.issued_at)), now - 600000);
  const to = Math.max(...shown.map((one) => Date.parse(one.expires_at)), now + 600000);
  const x = (at) => 130 + ((at - from) / (to - from)) * 660;
  const lane = 24;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => from + share * (to - from));
  return html`<figure class="plot" tabindex="0"><svg viewBox=${`0 0 800 ${shown.length * lane + 30}`} role="img"
      aria-label=${t("Timeline of {n} sessions, from {from} to {to}", { n: shown.length, from: when(from), to: when(to) })}>
    ${ticks.map((at, index) => html`<g class="tick"><line x1=${x(at)} x2=${x(at)} y1="0" y2=${shown.length * lane} />
      <text x=${x(at)} y=${shown.length * lane + 18} text-anchor=${index === 4 ? "end" : index ? "middle" : "start"}>${when(at)}</text></g>`)}
    ${shown.map((one, index) => {
      const end = Math.min(Date.parse(one.revoked_at ?? one.expires_at), Date.parse(one.expires_at));
      const start = Date.parse(one.issued_at);
      return html`<g class=${`lane ${one.state}${one.break_glass ? " glass" : ""}`} onClick=${() => onOpen?.(one)}>
        <text x="0" y=${index * lane + 16}>${String(one.caller).slice(0, 16)}</text>
        <rect x=${x(start)} y=${index * lane + 4} width=${Math.max(3, x(end) - x(start))} height="15" rx="4"><title>${one.caller} · ${one.role}</title></rect>
        <text class="inside" x=${x(start) + 6} y=${index * lane + 15.5}>${x(end) - x(start) > 90 ? String(one.role).slice(0, Math.floor((x(end) - x(start)) / 8)) : ""}</text></g>`;
    })}
    <line class="now" x1=${x(now)} x2=${x(now)} y1="0" y2=${shown.length * lane} />
  </svg><figcaption class="unseen">${shown.map((one) => `${one.caller} ${one.role} ${t(one.state)}`).join(", ")}</figcaption></figure>`;
}

// Counts as columns: events by hour.
export function Columns({ counts, label, name }) {
  const most = Math.max(1, ...counts.map(([, count]) => count));
  const wide = 760 / Math.max(1, counts.length);
  return html`<figure class="plot" tabindex="0"><svg viewBox="0 0 760 130" role="img" aria-label=${label}>
    <line class="base" x1="0" x2="760" y1="108.5" y2="108.5" />
    ${counts.map(([key, count], index) => html`<g class="column"><rect x=${index * wide + wide * 0.12} width=${wide * 0.76}
      y=${108 - (count / most) * 96} height=${(count / most) * 96} rx="2"><title>${name(key)}: ${count}</title></rect></g>`)}
    ${counts.map(([key], index) => index % Math.ceil(counts.length / 6) === 0 && html`<text class="axis" x=${index * wide + 2} y="125">${name(key)}</text>`)}
    <text class="axis" x="2" y="10">${most}</text>
  </svg></figure>`;
}

// Counts as a list of bars: by type, by rule.
export function Bars({ counts, onPick, chosen }) {
  const most = Math.max(1, ...counts.map(([, count]) => count));
  return html`<ul class="bars">${counts.slice(0, 10).map(([key, count]) => html`<li>
    <button type="button" class="bar-line" aria-pressed=${onPick ? String(chosen === key) : null} onClick=${() => onPick?.(key)} disabled=${!onPick}>
      <span class="bar-name">${key}</span><span class="bar-count">${count}</span>
      <span class="bar" style=${{ width: `${(count / most) * 100}%` }}></span></button></li>`)}</ul>`;
}

// The layers of an explanation as a chain from the person to the credentials.
export function Chain({ layers }) {
  return html`<ol class="chain">${layers.map((one) => html`<li class=${one.verdict}>
    <span class="link" aria-hidden="true"></span>
    <div><p class="layer">${t(String(one.layer).replaceAll("_", " "))} <span class="verdict">${t(String(one.verdict).replaceAll("_", " "))}</span></p>
      <p>${one.detail}</p>${one.by && html`<p class="small"><code>${one.by}</code></p>`}
      ${one.change && html`<p class="change">${t("To open it")}: ${one.change}</p>`}</div></li>`)}</ol>`;
}
