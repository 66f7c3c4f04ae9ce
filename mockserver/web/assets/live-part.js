// <live-part data-source="..." data-events="...">: asks for itself again when the server has news.
import { fetchPart, place } from "./parts.js";

class LivePart extends HTMLElement {
  connectedCallback() {
    if (this.dataset.source && this.hasAttribute("data-pending")) this.refresh();
    if (!this.dataset.events) return;
    this.events = new EventSource(this.dataset.events);
    this.events.addEventListener("news", () => this.refresh());
    // Also for what came before the stream was open, or while it was cut off.
    this.events.addEventListener("open", () => this.refresh());
  }

  disconnectedCallback() {
    this.events?.close();
  }

  // At most one request at a time: news that come meanwhile are asked for once it is answered.
  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    try {
      do {
        this.again = false;
        place(this, await fetchPart(this.dataset.source));
        this.removeAttribute("data-pending");
      } while (this.again);
    } finally {
      this.busy = false;
    }
  }
}

customElements.define("live-part", LivePart);
