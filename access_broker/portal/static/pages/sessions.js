// Sessions: live ones on a timeline, all of them in a list; activity, revocation, break-glass reviews.
import { html, Badge, Button, Card, Choice, Empty, Facts, Field, Left, Loaded, Problem, Search, State, Table, Time, tell, useMemo, useState } from "../ui.js";
import { call, get, part, useChange, useList, useLoad } from "../api.js";
import { t } from "../words.js";
import { Timeline } from "../plots.js";
import { EndSession, FirstDenial } from "./revoke.js";
import { Back, rightsOver } from "./requests.js";

export function Sessions({ me, go, path }) {
  if (path[0] === "of") return html`<${All} go=${go} of=${{ [path[1]]: decodeURIComponent(path[2] ?? "") }} />`;
  return path[0] ? html`<${One} key=${path[0]} id=${path[0]} me=${me} go=${go} />` : html`<${All} go=${go} />`;
}

const SPANS = [["", "Any time"], ["86400", "Last day"], ["604800", "Last week"], ["2592000", "Last month"]];

const SLIM = ({ id, caller, role, state, kind, reason, issued_at, expires_at, revoked_at, break_glass, review }) =>
  ({ id, caller, role, state, kind, reason, issued_at, expires_at, revoked_at, break_glass, review });

