// The form of a filter: from its fields to a body, and from a body to its fields.
// A field's data-field is the path of a key in the filter; /limit stands beside the filter.

const ofBody = (path) => path.startsWith("/");

const kinds = {
  texts: {
    read: (field) => lines(control(field).value),
    write: (field, value) => (control(field).value = (value ?? []).join?.("\n") ?? ""),
  },
  states: {
    read: (field) => {
      const chosen = [...field.querySelectorAll(":checked")].map((box) => box.value);
      return chosen.length ? chosen : undefined;
    },
    write: (field, value) => {
      const chosen = Array.isArray(value) ? value : [];
      for (const box of field.querySelectorAll("input")) box.checked = chosen.includes(box.value);
    },
  },
  "yes-no": {
    read: (field) => ({ true: true, false: false })[control(field).value],
    write: (field, value) => (control(field).value = String(value ?? "")),
  },
  number: {
    read: (field) => (control(field).value === "" ? undefined : Number(control(field).value)),
    write: (field, value) => (control(field).value = value ?? ""),
  },
  text: {
    read: (field) => control(field).value || undefined,
    write: (field, value) => (control(field).value = value ?? ""),
  },
};
kinds.time = kinds.operator = kinds.text;

const control = (field) => field.querySelector("input, textarea, select");

function lines(text) {
  const given = text.split("\n").filter((line) => line.trim() !== "");
  return given.length ? given : undefined;
}

// The body that the form says; keys of the body before that have no field stay as they were.
export function readForm(form, before) {
  const body = structuredClone(asBody(before ?? {}));
  const filter = body.flow_runs && typeof body.flow_runs === "object" ? body.flow_runs : {};
  for (const field of form.querySelectorAll("[data-field]")) {
    const path = field.dataset.field;
    const value = kinds[field.dataset.kind].read(field);
    if (ofBody(path)) setAt(body, [path.slice(1)], value);
    else setAt(filter, path.split("."), value);
  }
  return { flow_runs: filter, ...without(body, "flow_runs") };
}

export function fillForm(form, value) {
  const body = asBody(value ?? {});
  for (const field of form.querySelectorAll("[data-field]")) {
    if (field.contains(document.activeElement)) continue;
    const path = field.dataset.field;
    const at = ofBody(path) ? body[path.slice(1)] : getAt(body.flow_runs, path.split("."));
    kinds[field.dataset.kind].write(field, at);
    if (at !== undefined) field.closest("details")?.setAttribute("open", "");
  }
}

// A filter that came alone is that of a body, as the server reads it.
function asBody(value) {
  if ("flow_runs" in value || "limit" in value || !Object.keys(value).length) return value;
  return { flow_runs: value };
}

function getAt(value, path) {
  return path.reduce((inner, key) => inner?.[key], value);
}

// Sets what stands at a path, or removes it, and objects that are then empty.
function setAt(target, [key, ...rest], value) {
  if (!rest.length) {
    if (value === undefined) delete target[key];
    else target[key] = value;
    return;
  }
  const inner = target[key];
  const isObject = inner && typeof inner === "object" && !Array.isArray(inner);
  if (!isObject && value === undefined) return;
  const next = isObject ? inner : {};
  setAt(next, rest, value);
  if (Object.keys(next).length || value !== undefined) target[key] = next;
  else delete target[key];
}

function without(object, key) {
  const { [key]: _, ...rest } = object;
  return rest;
}
