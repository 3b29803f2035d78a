// Requests: ask with the terms shown before; decide with the requester's recent sessions and the role beside it.
import { html, Badge, Button, Card, Choice, Empty, Facts, Field, Icon, Loaded, Problem, State, Table, Time, tell, useEffect, useRef, useState } from "../ui.js";
import { call, get, part, useChange, useList, useLoad } from "../api.js";
import { t, length } from "../words.js";

const decidable = (request, me) => request.state === "pending" && request.caller !== me.name && request.asked_by !== me.name
  && !request.decisions.some((one) => one.by === me.name);

// Pending requests of others for roles whose requests the caller may decide.
export function useWaiting(me) {
  return useLoad(async () => {
    const { requests } = await get("/v1/requests", { state: "pending", limit: 100 });
    const others = requests.filter((one) => decidable(one, me));
    const roles = [...new Set(others.map((one) => one.role))];
    const may = new Map(await Promise.all(roles.map(async (role) => [role, await rightsOver(role)])));
    return others.filter((one) => may.get(one.role).includes("Approve"));
  }, [me.name], 5000);
}
export const rightsOver = (role) => get(`/v1/roles/${part(role)}`).then((one) => one.rights ?? [], () => []);

export function Waiting({ me }) {
  const waiting = useWaiting(me);
  return html`<${Loaded} load=${waiting} lines=${2}>${(requests) => requests.length === 0
    ? html`<${Empty} title=${t("Nothing waits for you")} />`
    : html`<ul class="waiting">${requests.map((one) => html`<li key=${one.id}><a href=${`#/requests/${one.id}`}>
        <span class="strong">${one.caller}</span> → ${one.role}</a><p class="muted">${one.reason || t("no reason given")} · ${length(one.duration_seconds)}</p></li>`)}</ul>`}<//>`;
}

export function Requests({ me, go, path }) {
  if (path[0] === "new") return html`<${Ask} me=${me} go=${go} wanted=${path[1]} />`;
  if (path[0]) return html`<${One} key=${path[0]} id=${path[0]} me=${me} go=${go} />`;
  return html`<${All} me=${me} go=${go} />`;
}

function All({ go }) {
  const [state, choose] = useState("");
  const fresh = useLoad(() => get("/v1/requests", { state, limit: 100 }), [state], 4000);
  const columns = [
    { name: "Role", cell: (one) => html`<div class="two"><a class="strong" href=${`#/requests/${one.id}`}>${one.role}</a><span class="muted">${one.reason}</span></div>` },
    { name: "Person", width: "minmax(0, 10rem)", cell: (one) => one.caller },
    { name: "State", width: "8rem", cell: (one) => html`<${State} value=${one.state} />` },
    { name: "For", wide: true, width: "6rem", cell: (one) => length(one.duration_seconds) },
    { name: "Filed", wide: true, width: "9rem", cell: (one) => html`<${Time} at=${one.filed_at} />` },
  ];
  return html`<${Card} label=${t("Requests")}>
    <div class="filters"><${Choice} label=${t("State")} value=${state} onChange=${choose} options=${[["", t("All states")], ...["pending", "approved", "denied", "cancelled", "expired"].map((one) => [one, t(one)])]} />
      <span class="gap"></span><${Button} kind="primary" onClick=${() => go("/requests/new")}>${t("Ask for a role")}<//></div>
    <${Loaded} load=${fresh}>${(page) => html`<${Table} tall label=${t("Requests")} columns=${columns} rows=${page.requests} onOpen=${(one) => go(`/requests/${one.id}`)}
      empty=${html`<${Empty} title=${t("No requests")}>${t("Requests of yours, and those that you may decide on, appear here by themselves.")}<//>`} />`}<//>
  <//>`;
}

const HOURS = [1800, 3600, 7200, 14400, 28800, 86400];

function Ask({ go, wanted }) {
  const roles = useList("/v1/roles", "roles", {}, { all: true });
  const [name, choose] = useState(wanted ? decodeURIComponent(wanted) : "");
  const [form, set] = useState({ duration: 3600, reason: "", start: "" });
  const change = useChange();
  const role = (roles.data ?? []).find((one) => one.name === name);
  const fields = change.problem?.fields ?? {};
  const send = (event) => {
    event.preventDefault();
    change.run(async () => {
      const filed = await call("POST", "/v1/requests", { role: name, duration_seconds: Number(form.duration), reason: form.reason,
        ...(form.start ? { not_before: new Date(form.start).toISOString() } : {}) });
      tell(t("Filed. This page shows the decision by itself."));
      go(`/requests/${filed.id}`);
    });
  };
  return html`<${Back} to="#/requests" text=${t("Requests")} />
  <${Card} title=${t("Ask for a role")}><form class="form" onSubmit=${send}>
    <${Field} label=${t("Role")} error=${fields.role}>${(props) => html`<input ...${props} list="role-names" required autocomplete="off" value=${name} onInput=${(event) => choose(event.target.value)} />
      <datalist id="role-names">${(roles.data ?? []).filter((one) => one.access === "approval").slice(0, 500).map((one) => html`<option value=${one.name}>${one.description}</option>`)}</datalist>`}<//>
    ${role && html`<div class="terms" role="note"><p class="strong">${t("Terms of this role")}</p><p>${role.description}</p>
      ${role.access === "approval" ? html`<p>${t("{n} approval(s) needed. Sessions last up to {time}.", { n: role.approvals, time: length(role.max_duration_seconds) })}</p>`
        : role.access === "standing" ? html`<p>${t("You may take it without asking.")}</p>` : html`<p>${t("No rule lets you ask for it. Explain tells what would.")} <a href=${`#/roles/${part(role.name)}`}>${t("Explain")}</a></p>`}
      ${role.reason_required && html`<p>${t("A reason is required.")}</p>`}</div>`}
    <${Field} label=${t("For how long")} error=${fields.duration_seconds}>${(props) => html`<select ...${props} onChange=${(event) => set({ ...form, duration: event.target.value })}>
      ${HOURS.map((one) => html`<option value=${one} selected=${one === Number(form.duration)}>${length(one)}</option>`)}</select>`}<//>
    <${Field} label=${t("Reason")} hint=${t("Approvers read it. It is kept in the audit log.")} error=${fields.reason}>
      ${(props) => html`<textarea ...${props} rows="3" maxlength="1000" required=${role?.reason_required} value=${form.reason} onInput=${(event) => set({ ...form, reason: event.target.value })}></textarea>`}<//>
    <${Field} label=${t("Not before (optional)")} error=${fields.not_before}>${(props) => html`<input ...${props} type="datetime-local" value=${form.start} onInput=${(event) => set({ ...form, start: event.target.value })} />`}<//>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    <div class="actions"><button class="button primary" disabled=${change.busy}><span>${t("Send the request")}</span></button></div>
  </form><//>`;
}

export const Back = ({ to, text }) => html`<p class="back"><a href=${to}><${Icon} name="back" /> ${text}</a></p>`;

function One({ id, me, go }) {
  const load = useLoad(() => get(`/v1/requests/${part(id)}`), [id], 3000);
  const state = load.data?.state;
  const before = useRef();
  useEffect(() => {
    if (before.current && state && before.current !== state) tell(t("The request is now: {state}", { state: t(state) }));
    before.current = state;
  }, [state]);
  return html`<${Back} to="#/requests" text=${t("Requests")} />
    <${Loaded} load=${load}>${(request) => html`<div class="columns"><div class="main-column"><${Details} request=${request} me=${me} reload=${load.reload} go=${go} /></div>
      <div class="side-column"><${Beside} request=${request} me=${me} /></div></div>`}<//>`;
}

function Details({ request, me, reload, go }) {
  const rights = useLoad(() => rightsOver(request.role), [request.role]);
  const own = request.caller === me.name || request.asked_by === me.name;
  const may = !own && rights.data?.includes("Approve") && decidable(request, me);
  return html`<${Card} title=${`${request.caller} → ${request.role}`} aside=${html`<${State} value=${request.state} />`}>
    <${Facts} of=${[["Reason", request.reason || t("no reason given")], ["For", length(request.duration_seconds)], ["Filed", html`<${Time} at=${request.filed_at} />`],
      ["Asked by", request.asked_by], ["Starts", request.not_before && html`<${Time} at=${request.not_before} />`],
      ["Who may approve", request.approvers?.groups.join(", ")], ["Answer by", request.state === "pending" && html`<${Time} at=${request.answer_by} />`],
      ["Usable until", request.grant && html`<${Time} at=${request.grant.usable_until} />`], ["Rule", html`<code>${request.policy}</code>`]]} />
    ${request.approvers?.enough === false && html`<p class="notice wait">${t("Too few others may approve this now.")}</p>`}
    <h3>${t("Decisions")} <span class="muted">${request.decisions.filter((one) => one.decision === "approve").length} / ${request.approvals}</span></h3>
    ${request.decisions.length === 0 ? html`<p class="muted">${t("None yet.")}</p>` : html`<ul class="decisions">${request.decisions.map((one) =>
      html`<li><${Badge} tone=${one.decision === "approve" ? "good" : "bad"}>${t(one.decision)}<//> <span class="strong">${one.by}</span> <${Time} at=${one.at} /> ${one.comment && html`<p>${one.comment}</p>`}</li>`)}</ul>`}
    ${may && html`<${Decide} request=${request} reload=${reload} />`}
    ${own && request.state === "pending" && html`<${Withdraw} request=${request} reload=${reload} />`}
    ${own && request.state === "approved" && request.grant?.state === "active" && html`<div class="actions"><${Button} kind="primary" onClick=${() => go(`/roles/${part(request.role)}`)}>${t("Take the role")}<//></div>`}
  <//>`;
}

function Decide({ request, reload }) {
  const [comment, say] = useState("");
  const change = useChange();
  const decide = (word) => change.run(async () => { await call("POST", `/v1/requests/${part(request.id)}/${word}`, { comment }); reload(); });
  return html`<div class="decide"><${Field} label=${t("Comment")} hint=${t("For the one who asked, and the audit log.")}>
      ${(props) => html`<textarea ...${props} rows="2" maxlength="1000" value=${comment} onInput=${(event) => say(event.target.value)}></textarea>`}<//>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    <div class="actions"><${Button} kind="primary" icon="check" busy=${change.busy} onClick=${() => decide("approve")}>${t("Approve")}<//>
      <${Button} kind="danger" icon="cross" busy=${change.busy} onClick=${() => decide("deny")}>${t("Deny")}<//></div></div>`;
}

function Withdraw({ request, reload }) {
  const change = useChange();
  return html`${change.problem && html`<${Problem} of=${change.problem} />`}<div class="actions">
    <${Button} busy=${change.busy} onClick=${() => change.run(async () => { await call("POST", `/v1/requests/${part(request.id)}/cancel`, {}); reload(); })}>${t("Take it back")}<//></div>`;
}

// What an approver looks at: who asks, and what they would get.
function Beside({ request }) {
  const role = useLoad(() => get(`/v1/roles/${part(request.role)}`), [request.role]);
  const recent = useLoad(() => get("/v1/sessions", { caller: request.caller, limit: 8 }), [request.caller]);
  return html`<${Card} title=${t("The role")}><${Loaded} load=${role} lines=${2}>${(one) => html`<p class="strong"><a href=${`#/roles/${part(one.name)}`}>${one.name}</a></p><p>${one.description}</p>
      <${Facts} of=${[["Boundary tier", one.tier], ["Quarantined", one.quarantined ? t("yes") : null], ["ARN", html`<code class="break">${one.arn}</code>`]]} />`}<//><//>
    <${Card} title=${t("Recent sessions of {name}", { name: request.caller })}><${Loaded} load=${recent} lines=${2}>${(page) => page.sessions.length === 0
      ? html`<p class="muted">${t("None that you may see.")}</p>`
      : html`<ul class="plain">${page.sessions.map((one) => html`<li><a href=${`#/sessions/${one.id}`}>${one.role}</a> <${State} value=${one.state} /> <span class="muted"><${Time} at=${one.issued_at} /></span></li>`)}</ul>`}<//><//>`;
}

