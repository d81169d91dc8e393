// The search of every page (Ctrl+K), dialogs, and the choosing of columns.
(() => {
  "use strict";
  const palette = document.getElementById("palette");
  const text = document.getElementById("palette-text");
  const hits = () => [...palette.querySelectorAll("[role=option]")];
  const choose = (hit) => {
    hits().forEach((each) => each.setAttribute("aria-selected", String(each === hit)));
    if (hit) { text.setAttribute("aria-activedescendant", hit.id); hit.scrollIntoView({ block: "nearest" }); }
    else text.removeAttribute("aria-activedescendant");
  };
  const open = () => { if (!palette.open) palette.showModal(); text.focus(); text.select(); };

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.code === "KeyK" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      open();
    }
  });
  text.addEventListener("keydown", (event) => {
    const all = hits();
    const at = all.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(all[(at + step + all.length) % all.length]);
    } else if (event.key === "Enter" && all[at] && !palette.querySelector(".htmx-request")) {
      event.preventDefault();
      all[at].click();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "palette-hits") choose(hits().find((hit) => hit.getAttribute("aria-selected") === "true"));
    if (event.detail.target.id === "dialog") event.detail.target.showModal();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) open();
    const closing = event.target.closest("[data-closes]");
    if (closing) closing.closest("dialog").close();
    if (event.target instanceof HTMLDialogElement) event.target.close(); // its backdrop
    const move = event.target.closest("[data-move]");
    if (move) {
      const line = move.closest("li");
      const other = move.dataset.move === "up" ? line.previousElementSibling : line.nextElementSibling;
      if (other && other.querySelector("[data-move]")) {
        if (move.dataset.move === "up") other.before(line); else other.after(line);
        move.focus();
      }
    }
  });
})();
