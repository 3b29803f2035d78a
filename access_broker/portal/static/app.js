// The shell: sign-in, navigation, language and theme, and what is shown where something is wrong.
import { html, render, Button, Dialog, Field, Icon, Problem, Skeleton, Toasts, useEffect, useRef, useState } from "./ui.js";
import { get, learn, onSecondFactor, proveSecondFactor, signIn, useChange, useLoad } from "./api.js";
import { useErrorBoundary } from "./vendor/hooks.js";
import { language, speak, t } from "./words.js";
import { Now } from "./pages/now.js";
import { Requests } from "./pages/requests.js";
import { Roles } from "./pages/roles.js";
import { Sessions } from "./pages/sessions.js";
import { Audit } from "./pages/audit.js";
import { Cleanup } from "./pages/cleanup.js";
import { People } from "./pages/people.js";

const holds = (right) => (me) => (me.rights ?? []).includes(right);
const PAGES = [
  { path: "now", name: "Now", page: Now },
  { path: "requests", name: "Requests", page: Requests },
  { path: "roles", name: "Roles", page: Roles },
  { path: "sessions", name: "Sessions", page: Sessions },
  { path: "audit", name: "Audit", page: Audit, may: holds("ReadAudit") },
  { path: "cleanup", name: "Clean-up", page: Cleanup, may: holds("Provision") },
  { path: "people", name: "Accounts and people", short: "People", page: People },
];

const here = () => {
  const [page, ...path] = location.hash.replace(/^#\/?/, "").split("/");
  return { page: page || "now", path };
};
const go = (path) => { location.hash = path; };

function Portal() {
  const [place, move] = useState(here());
  const [, redraw] = useState(0);
  const me = useLoad(async () => { await learn(); return get("/v1/whoami"); }, [], 20000);
  useEffect(() => {
    const follow = () => { move(here()); document.querySelector("main")?.focus(); window.scrollTo(0, 0); };
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const pages = PAGES.filter((one) => me.data && (!one.may || one.may(me.data)));
  const current = pages.find((one) => one.path === place.page) ?? pages[0];
  useEffect(() => { document.querySelector(".nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }); }, [current]);
  useEffect(() => { document.title = current ? `${t(current.name)} · access-broker` : "access-broker"; });
  return html`<a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); document.querySelector("main").focus(); }}>${t("Skip to the content")}</a>
    <div class="frame"><nav aria-label=${t("Pages")} class="nav">
        <p class="brand"><img src="/icon.svg" alt="" width="28" height="28" />access-broker</p>
        <ul>${pages.map((one) => html`<li><a href=${`#/${one.path}`} aria-current=${one === current ? "page" : null}><${Icon} name=${one.path} /><span>${t(one.short ?? one.name)}</span></a></li>`)}</ul>
        ${me.data && html`<div class="who"><p class="strong">${me.data.name}</p><p class="muted small">${me.data.groups.join(", ") || t("no groups")} · ${me.data.account}</p></div>`}
        <div class="switches"><${Theme} /><button type="button" class="icon-button wide-text" lang=${language() === "ja" ? "en" : "ja"} onClick=${() => { speak(language() === "ja" ? "en" : "ja"); redraw((n) => n + 1); }}>${language() === "ja" ? "English" : "日本語"}</button></div>
      </nav>
      <main id="main" tabindex="-1">${me.data === undefined ? html`<h1>access-broker</h1>${me.problem ? html`<${Problem} of=${me.problem} retry=${me.reload} />` : html`<${Skeleton} slow=${me.slow} />`}`
        : html`${me.problem && html`<${Problem} of=${me.problem} retry=${me.reload} />`}<h1>${t(current.name)}</h1><${Guarded} key=${`${place.page}/${place.path.join("/")}/${language()}`} page=${current.page} me=${me.data} path=${place.path} />`}</main>
    </div><${SecondFactor} /><${Toasts} />`;
}

// A broker that answers nonsense breaks one page, not the portal.
function Guarded({ page: Page, me, path }) {
  const [error, again] = useErrorBoundary();
  if (error) return html`<${Problem} of=${{ code: "nonsense", detail: t("The broker's answer cannot be shown.") }} retry=${again} />`;
  return html`<${Page} me=${me} path=${path} go=${go} />`;
}

const THEMES = ["light dark", "light", "dark"];
const dress = (theme) => { document.documentElement.dataset.theme = theme; };
function Theme() {
  const [theme, choose] = useState(localStorage.getItem("theme") ?? THEMES[0]);
  const names = { "light dark": t("Theme: as the system"), light: t("Theme: light"), dark: t("Theme: dark") };
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  return html`<button type="button" class="icon-button" aria-label=${names[theme]} title=${names[theme]} onClick=${() => { localStorage.setItem("theme", next); dress(next); choose(next); }}><${Icon} name="sun" /></button>`;
}

// Asks for a code when a request needs one; the request then goes on.
function SecondFactor() {
  const [asked, ask] = useState(null);
  const [code, type] = useState("");
  const change = useChange();
  const field = useRef();
  useEffect(() => { if (change.problem) field.current?.focus(); }, [change.problem]);
  useEffect(() => onSecondFactor((devices) => new Promise((done) => { type(""); ask({ devices, done }); })), []);
  if (!asked) return null;
  const end = (proven) => { asked.done(proven); ask(null); change.clear(); };
  const prove = (event) => {
    event.preventDefault();
    change.run(async () => { await proveSecondFactor(code.trim(), asked.devices); end(true); });
    type(""); // AWS takes each code once, a wrong one is of no use either
  };
  return html`<${Dialog} title=${t("Prove your second factor")} close=${() => end(false)}>
    <form class="form" onSubmit=${prove}><p>${t("A rule asks for your second factor. AWS takes each code once.")}</p>
      <${Field} label=${t("Code of your device")} hint=${asked.devices.join(", ")} error=${change.problem?.detail}>${(props) => html`<input ...${props} ref=${field} autofocus inputmode="numeric" autocomplete="one-time-code" maxlength="6" required pattern="[0-9]{6}" value=${code} onInput=${(event) => type(event.target.value)} />`}<//>
      <div class="actions"><button class="button primary" disabled=${change.busy}><span>${t("Prove")}</span></button><${Button} onClick=${() => end(false)}>${t("Cancel")}<//></div></form><//>`;
}

const Outside = ({ problem }) => html`<main id="main" class="outside"><h1>access-broker</h1><${Problem} of=${problem} /></main>`;

document.documentElement.lang = language();
dress(localStorage.getItem("theme") ?? THEMES[0]);
const root = document.getElementById("app");
root.replaceChildren();
try {
  await signIn();
  render(html`<${Portal} />`, root);
} catch (error) {
  render(html`<${Outside} problem=${error.problem ?? { code: "nonsense", detail: "" }} />`, root);
}
