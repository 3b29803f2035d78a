// The broker's HTTP contract, through the portal's own server on loopback. Nothing here reaches further.
import { useEffect, useMemo, useRef, useState } from "./vendor/hooks.js";

const KEY = "portal-key"; // opens this portal only, and ends with it; no AWS credential is ever stored
const SLOW = 3000;
const neighbours = new BroadcastChannel("portal");
neighbours.onmessage = ({ data }) => {
  const key = sessionStorage.getItem(KEY);
  if (data === "ask" && key) neighbours.postMessage({ key });
};

export class Refusal extends Error {
  constructor(problem) {
    super(problem?.detail ?? "");
    this.problem = problem;
  }
}
const problemOf = (error) =>
  error instanceof Refusal ? error.problem : { code: "nonsense", detail: "", title: String(error?.message ?? "") };

async function send(method, path, body, headers = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method, headers: { ...headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body), redirect: "error", cache: "no-store",
    });
  } catch {
    throw new Refusal({ code: "portal_ended", detail: "The portal has ended, or this computer is asleep." });
  }
  const document = await answer.json().catch(() => null);
  if (document === null || typeof document !== "object") throw new Refusal({ code: "nonsense", detail: "" });
  if (!answer.ok) throw new Refusal({ code: "nonsense", ...document, status: answer.status });
  return document;
}

// The token of the address is exchanged once and leaves the address at once. A second tab asks the first one.
export async function signIn() {
  const token = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
  if (token !== undefined) history.replaceState(null, "", "/#/");
  if (token) sessionStorage.setItem(KEY, (await send("POST", "/portal/session", { token })).key);
  else if (!sessionStorage.getItem(KEY)) await askNeighbours();
  if (!sessionStorage.getItem(KEY)) throw new Refusal({ code: "portal_ended", detail: "This tab is not signed in." });
}
const askNeighbours = () => new Promise((done) => {
  const hear = ({ data }) => { if (typeof data?.key === "string") { sessionStorage.setItem(KEY, data.key); finish(); } };
  const finish = () => { neighbours.removeEventListener("message", hear); done(); };
  neighbours.addEventListener("message", hear);
  neighbours.postMessage("ask");
  setTimeout(finish, 400);
});

// Where a rule asks for the second factor, the same request goes under /mfa, after a code if there is no proof yet.
let askForCode = async () => false;
export const onSecondFactor = (ask) => { askForCode = ask; };
export const proveSecondFactor = (code, devices) => call("POST", "/portal/mfa", { code, devices });

export async function call(method, path, body) {
  const headers = { "X-Broker-Portal": sessionStorage.getItem(KEY) ?? "", ...(method === "GET" ? {} : { "Idempotency-Key": crypto.randomUUID() }) };
  const under = (prefix) => send(method, prefix + path, body, headers);
  const wanted = (error) => error instanceof Refusal && error.problem.code === "mfa_required" && path.startsWith("/v1/");
  try {
    return await under("");
  } catch (refused) {
    if (!wanted(refused)) throw refused;
    try {
      return await under("/mfa");
    } catch (unproven) {
      if (!wanted(unproven) || !(await askForCode(refused.problem.devices ?? []))) throw unproven;
      return under("/mfa");
    }
  }
}
export const get = (path, query = {}) => call("GET", address(path, query));
export const address = (path, query) => {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return said.length ? `${path}?${new URLSearchParams(said).toString().replaceAll("+", "%20")}` : path;
};
export const part = encodeURIComponent;

// What this broker can do: the paths of its OpenAPI document.
let routes = {};
export const learn = async () => { routes = (await call("GET", "/openapi.json")).paths ?? {}; };
export const can = (method, path) => Boolean(routes[path]?.[method.toLowerCase()]);

// One answer, kept fresh every `every` milliseconds while the page is in sight.
export function useLoad(load, watch, every) {
  const [state, set] = useState({});
  const again = useRef(() => {});
  useEffect(() => {
    let gone = false, timer, late;
    const run = async () => {
      clearTimeout(timer);
      late = setTimeout(() => gone || set((old) => ({ ...old, slow: true })), SLOW);
      let pause = every;
      try {
        const data = await load();
        if (!gone) set({ data });
      } catch (error) {
        const problem = problemOf(error);
        if (["offline", "not_signed_in", "aws_unavailable", "too_many_requests"].includes(problem.code)) pause = Math.max(every ?? 0, 5000);
        if (!gone) set((old) => ({ data: old.data, problem }));
      }
      clearTimeout(late);
      if (!gone && pause) timer = setTimeout(() => (document.hidden ? (timer = setTimeout(run, pause)) : run()), pause);
    };
    again.current = run;
    set({});
    run();
    return () => { gone = true; clearTimeout(timer); clearTimeout(late); };
  }, watch);
  return { ...state, reload: () => again.current() };
}

// A list, page by page: all of it in the background, or further pages as the reader comes to the end.
// At most `most` rows are held; then `full` says so, and filters lead further. `reload` reads it anew behind the old rows.
export function useList(path, name, query, { all = false, most = 20000, keep = (row) => row } = {}) {
  const [state, set] = useState({ rows: [], cursor: undefined });
  const [times, again] = useState(0);
  const run = useRef({});
  const watch = path + JSON.stringify(query);
  useEffect(() => {
    const quiet = run.current.watch === watch;
    const mine = { gone: false, rows: [], cursor: undefined, busy: false, watch };
    run.current = mine;
    mine.step = async () => {
      if (mine.busy || mine.gone || mine.cursor === null || mine.rows.length >= most) return;
      mine.busy = true;
      const late = setTimeout(() => mine.gone || set((old) => ({ ...old, slow: true })), SLOW);
      try {
        const page = await get(path, { limit: 100, ...query, cursor: mine.cursor });
        for (const row of page[name]) mine.rows.push(keep(row));
        mine.cursor = page.next_cursor ?? null;
        const done = mine.cursor === null || mine.rows.length >= most;
        // Drawing each of a hundred pages would cost more than reading them.
        if (!mine.gone && (done || !quiet && (!all || mine.rows.length <= 100 || mine.rows.length % 1000 < 100))) {
          set({ rows: mine.rows.slice(), ready: true, done, full: mine.cursor !== null && mine.rows.length >= most });
        }
      } catch (error) {
        if (!mine.gone) set((old) => ({ ...old, problem: problemOf(error) }));
        mine.gone = true;
      }
      clearTimeout(late);
      mine.busy = false;
      if (!mine.gone && mine.cursor !== null && (all || !mine.rows.length)) mine.step();
    };
    if (!quiet) set({ rows: [] });
    mine.step();
    return () => { mine.gone = true; };
  }, [watch, times]);
  const more = useMemo(() => () => run.current.step?.(), [watch]);
  return { ...state, data: state.ready ? state.rows : undefined, more, reload: () => again((before) => before + 1) };
}

// One change at a time: busy while it runs, its problem afterwards.
export function useChange() {
  const [state, set] = useState({});
  const run = async (work) => {
    set({ busy: true });
    try {
      const result = await work();
      set({});
      return result;
    } catch (error) {
      set({ problem: problemOf(error) });
      return undefined;
    }
  };
  return { ...state, run, clear: () => set({}) };
}
