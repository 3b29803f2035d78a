// Ending sessions: what will end is shown first; afterwards, the seconds until AWS first denied.
import { html, Button, Dialog, Field, Loaded, Problem, Time, tell, useEffect, useState } from "../ui.js";
import { call, get, part, useChange, useLoad } from "../api.js";
import { t } from "../words.js";

// `scopes`: what the caller may end, of this session, its person and its role. A page of a person or role has no session.
export function EndSession({ session, close, done, scopes = ["session"] }) {
  const [scope, choose] = useState(scopes[0]);
  const [reason, say] = useState("");
  const [over, finished] = useState(null);
  const change = useChange();
  const subject = { session: { session: session.id }, caller: { caller: session.caller }, role: { role: session.role } }[scope];
  const preview = useLoad(() => (scope === "session" ? Promise.resolve({ sessions: [session] })
    : get("/v1/sessions", { ...subject, state: "active", limit: 100 })), [scope, session.id]);
  const end = () => change.run(async () => {
    const { revocation } = await call("POST", "/v1/revocations", { ...subject, reason });
    finished(revocation);
    tell(t("Ended {n} session(s).", { n: revocation.sessions.length }));
    done?.();
  });
  const names = { session: t("This session"), caller: t("Every session of {name}", { name: session.caller }), role: t("Every session of {name}", { name: session.role }) };
  return html`<${Dialog} title=${t("End access")} close=${close} actions=${over ? html`<${Button} onClick=${close}>${t("Done")}<//>` : html`<${Button} onClick=${close}>${t("Cancel")}<//>
      <${Button} kind="danger" busy=${change.busy} onClick=${end}>${t("End it now")}<//>`}>
    ${over ? html`<${Over} revocation=${over} session=${session} />` : html`
      ${scopes.length > 1 && html`<${Field} label=${t("What ends")}>${(props) => html`<select ...${props} onChange=${(event) => choose(event.target.value)}>${scopes.map((one) => html`<option value=${one}>${names[one]}</option>`)}</select>`}<//>`}
      <h3>${t("This will end")}</h3>
      <${Loaded} load=${preview} lines=${1}>${(page) => html`<ul class="plain preview" tabindex="0">${page.sessions.map((one) => html`<li><span class="strong">${one.caller}</span> · ${one.role} · ${t("until")} <${Time} at=${one.expires_at} /></li>`)}
        ${page.sessions.length === 0 && html`<li>${t("No live session; what was taken directly ends too.")}</li>`}${page.next_cursor && html`<li>${t("and more")}</li>`}</ul>`}<//>
      <p class="hint">${scope === "session" ? t("Other sessions of the role go on.") : t("New sessions can be taken at once, if the rules allow them.")}</p>
      <${Field} label=${t("Reason")} hint=${t("Optional. It is kept in the audit log.")}>${(props) => html`<input ...${props} maxlength="1000" value=${reason} onInput=${(event) => say(event.target.value)} />`}<//>
      ${change.problem && html`<${Problem} of=${change.problem} />`}`}
  <//>`;
}

function Over({ revocation, session }) {
  return html`<p class="notice good">${t("Ended {n} session(s).", { n: revocation.sessions.length })}</p>
    ${revocation.no_room && html`<p class="notice wait">${t("The role's policy had no room for single entries: others ended too.")}</p>`}
    ${revocation.direct_roles.length > 0 && html`<p class="notice wait">${t("These roles can be assumed without the broker: {roles}", { roles: revocation.direct_roles.join(", ") })}</p>`}
    ${session.id && html`<${FirstDenial} session=${session.id} since=${revocation.at} />`}`;
}

// CloudTrail shows the first call that AWS denied after the revocation, some minutes later on AWS.
export function FirstDenial({ session, since }) {
  const [found, find] = useState(undefined);
  useEffect(() => {
    let timer, gone = false;
    const look = async () => {
      const told = await get(`/v1/sessions/${part(session)}/activity`).catch(() => null);
      const denied = (told?.events ?? []).filter((one) => /Denied|Unauthorized/.test(one.error) && one.at >= since.slice(0, 19)).map((one) => Date.parse(one.at)).sort();
      if (gone) return;
      if (denied.length) find(Math.max(0, denied[0] - Date.parse(since)) / 1000);
      else timer = setTimeout(look, 4000);
    };
    look();
    return () => { gone = true; clearTimeout(timer); };
  }, [session, since]);
  return html`<p class="first-denial" role="status">${found === undefined ? t("First denial: none in CloudTrail yet. It shows a call about five minutes later, and only if one was made.")
    : t("First denial: {n} seconds after the revocation.", { n: Math.round(found) })}</p>`;
}
