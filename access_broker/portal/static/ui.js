// What every page uses: the template tag, hooks, and the small parts of which pages are made.
import { h, render } from "./vendor/preact.js";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
import htm from "./vendor/htm.js";
import { t, when, left, language } from "./words.js";

export const html = htm.bind(h);
export { render, useEffect, useMemo, useRef, useState };

// Icons: strokes on a 20 by 20 grid, drawn for this page.
const STROKES = {
  now: "M10 3v7l4 3M10 17.5a7.5 7.5 0 1 1 0-15 7.5 7.5 0 0 1 0 15",
  requests: "M4 4h12v9H9l-4 3.5V13H4zM7 8.5h6",
  roles: "M6.5 13.5a3.5 3.5 0 1 1 0-7 3.5 3.5 0 0 1 0 7M10 10h8m-3 0v3.5",
  sessions: "M3 5h14v10H3zM3 8.5h14M6 12h4",
  audit: "M5 2.5h7l3.5 3.5v11.5H5zM8 9h5M8 12h5",
  cleanup: "M4 6h12M8 6V3.5h4V6M5.5 6l.8 11h7.4l.8-11",
  people: "M7.5 9a3 3 0 1 1 0-6 3 3 0 0 1 0 6M2 17c0-3.5 2.4-5.5 5.5-5.5S13 13.5 13 17M13.5 9a2.5 2.5 0 0 0 0-5M15 12c2 .6 3 2.4 3 5",
  copy: "M7 7h9v9H7zM4 12.5V4h8.5",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 10.5l4 4 8-9",
  cross: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  dash: "M5 10h10",
  open: "M8 4H4v12h12v-4M11 3.5h5.5V9M16 4l-7.5 7.5",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.100 1.100M14.600 14.600l1.100 1.100M15.700 4.3l-1.100 1.100M5.4 14.600l-1.100 1.100",
  search: "M9 15A6 6 0 1 1 9 3a6 6 0 0 1 0 12M13.5 13.5L17 17",
  back: "M12 4l-6 6 6 6",
  warn: "M10 3l8 14H2zM10 8v4M10 14.5v.1",
};
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true"><path d=${STROKES[name]} /></svg>`;

export const Button = ({ kind = "plain", icon, busy, children, ...rest }) =>
  html`<button type="button" ...${rest} class=${`button ${kind}`} aria-busy=${busy ? "true" : null} disabled=${busy || rest.disabled}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span></button>`;

export const Badge = ({ tone = "quiet", children }) => html`<span class=${`badge ${tone}`}>${children}</span>`;

const TONES = {
  active: "good", approved: "good", standing: "good", joined: "good", home: "good",
  pending: "wait", approval: "wait", scheduled: "wait", warned: "wait", reported: "wait",
  denied: "bad", revoked: "bad", failed: "bad", unreachable: "bad", quarantined: "bad", deleted: "bad",
};
export const State = ({ value }) => html`<${Badge} tone=${TONES[value] ?? "quiet"}>${t(value)}<//>`;

export const Time = ({ at }) =>
  at ? html`<time datetime=${at} title=${at}>${when(at)}</time>` : html`<span class="muted">–</span>`;

// Counts down by itself, once a second.
export function Left({ until }) {
  const [now, tick] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return html`<span class="left">${left(Date.parse(until) - now)}</span>`;
}

export const Facts = ({ of }) => html`<dl class="facts">
  ${of.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false && value.length !== 0).map(([name, value]) =>
    html`<div><dt>${t(name)}</dt><dd>${value}</dd></div>`)}
</dl>`;

export const Card = ({ title, aside, children, label }) => html`<section class="card" aria-label=${label ?? title}>
  ${title && html`<header><h2>${title}</h2>${aside}</header>`}${children}
</section>`;

export const Empty = ({ title, children }) =>
  html`<div class="empty"><p class="empty-title">${title}</p>${children && html`<p>${children}</p>`}</div>`;

