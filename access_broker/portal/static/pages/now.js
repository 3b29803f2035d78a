// Now: what I have and for how long, what I may take, what waits for me.
import { html, Badge, Button, Card, Empty, Left, Loaded, Search, State, Table, useEffect, useMemo, useRef, useState } from "../ui.js";
import { get, useList, useLoad } from "../api.js";
import { t, length } from "../words.js";
import { Take } from "./take.js";
import { EndSession } from "./revoke.js";
import { Waiting } from "./requests.js";

// Which approvals count at this moment: when one comes, begins or ends, other roles are open.
const inForce = ({ requests }) => requests.filter((one) => Date.parse(one.starts_at) <= Date.now() && Date.now() < Date.parse(one.until)).map((one) => one.id).join();

export function Now({ me, go }) {
  const mine = useLoad(() => get("/v1/sessions", { caller: me.name, state: "active", limit: 100 }), [me.name], 5000);
  const roles = useList("/v1/roles", "roles", {}, { all: true });
  const granted = useLoad(() => get("/v1/requests", { caller: me.name, state: "approved", limit: 100 }).then(inForce), [me.name], 5000).data;
  const before = useRef();
  useEffect(() => {
    if (before.current !== undefined && granted !== undefined && before.current !== granted) roles.reload();
    before.current = granted ?? before.current;
  }, [granted]);
  const usable = useMemo(() => (roles.data ?? []).filter((one) => one.access !== "none"), [roles.data]);
  return html`<div class="columns">
    <div class="main-column">
      <${Card} title=${t("What I have")}>
        <${Loaded} load=${mine} lines=${2}>${(page) => page.sessions.length === 0
          ? html`<${Empty} title=${t("No live sessions")}>${t("Take a role below. It ends by itself.")}<//>`
          : html`<ul class="having">${page.sessions.map((one) => html`<${Having} key=${one.id} session=${one} done=${mine.reload} go=${go} />`)}</ul>`}<//>
      <//>
      <${Card} title=${t("What I may take")} aside=${html`<span class="muted">${roles.data ? usable.length : ""}</span>`}>
        <${Loaded} load=${roles}>${() => html`<${MayTake} roles=${usable} done=${mine.reload} go=${go} />`}<//>
      <//>
    </div>
    <div class="side-column"><${Card} title=${t("What waits for me")}><${Waiting} me=${me} go=${go} /><//></div>
  </div>`;
}

function Having({ session, done, go }) {
  const share = Math.max(0, Math.min(1, (Date.parse(session.expires_at) - Date.now()) / (Date.parse(session.expires_at) - Date.parse(session.issued_at))));
  const [ending, end] = useState(false);
  return html`<li><div class="having-text"><a href=${`#/sessions/${session.id}`} class="strong">${session.role}</a>
      <p class="muted">${t(session.kind)}${session.reason && html` · ${session.reason}`}</p></div>
    <div class="having-left"><${Left} until=${session.expires_at} /><span class="meter"><span style=${{ width: `${share * 100}%` }}></span></span></div>
    ${session.break_glass && html`<${Badge} tone="bad">${t("break-glass")}<//>`}
    <${Button} onClick=${() => end(true)} aria-label=${t("End it: {role}", { role: session.role })}>${t("End it")}<//>
    ${ending && html`<${EndSession} session=${session} close=${() => end(false)} done=${done} go=${go} />`}</li>`;
}

const accountOf = (role) => role.account ?? /:(\d{12}):/.exec(role.arn ?? "")?.[1] ?? "";

function MayTake({ roles, done, go }) {
  const [words, search] = useState("");
  const [account, choose] = useState("");
  const accounts = useMemo(() => [...new Set(roles.map(accountOf))].filter(Boolean).sort(), [roles]);
  const found = useMemo(() => {
    const said = words.toLowerCase();
    return roles.filter((one) => (!account || accountOf(one) === account) && (!said || `${one.name} ${one.description}`.toLowerCase().includes(said)));
  }, [roles, words, account]);
  const [open, setOpen] = useState(null);
  const ready = (one) => !one.quarantined && (one.access === "standing" || one.active_grant);
  const columns = [
    { name: "Role", cell: (one) => html`<div class="two"><a href=${`#/roles/${encodeURIComponent(one.name)}`} class="strong">${one.name}</a><span class="muted">${one.description}</span></div>` },
    { name: "Terms", wide: true, width: "minmax(0, 12rem)", cell: (one) => html`<div class="two"><span>${one.active_grant ? html`<${State} value="approved" />` : html`<${State} value=${one.access} />`}</span><span class="muted">${t("up to {time}", { time: length(one.max_duration_seconds) })}</span></div>` },
    { name: "Action", quiet: true, width: "8.5rem", cell: (one) => one.quarantined ? html`<${State} value="quarantined" />` : ready(one)
      ? html`<${Button} kind="primary" onClick=${() => setOpen(open === one.name ? null : one.name)} aria-expanded=${String(open === one.name)} aria-label=${t("Take {role}", { role: one.name })}>${t("Take")}<//>`
      : html`<${Button} onClick=${() => go(`/requests/new/${encodeURIComponent(one.name)}`)} aria-label=${t("Ask for {role}", { role: one.name })}>${t("Ask")}<//>` },
  ];
  const chosen = roles.find((one) => one.name === open);
  return html`<div class="filters"><${Search} label=${t("Search roles")} value=${words} onInput=${search} />
      ${accounts.length > 1 && html`<select aria-label=${t("Account")} onChange=${(event) => choose(event.target.value)}>
        <option value="">${t("All accounts")}</option>${accounts.map((one) => html`<option value=${one}>${one}</option>`)}</select>`}</div>
    ${chosen && html`<div class="taking"><p><span class="strong">${chosen.name}</span> <span class="muted">${chosen.description}</span></p><${Take} role=${chosen} done=${done} /></div>`}
    <${Table} label=${t("What I may take")} columns=${columns} rows=${found}
      empty=${html`<${Empty} title=${words ? t("No role fits the search") : t("No role is open to you")}>${words ? "" : t("Roles shows every role you may see. Explain tells what would open one.")}<//>`} />`;
}
