// Words, times and lengths in the reader's language. English texts are the keys; japanese.js translates them.
import japanese from "./japanese.js";

let chosen = localStorage.getItem("language") ?? (navigator.language?.startsWith("ja") ? "ja" : "en");
export const language = () => chosen;
export function speak(next) {
  chosen = next;
  localStorage.setItem("language", next);
  document.documentElement.lang = next;
}

export function t(text, values = {}) {
  const said = (chosen === "ja" && japanese[text]) || text;
  return String(said).replace(/\{(\w+)\}(( \w+)\(s\))?/g, (_, name, plural, word) => `${values[name] ?? ""}${plural ? word + (values[name] === 1 ? "" : "s") : ""}`);
}

export function when(at) {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return String(at);
  const today = time.toDateString() === new Date().toDateString();
  const form = today ? { hour: "2-digit", minute: "2-digit" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(chosen, { ...form, hourCycle: "h23" }).format(time);
}

export function length(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const parts = [[days, "{n} d"], [hours, "{n} h"], [minutes, "{n} min"]].filter(([count]) => count);
  return parts.length ? parts.slice(0, 2).map(([n, form]) => t(form, { n })).join(" ") : t("{n} s", { n: Math.floor(seconds) });
}

export function left(milliseconds) {
  if (!(milliseconds > 0)) return t("over");
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 600 ? `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}` : length(seconds);
}