export const Skeleton = ({ lines = 4, slow }) => html`<div class="skeleton" role="status">
  <span class="unseen">${t("Loading")}</span>
  ${Array.from({ length: lines }, () => html`<div class="bone"></div>`)}
  ${slow && html`<p class="slow">${t("The broker takes longer than usual. Still waiting.")}</p>`}
</div>`;

// A refusal with its rule and its next step; offline and expired states say what to do.
const STEPS = {
  offline: "The page tries again by itself.",
  not_signed_in: "Sign in again in a terminal. The page goes on by itself.",
  portal_ended: "Start it again in a terminal: broker portal",
  approval_required: "File a request: others have to agree first.",
  reason_required: "Give a reason and try again.",
  mfa_required: "Prove your second factor, then try again.",
};
export const Problem = ({ of, retry }) => html`<div class=${`problem ${of.code === "offline" ? "wait" : "bad"}`} role="alert">
  <${Icon} name="warn" />
  <div>
    <p class="problem-title">${of.detail || of.title || t("Something went wrong.")}</p>
    ${of.policies?.length > 0 && html`<p>${t("Rule")}: ${of.policies.map((one) => html`<code>${one}</code> `)}</p>`}
    ${of.fields && html`<ul>${Object.entries(of.fields).map(([name, text]) => html`<li><code>${name}</code>: ${text}</li>`)}</ul>`}
    ${STEPS[of.code] && html`<p>${t(STEPS[of.code])}</p>`}
    <p class="muted small"><code>${of.code}</code>${of.request_id && html` · ${of.request_id}`}</p>
    ${retry && html`<${Button} onClick=${retry}>${t("Try again")}<//>`}
  </div>
</div>`;

// The state of a load: its data, or the skeleton, or the problem. Old data stays while a reload fails.
export function Loaded({ load, lines, children }) {
  if (load.data === undefined && load.problem) return html`<${Problem} of=${load.problem} retry=${load.reload} />`;
  if (load.data === undefined) return html`<${Skeleton} lines=${lines} slow=${load.slow} />`;
  return html`${load.problem && html`<${Problem} of=${load.problem} retry=${load.reload} />`}${children(load.data)}`;
}

let unique = 0;
export function Field({ label, hint, error, children }) {
  const id = useMemo(() => `field-${++unique}`, []);
  const said = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || null;
  return html`<div class="field"><label for=${id}>${label}</label>
    ${children({ id, "aria-describedby": said, "aria-invalid": error ? "true" : null })}
    ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="error" role="alert" id=${`${id}-error`}>${error}</p>`}</div>`;
}

export const Search = ({ label, value, onInput, ...rest }) => html`<div class="search"><${Icon} name="search" />
  <input type="search" aria-label=${label} placeholder=${label} value=${value} autocomplete="off" spellcheck=${false} ...${rest}
    onInput=${(event) => onInput(event.target.value)} /></div>`;

export const Choice = ({ label, value, options, onChange }) => html`<select aria-label=${label} value=${value}
  onChange=${(event) => onChange(event.target.value)}>
  ${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}</select>`;

// A modal dialog: the browser keeps the focus inside and Escape closes it. A browser may close it without asking (no
// cancel event before the first click in the page): onClose tells the page. After the page's own close, there is no frame.
export function Dialog({ title, close, children, actions, wide }) {
  const frame = useRef();
  const id = useMemo(() => `dialog-${++unique}`, []);
  // The layout effect ends before the dialog leaves the page; the other kind some milliseconds later, with the focus lost.
  useLayoutEffect(() => {
    const before = document.activeElement, dialog = frame.current;
    dialog.showModal();
    return () => { dialog.close(); before?.focus?.(); }; // closed first: beside an open dialog nothing takes the focus
  }, []);
  return html`<dialog ref=${frame} class=${wide ? "wide" : null} aria-labelledby=${id} onCancel=${(event) => { event.preventDefault(); close(); }} onClose=${() => frame.current && close()}>
    <header><h2 id=${id}>${title}</h2>
      <button type="button" class="icon-button" aria-label=${t("Close")} onClick=${close}><${Icon} name="close" /></button></header>
    <div class="dialog-body">${children}</div>
    ${actions && html`<footer>${actions}</footer>`}
  </dialog>`;
}

