// Ways to take a role: the console, credentials to copy, a command line; and their dialogs.
import { html, Button, Command, Dialog, Facts, Field, Problem, Time, copy, useState } from "../ui.js";
import { call, useChange } from "../api.js";
import { t } from "../words.js";

const SAFE = /^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost)(:\d+)?\/)/;
export const safeLink = (url) => (SAFE.test(String(url)) ? url : null);

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
export const commandFor = (role, reason = "", glass = false) =>
  ["broker exec", role.name, glass && "--break-glass", reason.trim() && `--reason ${quoted(reason.trim())}`, '-- "$SHELL"'].filter(Boolean).join(" ");

// A reason is asked for only where a rule wants one.
export function Take({ role, done, glass }) {
  const [asked, ask] = useState(null);
  const console_ = () => (role.reason_required || glass ? ask("console-links") : openConsole(role, "", ask, done));
  return html`<div class="actions">
    ${!glass && html`<${Button} kind="primary" icon="open" onClick=${console_}>${t("Console")}<//>`}
    <${Button} kind=${glass ? "danger" : "plain"} icon="roles" onClick=${() => ask("credentials")}>${glass ? t("Break the glass") : t("Credentials")}<//>
    ${!glass && html`<${Button} icon="copy" onClick=${() => (role.reason_required ? ask("credentials") : copy(commandFor(role), t("Copied: paste it into a terminal.")))}
      aria-label=${t("Command line: {role}", { role: role.name })}>${t("Command line")}<//>`}
    ${asked === "credentials" && html`<${Credentials} role=${role} glass=${glass} close=${() => ask(null)} done=${done} />`}
    ${asked === "console-links" && html`<${Reason} role=${role} close=${() => ask(null)} go=${(reason) => openConsole(role, reason, ask, done)} />`}
    ${asked?.problem && html`<${Dialog} title=${t("The console did not open")} close=${() => ask(null)}><${Problem} of=${asked.problem} /><//>`}
    ${asked?.ready && html`<${Dialog} title=${t("The console is ready")} close=${() => ask(null)}>
      <p>${t("The browser kept the window shut. Open it yourself; the link is a secret for 15 minutes.")}</p>
      <a class="button primary" href=${asked.ready} target="_blank" rel="noopener noreferrer">${t("Open the console")}</a><//>`}
  </div>`;
}

// The empty window opens at the click, so that no blocker objects; the secret link replaces its address.
async function openConsole(role, reason, ask, done) {
  const window_ = window.open("about:blank", "_blank");
  try {
    const link = safeLink((await call("POST", "/v1/console-links", { role: role.name, reason })).sign_in_url);
    if (!link) throw Object.assign(new Error(), { problem: { code: "nonsense", detail: t("The broker's link leads nowhere safe.") } });
    if (window_) { window_.opener = null; window_.location.replace(link); } else ask({ ready: link });
    done?.();
  } catch (error) {
    window_?.close();
    ask({ problem: error.problem ?? { code: "nonsense" } });
  }
}

function Reason({ role, close, go }) {
  const [reason, say] = useState("");
  return html`<${Dialog} title=${t("Console of {role}", { role: role.name })} close=${close}
    actions=${html`<${Button} onClick=${close}>${t("Cancel")}<//>
      <${Button} kind="primary" disabled=${!reason.trim()} onClick=${() => { close(); go(reason); }}>${t("Open the console")}<//>`}>
    <${Field} label=${t("Reason")} hint=${t("A rule asks for it. It is kept in the audit log.")}>
      ${(props) => html`<textarea ...${props} rows="3" maxlength="1000" value=${reason} onInput=${(event) => say(event.target.value)}></textarea>`}<//>
  <//>`;
}

// Credentials are fetched at the click, held while the dialog is open, and forgotten with it.
export function Credentials({ role, glass, close, done }) {
  const [reason, say] = useState("");
  const [issued, got] = useState(null);
  const change = useChange();
  const needs = role.reason_required || glass;
  const take = () => change.run(async () => {
    const body = { role: role.name, reason, ...(glass ? { break_glass: true } : {}) };
    got(await call("POST", "/v1/credentials", body));
    done?.();
  });
  const forms = issued && { sh: shell(issued.credentials), powershell: powershell(issued.credentials), json: JSON.stringify(issued.credentials, null, 2) };
  return html`<${Dialog} title=${glass ? t("Break the glass: {role}", { role: role.name }) : t("Credentials of {role}", { role: role.name })} close=${close}
    actions=${issued ? html`<${Button} onClick=${close}>${t("Done")}<//>` : html`<${Button} onClick=${close}>${t("Cancel")}<//>
      <${Button} kind=${glass ? "danger" : "primary"} busy=${change.busy} disabled=${needs && !reason.trim()} onClick=${take}>${glass ? t("Take it now") : t("Take credentials")}<//>`}>
    ${change.problem && html`<${Problem} of=${change.problem} />`}
    ${issued ? html`<p>${t("They are shown nowhere and kept nowhere. Copy them in the form you need.")}</p>
      <${Facts} of=${[["Session", html`<code>${issued.session.id}</code>`], ["Ends", html`<${Time} at=${issued.credentials.Expiration} />`]]} />
      <div class="actions">${Object.entries(forms).map(([name, text]) => html`<${Button} icon="copy" onClick=${() => copy(text)}>${name}<//>`)}</div>`
    : html`${glass && html`<p class="notice bad">${t("For emergencies. It is told to others at once, and reviewed afterwards.")}</p>`}
      <${Field} label=${t("Reason")} hint=${needs ? t("A rule asks for it. It is kept in the audit log.") : t("Optional. It is kept in the audit log.")}>
        ${(props) => html`<textarea ...${props} rows="3" maxlength="1000" value=${reason} onInput=${(event) => say(event.target.value)}></textarea>`}<//>
      <${Command} text=${commandFor(role, reason, glass)} />
      <p class="hint">${t("In a terminal, this line does the same and leaves nothing in the clipboard.")}</p>`}
  <//>`;
}

const shell = (keys) => [["AWS_ACCESS_KEY_ID", keys.AccessKeyId], ["AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey], ["AWS_SESSION_TOKEN", keys.SessionToken]]
  .map(([name, value]) => `export ${name}='${String(value).replaceAll("'", "'\\''")}'`).join("\n");
const powershell = (keys) => [["AWS_ACCESS_KEY_ID", keys.AccessKeyId], ["AWS_SECRET_ACCESS_KEY", keys.SecretAccessKey], ["AWS_SESSION_TOKEN", keys.SessionToken]]
  .map(([name, value]) => `$env:${name} = '${String(value).replaceAll("'", "''")}'`).join("\n");

