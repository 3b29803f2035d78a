// Accounts and people: the state of each account; callers, groups, keys, MFA; suspend and lift.
import { html, Badge, Button, Card, Dialog, Empty, Facts, Field, Loaded, Problem, Search, State, Table, Time, tell, useMemo, useState } from "../ui.js";
import { call, can, get, part, useChange, useList, useLoad } from "../api.js";
import { t, when } from "../words.js";
import { Back } from "./requests.js";
import { EndSession } from "./revoke.js";

export function People({ me, go, path }) {
  if (path[0] === "person") return html`<${Person} key=${path[1]} name=${decodeURIComponent(path[1])} me=${me} />`;
  const reads = (me.rights ?? []).includes("ReadAudit");
  const runs = can("GET", "/v1/accounts") && (me.rights ?? []).includes("Provision");
  return html`${can("GET", "/v1/me") && html`<${Myself} />`}
    ${runs && html`<${Accounts} />`}
    ${reads && html`<${Suspensions} me=${me} /><${Callers} go=${go} />`}
    ${!can("GET", "/v1/me") && !runs && !reads && html`<${Card} title=${t("Me")}><${Facts} of=${[["Name", me.name], ["Groups", me.groups.join(", ")], ["Account", me.account], ["ARN", html`<code class="break">${me.arn}</code>`]]} /><//>`}`;
}

function Myself() {
  const load = useLoad(() => get("/v1/me"), []);
  return html`<${Card} title=${t("My keys and devices")}><${Loaded} load=${load} lines=${2}>${(me) => html`<${Facts} of=${[["ARN", html`<code class="break">${me.arn}</code>`], ["Console access", me.console_access ? t("yes") : t("no")],
    ["MFA devices", (me.mfa_devices ?? []).map((one) => one.name ?? one.serial ?? String(one)).join(", ") || t("none")], ["Second factor proven", me.mfa_proven ? t("yes") : t("no")]]} />
    <ul class="plain">${(me.access_keys ?? []).map((one) => html`<li><code>${one.id}</code> <${Badge} tone=${one.status === "Active" ? "good" : "quiet"}>${one.status}<//> <span class="muted">${t("made {time}", { time: when(one.created_at) })}${one.last_used_at && ` · ${t("used {time}", { time: when(one.last_used_at) })}`} · ${t("{n} days old", { n: Math.floor((Date.now() - Date.parse(one.created_at)) / 86400000) })}</span></li>`)}</ul>`}<//><//>`;
}

function Accounts() {
  const list = useList("/v1/accounts", "accounts", {}, { all: true });
  const [words, search] = useState("");
  const found = useMemo(() => (list.data ?? []).filter((one) => `${one.id} ${one.alias} ${one.name} ${one.ou_path}`.toLowerCase().includes(words.toLowerCase())), [list.data, words]);
  const out = (list.data ?? []).filter((one) => one.state === "unreachable");
  const columns = [
    { name: "Account", cell: (one) => html`<div class="two"><span class="strong">${one.alias || one.name || one.id}</span><span class="muted">${one.id} ${one.name}</span></div>` },
    { name: "State", width: "9rem", cell: (one) => html`<${State} value=${one.state} />` },
    { name: "Unit", wide: true, width: "12rem", cell: (one) => one.ou_path || "–" },
    { name: "Checked", wide: true, width: "9rem", cell: (one) => html`<${Time} at=${one.checked_at} />` },
  ];
  return html`<${Card} title=${t("Accounts")}>${out.length > 0 && html`<p class="notice bad" role="status">${t("Out of reach: {names}. The others go on.", { names: out.slice(0, 8).map((one) => one.alias || one.id).join(", ") })}</p>`}
    ${list.data?.length > 0 && html`<div class="filters"><${Search} label=${t("Search accounts")} value=${words} onInput=${search} /></div>`}
    <${Loaded} load=${list} lines=${2}>${() => html`<${Table} label=${t("Accounts")} columns=${columns} rows=${found} empty=${html`<${Empty} title=${words ? t("No account fits the search") : t("No accounts")}>${!words && t("The broker's own account is the only one.")}<//>`} />`}<//><//>`;
}

