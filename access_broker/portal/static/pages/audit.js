// Audit: search, plots by hour, type and rule, the chain's verification, export.
import { html, Badge, Button, Card, Choice, Dialog, Empty, Facts, Loaded, Problem, Search, Table, Time, number, useMemo, useState } from "../ui.js";
import { call, get, useChange, useList, useLoad } from "../api.js";
import { t, when } from "../words.js";
import { Bars, Columns } from "../plots.js";

const SPANS = [["3600", "Last hour"], ["86400", "Last day"], ["604800", "Last week"], ["2592000", "Last month"]];
const HOUR = 3600000;

export function Audit() {
  const [span, choose] = useState("86400");
  const [typed, type] = useState({ caller: "", role: "", type: "" });
  const [filter, set] = useState({ caller: "", role: "", type: "" });
  const since = useMemo(() => new Date(Date.now() - Number(span) * 1000).toISOString(), [span]);
  const list = useList("/v1/audit", "events", { since, ...filter }, { all: true, most: 5000 });
  const events = useMemo(() => (list.data ?? []).slice().reverse(), [list.data]);
  const [open, show] = useState(null);
  const apply = (event) => { event.preventDefault(); set(Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, text.trim()]))); };
  const columns = [
    { name: "Event", cell: (one) => one.unreadable ? html`<${Badge} tone="bad">${t("unreadable")}<//>`
      : html`<div class="two"><button type="button" class="link strong" onClick=${() => show(one)}>${one.type}</button><span class="muted">${one.reason}</span></div>` },
    { name: "Person", width: "minmax(0, 9rem)", cell: (one) => one.caller?.name },
    { name: "Role", width: "minmax(0, 10rem)", wide: true, cell: (one) => one.role || "–" },
    { name: "At", width: "9rem", cell: (one) => html`<${Time} at=${one.at ?? one.logged_at} />` },
  ];
  return html`<${Verification} />
    <${Card} title=${t("Events")} aside=${html`<span class="muted">${list.data ? t("{n} events", { n: number(events.length) }) : ""}</span>`}>
      <form class="filters" onSubmit=${apply}><${Choice} label=${t("Time")} value=${span} onChange=${choose} options=${SPANS.map(([key, text]) => [key, t(text)])} />
        <${Search} label=${t("Person")} value=${typed.caller} onInput=${(caller) => type({ ...typed, caller })} />
        <${Search} label=${t("Role")} value=${typed.role} onInput=${(role) => type({ ...typed, role })} />
        <${Search} label=${t("Type")} value=${typed.type} onInput=${(kind) => type({ ...typed, type: kind })} />
        <button class="button"><span>${t("Search")}</span></button><span class="gap"></span>
        <${Button} disabled=${!events.length} onClick=${() => save(list.data)}>${t("Export")}<//></form>
      <${Loaded} load=${list}>${() => events.length === 0 ? html`<${Empty} title=${t("No events")}>${t("Choose a longer time, or fewer filters.")}<//>` : html`
        <${Plots} events=${events} span=${Number(span)} pick=${(kind) => { type({ ...typed, type: kind }); set({ ...filter, type: kind }); }} />
        ${list.full && html`<p class="notice wait">${t("The first {n} of this time are shown. Narrow the search.", { n: number(events.length) })}</p>`}
        <${Table} tall label=${t("Events")} columns=${columns} rows=${events} onOpen=${(one) => !one.unreadable && show(one)} />`}<//><//>
    ${open && html`<${Dialog} wide title=${`${open.type} · ${open.seq}`} close=${() => show(null)}><${Facts} of=${[["At", html`<${Time} at=${open.at} />`], ["Person", open.caller?.name], ["Role", open.role],
      ["Session", open.session && html`<a href=${`#/sessions/${open.session}`}><code>${open.session}</code></a>`], ["Reason", open.reason], ["Rules", (open.policies ?? []).map((one) => html`<code>${one}</code> `)], ["Address", open.source_ip]]} />
      <pre tabindex="0">${JSON.stringify(open, null, 2)}</pre><//>`}`;
}

function Plots({ events, span, pick }) {
  const readable = events.filter((one) => !one.unreadable);
  const step = span > 604800 ? 24 * HOUR : span > 86400 ? 6 * HOUR : span > 3600 ? HOUR : HOUR / 12;
  const first = Math.floor((Date.now() - span * 1000) / step) * step;
  const hours = Array.from({ length: Math.ceil((Date.now() - first) / step) }, (_, index) => [first + index * step, 0]);
  for (const one of readable) { const slot = hours[Math.floor((Date.parse(one.at) - first) / step)]; if (slot) slot[1] += 1; }
  return html`<${Columns} counts=${hours} name=${(at) => when(at)} label=${t("Events over time: {n} in all", { n: readable.length })} />
    <div class="halves"><div><h3>${t("By type")}</h3><${Bars} counts=${tally(readable.map((one) => one.type))} onPick=${pick} /></div>
      <div><h3>${t("By rule")}</h3><${Bars} counts=${tally(readable.flatMap((one) => one.policies ?? []))} /></div></div>`;
}

const tally = (words) => {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
};

// Computed on this computer by the command's own code, from the lines: the broker is not trusted.
function Verification() {
  const head = useLoad(() => get("/v1/audit/head"), [], 15000);
  const change = useChange();
  const [sound, told] = useState(null);
  return html`<${Card} title=${t("Hash chain")}><${Loaded} load=${head} lines=${1}>${(end) => html`<${Facts} of=${[["Latest event", number(end.seq)], ["Recorded", html`<${Time} at=${end.recorded_at} />`], ["Kept for", t("{n} days", { n: end.retention_days })], ["Hash", html`<code class="break">${end.hash}</code>`]]} />
    <div class="actions"><${Button} busy=${change.busy} icon="check" onClick=${() => { told(null); change.run(async () => told(await call("GET", "/portal/chain"))); }}>${t("Verify the chain")}<//></div>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    ${sound && html`<p class="notice good" role="status">${t("The chain is sound: {n} events, {first} to {last}.", { n: sound.events, first: sound.first, last: sound.last })}</p>`}`}<//><//>`;
}

function save(events) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(events.map((one) => `${JSON.stringify(one)}\n`), { type: "application/x-ndjson" }));
  link.download = `audit-${new Date().toISOString().slice(0, 10)}.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