// Short news, read out politely.
const listeners = new Set();
export const tell = (text) => listeners.forEach((listener) => listener(text));
export function Toasts() {
  const [said, say] = useState([]);
  const place = useRef();
  useEffect(() => {
    place.current.showPopover();
    const add = (text) => {
      const one = { text };
      place.current.hidePopover(); // shown again, it is above a dialog that opened since
      place.current.showPopover();
      say((all) => [...all.slice(-2), one]);
      setTimeout(() => say((all) => all.filter((other) => other !== one)), 6000);
    };
    listeners.add(add);
    return () => listeners.delete(add);
  }, []);
  return html`<div class="toasts" ref=${place} popover="manual" role="status" aria-live="polite">${said.map((one) => html`<p class="toast">${one.text}</p>`)}</div>`;
}

export async function copy(text, told) {
  try {
    await navigator.clipboard.writeText(text);
    tell(told ?? t("Copied."));
  } catch {
    tell(t("The browser does not let the page copy. Select the text instead."));
  }
}
export const Command = ({ text }) => html`<div class="command"><code>${text}</code>
  <button type="button" class="icon-button" aria-label=${t("Copy the command")} onClick=${() => copy(text)}><${Icon} name="copy" /></button></div>`;

// A table that draws only the rows in sight: 10,000 rows cost as much as 30.
const ROW = 48;
const AROUND = 8;
const STEP = 4; // rows that are scrolled before others are drawn
const AHEAD = 50; // rows before the end at which further ones are read
export function Table({ label, columns, rows, onOpen, more, empty, tall }) {
  const [top, scrolled] = useState(0);
  const [height, measured] = useState(600);
  const box = useRef();
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => measured(entry.contentRect.height));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, top - AROUND);
  const last = Math.min(rows.length, top + STEP + Math.ceil(height / ROW) + AROUND);
  const nearEnd = last >= rows.length - AHEAD;
  useEffect(() => { if (nearEnd && more) more(); }, [nearEnd, more, rows.length]);
  if (!rows.length && empty) return html`<div ref=${box}>${empty}</div>`;
  const template = { gridTemplateColumns: columns.map((one) => one.width ?? "minmax(0, 1fr)").join(" ") };
  return html`<div class=${`table${tall ? " tall" : ""}`} role="table" aria-label=${label} aria-rowcount=${rows.length + 1}>
    <div role="rowgroup"><div class="row head" role="row" aria-rowindex="1" style=${template}>
      ${columns.map((one) => html`<div role="columnheader" class=${one.wide ? "wide" : null}>${one.quiet ? html`<span class="unseen">${t(one.name)}</span>` : t(one.name)}</div>`)}</div></div>
    <div class="rows" ref=${box} role="rowgroup" tabindex="0" aria-label=${label} onScroll=${(event) => scrolled(Math.floor(event.target.scrollTop / ROW / STEP) * STEP)}>
      <div class="spacer" role="presentation" style=${{ height: `${rows.length * ROW}px` }}>
        ${rows.slice(first, last).map((row, index) => html`<div key=${row.id ?? row.name ?? first + index} class="row" role="row"
          aria-rowindex=${first + index + 2} style=${{ ...template, transform: `translateY(${(first + index) * ROW}px)` }}
          onClick=${onOpen && ((event) => event.target.closest("a, button, input") || onOpen(row))}>
          ${columns.map((one) => html`<div role="cell" class=${one.wide ? "wide" : null}>${one.cell(row)}</div>`)}</div>`)}
      </div></div>
  </div>`;
}

export const number = (value) => new Intl.NumberFormat(language()).format(value);
