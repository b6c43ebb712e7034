// Listens for how many are left.

const RETRY_MS = 2000;

function listen() {
  const url = new URL("/cart/status", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = (event) => showLeft(JSON.parse(event.data).left);
  socket.onclose = () => setTimeout(listen, RETRY_MS);
}

listen();
