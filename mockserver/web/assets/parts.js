// Parts of a page: asked of the server at the page's own address, and put in place.
import { localise } from "./locale.js";

// The part as HTML; the server escapes every text in it, and the page's policy runs no script of it.
export async function fetchPart(address, fields, signal) {
  const body = fields && new URLSearchParams(fields);
  const reply = await fetch(address, {
    method: body ? "POST" : "GET", body, signal, headers: { Accept: "text/html" },
  });
  return reply.text();
}

export function place(element, html) {
  const open = new Set();
  for (const details of element.querySelectorAll("details[open]")) {
    open.add(details.querySelector("summary")?.textContent);
  }
  element.innerHTML = html;
  for (const details of element.querySelectorAll("details:not([open])")) {
    if (open.has(details.querySelector("summary")?.textContent)) details.open = true;
  }
  localise(element);
}