function Callers({ go }) {
  const [filter, set] = useState({ group: "", suspended: "" });
  const [words, search] = useState("");
  const list = useList("/v1/callers", "callers", filter, { all: true });
  const found = useMemo(() => (list.data ?? []).filter((one) => `${one.name} ${(one.groups ?? []).join(" ")}`.toLowerCase().includes(words.toLowerCase())), [list.data, words]);
  const columns = [
    { name: "Name", cell: (one) => html`<div class="two"><a class="strong" href=${`#/people/person/${part(one.name)}`}>${one.name}</a><span class="muted">${one.groups.join(", ")}</span></div>` },
    { name: "Kind", width: "6rem", cell: (one) => t(one.kind) },
    { name: "State", width: "8rem", cell: (one) => (one.suspended ? html`<${Badge} tone="bad">${t("suspended")}<//>` : html`<span class="muted">–</span>`) },
    { name: "As of", wide: true, width: "9rem", cell: (one) => html`<${Time} at=${one.as_of} />` },
  ];
  return html`<${Card} title=${t("People and programs")} aside=${html`<span class="muted">${list.data ? found.length : ""}</span>`}><div class="filters"><${Search} label=${t("Search names and groups")} value=${words} onInput=${search} />
      <label class="tick"><input type="checkbox" onChange=${(event) => set({ ...filter, suspended: event.target.checked ? "true" : "" })} /> ${t("Suspended only")}</label></div>
    <${Loaded} load=${list}>${() => html`<${Table} tall label=${t("People and programs")} columns=${columns} rows=${found} onOpen=${(one) => go(`/people/person/${part(one.name)}`)} empty=${html`<${Empty} title=${t("No callers")} />`} />`}<//><//>`;
}

function Suspensions({ me }) {
  const load = useLoad(() => get("/v1/suspensions"), [], 10000);
  const change = useChange();
  const may = (me.rights ?? []).includes("Revoke");
  if (load.data && !load.data.suspensions.length) return null;
  return html`<${Card} title=${t("Suspended")}><${Loaded} load=${load} lines=${1}>${(told) => html`<ul class="plain">${told.suspensions.map((one) => html`<li class="line"><span><span class="strong">${one.caller}</span> ${one.reason} <span class="muted">${one.by} · <${Time} at=${one.at} /></span></span>
    ${may && html`<${Button} busy=${change.busy} aria-label=${t("Lift the suspension of {name}", { name: one.caller })} onClick=${() => change.run(async () => { await call("DELETE", `/v1/suspensions/${part(one.id)}`); tell(t("{name} may ask again.", { name: one.caller })); load.reload(); })}>${t("Lift")}<//>`}</li>`)}</ul>
    ${change.problem && html`<${Problem} of=${change.problem} />`}`}<//><//>`;
}

function Person({ name, me }) {
  const load = useLoad(() => get(`/v1/callers/${part(name)}`), [name], 10000);
  return html`<${Back} to="#/people" text=${t("Accounts and people")} /><${Loaded} load=${load}>${(one) => html`<div class="columns"><div class="main-column"><${Facing} person=${one} me=${me} reload=${load.reload} /></div>
    <div class="side-column">${one.kind === "user" && (me.rights ?? []).includes("Provision") && html`<${InIam} name=${one.name} />`}<${Recent} name=${one.name} /></div></div>`}<//>`;
}

function Facing({ person, me, reload }) {
  const [asking, ask] = useState("");
  const may = (me.rights ?? []).includes("Revoke") && person.name !== me.name;
  return html`<${Card} title=${person.name} aside=${person.suspended && html`<${Badge} tone="bad">${t("suspended")}<//>`}>
    <${Facts} of=${[["Kind", t(person.kind)], ["Groups", person.groups.join(", ") || t("none")], ["Tags", Object.entries(person.tags).map(([key, value]) => html`<code>${key}=${value}</code> `)], ["ARN", html`<code class="break">${person.arn}</code>`], ["As of", html`<${Time} at=${person.as_of} />`]]} />
    ${may && !person.suspended && html`<div class="actions"><${Button} onClick=${() => ask("end")}>${t("End sessions")}<//><${Button} kind="danger" onClick=${() => ask("suspend")}>${t("Suspend")}<//></div>`}
    ${asking === "end" && html`<${EndSession} session=${{ caller: person.name }} scopes=${["caller"]} close=${() => ask("")} />`}
    ${asking === "suspend" && html`<${Suspend} person=${person} close=${() => ask("")} done=${reload} />`}<//>`;
}

function Suspend({ person, close, done }) {
  const [reason, say] = useState("");
  const [over, finished] = useState(null);
  const change = useChange();
  const live = useLoad(() => get("/v1/sessions", { caller: person.name, state: "active", limit: 100 }), [person.name]);
  return html`<${Dialog} title=${t("Suspend {name}", { name: person.name })} close=${close} actions=${over ? html`<${Button} onClick=${close}>${t("Done")}<//>` : html`<${Button} onClick=${close}>${t("Cancel")}<//>
      <${Button} kind="danger" busy=${change.busy} disabled=${!reason.trim()} onClick=${() => change.run(async () => { finished(await call("POST", "/v1/suspensions", { caller: person.name, reason })); done(); })}>${t("Suspend now")}<//>`}>
    ${over ? html`<p class="notice good">${t("{name} is out. Ended {n} session(s), cancelled {m} request(s).", { name: person.name, n: over.sessions.length, m: over.requests.length })}</p>
      ${over.direct_roles.length > 0 && html`<p class="notice wait">${t("These roles can be assumed without the broker: {roles}", { roles: over.direct_roles.join(", ") })}</p>`}
      ${over.failures.map((one) => html`<p class="notice bad">${one}</p>`)}`
    : html`<p>${t("Refused from the next request on. Live sessions end, and pending requests are cancelled.")}</p>
      <h3>${t("This will end")}</h3><${Loaded} load=${live} lines=${1}>${(page) => html`<ul class="plain preview" tabindex="0">${page.sessions.map((one) => html`<li>${one.role} · ${t("until")} <${Time} at=${one.expires_at} /></li>`)}${!page.sessions.length && html`<li>${t("No live sessions")}</li>`}</ul>`}<//>
      <${Field} label=${t("Reason")} hint=${t("It is kept in the audit log.")}>${(props) => html`<input ...${props} maxlength="1000" value=${reason} onInput=${(event) => say(event.target.value)} />`}<//>
      ${change.problem && html`<${Problem} of=${change.problem} />`}`}<//>`;
}

function InIam({ name }) {
  const load = useLoad(() => get(`/v1/users/${part(name)}`), [name]);
  if (load.problem?.code === "not_found") return null;
  return html`<${Card} title=${t("In IAM")}><${Loaded} load=${load} lines=${2}>${(user) => html`<${Facts} of=${[["Console access", user.console_access ? t("yes") : t("no")], ["Access keys", user.access_keys.map((one) => html`<code>${one.id ?? one}</code> `)],
    ["Zero access", user.zero_access === "sign_in_only" ? t("may only sign in") : user.zero_access ? t("yes, verified") : html`<${Badge} tone="bad">${t("no")}<//> ${user.grants.join(", ")}`]]} />`}<//><//>`;
}

function Recent({ name }) {
  const load = useLoad(() => get("/v1/sessions", { caller: name, limit: 10 }), [name]);
  return html`<${Card} title=${t("Recent sessions")}><${Loaded} load=${load} lines=${2}>${(page) => !page.sessions.length ? html`<p class="muted">${t("None that you may see.")}</p>`
    : html`<ul class="plain">${page.sessions.map((one) => html`<li><a href=${`#/sessions/${one.id}`}>${one.role}</a> <${State} value=${one.state} /> <span class="muted"><${Time} at=${one.issued_at} /></span></li>`)}</ul><p class="more"><a href=${`#/sessions/of/caller/${part(name)}`}>${t("All of them")}</a></p>`}<//><//>`;
}
