// One connection for all that happens in the shop, and for what has happened while there was none.
// Without it, pages show what was so when they were loaded.

const RETRY_MS = 2000;
const listeners = { stock: [showStock], remark: [] };

function listen() {
  const url = new URL("/live", location.href);
  const remarks = document.getElementById("remarks");
  if (remarks) url.searchParams.set("after", remarks.lastElementChild?.dataset.number ?? 0);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onopen = () => (document.documentElement.dataset.live = "");
  socket.onmessage = (message) => {
    const event = JSON.parse(message.data);
    listeners[event.event].forEach((listener) => listener(event));
  };
  socket.onclose = () => {
    delete document.documentElement.dataset.live;
    setTimeout(listen, RETRY_MS);
  };
}

function showStock({ isbn, left }) {
  for (const count of document.querySelectorAll(`[data-stock="${CSS.escape(isbn)}"]`)) {
    count.textContent = left;
  }
}

listen();
