// Clean-up: where each role stands between used and deleted, what comes next and when.
import { html, Button, Card, Empty, Loaded, State, Table, Time, useState } from "../ui.js";
import { call, useLoad } from "../api.js";
import { t } from "../words.js";

const STAGES = ["", "reported", "warned", "quarantined", "deleted"];

export function Cleanup({ go }) {
  const report = useLoad(() => call("POST", "/v1/cleanup", { dry_run: true }), []);
  const [stage, choose] = useState(null);
  const columns = [
    { name: "Role", cell: (one) => html`<div class="two"><a class="strong" href=${`#/roles/${encodeURIComponent(one.name)}`}>${one.name}</a><span class="muted">${one.reason}</span></div>` },
    { name: "Stage", width: "8rem", cell: (one) => html`<${State} value=${one.stage || "used"} />` },
    { name: "This run", wide: true, width: "8rem", cell: (one) => (one.change ? html`<${State} value=${one.change} />` : "–") },
    { name: "Next", wide: true, width: "13rem", cell: (one) => (one.next_stage ? html`<span>${t(one.next_stage)} · <${Time} at=${one.next_at} /></span>` : "–") },
    { name: "Owner", wide: true, width: "8rem", cell: (one) => one.owner || "–" },
  ];
  return html`<${Card} title=${t("Rehearsal")} aside=${html`<${Button} onClick=${report.reload}>${t("Rehearse again")}<//>`}>
    <p class="muted">${t("This is what a run would do now. Nothing is changed: the schedule cleans up.")}</p>
    <${Loaded} load=${report}>${(told) => {
      const rows = told.roles.filter((one) => stage === null || one.stage === stage);
      const used = Object.values(told.alive).reduce((sum, count) => sum + count, 0);
      const counts = { "": used, ...Object.fromEntries(STAGES.slice(1).map((one) => [one, told.roles.filter((role) => role.stage === one).length])) };
      return html`<ol class="stages">${STAGES.map((one) => html`<li class=${`stage ${one || "used"}`}><button type="button" aria-pressed=${String(stage === one)} disabled=${one === ""} onClick=${() => choose(stage === one ? null : one)}>
          <span class="stage-count">${counts[one]}</span><span>${t(one || "used")}</span></button></li>`)}</ol>
        <p>${t("Budget of a run: {wanted} wanted, {limit} allowed.", told.budget)} ${t("Runs go up to: {stage}.", { stage: t(told.up_to) })}</p>
        ${told.budget.exceeded && html`<p class="notice bad">${t("More roles are stale than a run may touch: a person has to look.")}</p>`}
        ${!told.complete && html`<p class="notice wait">${t("AWS stopped answering: this is a part.")}</p>`}
        <${Table} tall label=${t("Roles on their way out")} columns=${columns} rows=${rows} onOpen=${(one) => go(`/roles/${encodeURIComponent(one.name)}`)} empty=${html`<${Empty} title=${t("No role is on its way out")} />`} />
        ${told.drift.length > 0 && html`<h3>${t("Not as the broker made them")}</h3><ul class="plain">${told.drift.map((one) => html`<li><span class="strong">${one.role}</span> ${one.why}</li>`)}</ul>`}
        ${told.users.length > 0 && html`<h3>${t("Users to look at")}</h3><ul class="plain">${told.users.map((one) => html`<li><span class="strong">${one.name}</span> ${one.why}</li>`)}</ul>`}
        ${told.failures.length > 0 && html`<h3>${t("Failures")}</h3><ul class="plain">${told.failures.map((one) => html`<li><span class="strong">${one.role}</span> ${one.why}</li>`)}</ul>`}`;
    }}<//><//>`;
}
