// Moves books without leaving the page. (form.action is not a URL: there are buttons of that name.)

for (const form of document.querySelectorAll("form.cart")) {
  const add = form.querySelector("[value=add]");
  const remove = form.querySelector("[value=remove]");
  const said = form.querySelector("output");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const adding = event.submitter === add;
    const fields = new URLSearchParams(new FormData(form));
    fields.set("action", event.submitter.value);
    event.submitter.disabled = true;
    let moved = false;
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: fields, redirect: "manual" });
      if (answer.status === 409) {
        said.textContent = "Somebody was faster: the last copy is gone.";
      } else if (answer.type === "opaqueredirect") {
        add.hidden = adding;
        remove.hidden = !adding;
        moved = true;
        said.textContent = adding ? "One copy is in your cart." : "";
      } else {
        said.textContent = "That did not work. Load the page again?";
      }
    } catch {
      said.textContent = "The shop does not answer. Try again?";
    } finally {
      event.submitter.disabled = false;
      (moved && adding ? remove : moved ? add : event.submitter).focus(); // for those with a keyboard
    }
  });

  listeners.stock.push(({ isbn, left }) => {
    if (isbn !== form.dataset.isbn || add.hidden) return;
    add.disabled = left === 0;
    said.textContent = left === 0 ? "Sold out." : "";
  });
}
