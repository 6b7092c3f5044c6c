// Sliders without a reload: the page works the same without this, by the button.
"use strict";

const form = document.querySelector("form[data-result]");
if (form) {
  const result = document.getElementById("what-if-result");
  const PAUSE = 80; // milliseconds without a move before the service is asked
  let waiting;
  let asked;

  const show = async () => {
    asked?.abort();
    asked = new AbortController();
    const query = new URLSearchParams(new FormData(form));
    try {
      const reply = await fetch(`${form.dataset.result}?${query}`, { signal: asked.signal });
      if (!reply.ok) throw new Error(reply.statusText);
      result.innerHTML = await reply.text();
    } catch (error) {
      if (error.name !== "AbortError") form.submit(); // the page tells what is wrong
    }
  };

  form.querySelector("button").hidden = true;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    form.querySelector(`output[for="${target.id}"]`).value = `${target.value} %`;
    clearTimeout(waiting);
    waiting = setTimeout(show, PAUSE);
  });
}
