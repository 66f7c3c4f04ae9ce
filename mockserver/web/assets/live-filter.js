// <live-filter>: keeps the body and the form of a filter in step, and shows what it takes.
import { fillForm, readForm } from "./filter-form.js";
import { fetchPart, place } from "./parts.js";

const WAIT_FOR_REASONS = 350; // ms of rest after the count: the reasons take longer

class LiveFilter extends HTMLElement {
  connectedCallback() {
    this.text = this.querySelector("#filter");
    this.form = this.querySelector(".form");
    this.form.hidden = false;
    this.count = this.querySelector("#count");
    this.result = this.querySelector("#result");
    fillForm(this.form, parse(this.text.value));
    this.text.addEventListener("input", () => this.onText());
    this.text.addEventListener("paste", (event) => this.onPaste(event));
    this.form.addEventListener("input", () => this.onForm());
    this.form.addEventListener("change", (event) => this.onTime(event.target));
    for (const other of this.querySelectorAll("[name=protect], [name=run]")) {
      other.addEventListener("input", () => this.ask());
    }
    this.querySelector("form.filter").addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(0);
    });
    this.querySelector("form.delete").addEventListener("submit", () => {
      this.querySelector("form.delete [name=filter]").value = this.text.value;
    });
    this.markProblems();
    if (this.result.hasAttribute("data-pending")) this.explain(0);
  }

  onText() {
    const value = parse(this.text.value);
    if (value) fillForm(this.form, value);
    this.ask();
  }

  onForm() {
    this.text.value = JSON.stringify(readForm(this.form, parse(this.text.value)), null, 2);
    this.ask();
  }

  // A time may be typed as an age, such as 30d: that long before the server's own time.
  onTime(control) {
    const age = /^\s*(\d{1,5})\s*([dhm])\b/.exec(control.value);
    if (!age || control.closest("[data-kind]").dataset.kind !== "time") return;
    const unit = { d: 86_400_000, h: 3_600_000, m: 60_000 }[age[2]];
    const moment = new Date(new Date(this.dataset.now).getTime() - age[1] * unit);
    control.value = moment.toISOString().replace(/\.\d+Z$/, "Z");
    this.onForm();
  }

  // Of a curl line, or of code, the JSON between the outermost braces is taken.
  onPaste(event) {
    const pasted = event.clipboardData.getData("text");
    const [start, end] = [pasted.indexOf("{"), pasted.lastIndexOf("}")];
    const value = start > 0 && end > start && parse(pasted.slice(start, end + 1));
    if (!value) return;
    event.preventDefault();
    this.text.value = JSON.stringify(value, null, 2);
    this.onText();
  }

  get fields() {
    const fields = [["filter", this.text.value]];
    for (const other of this.querySelectorAll("[name=protect], [name=run]")) {
      fields.push([other.name, other.value]);
    }
    return fields;
  }

  // The count at once; the reasons after a moment of rest, and never two requests for one part.
  async ask(rest = WAIT_FOR_REASONS) {
    clearTimeout(this.timer);
    this.counting?.abort();
    this.explaining?.abort(); // of the filter as it was
    this.counting = new AbortController();
    this.result.classList.add("stale");
    const counted = await this.part("count", this.counting.signal);
    if (counted === null) return;
    place(this.count, counted);
    this.markProblems();
    const share = this.count.querySelector("[data-share]");
    if (share) history.replaceState(null, "", new URL(share.href).search);
    this.explain(rest);
  }

  // What is refused has no reasons: it is told once, where the count stands.
  explain(rest) {
    if (this.count.querySelector("[data-refused]")) this.showReasons("");
    else this.timer = setTimeout(() => this.askReasons(), rest);
  }

  async askReasons() {
    this.explaining = new AbortController();
    this.result.setAttribute("aria-busy", "true");
    const found = await this.part("result", this.explaining.signal);
    if (found !== null) this.showReasons(found);
  }

  showReasons(found) {
    place(this.result, found);
    this.result.classList.remove("stale");
    this.result.removeAttribute("data-pending");
    this.result.removeAttribute("aria-busy");
  }

  // null: another request has taken its place, or the server does not answer.
  async part(name, signal) {
    try {
      return await fetchPart(location.pathname, [...this.fields, ["part", name]], signal);
    } catch {
      return null;
    }
  }

  // Shows each problem at its field, too.
  markProblems() {
    for (const field of this.form.querySelectorAll(".field.invalid")) {
      field.classList.remove("invalid");
      for (const control of controls(field)) control.removeAttribute("aria-invalid");
      field.querySelector(".hint")?.setAttribute("hidden", "");
    }
    for (const problem of this.count.querySelectorAll("[data-place]")) {
      for (const field of this.form.querySelectorAll("[data-field]")) {
        const path = field.dataset.field;
        if (problem.dataset.place !== path && !problem.dataset.place.startsWith(`${path}.`)) continue;
        field.classList.add("invalid");
        const hint = field.querySelector(".hint");
        if (!hint) continue;
        hint.textContent = problem.textContent.replace(/\s+/g, " ").trim();
        hint.hidden = false;
        for (const control of controls(field)) {
          control.setAttribute("aria-invalid", "true");
          control.setAttribute("aria-describedby", hint.id);
        }
        field.closest("details").open = true;
      }
    }
  }
}

function controls(field) {
  return field.querySelectorAll("input, textarea, select");
}

function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

customElements.define("live-filter", LiveFilter);