function All({ go, of }) {
  const [filter, set] = useState({ caller: "", role: "", state: "", ...of });
  const [typed, type] = useState({ caller: "", role: "", ...of });
  const [span, choose] = useState("");
  const since = useMemo(() => span && new Date(Date.now() - Number(span) * 1000).toISOString(), [span]);
  const [glass, only] = useState(false);
  const live = useLoad(() => get("/v1/sessions", { state: "active", limit: 100 }), [], 5000);
  const list = useList("/v1/sessions", "sessions", { ...filter, since }, { keep: SLIM, most: 10000 });
  const shown = useMemo(() => (list.data ?? []).filter((one) => !glass || one.break_glass), [list.data, glass]);
  const apply = (event) => { event.preventDefault(); set({ ...filter, caller: typed.caller.trim(), role: typed.role.trim() }); };
  const columns = [
    { name: "Person", cell: (one) => html`<div class="two"><a class="strong" href=${`#/sessions/${one.id}`}>${one.caller}</a><span class="muted">${one.reason}</span></div>` },
    { name: "Role", width: "minmax(0, 12rem)", cell: (one) => html`<span>${one.role} ${one.break_glass && html`<${Badge} tone="bad">${t("break-glass")}<//>`}</span>` },
    { name: "State", width: "7rem", cell: (one) => html`<${State} value=${one.state} />` },
    { name: "Taken", wide: true, width: "9rem", cell: (one) => html`<${Time} at=${one.issued_at} />` },
    { name: "Ends", wide: true, width: "9rem", cell: (one) => (one.state === "active" ? html`<${Left} until=${one.expires_at} />` : html`<${Time} at=${one.revoked_at ?? one.expires_at} />`) },
  ];
  return html`<${Card} title=${t("Live now")} aside=${html`<span class="muted">${live.data ? `${live.data.sessions.length}${live.data.next_cursor ? "+" : ""}` : ""}</span>`}>
      <${Loaded} load=${live} lines=${2}>${(page) => page.sessions.length ? html`<${Timeline} sessions=${page.sessions} onOpen=${(one) => go(`/sessions/${one.id}`)} />`
        : html`<${Empty} title=${t("No live sessions")} />`}<//><//>
    <${Reviewing} />
    <${Card} title=${t("All sessions")}><form class="filters" onSubmit=${apply}>
        <${Search} label=${t("Person")} value=${typed.caller} onInput=${(caller) => type({ ...typed, caller })} />
        <${Search} label=${t("Role")} value=${typed.role} onInput=${(role) => type({ ...typed, role })} />
        <${Choice} label=${t("State")} value=${filter.state} onChange=${(state) => set({ ...filter, state })} options=${[["", t("All states")], ...["active", "expired", "revoked"].map((one) => [one, t(one)])]} />
        <${Choice} label=${t("Time")} value=${span} onChange=${choose} options=${SPANS.map(([key, text]) => [key, t(text)])} />
        <label class="tick"><input type="checkbox" checked=${glass} onChange=${(event) => only(event.target.checked)} /> ${t("break-glass")}</label>
        <button class="button"><span>${t("Filter")}</span></button></form>
      <${Loaded} load=${list}>${() => html`<${Table} tall label=${t("All sessions")} columns=${columns} rows=${shown} more=${list.more} onOpen=${(one) => go(`/sessions/${one.id}`)}
        empty=${html`<${Empty} title=${t("No sessions")}>${t("You see your own, and those of roles whose audit you may read.")}<//>`} />
        ${list.full && html`<p class="notice wait">${t("The newest {n} are shown. Narrow the filter to see older ones.", { n: shown.length })}</p>`}`}<//><//>`;
}

// Break-glass sessions of others that wait for this caller's review, who need not be one who reads the audit.
function Reviewing() {
  const load = useLoad(() => get("/v1/sessions", { review: "open" }), [], 10000);
  if (!load.data?.sessions.length) return null;
  return html`<${Card} title=${t("Break-glass reviews")}><p class="muted">${t("Sessions taken in an emergency. Say what you found, and sign off.")}</p>
    <ul class="waiting">${load.data.sessions.map((one) => html`<li key=${one.id}><p><span class="strong">${one.caller}</span> → ${one.role} <${State} value=${one.state} /> <span class="muted"><${Time} at=${one.issued_at} /></span></p>
      <p class="muted">${one.reason}</p><${Review} id=${one.id} done=${load.reload} /></li>`)}</ul><//>`;
}

function Review({ id, done }) {
  const [comment, say] = useState("");
  const change = useChange();
  return html`<${Field} label=${t("What you found")} hint=${t("It is kept in the audit log.")}>${(props) => html`<textarea ...${props} rows="3" maxlength="1000" value=${comment} onInput=${(event) => say(event.target.value)}></textarea>`}<//>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    <div class="actions"><${Button} kind="primary" icon="check" busy=${change.busy} disabled=${!comment.trim()} onClick=${() => change.run(async () => {
      await call("POST", `/v1/sessions/${part(id)}/review`, { comment });
      tell(t("Reviewed and signed off."));
      done();
    })}>${t("Sign off")}<//></div>`;
}

function One({ id, me, go }) {
  const load = useLoad(() => get(`/v1/sessions/${part(id)}`), [id], 4000);
  return html`<${Back} to="#/sessions" text=${t("Sessions")} /><${Loaded} load=${load}>${(session) => html`<${Details} session=${session} me=${me} go=${go} reload=${load.reload} /><${Activity} id=${id} />`}<//>`;
}

function Details({ session, me, reload, go }) {
  const rights = useLoad(() => rightsOver(session.role), [session.role]);
  const [ending, end] = useState(false);
  const all = (me.rights ?? []).includes("Revoke");
  const own = session.caller === me.name;
  const may = all || (rights.data ?? []).includes("Revoke");
  const scopes = ["session", ...(all || own ? ["caller"] : []), ...(may ? ["role"] : [])];
  const review = session.break_glass && session.review?.state === "open" && !own && (rights.data ?? []).includes("ReviewBreakGlass");
  return html`<${Card} title=${`${session.caller} → ${session.role}`} aside=${html`<${State} value=${session.state} />`}>
    ${session.break_glass && html`<p class="notice bad">${t("break-glass")}: ${session.review?.state === "done" ? t("reviewed by {name}", { name: session.review.by }) : t("waits for a review")}</p>`}
    <${Facts} of=${[["Reason", session.reason], ["Kind", t(session.kind)], ["Taken", html`<${Time} at=${session.issued_at} />`], ["Ends", html`<${Time} at=${session.expires_at} />`],
      ["Left", session.state === "active" && html`<${Left} until=${session.expires_at} />`], ["Revoked", session.revoked_at && html`<${Time} at=${session.revoked_at} />`], ["Because", session.revoked_because],
      ["Grant", session.grant && html`<a href=${`#/requests/${session.grant}`}><code>${session.grant}</code></a>`], ["Rules", session.policies.map((one) => html`<code>${one}</code> `)],
      ["Findings", session.review?.comment], ["Session name", html`<code class="break">${session.session_name}</code>`]]} />
    ${session.revoked_at && html`<${FirstDenial} session=${session.id} since=${session.revoked_at} />`}
    ${session.state === "active" && (own || may) && html`<div class="actions"><${Button} kind="danger" onClick=${() => end(true)}>${t("End access")}<//></div>`}
    ${ending && html`<${EndSession} session=${session} scopes=${scopes} close=${() => end(false)} done=${reload} go=${go} />`}
    ${review && html`<h3>${t("Review")}</h3><${Review} id=${session.id} done=${reload} />`}
  <//>`;
}

function Activity({ id }) {
  const load = useLoad(() => get(`/v1/sessions/${part(id)}/activity`), [id]);
  const columns = [
    { name: "Call", cell: (one) => html`<div class="two"><span class="strong">${one.action}</span><span class="muted">${one.service}</span></div>` },
    { name: "Result", width: "9rem", cell: (one) => (one.error ? html`<${Badge} tone="bad">${one.error}<//>` : html`<${Badge} tone="good">${t("allowed")}<//>`) },
    { name: "Region", wide: true, width: "8rem", cell: (one) => one.region },
    { name: "At", wide: true, width: "9rem", cell: (one) => html`<${Time} at=${one.at} />` },
  ];
  return html`<${Card} title=${t("Activity")} aside=${html`<${Button} onClick=${load.reload}>${t("Look again")}<//>`}><${Loaded} load=${load}>${(told) => html`
    <${Table} label=${t("Activity")} columns=${columns} rows=${told.events} empty=${html`<${Empty} title=${t("No calls on record")}>${t("CloudTrail shows a call about five minutes after it was made.")}<//>`} />
    ${!told.complete && html`<p class="muted">${t("This is the latest part.")}</p>`}<p class="muted small">${told.note}</p>`}<//><//>`;
}
