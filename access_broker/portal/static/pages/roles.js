// Roles: terms, who may take each, usage, quarantine and restore; and why or why not as a chain of layers.
import { html, Badge, Button, Card, Command, Empty, Facts, Field, Loaded, Problem, Search, State, Table, Time, tell, useMemo, useState } from "../ui.js";
import { call, can, get, part, useChange, useList, useLoad } from "../api.js";
import { t, length } from "../words.js";
import { Bars, Chain } from "../plots.js";
import { Take, safeLink } from "./take.js";
import { Back } from "./requests.js";
import { EndSession } from "./revoke.js";

export function Roles({ me, go, path }) {
  return path[0] ? html`<${One} key=${path[0]} name=${decodeURIComponent(path[0])} me=${me} go=${go} />` : html`<${All} go=${go} />`;
}

function All({ go }) {
  const roles = useList("/v1/roles", "roles", {}, { all: true });
  const [words, search] = useState("");
  const [access, choose] = useState("");
  const found = useMemo(() => {
    const said = words.toLowerCase();
    return (roles.data ?? []).filter((one) => (!access || one.access === access) && (!said || `${one.name} ${one.description}`.toLowerCase().includes(said)));
  }, [roles.data, words, access]);
  const columns = [
    { name: "Role", cell: (one) => html`<div class="two"><a class="strong" href=${`#/roles/${part(one.name)}`}>${one.name}</a><span class="muted">${one.description}</span></div>` },
    { name: "Access", width: "8rem", cell: (one) => html`<${State} value=${one.quarantined ? "quarantined" : one.access} />` },
    { name: "Approvals", wide: true, width: "6.5rem", cell: (one) => one.approvals || "–" },
    { name: "Longest", wide: true, width: "6rem", cell: (one) => (one.max_duration_seconds ? length(one.max_duration_seconds) : "–") },
  ];
  return html`<${Card} label=${t("Roles")}><div class="filters"><${Search} label=${t("Search roles")} value=${words} onInput=${search} />
      <select aria-label=${t("Access")} onChange=${(event) => choose(event.target.value)}><option value="">${t("All")}</option>${["standing", "approval", "none"].map((one) => html`<option value=${one}>${t(one)}</option>`)}</select>
      <span class="muted">${roles.data ? t("{n} roles", { n: found.length }) : ""}${roles.data && !roles.done ? " …" : ""}</span></div>
    <${Loaded} load=${roles}>${() => html`<${Table} tall label=${t("Roles")} columns=${columns} rows=${found} onOpen=${(one) => go(`/roles/${part(one.name)}`)}
      empty=${html`<${Empty} title=${words || access ? t("No role fits the search") : t("No role that you may see")} />`} />`}<//><//>`;
}

function One({ name, me, go }) {
  const role = useLoad(() => get(`/v1/roles/${part(name)}`), [name], 15000);
  return html`<${Back} to="#/roles" text=${t("Roles")} /><${Loaded} load=${role}>${(one) => html`<div class="columns">
    <div class="main-column"><${Terms} role=${one} reload=${role.reload} go=${go} /><${Explain} role=${one} me=${me} /></div>
    <div class="side-column">${can("GET", "/v1/roles/{name}/usage") && html`<${Usage} role=${one} me=${me} />`}<${RoleSessions} role=${one} /></div></div>`}<//>`;
}

function Terms({ role, reload, go }) {
  const rights = role.rights ?? [];
  const [ending, end] = useState(false);
  const ready = !role.quarantined && (role.access === "standing" || role.active_grant);
  const link = safeLink(role.switch_role_url);
  return html`<${Card} title=${role.name} aside=${html`<${State} value=${role.quarantined ? "quarantined" : role.access} />`}>
    <p>${role.description}</p>
    ${role.quarantined && html`<p class="notice bad">${t("Quarantined: it is not issued. An administrator can restore it.")}</p>`}
    <${Facts} of=${[["Approvals", role.access === "approval" ? role.approvals : null], ["Reason", role.reason_required ? t("required") : t("optional")],
      ["Longest session", role.max_duration_seconds ? length(role.max_duration_seconds) : null], ["Boundary tier", role.tier], ["Account", role.account],
      ["My grant", role.active_grant && html`<a href=${`#/requests/${role.active_grant}`}><code>${role.active_grant}</code></a>`],
      ["Your rights here", rights.length ? html`<span class="chips">${rights.map((one) => html`<${Badge}>${one}<//>`)}</span>` : null],
      ["Switch role", link && html`<a href=${link} target="_blank" rel="noopener noreferrer">${t("Open in the console")}</a>`], ["ARN", html`<code class="break">${role.arn}</code>`]]} />
    <div class="actions">${ready && html`<${Take} role=${role} done=${reload} />`}
      ${!ready && role.access === "approval" && !role.quarantined && html`<${Button} kind="primary" onClick=${() => go(`/requests/new/${part(role.name)}`)}>${t("Ask for it")}<//>`}
      ${!ready && !role.quarantined && rights.includes("BreakGlass") && html`<${Take} glass role=${role} done=${reload} />`}
      ${rights.includes("Revoke") && html`<${Button} kind="danger" onClick=${() => end(true)}>${t("End sessions")}<//>`}
      ${role.quarantined && rights.includes("Provision") && html`<${Restore} role=${role} reload=${reload} />`}</div>
    ${ending && html`<${EndSession} session=${{ role: role.name }} scopes=${["role"]} close=${() => end(false)} />`}
  <//>`;
}

function Restore({ role, reload }) {
  const change = useChange();
  return html`${change.problem && html`<${Problem} of=${change.problem} />`}<${Button} busy=${change.busy} onClick=${() => change.run(async () => {
    const done = await call("POST", `/v1/roles/${part(role.name)}/restore`);
    tell([t("{role} is back.", { role: role.name }), ...done.cannot_come_back].join(" "));
    reload();
  })}>${t("Restore")}<//>`;
}

const ACTIONS = { TakeCredentials: "Take credentials", OpenConsole: "Open the console", RequestAccess: "Ask for a role", BreakGlass: "Break the glass" };

function Explain({ role, me }) {
  const [ask, set] = useState({ caller: "", action: "TakeCredentials", operation: "", reason: false });
  const change = useChange();
  const [told, tellIt] = useState(null);
  const others = (me.rights ?? []).includes("ExplainOthers") || (role.rights ?? []).includes("ExplainOthers");
  const explain = (event) => {
    event.preventDefault();
    change.run(async () => tellIt(await call("POST", "/v1/explain", { role: role.name, caller: ask.caller.trim(), action: ask.action, operation: ask.operation.trim(), reason: ask.reason ? "asked in the portal" : "" })));
  };
  return html`<${Card} title=${t("Why, or why not")}><form class="explain" onSubmit=${explain}>
      ${others && html`<${Field} label=${t("Person")} hint=${t("Empty: you")}>${(props) => html`<input ...${props} autocomplete="off" placeholder=${me.name} value=${ask.caller} onInput=${(event) => set({ ...ask, caller: event.target.value })} />`}<//>`}
      <${Field} label=${t("Action")}>${(props) => html`<select ...${props} onChange=${(event) => set({ ...ask, action: event.target.value })}>${Object.entries(ACTIONS).map(([one, name]) => html`<option value=${one}>${t(name)}</option>`)}</select>`}<//>
      <${Field} label=${t("AWS operation")} hint=${t("Optional, for example ec2:RunInstances")}>${(props) => html`<input ...${props} autocomplete="off" pattern="[a-z0-9\\-]+:[A-Za-z0-9]+" value=${ask.operation} onInput=${(event) => set({ ...ask, operation: event.target.value })} />`}<//>
      <label class="tick"><input type="checkbox" checked=${ask.reason} onChange=${(event) => set({ ...ask, reason: event.target.checked })} /> ${t("With a reason")}</label>
      <button class="button primary" disabled=${change.busy}><span>${t("Explain")}</span></button></form>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    ${told && html`<div class="told" aria-live="polite"><p class=${`verdict-line ${told.allowed ? "open" : "closed"}`}>${told.allowed ? t("{caller} may.", told) : t("{caller} may not.", told)} ${told.change}</p><${Chain} layers=${told.layers} /></div>`}
  <//>`;
}

const MOST_PAGES = 5; // CloudTrail answers two look-ups a second

// The use of a role comes page by page, a few sessions on each: counts add up, and only the first page has `unused`.
async function usageOf(name, caller) {
  const used = new Map();
  let first, cursor, pages = 0;
  do {
    const page = await get(`/v1/roles/${part(name)}/usage`, { caller, cursor });
    first ??= page;
    for (const one of page.used) used.set(`${one.service}:${one.action}`, (used.get(`${one.service}:${one.action}`) ?? 0) + one.count);
    cursor = page.next_cursor;
    pages += 1;
  } while (cursor && pages < MOST_PAGES);
  const unused = (first.unused ?? []).map((one) => ({ ...one, left: one.actions.filter((action) => !used.has(`${one.service}:${action}`)).length }));
  return { used: [...used].filter(([, count]) => count).sort((one, other) => other[1] - one[1]), unused: unused.filter((one) => one.left), whole: !cursor };
}

// Read when asked for. Without the right to read the role's audit, it is one's own use.
function Usage({ role, me }) {
  const [asked, ask] = useState(false);
  const all = (role.rights ?? []).includes("ReadAudit");
  return html`<${Card} title=${all ? t("Usage") : t("My usage")}>${asked ? html`<${Used} role=${role} caller=${all ? undefined : me.name} />`
    : html`<p class="muted">${t("The calls of 90 days, from CloudTrail. It takes some seconds.")}</p><${Button} onClick=${() => ask(true)}>${t("Show usage")}<//>`}<//>`;
}

function Used({ role, caller }) {
  const load = useLoad(() => usageOf(role.name, caller), [role.name, caller]);
  return html`<${Loaded} load=${load} lines=${3}>${({ used, unused, whole }) => html`
    ${used.length === 0 ? html`<p class="muted">${t("No use on record.")}</p>` : html`<${Bars} counts=${used} />`}
    ${!whole && html`<p class="hint">${t("This is the latest part.")}</p>`}
    ${unused.length > 0 && html`<h3>${t("Never used")}</h3><p class="chips">${unused.slice(0, 40).map((one) => html`<${Badge}>${one.service} ${one.left}/${one.allowed}<//>`)}</p>
      <p class="hint">${t("This line suggests a template without what was not used:")}</p><${Command} text=${`broker roles suggest ${role.name} --since 90d`} />`}`}<//>`;
}

function RoleSessions({ role }) {
  const load = useLoad(() => get("/v1/sessions", { role: role.name, limit: 10 }), [role.name]);
  return html`<${Card} title=${t("Recent sessions")}><${Loaded} load=${load} lines=${2}>${(page) => page.sessions.length === 0 ? html`<p class="muted">${t("None that you may see.")}</p>`
    : html`<ul class="plain">${page.sessions.map((one) => html`<li><a href=${`#/sessions/${one.id}`}>${one.caller}</a> <${State} value=${one.state} /> <span class="muted"><${Time} at=${one.issued_at} /></span></li>`)}</ul>
      <p class="more"><a href=${`#/sessions/of/role/${part(role.name)}`}>${t("All of them")}</a></p>`}<//><//>`;
}
