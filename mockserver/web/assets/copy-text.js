// <copy-text data-text="...">Label</copy-text>: a button that copies a text.

class CopyText extends HTMLElement {
  connectedCallback() {
    if (this.querySelector("button")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    const label = this.textContent;
    button.textContent = label;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.dataset.text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "The browser does not allow it";
      }
      setTimeout(() => (button.textContent = label), 1500);
    });
    this.replaceChildren(button);
  }
}

customElements.define("copy-text", CopyText);
